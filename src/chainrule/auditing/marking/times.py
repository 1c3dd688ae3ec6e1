"""Before or after the update: ``b_2 = 0.53`` below the gradients is a new value, ``yhat`` below that a second pass."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import numpy as np

from chainrule.auditing.marking.passes import goes_on, is_complete
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.claims import LineClaim, QuantityPlace
from chainrule.errors import InputError
from chainrule.formula import tree as t
from chainrule.network.arrays import Array

_PARAMETERS = ("W", "b")
_FORWARD = ("a", "h", "L")
_GRADIENTS = ("dW", "db", "da", "dh")


def at_its_time(state: SheetState, claim: LineClaim) -> LineClaim:
    """The claim, after an update where the sheet shows that it means the new value.

    Where every parameter of the sheet has its new value and a line shows the value of the next pass, the sheet goes on
    with the new parameters from there.
    """
    place, numbers = claim.place, claim.numbers
    if place is None or place.node is None or numbers is None or state.exact:
        return claim
    if place.time:
        return _since_the_last_pass(state, claim) if place.time == 1 or state.updates else claim
    later = _later(place)
    if place.node.kind in _PARAMETERS:
        is_later = not _gives(state, place, claim) and (_gives(state, later, claim) or _is_past_gradients(state, place))
        return replace(claim, place=later) if is_later else claim
    if place.node.kind not in (*_FORWARD, *_GRADIENTS) or not _is_past_updates(state) or _gives(state, place, claim):
        return claim
    shown = _gives(state, later, claim)
    if place.node.kind in _GRADIENTS:
        shown = shown or (_was_claimed(state, place) and _is_nearer(state, later, place, claim))
        if shown and is_complete(state):
            goes_on(state, 1)
        return claim
    shown = shown or _is_nearer(state, later, place, claim)
    if shown and is_complete(state):
        goes_on(state, 1)
        return claim
    return replace(claim, place=later) if shown or _was_claimed(state, place) else claim


def _later(place: QuantityPlace) -> QuantityPlace:
    assert place.node is not None
    return replace(place, time=1, node=place.node._replace(time=1))


def _since_the_last_pass(state: SheetState, claim: LineClaim) -> LineClaim:
    """The claim of a value after updates, these counted from the last pass where the author's count is from the first.

    A parameter that gets another new value without a line between is one update further.
    """
    place = claim.place
    assert place is not None
    assert place.node is not None
    written = claim.line.parts[0].tree
    primes = isinstance(written.item if isinstance(written, t.Transpose) else written, t.Ref) and isinstance(
        getattr(written, "name", None), t.Timed
    )
    time = place.time - state.updates
    if state.updates and primes and time >= 0 and not _gives(state, place, claim):
        node = place.node._replace(time=1 if time == 1 else 0)
        return replace(claim, place=replace(place, time=time, node=node))
    if place.time != 1 or place.node.kind not in _PARAMETERS or primes or _gives(state, place, claim):
        return claim
    before = replace(place, time=0, node=place.node._replace(time=0))
    if state.updates and not claim.line.assigns and _gives(state, before, claim):
        return replace(claim, place=before)
    next_one = replace(place, time=2, node=place.node._replace(time=0))
    again = any(m.place is not None and m.place.name == place.name and m.place.time == 1 for m in state.recent)
    if again and is_complete(state) and _gives(state, next_one, claim):
        goes_on(state, 1)
    return claim


def _gives(state: SheetState, place: QuantityPlace, claim: LineClaim) -> bool:
    """Whether the line's number is the value of a place, to the last digit it has."""
    assert claim.numbers is not None
    return _is_value(state, place, claim.numbers.value, claim.numbers.unit)


def _is_nearer(state: SheetState, one: QuantityPlace, other: QuantityPlace, claim: LineClaim) -> bool:
    """Whether the line's number is nearer to the value of one place than to that of another."""
    assert claim.numbers is not None
    written = claim.numbers.value
    with suppress(InputError):
        gaps = [
            np.abs(np.asarray(state.truth.value(p), dtype=float).reshape(written.shape) - written).max()
            for p in (one, other)
            if np.size(state.truth.value(p)) == written.size
        ]
        return len(gaps) == 2 and bool(gaps[0] < gaps[1] / 2)
    return False


def _is_value(state: SheetState, place: QuantityPlace, value: Array, unit: Array) -> bool:
    with suppress(InputError):
        right = np.asarray(state.truth.value(place), dtype=float)
        for one in (right, right.T):
            if one.size == value.size and (one.ndim < 2 or value.ndim < 2 or one.shape == value.shape):
                gap = np.abs(one.reshape(value.shape) - value)
                if (gap <= 1.5 * unit).all():
                    return True
    return False


def _is_past_gradients(state: SheetState, place: QuantityPlace) -> bool:
    """Whether an earlier line has a gradient of the same layer or one further on."""
    assert place.node is not None
    layer = place.node.layer
    return any(m.node is not None and m.node.kind in _GRADIENTS and m.node.layer >= layer for m in state.recent)


def _is_past_updates(state: SheetState) -> bool:
    return any(m.node is not None and m.node.kind in _PARAMETERS and m.node.time for m in state.recent)


def _was_claimed(state: SheetState, place: QuantityPlace) -> bool:
    return any(
        m.place is not None and m.place.name == place.name and not m.place.time and m.value for m in state.recent
    )
