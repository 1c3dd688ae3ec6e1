"""Pictures of a training, as SVG: curves, health of the layers, confusion matrix, predictions against the truth."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.activations import Array
from chainrule.render.document import visible
from chainrule.render.plots import readable, scale_losses

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from chainrule.train.health import LayerHealth
    from chainrule.train.records import Epoch

_BLUE, _ORANGE, _GREY = "#0072b2", "#d55e00", "#767676"
_WIDTH = 9.6  # inches: the width of the page
MOST_POINTS = 800  # of a curve
MOST_NUMBERED = 30  # classes whose confusion matrix shows its numbers


def curves(history: Sequence[Epoch], loss_name: str, score_name: str, kept: int | None) -> bytes:
    """Loss and score by epoch, of training and of validation; a line at the epoch whose network was kept."""
    shown = _thinned(history)
    epochs = [e.number for e in shown]
    trained: list[float | None] = [e.accuracy for e in shown]
    validated: list[float | None] = [e.validation_score for e in shown]
    scored = any(v is not None for v in (*trained, *validated))
    figure = _figure(_WIDTH, 3.6)
    panels = figure.subplots(1, 2) if scored else [figure.subplots()]
    losses: list[list[float | None]] = [[e.loss for e in shown], [e.validation_loss for e in shown]]
    named = (("training", _BLUE, "-", "o"), ("validation", _ORANGE, "--", "s"))
    for axes, pair, words in zip(
        panels, [losses, [trained, validated]], [f"loss ({loss_name})", score_name], strict=False
    ):
        for values, (name, color, line, marker) in zip(pair, named, strict=True):
            if any(v is not None for v in values):
                y = [math.nan if v is None else v for v in values]
                size = 3 if len(epochs) <= 60 else 0
                axes.plot(epochs, y, line, color=color, marker=marker, markersize=size, label=name, gid=name)
        if kept is not None and len(history) > 1 and kept != history[-1].number:
            axes.axvline(kept, color=_GREY, linestyle=":", label=f"kept: epoch {kept}")
        _epoch_axis(axes)
        axes.set(ylabel=words)
        axes.legend(frameon=False)
    scale_losses(panels[0], [v for values in losses for v in values if v is not None])
    if scored:
        lowest = np.nanmin([v if v is not None else math.nan for v in (*trained, *validated)])
        panels[1].set_ylim(-1.05 if lowest < -1 else None, 1.01)
    return _svg(figure)


def health_chart(history: Sequence[Epoch], limits: tuple[float, float]) -> bytes:
    """By epoch and layer: norm of the gradient, size of a step, share of units asleep.

    Args:
        limits: the sizes of a step below and above which it is called small and large.
    """
    from matplotlib import colormaps

    shown = [e for e in _thinned(history) if e.health]
    epochs = [e.number for e in shown]
    layers = len(shown[0].health) if shown else 0
    figure = _figure(_WIDTH, 3.4)
    panels = figure.subplots(1, 3)
    quantities: list[tuple[str, Callable[[LayerHealth], float]]] = [
        ("norm of the gradient", lambda row: row.grad_norm),
        ("step / weights", lambda row: row.update_ratio),
        ("share of units asleep", lambda row: max(row.saturated, row.dead / row.units)),
    ]
    shades = colormaps["viridis"](np.linspace(0, 0.85, max(layers, 1)))
    for axes, (words, value) in zip(panels, quantities, strict=True):
        for i in range(layers if axes is not panels[2] else layers - 1):
            y = np.array([value(e.health[i]) for e in shown], dtype=float)
            if axes is not panels[2]:
                y = np.where(np.isfinite(y) & (y > 0), y, np.nan)  # nothing else has a place on a logarithmic axis
            marker = ("o", "s", "^", "D", "v")[i % 5] if len(epochs) <= 60 else ""
            axes.plot(epochs, y, color=shades[i], marker=marker, markersize=3, label=f"layer {i + 1}")
        if axes is not panels[2]:
            _decades(axes)
        axes.set_title(words, fontsize=10)
        _epoch_axis(axes)
    for limit, words in zip(limits, ("small", "large"), strict=True):
        bottom, top = panels[1].get_ylim()
        if bottom <= limit <= top:
            panels[1].axhline(limit, color=_GREY, linestyle=":", linewidth=1)
            panels[1].annotate(
                words, (1, limit), xycoords=("axes fraction", "data"), xytext=(-2, 2), textcoords="offset points",
                ha="right", color=_GREY, fontsize=8,
            )  # fmt: skip
    panels[2].set_ylim(-0.03, 1.03)
    if not panels[2].lines:
        panels[2].text(0.5, 0.5, "no hidden layer", ha="center", transform=panels[2].transAxes, color=_GREY)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles[:12], labels[:12], loc="outside lower center", ncols=min(6, max(1, layers)), frameon=False)
    return _svg(figure)


def confusion_matrix(matrix: Array, classes: Sequence[str]) -> bytes:
    """Rows by their true class, columns as predicted; the shade is the share of the true class.

    Args:
        matrix: counts (k, k).
    """
    from matplotlib.ticker import MaxNLocator

    k = len(classes)
    names = [_short(name, 18) for name in classes]
    longest = max(map(len, names))
    edge = min(_WIDTH - 1.5, max(2.8, 0.42 * k)) if k <= MOST_NUMBERED else 7.0
    margin = 0.8 + 0.075 * longest
    figure = _figure(min(_WIDTH, edge + margin + 0.9), edge + margin)
    axes = figure.subplots()
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if k <= MOST_NUMBERED:
        size = 10 if k <= 12 else 8 if k <= 20 else 6.5
        for i, j in np.argwhere(matrix > 0):
            color = "white" if shares[i, j] > 0.55 else "black"
            axes.text(
                j, i, f"{matrix[i, j]}", ha="center", va="center", color=color, fontsize=size, gid=f"cell-{i}-{j}"
            )
        fits = 0.085 * longest < edge / k
        turned: dict[str, Any] = {} if fits else {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
        axes.set_xticks(range(k), names, fontsize=min(10, size + 1), **turned)
        axes.set_yticks(range(k), names, fontsize=min(10, size + 1))
        axes.set_xticks(np.arange(k + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(k + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="#ddd", linewidth=0.7)
        axes.tick_params(which="both", length=0)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    number = "" if k <= MOST_NUMBERED else " (number of the class, from 0)"
    axes.set(xlabel=f"predicted{number}", ylabel=f"true{number}")
    figure.colorbar(image, ax=axes, label="share of the true class", shrink=0.7, fraction=0.05, aspect=25)
    return _svg(figure, bbox_inches="tight")


def predictions_chart(truth: Array, guess: Array, target: str) -> bytes:
    """Predicted against true values, with the line where they are equal, and a histogram of the errors."""
    figure = _figure(_WIDTH, 4.2)
    left, right = figure.subplots(1, 2)
    name = _short(target, 30)
    left.scatter(truth, guess, s=14, alpha=0.6, color=_BLUE, linewidths=0, rasterized=len(truth) > 2000)
    low, high = min(truth.min(), guess.min()), max(truth.max(), guess.max())
    left.plot([low, high], [low, high], color=_GREY, linestyle="--", linewidth=1, label="equal")
    left.set(xlabel=f"true {name}", ylabel=f"predicted {name}")
    left.set_aspect("equal", adjustable="datalim")
    left.legend(frameon=False)
    right.hist(guess - truth, bins=min(40, max(8, round(math.sqrt(len(truth))))), color=_BLUE, edgecolor="white")
    right.axvline(0, color=_GREY, linestyle="--", linewidth=1)
    right.set(xlabel=f"predicted - true {name}", ylabel="rows")
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    return _svg(figure)


def _thinned(history: Sequence[Epoch]) -> Sequence[Epoch]:
    """Some of many epochs, the last among them."""
    step = math.ceil(len(history) / MOST_POINTS)
    return history if step <= 1 else tuple(reversed(history[::-1][::step]))


def _decades(axes: Axes) -> None:
    """A logarithmic axis of whole powers of ten around what is drawn; nothing for nothing."""
    from matplotlib.ticker import NullFormatter

    drawn = [float(y) for line in axes.lines for y in np.asarray(line.get_ydata(), dtype=float) if np.isfinite(y)]
    if drawn:
        axes.set_yscale("log")
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_ylim(10 ** math.floor(math.log10(min(drawn))), 10 ** (math.floor(math.log10(max(drawn))) + 1))


def _epoch_axis(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _short(words: str, width: int) -> str:
    """Words in which nothing is a formula of the plotter's, not too many."""
    seen = visible(words)
    return (seen if len(seen) <= width else f"{seen[: width - 1]}…").replace("$", r"\$")


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _svg(figure: Any, **settings: str) -> bytes:
    """The picture; its words stay text, so that the reader's fonts write any script."""
    import matplotlib

    out = io.BytesIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "chainrule"}), readable():
        figure.savefig(out, format="svg", dpi=150, metadata={"Date": None}, **settings)
    return out.getvalue()
