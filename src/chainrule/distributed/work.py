"""Asking a cluster: tasks under names that say what they do, sums in a fixed order, and a bounded wait."""

from __future__ import annotations

import signal
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Self

import dask
import distributed

from chainrule.distributed.blocks import Blocks, Halves
from chainrule.distributed.summary import add
from chainrule.errors import InputError

TIMEOUT = 600.0  # seconds without anything done, and nobody at work, after which waiting ends
ANSWER = 30.0  # seconds that a scheduler has to answer


class ClusterError(OSError):
    """The cluster does not answer: what was waited for, how long, and who is there."""


@dataclass(frozen=True)
class PassProgress:
    """How far a pass over the partitions is: what it does, how many are done, of how many, rows a second."""

    what: str
    done: int
    count: int
    speed: float


@dataclass(eq=False)
class Work:
    """A cluster at work for one fit; what it keeps there is let go of when its context ends.

    Attributes:
        timeout: seconds without any task done, and none in the hands of a worker that answers, after which a wait ends
            with a ``ClusterError``.
        on_part: told how far a pass is while it goes on.
        rows: of all partitions, once that is known.
    """

    client: distributed.Client
    timeout: float = TIMEOUT
    on_part: Callable[[PassProgress], None] | None = None
    rows: int = 0
    _passes: int = field(default=0, init=False)
    _address: str = field(default="", init=False)
    _name: str = field(default="", init=False)
    _kept: list[Any] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._address = self.client.scheduler.address
        self._name = dask.base.tokenize(id(self), time.time_ns())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all that is kept on the cluster, whoever still has these records: a traceback may."""
        for future in self._kept:
            future.release()
        self._kept.clear()

    # ------------------------------------------------------------ what stays on the cluster

    def send(self, value: Any) -> Any:
        """A value that travels once: the result of a task, which the scheduler can make again if a worker dies."""
        return self._persisted([self._sent("send", self._token(), value)])[0]

    def keep(self, *given: Blocks) -> list[Blocks]:
        """Keep the rows on the workers, neighbours together; what is lost there is made again, anywhere."""
        seats = [address for address, threads in sorted(self.client.nthreads().items()) for _ in range(threads)]
        chosen: dict[str | None, list[tuple[int, int]]] = {}
        for which, blocks in enumerate(given):
            order = Halves(blocks.rows)
            for i in range(len(blocks)):
                chosen.setdefault(seats[order.seat(i, len(seats))] if seats else None, []).append((which, i))
        kept = [list(blocks.tasks) for blocks in given]
        for address, places in chosen.items():
            tasks = self._persisted([given[which].tasks[i] for which, i in places], address)
            for (which, i), task in zip(places, tasks, strict=True):
                kept[which][i] = task
        return [Blocks(tuple(tasks), blocks.rows, True) for tasks, blocks in zip(kept, given, strict=True)]

    def let_go(self, blocks: Blocks) -> None:
        """Keep rows no longer, once what is made of them is there."""
        gone = set(distributed.futures_of(list(blocks.tasks)))
        for future in gone:
            future.release()
        self._kept = [future for future in self._kept if future not in gone]

    def _persisted(self, tasks: Sequence[Any], near: str | None = None) -> tuple[Any, ...]:
        """Tasks whose results stay, on one worker as long as it is there."""
        where = {} if near is None else {"workers": [near], "allow_other_workers": True}
        with _large_graphs():
            kept = self.client.persist(list(tasks), **where)
        self._kept += distributed.futures_of(kept)
        return tuple(kept)

    def map(self, what: str, function: Callable[..., Any], parts: Sequence[Any], *arguments: Any) -> tuple[Any, ...]:
        """A task for each part, nothing computed yet; a part may be a list of tasks."""
        token, work = self._token(), dask.delayed(function, pure=False)
        return tuple(work(part, *arguments, dask_key_name=f"{what}-{token}-{i}") for i, part in enumerate(parts))

    # ------------------------------------------------------------ a pass

    def total(self, what: str, function: Callable[..., Any], blocks: Blocks, *arguments: Any) -> Any:
        """The sum over blocks of ``function(block, *arguments)``, added in an order that their rows alone fix.

        A worker adds those that it holds, as far as they are neighbours in that order. The tasks are pure and bound to
        no worker: one that is lost is done again elsewhere, with the same result.
        """
        token = self._token()
        given = [self._given(f"send-{what}", f"{token}-{i}", value) for i, value in enumerate(arguments)]
        order, holders = Halves(blocks.rows), self.holders(blocks)
        share = 1.25 / max(1, sum(self.client.nthreads().values())) if blocks.kept else 0.0
        summed, plus = dask.delayed(_summed, pure=False), dask.delayed(add, pure=False)
        leaves: list[tuple[Any, int]] = []

        def tree(first: int, last: int) -> Any:
            """The order of the additions of a range: a place among them, or two orders."""
            if last - first == 1:
                return first
            middle = order.middle(first, last)
            return tree(first, middle), tree(middle, last)

        def task(first: int, last: int) -> Any:
            together = last - first == 1 or (
                order.weight(first, last) <= share and len(set(holders[first:last])) == 1 and holders[first]
            )
            if together:
                own = blocks.tasks[first:last]
                made = summed(function, tree(first, last), first, given, *own, dask_key_name=f"{what}-{token}-{first}")
                leaves.append((made, last - first))
                return made
            middle = order.middle(first, last)
            name = f"add-{what}-{token}-{first}-{last}"
            return plus(task(first, middle), task(middle, last), dask_key_name=name)

        return self._result(what, task(0, len(blocks)), leaves)

    def together(self, what: str, function: Callable[..., Any], calls: Sequence[tuple[str, Sequence[Any]]]) -> Any:
        """Tasks that work with each other, each on its worker as long as that is there; the value of the first.

        Args:
            calls: of each the worker's address and the function's arguments.
        """
        token, leaves = self._token(), []
        for i, (address, arguments) in enumerate(calls):
            given = [self._given(f"send-{what}", f"{token}-{i}-{j}", value) for j, value in enumerate(arguments)]
            with dask.annotate(workers=[address], allow_other_workers=True):
                name = f"{what}-{token}-{i}"
                leaves.append((dask.delayed(function, pure=False)(*given, dask_key_name=name), 1))
        first = dask.delayed(_first, pure=False)([leaf for leaf, _ in leaves], dask_key_name=f"first-{what}-{token}")
        return self._result(what, first, leaves)

    def on_worker(self, address: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """What a function gives on a worker, beside its tasks.

        Raises:
            ClusterError: it does not answer.
        """
        try:
            return self.client.run(function, *arguments, workers=[address])[address]
        except (OSError, KeyError, ValueError) as error:
            raise ClusterError(f"the worker {address} does not answer ({error})") from None

    def on_all(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Call a function on all workers, without waiting for them."""
        with suppress(Exception):
            self.client.run(function, *arguments, wait=False)

    def _token(self) -> str:
        self._passes += 1
        return f"{self._name}-{self._passes}"

    def _given(self, what: str, token: str, value: Any) -> Any:
        """An argument as tasks take it: what is on the cluster and what is small as it is, all else sent once."""
        if dask.is_dask_collection(value) or value is None or isinstance(value, (bool, int, float, str)):
            return value
        return self._sent(what, token, value)

    def _sent(self, what: str, token: str, value: Any) -> Any:
        return dask.delayed(_same, pure=False)(value, dask_key_name=f"{what}-{token}")

    def holders(self, blocks: Blocks) -> list[str]:
        """The worker that has each block; empty texts where none has it yet."""
        if not blocks.kept:
            return [""] * len(blocks)
        found = self.client.who_has(distributed.futures_of(list(blocks.tasks)))
        return [min(found.get(task.key, ()), default="") for task in blocks.tasks]

    def _result(self, what: str, total: Any, leaves: Sequence[tuple[Any, int]]) -> Any:
        with _large_graphs():
            *parts, future = self.client.compute([*(leaf for leaf, _ in leaves), total], optimize_graph=False)
        counts = {leaf.key: count for leaf, count in leaves}
        waiting, done, began = {*parts, future}, 0, time.monotonic()
        del parts
        try:
            while not future.done():
                try:
                    for each in distributed.as_completed(waiting, loop=self.client.loop, timeout=self.timeout):
                        waiting.discard(each)
                        done += counts.pop(each.key, 0)
                        if each.status != "finished":
                            return self._value(what, each)
                        if self.on_part is not None:
                            count = done + sum(counts.values())
                            speed = self.rows * done / count / (time.monotonic() - began)
                            self.on_part(PassProgress(what, done, count, speed))
                except TimeoutError:
                    self._check_answers(what, future.key, done, done + sum(counts.values()))
            return self._value(what, future)
        finally:
            with suppress(Exception):
                if not future.done():
                    self.client.cancel([*waiting, future])
            for each in (*waiting, future):
                each.release()

    def _value(self, what: str, future: Any) -> Any:
        if future.status == "finished":
            try:
                return self.client.gather(future, errors="raise")
            except (TimeoutError, distributed.comm.CommClosedError) as error:
                raise ClusterError(f"{what}: the result was lost on the way ({error})") from None
        if future.status == "error":
            failure = future.exception()
            if isinstance(failure, distributed.scheduler.KilledWorker):
                raise ClusterError(
                    f"{what}: the workers that tried {failure.task!r} died each time; they may be short of memory: "
                    "smaller partitions, or persist=False, may help"
                ) from None
            if isinstance(failure, (InputError, ClusterError)):
                raise failure
            words = f"{type(failure).__name__}: {(str(failure).splitlines() or [''])[0]}"
            raise ClusterError(f"{what}: {self._blamed(future.key)} failed: {words}") from failure
        raise ClusterError(f"{what}: the scheduler at {self._address} is gone ({future.status})")

    def _blamed(self, key: Any) -> str:
        """The task for whose failure another failed; of a collection of Dask's its partition, from 1."""
        try:
            blamed = self.client.run_on_scheduler(_blame, key=key)
        except Exception:  # the scheduler has forgotten it, or is gone
            return "a task"
        if isinstance(blamed, tuple) and len(blamed) > 1 and isinstance(blamed[1], int):
            return f"partition {blamed[1] + 1} (task {dask.utils.key_split(blamed)!r})"
        return f"task {blamed!r}"

    def _check_answers(self, what: str, key: Any, done: int, count: int) -> None:
        """Raise a ClusterError unless tasks that lead to a key are in the hands of workers that answer."""
        here = f"the scheduler at {self._address} does not answer"
        with suppress(Exception):  # a scheduler that is gone or says nothing
            alive, here = self.client.run_on_scheduler(
                in_hand, key=key, silence=self.timeout, callback_timeout=min(self.timeout, ANSWER)
            )
            if alive:
                return
        raise ClusterError(f"{what}: nothing in {self.timeout:g} s (timeout), {done} of {count} were done; {here}")


