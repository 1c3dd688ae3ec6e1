"""Nodes as formulas that a person reads: like terms together, powers merged, never more than a bound of work.

A formula is a sum of terms, each a number times powers of atoms: variables, functions, and sums that stand as one. No
sum is multiplied out to find it; at the end it is also written multiplied out, and with what its terms share in front,
and the shortest is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

from chainrule.explanation.graph.nodes import Nodes
from chainrule.explanation.graph.sums import (
    HALF,
    ONE,
    Sum,
    TooLargeError,
    atom_of,
    bounded,
    constant,
    flat,
    joined,
    key,
    number,
    plus,
    power,
    scaled,
    times,
    written,
)  # fmt: skip
from chainrule.formula import text
from chainrule.formula import tree as t

SHORT = 30  # nodes of a formula in a line of words
SMALL = 60  # nodes of a formula that is written without being asked for
LARGEST = 600  # of one that is asked for
_MOST_WORK = 5  # nodes that are gone through, for each that is written
_MOST_TERMS = 60  # of a sum that is multiplied out
_MOST_POWER = 6  # of a sum that is multiplied out


def formula(nodes: Nodes, node: int, expanded: bool, most: int = SMALL, kept: int = -1) -> t.Expr | None:
    """The formula of a node, or None where it is larger than the bound.

    Args:
        expanded: written in the inputs; else in the variables of the formulas.
        most: nodes of its tree.
        kept: a variable that is not written in the inputs.
    """
    try:
        found = shortest(_sum_of(nodes, node, expanded, most, kept))
        return found if t.size(found) <= most else None
    except (TooLargeError, ZeroDivisionError):
        return None


def product(nodes: Nodes, factors: Iterable[int], most: int = SMALL) -> t.Expr | None:
    """The product of nodes, in the variables of the formulas; None where it is larger than the bound."""
    try:
        found: Sum = {ONE: 1}
        for factor in factors:
            found = bounded(times(found, _sum_of(nodes, factor, False, most)), most)
        tree = shortest(found)
        return tree if t.size(tree) <= most else None
    except (TooLargeError, ZeroDivisionError):
        return None


def short(nodes: Nodes, node: int) -> str:
    """A node in a line of words."""
    found = formula(nodes, node, False, SHORT)
    return text(found) if found is not None else f"a term with {nodes.kinds[node]}"


def as_it_stands(nodes: Nodes, node: int) -> str:
    """A node in a line of words, with its own operation even where that could be left out: ``x/x``."""
    kind, parts = nodes.kinds[node], [formula(nodes, part, False, SHORT) for part in nodes.parts[node]]
    if kind in ("/", "^") and parts[0] is not None and parts[1] is not None:
        return text((t.Div if kind == "/" else t.Pow)(parts[0], parts[1]))
    return short(nodes, node)


def _sum_of(nodes: Nodes, target: int, expanded: bool, most: int, kept: int = -1) -> Sum:
    def through(node: int) -> bool:
        return nodes.kinds[node] != "variable" or (expanded and node not in nodes.inputs and node != kept)

    sums: dict[int, Sum] = {}
    order = nodes.below([target], through)
    if len(order) > _MOST_WORK * most:
        raise TooLargeError
    for node in order:
        arguments = [sums[part] for part in nodes.parts[node]] if through(node) else []
        sums[node] = bounded(_of_node(nodes, node, arguments), 4 * most)
    return sums[target]


def _of_node(nodes: Nodes, node: int, parts: list[Sum]) -> Sum:
    kind, word = nodes.kinds[node], nodes.words[node]
    match kind:
        case "variable":
            return parts[0] if parts else atom_of(("variable", word))
        case "constant":
            return atom_of(("exp", key(number(1)))) if word == "e" else atom_of(("variable", word))
        case "number":
            assert isinstance(word, int | Fraction)
            return number(word)
        case "+":
            total: Sum = {}
            for part in parts:
                total = plus(total, part)
            return total
        case "neg":
            return scaled(parts[0], -1)
        case "*":
            return times(*parts)
        case "/":
            return times(parts[0], power(parts[1], -1))
        case "^":
            return _powered(*parts)
    return _called(kind, parts)


def _called(function: str, parts: list[Sum]) -> Sum:
    argument = constant(parts[0])
    if function == "sqrt":
        return power(parts[0], HALF)
    if function == "exp":
        return atom_of(("exp", key(parts[0]))) if parts[0] else number(1)
    if function == "log" and argument == 1:
        return {}
    if function == "log" and parts[0] == atom_of(("exp", key(number(1)))):
        return number(1)
    return atom_of(("call", function, *map(key, parts)))


def _powered(base: Sum, exponent: Sum) -> Sum:
    value = constant(exponent)
    if value is not None:
        return power(base, value)
    if len(base) == 1 and next(iter(base.items())) == (frozenset({(("exp", key(number(1))), 1)}), 1):
        return atom_of(("exp", key(exponent)))
    return atom_of(("power", key(base), key(exponent)))


# ---------------------------------------------------------------- the shortest way to write it


def shortest(a: Sum) -> t.Expr:
    """The shortest of a sum as it stands, multiplied out, and with what its terms share in front."""
    ways: list[Callable[[Sum], Sum]] = [lambda one: one, _multiplied_out, _shared_in_front]
    found = []
    for way in ways:
        try:
            found.append(written(way(a)))
        except TooLargeError:
            continue
    return min(found, key=t.size)


def _multiplied_out(a: Sum) -> Sum:
    total: Sum = {}
    for term, coefficient in a.items():
        product: Sum = {ONE: coefficient}
        for atom, exponent in term:
            if atom[0] == "sum" and exponent.denominator == 1 and exponent > 0:
                if exponent > _MOST_POWER:
                    raise TooLargeError
                for _ in range(int(exponent)):
                    product = _distributed(product, dict(atom[1]))
            else:
                product = _distributed(product, atom_of(atom, exponent))
        total = plus(total, product)
    return total


def _distributed(a: Sum, b: Sum) -> Sum:
    if len(a) * len(b) > _MOST_TERMS:
        raise TooLargeError
    total: Sum = {}
    for one, p in a.items():
        for two, q in b.items():
            total = plus(total, flat(joined(one, two), p * q))
    return total


def _shared_in_front(a: Sum) -> Sum:
    """Each atom with the least exponent that it has in any term, times the rest multiplied out."""
    if len(a) < 2:
        return a
    exponents = [dict(term) for term in a]
    atoms = {atom for one in exponents for atom in one if atom[0] != "exp"}
    least = {atom: min(one.get(atom, 0) for one in exponents) for atom in atoms}
    shared = {atom: exponent for atom, exponent in least.items() if exponent}
    inverse = frozenset((atom, -exponent) for atom, exponent in shared.items())
    rest: Sum = {}
    for term, coefficient in a.items():
        rest = plus(rest, flat(joined(term, inverse), coefficient))
    rest = _multiplied_out(rest)
    return times(rest, {frozenset(shared.items()): 1}) if shared else rest
