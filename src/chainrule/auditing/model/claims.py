"""What a line claims: a quantity, at a time, by formulas and by numbers with their digits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from chainrule.auditing.model.digits import Numbers, numbers_of
from chainrule.auditing.model.new_values import is_new_value
from chainrule.auditing.model.problem import Node, Problem, gradient_node, index_of, is_backward, node_of, shape_of
from chainrule.auditing.model.products import fitted, with_functions
from chainrule.errors import InputError
from chainrule.formula import tree as t
from chainrule.network import names as notation
from chainrule.network.names import Derivative, Name, Quantity
from chainrule.sheets.lines import Line


@dataclass(frozen=True)
class Reading:
    """Conventions under which a sheet is read.

    Attributes:
        scale: the author's loss, and all its gradients, are so many times the header's.
        minus_delta: the author's δ is -dL/da.
        swapped: the author's W_ij, dL/dW_ij and their arrays go from i to j.
        transposed: the header's W are the transposes of the author's.
        update_biases: False where the author leaves the biases as they are.
        kept: (kind, layer) of other parameters that the author leaves as they are.
        each: of a batch, derivatives by units are of each example's own loss; the mean is taken with the weights'.
        columns: of a batch, arrays have a column for each example, where a row would fit as well.
    """

    scale: float = 1.0
    minus_delta: bool = False
    swapped: bool = False
    transposed: bool = False
    update_biases: bool = True
    kept: frozenset[tuple[str, int]] = frozenset()
    each: bool = False
    columns: bool = False


@dataclass(frozen=True, eq=False)
class QuantityPlace:
    """A quantity of the network that a line claims.

    Attributes:
        name: as resolved against the network. time: updates before it.
        factor: the line claims so many times the quantity (-1 for -dL/dW_212).
        node: where the value stands, or None (a derivative of one unit by another, far one).
        index: which entry of the node, without the axis of examples; () for the whole.
        flip: the line has the whole as its transpose.
    """

    name: Name
    time: int
    factor: float
    node: Node | None
    index: tuple[int, ...]
    flip: bool = False

    @property
    def examples(self) -> bool:
        """Whether the node has an axis of examples."""
        return self.node is None or self.node.kind in ("a", "h", "J", "g'", "da", "dh", "y")

    def claimed(self, whole: Any) -> Any:
        """What the line should claim, from the whole value: the entry, in the line's direction, times the factor."""
        value = whole[(..., *self.index)] if self.node is not None and self.index else whole
        value = value.T if self.flip else value
        return value if self.factor == 1.0 else value * self.factor


class Formula(NamedTuple):
    """A part of a line that is computed: as written, and as read."""

    text: str
    tree: t.Expr


@dataclass(frozen=True, eq=False)
class LineClaim:
    """One line, understood.

    Attributes:
        line: as read.
        place: what it claims of the network; None for a name of the author's or a formula.
        own: the author's own name that it introduces or repeats, or "".
        formulas: parts with names in them, the subject too where it is a formula.
        arithmetic: parts of numbers that are computed.
        numbers: the value claimed.
        error: why it cannot be read.
    """

    line: Line
    place: QuantityPlace | None = None
    own: str = ""
    formulas: tuple[Formula, ...] = ()
    arithmetic: tuple[Formula, ...] = ()
    numbers: Numbers | None = None
    error: str = ""

    @property
    def time(self) -> int:
        """Updates before what it claims of the network; 0 where it claims nothing of it."""
        return 0 if self.place is None else self.place.time

    @property
    def subject(self) -> str:
        """What stands before the first sign of equality, as written."""
        return self.line.parts[0].text if self.line.parts else ""


def has_names(tree: t.Expr) -> bool:
    """Whether a formula has names in it, rather than numbers alone."""
    return any(True for _ in t.refs(tree))


# ---------------------------------------------------------------- places


