"""Documents as Markdown with LaTeX formulas."""

from __future__ import annotations

import re

from chainrule.render.document import (
    Bullets,
    Code,
    Document,
    Equation,
    Heading,
    Line,
    Math,
    Paragraph,
    Picture,
    Table,
    Verbatim,
    visible,
)


def to_markdown(document: Document) -> str:
    """The document as Markdown."""
    parts = []
    for block in document.blocks:
        match block:
            case Heading(level=level, line=line):
                parts.append(f"{'#' * level} {_inline(line)}")
            case Paragraph(line=line):
                parts.append(_inline(line))
            case Equation():
                parts.append(_equation(block))
            case Table():
                parts.append(_table(block))
            case Bullets(items=items):
                parts.append("\n".join(f"- {_inline(item)}" for item in items))
            case Verbatim(text=text):
                fence = _longer_than_inside("```", text)
                parts.append(f"{fence}text\n{visible(text)}\n{fence}")
            case Picture(file=file, words=words):
                parts.append(f"![{escape(visible(words))}](<{file}>)")
    return "\n\n".join(parts) + "\n"


def escape(words: str) -> str:
    """Text in which nothing is Markdown."""
    for sign in "\\`*_{}[]<>#|$~&":
        words = words.replace(sign, "\\" + sign)
    return words


def _inline(line: Line) -> str:
    return "".join(map(_part, line))


def _part(part: str | Math | Code) -> str:
    if isinstance(part, str):
        return escape(visible(part))
    return f"${part.latex}$" if isinstance(part, Math) else _code(part.text)


def _code(text: str) -> str:
    """A code span: nothing inside is Markdown; its ticks are more than those inside."""
    ticks, words = _longer_than_inside("`", text), visible(text)
    pad = " " if not words.strip() or words[0] in "` " or words[-1] in "` " else ""
    return f"{ticks}{pad}{words}{pad}{ticks}"


def _longer_than_inside(fence: str, text: str) -> str:
    longest = max(map(len, re.findall("`+", text)), default=0)
    return fence if len(fence) > longest else "`" * (longest + 1)


def _equation(block: Equation) -> str:
    title = f"*{escape(block.title)}*" + (f" ({escape(block.note)})" if block.note else "")
    rights = " \\\\\n".join(f"&= {right.latex}" for right in block.rights)
    formula = f"$$\n\\begin{{aligned}}\n{block.left.latex} {rights}\n\\end{{aligned}}\n$$"
    return f"{title}\n\n{formula}" if block.title else formula


def _table(block: Table) -> str:
    rows = [["".join(map(_cell_part, cell)) for cell in row] for row in (block.header, *block.rows)]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    lines.insert(1, "|" + "---|" * len(block.header))
    return "\n".join(lines)


def _cell_part(part: str | Math | Code) -> str:
    """In a table a bar ends the cell, within code too."""
    return _part(part).replace("|", "\\|") if isinstance(part, Code) else _part(part)
