"""``audit_gradients``: the diagnosis of a worksheet, for arrays that somebody's own backward pass computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from chainrule.auditing.audit import line_record
from chainrule.auditing.diagnosis import diagnose
from chainrule.auditing.marking.sheet import mark_sheet
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.claims import LineClaim, Reader, Reading
from chainrule.auditing.model.digits import Numbers
from chainrule.auditing.model.problem import Problem, order
from chainrule.auditing.report.document import Audit
from chainrule.errors import InputError
from chainrule.formula.tree import Expr, Ref, Transpose, is_matrix
from chainrule.network import checks
from chainrule.network import names as notation
from chainrule.network.arrays import Array
from chainrule.network.names import LOSS, Derivative, Name
from chainrule.network.network import Network
from chainrule.sheets.lines import Line, Part

#: dtype -> how far an entry may be off, relative to itself, and relative to the largest entry
TOLERANCE = {"float64": (1e-6, 1e-11), "float32": (1e-3, 1e-5)}


def audit_gradients(
    network: Network,
    x: Any,
    y: Any,
    gradients: Mapping[str, Any],
    sample_weight: Any = None,
    *,
    learning_rate: float | None = None,
    tolerance: float | None = None,
) -> Audit:
    """Which of these gradients is wrong, and which mistake in a backward pass gives it.

    The arrays are held against the right ones from the output back; each is also computed from those given before it,
    so that the first wrong one is named and what only follows from it is told apart.

    Args:
        network, x, y, sample_weight: as for ``Network.backward``.
        gradients: name -> array: ``dL/dW_1`` (m, j), ``dL/db_1`` (m,), ``dL/da_1``, ``dL/dh_1``, ``dL/dyhat`` (n, m) or
            (m,) for one example; also ``a_1``, ``h_1``, ``yhat``, ``L``, in either notation. Any may be missing.
        learning_rate: of the step that the code makes, so that weights updated too early are recognised.
        tolerance: relative; 1e-6, or 1e-3 for float32 arrays or a float32 network.

    Raises:
        InputError: a name that the network does not have, an array that is not finite numbers.

    >>> net = cr.Network([[[0.1, 0.2], [0.3, -0.4]], [[0.5, -0.6]]], output="sigmoid", loss="half_squared_error")
    >>> b = net.backward([1, 2], [1])
    >>> mine = {"dL/dW_2": b["dL/dW_2"], "dL/dW_1": np.outer(b["dL/dh_1"], b["x"])}
    >>> audit = cr.audit_gradients(net, [1, 2], [1], mine)
    >>> audit.first_wrong.name, audit.first_wrong.mistakes
    ('dL/dW_1', ('hidden_derivative_missing',))
    """
    problem = Problem.of(network, x, y, sample_weight, learning_rate)
    if not gradients:
        raise InputError("gradients", "at least one array by name", "none")
    single_precision = network.dtype == np.float32
    claims = list(_claims(problem, gradients, tolerance, single_precision))
    state = mark_sheet(SheetState(problem, Reading(), (), 1.0, exact=True), diagnose, claims)
    lines = tuple(line_record(state, mark) for mark in state.marks)
    return Audit("", "Gradients of your code", repr(network), lines, sizes=network.sizes)


def _claims(
    problem: Problem, given: Mapping[str, Any], tolerance: float | None, single_precision: bool
) -> Iterator[LineClaim]:
    """The arrays in the order of a backward pass."""
    reader = Reader(problem, Reading(), 1.0)
    claims = []
    for name, value in given.items():
        read, way = notation.find(name, problem.sizes)
        place = reader.place(read)
        if place.node is None or (isinstance(read, Derivative) and read.of != LOSS):
            due = "a gradient of L, such as dL/dW_1, or a unit's value"
            raise InputError(f"gradients: name {name!r}", due, str(read))
        array = checks.numbers(name, value)
        tree: Expr = Ref(read)
        if way == "delta" and is_matrix(read):
            array, tree = array.T, Transpose(Ref(read))
        numbers = _numbers(array, tolerance, single_precision or array.dtype == np.float32)
        claims.append((order(place.node, problem.depth), name, read, tree, place, numbers))
    claims.sort(key=lambda c: c[0])
    for number, (_, name, read, tree, place, numbers) in enumerate(claims, 1):
        _check_size(name, read, numbers, problem)
        line = Line(number, name, (Part(name, tree),), "textbook")
        yield LineClaim(line, place, numbers=numbers)


def _numbers(array: Array, tolerance: float | None, single_precision: bool) -> Numbers:
    """An array with how far each entry may be off as its last digit."""
    relative, floor = TOLERANCE["float32" if single_precision else "float64"]
    if tolerance is not None:
        relative, floor = tolerance, tolerance * 1e-5
    values = array.astype(float)
    largest = float(np.abs(values).max(initial=0.0))
    unit = np.maximum(relative * np.abs(values), floor * largest) + 1e-300
    return Numbers(values, unit, "")


def _check_size(name: str, read: Name, numbers: Numbers, problem: Problem) -> None:
    subject = read.subject
    if subject.symbol == "L":
        due: tuple[int, ...] = ()
    else:
        due = notation.shape(subject, problem.sizes)
        if subject.symbol not in "Wb" and not problem.single:
            due = (problem.n, *due)
    if numbers.value.size != int(np.prod(due)):
        raise InputError(name, f"shape {due}", f"shape {numbers.value.shape}")
