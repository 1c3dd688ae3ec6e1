"""What the scheduler is asked: functions that it runs."""

from __future__ import annotations

from typing import Any

import distributed


def blame(dask_scheduler: Any, key: Any) -> Any:
    """The task for whose failure another failed."""
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
