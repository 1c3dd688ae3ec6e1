"""Words of a language beside formulas: how many a text has."""

from __future__ import annotations

from chainrule.sheets.formulas.functions import function_named
from chainrule.sheets.formulas.tokens import LEARNING_RATES
from chainrule.system.patterns import regex

_WORD = regex(r"(?<![A-Za-z_\\0-9^∂])(?<!∂[\s⁠])[A-Za-z]{2,}(?![A-Za-z0-9]|[\s⁠]{0,2}_)")
#: letters of writings in which no name of a quantity is written: Cyrillic, Hebrew, Arabic, Indian, Thai, East Asian
FOREIGN = (
    r"\u0400-\u04FF\u0590-\u06FF\u0900-\u0DFF\u0E00-\u0E7F\u3005\u3040-\u30FF\u3400-\u4DBF\u4E00-\u9FFF\uAC00-\uD7AF"
)
_DIFFERENTIAL = regex(
    r"d?(?:yhat|delta|[xyahbwzts]|[A-Z])|d[A-Z][A-Za-z]*|d(?:net|out|loss)|[wWvVuU][xXhHaA]|np|numpy|math|torch"
)
_RATIO = regex(r"(?<![A-Za-z])[d∂][A-Za-z]\w{0,5}\s?/\s?[d∂][A-Za-z]\w{0,5}")  # do/dn
_BELOW = regex(r"_\s*\{[^{}]{0,40}\}")  # E_{total}


def words(text: str, own: frozenset[str] | set[str] = frozenset()) -> int:
    """Words of a language, as opposed to names and functions."""
    text = _RATIO.sub(" ", text) if "/" in text else text
    return sum(
        not (word in own or word in LEARNING_RATES or function_named(word) or _DIFFERENTIAL.fullmatch(word))
        for word in _WORD.findall(_BELOW.sub("", text) if "{" in text else text)
    )
