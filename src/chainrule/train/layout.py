"""The parameter layout: which thread owns which units, and where its parameters lie in the vector of the kernels.

``kernels.passes`` says why it is so.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.network.arrays import Array
from chainrule.network.network import Network

LINE = 64  # bytes that a processor takes from another at once: no two threads' parameters lie in one


class ParameterLayout:
    """A network's parameters shared out among threads, in one vector.

    Attributes:
        cuts: the first unit of each thread in each layer but the last, and the end, (layers, threads + 1).
        offsets: where each layer's parameters begin, (threads, layers).
        count: the length of the vector.
    """

    def __init__(self, network: Network, threads: int) -> None:
        sizes, unit = network.sizes, LINE // network.dtype.itemsize
        self.network = network
        blocks = -(-np.array(sizes[:-1]) // unit)
        cuts = blocks[:, None] * np.arange(threads + 1) // threads * unit
        self.cuts = np.minimum(cuts, np.array(sizes[:-1])[:, None]).astype(np.int64)
        offsets, at = [], 0
        for thread in range(threads):
            of_thread = []
            for i, area in enumerate(self._areas(thread)):
                of_thread.append(at)
                at += area if i < len(sizes) - 2 else whole_lines(area, network.dtype)
            offsets.append(of_thread)
        self.offsets, self.count = np.array(offsets, np.int64), at

    def _areas(self, thread: int) -> Iterator[int]:
        """How many parameters of each layer the thread has."""
        sizes = self.network.sizes
        spans = (self.cuts[:, thread + 1] - self.cuts[:, thread]).tolist()
        for before, span in zip(sizes[:-2], spans[1:], strict=True):
            yield (before + 1) * span
        yield sizes[-1] * spans[-1] + (sizes[-1] if thread == 0 else 0)

    def pack(self, flat: Array) -> Array:
        """From the order of ``Network.flat`` to that of the kernels."""
        theta = aligned(self.count, self.network.dtype)
        for here, there in self._pairs(flat, theta):
            there[...] = here
        return theta

    def unpack(self, theta: Array) -> Array:
        """From the order of the kernels to that of ``Network.flat``."""
        flat = np.empty(self.network.parameter_count, theta.dtype)
        for here, there in self._pairs(flat, theta):
            here[...] = there
        return flat

    def _pairs(self, flat: Array, theta: Array) -> Iterator[tuple[Array, Array]]:
        """The same parameters as views of either vector."""
        start, last = 0, self.network.depth
        for i, (j, m) in enumerate(pairwise(self.network.sizes), 1):
            weights, biases = flat[start : start + m * j].reshape(m, j), flat[start + m * j : start + m * j + m]
            start += (j + 1) * m
            for thread, offset in enumerate(self.offsets[:, i - 1].tolist()):
                first, end = self.cuts[min(i, last - 1), thread : thread + 2].tolist()
                span = end - first
                area = span * (j if i < last else m)
                own = theta[offset : offset + area]
                if i < last:
                    yield weights[first:end], own.reshape(j, span).T
                    yield biases[first:end], theta[offset + area : offset + area + span]
                else:
                    yield weights[:, first:end], own.reshape(m, span)
                    if thread == 0:
                        yield biases, theta[offset + area : offset + area + m]


def whole_lines(count: int, dtype: np.dtype[Any]) -> int:
    """``count`` numbers, rounded up to whole lines of the cache."""
    numbers = LINE // dtype.itemsize
    return -(-count // numbers) * numbers


def aligned(count: int, dtype: np.dtype[Any]) -> Array:
    """Zeros that begin with a line of the cache."""
    raw = np.zeros(count * dtype.itemsize + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    found: Array = raw[start : start + count * dtype.itemsize].view(dtype)
    return found


def rows_for(threads: int, count: int, dtype: np.dtype[Any]) -> Array:
    """A row of at least ``count`` zeros for each thread."""
    width = whole_lines(count, dtype)
    return aligned(threads * width, dtype).reshape(threads, width)
