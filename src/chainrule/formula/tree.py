"""Trees of formulas. Scalars, column vectors and matrices; ``Mul`` is the product of matrices where both are arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import is_
from typing import Any, TypeAlias

from chainrule.network.names import LOSS, Derivative, Name, Quantity


@dataclass(frozen=True)
class Slope:
    """g'(a_i), the vector of slopes of layer i: the diagonal of dh_i/da_i."""

    layer: int


@dataclass(frozen=True)
class Delta:
    """dL/da_i, or a component of it, that an author wrote with the letter δ (which may be his -dL/da_i)."""

    layer: int
    index: tuple[int, ...] = ()

    @property
    def name(self) -> Derivative:
        """The derivative it stands for in this package."""
        return Derivative(LOSS, Quantity("a", self.layer, self.index))


@dataclass(frozen=True)
class Timed:
    """A quantity after so many updates: ``W_212'`` is after 1, ``yhat_1'{10000}`` after 10,000."""

    name: Name | Delta
    after: int


Symbol: TypeAlias = Name | Slope | Delta | Timed | str


@dataclass(frozen=True)
class Number:
    """A number; ``written`` keeps the digits of one that was read."""

    value: float
    written: str = ""


@dataclass(frozen=True)
class Array:
    """A column vector (items are numbers or formulas) or a matrix (items are rows)."""

    items: tuple[Any, ...]


@dataclass(frozen=True)
class Ref:
    """A quantity of the network, or a variable of a graph."""

    name: Symbol


@dataclass(frozen=True)
class Neg:
    """A negative: -x."""

    item: Expr


@dataclass(frozen=True)
class Add:
    """A sum; a term that is a ``Neg`` prints as a difference."""

    terms: tuple[Expr, ...]


@dataclass(frozen=True)
class More:
    """Terms of a sum that are counted but not shown."""

    terms: tuple[Expr, ...]


@dataclass(frozen=True)
class Mul:
    """A product."""

    factors: tuple[Expr, ...]


@dataclass(frozen=True)
class Hadamard:
    """An elementwise product."""

    factors: tuple[Expr, ...]


@dataclass(frozen=True)
class Div:
    """A quotient."""

    top: Expr
    bottom: Expr


@dataclass(frozen=True)
class Pow:
    """A power: base^exponent."""

    base: Expr
    exponent: Expr


@dataclass(frozen=True)
class Transpose:
    """A transpose: x^T."""

    item: Expr


@dataclass(frozen=True)
class Call:
    """A function of the language by its name."""

    function: str
    arguments: tuple[Expr, ...]


@dataclass(frozen=True)
class Diff:
    """The derivative of a formula: ``d/dyhat_1[(y_1 - yhat_1)^2]``."""

    item: Expr
    wrt: Symbol


Expr: TypeAlias = Number | Array | Ref | Neg | Add | More | Mul | Hadamard | Div | Pow | Transpose | Call | Diff


def is_matrix(name: Symbol) -> bool:
    """Whether a name is W_i and dL/dW_i as a whole, which delta notation writes transposed."""
    if isinstance(name, Timed):
        return is_matrix(name.name)
    quantity = name.wrt if isinstance(name, Derivative) else name
    return isinstance(quantity, Quantity) and quantity.symbol == "W" and not quantity.index


_PARTS: dict[type, Callable[[Any], tuple[Expr, ...]]] = {
    Number: lambda tree: (),
    Ref: lambda tree: (),
    Array: lambda tree: tree.items,
    Add: lambda tree: tree.terms,
    More: lambda tree: tree.terms,
    Mul: lambda tree: tree.factors,
    Hadamard: lambda tree: tree.factors,
    Neg: lambda tree: (tree.item,),
    Transpose: lambda tree: (tree.item,),
    Diff: lambda tree: (tree.item,),
    Div: lambda tree: (tree.top, tree.bottom),
    Pow: lambda tree: (tree.base, tree.exponent),
    Call: lambda tree: tree.arguments,
}


def children(tree: Expr) -> tuple[Expr, ...]:
    """The parts of a node."""
    return _PARTS[type(tree)](tree)


def size(tree: Expr) -> int:
    """How many nodes it has."""
    return _summary(tree)[0]


def has(tree: Expr, kind: type) -> bool:
    """Whether a node of a kind is in it."""
    return kind in _summary(tree)[1]


def variables(tree: Expr) -> frozenset[str]:
    """The names in it that are no quantities of the network."""
    return _summary(tree)[2]


def _summary(tree: Expr) -> tuple[int, frozenset[type], frozenset[str]]:
    """How many nodes a tree has, of which kinds, and its variables; a tree never changes, so it keeps them."""
    found: tuple[int, frozenset[type], frozenset[str]] | None = tree.__dict__.get("_summary")
    if found is None:
        count, kinds = 1, {type(tree)}
        names = {tree.name} if isinstance(tree, Ref) and isinstance(tree.name, str) else set[str]()
        for part in children(tree):
            others = _summary(part)
            count += others[0]
            kinds |= others[1]
            names |= others[2]
        found = tree.__dict__["_summary"] = count, frozenset(kinds), frozenset(names)
    return found


def with_children(tree: Expr, parts: tuple[Expr, ...]) -> Expr:
    """A node of the kind of ``tree`` with other parts: itself, where they are its own."""
    own = children(tree)
    if len(own) == len(parts) and all(map(is_, parts, own)):
        return tree
    match tree:
        case Number() | Ref():
            return tree
        case Array() | Add() | More() | Mul() | Hadamard():
            return type(tree)(parts)
        case Neg() | Transpose():
            return type(tree)(parts[0])
        case Div() | Pow():
            return type(tree)(parts[0], parts[1])
        case Call(function=function):
            return Call(function, parts)
        case Diff(wrt=wrt):
            return Diff(parts[0], wrt)


def refs(tree: Expr) -> Iterator[Symbol]:
    """The names in a formula, in the order of reading, each as often as it stands there."""
    if isinstance(tree, Ref):
        yield tree.name
    for part in children(tree):
        yield from refs(part)


def substitute(tree: Expr, replace: Callable[[Symbol], Expr | None]) -> Expr:
    """The formula with each name for which ``replace`` gives a tree replaced by it."""
    if isinstance(tree, Ref):
        return replace(tree.name) or tree
    return with_children(tree, tuple(substitute(part, replace) for part in children(tree)))


def fraction(tree: Expr) -> float | None:
    """The value of a fraction of two numbers, ``-1/3``; None for anything else.

    >>> fraction(Div(Neg(Number(1.0)), Number(4.0)))
    -0.25
    """
    match tree:
        case Neg(item=item):
            inner = fraction(item)
            return None if inner is None else -inner
        case Div(top=Neg(item=Number(value=top)), bottom=Number(value=bottom)) if bottom:
            return -top / bottom
        case Div(top=Number(value=top), bottom=Number(value=bottom)) if bottom:
            return top / bottom
        case _:
            return None
