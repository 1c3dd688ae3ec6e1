"""What the threads of one step need of each other: their shares, and a place to meet."""

from __future__ import annotations

from numba import njit

from chainrule.train.kernels.low_level import atomic_add, atomic_read, give_way

ARRIVED, ROUND, ABORTED = 0, 8, 16  # places in ``sync``, each on its own cache line
SPINS = 50_000  # looks at the counter, some 100 microseconds, before others may have the processor


@njit(error_model="numpy", nogil=True)
def meet(sync, threads, pause):
    """Wait until every thread is here. False: a thread will never come."""
    if threads == 1:
        return True
    now = atomic_read(sync, ROUND)
    if atomic_add(sync, ARRIVED, 1) == threads - 1:
        atomic_add(sync, ARRIVED, -threads)
        atomic_add(sync, ROUND, 1)
        return True
    spins = 0
    while atomic_read(sync, ROUND) == now:
        spins += 1
        if spins > SPINS:
            if atomic_read(sync, ABORTED) != 0:
                return False
            give_way(pause)
    return True


@njit(error_model="numpy")
def share(count, part, parts, unit):
    """The part's range of ``count`` things, in multiples of ``unit``."""
    if parts == 1:
        return 0, count
    blocks = (count + unit - 1) // unit
    return min(blocks * part // parts * unit, count), min(blocks * (part + 1) // parts * unit, count)
