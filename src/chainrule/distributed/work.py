"""Asking a cluster: tasks under names that say what they do, sums in a fixed order, and a bounded wait."""

from __future__ import annotations

import signal
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import dask
import distributed

from chainrule.distributed.summary import add
from chainrule.errors import InputError

LOOK = 0.25  # seconds between two looks at what the cluster has done
TIMEOUT = 600.0  # seconds without a partition done after which waiting ends


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
    """A cluster at work for one fit.

    Attributes:
        timeout: seconds without any partition done after which a wait ends with a ``ClusterError``.
        on_part: told how far a pass is while it goes on.
        rows: of all partitions, once that is known.
    """

    client: distributed.Client
    timeout: float = TIMEOUT
    on_part: Callable[[PassProgress], None] | None = None
    rows: int = 0
    _passes: int = field(default=0, init=False)
    _address: str = field(default="", init=False)
    _topic: str = field(default="", init=False)  # of the events that tell of partitions done

    def __post_init__(self) -> None:
        self._address = self.client.scheduler.address
        self._topic = dask.base.tokenize(id(self), time.time_ns())

    def total(self, what: str, function: Callable[..., Any], parts: Sequence[Any], *arguments: Any) -> Any:
        """The sum over partitions of ``function(part, *arguments)``, added in an order that they alone fix.

        The tasks are pure and bound to no worker: one that is lost is done again elsewhere, with the same result.
        """
        self._passes += 1
        token = f"{self._topic}-{self._passes}"
        # each argument travels once, as the result of a task: the scheduler can make it again if a worker dies
        send = dask.delayed(_same, pure=False)
        given = [send(value, dask_key_name=f"send-{what}-{token}-{i}") for i, value in enumerate(arguments)]
        work = dask.delayed(_reported, pure=False)
        fixed = [(self._topic, token, i, function, part) for i, part in enumerate(parts)]
        sums = [work(*f, *given, dask_key_name=f"{what}-{token}-{i}") for i, f in enumerate(fixed)]
        plus = dask.delayed(add, pure=False)
        level = 0
        while len(sums) > 1:
            pairs = zip(sums[::2], sums[1::2], strict=False)
            added = [plus(a, b, dask_key_name=f"add-{what}-{token}-{level}-{i}") for i, (a, b) in enumerate(pairs)]
            sums, level = added + sums[len(added) * 2 :], level + 1
        return self._result(what, sums[0], token, len(parts))

    def persist(self, parts: Sequence[Any]) -> tuple[Any, ...]:
        """Keep what the tasks give on the workers; what is lost there is made again."""
        with _large_graphs():
            return tuple(self.client.persist(list(parts)))

    def map(self, what: str, function: Callable[..., Any], parts: Sequence[Any], *arguments: Any) -> tuple[Any, ...]:
        """A task a partition, nothing computed yet."""
        self._passes += 1
        token = f"{self._topic}-{self._passes}"
        work = dask.delayed(function, pure=False)
        return tuple(work(part, *arguments, dask_key_name=f"{what}-{token}-{i}") for i, part in enumerate(parts))

    def _result(self, what: str, task: Any, token: str, count: int) -> Any:
        done: set[int] = set()
        heard = [time.monotonic()]

        def hear(event: tuple[Any, Any]) -> None:
            if event[1]["pass"] != token:
                return
            done.add(event[1]["part"])
            heard[0] = time.monotonic()

        self.client.subscribe_topic(self._topic, hear)
        future = None
        try:
            with _large_graphs():
                future = self.client.compute(task, optimize_graph=False)
            began, shown = time.monotonic(), 0
            while True:
                with suppress(distributed.TimeoutError, TimeoutError, distributed.client.FuturesCancelledError):
                    distributed.wait(future, timeout=LOOK)
                if future.done():
                    break
                if self.on_part is not None and len(done) != shown:
                    shown = len(done)
                    speed = self.rows * shown / count / (time.monotonic() - began)
                    self.on_part(PassProgress(what, shown, count, speed))
                if time.monotonic() - heard[0] > self.timeout:
                    raise ClusterError(self._stalled(what, len(done), count))
            return self._value(what, future)
        finally:
            if future is not None and not future.done():
                with suppress(Exception):
                    future.cancel()
            with suppress(Exception):
                self.client.unsubscribe_topic(self._topic)

    def _value(self, what: str, future: Any) -> Any:
        if future.status == "finished":
            try:
                return self.client.gather(future, errors="raise")
            except (distributed.TimeoutError, TimeoutError, distributed.comm.CommClosedError) as error:
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

    def _stalled(self, what: str, done: int, count: int) -> str:
        here = ""
        with suppress(Exception):
            workers = len(self.client.scheduler_info(n_workers=-1)["workers"])
            here = f"; {workers} {'worker is' if workers == 1 else 'workers are'} there"
        return f"{what}: no partition in {self.timeout:g} s (timeout), {done} of {count} were done{here}"


@contextmanager
def _large_graphs() -> Any:
    """Weights travel within the tasks on purpose: Dask's advice against it does not apply."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
        yield


def _same(value: Any) -> Any:
    return value


def _blame(dask_scheduler: Any, key: Any) -> Any:
    return dask_scheduler.tasks[key].exception_blame.key


def _reported(topic: str, token: str, part: int, function: Callable[..., Any], *arguments: Any) -> Any:
    """The function's value; the client hears that the partition is done."""
    value = function(*arguments)
    with suppress(ValueError):  # outside of a worker there is nobody to tell
        distributed.get_worker().log_event(topic, {"pass": token, "part": part})
    return value


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
