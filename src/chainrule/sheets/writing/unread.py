"""Lines that look as if they claim something: a number of their own behind a colon, a sign or the bar of a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from chainrule.system.patterns import regex

Given: TypeAlias = frozenset[float]  # the numbers that a sheet gives of its network
_NUMBER = r"[-−–+]?[0-9]*\.[0-9]+"
#: a number with a point behind =, :, ≈ or |, which may be the first of an array
_RESULT = regex(
    rf"[=≈|:→]\s*(?:\\approx|\\mathbf\{{|\*\*|\$|array|tensor|np\.float\w*|[(\[{{\s])*({_NUMBER})(?![.:]?[0-9]|\s*(?:%|sec\b|s\b|ms\b|GB|MB))"
)
_DECIMAL = regex(r"(?<![\w.])[-−–]?[0-9]*\.[0-9]+(?![.0-9])")
LONGEST = 5_000  # characters of a line


def has_results(line: str, given: Given) -> bool:
    """Whether a line has a number behind a sign that is none of those given.

    >>> has_results("Hidden 1 out: 0.62", frozenset({0.5})), has_results("rate: 0.5", frozenset({0.5}))
    (True, False)
    >>> has_results("see section 2.1", frozenset())
    False
    """
    if len(line) > LONGEST or _RESULT.search(line) is None:
        return False
    return any(float(one.replace("−", "-").replace("–", "-")) not in given for one in _DECIMAL.findall(line))


def numbers_in(value: Any) -> Iterator[float]:
    """All numbers of a value: of a number, a list, or lists within lists; each with either sign."""
    if isinstance(value, list | tuple):
        for one in value:
            yield from numbers_in(one)
    elif isinstance(value, int | float):
        yield from (float(value), -float(value))
