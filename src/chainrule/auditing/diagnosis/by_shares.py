"""Which examples, or which paths, an array counts: solved from the array itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from chainrule.auditing.marking.mark import NumberMark
from chainrule.auditing.mistakes.code.batches import weighted
from chainrule.auditing.model.claims import QuantityPlace
from chainrule.auditing.model.problem import Node, Problem
from chainrule.auditing.model.replay import Rule
from chainrule.auditing.model.world import World
from chainrule.network.arrays import Array

MOST = 400  # examples or units
SPARE = 2  # entries more than unknowns that must agree
NEAR = 1e-4  # of a share


class Shares(NamedTuple):
    """How often each example counts. ``rule`` replaces the equation of any node that the array comes from."""

    id: str
    words: str
    rule: Rule
    value: Array


def of_examples(problem: Problem, place: QuantityPlace, written: NumberMark, world: World) -> Iterator[Shares]:
    """How often each example counts in an array of parameters, or in rows of a gradient by units."""
    node = place.node
    if node is None or problem.n < 2 or problem.n > MOST or node.kind not in ("dW", "db", "da", "dh"):
        return
    if place.index or written.flipped or place.flip:
        return
    value, room = written.numbers.value, written.numbers.unit
    replay = world.replay(place.time)
    with np.errstate(all="ignore"):
        each = _each(replay.computed(node), None) if node.kind in ("da", "dh") else None
        if each is None:
            errors = replay.get(Node("da", node.layer))
            inputs = replay.get(Node("h", node.layer - 1)) if node.kind == "dW" else None
            each = _each(errors, inputs)
    if each.shape[1:] != value.shape or value.size < problem.n + SPARE:
        return
    shares = _solved(each.reshape(problem.n, -1), value.ravel(), room.ravel())
    if shares is None:
        return
    said = _said(shares, problem.n)
    if said is not None:
        yield Shares(*said, weighted(shares), np.tensordot(shares, each, 1))


def _each(errors: Array, inputs: Array | None) -> Array:
    """What each example gives: (n, …)."""
    if inputs is None:
        return np.asarray(errors)
    return np.asarray(errors[:, :, None] * inputs[:, None, :])


def _solved(each: Array, value: Array, room: Array) -> Array | None:
    """Shares s with s @ each = value, to the room; None where there are none, or more than one."""
    if not np.isfinite(each).all():
        return None
    shares, _, rank, _ = np.linalg.lstsq(each.T, value, rcond=1e-10)
    if rank < len(each):
        return None
    near = np.abs(shares[:, None] - np.round(shares[:, None], 4)) <= NEAR
    tidy = np.where(near[:, 0], np.round(shares, 4), shares)
    for tried in (tidy, shares):
        if (np.abs(tried @ each - value) <= room).all():
            return np.asarray(tried)
    return None


def _said(shares: Array, n: int) -> tuple[str, str] | None:
    """(id, words) of shares that a loop or a slice gives."""
    counted = np.abs(shares) > NEAR
    values = shares[counted]
    if not counted.any() or np.ptp(values) > NEAR * np.abs(values).max():
        repeated = (shares - np.round(shares) == 0).all() and shares.max() <= 3
        if repeated and (shares == 2).sum() <= n / 2:
            return "examples_repeated", f"examples {_list(np.flatnonzero(shares == 2))} count twice"
        return None
    if counted.all():
        return None
    left = np.flatnonzero(~counted)
    here = np.flatnonzero(counted)
    words = (
        f"example{'s' if len(left) > 1 else ''} {_list(left)} of {n} {'are' if len(left) > 1 else 'is'} left out"
        if len(left) <= len(here)
        else f"only example{'s' if len(here) > 1 else ''} {_list(here)} of {n} count{'' if len(here) > 1 else 's'}"
    )
    factor = float(values.mean())
    if abs(factor - 1) > NEAR:
        mean = abs(factor * len(here) / n - 1) <= NEAR
        words += ", and the mean is over these" if mean else f", {factor:.6g} times"
    return "examples_left_out", words


def _list(which: Array) -> str:
    numbers = [int(i) + 1 for i in which]
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]} to {numbers[-1]}"
    return ", ".join(map(str, numbers[:8])) + (", …" if len(numbers) > 8 else "")
