"""A small document: what reports are made of, and what the writers turn into text, Markdown, LaTeX and HTML.

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


Line: TypeAlias = tuple["str | Math | Code", ...]


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
class Equation:
    """A name and what it equals, one right side under the other."""

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


Block: TypeAlias = Heading | Paragraph | Equation | Table | Bullets | Verbatim | Picture


@dataclass(frozen=True)
class Document:
    """Blocks in order."""

    blocks: tuple[Block, ...]

    def to_text(self) -> str:
        """For a terminal of 80 columns."""
        from chainrule.render.writers.text import to_text

        return to_text(self)

    def to_markdown(self) -> str:
        """Markdown with LaTeX between dollar signs."""
        from chainrule.render.writers.markdown import to_markdown

        return to_markdown(self)

    def to_latex(self, standalone: bool = False) -> str:
        """LaTeX: a fragment, or a whole document."""
        from chainrule.render.writers.latex import to_latex

        return to_latex(self, standalone)

    def to_html(self, fragment: bool = False) -> str:
        """A self-contained page, or the part of one inside its body."""
        from chainrule.render.writers.html import to_html

        return to_html(self, fragment)


class Rendered:
    """A record that can be read: as text, Markdown, LaTeX and HTML, and by itself in a notebook."""

    def document(self) -> Document:
        """The record as a document."""
        raise TypeError(f"{type(self).__name__} has no document")

    def __str__(self) -> str:
        return self.document().to_text()

    def to_markdown(self) -> str:
        """Markdown with LaTeX formulas."""
        return self.document().to_markdown()

    def to_latex(self, standalone: bool = False) -> str:
        """A LaTeX fragment, or a whole document."""
        return self.document().to_latex(standalone)

    def to_html(self) -> str:
        """A self-contained HTML page; formulas are MathML."""
        return self.document().to_html()

    def _repr_html_(self) -> str:
        return self.document().to_html(fragment=True)


def line(*parts: str | Math | Code) -> Line:
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
