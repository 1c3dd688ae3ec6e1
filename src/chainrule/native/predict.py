"""The outputs of many rows by the native library: the forward pass alone, which keeps nothing in between."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.native.library import ACTIVATIONS, Layers, address, library

WORK_PER_THREAD = 10_000_000  # multiplications from which a second thread pays for its start


class Predictor:
    """What the library needs of a network, found once.

    Args:
        weights, biases: W_i (units, inputs) and b_i of each layer, all float64 or all float32. Arrays that are
            C-contiguous are read where they lie: what changes in them changes the predictions.
        hidden, output: names of the activations and of the output function.
        turned: the weights are turned over, (inputs, units), as scikit-learn has them.
    """

    def __init__(
        self, weights: Sequence[NDArray[Any]], biases: Sequence[NDArray[Any]], hidden: Sequence[str], output: str,
        turned: bool = False,
    ) -> None:  # fmt: skip
        depth, self.dtype, units = len(weights), weights[0].dtype, 1 if turned else 0
        self.kept = [np.ascontiguousarray(a) for a in (*weights, *biases)]  # as long as the library reads them
        self.outputs, self.multiplications = weights[-1].shape[units], sum(w.size for w in weights)
        self.sizes = np.array([weights[0].shape[1 - units], *(w.shape[units] for w in weights)], np.int64)
        self.hidden = np.array([ACTIVATIONS.index(name) for name in hidden], np.int32)
        self.pointers = (ctypes.c_void_p * (2 * depth))(*map(address, self.kept))
        start = ctypes.addressof(self.pointers)
        self.layers = Layers(
            depth=depth, sizes=address(self.sizes), hidden=address(self.hidden), output=ACTIVATIONS.index(output),
            threads=1, turned=turned, weights=start, biases=start + depth * ctypes.sizeof(ctypes.c_void_p),
        )  # fmt: skip
        self.call = library().chainrule_predict

    @classmethod
    def of(
        cls, weights: Sequence[NDArray[Any]], biases: Sequence[NDArray[Any]], hidden: Sequence[str], output: str,
        turned: bool = False,
    ) -> Predictor | None:  # fmt: skip
        """A predictor; None where there is no library, or it does not compute one of the names."""
        known = library() is not None and {*hidden, output} <= set(ACTIVATIONS)
        return cls(weights, biases, hidden, output, turned) if known else None

    def __call__(self, x: NDArray[Any], threads: int | None = None) -> NDArray[Any]:
        """yhat (n, k) of x (n, d), C-contiguous and of the parameters' type; None takes the threads that pay.

        Raises:
            MemoryError: there is not enough.
        """
        rows = len(x)
        yhat = np.empty((rows, self.outputs), self.dtype)
        if rows == 0:
            return yhat
        if threads is None:
            threads = max(1, min(_cores(), rows * self.multiplications // WORK_PER_THREAD))
        layers = self.layers
        if threads > 1:
            layers = Layers.from_buffer_copy(layers)
            layers.threads = threads
        if self.call(ctypes.byref(layers), address(x), rows, address(yhat), self.dtype.itemsize):
            raise MemoryError
        return yhat


def _cores() -> int:
    """Processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
