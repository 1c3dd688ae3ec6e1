"""Thresholds θ_j, which a sheet subtracts: biases b_j = -θ_j, in a header and in lines that give them alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chainrule.sheets.setting.facts import Facts
from chainrule.system.patterns import regex

_SIGNED = regex(r"(?<=[\w)\]}\s])(?P<sign>[-−+])\s{0,3}(?:θ|\\?theta)(?![A-Za-z])")


def with_biases(facts: Facts, lines: Sequence[str]) -> dict[int, str]:
    """Make biases of thresholds; for each line that gives some, what it says of them: they are names of the author's.

    Thresholds are subtracted more often than added: one lost sign makes none of a bias.
    """
    named = [key for key, fact in facts.parameters.items() if key[:1] == "θ" and isinstance(fact.value, int | float)]
    signs = [match["sign"] for line in lines for match in _SIGNED.finditer(line)] if named else []
    if not named or 2 * signs.count("+") >= len(signs):
        return {}
    found = {key: facts.parameters.pop(key) for key in named}
    facts.parameters |= {f"b{key[1:]}": replace(fact, value=-fact.value) for key, fact in found.items()}
    told: dict[int, list[str]] = {}
    for fact in found.values():
        told.setdefault(fact.line, []).append(f"{fact.called} = {fact.value}")
    return {line: "; ".join(given) for line, given in told.items()}
