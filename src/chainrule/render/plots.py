"""Plots of the records."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule.train.loop import Epoch

PICTURES = (".png", ".svg", ".pdf")
_BLUE, _ORANGE = "#0072b2", "#d55e00"  # told apart by colour-blind people (Okabe & Ito)


def loss_curve(history: Sequence[Epoch], path: str | os.PathLike[str], title: str, loss_name: str) -> None:
    """Loss, and accuracy where there is one, by epoch; the picture's kind follows the file's ending."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot()
    epochs = [e.number for e in history]
    axes.plot(epochs, [e.loss for e in history], color=_BLUE, marker="o", markersize=3, label="loss")
    axes.set(title=title, xlabel="epoch", ylabel=f"training loss ({loss_name})")
    axes.yaxis.label.set_color(_BLUE)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    losses = [e.loss for e in history]
    if min(losses) > 0 and max(losses) > 100 * min(losses):
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=min(0.0, *losses))
    axes.grid(alpha=0.3)
    accuracies = [e.accuracy for e in history if e.accuracy is not None]
    if accuracies:
        right = axes.twinx()
        right.plot(epochs, accuracies, color=_ORANGE, linestyle="--", label="accuracy")
        right.set_ylabel("training accuracy", color=_ORANGE)
        right.set_ylim(top=1.01)
    figure.savefig(path, dpi=130)
