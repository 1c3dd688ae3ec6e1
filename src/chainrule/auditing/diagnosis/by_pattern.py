"""What an array looks like, whatever it is of: zeros, rows in other places, entries cut off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from chainrule.auditing.marking.mark import NumberMark
from chainrule.auditing.mistakes.unknowns import told
from chainrule.network.arrays import Array

MOST_TOLD = 6  # rows or entries that are named one by one
CLOSE = 1e-3  # of the largest entry: an array that is nearly right
MOST_DECIMALS = 7  # to which an array may have been rounded


class Pattern(NamedTuple):
    """Something that an array is. ``value``: what it gives for the array; ``tries``: how many were possible."""

    id: str
    words: str
    value: Array
    tries: float = 1.0


def empty(written: NumberMark, units: bool) -> Iterator[Pattern]:
    """All zeros, or whole rows, columns or entries that are 0.

    Args:
        units: it has a row for each example.
    """
    value, off = written.numbers.value, ~written.fits
    if not value.any():
        words = "all zeros: it is never written, nothing goes back to it, or it keeps whole numbers only"
        yield Pattern("all_zeros", words, value)
    elif not value[off].any() and not _whole_rows(off) and units:
        words = f"{places(off)} 0 that should not be: a mask or a dropout that the network does not have"
        yield Pattern("masked", words, value)
    elif not value[off].any():
        yield Pattern("never_written", f"{places(off)} 0: never written{_by_loop(off)}", value)


def _by_loop(off: Array) -> str:
    """Which loop leaves out just these rows or columns."""
    for axis in range(off.ndim):
        others = tuple(other for other in range(off.ndim) if other != axis)
        left = np.atleast_1d(off.all(axis=others))
        if left.all() or (np.atleast_1d(off.any(axis=others)) != left).any():
            continue
        which = np.flatnonzero(left)
        is_run = len(which) == which[-1] - which[0] + 1
        if is_run and which[0] == 0:
            return ", as by a loop that starts too late"
        if is_run and which[-1] == len(left) - 1:
            return ", as by a loop that ends too early"
        if len(which) > 1 and not np.ptp(np.diff(which)) and which[1] - which[0] == 2:
            return ", as by a loop in steps of 2"
    return ""


def moved(written: NumberMark, due: Array) -> Iterator[Pattern]:
    """The entries due, at other places or changed one by one."""
    value, unit = written.numbers.value, written.numbers.unit
    if due.shape != value.shape or value.size < 2:
        return
    for axis, name in enumerate(("rows", "columns")[: due.ndim]):
        if (order := _order(value, due, unit, axis)) is not None:
            name = "entries" if due.ndim == 1 else name
            shown = ", ".join(str(int(one) + 1) for one in order[:12]) + (", …" if len(order) > 12 else "")
            words = f"the {name} stand in another order: {shown}"
            yield Pattern(f"{name}_moved", words, np.take(due, order, axis), float(len(order)) ** 2)
    for axis, name in ((1, "row"), (0, "column")):
        if due.ndim == 2 and due.shape[axis] > 1:
            size = np.sqrt((due**2).sum(axis, keepdims=True))
            words = f"each {name} is scaled to the norm 1"
            yield Pattern("normalised", words, due / np.where(size, size, 1.0), 2.0)
    if (value.astype(np.float16) == value).all():
        yield Pattern("half_precision", "it is rounded to half precision (float16)", due.astype(np.float16) * 1.0, 3.0)
    top = float(np.abs(value).max())
    if int(((np.abs(due) > top * (1 + 1e-6)) & (np.abs(value) == top)).sum()) > 1:
        words = f"entries beyond {told(top)} are cut off: the gradient is clipped"
        yield Pattern("clipped", words, np.clip(due, -top, top), float(value.size))
    for decimals in range(1, MOST_DECIMALS):
        if (np.round(value, decimals) == value).all():
            words = f"it is rounded to {decimals} decimal{'s' if decimals > 1 else ''}"
            yield Pattern("rounded_off", words, np.round(due, decimals), 3.0)
            break


def _order(value: Array, due: Array, unit: Array, axis: int) -> list[int] | None:
    """Which row of what is due stands at each place; None where they are not the same rows."""
    mine, right = (np.moveaxis(array, axis, 0).reshape(array.shape[axis], -1) for array in (value, due))
    room = np.moveaxis(unit, axis, 0).reshape(mine.shape)
    if len(mine) < 2 or len(mine) > 2000:
        return None
    left, order = list(range(len(right))), list[int]()
    for row, near in zip(mine, room, strict=True):
        close = [i for i in left if (np.abs(right[i] - row) <= near).all()]
        if not close:
            return None
        best = close[0] if len(order) not in close else len(order)
        order.append(best)
        left.remove(best)
    return order if order != sorted(order) else None


def _whole_rows(off: Array) -> bool:
    """Whether these are whole rows or columns."""
    return off.ndim == 2 and any(bool((off.any(axis) == off.all(axis)).all()) for axis in (0, 1))


def places(off: Array) -> str:
    """Which entries these are, as the subject of a sentence with its verb."""
    if off.ndim == 2 and off.all(axis=None):
        return "all entries are"
    for axis, name in ((1, "row"), (0, "column")):
        if off.ndim != 2 or off.shape[axis] == 1:
            continue
        whole = off.all(axis=axis)
        if (off.any(axis=axis) == whole).all():
            return _are(np.flatnonzero(whole), name)
    if off.ndim == 1 or 1 in off.shape:
        return _are(np.flatnonzero(off), "entry")
    count = int(off.sum())
    if count <= MOST_TOLD:
        each = " and ".join(f"({', '.join(str(i + 1) for i in at)})" for at in np.argwhere(off))
        return f"{'entry' if count == 1 else 'entries'} {each} {'is' if count == 1 else 'are'}"
    return f"{count} entries are"


def _are(which: Array, name: str) -> str:
    plural = "entries" if name == "entry" else f"{name}s"
    if len(which) == 1:
        return f"{name} {int(which[0]) + 1} is"
    if len(which) > MOST_TOLD:
        return f"{len(which)} {plural} are"
    return f"{plural} {' and '.join(str(int(i) + 1) for i in which)} are"


def observed(written: NumberMark, due: Array) -> str:
    """What can be said of a wrong array that no known mistake gives: where it is wrong, or how; "" for nothing."""
    off, value, room = ~written.fits, written.numbers.value, written.numbers.unit / 2
    if not off.all() and off.sum() <= off.size / 2:
        return f"{places(off)} wrong, and no other"
    if due.shape == value.shape and value.size > 2:
        orders = np.argsort(due, axis=None), np.argsort(value, axis=None)
        if (np.abs(due.ravel()[orders[0]] - value.ravel()[orders[1]]) <= room.ravel()[orders[1]]).all():
            return "its entries are those that are due, at other places"
    largest = float(np.abs(due).max(initial=0.0))
    gap = float(np.abs(value - due).max(initial=0.0)) if due.shape == value.shape else np.inf
    if largest and gap <= CLOSE * largest:
        return (
            f"every entry is within {gap / largest:.1e} of the largest, as in numerical differentiation or rounded "
            "arithmetic"
        )
    for axis, name in ((1, "row"), (0, "column")):
        if due.ndim == 2 and due.shape == value.shape and due.shape[axis] > 1 and due.shape[1 - axis] > 1:
            size = (due**2).sum(axis, keepdims=True)
            ratio = (due * value).sum(axis, keepdims=True) / np.where(size, size, 1.0)
            if (np.abs(ratio * due - value) <= room).all():
                each = ", ".join(f"{one:.4g}" for one in np.ravel(ratio)[:MOST_TOLD])
                what = "the unit's own factor is wrong, not its inputs" if axis else "the input is wrong, not the error"
                return f"each {name} is what is due times a number of its own ({each}, …): {what}"
    return ""
