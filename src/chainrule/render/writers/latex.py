"""Documents as LaTeX."""

from __future__ import annotations

from collections.abc import Iterator

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

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}
#: signs that LaTeX's own fonts lack
_SIGNS = {
    "✓": r"$\checkmark$", "✗": r"$\times$", "≈": r"$\approx$", "→": r"$\rightarrow$", "⊙": r"$\odot$", "·": r"$\cdot$",
    "×": r"$\times$", "∂": r"$\partial$", "σ": r"$\sigma$", "δ": r"$\delta$", "η": r"$\eta$", "ŷ": r"$\hat{y}$",
    "−": "$-$", "…": r"\dots{}",
}  # fmt: skip
LONGEST_CELL = 50  # letters of a table's cell that does not break
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
            case Verbatim(text=text):
                parts.append(f"\\begin{{quote}}\n{_code(text)}\n\\end{{quote}}")
            case Picture(file=file, words=words):
                parts.append(f"\\includegraphics[width=\\linewidth]{{{file}}}\n\n\\emph{{{_escape(words)}}}")
    body = "\n\n".join(parts) + "\n"
    pictures = "\\usepackage{graphicx}\n" if any(isinstance(b, Picture) for b in document.blocks) else ""
    return f"{_OPENING}{pictures}{_ALLOW}\\begin{{document}}\n{body}\\end{{document}}\n" if standalone else body


def _inline(line: Line) -> str:
    return "".join(map(_part, line))


def _part(part: str | Math | Code) -> str:
    if isinstance(part, str):
        return _escape(part)
    return f"${part.latex}$" if isinstance(part, Math) else _code(part.text)


def _code(text: str) -> str:
    """Typewriter letters; a line may break after a comma, as in a long array."""
    return f"\\texttt{{{_escape(text)}}}".replace(",", r",\allowbreak{}")


def _escape(words: str) -> str:
    return "".join(_ESCAPES.get(sign) or _SIGNS.get(sign, sign) for sign in visible(words))


def _equation(block: Equation) -> str:
    title = f"\\emph{{{_escape(block.title)}}}" + (f" ({_escape(block.note)})" if block.note else "")
    rights = " \\\\\n".join(f"&= {right.latex}" for right in block.rights)
    formula = f"\\[\n\\begin{{aligned}}\n{block.left.latex} {rights}\n\\end{{aligned}}\n\\]"
    return f"\\noindent {title}\n{formula}" if block.title else formula


def _table(block: Table) -> str:
    rows = [" & ".join(_inline(cell) for cell in row) for row in (block.header, *block.rows)]
    body = f"{rows[0]} \\\\ \\hline\n" + " \\\\\n".join(rows[1:])
    return f"\\begin{{tabular}}{{{''.join(_columns(block))}}}\n{body}\n\\end{{tabular}}"


def _columns(block: Table) -> Iterator[str]:
    """The kind of each column: one with long cells breaks its lines."""
    for j in range(len(block.header)):
        longest = max(
            sum(len(p if isinstance(p, str) else p.text) for p in row[j]) for row in (block.header, *block.rows)
        )
        yield "l" if longest <= LONGEST_CELL else r"p{.5\linewidth}"
