"""``explain``: any quantity of a network, by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.explanation.back import BackBuilder
from chainrule.explanation.check import numerical_check
from chainrule.explanation.jacobian import JacobianBuilder, check_units, units_to_check
from chainrule.explanation.records import Contribution, Explanation, Step
from chainrule.explanation.steps import StepsBuilder
from chainrule.formula.tree import is_matrix, refs
from chainrule.network import names
from chainrule.network.backward import Backward, backward
from chainrule.network.forward import Forward, forward
from chainrule.network.jacobians import check_order
from chainrule.network.names import NOTATIONS, Derivative, Name, Notation, Quantity
from chainrule.network.network import Network


def explain(
    network: Network, x: Any, y: Any, name: str | Name, notation: Notation | None = None, *,
    sample_weight: Any = None, shortcuts: bool = True, full: bool = False, example: int | None = None,
) -> Explanation:  # fmt: skip
    """Where a quantity comes from, from the output layer back to it.

    Args:
        network, x, y, sample_weight: as for ``Network.backward``; one example or a batch. ``y`` may be None
            where the question does not need it (``a_21``, ``dyhat_1/da_21``).
        name: a derivative (``dL/dW_212``, ``dL/dh_1``, ``dyhat_1/da_21``; whole, the Jacobian ``dyhat/da_2``) or a
            value (``a_21``, ``yhat_1``, ``L``); as text, or as it was read.
        notation: ``textbook`` or ``delta``; None takes that of ``name``.
        shortcuts: False takes the long way through the output's Jacobian.
        full: show every term of long sums and every entry of large arrays.
        example: of a batch, the example (from 1) that the steps explain; None takes the one that adds most.

    Raises:
        InputError: an unknown name, input that does not fit.

    >>> net = cr.Network([[[1.0, 2.0], [0.0, -1.0]], [[1.0, -1.0]]], [[0.0, 0.0], [0.5]], "relu", "identity",
    ...                  "half_squared_error")
    >>> found = cr.explain(net, [1.0, 1.0], [1.0], "dL/dW_112")
    >>> for step in found.steps[-2:]:
    ...     print(step.name, "=", step.symbolic, "=", step.substituted, "=", step.result)
    dL/da_11 = dL/dh_11*dh_11/da_11 = 2.5*1 = 2.5
    dL/dW_112 = dL/da_11*x_2 = 2.5*1 = 2.5
    """
    quantity, written = names.find(name, network.sizes)
    way = notation or written
    if way not in NOTATIONS:
        raise InputError("notation", " or ".join(NOTATIONS), repr(notation))
    _check_question(quantity, network.depth)
    b = _passes(forward(network, x), y, sample_weight, quantity, shortcuts)
    contributions, chosen = _contributions(b, quantity, example)
    one = b if chosen is None else _single(b, chosen - 1, shortcuts)
    steps, check = _steps(one, quantity, way, full)
    value = b[names.to_text(quantity)]
    if way == "delta" and isinstance(value, np.ndarray) and is_matrix(quantity):
        value = value.swapaxes(-1, -2)
    used = one.shortcut if isinstance(quantity, Derivative) and quantity.of.symbol == "L" else None
    uses = bool(used) and any("shortcut" in step.note for step in steps)
    label = f"{used.output} with {used.loss}" if used and uses else ""
    given = tuple(_given(one, steps))
    coefficient = 1.0 if chosen is None else float(b.coefficients[chosen - 1])
    batch = (contributions, chosen, coefficient)
    return Explanation(network, quantity, value, steps, given, way, *batch, check, label, full)


def _check_question(quantity: Name, depth: int) -> None:
    if isinstance(quantity, Derivative):
        if quantity.of.symbol == "L":
            return
        check_order(quantity, depth)
        if not quantity.of.index and quantity.wrt.index:
            one = Quantity(quantity.of.symbol, quantity.of.layer, (1,))
            raise InputError(
                f"name {quantity}", f"the derivative of one unit, such as d{one}/d{quantity.wrt}", "all units"
            )
    elif quantity.symbol in ("W", "b", "x", "y"):
        raise InputError(
            f"name {quantity}", "a derivative, or a value that is computed (a_i, h_i, yhat, L)", "a given number"
        )


def _passes(f: Forward, y: Any, sample_weight: Any, quantity: Name, shortcuts: bool) -> Backward:
    """The backward pass; for a question that needs no targets, one of targets that stand for them."""
    needs_y = isinstance(quantity, Quantity) and quantity.symbol == "L"
    needs_y |= isinstance(quantity, Derivative) and quantity.of.symbol == "L"
    if y is None and not needs_y:
        y = np.zeros((f.n, f.network.sizes[-1]))
        y = y[0] if f.single else y
    return backward(f, y, sample_weight, shortcuts=shortcuts)


def _single(b: Backward, row: int, shortcuts: bool) -> Backward:
    """The pass of one example of a batch, with the coefficient that it has in the batch's loss."""
    alone = forward(b.forward.network.summed(), b.forward.x[row])
    return backward(alone, b.y[row], b.coefficients[row : row + 1], shortcuts=shortcuts)


