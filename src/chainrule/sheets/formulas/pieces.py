"""Comparisons, ``1[z > 0]`` and ``z >= 0``, and what Python puts behind a name: ``.sum(axis=0)``, ``.dot(``."""

from __future__ import annotations

from typing import NamedTuple

from chainrule.formula.plain import JOIN
from chainrule.system.patterns import regex

_INSIDE = r"[^()\[\]{}]{0,80}(?:[({\[][^()\[\]{}]{0,40}[)}\]][^()\[\]{}]{0,80}){0,4}"
_INDICATOR = regex(rf"(?:(?:1|I)(?:[\s{JOIN}]*_)?|int|float)[\s{JOIN}]*(?=[(\[{{][\s{JOIN}]*[({{]?{_INSIDE}[<>≥≤])")
_SKIPPED = regex(
    r"\.(?:astype|reshape|view)\([^()]{0,40}\)|\.(?:flatten|ravel|squeeze|item|copy|float|int|numpy|tolist)\(\)"
    r"|,\s*keepdims?\s*=\s*\w{4,5}(?=\s*\))"
)
_COMPARED = regex(r"([<>≥≤])(\s?=)?")
_AXIS = regex(r",\s*(?:axis|dim)\s*=\s*(-?[01])\s*(?:,\s*keepdims?\s*=\s*\w{4,5}\s*)?(?=\))")
_SUMMED = regex(
    r"\.(?P<of>sum|mean)\(\s*(?:(?:(?:axis|dim)\s*=\s*)?(?P<axis>-?[01])\s*)?(?:,?\s*keepdims?\s*=\s*\w{4,5}\s*)?\)"
)
_DOT = regex(r"\.(?:dot|matmul|mm)(?=\()")


class SpecialToken(NamedTuple):
    """A token: its kind, "" for what means nothing here; what it stands for, and the place behind it."""

    kind: str
    value: str
    end: int


def piece_at(text: str, at: int, behind_value: bool, own: frozenset[str] | set[str]) -> SpecialToken | None:
    """The piece of a plain text at a place; None for any other.

    Args:
        behind_value: a name, a number or a closing bracket stands before it.
        own: names that the author has introduced.

    >>> piece_at(">= 0", 0, True, set()), piece_at(".sum(axis=0)", 0, True, set())
    (SpecialToken(kind='GREATER', value='≥', end=2), SpecialToken(kind='SUMMED', value='sum_rows', end=12))
    """
    skipped = None if "I" in own else _INDICATOR.match(text, at)
    if skipped is None and behind_value:
        skipped = _SKIPPED.match(text, at)
    if skipped is not None:
        return SpecialToken("", "", skipped.end())
    if compared := _COMPARED.match(text, at):
        sign = {">": "≥", "<": "≤"}.get(compared[1], compared[1]) if compared[2] else compared[1]
        return SpecialToken("GREATER" if sign in ">≥" else "LESS", sign, compared.end())
    if not behind_value:
        return None
    if axis := _AXIS.match(text, at):
        return SpecialToken("AXIS", "rows" if axis[1] == "0" else "columns", axis.end())
    if summed := _SUMMED.match(text, at):
        over = {"0": "_rows", "1": "_columns", "-1": "_columns"}.get(summed["axis"] or "", "")
        return None if summed["of"] == "mean" and over else SpecialToken("SUMMED", summed["of"] + over, summed.end())
    dot = _DOT.match(text, at)
    return SpecialToken("TIMES", "*", dot.end()) if dot else None