@dataclass
class Reader:
    """Reads lines into claims under one reading of the sheet."""

    problem: Problem
    reading: Reading
    unit: float

    def __post_init__(self) -> None:
        #: each looked up once
        self._places: dict[tuple[t.Symbol, float], QuantityPlace]
        self._places = self.problem.once(("places", self.reading), dict)

    def claims(self, lines: tuple[Line, ...]) -> Iterator[LineClaim]:
        """Each line as a claim."""
        updating = False
        for line in lines:
            claim = self._claim(line)
            if claim.place is not None and self._is_new_value(claim, updating):
                node = claim.place.node
                assert node is not None
                claim = replace(claim, place=replace(claim.place, time=1, node=node._replace(time=1)))
                updating = True
            updating |= claim.line.assigns
            yield claim

    def _claim(self, line: Line) -> LineClaim:
        known: dict[int, tuple[Line, LineClaim]] = self.problem.once((self.reading, self.unit), dict)
        if id(line) not in known:
            known[id(line)] = line, self._understood(line)
        return known[id(line)][1]

    def _understood(self, line: Line) -> LineClaim:
        subject = line.parts[0].tree if line.parts else None
        if line.error or subject is None:
            return LineClaim(line, error=line.error or "the line cannot be read")
        try:
            place, own = self._subject(subject)
        except InputError as error:
            return LineClaim(line, error=f"expected {error.expected}; got {error.got}")
        parts = [Formula(p.text, p.tree) for p in line.parts[1:] if p.tree is not None]
        numbers = numbers_of(parts[-1].tree, self.unit, parts[-1].text) if parts else None
        try:
            due = self._due(place, numbers)
            layer = None if place is None else place.name.subject.layer_in(self.problem.depth)
            trees = [fitted(with_functions(p.tree, self.problem, layer), due, self._like) for p in parts]
            subject = with_functions(subject, self.problem, None)
        except InputError as error:
            return LineClaim(line, error=f"{error.quantity}: expected {error.expected}; got {error.got}")
        parts = [Formula(p.text, tree) for p, tree in zip(parts, trees, strict=True)]
        if own and not parts:
            return LineClaim(line, error="a value or a formula after the sign of equality is missing")
        if numbers is not None:
            del parts[-1]
        if place is None and not own:
            parts.insert(0, Formula(line.parts[0].text, subject))
        formulas = tuple(p for p in parts if has_names(p.tree))
        if place is not None:
            place = self._each_unit(place, numbers, formulas)
        arithmetic = tuple(p for p in parts if not has_names(p.tree))
        return LineClaim(line, place, own, formulas, arithmetic, numbers)

    def _each_unit(self, place: QuantityPlace, numbers: Numbers | None, formulas: tuple[Formula, ...]) -> QuantityPlace:
        """The place of a line that tells of each unit where a layer shares one bias: dL/db_1 is dL/da_1 there."""
        node, subject = place.node, place.name.subject
        if node is None or node.kind not in ("b", "db") or node.layer not in self.problem.shared:
            return place
        one_each = bool(subject.index)
        if not one_each and numbers is not None:
            one_each = numbers.value.ndim > 0
        elif not one_each and formulas:
            one_each = not any(isinstance(s, Derivative) and s.wrt.index for f in formulas for s in t.refs(f.tree))
        if not one_each:
            return place
        if node.kind == "db" and self.problem.single:
            node = node._replace(kind="da")
        return replace(place, node=node, index=index_of(subject))

    def _is_new_value(self, claim: LineClaim, updating: bool) -> bool:
        place = claim.place
        if place is None or place.time or place.node is None or place.node.kind not in ("W", "b"):
            return False
        if claim.line.assigns and claim.formulas:
            return True  # an arrow, even where the step is too small to be seen
        network = self.problem.network
        old = (network.weights if place.node.kind == "W" else network.biases)[place.node.layer - 1]
        trees = [part.tree for part in (*claim.formulas, *claim.arithmetic)]
        sure = claim.line.assigns or (updating and claim.numbers is not None)
        return is_new_value(place.name.subject, np.asarray(place.claimed(old)), claim.numbers, trees, sure)

    def _due(self, place: QuantityPlace | None, numbers: Numbers | None) -> int | None:
        """How many numbers a line's formulas should give; None where that is not known."""
        if numbers is not None:
            return int(numbers.value.size)
        if place is None or place.node is None or self.problem.n > 1:
            return None
        return int(np.size(np.ones(shape_of(place.node, self.problem))[place.index]))

    def _like(self, symbol: t.Symbol) -> Any:
        """Ones in the shape of a name's value.

        Raises:
            InputError: a name of the author's, a batch, or a quantity that no node has.
        """
        place = None if isinstance(symbol, str) else self.place(symbol)
        if place is None or place.node is None or (place.examples and self.problem.n > 1):
            raise InputError("name", "a quantity of one example", str(symbol))
        return np.ones(shape_of(place.node, self.problem))[place.index]

    def _subject(self, tree: t.Expr) -> tuple[QuantityPlace | None, str]:
        factor, core = _factor(tree)
        turned = isinstance(core, t.Transpose)
        core = core.item if isinstance(core, t.Transpose) else core
        if not isinstance(core, t.Ref) or (turned and isinstance(core.name, str)):
            return None, ""
        name = core.name
        if isinstance(name, str):
            if name == "eta" or factor != 1.0:
                return None, ""
            return None, name
        place = self.place(name, factor)
        return replace(place, flip=not place.flip) if turned else place, ""

    def place(self, symbol: t.Symbol, factor: float = 1.0) -> QuantityPlace:
        """Where the value of a name stands.

        Raises:
            InputError: no such quantity in this network.
        """
        found = self._places.get((symbol, factor))
        if found is None:
            found = self._places[symbol, factor] = self._place(symbol, factor)
        return found

    def _place(self, symbol: t.Symbol, factor: float) -> QuantityPlace:
        after = 0
        if isinstance(symbol, t.Timed):
            after, symbol = symbol.after, symbol.name
        if isinstance(symbol, t.Delta):
            factor = -factor if self.reading.minus_delta else factor
            symbol = symbol.name
        if isinstance(symbol, (str, t.Slope)):
            raise InputError("name", "a quantity of the network", str(symbol))
        name = self.resolved(symbol)
        if isinstance(name, Derivative) and is_backward(name, self.problem.depth):
            raise InputError(f"name {name}", f"a derivative of what comes after {name.wrt}", str(name.of))
        node, index = self._node(name, min(after, 1) if after < 2 else 0)
        if node is not None and not index and node.kind in ("b", "db") and node.layer in self.problem.shared:
            index = (0,)  # one number
        flip = self.reading.swapped and not index and node is not None and node.kind in ("W", "dW")
        if self.reading.each and node is not None and node.kind in ("da", "dh"):
            factor *= self.problem.n
        return QuantityPlace(name, after, factor, node, index, flip)

    def resolved(self, name: Name) -> Name:
        """The name as the network knows it, indices of weights the way the author counts them."""
        if self.reading.swapped:
            name = name.swapped
        return notation.resolve(name, self.problem.sizes)

    def _node(self, name: Name, time: int) -> tuple[Node | None, tuple[int, ...]]:
        depth = self.problem.depth
        if isinstance(name, Quantity):
            return node_of(name, time, depth), index_of(name)
        if name.of.symbol == "L":
            return gradient_node(name.wrt, time, depth), index_of(name.wrt)
        layer = depth if name.of.symbol == "yhat" else name.of.layer
        if name.of.symbol in ("h", "yhat") and name.wrt == Quantity("a", layer, name.wrt.index) and layer:
            slopes = self.problem.slope_node(layer, time)
            if slopes.kind == "J":
                both = bool(name.of.index) and bool(name.wrt.index)
                whole = not name.of.index and not name.wrt.index
                if both:
                    return slopes, (name.of.index[0] - 1, name.wrt.index[0] - 1)
                return (slopes, ()) if whole else (None, ())
            if name.of.index == name.wrt.index:
                return slopes, index_of(name.wrt)
        return None, ()


