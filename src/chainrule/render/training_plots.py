"""Drawings of a training: curves, health of the layers, confusion matrix, predictions against the truth."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.network.arrays import Array
from chainrule.render.charts import WIDTH, Values, chart, finite, lines_chart, short
from chainrule.render.look import Drawing, colours
from chainrule.render.plots import scale_losses

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from chainrule.train.health import LayerHealth
    from chainrule.train.records import Epoch

MOST_POINTS = 800  # of a curve
MOST_NUMBERED = 30  # classes whose confusion matrix shows its numbers
MOST_TOLD = 3  # mistakes in the words for a confusion matrix


def curves(history: Sequence[Epoch], loss_name: str, score_name: str, kept: int | None) -> list[Drawing]:
    """Loss and score by epoch, of training and of validation; a line at the epoch whose network was kept."""
    shown = _thinned(history)
    losses: dict[str, Values] = {"training": [e.loss for e in shown], "validation": [e.validation_loss for e in shown]}
    scores: dict[str, Values] = {"training": [e.accuracy for e in shown]}
    scores["validation"] = [e.validation_score for e in shown]
    marked = kept if kept is not None and len(history) > 1 and kept != history[-1].number else None

    def dress(axes: Axes, is_loss: bool) -> None:
        if is_loss:
            scale_losses(axes, finite(losses))
        else:
            axes.set_ylim(-1.05 if min(finite(scores)) < -1 else None, 1.01)
        if marked is not None:
            axes.axvline(marked, color=colours()["quiet"], linestyle=":", label=f"kept: epoch {marked}")

    epochs = [e.number for e in shown]
    end = "" if marked is None else f" The network of epoch {marked} was kept."
    found = [lines_chart(f"loss ({loss_name})", epochs, losses, partial(dress, is_loss=True), end=end)]
    if finite(scores):
        found.append(lines_chart(score_name, epochs, scores, partial(dress, is_loss=False), "{:.4f}".format, end))
    return found


def health_charts(
    history: Sequence[Epoch],
    limits: tuple[float, float],
    layers: Sequence[str],
    dying: Sequence[int],
    saturating: Sequence[int],
) -> list[Drawing]:
    """By epoch and layer: norm of the gradient, size of a step, dead units, saturated units.

    Args:
        limits: the sizes of a step below and above which it is called small and large.
        layers: the function of each.
        dying, saturating: numbers of the layers whose units can.
    """
    shown = [e for e in _thinned(history) if e.health]
    epochs = [e.number for e in shown]
    every = range(1, len(layers) + 1)

    def values(of: Sequence[int], value: Callable[[LayerHealth], float]) -> dict[str, Values]:
        return {
            f"layer {i} ({layers[i - 1]})": [value(e.health[i - 1]) if i in of else None for e in shown] for i in every
        }

    norms, steps = values(every, lambda row: row.grad_norm), values(every, lambda row: row.update_ratio)
    dead, saturated = values(dying, lambda row: row.dead / row.units), values(saturating, lambda row: row.saturated)
    number, share = "{:.2g}".format, "{:.0%}".format
    return [
        lines_chart("norm of the gradient", epochs, norms, _decades, number),
        lines_chart("step / weights", epochs, steps, partial(_decades, limits=limits), number),
        lines_chart("dead units", epochs, dead, _percent, share, none="no layer whose units can die"),
        lines_chart("saturated units", epochs, saturated, _percent, share, none="no layer of sigmoid or tanh"),
    ]


def confusion_matrix(matrix: Array, classes: Sequence[str], rows: str) -> Drawing:
    """Rows by their true class, columns as predicted: right ones blue, mistakes orange, the more the deeper.

    Args:
        matrix: counts (k, k).
        rows: which they are, in words.
    """
    k = len(classes)
    longest = max(len(short(name, 18)) for name in classes)
    wide = k > 12
    edge = min(8.1, 0.42 * k) if k <= MOST_NUMBERED else 7.0
    width = edge + 0.8 + 0.075 * longest if wide else WIDTH
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    # at most so strong that ink is read on it, and seen for one row of many
    strength = np.where(matrix > 0, 0.1 + 0.45 * np.sqrt(shares), 0.0)

    def draw(axes: Axes) -> None:
        if k <= MOST_NUMBERED:
            _numbered(axes, matrix, strength, [short(name, 18) for name in classes])
        else:
            _shaded(axes, strength)
        number = "" if k <= MOST_NUMBERED else " (number of the class, from 0)"
        axes.set(xlabel=f"predicted{number}", ylabel=f"true{number}")
        axes.spines[["top", "right"]].set_visible(True)

    told = ", ".join(f"{count} of {classes[i]} taken for {classes[j]}" for i, j, count in mistakes(matrix)[:MOST_TOLD])
    words = f"Confusion matrix of {rows} in {k} classes: {np.trace(matrix)} of {matrix.sum()} right, on the diagonal"
    return chart(draw, f"{words}; {f'most often wrong: {told}' if told else 'none wrong'}.", width, width, wide)


def mistakes(matrix: Array) -> list[tuple[int, int, int]]:
    """(true class, predicted class, rows) of all that is wrong in a confusion matrix, the most first."""
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    places = [divmod(int(place), len(wrong)) for place in np.argsort(-wrong, axis=None, kind="stable")]
    return [(i, j, int(wrong[i, j])) for i, j in places if wrong[i, j]]


def predictions_charts(truth: Array, guess: Array, target: str) -> list[Drawing]:
    """Predicted against true values, with the line where they are equal; and a histogram of the errors."""
    name, errors, ours = short(target, 24), guess - truth, colours()
    low, high = min(truth.min(), guess.min()), max(truth.max(), guess.max())

    def against(axes: Axes) -> None:
        axes.scatter(truth, guess, s=16, alpha=0.6, color=ours["plus"], linewidths=0, rasterized=len(truth) > 2000)
        axes.plot([low, high], [low, high], color=ours["quiet"], linestyle="--", linewidth=1, label="equal")
        axes.set(xlabel=f"true {name}", ylabel=f"predicted {name}")
        axes.set_aspect("equal", adjustable="datalim")
        axes.legend()

    def histogram(axes: Axes) -> None:
        bins = min(40, max(8, round(math.sqrt(len(truth)))))
        axes.hist(errors, bins=bins, color=ours["plus"], edgecolor=ours["paper"])
        axes.axvline(0, color=ours["quiet"], linestyle="--", linewidth=1)
        axes.set(xlabel=f"predicted - true {name}", ylabel="rows")

    middle, ninth = np.median(np.abs(errors)), np.quantile(np.abs(errors), 0.9)
    return [
        chart(against, f"Predicted against true {target} of {len(truth)} rows: true from {truth.min():.4g} to "
              f"{truth.max():.4g}, predicted from {guess.min():.4g} to {guess.max():.4g}."),
        chart(histogram, f"Histogram of predicted minus true {target}: half of the errors are under {middle:.3g}, "
              f"nine tenths under {ninth:.3g}; they go from {errors.min():.3g} to {errors.max():.3g}."),
    ]  # fmt: skip


def _numbered(axes: Axes, matrix: Array, strength: Array, names: Sequence[str]) -> None:
    """A matrix of counts, each in its cell."""
    from matplotlib.patches import Rectangle

    k, ours = len(names), colours()
    axes.set(xlim=(-0.5, k - 0.5), ylim=(k - 0.5, -0.5), aspect="equal")
    size = 11 if k <= 20 else 9
    for i, j in np.argwhere(matrix > 0):
        fill = ours["plus" if i == j else "minus"]
        axes.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, color=fill, alpha=strength[i, j], linewidth=0))
        axes.text(j, i, f"{matrix[i, j]}", ha="center", va="center", fontsize=size, gid=f"cell-{i}-{j}")
    room = 0.42 if k > 12 else (WIDTH - 1.2) / k
    fits = 0.1 * max(map(len, names)) < room
    turned: dict[str, Any] = {} if fits else {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(range(k), names, fontsize=size, **turned)
    axes.set_yticks(range(k), names, fontsize=size)
    axes.set_xticks(np.arange(k + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(k + 1) - 0.5, minor=True)
    axes.grid(visible=False)
    axes.grid(which="minor", linewidth=0.7)
    axes.tick_params(which="both", length=0)


def _shaded(axes: Axes, strength: Array) -> None:
    """A matrix too large for numbers."""
    from matplotlib.colors import to_rgb
    from matplotlib.ticker import MaxNLocator

    right, wrong = (np.array(to_rgb(colours()[name])) for name in ("plus", "minus"))
    picture = np.where(np.eye(len(strength), dtype=bool)[..., None], right, wrong)
    axes.imshow(np.dstack([picture, (1.8 * strength).clip(0, 1)]))
    axes.grid(visible=False)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True))


def _decades(axes: Axes, limits: tuple[float, float] | None = None) -> None:
    """A logarithmic axis of whole powers of ten around what is drawn, with lines at limits that lie there."""
    from matplotlib.ticker import NullFormatter

    for line in axes.lines:  # nothing but positive numbers has a place on it
        y = np.asarray(line.get_ydata(), dtype=float)
        line.set_ydata(np.where(np.isfinite(y) & (y > 0), y, np.nan))
    drawn = [float(y) for line in axes.lines for y in np.asarray(line.get_ydata()) if np.isfinite(y)]
    if not drawn:
        return
    axes.set_yscale("log")
    axes.yaxis.set_minor_formatter(NullFormatter())
    low, high = (math.floor(math.log10(y)) for y in (min(drawn), max(drawn)))
    bottom, top = 10.0 ** min(max(low, -307), 307), 10.0 ** min(max(high + 1, -306), 308)
    axes.set_ylim(bottom, top)
    for limit, words in zip(limits or (), ("small", "large"), strict=False):
        if bottom <= limit <= top:
            quiet = colours()["quiet"]
            axes.axhline(limit, color=quiet, linestyle=":", linewidth=1)
            axes.annotate(
                words, (1, limit), xycoords=("axes fraction", "data"), xytext=(-2, 2), textcoords="offset points",
                ha="right", color=quiet,
            )  # fmt: skip


def _percent(axes: Axes) -> None:
    from matplotlib.ticker import PercentFormatter

    axes.set_ylim(-0.03, 1.03)
    axes.yaxis.set_major_formatter(PercentFormatter(1))


def _thinned(history: Sequence[Epoch]) -> Sequence[Epoch]:
    """Some of many epochs, the last among them."""
    step = math.ceil(len(history) / MOST_POINTS)
    return history if step <= 1 else tuple(reversed(history[::-1][::step]))
