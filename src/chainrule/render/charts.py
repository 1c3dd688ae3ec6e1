"""Charts in the page's look, each with what it shows in words: lines by epoch, and any other drawing."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from chainrule.render.blocks import visible
from chainrule.render.look import Drawing, colours, drawing
from chainrule.render.plots import readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 4.7, 3.4  # inches: two stand side by side on a page, and one on a telephone
_SERIES = ("plus", "minus", "good", "accent", "bad", "quiet")  # colours of the first, second, … line
_MARKERS, _DASHES = "osD^v", ("-", "--", "-.", ":")
_MOST_NAMED = 12  # lines

Values: TypeAlias = Sequence[float | None]
Write: TypeAlias = Callable[[float], str]


def lines_chart(
    title: str,
    epochs: Sequence[int],
    series: Mapping[str, Values],
    dress: Callable[[Axes], None],
    write: Write = "{:.4g}".format,
    end: str = "",
    none: str = "nothing to show",
) -> Drawing:
    """A line by epoch for each name that has values; what all of them do is told in words, too.

    Args:
        dress: what else the axes get.
        write: how a number is written in words.
        end: the last sentence of them.
        none: what is said where no name has values.
    """
    told = {name: values for name, values in series.items() if any(v is not None for v in values)}

    def draw(axes: Axes) -> None:
        from matplotlib.ticker import MaxNLocator

        for i, (name, values) in enumerate(series.items()):
            if name in told:
                axes.plot(
                    epochs, [math.nan if v is None else v for v in values], _DASHES[i % len(_DASHES)],
                    color=colours()[_SERIES[i % len(_SERIES)]], marker=_MARKERS[i % len(_MARKERS)],
                    markersize=4 if len(epochs) <= 60 else 0, label=name,
                )  # fmt: skip
        axes.set(title=title, xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        dress(axes)
        if not told:
            axes.text(0.5, 0.5, none, ha="center", transform=axes.transAxes)
            axes.grid(visible=False)
            axes.set(xticks=[], yticks=[], xlabel="")
            axes.spines[:].set_visible(False)
        handles, labels = axes.get_legend_handles_labels()
        if handles:
            named = slice(_MOST_NAMED)
            axes.figure.legend(handles[named], labels[named], loc="outside lower center", ncols=2)

    courses = " ".join(
        f"{name}: {_course(epochs, values, write)}." for name, values in list(told.items())[:_MOST_NAMED]
    )
    return chart(draw, f"{title} by epoch. {courses or f'There is {none}.'}{end}")


def _course(epochs: Sequence[int], values: Values, write: Write) -> str:
    """How a line goes, in words."""
    known = [(v, epoch) for v, epoch in zip(values, epochs, strict=True) if v is not None and math.isfinite(v)]
    if not known:
        return "no finite number"
    (first, start), (last, end), low, high = known[0], known[-1], min(known), max(known)
    if write(low[0]) == write(high[0]):
        return f"{write(last)} throughout"
    course = f"from {write(first)} in epoch {start} to {write(last)} in epoch {end}"
    peaks = [("lowest", low), ("highest", high)]
    return course + "".join(
        f", {word} {write(v)} in epoch {epoch}"
        for word, (v, epoch) in peaks
        if write(v) not in map(write, (first, last))
    )


def finite(series: Mapping[str, Values]) -> list[float]:
    """All finite numbers of all lines."""
    return [v for values in series.values() for v in values if v is not None and math.isfinite(v)]


def short(words: str, width: int) -> str:
    """Words in which nothing is a formula of the plotter's, not too many."""
    seen = visible(words)
    return (seen if len(seen) <= width else f"{seen[: width - 1]}…").replace("$", r"\$")


def chart(
    draw: Callable[[Axes], None], words: str, width: float = WIDTH, height: float = HEIGHT, wide: bool = False
) -> Drawing:
    """What ``draw`` draws; its letters stay text, so that the reader's fonts write any script."""
    import matplotlib
    from matplotlib.figure import Figure

    ours = colours()
    style = dict.fromkeys(("text.color", "axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor"), ours["ink"])
    style |= dict.fromkeys(("figure.facecolor", "axes.facecolor"), ours["paper"]) | {"grid.color": ours["rule"]}
    style |= dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color"), ours["quiet"])
    settings: Any = style | {
        "font.size": 11, "axes.titlesize": 11, "font.sans-serif": ["DejaVu Sans"], "legend.frameon": False,
        "axes.grid": True, "axes.axisbelow": True, "axes.spines.top": False, "axes.spines.right": False,
        "svg.fonttype": "none", "svg.hashsalt": "chainrule",
    }  # fmt: skip
    out = io.StringIO()
    with matplotlib.rc_context(settings), readable():
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure.subplots())
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(out, format="svg", dpi=150, metadata=nothing)
    return drawing(out.getvalue(), words, wide)
