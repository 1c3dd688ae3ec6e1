"""What the threads of one step need of each other: their shares, and a place to meet."""

from __future__ import annotations

from numba import njit

from chainrule.train.kernels.low_level import atomic_add, atomic_read, give_way

LINE = 8  # numbers of ``sync`` that a line of the cache holds
ABORTED = 0  # the place in ``sync``; each thread has the first of a line of its own after it
SPINS = 50_000  # looks at a counter, some 100 microseconds, before others may have the processor


@njit(error_model="numpy", nogil=True)
def meet(sync, thread, threads, pause):
    """Wait until every thread is here. False: a thread will never come.

    Each counts its own meetings and looks at the others' counts, so that a line of the cache goes from one to another
    once.
    """
    if threads == 1:
        return True
    now = atomic_add(sync, (thread + 1) * LINE, 1) + 1
    for other in range(1, threads + 1):
        spins = 0
        while atomic_read(sync, other * LINE) < now:
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
