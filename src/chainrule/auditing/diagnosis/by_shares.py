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
MOST_REPEATED = 30  # examples
RUNNING = (0.9, 0.5, 0.99, 0.999, 0.8, 0.1)  # what is kept of a running mean


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
    value, room = written.numbers.value, written.numbers.unit / 2
    replay = world.replay(place.time)
    with np.errstate(all="ignore"):
        if node.kind in ("da", "dh"):
            each = np.asarray(replay.computed(node))
            found = _rows(each, value.reshape(each.shape), room.reshape(each.shape))
        else:
            errors = replay.get(Node("da", node.layer))
            each = _each(errors, replay.get(Node("h", node.layer - 1)) if node.kind == "dW" else None)
            if each.shape[1:] != value.shape:
                return
            found = _of_parameters(each.reshape(problem.n, -1), value.ravel(), room.ravel(), problem.coefficients)
    for shares in found:
        said = (
            _subset(shares, problem.n)
            or _alike(shares, problem.coefficients)
            or _by_class(shares, problem.y)
            or _repeated(shares)
            or _running(shares)
        )
        if said is not None:
            given = np.tensordot(shares, each, 1) if node.kind in ("dW", "db") else shares[:, None] * each
            yield Shares(*said, weighted(shares), given.reshape(value.shape))


def _rows(right: Array, value: Array, room: Array) -> Iterator[Array]:
    """The one share that each row has of what is due."""
    if right.shape[1] < SPARE:
        return
    size = (right**2).sum(1)
    shares = np.where(size > 0, (right * value).sum(1) / np.where(size > 0, size, 1.0), 1.0)
    tidy = np.where(np.abs(shares - np.round(shares, 4)) <= NEAR, np.round(shares, 4), shares)
    for tried in (tidy, shares):
        if (np.abs(tried[:, None] * right - value) <= room).all():
            yield np.asarray(tried)
            return


def _of_parameters(each: Array, value: Array, room: Array, weights: Array) -> Iterator[Array]:
    """Shares of the examples in an array of parameters: solved, else those tried that people come by."""
    n = len(each)
    if value.size >= n + SPARE and (solved := _solved(each, value, room)) is not None:
        yield solved
    elif value.size > SPARE:
        tried = np.array([*_patterns(n), *(one / weights for one in weights if weights.all())])
        fits = (np.abs(tried @ each - value) <= room).all(axis=1)
        yield from tried[np.flatnonzero(fits)[:1]]


def _patterns(n: int) -> Iterator[Array]:
    """Shares that loops over the examples make: slices, repeated examples, sums not cleared, running means."""
    at = np.arange(n)
    slices = [part for t in range(1, n) for part in (at < t, at >= t)] + [at % 2 == 0, at % 2 == 1]
    yield from (part * scale for part in slices for scale in (1.0, n / max(int(part.sum()), 1), float(n)))
    for running in (n - at * 1.0, at + 1.0):
        yield running
    for kept in RUNNING:
        falling = kept ** (n - 1.0 - at)
        for running in ((1 - kept) * falling, np.where(at == 0, 1.0, 1 - kept) * falling):
            yield running
            yield n * running
    for i in at if n <= MOST_REPEATED else ():
        yield 1.0 - (at == i)
        yield from (1.0 + (at == i) - (at == j) for j in at)


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


def _repeated(shares: Array) -> tuple[str, str] | None:
    """(id, words) of a few examples that count several times, or not at all."""
    other = shares != 1
    if (shares != np.round(shares)).any() or shares.min() < 0 or shares.max() > 3 or 2 * (~other).sum() < len(shares):
        return None
    said: list[str] = []
    for times, words in ((2, "twice"), (3, "three times"), (0, "not at all")):
        which = np.flatnonzero(shares == times)
        if len(which):
            subject = "" if said else f"example{'' if len(which) == 1 else 's'} "
            said.append(f"{subject}{_list(which)} {'counts' if len(which) == 1 else 'count'} {words}")
    return "examples_repeated", ", ".join(said)


def _alike(shares: Array, each: Array) -> tuple[str, str] | None:
    """(id, words) of examples that count alike, or by the square of their weights, where they have weights."""
    if np.ptp(each) <= NEAR * each.max() or not each.all():
        return None
    if np.ptp(shares * each) <= NEAR * np.abs(shares * each).max():
        which = np.flatnonzero(np.abs(each - (shares * each).mean()) <= NEAR * each)
        all_of = f": all count as example {which[0] + 1} does" if len(which) else ""
        return "examples_weighted_alike", f"the weights of the examples are left out{all_of}"
    if np.ptp(shares / each) <= NEAR * np.abs(shares / each).max():
        return "examples_weighted_twice", "the weights of the examples are applied twice"
    return None


def _running(shares: Array) -> tuple[str, str] | None:
    """(id, words) of sums that are never cleared, and of running means, over the examples one after another."""
    n, steps = len(shares), np.diff(shares)
    if n > 2 and shares.all():
        if np.ptp(steps) <= NEAR * np.abs(steps).max() and np.abs(shares).min() <= np.abs(steps).max() * (1 + NEAR):
            ends = ("first", "last") if abs(shares[0]) > abs(shares[-1]) else ("last", "first")
            words = f"the {ends[0]} example counts {n} times as much as the {ends[1]}, those between accordingly"
            return "sum_not_cleared", f"{words}: what is added up is never cleared"
        ratios = shares[2:] / shares[1:-1]
        if np.ptp(ratios) <= NEAR * np.abs(ratios).max() and abs(ratios.mean() - 1) > NEAR and ratios.min() > 0:
            kept = float(1 / ratios.mean())
            words = f"each example counts {kept:.4g} times as much as the one after it"
            return "running_mean", f"{words}: a running mean over the examples"
    return None


def _subset(shares: Array, n: int) -> tuple[str, str] | None:
    """(id, words) of some examples that count alike, and others that do not count."""
    counted = np.abs(shares) > NEAR
    values = shares[counted]
    if not counted.any() or np.ptp(values) > NEAR * np.abs(values).max():
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


def _by_class(shares: Array, y: Array) -> tuple[str, str] | None:
    """(id, words) of shares that depend on the class alone."""
    classes = y.argmax(1) if y.shape[1] > 1 else y[:, 0]
    kinds = np.unique(classes)
    if np.ptp(shares) <= NEAR * np.abs(shares).max() or len(kinds) < 2 or len(kinds) + SPARE > len(shares):
        return None
    means = [shares[classes == one].mean() for one in kinds]
    if any(np.ptp(shares[classes == one]) > NEAR * max(1.0, abs(mean)) for one, mean in zip(kinds, means, strict=True)):
        return None
    each = ", ".join(f"{mean:.4g}" for mean in means)
    return "class_weights", f"examples count by their class: the classes have the weights {each}"


def _list(which: Array) -> str:
    numbers = [int(i) + 1 for i in which]
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]} to {numbers[-1]}"
    return ", ".join(map(str, numbers[:8])) + (", …" if len(numbers) > 8 else "")
