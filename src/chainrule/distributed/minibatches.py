"""Minibatch mode: a step is of one minibatch, which all workers share, as distributed data parallel training has it.

The rows are dealt to shards. A step takes as many rows of each; a worker adds the gradients of the shards that it has,
and the first worker adds what the workers send, in the order of ``Halves`` over the shards, makes the step and sends
the parameters back. Their number depends on the minibatch alone, so the weights are the same to the last bit on any
number of workers. An epoch whose workers were not all there to its end is made again from its beginning.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import distributed
import numpy as np

from chainrule.distributed.blocks import Halves, RowBlocks
from chainrule.distributed.exact import evaluated, same_rows
from chainrule.distributed.links import Door, Link, LostLink, close_all, come, give_up, open_door, welcome
from chainrule.distributed.prepare import ReadyRows
from chainrule.distributed.work import SMALL, ClusterError, Work
from chainrule.network.arrays import Array
from chainrule.network.network import Network
from chainrule.train import blas
from chainrule.train.engine import HealthProbe, Rows, State, StepsResult
from chainrule.train.engines import start_for_gradients
from chainrule.train.order import row_order
from chainrule.train.plain import PlainEngine
from chainrule.train.recipe import Recipe

SHARD_ROWS = 512  # of a step, for which a shard more pays
MOST_SHARDS = 64
TRIES = 20  # of an epoch
PAUSE = 0.1  # seconds before the third try, twice as many before the next: the scheduler is still to see who is gone


def shards_of(batch_size: int) -> int:
    """Into how many shards the rows of minibatches are divided: a power of two, at least 2.

    >>> shards_of(200), shards_of(4096)
    (2, 8)
    """
    count = 2
    while 2 * count <= MOST_SHARDS and batch_size >= 2 * count * SHARD_ROWS:
        count *= 2
    return count


@dataclass(frozen=True)
class Seats:
    """Who works together: the door of the first, and the shards of each, by their places from 0."""

    door: Door
    shards: tuple[tuple[int, ...], ...]

    @property
    def count(self) -> int:
        """Of all shards."""
        return sum(map(len, self.shards))


@dataclass(frozen=True, eq=False)
class MadeSteps:
    """What the first worker tells of its steps: the state after them, and as ``StepsResult`` has it."""

    state: State
    loss: float
    right: int
    rows: int
    failed: int | None


@dataclass(frozen=True, eq=False)
class _Sum:
    """Of losses times weights, weights, rows right and rows (4,); and the gradient."""

    numbers: Array
    grad: Array

    def __add__(self, other: _Sum) -> _Sum:
        return _Sum(self.numbers + other.numbers, self.grad + other.grad)


class _Shards:
    """The shards of one worker: sums over their rows of a step."""

    def __init__(self, parts: dict[int, ReadyRows], count: int, like: Network, recipe: Recipe, epoch: int) -> None:
        self.parts, self.batch = parts, recipe.batch_size // count
        self.engine = start_for_gradients(like.summed(), self.batch, 1)
        self.orders = {
            place: row_order(len(part.learn), recipe.seed, epoch, part.number)
            if recipe.shuffle else np.arange(len(part.learn)) for place, part in parts.items()
        }  # fmt: skip
        self.order = Halves([1] * count)
        self.ranges = list(_ranges(self.order, set(parts), 0, count))

    def sums(self, step: int, theta: Array) -> list[_Sum]:
        """The sum of each range."""
        self.engine.recall(theta)
        return [self._sum(step, *ends) for ends in self.ranges]

    def _sum(self, step: int, first: int, last: int) -> _Sum:
        if last - first > 1:
            middle = self.order.middle(first, last)
            return self._sum(step, first, middle) + self._sum(step, middle, last)
        own = self.parts[first].learn
        chosen = self.orders[first][step * self.batch : (step + 1) * self.batch]
        if not len(chosen):
            return _Sum(np.zeros(4), np.zeros_like(self.engine.snapshot()))
        weight = None if own.weight is None else own.weight[chosen]
        found = self.engine.gradient(Rows(own.x[chosen], own.y[chosen], weight))
        whole = float(len(chosen)) if weight is None else float(weight.sum(dtype=np.float64))
        return _Sum(np.array([found.loss, whole, found.right, len(chosen)], np.float64), found.grad)

    def close(self) -> None:
        self.engine.close()


def work_together(
    seat: int, seats: Seats, state: State | None, how: tuple[Network, Recipe], epoch: int, rates: Array,
    *shards: ReadyRows,
) -> MadeSteps | None:  # fmt: skip
    """On each of the workers: all steps of an epoch; the first, of seat 0, has the state and tells of them.

    Raises:
        LostLink: one of the others is gone.
    """
    with suppress(ValueError, KeyError):  # not within a task
        distributed.secede()  # those that wait for each other leave the worker's threads to others
    like, recipe = how
    parts = dict(zip(seats.shards[seat], shards, strict=True))
    with blas.one_blas_thread(), np.errstate(over="ignore", invalid="ignore"):
        own = _Shards(parts, seats.count, like, recipe, epoch)
        try:
            if state is not None:
                return _lead(own, seats, state, like, recipe, rates)
            _follow(own, seats, seat, like)
            return None
        finally:
            own.close()


def _follow(own: _Shards, seats: Seats, seat: int, like: Network) -> None:
    """Answer each parameters that come with the sums of one's own shards, until there are no more."""
    step, theta = np.zeros(1), np.empty(like.parameter_count, like.dtype)
    link = come(seats.door, np.array([seat], np.int64))
    try:
        while True:
            link.receive(step)
            if step[0] < 0:
                return
            link.receive(theta)
            for found in own.sums(int(step[0]), theta):
                link.send(found.numbers)
                link.send(np.ascontiguousarray(found.grad))
    finally:
        link.close()


