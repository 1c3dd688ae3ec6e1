"""Tables larger than memory: .npy matrices and Parquet files, trained from in shuffled blocks.

A table is read in chunks (some rows of a .npy file, a row group of a Parquet file). For each epoch the chunks are put
in a new order, some of them together are a block, and the rows of a block are shuffled. While one block is
trained from, the next is read. Memory holds two blocks, whatever the table's length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.activations import Array
from chainrule.checks import float_type
from chainrule.errors import InputError
from chainrule.train.chunks import Chunks
from chainrule.train.engine import Rows
from chainrule.train.preprocessing import (
    MOST_CATEGORIES,
    MOST_WHOLE_CLASSES,
    Column,
    Inputs,
    Target,
    Task,
    column_numbers,
    in_order,
    is_number,
    texts,
)

MOST_ASIDE = 200_000  # rows that are tested on: they are held in memory
CHUNKS_PER_BLOCK = 8  # so that a block mixes rows from this many places of the table


@dataclass(frozen=True, eq=False)
class Source:
    """Rows for ``chainrule.train.loop.fit`` that need not fit in memory.

    Attributes:
        chunks: where they come from.
        chosen: the chunks that belong to it, such as those of the training.
        inputs, target: what prepares a chunk's columns, as ``chainrule.train.preprocessing`` learns it from a table.
        dtype: of the network.
        together: how many chunks are a block.
    """

    chunks: Chunks
    chosen: tuple[int, ...]
    inputs: Inputs
    target: Target
    dtype: Any
    together: int = CHUNKS_PER_BLOCK

    def __len__(self) -> int:
        return sum(self.chunks.rows[i] for i in self.chosen)

    @property
    def labels(self) -> bool:
        """Whether the targets are class numbers."""
        return bool(self.target.classes)

    def blocks(self, rng: np.random.Generator, shuffle: bool = True) -> Iterator[Rows]:
        """All rows, block after block; one is read while another is in use."""
        order = rng.permutation(self.chosen) if shuffle else np.array(self.chosen)
        groups = [order[i : i + self.together] for i in range(0, len(order), self.together)]
        with ThreadPoolExecutor(1, "chainrule-read") as reader:
            coming = reader.submit(self._read, groups[0])
            for group in [*groups[1:], None]:
                block = coming.result()
                if group is not None:
                    coming = reader.submit(self._read, group)
                yield block

    def all_rows(self) -> Rows:
        """All of its rows in memory; none where it has no chunks."""
        if not self.chosen:
            answers = np.zeros(0, np.int64) if self.labels else np.zeros((0, 1), self.dtype)
            return Rows(np.zeros((0, len(self.inputs.names)), self.dtype), answers)
        return self._read(np.array(self.chosen))

    def _read(self, group: Array) -> Rows:
        parts = [self._prepared(*self.chunks.raw(int(i))) for i in group]
        if len(parts) == 1:
            return Rows(*parts[0])
        return Rows(np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts]))

    def _prepared(self, x: Any, y: Any) -> tuple[Array, Array]:
        """Standardised inputs (rows, d), and class numbers (rows,) or targets (rows, 1)."""
        import pyarrow as pa

        if isinstance(x, np.ndarray):
            values = x.astype(self.dtype)
            mean, scale = (
                np.array([getattr(c, name) for c in self.inputs.columns], self.dtype) for name in ("mean", "scale")
            )
            values -= mean
            values /= scale
            if not np.isfinite(values).all():
                raise InputError("data", "finite numbers in every row", "NaN or infinity")
        else:
            values = np.ascontiguousarray(self.inputs.apply(x), self.dtype)
        answers = self.target.apply(pa.table({self.target.name: y}))
        return values, answers if self.labels else np.ascontiguousarray(answers, self.dtype)


@dataclass(frozen=True)
class Large:
    """A table that is read in chunks, in two parts.

    Attributes:
        train: the rows to train from.
        test: the chunks kept aside, or None.
    """

    train: Source
    test: Source | None


def open_large(
    chunks: Chunks, target: str, *, task: Task | None = None, test: float = 0.0, seed: int = 0, dtype: Any = "float32",
    together: int = CHUNKS_PER_BLOCK, on_chunk: Callable[[int], None] | None = None,
) -> Large:  # fmt: skip
    """Learn from one pass over the chunks what prepares them, and divide them.

    Means and scales are those of the training chunks, categories and classes those of the whole table.

    Args:
        test: share of the rows that is kept aside, in whole chunks, but no more than ``MOST_ASIDE`` rows.
        on_chunk: told after each chunk that was read.

    Raises:
        InputError: a column that does not fit; too few chunks for two parts.
    """
    everything = np.random.default_rng((seed, 0)).permutation(len(chunks.rows)).tolist()
    kept: list[int] = []
    wanted = min(test * sum(chunks.rows), MOST_ASIDE)
    while everything and sum(chunks.rows[i] for i in kept) < wanted:
        kept.append(everything.pop())
    if not everything:
        raise InputError("data", "at least two chunks (row groups), one to keep aside", str(len(chunks.rows)))
    summaries = {name: _Summary(name) for name in (*chunks.names, target)}
    for chunk in range(len(chunks.rows)):
        x, y = chunks.raw(chunk)
        for j, name in enumerate(chunks.names):
            summaries[name].add(x[:, j] if isinstance(x, np.ndarray) else x.column(name), chunk not in kept)
        summaries[target].add(y, chunk not in kept)
        if on_chunk is not None:
            on_chunk(chunk)
    inputs = Inputs(tuple(summaries[name].column() for name in chunks.names))
    answer = summaries[target].target(task)
    parts = [
        Source(chunks, tuple(sorted(part)), inputs, answer, float_type(dtype), together) for part in (everything, kept)
    ]
    return Large(parts[0], parts[1] if kept else None)


class _Summary:
    """What preprocessing must know of one column, gathered chunk by chunk: Chan, Golub & LeVeque 1983, eq. 2.1."""

    def __init__(self, name: str) -> None:
        self.name, self.count, self.mean, self.spread = name, 0, 0.0, 0.0
        self.values: set[str] = set()
        self.text = self.whole = False

    def add(self, column: Any, trained: bool) -> None:
        import pyarrow as pa

        table = pa.table({self.name: pa.chunked_array([column]) if isinstance(column, np.ndarray) else column})
        kind = table.column(0).type
        self.text = not is_number(kind) or pa.types.is_boolean(kind)
        self.whole = pa.types.is_integer(kind)
        if self.text or (self.whole and len(self.values) <= MOST_CATEGORIES):
            self.values |= set(texts(pa.table({self.name: table.column(0).unique()}), self.name))
        if not self.text and trained:
            self._merge(column_numbers(table, self.name))

    def _merge(self, values: Array) -> None:
        count, mean = len(values), float(values.mean()) if len(values) else 0.0
        whole = self.count + count
        if not whole:
            return
        step = mean - self.mean
        self.spread += float(((values - mean) ** 2).sum()) + step**2 * self.count * count / whole
        self.mean, self.count = self.mean + step * count / whole, whole

    @property
    def scale(self) -> float:
        deviation = (self.spread / max(self.count, 1)) ** 0.5
        return deviation if deviation > 1e-12 * max(1.0, abs(self.mean)) else 1.0

    def column(self) -> Column:
        if not self.text:
            return Column(self.name, self.mean, self.scale)
        if len(self.values) > MOST_CATEGORIES:
            raise InputError(f"column {self.name!r}", f"at most {MOST_CATEGORIES} categories", str(len(self.values)))
        return Column(self.name, categories=tuple(in_order(self.values)))

    def target(self, task: Task | None) -> Target:
        few = self.text or (self.whole and len(self.values) <= MOST_WHOLE_CLASSES)
        if task == "regression" and self.text:
            raise InputError(f"target {self.name}", "numbers", "text")
        if (task or ("classification" if few else "regression")) == "regression":
            return Target(self.name, (), self.mean, self.scale)
        if not 2 <= len(self.values) <= MOST_CATEGORIES:
            raise InputError(f"target {self.name}", f"2 to {MOST_CATEGORIES} classes", str(len(self.values)))
        return Target(self.name, tuple(in_order(self.values)))
