"""The look of every page: its style sheet ``look.css``, its colours for a plotter, and drawings that follow it."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from chainrule.render.blocks import Picture


@dataclass(frozen=True)
class Drawing(Picture):
    """A picture within the page, in its colours.

    Attributes:
        wide: it has a line of its own, and scrolls in a narrow window.
    """

    wide: bool = False


@cache
def style_sheet() -> str:
    """The custom properties of ``.chainrule``, and its letters."""
    return files("chainrule.render").joinpath("look.css").read_text(encoding="utf-8")


@cache
def colours() -> dict[str, str]:
    """Each colour's value on light paper, by its name; no two are the same."""
    return dict(re.findall(r"--([a-z]+): light-dark\((#[0-9a-f]{6}),", style_sheet()))


def drawing(svg: str, words: str, wide: bool = False) -> Drawing:
    """A picture of SVG that is light on a light page and dark on a dark one.

    Args:
        svg: drawn in the colours for light paper.
        words: what it shows, for those who do not see it.
    """
    names = {value: name for name, value in colours().items()}
    known = re.compile("|".join(names))

    def of_tag(tag: re.Match[str]) -> str:
        return known.sub(lambda value: f"var(--{names[value[0]]})", tag[0])

    drawn = re.sub(r"<[^>]+>", of_tag, svg[svg.index("<svg") :])
    properties = "".join(f"--{name}:{value};" for name, value in _properties() if f"var(--{name})" in drawn)
    start = drawn.index(">") + 1
    drawn = f"{drawn[:start]}<style>svg{{color-scheme:light dark;{properties}}}</style>{drawn[start:]}"
    return Drawing(f"data:image/svg+xml;base64,{b64encode(drawn.encode()).decode('ascii')}", words, wide)


def _properties() -> list[tuple[str, str]]:
    return re.findall(r"--([a-z]+): (light-dark\([^;]*\));", style_sheet())
