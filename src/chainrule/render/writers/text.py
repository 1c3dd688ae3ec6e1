"""Documents as plain text in Unicode, 80 columns wide."""

from __future__ import annotations

import textwrap
from itertools import zip_longest

from chainrule.render.document import (
    Bullets,
    Document,
    Equation,
    Heading,
    Line,
    Paragraph,
    Picture,
    Table,
    Verbatim,
    visible,
)

WIDTH = 80
NARROWEST = 16  # a column of a table that is too wide


def to_text(document: Document) -> str:
    """The document as text."""
    parts = []
    for block in document.blocks:
        match block:
            case Heading(level=level, line=line):
                title = textwrap.wrap(_plain(line), WIDTH, break_on_hyphens=False) or [""]
                parts.append("\n".join(["", *title, ("═" if level == 1 else "─") * max(map(len, title))]))
            case Paragraph(line=line):
                parts.append(textwrap.fill(_plain(line), WIDTH, break_on_hyphens=False))
            case Equation():
                parts.append(_equation(block))
            case Table():
                parts.append(_table(block))
            case Bullets(items=items):
                parts += [textwrap.fill(_plain(i), WIDTH, initial_indent="• ", subsequent_indent="  ") for i in items]
            case Verbatim(text=text):
                parts.append(_verbatim(text))
            case Picture(file=file, words=words):
                parts.append(textwrap.fill(visible(f"[{words}: {file}]"), WIDTH, break_on_hyphens=False))
    return "\n".join(parts).strip("\n")


def _plain(line: Line) -> str:
    return visible("".join(part if isinstance(part, str) else part.text for part in line))


def _verbatim(text: str) -> str:
    lines = textwrap.wrap(visible(text), WIDTH, initial_indent="    ", subsequent_indent="        ")
    return "\n".join([*(lines or [""]), ""])


def _equation(block: Equation) -> str:
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


def _table(block: Table) -> str:
    rows = [[_plain(cell) for cell in row] for row in (block.header, *block.rows)]
    widths = [max(len(row[j]) for row in rows) for j in range(len(block.header))]
    too_wide = sum(widths) + 2 * len(widths) - WIDTH
    if too_wide > 0:
        widest = widths.index(max(widths))
        widths[widest] = max(widths[widest] - too_wide, NARROWEST)
    lines = [line for row in rows for line in _row(row, widths)]
    lines.insert(1, "  ".join("─" * width for width in widths))
    return "\n".join(f"  {line}" for line in lines) + "\n"


def _row(row: list[str], widths: list[int]) -> list[str]:
    """The lines of a row; a cell wider than its column goes on below."""
    cells = [
        textwrap.wrap(cell, width, break_on_hyphens=False) if len(cell) > width else [cell]
        for cell, width in zip(row, widths, strict=True)
    ]
    parts = zip_longest(*cells, fillvalue="")
    return ["  ".join(part.ljust(w) for part, w in zip(line, widths, strict=True)).rstrip() for line in parts]
