"""The outputs of many rows by the native library: the forward pass alone, which keeps nothing in between."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.native.library import Layers, address, computed, library
from chainrule.system.processors import cores

WORK_PER_THREAD = 10_000_000  # multiplications from which a second thread pays for its start
MOST_BYTES = 1 << 22  # of a layer's weights; BLAS is quicker with more


class Predictor:
    """What the library needs of a network, found once.

    Args:
        weights: of each layer W_i turned over, (inputs, units), as scikit-learn has them; all float64 or all float32.
        biases: b_i (units,). Arrays that are C-contiguous are read where they lie: what changes in them changes the
            predictions.
        hidden, output: names of the activations and of the output function.
    """

    def __init__(
        self, weights: Sequence[NDArray[Any]], biases: Sequence[NDArray[Any]], hidden: Sequence[str], output: str
    ) -> None:
        depth, self.dtype = len(weights), weights[0].dtype
        self.kept = [np.ascontiguousarray(a) for a in (*weights, *biases)]  # as long as the library reads them
        self.outputs, self.multiplications = weights[-1].shape[1], sum(w.size for w in weights)
        self.sizes = np.array([len(weights[0]), *(w.shape[1] for w in weights)], np.int64)
        numbers = computed("activations")
        self.hidden = np.array([numbers[name] for name in hidden], np.int32)
        self.pointers = (ctypes.c_void_p * (2 * depth))(*map(address, self.kept))
        start = ctypes.addressof(self.pointers)
        self.layers = Layers(
            depth=depth, sizes=address(self.sizes), hidden=address(self.hidden), output=numbers[output],
            threads=1, weights=start, biases=start + depth * ctypes.sizeof(ctypes.c_void_p),
        )  # fmt: skip
        self.call = library().chainrule_predict

    @classmethod
    def of(
        cls, weights: Sequence[NDArray[Any]], biases: Sequence[NDArray[Any]], hidden: Sequence[str], output: str
    ) -> Predictor | None:
        """A predictor; None where there is no library, it does not compute one of the names, or a layer is large."""
        known = library() is not None and {*hidden, output} <= set(computed("activations"))
        fits = known and max(w.nbytes for w in weights) <= MOST_BYTES
        return cls(weights, biases, hidden, output) if fits else None

    def __call__(self, x: NDArray[Any], threads: int | None = None) -> NDArray[Any]:
        """yhat (n, k) of x (n, d), C-contiguous and of the parameters' type.

        Args:
            threads: at most; None takes the processors that there are. No more than pay for their start are taken.

        Raises:
            MemoryError: there is not enough.
        """
        rows = len(x)
        yhat = np.empty((rows, self.outputs), self.dtype)
        if rows == 0:
            return yhat
        paying, layers = rows * self.multiplications // WORK_PER_THREAD, self.layers
        if paying > 1 and threads != 1:
            layers = Layers.from_buffer_copy(layers)  # another thread may predict too
            layers.threads = min(cores() if threads is None else threads, paying)
        if self.call(ctypes.byref(layers), address(x), rows, address(yhat), self.dtype.itemsize):
            raise MemoryError
        return yhat
