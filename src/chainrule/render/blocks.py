"""Blocks, which documents are made of and which the writers turn into text, Markdown, LaTeX and HTML.

Data and formulas come as pairs (text, LaTeX), so that every writer says the same. Words may be a stranger's: no
writer lets them become markup, and control characters show as signs (``visible``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Math:
    """A formula within a line."""

    text: str
    latex: str


@dataclass(frozen=True)
class Code:
    """Text within a line as somebody typed it."""

    text: str


Part: TypeAlias = str | Math | Code
Line: TypeAlias = tuple[Part, ...]


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the title."""

    level: int
    line: Line


@dataclass(frozen=True)
class Paragraph:
    """Lines of prose."""

    line: Line


@dataclass(frozen=True)
class DisplayFormula:
    """A formula on its own: a name and what it equals, one right side under the other."""

    left: Math
    rights: tuple[Math, ...]
    title: str = ""
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A table; numbers are given as they are to be printed."""

    header: tuple[Line, ...]
    rows: tuple[tuple[Line, ...], ...]


@dataclass(frozen=True)
class Bullets:
    """A list."""

    items: tuple[Line, ...]


@dataclass(frozen=True)
class Verbatim:
    """A line on its own as somebody typed it."""

    text: str


@dataclass(frozen=True)
class Picture:
    """A picture in a file beside the document, and what it shows in words."""

    file: str
    words: str


Block: TypeAlias = Heading | Paragraph | DisplayFormula | Table | Bullets | Verbatim | Picture


def line(*parts: Part) -> Line:
    """A line of its parts."""
    return parts


def visible(words: str) -> str:
    """Text with nothing that a terminal or a browser obeys: control characters as signs, line ends as spaces.

    Characters that turn the direction of writing, and halves of surrogate pairs, show as U+FFFD.
    """
    if words.isprintable():
        return words
    return "".join(sign if sign.isprintable() else _sign(sign) for sign in words)


def _sign(sign: str) -> str:
    if sign.isspace():
        return " "
    if sign < " ":
        return chr(0x2400 + ord(sign))
    if sign == "\x7f":
        return "\u2421"
    # joiners and variation marks shape letters (of emoji, of Persian) and are harmless
    return sign if sign in "\u200c\u200d\u00ad" else "\ufffd"