def _factor(tree: t.Expr) -> tuple[float, t.Expr]:
    """A constant before one name: -dL/dW_212 is -1 times it."""
    match tree:
        case t.Neg(item=item):
            factor, core = _factor(item)
            return -factor, core
        case t.Mul(factors=(t.Number(value=value), rest)):
            factor, core = _factor(rest)
            return value * factor, core
        case _:
            return 1.0, tree


def claimed_quantity(line: Line, sizes: Sequence[int], swapped: bool = False) -> t.Symbol | None:
    """What a line is about, whatever it is written as: ``w^2_21'`` and ``W_212'`` are one.

    A name of the design as the network has it, within a ``Timed`` after updates; a name of the author's own as text;
    None for a formula and for a name that the network does not have.

    Args:
        sizes: units of each layer, the inputs first.
        swapped: the author's W_ij goes from unit i to unit j.
    """
    subject = line.parts[0].tree if line.parts else None
    subject = subject.item if isinstance(subject, t.Transpose) else subject
    symbol = subject.name if isinstance(subject, t.Ref) else None
    if isinstance(symbol, str):
        return symbol
    name = symbol.name if isinstance(symbol, t.Timed) else symbol
    name = name.name if isinstance(name, t.Delta) else name
    if not isinstance(name, Quantity | Derivative):
        return None
    try:
        name = notation.resolve(name.swapped if swapped else name, sizes)
    except InputError:
        return None
    return t.Timed(name, symbol.after) if isinstance(symbol, t.Timed) else name