def _contributions(b: Backward, quantity: Name, example: int | None) -> tuple[tuple[Contribution, ...], int | None]:
    """What each example adds, largest first, and the example to explain."""
    if b.forward.single:
        if example not in (None, 1):
            raise InputError("example", "1: there is one example", str(example))
        return (), None
    n = b.forward.n
    if n == 0 or (example is not None and not 1 <= example <= n):
        raise InputError("example", f"a number from 1 to {n}", "an empty batch" if n == 0 else str(example))
    each = _each(b, quantity)
    if each is None:
        return (), example or 1
    if isinstance(quantity, Derivative) and not quantity.wrt.index:
        return (), example or int(np.argmax(each)) + 1
    order = np.argsort(-np.abs(each), kind="stable")
    found = tuple(Contribution(int(i) + 1, float(each[i])) for i in order)
    return found, example or found[0].example


def _each(b: Backward, quantity: Name) -> Any:
    """What each example adds to a number that is summed over the batch, and the size of what it adds to an array.

    None for a quantity of which each example has its own.
    """
    if quantity == names.LOSS:
        return b.coefficients * b.example_losses
    if not isinstance(quantity, Derivative) or quantity.of.symbol != "L" or quantity.wrt.symbol not in "Wb":
        return None
    i = quantity.wrt.layer or 0
    if not quantity.wrt.index:
        size = np.linalg.norm(b.grad_a[i - 1], axis=1)
        return size * np.linalg.norm(b.forward.h[i - 1], axis=1) if quantity.wrt.symbol == "W" else size
    grad = b.grad_a[i - 1][:, quantity.wrt.index[0] - 1]
    return grad * b.forward.h[i - 1][:, quantity.wrt.index[1] - 1] if quantity.wrt.symbol == "W" else grad


def _steps(one: Backward, quantity: Name, way: Notation, full: bool) -> tuple[tuple[Step, ...], Any]:
    if isinstance(quantity, Quantity):
        builder = StepsBuilder(one, way, full, whole=not quantity.is_component)
        builder.forward(quantity)
        return tuple(builder.steps), None
    if quantity.of != names.LOSS and not quantity.of.index:
        return _jacobian_steps(one, quantity, way, full)
    back = BackBuilder(one, way, full, not quantity.wrt.is_component, quantity.of)
    back.need(quantity.wrt)
    value = back.steps[-1].value
    return tuple(back.steps), numerical_check(one, quantity, value, way)


def _jacobian_steps(one: Backward, quantity: Derivative, way: Notation, full: bool) -> tuple[tuple[Step, ...], Any]:
    """The steps of a whole Jacobian, checked at some of its rows."""
    builder = JacobianBuilder(one, way, full, quantity.of)
    builder.need(quantity.wrt)
    value = one.value(quantity)[0]
    checks = []
    for unit in units_to_check(value):
        name = Derivative(quantity.of.at((unit + 1,)), quantity.wrt)
        row = value[unit].T if way == "delta" and is_matrix(name) else value[unit]
        checks.append(numerical_check(one, name, row, way))
    return tuple(builder.steps), check_units(checks)


def _given(one: Backward, steps: Iterable[Step]) -> Iterable[tuple[Name, Any]]:
    """Vectors of the forward pass and targets that the steps use but do not give."""
    steps = list(steps)
    made = {q.whole for q in (step.quantity for step in steps) if isinstance(q, Quantity)}
    used = {r.whole for step in steps for r in refs(step.tree) if isinstance(r, Quantity)}
    depth = one.forward.network.depth
    order = [Quantity("x")]
    for i in range(1, depth + 1):
        order += [Quantity("a", i), Quantity("h", i)]
    for q in [*order, Quantity("yhat"), Quantity("y")]:
        if q in used and q not in made:
            yield q, one[names.to_text(q)]
