"""Before or after the update: ``b_2 = 0.53`` below the gradients is a new value, ``yhat`` below that a second pass."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import numpy as np

from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.claims import LineClaim, QuantityPlace
from chainrule.errors import InputError
from chainrule.network.arrays import Array

_PARAMETERS = ("W", "b")
_FORWARD = ("a", "h", "L")
_GRADIENTS = ("dW", "db", "da", "dh")


def at_its_time(state: SheetState, claim: LineClaim) -> LineClaim:
    """The claim, after an update where the sheet shows that it means the new value."""
    place, numbers = claim.place, claim.numbers
    if place is None or place.node is None or place.time or numbers is None or state.exact:
        return claim
    later = replace(place, time=1, node=place.node._replace(time=1))
    if place.node.kind in _PARAMETERS:
        is_later = not _gives(state, place, claim) and (_gives(state, later, claim) or _is_past_gradients(state, place))
    elif place.node.kind in _FORWARD:
        is_later = (
            _is_past_updates(state)
            and not _gives(state, place, claim)
            and (_gives(state, later, claim) or _was_claimed(state, place) or _is_nearer(state, later, place, claim))
        )
    else:
        return claim
    return replace(claim, place=later) if is_later else claim


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
    return any(m.node is not None and m.node.kind in _GRADIENTS and m.node.layer >= layer for m in state.marks)


def _is_past_updates(state: SheetState) -> bool:
    return any(m.node is not None and m.node.kind in _PARAMETERS and m.node.time for m in state.marks)


def _was_claimed(state: SheetState, place: QuantityPlace) -> bool:
    return any(m.place is not None and m.place.name == place.name and not m.place.time and m.value for m in state.marks)
