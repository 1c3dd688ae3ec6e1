"""Names of the author's own, told apart by what they stand in: ``net_h = Wo @ X + Bo``, ``w1*l1 + w2*l2``."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.network.words import WORDS
from chainrule.sheets.setting.facts import Fact, Facts, parameter
from chainrule.sheets.setting.values import NUMBERED, Value
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


_WEIGHTED = regex(
    r"(?<![A-Za-z\\_])(?:w|W|weight)_?\{?[0-9]{1,3}\}?\$?\s*(?:[*·×⋅]|\\cdot|\\times)?\s*\(?\s*\$?(?P<name>[A-Za-z]{1,8}_?\{?[1-9]\}?)(?![\w{])"
    r"|(?<![A-Za-z\\_])(?P<before>[A-Za-z]{1,8}_?\{?[1-9]\}?)\s*(?:[*·×⋅]|\\cdot|\\times)\s*(?:w|W|weight)_?\{?[0-9]"
)
_UNIT = regex(r"(?P<word>[A-Za-z]{1,8}?)_?(?P<number>[1-9])")


def inputs_used(found: Sequence[Value], lines: Sequence[str]) -> dict[int, Fact]:
    """The inputs under a letter of the author's own: numbers l1, l2 that are given, and that weights multiply.

    Nothing where two letters could be the inputs, or where their numbers are not 1, 2, …
    """
    given: dict[str, dict[int, Fact]] = {}
    for one in found:
        unit = _UNIT.fullmatch(_bare(one.name))
        known = NUMBERED.fullmatch(_bare(one.name)) or parameter(one.name) is not None
        if unit is not None and not known and isinstance(one.value, int | float):
            given.setdefault(unit["word"], {}).setdefault(int(unit["number"]), Fact(one.value, one.name, one.line))
    kept = [line for line in lines if len(line) < 2_000 and "=" in line]
    names = {_bare(match["name"] or match["before"]) for line in kept for match in _WEIGHTED.finditer(line)}
    units = [match for name in names if (match := _UNIT.fullmatch(name)) is not None]
    used = {word: {int(unit["number"]) for unit in units if unit["word"] == word} for word in given}
    fitting = [word for word, its in given.items() if set(its) == used[word] == set(range(1, len(its) + 1))]
    return given[fitting[0]] if len(fitting) == 1 else {}


def _bare(name: str) -> str:
    return name.replace("{", "").replace("}", "").replace(" ", "")


def _is_matrix(value: list[object]) -> bool:
    return all(isinstance(row, list) for row in value)
