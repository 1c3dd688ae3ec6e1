"""Documents as Markdown with LaTeX formulas."""

from __future__ import annotations

import re
from collections.abc import Iterable

from chainrule.render import blocks
from chainrule.render.blocks import Block, Line, visible
from chainrule.render.writers.latex import aligned
from chainrule.render.writers.writer import StringWriter


class MarkdownWriter(StringWriter):
    """Markdown, with what a person typed kept from being Markdown."""

    def document(self, parts: Iterable[Block]) -> str:
        """The blocks, an empty line between them."""
        return "\n\n".join(map(self.block, parts)) + "\n"

    def _heading(self, block: blocks.Heading) -> str:
        return f"{'#' * block.level} {self.line(block.line)}"

    def _paragraph(self, block: blocks.Paragraph) -> str:
        return self.line(block.line)

    def _formula(self, block: blocks.DisplayFormula) -> str:
        title = f"*{escape(block.title)}*" + (f" ({escape(block.note)})" if block.note else "")
        formula = f"$$\n{aligned(block)}\n$$"
        return f"{title}\n\n{formula}" if block.title else formula

    def _table(self, block: blocks.Table) -> str:
        rows = [f"| {' | '.join(map(self._cell, row))} |" for row in (block.header, *block.rows)]
        rows.insert(1, "|" + "---|" * len(block.header))
        return "\n".join(rows)

    def _cell(self, cell: Line) -> str:
        """In a table a bar ends the cell, within code too."""
        return "".join(self.part(p).replace("|", "\\|") if isinstance(p, blocks.Code) else self.part(p) for p in cell)

    def _bullets(self, block: blocks.Bullets) -> str:
        return "\n".join(f"- {self.line(item)}" for item in block.items)

    def _verbatim(self, block: blocks.Verbatim) -> str:
        fence = _longer_than_inside("```", block.text)
        return f"{fence}text\n{visible(block.text)}\n{fence}"

    def _picture(self, block: blocks.Picture) -> str:
        return f"![{self._words(block.words)}](<{block.file}>)"

    def _words(self, words: str) -> str:
        return escape(visible(words))

    def _math(self, math: blocks.Math) -> str:
        return f"${math.latex}$"

    def _code(self, code: blocks.Code) -> str:
        """A code span: nothing inside is Markdown; its ticks are more than those inside."""
        ticks, words = _longer_than_inside("`", code.text), visible(code.text)
        pad = " " if not words.strip() or words[0] in "` " or words[-1] in "` " else ""
        return f"{ticks}{pad}{words}{pad}{ticks}"


def escape(words: str) -> str:
    """Text in which nothing is Markdown."""
    for sign in "\\`*_{}[]<>#|$~&":
        words = words.replace(sign, "\\" + sign)
    return words


def _longer_than_inside(fence: str, text: str) -> str:
    longest = max(map(len, re.findall("`+", text)), default=0)
    return fence if len(fence) > longest else "`" * (longest + 1)
