"""The learning rate that the lines of a sheet give, where its header gives none, and the letter for it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_RATE = re.compile(
    r"(?:η|\\eta|learning[ _-]?rate|Lernrate|taxa de aprendizado|taux d.apprentissage"
    r"|(?<![A-Za-z])(?:lr|eta)(?![A-Za-z]))"
    r"\s*(?:\(?\$?\s*(?:\\?(?:eta|alpha|gamma|epsilon|varepsilon|mu|lr)|[ηαγεϵμ])(?![A-Za-z])\s*\$?\)?\s*)?"
    r"(?:[:=≈]|is|of|ist|de|von|est)?\s*\$?\s*(?P<rate>[0-9]*\.?[0-9]+)(?![0-9]*\s*[-+*/])"
)


#: letters that stand for the learning rate where nothing else does, and no line says what they are
WEAK_RATES = {
    "γ": r"γ|\\?gamma(?![A-Za-z])", "ε": r"[εϵ]|\\?(?:var)?epsilon(?![A-Za-z])", "μ": r"[μµ]|\\mu(?![A-Za-z])",
    "l": r"(?<![A-Za-z0-9_^{([])l(?![A-Za-z0-9_({])", "ρ": r"ρ|\\rho(?![A-Za-z])", "λ": r"λ|\\lambda(?![A-Za-z])",
}  # fmt: skip
_STRONG = re.compile(r"[ηα]|\\eta|\\alpha|(?<![A-Za-z])(?:eta|alpha|lr)(?![A-Za-z])")


def weak_rate(lines: Sequence[str]) -> str:
    r"""The one letter that may be the learning rate of a sheet which never calls it by its usual names; "" for none.

    >>> weak_rate([r"w' = w - \gamma \cdot 0.3"]), weak_rate(["w' = w - η g", "γ g"])
    ('γ', '')
    """
    kept = [line for line in lines if len(line) < 2_000]
    if any(_STRONG.search(line) for line in kept):
        return ""
    found = [letter for letter, written in WEAK_RATES.items() if any(re.search(written, line) for line in kept)]
    return found[0] if len(found) == 1 else ""


def rate_in(lines: Sequence[str]) -> float | None:
    """The learning rate that a line gives by its name; None where none does, or where two differ.

    >>> rate_in(["Take the learning rate 0.5.", "w' = w - 0.5*dL/dw = 0.3"])
    0.5
    """
    found = {float(match["rate"]) for line in lines if len(line) < 2_000 for match in _RATE.finditer(line)}
    return found.pop() if len(found) == 1 else None
