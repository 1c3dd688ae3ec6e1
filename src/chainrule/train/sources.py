"""Tables larger than memory: .npy matrices and Parquet files, trained from in shuffled blocks.

A table is read in chunks (some rows of a .npy file, a row group of a Parquet file). For each epoch the chunks are put
in a new order, some of them together are a block, and the rows of a block are shuffled. While one block is
trained from, the next is read. Memory holds a few blocks, whatever the table's length.
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
            mean, scale = (np.array([getattr(c, name) for c in self.inputs.columns]) for name in ("mean", "scale"))
            values = ((x - mean) / scale).astype(self.dtype)  # in float64: a large mean would take the digits
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
        target_range: least and greatest of a target of numbers, over all rows.
    """

    train: Source
    test: Source | None
    target_range: tuple[float, float]


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
    aside, left = _aside(chunks.rows, test, seed)
    matrix, summaries = _Moments(), {name: _Summary(name, False) for name in chunks.names}
    answers = _Summary(target, True)
    for chunk in range(len(chunks.rows)):
        x, y = chunks.raw(chunk)
        if isinstance(x, np.ndarray):
            _finite(x, chunks.names, sum(chunks.rows[:chunk]))
            matrix.add(x if chunk not in aside else x[:0])
        else:
            for name in chunks.names:
                summaries[name].add(x.column(name), chunk not in aside)
        answers.add(y, chunk not in aside)
        if on_chunk is not None:
            on_chunk(chunk)
    columns = matrix.columns(chunks.names) if matrix.count else [summaries[name].column() for name in chunks.names]
    inputs, answer, kind = Inputs(tuple(columns)), answers.target(task), float_type(dtype)
    parts = [Source(chunks, tuple(sorted(part)), inputs, answer, kind, together) for part in (left, aside)]
    return Large(parts[0], parts[1] if aside else None, (answers.low, answers.high))


def _aside(rows: tuple[int, ...], share: float, seed: int) -> tuple[list[int], list[int]]:
    """The chunks that are kept aside, and the others.

    Raises:
        InputError: too few chunks, or chunks too large to be held in memory.
    """
    left, kept, seen = np.random.default_rng((seed, 0)).permutation(len(rows)).tolist(), [], 0
    wanted = min(share * sum(rows), MOST_ASIDE)
    while left and seen < wanted and seen + rows[left[-1]] <= MOST_ASIDE:
        kept.append(left.pop())
        seen += rows[kept[-1]]
    if not left:
        raise InputError("data", "at least two chunks (row groups), one to keep aside", str(len(rows)))
    if wanted and not kept:
        most = f"row groups of at most {MOST_ASIDE} rows, to keep some aside in memory"
        raise InputError("data", most, f"one of {rows[left[-1]]}; write it with smaller row groups, or keep none aside")
    return kept, left


def _finite(x: Array, names: tuple[str, ...], before: int) -> None:
    """Raise an InputError for a number that is none; ``before`` rows come before these."""
    if not np.isfinite(x).all():
        row, column = map(int, np.argwhere(~np.isfinite(x))[0])
        raise InputError(f"column {names[column]!r}", "finite numbers", f"{x[row, column]} in row {before + row + 1}")


class _Moments:
    """Count, mean and sum of squared deviations, gathered chunk by chunk: Chan, Golub & LeVeque 1983, eq. 2.1."""

    def __init__(self) -> None:
        self.count, self.mean, self.spread = 0, np.zeros(1), np.zeros(1)

    def add(self, values: Array) -> None:
        """Values (rows, columns)."""
        count = len(values)
        if not count:
            return
        values = values.astype(np.float64)
        mean = values.mean(axis=0)
        whole, step = self.count + count, mean - self.mean
        self.spread = self.spread + ((values - mean) ** 2).sum(axis=0) + step**2 * (self.count * count / whole)
        self.mean, self.count = self.mean + step * (count / whole), whole

    def columns(self, names: tuple[str, ...]) -> list[Column]:
        """Each with its mean and its standard deviation; 1 for a constant."""
        deviation = np.sqrt(self.spread / max(self.count, 1))
        scale = np.where(deviation > 1e-12 * np.maximum(1.0, np.abs(self.mean)), deviation, 1.0)
        return [Column(*told) for told in zip(names, self.mean.tolist(), scale.tolist(), strict=True)]


class _Summary:
    """What preprocessing must know of one column, gathered chunk by chunk."""

    def __init__(self, name: str, is_target: bool) -> None:
        self.name, self.is_target, self.moments = name, is_target, _Moments()
        self.values: set[str] = set()
        self.low, self.high = np.inf, -np.inf
        self.text = self.few = False

    def add(self, column: Any, trained: bool) -> None:
        import pyarrow as pa

        table = pa.table({self.name: pa.chunked_array([column]) if isinstance(column, np.ndarray) else column})
        kind = table.column(0).type
        t = pa.types
        words = t.is_string(kind) or t.is_large_string(kind) or t.is_dictionary(kind)
        if not (words or is_number(kind)):
            raise InputError(f"column {self.name!r}", "numbers, truth values or text", str(kind))
        self.text = words or (self.is_target and t.is_boolean(kind))
        self.few = self.text or t.is_integer(kind)
        if (self.text or self.is_target) and len(self.values) <= MOST_CATEGORIES:
            self.values |= set(texts(pa.table({self.name: table.column(0).unique()}), self.name))
        if not self.text:
            numbers = column_numbers(table, self.name)
            self.low, self.high = min(self.low, float(numbers.min())), max(self.high, float(numbers.max()))
            self.moments.add(numbers[:, None] if trained else numbers[:0, None])

    def column(self) -> Column:
        if not self.text:
            return self.moments.columns((self.name,))[0]
        if len(self.values) > MOST_CATEGORIES:
            raise InputError(f"column {self.name!r}", f"at most {MOST_CATEGORIES} categories", str(len(self.values)))
        return Column(self.name, categories=tuple(in_order(self.values)))

    def target(self, task: Task | None) -> Target:
        few = self.text or (self.few and len(self.values) <= MOST_WHOLE_CLASSES)
        if task == "regression" and self.text:
            raise InputError(f"target {self.name}", "numbers", "text")
        if (task or ("classification" if few else "regression")) == "regression":
            column = self.moments.columns((self.name,))[0]
            return Target(self.name, (), column.mean, column.scale)
        if not 2 <= len(self.values) <= MOST_CATEGORIES:
            raise InputError(f"target {self.name}", f"2 to {MOST_CATEGORIES} classes", str(len(self.values)))
        return Target(self.name, tuple(in_order(self.values)))
