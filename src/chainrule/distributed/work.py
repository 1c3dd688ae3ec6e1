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
from dask.highlevelgraph import HighLevelGraph

from chainrule.distributed.blocks import Halves, RowBlocks
from chainrule.distributed.graphs import Layer, done, layers_of
from chainrule.distributed.scheduler import blame, in_hand
from chainrule.distributed.summary import add
from chainrule.errors import InputError

TIMEOUT = 600.0  # seconds without anything done, and nobody at work, after which waiting ends
SMALL = 32  # results that are added in one task, where they are small
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
        layer = Layer(f"send-{self._token()}")
        layer.add(layer.name, _value, Holder(value))
        [future] = self._start(layer.graph(), layer.keys)
        self._kept.append(future)
        return done(future)

    def keep(self, *given: RowBlocks) -> list[RowBlocks]:
        """Keep the rows on the workers, neighbours together; what is lost there is made again, anywhere."""
        seats = [address for address, threads in sorted(self.client.nthreads().items()) for _ in range(threads)]
        chosen: dict[str | None, list[str]] = {}
        for blocks in given:
            order = Halves(blocks.rows)
            for i, task in enumerate(blocks.tasks):
                chosen.setdefault(seats[order.seat(i, len(seats))] if seats else None, []).append(task.key)
        whole = layers_of([task for blocks in given for task in blocks.tasks])
        kept: dict[str, Any] = {}
        for address, keys in chosen.items():
            kept |= dict(zip(keys, self._start(whole, keys, address), strict=True))
        self._kept += kept.values()
        return [RowBlocks(tuple(done(kept[task.key]) for task in blocks.tasks), blocks.rows, True) for blocks in given]

    def let_go(self, blocks: RowBlocks) -> None:
        """Keep rows no longer, once what is made of them is there."""
        gone = set(distributed.futures_of(list(blocks.tasks)))
        for future in gone:
            future.release()
        self._kept = [future for future in self._kept if future not in gone]

    def map(self, what: str, function: Callable[..., Any], parts: Sequence[Any], *arguments: Any) -> tuple[Any, ...]:
        """A task for each part, nothing computed yet; a part may be a list of tasks."""
        layer = Layer(f"{what}-{self._token()}")
        for i, part in enumerate(parts):
            layer.add(f"{layer.name}-{i}", function, part, *arguments)
        return layer.tasks()

    def _start(self, graph: HighLevelGraph, keys: Sequence[str], near: str | None = None) -> list[Any]:
        """Futures of some tasks of a graph, which go to one worker as long as it is there."""
        where: dict[str, Any] = {} if near is None else {"workers": [near], "allow_other_workers": True}
        with _large_graphs():
            found: list[Any] = self.client.get(graph.cull(set(keys)), list(keys), sync=False, **where)
        return found

    # ------------------------------------------------------------ a pass

    def total(
        self, what: str, function: Callable[..., Any], blocks: RowBlocks, *arguments: Any, fan: int = 2
    ) -> Any:  # fmt: skip
        """The sum over blocks of ``function(block, *arguments)``, added in an order that their rows alone fix.

        A worker adds those that it holds, as far as they are neighbours in that order. The tasks are pure and bound to
        no worker: one that is lost is done again elsewhere, with the same result.

        Args:
            fan: how many neighbours one task adds: two of what is large.
        """
        layer = Layer(f"{what}-{self._token()}")
        given = [self._given(layer, i, value) for i, value in enumerate(arguments)]
        order, holders, leaves = Halves(blocks.rows), self.holders(blocks), dict[str, int]()
        share = 1.25 / max(1, sum(self.client.nthreads().values())) if blocks.kept else 0.0

        def leaf(first: int, last: int) -> str:
            how = Holder((function, order.tree(first, last), first))
            key = layer.add(f"{layer.name}-{first}-{last}", _summed, how, given, *blocks.tasks[first:last])
            leaves[key] = last - first
            return key

        def task(first: int, last: int) -> str:
            of_one = len(set(holders[first:last])) == 1 and holders[first] and order.weight(first, last) <= share
            if last - first == 1 or of_one:
                return leaf(first, last)
            name, middle = f"add-{layer.name}-{first}-{last}", order.middle(first, last)
            if 2 < last - first <= fan:
                own = [leaf(i, i + 1) for i in range(first, last)]
                return layer.add(name, _summed, Holder((_same, order.tree(first, last), first)), [], *own)
            return layer.add(name, add, task(first, middle), task(middle, last))

        return self._result(what, layer, task(0, len(blocks)), leaves)

    def together(self, what: str, function: Callable[..., Any], calls: Sequence[tuple[str, Sequence[Any]]]) -> Any:
        """Tasks that work with each other, each on its worker as long as that is there; the value of the first.

        Args:
            calls: of each the worker's address and the function's arguments.
        """
        layer = Layer(f"{what}-{self._token()}")
        for i, (_, arguments) in enumerate(calls):
            layer.add(f"{layer.name}-{i}", function, *arguments)
        near = {key: [address] for key, (address, _) in zip(layer.keys, calls, strict=True)}
        leaves = dict.fromkeys(layer.keys, 1)
        first = layer.add(f"first-{layer.name}", _first, list(layer.keys))
        return self._result(what, layer, first, leaves, near)

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

    def _given(self, layer: Layer, place: int, value: Any) -> Any:
        """An argument as tasks take it: what is on the cluster and what is small as it is, all else sent once."""
        if dask.is_dask_collection(value) or value is None or isinstance(value, (bool, int, float, str)):
            return value
        return layer.add(f"send-{layer.name}-{place}", _value, Holder(value))

    def holders(self, blocks: RowBlocks) -> list[str]:
        """The worker that has each block; empty texts where none has it yet."""
        if not blocks.kept:
            return [""] * len(blocks)
        found = self.client.who_has(distributed.futures_of(list(blocks.tasks)))
        return [min(found.get(task.key, ()), default="") for task in blocks.tasks]

    def _result(
        self, what: str, layer: Layer, total: str, counts: dict[str, int], near: dict[str, list[str]] | None = None
    ) -> Any:
        """The value of one task, waited for as long as anything is done or at work.

        Args:
            counts: keys of the tasks that make progress, and how much.
            near: the workers to which tasks go as long as they are there.
        """
        graph = layer.graph()
        if near:
            graph.layers[layer.name].annotations = {
                "workers": lambda key: near.get(key), "allow_other_workers": lambda key: key in near
            }  # fmt: skip
        *parts, future = self._start(graph, [*counts, total])
        counts, waiting, done, began = dict(counts), {*parts, future}, 0, time.monotonic()
        del parts
        try:
            while not future.done():
                try:
                    for each in distributed.as_completed(waiting, loop=self.client.loop, timeout=self.timeout):
                        if each.status != "finished":
                            return self._value(what, each)
                        waiting.discard(each)
                        done += counts.pop(each.key, 0)
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
            blamed = self.client.run_on_scheduler(blame, key=key)
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


@dataclass(frozen=True, eq=False)
class Holder:
    """A value within a graph, in which nobody looks for tasks."""

    value: Any


def _same(value: Any) -> Any:
    return value


def _value(holder: Holder) -> Any:
    return holder.value


def _first(values: Sequence[Any]) -> Any:
    return values[0]


def _summed(how: Holder, given: Sequence[Any], *blocks: Any) -> Any:
    """On a worker: the sum of a function of neighbouring blocks, in an order."""
    function, order, first = how.value

    def total(order: Any) -> Any:
        if isinstance(order, int):
            return function(blocks[order - first], *given)
        left, right = order
        return total(left) + total(right)

    return total(order)


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
