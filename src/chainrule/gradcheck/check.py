"""Gradient check: the backward pass against numerical differentiation of the loss that is reported.

First whole quantities along random directions, then entries: all of a small quantity, a stated
sample of a large one; where a direction of a large one disagrees, halving the set of entries leads to those that do.
The complex step (Squire & Trapp 1998) is exact to rounding; central differences (SciPy's, with the
step chosen entry by entry) are the second method, and say so when they cross a kink.

An entry is right when it agrees within the relative tolerance. Below that there is only the rounding
floor: 64 units of rounding of the sum of the absolute values of all its paths. An entry that is wrong
by its sign is found however small it is, unless the floor hides it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.errors import InputError, unknown
from chainrule.gradcheck.given.arrays import ROUGH
from chainrule.gradcheck.given.reader import read_gradients
from chainrule.gradcheck.given.records import GivenArray, GivenGradients
from chainrule.gradcheck.numerical import (
    NEGLIGIBLE,
    Method,
    PerturbedLoss,
    differentiate,
    differentiate_each,
    rounding_floors,
)
from chainrule.network import checks
from chainrule.network.arrays import Array
from chainrule.network.backward import Backward
from chainrule.network.names import LOSS, Derivative, Quantity
from chainrule.network.network import Network

Progress = Callable[[str, int, int], None]

TOLERANCE = 1e-7  # relative, of double precision
LISTED = 20  # wrong entries that halving looks for
SHOWN = 5  # wrong entries of a quantity that are printed
AT_ONCE = 30_000  # numbers of a layer in one forward pass: copies of the examples, each with an entry moved


@dataclass(frozen=True)
class Entry:
    """One entry that differs, or whose difference crosses a kink. ``example`` counts from 1."""

    name: str
    backward: float
    numerical: float
    relative_error: float
    example: int | None = None

    def __str__(self) -> str:
        where = self.name if self.example is None else f"{self.name} of example {self.example}"
        return f"{where}: backward pass {self.backward:.10g}, numerical {self.numerical:.10g}"


@dataclass(frozen=True)
class QuantityCheck:
    """The check of one quantity.

    Attributes:
        name: such as ``dL/dW_1``.
        size, checked: its entries, and how many of them were compared one by one.
        direction: what the random direction said: ``agrees``, ``differs`` or ``crosses a kink``.
        max_relative_error: over the entries compared, those within the rounding floor left out.
        wrong: entries that differ, worst first.
        kinks: entries whose difference crosses a kink; they are neither right nor wrong.
    """

    name: str
    size: int
    checked: int
    direction: str
    max_relative_error: float
    wrong: tuple[Entry, ...]
    kinks: tuple[Entry, ...]

    @property
    def ok(self) -> bool:
        """Whether no entry of this quantity differs."""
        return not self.wrong and self.direction != "differs"


@dataclass(frozen=True)
class GradientCheck:
    """The result of ``check_gradients``: one ``QuantityCheck`` each, from the output back to the input.

    Attributes:
        at_kink: units (of an example) that sit exactly on a kink, where the stated convention holds.
        notes: how gradients that were given are read, a sentence each.

    >>> net = cr.Network([[[0.5, -0.6]]], output="sigmoid", loss="half_squared_error")
    >>> check = cr.check_gradients(net, [1, 2], [1])
    >>> check.ok, check.first_wrong, check["dL/dW_1"].checked
    (True, None, 2)
    >>> print(check)
    gradient check: complex step, relative tolerance 1e-07, seed 0
    quantity     entries  compared  direction        largest error
    dL/dyhat           1         1  agrees                rounding
    dL/da_1            1         1  agrees                rounding
    dL/dW_1            2         2  agrees                rounding
    dL/db_1            1         1  agrees                rounding
    dL/dx              2         2  agrees                rounding
    every gradient agrees
    """

    quantities: tuple[QuantityCheck, ...]
    method: Method
    tolerance: float
    seed: int
    at_kink: int
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """True when every quantity agrees."""
        return all(q.ok for q in self.quantities)

    @property
    def wrong(self) -> tuple[Entry, ...]:
        """All entries that differ."""
        return tuple(e for q in self.quantities for e in q.wrong)

    @property
    def first_wrong(self) -> str | None:
        """The first quantity, on the way back from the output, that differs: there the mistake sits."""
        return next((q.name for q in self.quantities if not q.ok), None)

    def __getitem__(self, name: str) -> QuantityCheck:
        """The check of one quantity, by its name."""
        for q in self.quantities:
            if q.name == name:
                return q
        raise unknown("name", name, (q.name for q in self.quantities))

    def __str__(self) -> str:
        head = f"{'quantity':<10} {'entries':>9} {'compared':>9}  {'direction':<16} {'largest error':>13}"
        lines = [f"gradient check: {self.method} step, relative tolerance {self.tolerance:g}, seed {self.seed}"]
        lines += [*self.notes, head]
        for q in self.quantities:
            error = f"{q.max_relative_error:.1e}" if q.max_relative_error else "rounding"
            row = f"{q.name:<10} {q.size:>9} {q.checked:>9}  {q.direction:<16} {error:>13}"
            lines.append(row + ("" if q.ok else f"  {len(q.wrong)} differ"))
            lines += [f"    {entry}" for entry in q.wrong[:SHOWN]]
            if q.kinks:
                lines.append(f"    {len(q.kinks)} of its differences cross a kink: neither right nor wrong")
        if self.at_kink:
            lines.append(f"{self.at_kink} units sit exactly on a kink: there the stated convention is what is compared")
        lines.append("every gradient agrees" if self.ok else f"first to differ on the way back: {self.first_wrong}")
        return "\n".join(lines)


def check_gradients(
    network: Network, x: Any, y: Any = None, sample_weight: Any = None, *,
    gradients: Any = None, method: Method = "complex", tolerance: float | None = None,
    entries: int = 500, seed: int = 0, progress: Progress | None = None,
) -> GradientCheck:  # fmt: skip
    """Hold the backward pass against numerical differentiation of the loss.

    Args:
        network, x, y, sample_weight: as for ``Network.backward``.
        gradients: gradients of your own to check instead, by name: ``{"dL/dW_1": array}``, or in any other form that
            ``audit_gradients`` takes.
        method: ``complex`` (exact to rounding) or ``central`` (differences with chosen steps).
        tolerance: relative; 1e-7, or 1e-3 for a float32 network or gradients of single precision.
        entries: quantities of up to this many entries are compared entirely, of larger ones so many
            entries drawn at random.
        seed: of the directions and of the sample.
        progress: called with the quantity's name, how many entries are done, how many there are.

    Raises:
        InputError: input that does not fit; a loss that is not finite.

    >>> net = cr.Network([[[0.5, -0.6]]], output="identity", loss="half_squared_error")
    >>> cr.check_gradients(net, [1, 2], [1]).ok
    True
    >>> mine = cr.check_gradients(net, [1, 2], [1], gradients={"dL/dW_1": [[-1.7, 3.4]]})
    >>> print(*mine.wrong)
    dL/dW_112: backward pass 3.4, numerical -3.4
    """
    _check_arguments(method, tolerance, entries, seed)
    b = network.backward(x, y, sample_weight)
    if not np.isfinite(b.L):
        raise InputError("L", "a finite loss to differentiate", str(b.L))
    usual = ROUGH.get(str(network.dtype), TOLERANCE) if tolerance is None else tolerance
    probe = PerturbedLoss.of(b, method)
    rng = np.random.default_rng(seed)
    results, notes = [], tuple[str, ...]()
    if gradients is None:
        asked = list(_own(b, usual))
    else:
        given = read_gradients(network.astype(np.float64).backward(x, y, sample_weight), gradients)
        asked, notes = _given(b, given, tolerance), (*(c.words for c in given.conventions), *given.sentences)
        usual = max(one.tolerance for one in asked)
    for one in asked:
        task = _Task(probe, one.quantity, one.gradient.astype(float), one.floor, one.tolerance)
        results.append(_check_quantity(task, entries, rng, progress))
    return GradientCheck(tuple(results), method, usual, seed, probe.at_kink(), notes)


def _check_arguments(method: str, tolerance: float | None, entries: int, seed: int) -> None:
    if method not in ("complex", "central"):
        raise InputError("method", "complex or central", repr(method))
    if tolerance is not None:
        checks.not_negative("tolerance", tolerance)
    for name, value in (("entries", entries), ("seed", seed)):
        if value < 0:
            raise InputError(name, "a whole number from 0 up", repr(value))


@dataclass(frozen=True, eq=False)
class _Asked:
    """A gradient to check, how far rounding can move it, and the relative tolerance."""

    quantity: Quantity
    gradient: Array
    floor: Array
    tolerance: float


def _own(b: Backward, tolerance: float) -> Iterator[_Asked]:
    """The gradients of the network's own backward pass, from the output back to the input."""
    floors = rounding_floors(b)
    yield from (_Asked(q, b.gradient(q), floors[q], tolerance) for q in _all_quantities(b))


