"""The words and equations of mistakes in delta notation: z, a, δ and w for a, h, dL/da and W^T."""

from __future__ import annotations

import re

_LAYER = r"_\{?(\d+)\}?"
#: (pattern, what it becomes) in words; a name's layer is a number by now
_WORDS = (
    (re.compile(r"\bdL/da_(\d+)"), r"δ^\1"),
    (re.compile(r"\bh_(\d+)\b"), r"<h>^\1"),
    (re.compile(r"\ba_(\d+)\b"), r"z^\1"),
    (re.compile(r"\bW_(\d+)\b"), r"w^\1"),
    (re.compile(r"\bb_(\d+)\b"), r"b^\1"),
    (re.compile(r"<h>"), "a"),
)
#: the same for LaTeX, longest first; w^l is the transpose of W_l
_LATEX = (
    (re.compile(rf"\\nabla_\{{a{_LAYER}\}} L"), r"\\delta^{\1}"),
    (re.compile(rf"\\nabla_\{{h{_LAYER}\}} L"), r"\\nabla_{<h>^{\1}} L"),
    (re.compile(rf"\\nabla_\{{W{_LAYER}\}} L"), r"\\left(\\frac{\\partial L}{\\partial w^{\1}}\\right)^T"),
    (re.compile(rf"\\nabla_\{{b{_LAYER}\}} L"), r"\\nabla_{b^{\1}} L"),
    (re.compile(rf"\bW{_LAYER}\^T"), r"w^{\1}"),
    (re.compile(rf"\bW{_LAYER}"), r"(w^{\1})^T"),
    (re.compile(rf"\bh{_LAYER}\^T"), r"(<h>^{\1})^T"),
    (re.compile(rf"\bh{_LAYER}"), r"<h>^{\1}"),
    (re.compile(rf"\ba{_LAYER}"), r"z^{\1}"),
    (re.compile(rf"\bb{_LAYER}"), r"b^{\1}"),
    (re.compile(r"<h>"), "a"),
)


def delta_words(words: str) -> str:
    """Words with names of layers, in delta notation."""
    for pattern, new in _WORDS:
        words = pattern.sub(new, words)
    return words


def delta_latex(latex: str) -> str:
    """An equation of the table of mistakes, in delta notation."""
    for pattern, new in _LATEX:
        latex = pattern.sub(new, latex)
    return latex
