"""Documents as LaTeX."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.render import blocks
from chainrule.render.blocks import Block, visible
from chainrule.render.writers.writer import StringWriter

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


class LatexWriter(StringWriter):
    """LaTeX, with what a person typed kept from being LaTeX."""

    def document(self, parts: Sequence[Block], standalone: bool = False) -> str:
        """A fragment, or with ``standalone`` a document that compiles by itself."""
        body = "\n\n".join(map(self.block, parts)) + "\n"
        pictures = "\\usepackage{graphicx}\n" if any(isinstance(b, blocks.Picture) for b in parts) else ""
        return f"{_OPENING}{pictures}{_ALLOW}\\begin{{document}}\n{body}\\end{{document}}\n" if standalone else body

    def _heading(self, block: blocks.Heading) -> str:
        return f"\\{_HEADINGS.get(block.level, 'subsubsection*')}{{{self.line(block.line)}}}"

    def _paragraph(self, block: blocks.Paragraph) -> str:
        return self.line(block.line)

    def _formula(self, block: blocks.DisplayFormula) -> str:
        title = f"\\emph{{{self._words(block.title)}}}" + (f" ({self._words(block.note)})" if block.note else "")
        formula = f"\\[\n{aligned(block)}\n\\]"
        return f"\\noindent {title}\n{formula}" if block.title else formula

    def _table(self, block: blocks.Table) -> str:
        rows = [" & ".join(map(self.line, row)) for row in (block.header, *block.rows)]
        body = f"{rows[0]} \\\\ \\hline\n" + " \\\\\n".join(rows[1:])
        columns = "".join(_column(block, j) for j in range(len(block.header)))
        return f"\\begin{{tabular}}{{{columns}}}\n{body}\n\\end{{tabular}}"

    def _bullets(self, block: blocks.Bullets) -> str:
        listed = "\n".join(f"\\item {self.line(item)}" for item in block.items)
        return f"\\begin{{itemize}}\n{listed}\n\\end{{itemize}}"

    def _verbatim(self, block: blocks.Verbatim) -> str:
        return f"\\begin{{quote}}\n{self._code(blocks.Code(block.text))}\n\\end{{quote}}"

    def _picture(self, block: blocks.Picture) -> str:
        return f"\\includegraphics[width=\\linewidth]{{{block.file}}}\n\n\\emph{{{self._words(block.words)}}}"

    def _words(self, words: str) -> str:
        return "".join(_ESCAPES.get(sign) or _SIGNS.get(sign, sign) for sign in visible(words))

    def _math(self, math: blocks.Math) -> str:
        return f"${math.latex}$"

    def _code(self, code: blocks.Code) -> str:
        """Typewriter letters; a line may break after a comma, as in a long array."""
        return f"\\texttt{{{self._words(code.text)}}}".replace(",", r",\allowbreak{}")


def aligned(block: blocks.DisplayFormula) -> str:
    """The right sides under each other, their signs of equality in a column."""
    rights = " \\\\\n".join(f"&= {right.latex}" for right in block.rights)
    return f"\\begin{{aligned}}\n{block.left.latex} {rights}\n\\end{{aligned}}"


def _column(block: blocks.Table, j: int) -> str:
    """The kind of a column: one with long cells breaks its lines."""
    cells = (row[j] for row in (block.header, *block.rows))
    longest = max(sum(len(p if isinstance(p, str) else p.text) for p in cell) for cell in cells)
    return "l" if longest <= LONGEST_CELL else r"p{.5\linewidth}"
