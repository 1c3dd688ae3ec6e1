"""Documents as LaTeX."""

from __future__ import annotations

from chainrule.render.document import Bullets, Document, Equation, Heading, Line, Paragraph, Table

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}
_HEADINGS = {1: "section*", 2: "subsection*"}
_OPENING = "\\documentclass{article}\n\\usepackage{amsmath,amssymb}\n\\usepackage[a4paper,margin=2cm]{geometry}\n"
_ALLOW = "\\allowdisplaybreaks\n\\setcounter{MaxMatrixCols}{64}\n"


def to_latex(document: Document, standalone: bool = False) -> str:
    """A fragment, or with ``standalone`` a document that compiles by itself."""
    parts = []
    for block in document.blocks:
        match block:
            case Heading(level=level, line=line):
                parts.append(f"\\{_HEADINGS.get(level, 'subsubsection*')}{{{_inline(line)}}}")
            case Paragraph(line=line):
                parts.append(_inline(line))
            case Equation():
                parts.append(_equation(block))
            case Table():
                parts.append(_table(block))
            case Bullets(items=items):
                listed = "\n".join(f"\\item {_inline(item)}" for item in items)
                parts.append(f"\\begin{{itemize}}\n{listed}\n\\end{{itemize}}")
    body = "\n\n".join(parts) + "\n"
    return f"{_OPENING}{_ALLOW}\\begin{{document}}\n{body}\\end{{document}}\n" if standalone else body


def _inline(line: Line) -> str:
    return "".join(_escape(part) if isinstance(part, str) else f"${part.latex}$" for part in line)


def _escape(words: str) -> str:
    return "".join(_ESCAPES.get(sign, sign) for sign in words)


def _equation(block: Equation) -> str:
    title = f"\\emph{{{_escape(block.title)}}}" + (f" ({_escape(block.note)})" if block.note else "")
    rights = " \\\\\n".join(f"&= {right.latex}" for right in block.rights)
    formula = f"\\[\n\\begin{{aligned}}\n{block.left.latex} {rights}\n\\end{{aligned}}\n\\]"
    return f"\\noindent {title}\n{formula}" if block.title else formula


def _table(block: Table) -> str:
    rows = [" & ".join(_inline(cell) for cell in row) for row in (block.header, *block.rows)]
    body = f"{rows[0]} \\\\ \\hline\n" + " \\\\\n".join(rows[1:])
    return f"\\begin{{tabular}}{{{'l' * len(block.header)}}}\n{body}\n\\end{{tabular}}"