def _given(b: Backward, given: GivenGradients, tolerance: float | None) -> list[_Asked]:
    """Gradients of somebody's own, from the output back to the input."""
    floors, asked = rounding_floors(b), []
    for array in given.arrays:
        gradient, q = _of_given(b, array), array.quantity.subject
        precision = str(b.forward.network.dtype) if array.precision == "float64" else array.precision
        relative = ROUGH.get(precision, TOLERANCE) if tolerance is None else tolerance
        asked.append(_Asked(q, gradient, floors[q] + np.reshape(array.bound, gradient.shape), relative))
    order = [Quantity("yhat"), *_all_quantities(b)]
    return sorted(asked, key=lambda one: order.index(one.quantity))


def _of_given(b: Backward, array: GivenArray) -> Array:
    """An array of somebody's in the shape of the gradient, examples first.

    Raises:
        InputError: it is no whole gradient of L, or its shape is that of the transpose.
    """
    name = array.quantity
    if not isinstance(name, Derivative) or name.of != LOSS or name.wrt.index:
        raise InputError(f"gradients: name {array.name!r}", "the whole of a gradient, such as dL/dW_1", str(name))
    alone = b.forward.single and name.wrt.symbol not in "Wb"
    return checks.shaped(array.name, array.value[None] if alone else array.value, *b.gradient(name.wrt).shape)


