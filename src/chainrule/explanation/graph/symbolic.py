"""Nodes as formulas that a person reads: like terms together, powers merged, never more than a bound of work.

A formula is a sum of terms, each a number times powers of atoms: variables, functions, and sums that stand as one. No
sum is multiplied out to find it; at the end it is also written multiplied out, and with what its terms share in front,
and the shortest is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeAlias

from chainrule.explanation.graph.nodes import Nodes
from chainrule.formula import text
from chainrule.formula import tree as t

Atom: TypeAlias = tuple[
    Any, ...
]  # ("variable", name), ("call", function, *sums), ("sum", sum), ("exp", sum), ("power", …)
Rational: TypeAlias = int | Fraction
Term: TypeAlias = frozenset[tuple[Atom, Rational]]  # atoms with their exponents
Sum: TypeAlias = dict[Term, Rational]

ONE: Term = frozenset()
SHORT = 30  # nodes of a formula in a line of words
SMALL = 60  # nodes of a formula that is written without being asked for
LARGEST = 600  # of one that is asked for
_MOST_WORK = 5  # nodes that are gone through, for each that is written
_MOST_BITS = 300  # of a number
_MOST_TERMS = 60  # of a sum that is multiplied out
_MOST_POWER = 6  # of a sum that is multiplied out
_HALF = Fraction(1, 2)


class TooLargeError(Exception):
    """The formula is larger than the bound."""


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
            found = _bounded(_times(found, _sum_of(nodes, factor, False, most)), most)
        tree = shortest(found)
        return tree if t.size(tree) <= most else None
    except (TooLargeError, ZeroDivisionError):
        return None


def short(nodes: Nodes, node: int) -> str:
    """A node in a line of words."""
    found = formula(nodes, node, False, SHORT)
    return text(found) if found is not None else f"a term with {nodes.kinds[node]}"


def _sum_of(nodes: Nodes, target: int, expanded: bool, most: int, kept: int = -1) -> Sum:
    def through(node: int) -> bool:
        return nodes.kinds[node] != "variable" or (expanded and node not in nodes.inputs and node != kept)

    sums: dict[int, Sum] = {}
    order = nodes.below([target], through)
    if len(order) > _MOST_WORK * most:
        raise TooLargeError
    for node in order:
        arguments = [sums[part] for part in nodes.parts[node]] if through(node) else []
        sums[node] = _bounded(_of_node(nodes, node, arguments), 4 * most)
    return sums[target]


def _of_node(nodes: Nodes, node: int, parts: list[Sum]) -> Sum:
    kind, word = nodes.kinds[node], nodes.words[node]
    match kind:
        case "variable":
            return parts[0] if parts else _atom(("variable", word))
        case "constant":
            return _atom(("exp", _key(_number(1)))) if word == "e" else _atom(("variable", word))
        case "number":
            assert isinstance(word, Fraction)
            return _number(word)
        case "+":
            total: Sum = {}
            for part in parts:
                total = _plus(total, part)
            return total
        case "neg":
            return _scaled(parts[0], -1)
        case "*":
            return _times(*parts)
        case "/":
            return _times(parts[0], _power(parts[1], -1))
        case "^":
            return _powered(*parts)
    return _called(kind, parts)


def _called(function: str, parts: list[Sum]) -> Sum:
    argument = _constant(parts[0])
    if function == "sqrt":
        return _power(parts[0], _HALF)
    if function == "exp":
        return _atom(("exp", _key(parts[0]))) if parts[0] else _number(1)
    if function == "log" and argument == 1:
        return {}
    if function == "log" and parts[0] == _atom(("exp", _key(_number(1)))):
        return _number(1)
    return _atom(("call", function, *map(_key, parts)))


def _powered(base: Sum, exponent: Sum) -> Sum:
    constant = _constant(exponent)
    if constant is not None:
        return _power(base, constant)
    if len(base) == 1 and next(iter(base.items())) == (frozenset({(("exp", _key(_number(1))), 1)}), 1):
        return _atom(("exp", _key(exponent)))
    return _atom(("power", _key(base), _key(exponent)))


# ---------------------------------------------------------------- arithmetic of sums


def _key(one: Sum) -> frozenset[tuple[Term, Rational]]:
    return frozenset(one.items())


def _plain(value: Rational) -> Rational:
    """A whole number as one of Python's, which is quicker."""
    return value.numerator if value.denominator == 1 else value


