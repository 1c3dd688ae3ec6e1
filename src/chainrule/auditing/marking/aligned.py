"""Numbers that are computed, laid beside the formula that they were put into: which number stands for which name.

Terms and factors may stand in any order, signs go along with them, terms that are 0 and factors 1 may be left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import NamedTuple, TypeAlias

from chainrule.formula import tree as t

MOST_PAIRS = 400  # of terms that are tried with one another
MOST_ORDERS = 4  # terms that do not fit, which are tried in every order


class Operand(NamedTuple):
    """A part of the formula, and the number that stands for it. ``sign``: only their signs differ."""

    name: t.Expr
    number: t.Expr
    sign: bool = False


@dataclass(frozen=True)
class Aligned:
    """A formula and numbers laid side by side.

    Attributes:
        fits: numbers that are what their names are worth. pairs: those that are not.
        missing: terms and factors of the formula for which there is no number. extra: numbers too many.
    """

    fits: tuple[Operand, ...] = ()
    pairs: tuple[Operand, ...] = ()
    missing: tuple[t.Expr, ...] = ()
    extra: tuple[t.Expr, ...] = ()

    @property
    def misses(self) -> int:
        """What does not fit, counted; what is missing or too many counts double."""
        return len(self.pairs) + 2 * len(self.missing) + 2 * len(self.extra)

    def __add__(self, other: Aligned) -> Aligned:
        return Aligned(
            self.fits + other.fits,
            self.pairs + other.pairs,
            self.missing + other.missing,
            self.extra + other.extra,
        )


Table: TypeAlias = list[list[Aligned | None]]
_PRODUCTS = (t.Mul, t.Hadamard, t.Div)


@dataclass
class Aligner:
    """Lays numbers beside a formula.

    Attributes:
        fits: whether a number (or a formula of numbers) can be what a part of a formula is worth, its sign apart.
        worth: what a part is worth; None where that is not known.
    """

    fits: Callable[[t.Expr, t.Expr], bool]
    worth: Callable[[t.Expr], float | None]
    _known: dict[tuple[int, int], Aligned | None] = field(default_factory=dict, init=False)

    def align(self, formula: t.Expr, numbers: t.Expr) -> Aligned | None:
        """The two laid side by side; None where they are not built alike."""
        key = (id(formula), id(numbers))
        if key not in self._known:
            self._known[key] = self._align(formula, numbers)
        return self._known[key]

    def _align(self, whole: t.Expr, all_numbers: t.Expr) -> Aligned | None:
        formula, numbers = _bare(whole), _bare(all_numbers)
        if _is_leaf(formula) or _is_leaf(numbers):
            return self._single(whole, all_numbers)
        one, two = _terms(formula), _terms(numbers)
        if len(one) * len(two) > MOST_PAIRS:
            return None
        if len(one) > 1 or len(two) > 1:
            found = self._sum(one, two)
        elif isinstance(formula, _PRODUCTS) or isinstance(numbers, _PRODUCTS):
            halves = zip(_factors(formula), _factors(numbers), strict=True)
            found = _together([self._matched(f, n, self._table(f, n), 1.0) for f, n in halves])
        elif type(formula) is type(numbers) and _function(formula) == _function(numbers):
            parts = zip(t.children(formula), t.children(numbers), strict=False)
            found = _together([self.align(a, b) for a, b in parts])
        else:
            found = None
        if found is None or found.missing or found.extra:  # built otherwise, but perhaps the same number
            return self._single(whole, all_numbers) if self.fits(formula, numbers) else found
        return found

    def _single(self, formula: t.Expr, numbers: t.Expr) -> Aligned:
        pair = Operand(formula, numbers)
        return Aligned(fits=(pair,)) if self.fits(formula, numbers) else Aligned(pairs=(pair,))

    def _table(self, one: Sequence[t.Expr], two: Sequence[t.Expr]) -> Table:
        return [[self.align(a, b) for b in two] for a in one]

    def _sum(self, one: Sequence[tuple[int, t.Expr]], two: Sequence[tuple[int, t.Expr]]) -> Aligned | None:
        def pair(a: tuple[int, t.Expr], b: tuple[int, t.Expr]) -> Aligned | None:
            found = self.align(a[1], b[1])
            signs = self._sign(*a), self._sign(*b)
            if found is None or found.misses or 0 in signs or signs[0] == signs[1]:
                return found
            return self.turned(found, Operand(a[1], _signed(b), sign=True))

        table = [[pair(a, b) for b in two] for a in one]
        found = self._matched([tree for _, tree in one], [tree for _, tree in two], table, 0.0)
        if found is not None and len(found.pairs) == len(one) and all(p.sign for p in found.pairs):
            return Aligned(fits=tuple(p._replace(sign=False) for p in found.pairs))  # turned round as a whole
        return found

    def turned(self, found: Aligned, whole: Operand) -> Aligned:
        """What fits but for the sign of the whole: at the one number whose own sign differs, where there is one."""
        signs = [(p, self._sign(1, p.name) * self._sign(1, p.number)) for p in found.fits]
        other = [p._replace(sign=True) for p, sign in signs if sign < 0]
        pair = other[0] if len(other) == 1 else whole
        return Aligned(fits=tuple(p for p in found.fits if p.number is not pair.number), pairs=(pair,))

    def _sign(self, sign: int, tree: t.Expr) -> int:
        worth = self.worth(tree) or 0.0
        return sign * ((worth > 0) - (worth < 0))

    def _matched(self, one: Sequence[t.Expr], two: Sequence[t.Expr], table: Table, neutral: float) -> Aligned | None:
        """Each with the one that it fits; what is left over in the order that fits best.

        Args:
            neutral: what may be left out: 0 of a sum, 1 of a product.
        """
        fits = [[found is not None and not found.misses for found in row] for row in table]
        alike = [[ok and _is_leaf(_bare(a)) == _is_leaf(_bare(b)) for ok, b in zip(row, two, strict=True)]
                 for row, a in zip(fits, one, strict=True)]  # fmt: skip
        taken = _matching(alike, fits)
        done = _together([table[i][j] for j, i in taken.items()])
        assert done is not None
        left = [i for i in range(len(one)) if i not in taken.values()]
        over = [j for j in range(len(two)) if j not in taken]
        if len(left) != len(over):
            left = [i for i in left if self._size(one[i]) != neutral]
            over = [j for j in over if self._size(two[j]) != neutral]
        if not left or not over:
            return done + Aligned(missing=tuple(one[i] for i in left), extra=tuple(two[j] for j in over))
        if len(left) != len(over):
            return None
        orders = permutations(over) if len(over) <= MOST_ORDERS else [tuple(over)]
        made = [_together([table[i][j] for i, j in zip(left, order, strict=True)]) for order in orders]
        best = min((m for m in made if m is not None), key=lambda m: m.misses, default=None)
        return None if best is None else done + best

    def _size(self, part: t.Expr) -> float | None:
        worth = self.worth(part)
        return None if worth is None else abs(worth)


def _signed(term: tuple[int, t.Expr]) -> t.Expr:
    return term[1] if term[0] > 0 else t.Neg(term[1])


def _together(parts: Sequence[Aligned | None]) -> Aligned | None:
    total = Aligned()
    for part in parts:
        if part is None:
            return None
        total = total + part
    return total


def _matching(*tables: Sequence[Sequence[bool]]) -> dict[int, int]:
    """Column -> row: the largest matching of rows with columns that fit, near their own places where that is possible.

    Args:
        tables: of what fits; what fits by the first is kept together before the others are looked at.
    """
    taken: dict[int, int] = {}

    def place(row: int, fits: Sequence[Sequence[bool]], seen: set[int]) -> bool:
        columns = [j for j, ok in enumerate(fits[row]) if ok]
        for column in sorted(columns, key=lambda j: abs(j - row)):
            if column not in seen:
                seen.add(column)
                if column not in taken or place(taken[column], fits, seen):
                    taken[column] = row
                    return True
        return False

    for fits in tables:
        for row in range(len(fits)):
            if row not in taken.values():
                place(row, fits, set())
    return taken


def _bare(tree: t.Expr) -> t.Expr:
    """Without signs and transposes around it."""
    while isinstance(tree, t.Neg | t.Transpose):
        tree = tree.item
    if isinstance(tree, t.Add | t.Mul) and len(t.children(tree)) == 1:
        return _bare(t.children(tree)[0])
    return tree


def _is_leaf(tree: t.Expr) -> bool:
    return isinstance(tree, t.Ref | t.Number)


def _function(tree: t.Expr) -> str:
    return tree.function if isinstance(tree, t.Call) else ""


def _terms(tree: t.Expr, sign: int = 1) -> list[tuple[int, t.Expr]]:
    match tree:
        case t.Neg(item=item):
            return _terms(item, -sign)
        case t.Add(terms=terms):
            return [found for term in terms for found in _terms(term, sign)]
        case _:
            return [(sign, tree)]


def _factors(tree: t.Expr) -> tuple[list[t.Expr], list[t.Expr]]:
    """What is multiplied, and what it is divided by."""
    match _bare(tree):
        case t.Mul(factors=factors) | t.Hadamard(factors=factors):
            parts = [_factors(factor) for factor in factors]
            return [f for top, _ in parts for f in top], [f for _, bottom in parts for f in bottom]
        case t.Div(top=top, bottom=bottom):
            (above, below), (under, over) = _factors(top), _factors(bottom)
            return above + over, below + under
        case _:
            return [tree], []
