"""Which factor of a product is right, where no mistake is known: seen from the rows and columns that it can have."""

from __future__ import annotations

import numpy as np

from chainrule.auditing.diagnosis.bench import Bench
from chainrule.auditing.mistakes.table import filled_in
from chainrule.auditing.model.problem import Node
from chainrule.network.arrays import Array

ROOM = 10.0  # times the room of an entry: what the sum over a row may be off
FULL = 1e-8  # of the largest singular value: less is none


def right_factor(bench: Bench) -> str:
    """What is right in a wrong dL/dW, as words; "" where that cannot be told.

    Every row of dL/dW is a sum of the inputs of the examples, every column a sum of the gradients of a. With fewer
    examples than inputs, or than units, most arrays are none.
    """
    node = bench.node
    if node.kind != "dW" or bench.place.index or bench.written.flipped or bench.place.flip:
        return ""
    replay = bench.world.replay(bench.place.time)
    inputs, errors = (np.asarray(replay.get(one)) for one in (Node("h", node.layer - 1), Node("da", node.layer)))
    value, room = bench.value, np.broadcast_to(bench.room, bench.value.shape)
    if value.shape != (errors.shape[1], inputs.shape[1]):
        return ""
    by_inputs = _is_spanned(value, inputs, room)
    by_errors = _is_spanned(value.T, errors, room.T)
    if by_inputs == by_errors:
        return ""
    words = (
        "its rows are sums of the inputs <h i-1> of the examples, as they should be: what they are multiplied with, "
        "the gradient of <a i>, is wrong in it"
        if by_inputs
        else "its columns are sums of the gradients of <a i>, as they should be: the inputs <h i-1> are wrong in it"
    )
    return filled_in(words, node.layer, bench.state.notation == "delta")


def _is_spanned(rows: Array, by: Array, room: Array) -> bool:
    """Whether every row is a sum of these, which few are."""
    _, sizes, basis = np.linalg.svd(by, full_matrices=False)
    basis = basis[sizes > FULL * sizes.max(initial=0.0)]
    if not len(basis) or len(basis) >= by.shape[1] or len(rows) < 2:
        return False
    return bool((np.abs(rows - rows @ basis.T @ basis) <= ROOM * room).all())