def _number(value: Rational) -> Sum:
    return {ONE: _plain(value)} if value else {}


def _atom(atom: Atom, exponent: Rational = 1) -> Sum:
    return {frozenset({(atom, exponent)}): 1}


def _constant(one: Sum) -> Rational | None:
    if not one:
        return 0
    return one[ONE] if len(one) == 1 and ONE in one else None


def _plus(a: Sum, b: Sum) -> Sum:
    found = dict(a)
    for term, coefficient in b.items():
        total = found.pop(term, 0) + coefficient
        if total:
            found[term] = total
    return found


def _scaled(a: Sum, by: Rational) -> Sum:
    if by == 1:
        return a
    return {term: _plain(coefficient * by) for term, coefficient in a.items()} if by else {}


def _times(a: Sum, b: Sum) -> Sum:
    for factor, other in ((a, b), (b, a)):
        constant = _constant(factor)
        if constant is not None:
            return _scaled(other, constant)
    (one, p), (two, q) = _as_term(a), _as_term(b)
    return _flat(_joined(one, two), p * q)


def _joined(one: Term, two: Term) -> dict[Atom, Rational]:
    """The atoms of a product of terms; powers of e become one."""
    exponents: dict[Atom, Rational] = {}
    of_e: Sum = {}
    for atom, exponent in (*one, *two):
        if atom[0] == "exp":
            of_e = _plus(of_e, _scaled(dict(atom[1]), exponent))
        else:
            exponents[atom] = exponents.get(atom, 0) + exponent
    if of_e:
        exponents["exp", _key(of_e)] = 1
    return {atom: exponent for atom, exponent in exponents.items() if exponent}


def _flat(exponents: dict[Atom, Rational], coefficient: Rational) -> Sum:
    """A term as a sum: one that is a sum alone is its terms again."""
    for atom, exponent in exponents.items():
        if atom[0] == "sum" and exponent == 1 and (len(exponents) == 1 or len(atom[1]) == 1):
            rest = {other: e for other, e in exponents.items() if other != atom}
            inside = _scaled(dict(atom[1]), coefficient)
            return inside if not rest else _times(inside, {frozenset(rest.items()): 1})
    return {frozenset(exponents.items()): coefficient}


def _as_term(a: Sum) -> tuple[Term, Rational]:
    """A sum as one term: its common number times the rest, which stands as an atom."""
    if len(a) == 1:
        return next(iter(a.items()))
    top = math.gcd(*(c.numerator for c in a.values()))
    bottom = math.lcm(*(c.denominator for c in a.values()))
    common = _plain(Fraction(top, bottom))
    if a[min(a, key=_term_order)] < 0:
        common = -common
    return frozenset({(("sum", _key(_scaled(a, 1 / Fraction(common)))), 1)}), common


def _power(a: Sum, exponent: Rational) -> Sum:
    if exponent == 0:
        return _number(1)
    if exponent == 1:
        return a
    if not a:
        if exponent < 0:
            raise ZeroDivisionError
        return {}
    if exponent.denominator != 1:
        term, coefficient = next(iter(a.items()))
        if len(a) == 1 and coefficient == 1 and (not term or (len(term) == 1 and next(iter(term))[1] == 1)):
            return _flat({atom: exponent * e for atom, e in term}, 1) if term else a
        return _atom(("sum", _key(a)), exponent)
    term, coefficient = _as_term(a)
    size = max(coefficient.numerator.bit_length(), coefficient.denominator.bit_length())
    is_one = coefficient in (1, -1)
    if not is_one and size * max(exponent, -exponent) > _MOST_BITS:
        number: Term = frozenset({(("sum", _key(_number(coefficient))), exponent)})
        return _flat(_joined(number, frozenset((atom, e * exponent) for atom, e in term)), 1)
    power = int(exponent) % 2 if is_one else int(exponent)  # of -1 only whether it is odd
    raised = _plain(Fraction(coefficient) ** power)
    scaled = frozenset((atom, e * exponent) for atom, e in term)
    return _flat(_joined(scaled, ONE), raised)


