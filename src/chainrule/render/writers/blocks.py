"""Documents as plain data, for a page that draws them itself: every formula as text and as LaTeX."""

from __future__ import annotations

from typing import Any

from chainrule.render.document import (
    Block,
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


def to_blocks(document: Document) -> list[dict[str, Any]]:
    """One dictionary a block, its kind under ``block``."""
    return [block_data(block) for block in document.blocks]


def block_data(block: Block) -> dict[str, Any]:
    """A block as plain data."""
    match block:
        case Heading(level=level, line=line):
            return {"block": "heading", "level": level, "line": line_data(line)}
        case Paragraph(line=line):
            return {"block": "paragraph", "line": line_data(line)}
        case Equation(left=left, rights=rights, title=title, note=note):
            sides = [_math(right) for right in rights]
            return {"block": "equation", "left": _math(left), "rights": sides, "title": title, "note": note}
        case Table(header=header, rows=rows):
            cells = [[line_data(cell) for cell in row] for row in rows]
            return {"block": "table", "header": [line_data(cell) for cell in header], "rows": cells}
        case Bullets(items=items):
            return {"block": "bullets", "items": [line_data(item) for item in items]}
        case Verbatim(text=text):
            return {"block": "verbatim", "text": visible(text)}
        case Picture(file=file, words=words):
            return {"block": "picture", "file": file, "words": words}


def line_data(line: Line) -> list[dict[str, str]]:
    """The parts of a line: words, code, or a formula as text and LaTeX."""
    return [_part(part) for part in line]


def _part(part: str | Math | Code) -> dict[str, str]:
    if isinstance(part, str):
        return {"words": visible(part)}
    return _math(part) if isinstance(part, Math) else {"code": visible(part.text)}


def _math(math: Math) -> dict[str, str]:
    return {"text": visible(math.text), "latex": math.latex}
