"""The learning rate that the lines of a sheet give, where its header gives none, and the letter for it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chainrule.sheets.names.surfaces import BEFORE_A_NAME
from chainrule.system.patterns import regex

#: the learning rate in words
CALLED = (
    r"(?:(?i:learning[ _-]?rate|step[ -]size|lernrate|schrittweite|(?:taux|pas) d['’]apprentissage|tasa de aprendizaje"
    r"|taxa de aprendiza(?:do|gem)|tasso di apprendimento)|学习率|学習率)"
)
_RATE = regex(
    rf"(?:η|\\eta|{CALLED}"
    r"|(?<![A-Za-z])(?:lr|eta)(?![A-Za-z]))"
    r"\s*(?:\(?\$?\s*(?:\\?(?:eta|alpha|gamma|epsilon|varepsilon|mu|lr)|[ηαγεϵμ])(?![A-Za-z])\s*\$?\)?\s*)?"
    r"(?:[:=≈]|is|of|ist|de|von|est)?\s*\$?\s*(?P<rate>[0-9]*\.?[0-9]+)(?![0-9]*\s*[-+*/])"
)


#: letters that stand for the learning rate in updates where nothing else does, and no line says what they are
WEAK_RATES = {
    "γ": r"(?:γ|\\?gamma(?![A-Za-z]))",
    "ε": r"(?:[εϵ]|\\?(?:var)?epsilon(?![A-Za-z]))",
    "μ": r"(?:[μµ]|\\mu(?![A-Za-z]))",
    "l": r"(?<=[-+=(])\s{0,2}l(?=\s{0,2}(?:[*·×(d∂δ]|\\(?:cdot|times|frac|partial|delta)))",
}
_STRONG = regex(r"[ηα]|\\eta|\\alpha|(?<![A-Za-z])(?:eta|alpha|lr)(?![A-Za-z])")
_SIGN = regex(r"=|≈|←|<-|arrow|\\gets")
_UPDATE = regex(
    r"['′←Δ]|\\prime|<-|\\(?:left|gets|Delta)|:=|[tnk]\s{0,2}\+\s{0,2}1|\^\{?\+|" + "|".join(BEFORE_A_NAME),
    re.IGNORECASE,
)


def weak_rate(lines: Sequence[str]) -> str:
    r"""The one letter that may be the learning rate of a sheet which never calls it by its usual names; "" for none.

    It stands in updates alone: ``log(yhat + ε)`` and ``γ x + β`` have another.

    >>> weak_rate([r"w' = w - \gamma \cdot 0.3"]), weak_rate(["w' = w - η g", "γ g"]), weak_rate(["log(y + ε) = 1"])
    ('γ', '', '')
    """
    kept = [line for line in lines if len(line) < 2_000]
    if any(_STRONG.search(line) for line in kept):
        return ""
    found: list[str] = []
    for letter, written in WEAK_RATES.items():
        given = rf"{written}\s*\$?\s*=\s*\$?\s*[0-9.]"
        there = [line for line in kept if _SIGN.search(line) and re.search(written, line)]
        there = [line for line in there if not re.search(given, line)]
        found += [letter] * (bool(there) and all(map(_UPDATE.search, there)))
    return found[0] if len(found) == 1 else ""


def rate_in(lines: Sequence[str]) -> float | None:
    """The learning rate that a line gives by its name; None where none does, or where two differ.

    >>> rate_in(["Take the learning rate 0.5.", "w' = w - 0.5*dL/dw = 0.3"])
    0.5
    """
    found = {float(match["rate"]) for line in lines if len(line) < 2_000 for match in _RATE.finditer(line)}
    return found.pop() if len(found) == 1 else None