def _bounded(a: Sum, most: int) -> Sum:
    if _size(a) > most:
        raise TooLargeError
    if any(max(abs(c.numerator), c.denominator).bit_length() > _MOST_BITS for c in a.values()):
        raise TooLargeError
    return a


def _size(terms: Iterable[Term]) -> int:
    """Nodes of a sum, about."""
    return sum(1 + sum(1 + _atom_size(atom) for atom, _ in term) for term in terms)


@lru_cache(maxsize=4096)
def _atom_size(atom: Atom) -> int:
    return 1 + sum(_size(term for term, _ in part) for part in atom[1:] if isinstance(part, frozenset))


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
                product = _distributed(product, _atom(atom, exponent))
        total = _plus(total, product)
    return total


def _distributed(a: Sum, b: Sum) -> Sum:
    if len(a) * len(b) > _MOST_TERMS:
        raise TooLargeError
    total: Sum = {}
    for one, p in a.items():
        for two, q in b.items():
            total = _plus(total, _flat(_joined(one, two), p * q))
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
        rest = _plus(rest, _flat(_joined(term, inverse), coefficient))
    rest = _multiplied_out(rest)
    return _times(rest, {frozenset(shared.items()): 1}) if shared else rest


# ---------------------------------------------------------------- as a tree


def written(a: Sum) -> t.Expr:
    """A sum as the tree of a formula."""
    if not a:
        return t.Number(0.0, "0")
    terms = sorted(a, key=_term_order)
    first = next((term for term in terms if a[term] > 0), terms[0])
    terms.remove(first)
    trees = tuple(_term(term, a[term]) for term in (first, *terms))
    return trees[0] if len(trees) == 1 else t.Add(trees)


def _term(term: Term, coefficient: Rational) -> t.Expr:
    factors = sorted(term, key=lambda one: _atom_order(one[0]))
    top, bottom = _digits(coefficient if coefficient > 0 else -coefficient)
    above = [_raised(atom, exponent) for atom, exponent in factors if exponent > 0]
    below = [_raised(atom, -exponent) for atom, exponent in factors if exponent < 0]
    if top != "1" or not above:
        above.insert(0, t.Number(float(top), top) if len(top) < 300 else t.Number(math.inf, top))
    if bottom != "1":
        below.insert(0, t.Number(float(bottom), bottom))
    tree = above[0] if len(above) == 1 else t.Mul(tuple(above))
    if below:
        tree = t.Div(tree, below[0] if len(below) == 1 else t.Mul(tuple(below)))
    return t.Neg(tree) if coefficient < 0 else tree


def _digits(value: Rational) -> tuple[str, str]:
    """A number as a numerator and a denominator: a decimal over 1 where that is how people write it."""
    if value.denominator > 16 or (value.denominator > 1 and value.numerator > 10**6):
        for places in range(1, 18):
            if (value * 10**places).denominator == 1:
                digits = str(value.numerator * 10**places // value.denominator).rjust(places + 1, "0")
                return f"{digits[:-places]}.{digits[-places:]}", "1"
    return str(value.numerator), str(value.denominator)


def _raised(atom: Atom, exponent: Rational) -> t.Expr:
    tree = _atom_tree(atom)
    if exponent == 1:
        return tree
    if exponent == _HALF:
        return t.Call("sqrt", (tree,))
    return t.Pow(tree, _term(ONE, exponent))


def _atom_tree(atom: Atom) -> t.Expr:
    match atom[0]:
        case "variable":
            return t.Ref(atom[1])
        case "sum":
            return written(dict(atom[1]))
        case "exp":
            argument = dict(atom[1])
            return t.Ref("e") if argument == _number(1) else t.Call("exp", (written(argument),))
        case "power":
            return t.Pow(written(dict(atom[1])), written(dict(atom[2])))
    return t.Call(atom[1], tuple(written(dict(part)) for part in atom[2:]))


@lru_cache(maxsize=4096)
def _term_order(term: Term) -> tuple[Any, ...]:
    """Higher powers first, then by names."""
    degree = sum(exponent for _, exponent in term)
    return (-degree, sorted((_atom_order(atom), -exponent) for atom, exponent in term))


@lru_cache(maxsize=4096)
def _atom_order(atom: Atom) -> tuple[int, str]:
    return ("variable", "power", "exp", "call", "sum").index(atom[0]), text(_atom_tree(atom))
