"""Documents as plain text in Unicode, 80 columns wide."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from itertools import zip_longest

from chainrule.render import blocks
from chainrule.render.blocks import Block, visible
from chainrule.render.writers.writer import StringWriter

WIDTH = 80
NARROWEST = 16  # a column of a table that is too wide


class TextWriter(StringWriter):
    """Text in Unicode: every block as lines."""

    def document(self, parts: Iterable[Block]) -> str:
        """The blocks, one below the other."""
        return "\n".join(map(self.block, parts)).strip("\n")

    def _heading(self, block: blocks.Heading) -> str:
        title = textwrap.wrap(self.line(block.line), WIDTH, break_on_hyphens=False) or [""]
        return "\n".join(["", *title, ("═" if block.level == 1 else "─") * max(map(len, title))])

    def _paragraph(self, block: blocks.Paragraph) -> str:
        return textwrap.fill(self.line(block.line), WIDTH, break_on_hyphens=False)

    def _formula(self, block: blocks.DisplayFormula) -> str:
        lines = []
        if block.title or block.note:
            note = f" ({block.note})" if block.note else ""
            title = textwrap.fill(f"{block.title}{note}", WIDTH - 2, break_on_hyphens=False)
            lines.append(textwrap.indent(title, "  "))
        head = f"    {block.left.text} "
        indent = min(len(head), 20)
        for i, right in enumerate(block.rights):
            start = head if i == 0 else " " * indent
            lines += _wrapped(f"{start}= {right.text}", indent + 4)
        return "\n".join([*lines, ""])

    def _table(self, block: blocks.Table) -> str:
        rows = [[self.line(cell) for cell in row] for row in (block.header, *block.rows)]
        widths = [max(len(row[j]) for row in rows) for j in range(len(block.header))]
        too_wide = sum(widths) + 2 * len(widths) - WIDTH
        if too_wide > 0:
            widest = widths.index(max(widths))
            widths[widest] = max(widths[widest] - too_wide, NARROWEST)
        lines = [line for row in rows for line in _row(row, widths)]
        lines.insert(1, "  ".join("─" * width for width in widths))
        return "\n".join(f"  {line}" for line in lines) + "\n"

    def _bullets(self, block: blocks.Bullets) -> str:
        items = map(self.line, block.items)
        return "\n".join(textwrap.fill(i, WIDTH, initial_indent="• ", subsequent_indent="  ") for i in items)

    def _verbatim(self, block: blocks.Verbatim) -> str:
        lines = textwrap.wrap(visible(block.text), WIDTH, initial_indent="    ", subsequent_indent="        ")
        return "\n".join([*(lines or [""]), ""])

    def _picture(self, block: blocks.Picture) -> str:
        return textwrap.fill(visible(f"[{block.words}: {block.file}]"), WIDTH, break_on_hyphens=False)

    def _words(self, words: str) -> str:
        return visible(words)

    def _math(self, math: blocks.Math) -> str:
        return visible(math.text)

    def _code(self, code: blocks.Code) -> str:
        return visible(code.text)


def _wrapped(written: str, indent: int) -> list[str]:
    """Lines broken before an operator or after a comma; a number is never torn apart."""
    lines = []
    while len(written) > WIDTH:
        cut = max(written.rfind(sign, indent + 8, WIDTH) for sign in (" + ", " - ", " ⊙ "))
        if cut < 0:
            cut = written.rfind(", ", indent + 8, WIDTH - 1) + 1
        if cut <= 0:
            cut = written.rfind("*", indent + 8, WIDTH - 1) + 1
        if cut <= 0:
            break
        lines.append(written[:cut].rstrip())
        written = " " * indent + written[cut:].lstrip()
    return [*lines, written]


def _row(row: list[str], widths: list[int]) -> list[str]:
    """The lines of a row; a cell wider than its column goes on below."""
    cells = [
        textwrap.wrap(cell, width, break_on_hyphens=False) if len(cell) > width else [cell]
        for cell, width in zip(row, widths, strict=True)
    ]
    parts = zip_longest(*cells, fillvalue="")
    return ["  ".join(part.ljust(w) for part, w in zip(line, widths, strict=True)).rstrip() for line in parts]
