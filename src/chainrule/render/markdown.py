"""Documents as Markdown with LaTeX formulas."""

from __future__ import annotations

from chainrule.render.document import Bullets, Document, Equation, Heading, Line, Paragraph, Table


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
    return "\n\n".join(parts) + "\n"


def escape(words: str) -> str:
    """Text in which nothing is Markdown."""
    for sign in "\\`*_{}[]<>#|$":
        words = words.replace(sign, "\\" + sign)
    return words


def _inline(line: Line) -> str:
    return "".join(escape(part) if isinstance(part, str) else f"${part.latex}$" for part in line)


def _equation(block: Equation) -> str:
    title = f"*{escape(block.title)}*" + (f" ({escape(block.note)})" if block.note else "")
    rights = " \\\\\n".join(f"&= {right.latex}" for right in block.rights)
    formula = f"$$\n\\begin{{aligned}}\n{block.left.latex} {rights}\n\\end{{aligned}}\n$$"
    return f"{title}\n\n{formula}" if block.title else formula


def _table(block: Table) -> str:
    rows = [[_inline(cell) for cell in row] for row in (block.header, *block.rows)]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    lines.insert(1, "|" + "---|" * len(block.header))
    return "\n".join(lines)