def _lead(
    own: _Shards, seats: Seats, state: State, like: Network, recipe: Recipe, rates: Array
) -> MadeSteps:  # fmt: skip
    """Send the parameters, add what comes back, make the step."""
    came = welcome(seats.door, len(seats.shards) - 1, np.zeros(1, np.int64))
    links = {int(told[0]): link for link, told in came}
    try:
        return _steps(own, seats, links, state, like, recipe, rates)
    finally:
        close_all(list(links.values()))


def _steps(
    own: _Shards, seats: Seats, links: dict[int, Link], state: State, like: Network, recipe: Recipe, rates: Array
) -> MadeSteps:  # fmt: skip
    engine = PlainEngine(like, recipe, ())
    engine.restore(state)
    speeds, decays = recipe.optimizer.rates(engine.step, rates), recipe.optimizer.decays(rates)
    ranges = {seat: list(_ranges(own.order, set(seats.shards[seat]), 0, seats.count)) for seat in links}
    lost, right, seen, failed = 0.0, 0, 0, None
    for number in range(len(rates)):
        for link in links.values():
            link.send(np.array([float(number)]))
            link.send(engine.theta)
        terms = dict(zip(own.ranges, own.sums(number, engine.theta), strict=True))
        for seat, link in links.items():
            for ends in ranges[seat]:
                terms[ends] = _Sum(np.empty(4), np.empty_like(engine.theta))
                link.receive(terms[ends].numbers)
                link.receive(terms[ends].grad)
        found = _total(own.order, terms, 0, seats.count)
        total, weight, more, rows = found.numbers.tolist()
        seen, right = seen + int(rows), right + int(more)
        if not weight:
            engine.step += 1
            continue
        penalty = recipe.l2 / weight
        squares = float((engine.theta[engine.weights].astype(np.float64) ** 2).sum()) if penalty else 0.0
        lost += (total / weight + penalty / 2 * squares) * rows
        if not np.isfinite(total):
            failed = number
            break
        engine._update(found.grad / weight, penalty, float(speeds[number]), float(decays[number]))
    for link in links.values():
        link.send(np.array([-1.0]))
    return MadeSteps(engine.state(), lost / max(seen, 1), right, seen, failed)


def _ranges(order: Halves, places: set[int], first: int, last: int) -> Iterator[tuple[int, int]]:
    """The largest ranges of the order of additions whose shards are all among these places."""
    own = [place in places for place in range(first, last)]
    if all(own):
        yield first, last
    elif any(own):
        middle = order.middle(first, last)
        yield from _ranges(order, places, first, middle)
        yield from _ranges(order, places, middle, last)


def _total(order: Halves, terms: dict[tuple[int, int], _Sum], first: int, last: int) -> _Sum:
    known = terms.get((first, last))
    if known is not None:
        return known
    middle = order.middle(first, last)
    return _total(order, terms, first, middle) + _total(order, terms, middle, last)


class MinibatchEngine(PlainEngine):
    """Epochs of minibatches that all workers share."""

    kind = "minibatches"

    def __init__(self, network: Network, recipe: Recipe, work: Work, shards: RowBlocks, classes: bool) -> None:
        """``recipe.batch_size``: as many rows of each shard."""
        super().__init__(network, recipe, ())
        self.work, self.shards, self.classes = work, shards, classes
        self.how, self.sum = work.send((network, recipe)), work.send(network.astype(np.float64).summed())

    def steps(self, rows: Any, order: Array, learning_rates: Array) -> StepsResult:
        """The steps of epoch ``order[0]``, made again where a worker was lost."""
        for attempt in range(TRIES):
            try:
                found = self._together(int(order[0]), learning_rates)
            except LostLink:
                if attempt == TRIES - 1:
                    raise
                time.sleep(PAUSE * attempt)
                continue
            self.restore(found.state)
            if found.failed is None:
                same_rows(found.rows, len(rows))
            loss = float("nan") if found.failed is not None else found.loss
            return StepsResult(loss, found.right, found.failed, HealthProbe.nothing(self.like))
        raise AssertionError

    def _together(self, epoch: int, rates: Array) -> MadeSteps:
        self.work.total("rows", count_rows, self.shards, fan=SMALL)  # all are there, again where a worker was lost
        held: dict[str, list[int]] = {}
        for place, worker in enumerate(self.work.holders(self.shards)):
            held.setdefault(worker, []).append(place)
        workers = sorted(held, key=lambda worker: held[worker])
        secret = secrets.token_hex(16)
        try:
            door: Door = self.work.on_worker(workers[0], open_door, secret)
        except ClusterError as error:  # it was lost since
            raise LostLink(str(error)) from None
        seats = Seats(door, tuple(tuple(held[worker]) for worker in workers))
        state, given = State(self.theta, self.moments, self.step), (self.how, epoch, rates)
        calls = [
            (worker, (seat, seats, None if seat else state, *given, *self.shards.some(held[worker]).tasks))
            for seat, worker in enumerate(workers)
        ]
        try:
            found: MadeSteps = self.work.together("minibatches", work_together, calls)
        except BaseException:
            self.work.on_all(give_up, secret)
            raise
        return found

    def evaluate(self, rows: Any) -> tuple[float, float]:
        """Loss and score of the rows for validation, in float64."""
        return evaluated(self.work, rows.parts, self.theta.astype(np.float64), self.sum, self.classes)


def count_rows(ready: ReadyRows) -> int:
    """How many there are to learn from."""
    return len(ready.learn)
