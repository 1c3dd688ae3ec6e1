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

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.network.checks import float_type
from chainrule.tables.chunks import Chunks
from chainrule.tables.columns import (
    MOST_CATEGORIES,
    MOST_WHOLE_CLASSES,
    Column,
    Inputs,
    Target,
    Task,
    column_numbers,
    filled,
    in_order,
    is_number,
    texts,
)
from chainrule.tables.moments import Moments
from chainrule.train.engine import Rows

MOST_ASIDE = 200_000  # rows that are tested on: they are held in memory
CHUNKS_PER_BLOCK = 8  # so that a block mixes rows from this many places of the table


@dataclass(frozen=True, eq=False)
class Source:
    """Rows for ``chainrule.train.loop.fit`` that need not fit in memory.

    Attributes:
        chunks: where they come from.
        chosen: the chunks that belong to it, such as those of the training.
        inputs, target: what prepares a chunk's columns, as ``chainrule.tables.columns`` learns it from a table.
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
    matrix: Moments | None = None
    summaries: dict[str, ColumnSummary] = {}

    def add(name: str, column: Any, learnt: Array, is_target: bool = False) -> None:
        found = ColumnSummary.of(name, column, learnt, is_target)
        summaries[name] = summaries[name] + found if name in summaries else found

    for chunk, rows in enumerate(chunks.rows):
        x, y = chunks.raw(chunk)
        learnt = np.full(rows, chunk not in aside)
        if isinstance(x, np.ndarray):
            _finite(x, chunks.names, sum(chunks.rows[:chunk]))
            found = Moments.of(x[learnt])
            matrix = found if matrix is None else matrix + found
        else:
            for name in chunks.names:
                add(name, x.column(name), learnt)
        add(target, y, learnt, True)
        if on_chunk is not None:
            on_chunk(chunk)
    answers = summaries[target]
    columns = [summaries[name].column() for name in chunks.names] if matrix is None else _columns(chunks.names, matrix)
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


@dataclass(frozen=True, eq=False)
class ColumnSummary:
    """What preprocessing must know of one column: that of some rows, and added up, that of all.

    Attributes:
        rows: how many there are.
        text: whether the values are labels whatever they look like; few: whether they can be so.
        moments: of the numbers of the rows to learn from.
        labels: each value as text, with its rows to learn from; of text and of a target. With more than
            ``MOST_CATEGORIES`` some are left out.
        low, high: least and greatest number of all rows.
    """

    name: str
    rows: int
    text: bool
    few: bool
    moments: Moments
    labels: dict[str, int]
    low: float = np.inf
    high: float = -np.inf

    @classmethod
    def of(cls, name: str, column: Any, learnt: Array, is_target: bool = False) -> ColumnSummary:
        """Of a column, Arrow's or an array; ``learnt`` is true for the rows to learn from.

        Raises:
            InputError: values of another type; a missing or infinite one, whose row is named.
        """
        import pyarrow as pa

        table = pa.table({name: pa.chunked_array([column]) if isinstance(column, np.ndarray) else column})
        kind = table.column(0).type
        t = pa.types
        words = t.is_string(kind) or t.is_large_string(kind) or t.is_dictionary(kind)
        if not (words or is_number(kind)):
            raise InputError(f"column {name!r}", "numbers, truth values or text", str(kind))
        text = words or (is_target and t.is_boolean(kind))
        few = text or t.is_integer(kind)
        labels = _labels(table, name, learnt) if text or is_target else {}
        if text:
            return cls(name, len(learnt), text, few, Moments.of(np.zeros((0, 1))), labels)
        numbers = column_numbers(table, name)
        ends = (float(numbers.min()), float(numbers.max())) if len(numbers) else (np.inf, -np.inf)
        return cls(name, len(learnt), text, few, Moments.of(numbers[learnt, None]), labels, *ends)

    def __add__(self, other: ColumnSummary) -> ColumnSummary:
        if not self.rows or not other.rows:
            return self if self.rows else other
        if self.text != other.text:
            raise InputError(f"column {self.name!r}", "text throughout, or numbers", "text in some parts of the table")
        labels = self.labels
        if len(labels) <= MOST_CATEGORIES:
            labels = labels | {label: labels.get(label, 0) + rows for label, rows in other.labels.items()}
        return ColumnSummary(
            self.name, self.rows + other.rows, self.text, self.few and other.few, self.moments + other.moments, labels,
            min(self.low, other.low), max(self.high, other.high),
        )  # fmt: skip

    def column(self) -> Column:
        """As an input."""
        if not self.text:
            return _columns((self.name,), self.moments)[0]
        if len(self.labels) > MOST_CATEGORIES:
            raise InputError(f"column {self.name!r}", f"at most {MOST_CATEGORIES} categories", str(len(self.labels)))
        return Column(self.name, categories=tuple(in_order(set(self.labels))))

    def target(self, task: Task | None) -> Target:
        """As the target; the task is seen from the column where None is asked for."""
        few = self.text or (self.few and len(self.labels) <= MOST_WHOLE_CLASSES)
        if task == "regression" and self.text:
            raise InputError(f"target {self.name}", "numbers", "text")
        if (task or ("classification" if few else "regression")) == "regression":
            column = _columns((self.name,), self.moments)[0]
            return Target(self.name, (), column.mean, column.scale)
        if not 2 <= len(self.labels) <= MOST_CATEGORIES:
            raise InputError(f"target {self.name}", f"2 to {MOST_CATEGORIES} classes", str(len(self.labels)))
        return Target(self.name, tuple(in_order(set(self.labels))))


def _labels(table: Any, name: str, learnt: Array) -> dict[str, int]:
    """The values of a column as text, with the rows to learn from that have each."""
    import pyarrow as pa

    column = filled(table, name)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    labels = dict.fromkeys(texts(pa.table({name: column.unique()}), name), 0)
    if len(labels) > MOST_CATEGORIES:
        return dict.fromkeys(list(labels)[: MOST_CATEGORIES + 1], 0)
    counted = column.filter(pa.array(learnt)).value_counts()
    values, counts = pa.table({name: counted.field("values")}), counted.field("counts").to_pylist()
    for label, rows in zip(texts(values, name), counts, strict=True):
        labels[label] += rows
    return labels


def _columns(names: tuple[str, ...], moments: Moments) -> list[Column]:
    """Columns of numbers, each with its mean and its standard deviation; 1 for a constant."""
    told = zip(names, moments.mean.tolist(), moments.scale().tolist(), strict=True)
    return [Column(name, mean, scale) for name, mean, scale in told]
