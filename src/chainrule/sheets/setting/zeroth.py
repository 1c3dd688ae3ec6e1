"""Biases that are weights of index 0: ``v_10`` beside ``v_11``, ``w_0`` beside ``w_1, w_2``, ``w_04`` of unit 4."""

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
    if not groups and (places := _of_nodes(facts, inputs)):
        _rename(facts, places)
        return
    if not groups or len(groups) > MOST:
        return
    fitting = [way for way in permutations(groups) if _chains([groups[one] for one in way], inputs)]
    if len(fitting) > 1:
        fitting = [way for way in fitting if list(way) == sorted(way)]
    if len(fitting) != 1:
        return
    ordered = enumerate(fitting[0], 1)
    _rename(facts, {key: (layer, *place) for layer, group in ordered for key, place in groups[group].items()})


def _rename(facts: Facts, places: dict[str, tuple[int, int, int]]) -> None:
    """Give the weights at these places (layer, unit, unit before or 0) our own names."""
    given, facts.parameters = facts.parameters, {}
    for key, (layer, unit, before) in places.items():
        name = f"W_{layer},{unit},{before}" if before else f"b_{layer},{unit}"
        facts.parameters[name] = given[key]
        letter, index = key[:1], key[1:].lstrip("_")
        for written in {key, letter + index, f"{letter}_{index}"}:
            facts.names.setdefault(written, Fact(name.replace("_", "_{") + "}", written))


def _of_nodes(facts: Facts, inputs: int) -> dict[str, tuple[int, int, int]]:
    """The place of each weight where units are numbered through with the inputs, and each unit has one from unit 0."""
    ends: dict[str, tuple[int, ...]] = {}
    for key, fact in facts.parameters.items():
        match = parameter(key)
        if match is None or is_bias(key) or match["above"] or isinstance(fact.value, list):
            return {}
        ends[key] = digits(match["below"] or match["behind"] or "")
    zeros = {index.index(0) for index in ends.values() if 0 in index}
    if len(zeros) != 1 or set(map(len, ends.values())) != {2}:
        return {}
    at = zeros.pop()
    joins = {key: (index[at], index[1 - at]) for key, index in ends.items()}
    layer_of = dict.fromkeys(range(1, inputs + 1), 0)
    units = sorted({unit for _, unit in joins.values()})
    for unit in units:  # each behind all from which it gets something
        sources = {layer_of.get(before, -1) for before, one in joins.values() if one == unit and before}
        if len(sources) != 1 or -1 in sources:
            return {}
        layer_of[unit] = sources.pop() + 1
    widths = {layer: [one for one, its in layer_of.items() if its == layer] for layer in set(layer_of.values())}
    due = {(one, unit) for unit in units for one in (0, *widths[layer_of[unit] - 1])}
    if (
        set(joins.values()) != due
        or len(joins) != len(due)
        or units != list(range(inputs + 1, inputs + len(units) + 1))
    ):
        return {}
    number = {unit: own.index(unit) + 1 for own in widths.values() for unit in own}
    return {key: (layer_of[unit], number[unit], number.get(before, 0)) for key, (before, unit) in joins.items()}


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