@contextmanager
def _large_graphs() -> Any:
    """Weights travel within the tasks on purpose: Dask's advice against it does not apply."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
        yield


def _same(value: Any) -> Any:
    return value


def _first(values: Sequence[Any]) -> Any:
    return values[0]


def _summed(function: Callable[..., Any], order: Any, first: int, given: Sequence[Any], *blocks: Any) -> Any:
    """On a worker: the sum of ``function(block, *given)`` over neighbours, the first of them number ``first``."""
    if isinstance(order, int):
        return function(blocks[order - first], *given)
    left, right = order
    return _summed(function, left, first, given, *blocks) + _summed(function, right, first, given, *blocks)


def _blame(dask_scheduler: Any, key: Any) -> Any:
    return dask_scheduler.tasks[key].exception_blame.key


def in_hand(dask_scheduler: Any, key: Any, silence: float) -> tuple[bool, str]:
    """On the scheduler: whether a task or one that it waits for is at work, and in words who is there.

    At work is what a worker has that was heard of within so many seconds; and what waits in a queue, while any worker
    that was heard of is at work.
    """
    now, seen, ahead = distributed.metrics.time(), {key}, [key]
    workers = list(dask_scheduler.workers.values())
    answering = {worker.address for worker in workers if now - worker.last_seen < silence}
    silent, waits = set(), False
    while ahead:
        task = dask_scheduler.tasks.get(ahead.pop())
        if task is None or task.state in ("memory", "erred"):
            continue
        waits = waits or task.state in ("queued", "no-worker")
        if task.state == "processing":
            address = task.processing_on.address
            if address in answering:
                return True, ""
            silent.add(address)
        found = {each.key for each in task.dependencies} - seen
        seen |= found
        ahead += found
    if not silent and waits and any(worker.processing for worker in workers if worker.address in answering):
        return True, ""
    if silent:
        return False, f"{', '.join(sorted(silent))} does not answer"
    count = len(workers)
    return False, f"{count} {'worker is' if count == 1 else 'workers are'} there"


def client_of(given: Any, workers: int | None = None) -> tuple[distributed.Client, bool]:
    """The client that was given, or the current one, or one of a cluster on the cores here, which is to be closed.

    Raises:
        InputError: something else than a client, or one that is closed.
    """
    if given is None:
        try:
            given = distributed.get_client()
        except ValueError:
            return local_client(workers), True
    if not isinstance(given, distributed.Client):
        raise InputError("client", "a distributed.Client, or None", type(given).__name__)
    if given.asynchronous:
        raise InputError("client", "one that is not asynchronous", "an asynchronous one")
    if given.status != "running":
        raise InputError("client", "one that is connected", given.status)
    return given, False


def local_client(workers: int | None = None) -> distributed.Client:
    """A cluster of processes on the cores here, one thread each.

    They do not hear Ctrl-C, which is for this process: it ends the training, and then them.
    """
    here = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN) if here else None  # what is started now inherits it
    try:
        with dask.config.set({"distributed.scheduler.worker-ttl": "30s"}):
            made = distributed.LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0")
        return distributed.Client(made)
    except RuntimeError as error:
        what = "a script that starts its work under if __name__ == '__main__', or a client of your own"
        raise InputError("client", what, f"workers that do not start ({error})") from None
    finally:
        if here:
            signal.signal(signal.SIGINT, before)
