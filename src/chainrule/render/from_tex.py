"""LaTeX formulas as plain text, for a terminal: those that this package writes, not LaTeX at large."""

from __future__ import annotations

import re

from chainrule.system.patterns import regex

_TOKEN = regex(r"\\[A-Za-z]+\*?|\\.|[{}]|\s+|[^\\{}\s]")
_WORDS = {
    "cdot": "*", "times": "×", "odot": " ⊙ ", "nabla": "∇", "sqrt": "sqrt",
    "sigma": "σ", "delta": "δ", "eta": "η", "alpha": "α", "beta": "β", "varphi": "φ", "phi": "φ", "Phi": "Φ",
    "prime": "'", "infty": "inf", "dots": "…", "ldots": "…", "cdots": "…", "top": "T",
    "neq": "≠", "ne": "≠", "approx": "≈", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥",
    "to": "→", "rightarrow": "→", "leftarrow": "←", "gets": "←", "mid": "|", "vert": "|", "lvert": "|", "rvert": "|",
    "quad": " ", "qquad": " ", "left": "", "right": "", "displaystyle": "", "limits": "",
    "text": "", "mathrm": "", "mathbf": "", "mathsf": "", "boldsymbol": "", "operatorname": "",
}  # fmt: skip
_ACCENTS = {"hat": "hat", "bar": "bar", "tilde": "tilde"}
#: the gradient of L as the notes write it in formulas of one component
_GRADIENT = regex(r"\\nabla_\{((?:[^{}]|\{[^{}]*\})*)\}\s*L(?![A-Za-z])")
_LOOSE = regex(r"[-+*/ ⊙=]")


def from_tex(latex: str) -> str:
    r"""The formula as text: ``\frac{\partial L}{\partial a_{1}}`` is ``dL/da_1``.

    An unknown command is its name.
    """
    latex = _GRADIENT.sub(r"\\frac{\\partial L}{\\partial \1} ", latex)
    latex = latex.replace(r"\left[\begin", r"\begin").replace(r"matrix}\right]", "matrix}")
    written = _TexReader(_TOKEN.findall(latex)).until("")
    written = re.sub(r" ?([*]) ?", r"\1", re.sub(r"\s+", " ", written)).strip()
    return re.sub(r"([(\[|]) | (?=[)\],;])", r"\1", written)


class _TexReader:
    """Reads tokens from left to right; what is in braces is one piece."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens[::-1]

    def until(self, end: str) -> str:
        parts: list[str] = []
        while self.tokens and self.tokens[-1] != end:
            parts.append(self.piece())
        if self.tokens:
            self.tokens.pop()
        return "".join(parts)

    def argument(self) -> str:
        """One piece, as a command takes it: what is in braces, or the next sign."""
        while self.tokens and self.tokens[-1].isspace():
            self.tokens.pop()
        return self.piece() if self.tokens else ""

    def piece(self) -> str:
        token = self.tokens.pop()
        if token == "{":
            return self.until("}")
        if token in ("_", "^"):
            return token + self.index(token)
        if token.startswith("\\"):
            return self.command(token[1:])
        return " " if token.isspace() else token.replace("&", ", ").replace("~", " ").replace("}", "")

    def index(self, kind: str) -> str:
        written = self.argument().strip()
        if kind == "^" and len(written) > 1 and _LOOSE.search(written):
            return f"({written})"
        return written if kind == "^" or not _LOOSE.search(written) else f"{{{written}}}"

    def command(self, name: str) -> str:
        if name in ("frac", "tfrac", "dfrac"):
            return self.fraction()
        if name in _ACCENTS:
            return self.argument() + _ACCENTS[name]
        if name in ("begin", "end"):
            kind = self.argument()
            return ("[" if name == "begin" else "]") if kind.endswith("matrix") else ""
        if name in ("\\", ",", ";", ":", "!", ">"):
            return "; " if name == "\\" else " " if name != "!" else ""
        if name == "partial":
            self.skip_space()
            return "d"
        if name in _WORDS:
            if name in ("left", "right"):
                self.skip_space()
            return _WORDS[name]
        return name

    def skip_space(self) -> None:
        while self.tokens and self.tokens[-1].isspace():
            self.tokens.pop()

    def fraction(self) -> str:
        top, bottom = self.argument().strip(), self.argument().strip()
        if (top, bottom) == ("1", "2"):
            return "½"
        if not (top.startswith("d") and bottom.startswith("d")):
            top, bottom = (f"({part})" if _LOOSE.search(part) else part for part in (top, bottom))
        return f"{top}/{bottom}"
