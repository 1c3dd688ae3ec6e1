"""``audit_gradients``: the diagnosis of a worksheet, for arrays that somebody's own backward pass computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from chainrule.auditing.audit import line_record
from chainrule.auditing.diagnosis.by_array import diagnose_array, settled
from chainrule.auditing.diagnosis.origins import OF_SHAPES
from chainrule.auditing.marking.sheet import mark_sheet
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.claims import LineClaim, QuantityPlace, Reader, Reading
from chainrule.auditing.model.digits import Numbers
from chainrule.auditing.model.dropout import with_dropout
from chainrule.auditing.model.problem import Node, Problem, node_of, order
from chainrule.auditing.records import Convention
from chainrule.auditing.report.document import Audit
from chainrule.errors import InputError
from chainrule.formula.tree import Ref
from chainrule.gradcheck.given.arrays import ROUGH
from chainrule.gradcheck.given.reader import read_gradients
from chainrule.gradcheck.given.records import GivenArray, GivenGradients
from chainrule.network import checks
from chainrule.network import names as notation
from chainrule.network.arrays import Array
from chainrule.network.names import Derivative, Name, Quantity
from chainrule.network.network import Network
from chainrule.sheets.lines import Line, Part

#: how far an entry of double precision may be off, relative to itself; and any, relative to the largest entry and that
RELATIVE, FLOOR, ROUGH_FLOOR = 1e-6, 1e-5, 1e-2
MOST_UPHELD = 3  # audits whose causes are held against each other


def audit_gradients(
    network: Network,
    x: Any,
    y: Any,
    gradients: Any,
    sample_weight: Any = None,
    *,
    forward: Any = None,
    learning_rate: float | None = None,
    tolerance: float | None = None,
) -> Audit:
    """Which of these gradients is wrong, and which mistake in a backward pass gives it.

    The arrays are held against the right ones from the output back; each is also computed from those given before it,
    so that the first wrong one is named and what only follows from it is told apart.

    Args:
        network, x, y, sample_weight: as for ``Network.backward``.
        gradients: as your code holds them: by name (``dL/dW_1``, ``dW1``, ``layers.0.weight.grad``, ``coefs_[0]``, …;
            nested or not), as a list of arrays or of pairs (dW, db), as one flat vector, or a PyTorch module after
            ``backward``; NumPy, PyTorch, JAX or pandas, float64 to float16. Weights (m, j) or (j, m), b as (m,), (1, m)
            or (m, 1) or as a column of W; ``dL/da_1``, ``dL/dh_1``, ``dL/dyhat`` (n, m) or (m, n), (m,) for one
            example; also ``a_1``, ``h_1``, ``yhat``, ``L``. Any may be missing. How each was read is in ``notes``;
            minus the gradient, the rate times it and weights (in, out) are ``conventions``.
        forward: the values of your forward pass by name, ``a_1``, ``h_1``, ``yhat``, ``L``, in the same layouts: the
            first wrong one is found before any gradient. Dropout that shows in ``h_1`` (zeros, the rest times one
            number) is followed on the way back, and told in ``notes``.
        learning_rate: of the step that the code makes, so that weights updated too early are recognised.
        tolerance: relative; 1e-6, or 1e-3 for float32 arrays (kept in double arrays or not) or a float32 network, and
            beside it what rounding explains.

    Raises:
        InputError: a name or a shape that fits nothing in the network, an array that is not finite numbers, names that
            may mean one layer or another where nothing decides; a gradient in ``forward``, or a value in both.

    >>> net = cr.Network([[[0.1, 0.2], [0.3, -0.4]], [[0.5, -0.6]]], output="sigmoid", loss="half_squared_error")
    >>> b = net.backward([1, 2], [1])
    >>> mine = {"dL/dW_2": b["dL/dW_2"], "dL/dW_1": np.outer(b["dL/dh_1"], b["x"])}
    >>> audit = cr.audit_gradients(net, [1, 2], [1], mine)
    >>> audit.first_wrong.name, audit.first_wrong.mistakes
    ('dL/dW_1', ('hidden_derivative_missing',))
    >>> cr.audit_gradients(net, [1, 2], [1], [(b["dL/dW_1"].T, b["dL/db_1"]), (b["dL/dW_2"].T, b["dL/db_2"])]).ok
    True
    """
    return audit_arrays(network, x, y, gradients, sample_weight, forward, learning_rate, tolerance)


@np.errstate(all="ignore")  # numbers beyond all sizes are values like others
def audit_arrays(
    network: Network, x: Any, y: Any, gradients: Any, sample_weight: Any = None, forward: Any = None,
    learning_rate: float | None = None, tolerance: float | None = None, *, causes: bool = True,
    added: Mapping[Name, Array] = MappingProxyType({}), in_out: bool | None = None,
) -> Audit:  # fmt: skip
    """``audit_gradients``; without ``causes`` the verdicts alone, which take far less time.

    Args:
        added, in_out: as of ``read_gradients``.
    """
    tolerance = None if tolerance is None else checks.not_negative("tolerance", tolerance)
    learning_rate = None if learning_rate is None else checks.number("learning_rate", learning_rate)
    problem = Problem.of(network, x, y, sample_weight, learning_rate)
    right = problem.network.backward(x, y, sample_weight)
    given = read_gradients(right, gradients, learning_rate, added=added, in_out=in_out)
    if forward is not None:
        given = _with_forward(given, read_gradients(right, forward))
    problem, dropout = with_dropout(problem, _outputs(problem, given))
    given = replace(given, notes=(*given.notes, *dropout))
    claims = list(_claims(problem, given, tolerance, network.dtype == np.float32))
    state = SheetState(problem, Reading(), (), 1.0, exact=True)
    state = mark_sheet(state, diagnose_array if causes else None, claims)
    state.marks = [settled(state, mark) if mark.candidates else mark for mark in state.marks]
    lines = tuple(line_record(state, mark) for mark in state.marks)
    conventions = tuple(Convention(one.id, one.words) for one in given.conventions)
    return Audit(
        "", "Gradients of your code", repr(network), lines, conventions, sizes=network.sizes, notes=given.sentences,
        arrays=True,
    )  # fmt: skip


def upheld(shown: Audit, others: Sequence[Callable[[], Audit]]) -> Audit:
    """Of audits of several networks the one whose causes the others name: what names a size must hold in all.

    Args:
        others: make the audits of other networks with their causes; called only where a cause names a size.
    """
    if not any(OF_SHAPES & set(id.split("+")) for line in shown.lines for id in line.mistakes):
        return shown
    audits = [shown, *(make() for make in others[: MOST_UPHELD - 1])]

    said = [{(line.name, found.words) for line in audit.lines for found in line.found} for audit in audits]

    def agreement(audit: Audit) -> tuple[int, int]:
        first = [(line.name, line.found[0]) for line in audit.lines if line.found]
        by_size = sum(bool(OF_SHAPES & set(found.id.split("+"))) for _, found in first)
        return sum((name, found.words) in other for name, found in first for other in said), -by_size

    return max(audits, key=agreement)


def _with_forward(given: GivenGradients, forward: GivenGradients) -> GivenGradients:
    """Gradients and values of a forward pass as one set.

    Raises:
        InputError: a gradient among the values; a value given twice.
    """
    there = {array.quantity for array in given.arrays}
    for array in forward.arrays:
        if isinstance(array.quantity, Derivative):
            raise InputError("forward", "values of the forward pass: a_1, h_1, yhat, L", f"{array.name}, a gradient")
        if array.quantity in there:
            raise InputError("forward", f"{array.quantity} once", f"{array.name} and again among the gradients")
    return replace(given, arrays=(*forward.arrays, *given.arrays), notes=(*forward.notes, *given.notes))


def _outputs(problem: Problem, given: GivenGradients) -> dict[int, Array]:
    """The outputs of the layers that are given, (n, m)."""
    placed = [(array, node_of(array.quantity, 0, problem.depth)) for array in given.arrays
              if isinstance(array.quantity, Quantity) and not array.quantity.index]  # fmt: skip
    return {node.layer: array.value.reshape(problem.n, -1) for array, node in placed if node.kind == "h"}


def _claims(
    problem: Problem, given: GivenGradients, tolerance: float | None, single_precision: bool
) -> Iterator[LineClaim]:
    """The arrays in the order of a backward pass."""
    reader = Reader(problem, Reading(), 1.0)
    placed = [(array, reader.place(array.quantity)) for array in given.arrays]
    placed.sort(key=lambda one: order(_node(one[1]), problem.depth))
    for number, (array, place) in enumerate(placed, 1):
        precision = array.precision if array.precision != "float64" or not single_precision else "float32"
        line = Line(number, array.name, (Part(_subject(array, problem), Ref(array.quantity)),), "textbook")
        yield LineClaim(line, place, numbers=_numbers(array, precision, tolerance))


def _subject(array: GivenArray, problem: Problem) -> str:
    """The name of the design, in the notation in which it is given: ``δ^2`` stays what it is."""
    try:
        designed = notation.find(array.name, problem.sizes)[0] == array.quantity
    except InputError:
        designed = False
    return array.name if designed else str(array.quantity)


def _node(place: QuantityPlace) -> Node:
    assert place.node is not None
    return place.node


def _numbers(array: GivenArray, precision: str, tolerance: float | None) -> Numbers:
    """An array with twice as much as each entry may be off, as if that were the unit of its last digit."""
    relative = ROUGH.get(precision, RELATIVE) if tolerance is None else tolerance
    floor = relative * (ROUGH_FLOOR if precision in ROUGH and tolerance is None else FLOOR)
    largest = float(np.abs(array.value).max(initial=0.0))
    room = np.maximum(relative * np.abs(array.value), floor * largest) + 1e-300
    if tolerance is None:
        room = room + np.reshape(array.bound if array.bound.shape == array.value.shape else array.bound.T, room.shape)
    return Numbers(array.value, 2 * room, "")
