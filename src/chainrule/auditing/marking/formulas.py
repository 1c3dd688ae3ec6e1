"""Formulas and arithmetic of a line, each marked apart from the number behind it.

A formula is right when it equals what the line claims at the header's numbers and at random other ones. Arithmetic
is numbers alone: it is held against the number that the line prints behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from chainrule.auditing.marking.loosely import means_outer, misfits, needs_turning, without_sums
from chainrule.auditing.marking.mark import FormulaMark, NumberMark
from chainrule.auditing.marking.roundings import MANY, roundings_of
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.claims import Formula, LineClaim
from chainrule.auditing.model.digits import CUT, LAST_DIGIT, numbers_of
from chainrule.auditing.model.effort import Effort
from chainrule.auditing.model.problem import Problem
from chainrule.auditing.model.world import FormulaReading, NameValues, NumbersOnly, World, value_of
from chainrule.errors import InputError
from chainrule.formula import evaluate
from chainrule.formula import tree as t
from chainrule.network.arrays import Array
from chainrule.network.names import NoSuchUnit

MOST_MOVED = 400_000  # parts of a formula, once for each number in it
HERE_ALONE = "it holds at these numbers, but not at others"
NO_TARGETS = "it needs targets, which the sheet does not give, and does not hold at others"
OUTER = "its product of two vectors is one number as it stands, and the right matrix as an outer product"
TOLERANCE = 1e-7  # relative, of a formula to what it should equal
_PLAIN = (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 10.0)  # constants of formulas, not data


def mark_formula(state: SheetState, claim: LineClaim, value: NumberMark | None, part: Formula) -> FormulaMark:
    """Whether a formula equals what the line claims.

    Args:
        value: the mark of the line's number, where it has one.
    """
    found = _held(state, claim, value, part, part.tree)
    for tree in _over_examples(state.problem, part.tree) if found.verdict == "undecided" and found.why != OUTER else ():
        if (other := _held(state, claim, value, part, tree)).verdict == "right":
            return other
    return found


def _over_examples(problem: Problem, tree: t.Expr) -> Iterator[t.Expr]:
    """The formula with its sums over the examples of a batch, where nothing says over what they go."""
    of_many = (_with_sums(tree, function) for function in ("sum_rows", "sum_columns"))
    for other in of_many if problem.n > 1 else (without_sums(tree),):
        if other != tree:
            yield other


def _with_sums(tree: t.Expr, function: str) -> t.Expr:
    tree = t.with_children(tree, tuple(_with_sums(part, function) for part in t.children(tree)))
    is_sum = isinstance(tree, t.Call) and tree.function == "sum"
    return t.Call(function, tree.arguments) if is_sum and isinstance(tree, t.Call) else tree


def _held(state: SheetState, claim: LineClaim, value: NumberMark | None, part: Formula, tree: t.Expr) -> FormulaMark:
    """A formula, read as a tree, held against what the line claims."""
    trouble = ""
    no_product = beyond = here = lacks = evaluates = False
    of_weights = claim.place is not None and claim.place.node is not None and claim.place.node.kind in ("W", "dW")
    for way in ways(state.problem):
        if way.flipped and of_weights and state.problem.n > 1:
            continue  # whether these are transposed, their numbers say
        try:
            lacks = bool(np.isnan(due_of(state, claim, state.truth, way)).any())  # other numbers alone can judge it
            if not lacks and not agrees(state, claim, tree, state.truth, way):
                evaluates = True
                continue
            here = True
            others = [*state.worlds[1:], *(state.more_worlds if has_slopes(tree) else ())]
            if all(agrees(state, claim, tree, world, way) for world in others):
                return FormulaMark(part, "formula", "right", rows=way.flipped)
        except NumbersOnly:
            return _by_numbers(state, claim, value, part)
        except InputError as error:
            trouble = trouble or f"{error.quantity}: expected {error.expected}; got {error.got}"
            no_product |= error.quantity == "product"
            beyond |= isinstance(error, NoSuchUnit)
    if has_data(state.problem, tree):
        return _by_numbers(state, claim, value, part)
    if evaluates and of_weights and means_outer(state, claim, tree):
        return FormulaMark(part, "formula", "undecided", OUTER)
    if here:
        return FormulaMark(part, "formula", "undecided", NO_TARGETS if lacks else HERE_ALONE)
    # where its shapes do not fit, that is loose writing as often as a mistake
    if evaluates:
        return FormulaMark(part, "formula", "wrong", trouble)
    turn = no_product and needs_turning(state, claim, tree)
    is_misfit = turn or (bool(trouble) and misfits(state, claim, tree))
    return FormulaMark(part, "formula", "undecided", trouble, misfit=is_misfit, beyond=beyond)


def _readings(*shapes: FormulaReading) -> tuple[FormulaReading, ...]:
    kinds = [(sums, generic) for sums in (False, True) for generic in (False, True)]
    return tuple(replace(way, generic=generic, sums=sums) for sums, generic in kinds for way in shapes)


_OF_ONE = _readings(FormulaReading(), FormulaReading(rows=True), FormulaReading(rows=True, flipped=True))
_OF_BATCH = _readings(
    FormulaReading(example=0), FormulaReading(rows=True, example=0), FormulaReading(rows=True),
    FormulaReading(columns=True), FormulaReading(rows=True, flipped=True),
)  # fmt: skip


def ways(problem: Problem) -> tuple[FormulaReading, ...]:
    """The ways in which people read a formula."""
    return _OF_ONE if problem.n == 1 else _OF_BATCH


def agrees(state: SheetState, claim: LineClaim, tree: t.Expr, world: World, way: FormulaReading) -> bool:
    """Whether a formula has the value in this world, one of right values, that the line claims.

    Of a formula about the network alone the answer is kept: the next marking of the sheet asks the same.

    Raises:
        InputError: shapes that do not fit. NumbersOnly: it needs a number of the author's.
    """
    place, effort = claim.place, state.effort
    if place is None or t.has(tree, t.Diff) or t.variables(tree) - {"eta"} or "eta" in state.names:
        return same(evaluated(state, tree, world, way), due_of(state, claim, world, way))
    at = (place.name, place.time, place.factor, place.node, place.index, place.flip)
    known: dict[Any, _Answer] = world.problem.once(("agrees", state.reading), dict)
    key = (id(tree), at, way)
    if key in known:
        effort.spend(known[key].effort)
    else:
        left, found = effort.left, False
        trouble: InputError | None = None
        try:
            found = same(evaluated(state, tree, world, way), due_of(state, claim, world, way))
        except InputError as error:
            trouble = error
        known[key] = _Answer(found, trouble, effort.spent_since(left), tree)
    answer = known[key]
    if answer.trouble is not None:
        raise answer.trouble.with_traceback(None)
    return answer.agrees


class _Answer(NamedTuple):
    """Whether a formula agrees, or why that cannot be said, and what it took to find out; the formula keeps its id."""

    agrees: bool
    trouble: InputError | None
    effort: float
    tree: t.Expr


def evaluated(state: SheetState, tree: t.Expr, world: World, way: FormulaReading) -> Array:
    """The value of a formula in a world."""
    tree = summed(tree) if way.sums else tree
    return np.asarray(value_of(tree, state.lookup(world, way=way), way.generic), dtype=float)


def summed(tree: t.Expr) -> t.Expr:
    """The formula with every sum taken over what stands behind it: of the squares, of the products."""
    tree = t.with_children(tree, tuple(summed(part) for part in t.children(tree)))
    match tree:
        case t.Pow(base=t.Call(function="sum", arguments=(inner,)), exponent=exponent):
            return t.Call("sum", (t.Pow(inner, exponent),))
        case t.Mul(factors=factors):
            for i, factor in enumerate(factors):
                if isinstance(factor, t.Call) and factor.function == "sum" and i + 1 < len(factors):
                    body = t.Hadamard((factor.arguments[0], *factors[i + 1 :]))
                    return t.Mul((*factors[:i], t.Call("sum", (body,)))) if i else t.Call("sum", (body,))
    return tree


def due_of(state: SheetState, claim: LineClaim, world: World, way: FormulaReading) -> Array:
    """What the line should equal in a world, as the way of reading has it."""
    due = np.asarray(state.due(claim, world), dtype=float)
    by_example = due.ndim > 0 and due.shape[0] == state.problem.n and (claim.place is None or claim.place.examples)
    if way.example is not None and by_example:
        due = due[way.example]
    if way.columns and due.ndim == 2 and by_example:
        due = due.T
    return due.T if way.flipped and due.ndim == 2 and not (by_example and not state.problem.single) else due


def same(value: Array, due: Array) -> bool:
    """Equal to rounding; a vector may be a row or a column, a matrix not the transpose.

    Raises:
        InputError: one is larger than the other.
    """
    if value.size != due.size:
        raise InputError("the formula", _words(due), _words(value))
    if value.ndim == 2 and due.ndim == 2 and value.shape != due.shape:
        return False
    with np.errstate(invalid="ignore"):
        gap = np.where(value.ravel() == due.ravel(), 0.0, np.abs(value.ravel() - due.ravel()))
    scale = max(float(np.abs(due[np.isfinite(due)]).max(initial=0.0)), 1e-12)  # what is infinite is like nothing else
    return bool((gap <= TOLERANCE * scale).all())


def _words(value: Array) -> str:
    if value.ndim == 0:
        return "one number"
    return f"{' x '.join(map(str, value.shape))} numbers"


def has_data(problem: Problem, tree: t.Expr) -> bool:
    """Whether the formula has measured numbers in it, not only constants such as 1/2 and the learning rate."""
    return any(n.value not in _PLAIN and n.value != problem.learning_rate for n in literals(tree))


def has_slopes(tree: t.Expr) -> bool:
    """Whether a derivative of an activation is in a formula."""
    return (isinstance(tree, t.Call) and tree.function.endswith("'")) or any(map(has_slopes, t.children(tree)))


def literals(tree: t.Expr) -> Iterator[t.Number]:
    """The numbers in a formula."""
    if isinstance(tree, t.Number):
        yield tree
    for part in t.children(tree):
        yield from literals(part)


def _by_numbers(state: SheetState, claim: LineClaim, value: NumberMark | None, part: Formula) -> FormulaMark:
    """A formula with data in it: held against the numbers, to the digits of its own."""
    wanted: list[Any] = []
    unit: Any = 0.0
    if value is not None:
        wanted, unit = [value.due, value.numbers.value], value.numbers.unit
    elif claim.place is not None:
        wanted = [np.asarray(state.truth.value(claim.place), dtype=float)]
    worst = []
    for world in (state.truth, state.printed):
        try:
            given, radius = with_radius(part.tree, state.lookup(world, numeric=True), state.digits, state.effort)
        except (InputError, NumbersOnly):
            continue
        for one in wanted:
            if np.size(one) == given.size:
                gap = np.abs(given.ravel() - np.ravel(one)) - radius.ravel() - np.ravel(unit)
                worst.append(float(gap.max(initial=0.0)))
    if not worst:
        return FormulaMark(part, "formula", "undecided", "the network has nothing to compare its numbers with")
    if min(worst) <= 1e-9:
        return FormulaMark(part, "formula", "right")
    return FormulaMark(part, "formula", "wrong", "with the numbers in it, it does not give the value")


def with_radius(
    tree: t.Expr, names: NameValues | None, digits: Mapping[float, float], effort: Effort
) -> tuple[Array, Array]:
    """The value of a formula, and how far the digits of its own numbers can move it.

    Args:
        digits: sizes of numbers that are known finer than they may be written here -> the unit; 0 of what is given.

    Raises:
        InputError: it has too many numbers.
    """
    whole, numbers = t.size(tree), list(literals(tree))
    if (work := whole * len(numbers)) > MOST_MOVED:
        raise InputError("formula", f"at most {MOST_MOVED} for its parts times its numbers", str(work))
    fixed = names is None or not t.has(tree, t.Diff)  # a derivative may be written out in another order
    places = _with_places(tree) if fixed else tree
    values: dict[Any, Any] = {_Place(index): np.float64(number.value) for index, number in enumerate(numbers)}

    def lookup(symbol: Any) -> Any:
        if symbol not in values:
            values[symbol] = _none(symbol) if names is None else names(symbol)
        return values[symbol]

    def value(formula: t.Expr) -> Array:
        found = _plain(formula, lookup) if names is None else value_of(formula, names, lookup=lookup)
        return np.asarray(found, dtype=float)

    def moved(index: int, number: float) -> Array:
        if not fixed:
            return value(replaced(tree, index, number))
        values[_Place(index)] = np.float64(number)
        return value(places)

    base = value(places)
    radius = np.zeros_like(base)
    for index, number in enumerate(numbers):
        read = numbers_of(number, 0.0)
        unit = float(read.unit) if read is not None else 0.0
        unit = min(unit, digits.get(abs(number.value), unit))
        if unit >= 1 or unit == 0:
            continue  # whole numbers are exact
        effort.spend(2 * whole)
        ends = [moved(index, number.value + s * unit / 2) for s in (-1, 1)]
        values[_Place(index)] = np.float64(number.value)
        radius = radius + np.maximum(np.abs(ends[0] - base), np.abs(ends[1] - base))
    return base, radius * 1.01


class _Place(NamedTuple):
    """Where a number stands in a formula, in the order of reading."""

    number: int


def _with_places(tree: t.Expr) -> t.Expr:
    """The formula with a name for each of its numbers, so that they can be moved."""
    counter = iter(range(10**9))

    def go(node: t.Expr) -> t.Expr:
        if isinstance(node, t.Number):
            return t.Ref(_Place(next(counter)))  # type: ignore[arg-type]
        return t.with_children(node, tuple(go(part) for part in t.children(node)))

    return go(tree)


def _none(symbol: t.Symbol) -> Any:
    raise InputError("formula", "numbers alone", str(symbol))


def _plain(tree: t.Expr, lookup: Callable[[t.Symbol], Any] = _none) -> Any:
    value = evaluate(tree, lookup)
    return value[:, 0] if np.ndim(value) == 2 and value.shape[1] == 1 else value


def replaced(tree: t.Expr, index: int, value: float) -> t.Expr:
    """The tree with its number of that index (in the order of reading) replaced."""
    counter = iter(range(10**9))

    def go(node: t.Expr) -> t.Expr:
        if isinstance(node, t.Number):
            return t.Number(value) if next(counter) == index else node
        return t.with_children(node, tuple(go(part) for part in t.children(node)))

    return go(tree)


# ---------------------------------------------------------------- arithmetic


def mark_arithmetic(state: SheetState, claim: LineClaim, value: NumberMark | None, part: Formula) -> FormulaMark:
    """Whether numbers that are computed give what stands behind them."""
    try:
        exact, radius = with_radius(part.tree, None, state.digits, state.effort)
    except InputError as error:
        if value is None or not error.quantity.startswith("function"):
            raise
        return FormulaMark(
            part, "arithmetic", "undecided", f"{error.quantity}: expected {error.expected}; got {error.got}"
        )
    if value is None:
        return FormulaMark(part, "arithmetic", "right", value=(exact, radius))
    numbers = value.numbers
    if exact.size != numbers.value.size:
        return FormulaMark(part, "arithmetic", "wrong", f"it gives {_words(exact)}")
    exact, radius = exact.reshape(numbers.value.shape), radius.reshape(numbers.value.shape)
    gap = np.abs(exact - numbers.value)
    if (gap <= numbers.unit / 2 * (1 + 1e-9) + 1e-12).all():
        return FormulaMark(part, "arithmetic", "right", value=(exact, radius))
    cut = (np.abs(numbers.value) <= np.abs(exact) + 1e-12) & (gap < numbers.unit * CUT)
    slip = np.clip(LAST_DIGIT * np.abs(exact), numbers.unit / 2, numbers.unit)  # of the last digit
    away = np.abs(numbers.value - value.due)
    is_due = (away <= numbers.unit / 2) | ((away < numbers.unit * CUT) & (np.abs(numbers.value) < np.abs(value.due)))
    if not is_due.all() and roundings_of(part.tree, float(numbers.unit.min())) < MANY:
        shorter = state.both & (np.abs(numbers.value) < np.abs(exact))  # the numbers in it may be cut, and the result
        slip = np.where(shorter, slip, numbers.unit / 2)
    within = (gap <= radius + slip * (1 + 1e-9)) | cut
    whole = np.isclose(exact, np.round(exact / numbers.unit) * numbers.unit, rtol=0, atol=1e-9 * numbers.unit)
    near_due = bool((away <= numbers.unit).all())
    if within.all() and (near_due or (~whole | cut).all()):
        why = "the numbers are printed with fewer digits than were used"
        return FormulaMark(part, "arithmetic", "truncated" if cut.all() else "rounded", why, value=(exact, radius))
    why = f"{part.text} is {_apart(exact, numbers.value, numbers.decimals + 1)}, not {numbers.text}"
    return FormulaMark(part, "arithmetic", "wrong", why, value=(exact, radius))


def _apart(value: Array, other: Array, decimals: int) -> str:
    """A value in so many decimals, in more where it would look like another."""
    off = ~np.isclose(value, other, rtol=0, atol=1e-14)
    for more in range(decimals, 12):
        if not (np.round(value, more)[off] == np.round(other, more)[off]).any():
            return shown(value, more)
    return shown(value, 12)


def shown(value: Any, decimals: int = 6) -> str:
    """A number or an array in words of numbers."""
    array = np.asarray(value, dtype=float)
    array = array.reshape(()) if array.size == 1 else array
    if array.ndim == 0:
        return (
            f"{float(array):.{max(decimals, 1)}f}".rstrip("0").rstrip(".")
            if abs(array) >= 1e-4 or array == 0
            else (f"{float(array):.4g}")
        )
    return "[" + ", ".join(shown(one, decimals) for one in array) + "]"
