"""All weights of a network in one list: ``w = [0.15, …, 0.55]`` for w1 … w8."""

from __future__ import annotations

from chainrule.sheets.setting.facts import Fact
from chainrule.sheets.setting.numbering import indices, is_bias


def one_by_one(parameters: dict[str, Fact], inputs: int) -> dict[str, Fact]:
    """``w = [0.15, …, 0.55], b = [0.35, 0.6]``, all weights in one list, as w1, w2, … and b1, b2.

    A list with a number for each input is the row of the one unit.
    """
    weights = [key for key in parameters if not is_bias(key)]
    flat = [key for key in weights if not indices(key) and isinstance(parameters[key].value, list)]
    if len(weights) != 1 or weights != flat or inputs < 2:
        return parameters
    listed = parameters[weights[0]].value
    if len(listed) <= inputs or any(isinstance(one, list) for one in listed):
        return parameters
    found: dict[str, Fact] = {}
    for key, fact in parameters.items():
        several = isinstance(fact.value, list) and not indices(key) and (key in weights or len(fact.value) > 1)
        letter = "w" if key in weights else "b"
        parts = enumerate(fact.value, 1) if several else ()
        found |= {f"{letter}{i}": Fact(one, f"{letter}{i}", fact.line) for i, one in parts} if several else {key: fact}
    return found
