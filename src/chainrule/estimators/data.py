"""Rows as an estimator gets them: sparse rows in blocks, the split for validation, a fingerprint for checkpoints."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.model_selection import train_test_split

from chainrule.network.arrays import Array
from chainrule.train.engine import Rows

DENSE_BYTES = 1 << 28  # sparse rows that take no more when dense are made dense as a whole
BLOCK_BYTES = 1 << 25  # the others in blocks of about this size
LAYER_NUMBERS = 1 << 16  # of the widest layer, held at once outside of training: they stay in the cache


@dataclass(frozen=True, eq=False)
class SparseRows:
    """Rows with a CSR matrix as a source of blocks: in a new order each epoch, made dense a block at a time.

    A block is a whole number of minibatches of ``batch`` rows.
    """

    rows: Rows
    batch: int

    def __len__(self) -> int:
        return int(self.rows.x.shape[0])

    @property
    def labels(self) -> bool:
        """Whether the targets are class numbers."""
        return self.rows.y.ndim == 1

    def blocks(self, order: Callable[[int], Array]) -> Iterator[Rows]:
        """All rows, block after block, in an order of their number."""
        drawn = order(len(self))
        x: Any = self.rows.x
        y, weight = self.rows.y, self.rows.weight
        size = max(1, BLOCK_BYTES // (x.shape[1] * x.dtype.itemsize * self.batch)) * self.batch
        for at in range(0, len(drawn), size):
            part = drawn[at : at + size]
            yield Rows(x[part].toarray(), y[part], None if weight is None else weight[part])


def dense(x: Any) -> Array:
    """A matrix, C-contiguous."""
    found: Array = x.toarray(order="C") if sparse.issparse(x) else np.ascontiguousarray(x)
    return found


def source(x: Any, y: Array, weight: Array | None, batch: int) -> Rows | SparseRows:
    """What the training loop takes."""
    if sparse.issparse(x) and x.shape[0] * x.shape[1] * x.dtype.itemsize > DENSE_BYTES:
        return SparseRows(Rows(x.tocsr(), y, weight), batch)
    return Rows(dense(x), y, weight)


def pieces(x: Any, widest: int) -> Iterator[tuple[slice, Array]]:
    """The rows in blocks, dense, so that no layer's values take much memory."""
    size = max(1, LAYER_NUMBERS // widest)
    if x.shape[0] <= size:
        yield slice(0, x.shape[0]), dense(x)
        return
    if sparse.issparse(x):
        x = x.tocsr()
    for at in range(0, x.shape[0], size):
        yield slice(at, at + size), dense(x[at : at + size])


def split(count: int, fraction: float, stratify: Array | None, rng: np.random.RandomState) -> tuple[Array, Array]:
    """Numbers of the rows to learn from and of those to validate with: the same that scikit-learn's MLP draws.

    Raises:
        ValueError: fewer than two to validate with.
    """
    train, held = train_test_split(np.arange(count), test_size=fraction, stratify=stratify, random_state=rng)
    if len(held) < 2:
        raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your dataset.")
    return train, held


def fingerprint(*arrays: Any) -> str:
    """A short text that tells one set of data from another."""
    checksum = 0
    for array in (array for array in arrays if array is not None):
        for part in (array.data, array.indices, array.indptr) if sparse.issparse(array) else (array,):
            checksum = zlib.crc32(np.ascontiguousarray(part).view(np.uint8).ravel().data, checksum)
        checksum = zlib.crc32(repr(array.shape).encode(), checksum)
    return f"data {checksum:08x}"
