"""The letter x as the sign of a product: ``1 x 0.2 + 3 x 0.1``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from chainrule.formula.plain import JOIN
from chainrule.system.patterns import regex

_S = rf"[\s{JOIN}]"
_NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
#: what a bracket with numbers alone holds
_NUMERIC = rf"[(\[{{][-+*/.0-9xX\s{JOIN}()]{{1,80}}[)\]}}]"
_SIGN = regex(rf"(?<=[0-9)\]}}.'])({_S}{{0,3}})[xX](?={_S}{{0,3}}(?:-?{_NUMBER}|{_NUMERIC}))")
#: between two names, or a name and a number, where the sheet has it between numbers
_ANY_SIGN = regex(rf"(?<=[0-9)\]}}'{JOIN}])({_S}{{1,3}})[xX](?={_S}{{1,3}}[\w(\[{{\\])")
_SHOWN = regex(
    rf"(?<![\w.]){_NUMBER}\s{{0,3}}[xX]\s{{0,3}}-?[0-9]*\.[0-9]|[0-9]\.[0-9]+\s{{0,3}}[xX]\s{{0,3}}{_NUMBER}"
)
#: 2x3, and a name with (2 x 3) behind it, are sizes
_SIZE = regex(
    rf"(?<![\w.])[0-9]+[xX][0-9]+(?![\w.])"
    rf"|(?<=[\w}}\])]){_S}{{0,2}}\({_S}{{0,2}}[0-9]+{_S}{{0,2}}[xX]{_S}{{0,2}}[0-9]+{_S}{{0,2}}\)"
)


_INDEX = regex(r"[0-9]{1,2}(?![0-9.])")  # w1 x1, 0.2 x1
_NAME_BEFORE = regex(r"[A-Za-z][0-9]{1,8}$")  # w1x2 is a name, or two


def shows_times(lines: Iterable[str]) -> bool:
    """Whether a sheet has an x between two numbers, of which one has a decimal point.

    >>> shows_times(["z = 0.5 x 0.2"]), shows_times(["z = W x"])
    (True, False)
    """
    return any(_SHOWN.search(line) is not None for line in lines if ("x" in line or "X" in line) and len(line) < 2_000)


def with_times(text: str, everywhere: bool = False) -> str:
    """A plain text with * for an x between two numbers or brackets; it keeps its length.

    Args:
        everywhere: between names too: the sheet has it as its sign.

    >>> with_times("(1 x 0.2) + (3 x 0.1)"), with_times("W x + b"), with_times("a_1 (2 x 1) = [0.3, 0.4]")
    ('(1 * 0.2) + (3 * 0.1)', 'W x + b', 'a_1 (2 x 1) = [0.3, 0.4]')
    >>> with_times("w1 x1 + w2 x2")
    'w1 x1 + w2 x2'
    >>> with_times("w_1 x i_1 + w_2 x i_2", everywhere=True)
    'w_1 * i_1 + w_2 * i_2'
    """
    if "x" not in text and "X" not in text:
        return text
    kept = [match.span() for match in _SIZE.finditer(text)]

    def star(match: re.Match[str]) -> str:
        inside = any(start <= match.start() < end for start, end in kept)
        in_name = not match[1] and _NAME_BEFORE.search(match.string, max(0, match.start() - 9), match.start())
        is_name = _INDEX.match(match.string, match.end()) and (match[1] or not everywhere)
        return match[0] if inside or in_name or is_name else match[1] + "*"

    text = _SIGN.sub(star, text)
    return _ANY_SIGN.sub(star, text) if everywhere else text
