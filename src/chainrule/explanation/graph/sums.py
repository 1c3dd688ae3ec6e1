"""Sums of terms, a term being a number times powers of atoms: their arithmetic, and how one is written.

A sum that is multiplied stands as an atom: no product of sums is multiplied out here. Terms of one kind are one term,
powers of one atom one power, and powers of e one power of e.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeAlias

from chainrule.formula import text
from chainrule.formula import tree as t

#: ("variable", name), ("sum", sum), ("exp", sum), ("power", base, exponent) or ("call", function, *arguments)
Atom: TypeAlias = tuple[Any, ...]
Rational: TypeAlias = int | Fraction
Term: TypeAlias = frozenset[tuple[Atom, Rational]]  # atoms with their exponents
Sum: TypeAlias = dict[Term, Rational]

ONE: Term = frozenset()
HALF = Fraction(1, 2)
_MOST_BITS = 300  # of a number


class TooLargeError(Exception):
    """The formula is larger than the bound."""


def key(one: Sum) -> frozenset[tuple[Term, Rational]]:
    """A sum as part of an atom."""
    return frozenset(one.items())


def _plain(value: Rational) -> Rational:
    """A whole number as one of Python's, which is quicker."""
    return value.numerator if value.denominator == 1 else value


def number(value: Rational) -> Sum:
    """A number as a sum."""
    return {ONE: _plain(value)} if value else {}


def atom_of(atom: Atom, exponent: Rational = 1) -> Sum:
    """A power of an atom as a sum."""
    return {frozenset({(atom, exponent)}): 1}


def constant(one: Sum) -> Rational | None:
    """The number that a sum is; None where it is none."""
    if not one:
        return 0
    return one[ONE] if len(one) == 1 and ONE in one else None


def plus(a: Sum, b: Sum) -> Sum:
    """a + b."""
    found = dict(a)
    for term, coefficient in b.items():
        total = found.pop(term, 0) + coefficient
        if total:
            found[term] = total
    return found


def scaled(a: Sum, by: Rational) -> Sum:
    """A sum times a number."""
    if by == 1:
        return a
    return {term: _plain(coefficient * by) for term, coefficient in a.items()} if by else {}


def times(a: Sum, b: Sum) -> Sum:
    """a*b; a sum of several terms stands as an atom."""
    for factor, other in ((a, b), (b, a)):
        value = constant(factor)
        if value is not None:
            return scaled(other, value)
    (one, p), (two, q) = _as_term(a), _as_term(b)
    return flat(joined(one, two), p * q)


def joined(one: Term, two: Term) -> dict[Atom, Rational]:
    """The atoms of a product of terms; powers of e become one."""
    exponents: dict[Atom, Rational] = {}
    of_e: Sum = {}
    for atom, exponent in (*one, *two):
        if atom[0] == "exp":
            of_e = plus(of_e, scaled(dict(atom[1]), exponent))
        else:
            exponents[atom] = exponents.get(atom, 0) + exponent
    if of_e:
        exponents["exp", key(of_e)] = 1
    return {atom: exponent for atom, exponent in exponents.items() if exponent}


def flat(exponents: dict[Atom, Rational], coefficient: Rational) -> Sum:
    """A term as a sum: one that is a sum alone is its terms again."""
    for atom, exponent in exponents.items():
        if atom[0] == "sum" and exponent == 1 and (len(exponents) == 1 or len(atom[1]) == 1):
            rest = {other: e for other, e in exponents.items() if other != atom}
            inside = scaled(dict(atom[1]), coefficient)
            return inside if not rest else times(inside, {frozenset(rest.items()): 1})
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
    return frozenset({(("sum", key(scaled(a, 1 / Fraction(common)))), 1)}), common


def power(a: Sum, exponent: Rational) -> Sum:
    """A power with a number as its exponent."""
    if exponent == 0:
        return number(1)
    if exponent == 1:
        return a
    if not a:
        if exponent < 0:
            raise ZeroDivisionError
        return {}
    if exponent.denominator != 1:
        term, coefficient = next(iter(a.items()))
        if len(a) == 1 and coefficient == 1 and (not term or (len(term) == 1 and next(iter(term))[1] == 1)):
            return flat({atom: exponent * e for atom, e in term}, 1) if term else a
        return atom_of(("sum", key(a)), exponent)
    term, coefficient = _as_term(a)
    size = max(coefficient.numerator.bit_length(), coefficient.denominator.bit_length())
    is_one = coefficient in (1, -1)
    if not is_one and size * max(exponent, -exponent) > _MOST_BITS and len(a) > 1:
        return atom_of(("sum", key(a)), exponent)
    if not is_one and size * max(exponent, -exponent) > _MOST_BITS:
        raised: Term = frozenset({(("sum", key(number(coefficient))), exponent)})
        return flat(joined(raised, frozenset((atom, e * exponent) for atom, e in term)), 1)
    whole = int(exponent) % 2 if is_one else int(exponent)  # of -1 only whether it is odd
    atoms = frozenset((atom, e * exponent) for atom, e in term)
    return flat(joined(atoms, ONE), _plain(Fraction(coefficient) ** whole))


def bounded(a: Sum, most: int) -> Sum:
    """The sum itself, where it is within the bound."""
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
    if exponent == HALF:
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
            return t.Ref("e") if argument == number(1) else t.Call("exp", (written(argument),))
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