def _all_quantities(b: Backward) -> Iterator[Quantity]:
    if b.shortcut is None:
        yield Quantity("yhat")
    for i in range(b.forward.network.depth, 0, -1):
        yield from (Quantity("a", i), Quantity("W", i), Quantity("b", i))
        yield Quantity("h", i - 1) if i > 1 else Quantity("x")


# ---------------------------------------------------------------- one quantity


@dataclass(frozen=True, eq=False)
class _Task:
    probe: PerturbedLoss
    quantity: Quantity
    gradient: Array
    floor: Array
    tolerance: float

    @property
    def name(self) -> str:
        return str(Derivative(LOSS, self.quantity))

    def along(self, v: Array) -> tuple[float, float, bool]:
        """Derivative of the loss along ``v``, its error, and whether a kink was crossed."""

        def loss(t: complex) -> tuple[Any, bool]:
            return self.probe.moved(self.quantity, t * v)

        return differentiate(loss, self.probe.method, 1e-2 / max(float(np.abs(v).max(initial=0.0)), 1e-300))

    def entries(self, places: Array) -> tuple[Array, Array, Array]:
        """Derivatives of the loss by entries, each place a row; their errors, and whether a kink was crossed."""

        def loss(which: Array, ts: Array) -> tuple[Array, Array]:
            return self.probe.moved_each(self.quantity, places[which], ts)

        return differentiate_each(loss, self.probe.method, 0.1, len(places))

    def judge(self, flat: list[int]) -> tuple[float, list[Entry], list[Entry]]:
        """The largest relative error of these entries, those that are wrong, and those that cross a kink."""
        places = np.stack(np.unravel_index(flat, self.gradient.shape), axis=1)
        numerical, error, crossed = self.entries(places)
        ours, floor = self.gradient.ravel()[flat], self.floor.ravel()[flat]
        with np.errstate(all="ignore"):  # a gradient that is given may be of any size
            gap, size = np.abs(ours - numerical), np.maximum(np.abs(ours), np.abs(numerical))
            slack = floor + error + NEGLIGIBLE
            relative = np.where((size > 0) & (gap > slack), gap / size, 0.0)
            wrong = ~(gap <= self.tolerance * size + slack) & ~crossed

        def listed(chosen: Array) -> list[Entry]:
            return [self._entry(places[i].tolist(), ours[i], numerical[i], relative[i]) for i in np.flatnonzero(chosen)]

        return float(relative[~crossed].max(initial=0.0)), listed(wrong), listed(crossed)

    def _entry(self, where: list[int], ours: float, numerical: float, relative: float) -> Entry:
        parameter = self.quantity.symbol in "Wb"
        index = tuple(i + 1 for i in (where if parameter else where[1:]))
        name = str(Derivative(LOSS, replace(self.quantity, index=index)))
        return Entry(name, float(ours), float(numerical), float(relative), None if parameter else where[0] + 1)


