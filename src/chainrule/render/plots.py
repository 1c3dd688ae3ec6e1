"""Plots of the records."""

from __future__ import annotations

import io
import math
import os
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.system.files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from chainrule.train.records import Epoch

PICTURES = (".png", ".svg", ".pdf")
_BLUE, _ORANGE, _GREEN = "#0072b2", "#d55e00", "#009e73"  # told apart by colour-blind people (Okabe & Ito)


def loss_curve(history: Sequence[Epoch], path: str | os.PathLike[str], title: str, loss_name: str) -> None:
    """Loss, and accuracy where there is one, by epoch; the picture's kind follows the file's ending."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot()
    epochs = [e.number for e in history]
    axes.plot(epochs, [e.loss for e in history], color=_BLUE, marker="o", markersize=3, label="training")
    losses = [e.loss for e in history]
    validated = [(e.number, e.validation_loss) for e in history if e.validation_loss is not None]
    if validated:
        axes.plot(*zip(*validated, strict=True), color=_GREEN, marker="s", markersize=3, label="validation")
        losses += [loss for _, loss in validated]
    axes.set(
        title=_plain_label(title, 200), xlabel="epoch", ylabel=f"{'' if validated else 'training '}loss ({loss_name})"
    )
    axes.yaxis.label.set_color(_BLUE)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    scale_losses(axes, losses)
    axes.grid(alpha=0.3)
    accuracies = [e.accuracy for e in history if e.accuracy is not None]
    if accuracies:
        right = axes.twinx()
        right.plot(epochs, accuracies, color=_ORANGE, linestyle="--", label="accuracy")
        right.set_ylabel("training accuracy", color=_ORANGE)
        right.set_ylim(top=1.01)
    if validated:
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    with readable():
        out = io.BytesIO()
        figure.savefig(out, format=Path(path).suffix.lstrip(".").lower() or "png", dpi=130)
    write_whole(path, out.getvalue())


def scale_losses(axes: Axes, losses: Sequence[float]) -> None:
    """A logarithmic axis where losses span more than two powers of ten, else one from 0."""
    finite = [loss for loss in losses if math.isfinite(loss)]
    if finite and min(finite) > 0 and max(finite) > 100 * min(finite):
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=min([0.0, *finite]))


@contextmanager
def readable() -> Iterator[None]:
    """Within it, a letter that the font lacks is drawn as a box, or by the reader's font, without a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)
        yield


def counts_chart(counts: Sequence[tuple[str, int]], title: str, xlabel: str) -> bytes:
    """A bar for each (words, count), the first on top, as a PNG picture."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    labels = [_plain_label(words) for words, _ in counts]
    lines = sum(label.count("\n") + 1 for label in labels)
    figure = Figure(figsize=(8, 1.3 + 0.22 * lines + 0.16 * len(labels)), layout="constrained")
    axes = figure.add_subplot()
    bars = axes.barh(range(len(counts)), [count for _, count in counts], color=_BLUE, height=0.6)
    axes.bar_label(bars, padding=4)
    axes.set_yticks(range(len(counts)), labels)
    axes.invert_yaxis()
    axes.set(title=_plain_label(title, 200), xlabel=xlabel)
    axes.set_xlim(right=1.08 * max((count for _, count in counts), default=1))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=130)
    return out.getvalue()


def _plain_label(words: str, width: int = 44) -> str:
    """Words in which nothing is a formula of the plotter's."""
    return textwrap.fill(words, width).replace("$", r"\$")
