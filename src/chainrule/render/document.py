"""A document of blocks in each of its forms, and the records that are one."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.render.blocks import Block
from chainrule.render.writers.html import HtmlWriter
from chainrule.render.writers.latex import LatexWriter
from chainrule.render.writers.markdown import MarkdownWriter
from chainrule.render.writers.text import TextWriter


@dataclass(frozen=True)
class Document:
    """Blocks in order."""

    blocks: tuple[Block, ...]

    def to_text(self) -> str:
        """For a terminal of 80 columns."""
        return TextWriter().document(self.blocks)

    def to_markdown(self) -> str:
        """Markdown with LaTeX between dollar signs."""
        return MarkdownWriter().document(self.blocks)

    def to_latex(self, standalone: bool = False) -> str:
        """LaTeX: a fragment, or a whole document."""
        return LatexWriter().document(self.blocks, standalone)

    def to_html(self, fragment: bool = False) -> str:
        """A self-contained page, or the part of one inside its body."""
        return HtmlWriter().document(self.blocks, fragment)


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
