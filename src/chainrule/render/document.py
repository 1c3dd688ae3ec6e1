"""A small document: what reports are made of, and what the writers turn into text, Markdown, LaTeX and HTML.

Data and formulas come as pairs (text, LaTeX), so that every writer says the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Math:
    """A formula within a line."""

    text: str
    latex: str


Line: TypeAlias = tuple["str | Math", ...]


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


Block: TypeAlias = Heading | Paragraph | Equation | Table | Bullets


@dataclass(frozen=True)
class Document:
    """Blocks in order."""

    blocks: tuple[Block, ...]

    def to_text(self) -> str:
        """For a terminal of 80 columns."""
        from chainrule.render.text import to_text

        return to_text(self)

    def to_markdown(self) -> str:
        """Markdown with LaTeX between dollar signs."""
        from chainrule.render.markdown import to_markdown

        return to_markdown(self)

    def to_latex(self, standalone: bool = False) -> str:
        """LaTeX: a fragment, or a whole document."""
        from chainrule.render.tex import to_latex

        return to_latex(self, standalone)

    def to_html(self, fragment: bool = False) -> str:
        """A self-contained page, or the part of one inside its body."""
        from chainrule.render.html import to_html

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


def line(*parts: str | Math) -> Line:
    """A line of its parts."""
    return parts
