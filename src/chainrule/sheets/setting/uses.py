"""Matrices under names of the author's own, told apart by what they stand in: ``net_h = Wo @ X + Bo``."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.network.words import WORDS
from chainrule.sheets.setting.facts import Fact, Facts
from chainrule.sheets.setting.values import Value
from chainrule.system.patterns import regex

_PRODUCT = regex(
    r"=\s*(?P<left>[A-Za-z_]\w*)(?:\.T)?\s*(?:@|\.dot\(|\.matmul\()\s*(?P<right>[A-Za-z_]\w*)(?:\.T)?\s*\)?"
    r"|=\s*(?:np|numpy|torch)\.(?:dot|matmul)\(\s*(?P<first>[A-Za-z_]\w*)(?:\.T)?\s*,\s*(?P<second>[A-Za-z_]\w*)(?:\.T)?\s*\)"
)
_ADDED = regex(r"\s*\+\s*(?P<bias>[A-Za-z_]\w*)")


def with_used(facts: Facts, found: Sequence[Value], lines: Sequence[str]) -> None:
    """Take the matrices that are multiplied, layer by layer, as weights, and what is added to a product as its bias.

    Nothing is taken where the sheet gives weights under names that are known.
    """
    if facts.parameters or "x" not in facts.known:
        return
    given = {one.name: one for one in reversed(found) if isinstance(one.value, list)}
    layers: list[tuple[str, str]] = []
    for line in lines:
        match = _PRODUCT.search(line) if "@" in line or "(" in line else None
        if match is None:
            continue
        pair = (match["left"] or match["first"], match["right"] or match["second"])
        weight = next((one for one in pair if one in given and _is_matrix(given[one].value)), "")
        if weight == facts.known["x"].called or weight in {w for w, _ in layers} or not weight:
            continue
        added = _ADDED.match(line, match.end())
        layers.append((weight, added["bias"] if added and added["bias"] in given else ""))
    for i, (weight, bias) in enumerate(layers, 1):
        for name, called in ((f"W_{i}", weight), (f"b_{i}", bias)):
            if called:
                facts.parameters[name] = Fact(given[called].value, called, given[called].line)
                if called.lower() not in WORDS:
                    facts.names.setdefault(called, Fact(name, called))


def _is_matrix(value: list[object]) -> bool:
    return all(isinstance(row, list) for row in value)
