"""Biases that are weights of index 0: ``v_10`` beside ``v_11, v_12``, ``w_0`` beside ``w_1, w_2``."""

from __future__ import annotations

from itertools import permutations

from chainrule.sheets.setting.facts import Fact, Facts, parameter
from chainrule.sheets.setting.numbering import digits, is_bias

_Place = tuple[int, int]  # unit, and the unit before it; 0 for the bias
_Group = dict[str, _Place]
MOST = 4  # layers that are told apart by their letters


def with_zeroth(facts: Facts, inputs: int) -> None:
    """Give weights of index 0, and those beside them, our own names: they are biases.

    Nothing is changed where there are other biases, or where the indices leave open which letter is which layer.
    """
    groups = _groups(facts)
    if not groups or len(groups) > MOST:
        return
    fitting = [way for way in permutations(groups) if _chains([groups[one] for one in way], inputs)]
    if len(fitting) > 1:
        fitting = [way for way in fitting if list(way) == sorted(way)]
    if len(fitting) != 1:
        return
    given, facts.parameters = facts.parameters, {}
    for layer, group in enumerate(fitting[0], 1):
        for key, (unit, before) in groups[group].items():
            name = f"W_{layer},{unit},{before}" if before else f"b_{layer},{unit}"
            facts.parameters[name] = given[key]
            letter, index = key[:1], key[1:].lstrip("_")
            for written in {key, letter + index, f"{letter}_{index}"}:
                facts.names.setdefault(written, Fact(name.replace("_", "_{") + "}", written))


def _groups(facts: Facts) -> dict[tuple[str, str], _Group]:
    """The weights by letter and layer, each with its place; nothing where none of them has the index 0."""
    found: dict[tuple[str, str], dict[str, tuple[int, ...]]] = {}
    for key, fact in facts.parameters.items():
        match = parameter(key)
        if match is None or is_bias(key) or isinstance(fact.value, list) or not (match["below"] or match["behind"]):
            return {}
        index = digits(match["below"] or match["behind"])
        found.setdefault((match["above"] or "", match["letter"]), {})[key] = index
    groups = {one: _placed(indices) for one, indices in found.items()}
    return groups if all(groups.values()) else {}  # type: ignore[return-value]


def _placed(indices: dict[str, tuple[int, ...]]) -> _Group | None:
    """The places of the weights of one letter: the index that is 0 somewhere counts the units before."""
    lengths = set(map(len, indices.values()))
    if lengths == {1}:
        places = {key: (1, index[0]) for key, index in indices.items()}
    elif lengths == {2}:
        zeros = {index.index(0) for index in indices.values() if 0 in index}
        if len(zeros) != 1:
            return None
        at = zeros.pop()
        places = {key: (index[1 - at], index[at]) for key, index in indices.items()}
    else:
        return None
    units, before = (max(place[axis] for place in places.values()) for axis in (0, 1))
    due = {(unit, one) for unit in range(1, units + 1) for one in range(before + 1)}
    return places if set(places.values()) == due and len(places) == len(due) else None


def _chains(groups: list[_Group], inputs: int) -> bool:
    """Whether each layer has a weight for each unit before it."""
    width = inputs
    for group in groups:
        if max(before for _, before in group.values()) != width:
            return False
        width = max(unit for unit, _ in group.values())
    return True
