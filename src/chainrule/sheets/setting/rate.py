"""The learning rate that the lines of a sheet give, where its header gives none, and the letter for it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chainrule.formula.plain import JOIN, plain
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
    r"(?:[:=≈]|is|of|ist|de|von|est)?\s*\$?\s*(?P<rate>[0-9]*\.?[0-9]+)(?![0-9]*\s*(?:[-+*/·×]|\((?![A-Za-z]{2})))"
)


#: letters that stand for the learning rate in updates where nothing else does, and no line says what they are
WEAK_RATES = {
    "γ": r"(?:γ|\\?gamma(?![A-Za-z]))",
    "ε": r"(?:[εϵ]|\\?(?:var)?epsilon(?![A-Za-z]))",
    "μ": r"(?:[μµ]|\\mu(?![A-Za-z]))",
    "l": r"(?<=[-+=(])\s{0,2}l(?=\s{0,2}(?:[*·×(d∂δ]|\\(?:cdot|times|frac|partial|delta)))",
}
_LETTERS = {"α": "α", "alpha": "α", "γ": "γ", "gamma": "γ", "ε": "ε", "ϵ": "ε", "epsilon": "ε", "varepsilon": "ε"}
_LETTERS |= {"μ": "μ", "µ": "μ", "mu": "μ"}
_TOLD_LETTER = regex(
    rf"{CALLED}\s*(?:[(,:]|is|of|ist|von|est|es|è|é)?\s*\$?\s*\\?({'|'.join(_LETTERS)})(?![A-Za-z_^])\s*\$?\s*(?:=|\)|$)"
)
LARGEST = 10.0  # that a learning rate is taken for
_STRONG = regex(r"[ηα]|\\eta|\\alpha|(?<![A-Za-z])(?:eta|alpha|lr)(?![A-Za-z])")
_SIGN = regex(r"=|≈|←|<-|arrow|\\gets")
_UPDATE = regex(
    r"['′←Δ⁺]|\\prime|[\w}]\s?\+\s=|<-|\\(?:left|gets|Delta)|:=|[tnk]\s{0,2}\+\s{0,2}1|\^\{?\+|"
    + "|".join(BEFORE_A_NAME),
    re.IGNORECASE,
)


def rate_letter(lines: Sequence[str]) -> str:
    r"""The letter that is the learning rate of a sheet, beside its usual names; "" for none.

    It is called so, or else nothing is called so by its usual names, and it stands in updates alone: ``log(yhat + ε)``
    and ``γ x + β`` have another.

    >>> rate_letter([r"w' = w - \gamma \cdot 0.3"]), rate_letter(["w' = w - η g", "γ g"])
    ('γ', '')
    >>> rate_letter(["log(y + ε) = 1"])
    ''
    >>> rate_letter([r"The learning rate is $\alpha = 0.1$."])
    'α'
    """
    kept = [line for line in lines if len(line) < 2_000]
    told = {_LETTERS[match[1]] for line in kept for match in _TOLD_LETTER.finditer(line)}
    if len(told) == 1:
        return told.pop()
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
    """The learning rate of some lines: by its name, or else by the numbers of their updates; None where two differ.

    >>> rate_in(["Take the learning rate 0.5.", "w' = w - 0.5*dL/dw = 0.3"])
    0.5
    >>> rate_in(["dL/dw = 0.4", "w+ = w - 0.5*0.4 = 0.3"])
    0.5
    >>> rate_in(["w1_new = 0.5 - 0.1 × (-0.06) = 0.506", "w2_new = 0.3 - 0.1 × 0.2 = 0.28"])
    0.1
    """
    kept = [line.replace("**", "") for line in lines if len(line) < 2_000]
    found = {float(match["rate"]) for line in kept for match in _RATE.finditer(line)}
    return (found.pop() if len(found) == 1 else None) if found else _rate_put_in(kept)


_FACTOR = r"\(?\s*-?\s*(?:[0-9]+\.?[0-9]*|\.[0-9]+)\s*\)?"
_TAKEN = regex(
    rf"=\s*(?:{_FACTOR}|[A-Za-zθω]\w{{0,4}}(?:_\{{?[\w,]{{1,6}}\}}?)?)\s*[-+]\s*(?P<one>{_FACTOR})\s*(?:[*⊙]|(?<=\))\s*(?=\())\s*(?P<other>{_FACTOR})\s*(?=[=,;]|\.?\s*$)"
)
_RESULT = regex(r"=\s*-?\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*(?=[=,;]|\.?\s*$)")
_RATE_FIRST = regex(
    rf"(?:[ηα]|(?<![A-Za-z])(?:eta|alpha|lr)(?![A-Za-z])|{CALLED})\s*[*⊙]?\s*\(?\s*(?:\\frac|[∂d]|grad|∇)"
)


def _rate_put_in(lines: Sequence[str]) -> float | None:
    """The one positive factor that the numbers of all updates share: 0.1 of ``w' = 0.5 - 0.1 * 0.3``.

    Of one update with two such factors it is the first, where a formula has the learning rate before the gradient.
    """
    written = [plain(line).text.replace(JOIN, "") for line in lines if _SIGN.search(line)]
    pairs: list[list[float]] = []
    for line, text in zip((line for line in lines if _SIGN.search(line)), written, strict=True):
        for match in _TAKEN.finditer(text) if _UPDATE.search(line) else ():
            factors = [float(re.sub(r"[\s()]", "", match[name])) for name in ("one", "other")]
            pairs.append([one for one in factors if 0 < one <= LARGEST])
    shared = [one for one in dict.fromkeys(pairs[0]) if all(one in pair for pair in pairs)] if pairs else []
    if len(shared) > 1:  # a gradient has a line of its own
        results = {float(match[1]) for text in written for match in _RESULT.finditer(text)}
        shared = [one for one in shared if one not in results] or shared
    if len(shared) > 1 and any(map(_RATE_FIRST.search, written)):
        shared = shared[:1]
    return shared[0] if len(shared) == 1 else None