def _check_quantity(task: _Task, entries: int, rng: np.random.Generator, progress: Progress | None) -> QuantityCheck:
    size = task.gradient.size
    direction, found = _by_directions(task, rng, search=size > entries) if size else ("agrees", [])
    flat = np.arange(size) if size <= entries else rng.choice(size, entries, replace=False)
    places = list(dict.fromkeys([*found, *flat.tolist()]))
    wrong: list[Entry] = []
    kinks: list[Entry] = []
    largest = 0.0
    together = max(1, AT_ONCE // task.probe.breadth)
    for start in range(0, len(places), together):
        part = places[start : start + together]
        if progress is not None:
            progress(task.name, start, len(places))
        error, differ, cross = task.judge(part)
        largest = max(largest, error)
        wrong += differ
        kinks += cross
        if progress is not None:
            for done in range(start + 1, start + len(part)):
                progress(task.name, done, len(places))
    if progress is not None:
        progress(task.name, len(places), len(places))
    wrong.sort(key=lambda e: -e.relative_error)
    return QuantityCheck(task.name, size, len(places), direction, largest, tuple(wrong), tuple(kinks))


def _by_directions(task: _Task, rng: np.random.Generator, search: bool) -> tuple[str, list[int]]:
    """What a random direction says and, if it disagrees, entries that make it so, if they are to be searched for."""
    size = np.abs(task.gradient)
    top = float(size.max()) or 1.0
    least = (1e-12 if task.probe.method == "complex" else 1e-3) * top  # a difference needs a step of its own size
    level = least / np.maximum(size, least)  # small entries move more, so that none hides behind large ones
    v = level * rng.choice((-1.0, 1.0), size.shape)
    crossed, differs = _disagrees(task, v)
    if crossed:
        return "crosses a kink", []
    if not differs:
        return "agrees", []
    found: list[int] = []
    sets = [np.arange(v.size)] if search else []
    while sets and len(found) < LISTED:
        part = sets.pop()
        if len(part) == 1:
            found.append(int(part[0]))
            continue
        for half in np.array_split(part, 2):
            only = np.zeros(v.size)
            only[half] = v.ravel()[half]
            if _disagrees(task, only.reshape(v.shape))[1]:
                sets.append(half)
    return "differs", found


def _disagrees(task: _Task, v: Array) -> tuple[bool, bool]:
    """(a kink was crossed, the inner product with ``v`` differs from the derivative along ``v``)."""
    numerical, error, crossed = task.along(v)
    terms = task.gradient * v
    slack = 8 * float(np.linalg.norm(task.floor * v)) + error + NEGLIGIBLE
    return crossed, not abs(terms.sum() - numerical) <= task.tolerance * float(np.linalg.norm(terms)) + slack
