"""Kinks: where a value is defined and its derivative is taken by convention."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chainrule.explanation.graph.functions import BY_FORMULA, EXTREMES, FUNCTIONS, kink
from chainrule.explanation.graph.nodes import Nodes
from chainrule.explanation.graph.numbers import Undefined, Value, as_float
from chainrule.explanation.graph.symbolic import short

MOST_TOLD = 3  # kinks


@dataclass(frozen=True)
class Kink:
    """A node at its kink.

    Attributes:
        part: its part by which the slope is taken.
        slope: the node of that slope, whose number is the convention.
        jump: its value jumps there.
    """

    node: int
    part: int
    slope: int
    jump: bool


def candidates(nodes: Nodes, way: Iterable[int]) -> list[Kink]:
    """The nodes on a way that may be at a kink."""
    on_way = set(way)
    found = []
    for node in sorted(on_way):
        kind, parts = nodes.kinds[node], nodes.parts[node]
        can = (kind in EXTREMES and parts[0] != parts[1]) or (
            (kind in FUNCTIONS or kind in BY_FORMULA) and kink(kind) is not None
        )
        for place, part in enumerate(parts):
            if can and part in on_way:
                found.append(Kink(node, part, nodes.slope(node, place), kind in FUNCTIONS and FUNCTIONS[kind].jump))
                break
    return found


def met(nodes: Nodes, possible: Iterable[Kink], values: Mapping[int, Value]) -> list[Kink]:
    """Those that are at their kink."""
    found = []
    for one in possible:
        parts = [values[part] for part in nodes.parts[one.node]]
        if any(isinstance(value, Undefined) for value in parts):
            continue
        kind = nodes.kinds[one.node]
        if parts[0] == (parts[1] if kind in EXTREMES else kink(kind)):
            found.append(one)
    return found


def kink_words(nodes: Nodes, kinks: list[Kink], values: Mapping[int, Value]) -> tuple[str, ...]:
    """A sentence for each kink, and one for those that are left out."""
    found = []
    for one in kinks[:MOST_TOLD]:
        parts = nodes.parts[one.node]
        name = short(nodes, one.part)
        sides = sorted(parts, key=lambda part: nodes.kinds[part] == "number")  # x = 0, not 0 = x
        where = " = ".join(short(nodes, part) for part in sides) if len(parts) > 1 else f"{name} = 0"
        slope, what = as_float(values[one.slope]), "jumps" if one.jump else "has a kink"
        taken = f"its derivative by {name} does not exist there and is taken as {slope:.6g}, by convention."
        found.append(f"{short(nodes, one.node)} {what} at {where}: {taken}")
    if len(kinks) > MOST_TOLD:
        found.append(f"So it is at {len(kinks) - MOST_TOLD} more kinks.")
    return tuple(found)
