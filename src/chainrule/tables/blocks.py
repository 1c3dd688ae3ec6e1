"""Tables larger than memory: .npy matrices and Parquet files, trained from in shuffled blocks.

A table is read in chunks (some rows of a .npy file, a row group of a Parquet file). For each epoch the chunks are put
in a new order, some of them together are a block, and the rows of a block are shuffled. While one block is
trained from, the next is read. Memory holds a few blocks, whatever the table's length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.network.checks import float_type
from chainrule.tables.chunks import Chunks
from chainrule.tables.columns import Inputs, Missing, Target, Task, no_rows, rows_of, standardised
from chainrule.tables.decision import decide
from chainrule.tables.moments import Moments
from chainrule.tables.notes import notes_of
from chainrule.tables.plan import Model, Plan, Setup, agreed, digest, untrained
from chainrule.tables.scores import Scores
from chainrule.tables.summary import ColumnSummary, inputs_of, number_columns
from chainrule.tables.table_model import Split
from chainrule.train.engine import Rows

MOST_ASIDE = 200_000  # rows that are tested on: they are held in memory
CHUNKS_PER_BLOCK = 8  # so that a block mixes rows from this many places of the table


@dataclass(frozen=True, eq=False)
class BlockSource:
    """Rows for ``chainrule.train.loop.fit`` that need not fit in memory.

    Attributes:
        chunks: where they come from.
        chosen: the chunks that belong to it, such as those of the training.
        inputs, target: what prepares a chunk's columns, as ``chainrule.tables.columns`` learns it from a table.
        dtype: of the network.
        together: how many chunks are a block.
        known: of each chunk of the table, how many rows have a target; the others are left out.
    """

    chunks: Chunks
    chosen: tuple[int, ...]
    inputs: Inputs
    target: Target
    dtype: Any
    together: int = CHUNKS_PER_BLOCK
    known: tuple[int, ...] | None = None

    def __len__(self) -> int:
        return sum((self.known or self.chunks.rows)[i] for i in self.chosen)

    @property
    def labels(self) -> bool:
        """Whether the targets are class numbers."""
        return bool(self.target.classes)

    def blocks(self, order: Callable[[int], Array]) -> Iterator[Rows]:
        """All rows, block after block, the chunks in an order of their number; one is read while another is in use."""
        chunks = np.array(self.chosen)[order(len(self.chosen))]
        groups = [chunks[i : i + self.together] for i in range(0, len(chunks), self.together)]
        with ThreadPoolExecutor(1, "chainrule-read") as reader:
            coming = reader.submit(self._read, groups[0])
            for group in [*groups[1:], None]:
                block = coming.result()
                if group is not None:
                    coming = reader.submit(self._read, group)
                if len(block):
                    yield block

    def all_rows(self) -> Rows:
        """All of its rows in memory; none where it has no chunks."""
        if not self.chosen:
            return no_rows(self.inputs, self.target, self.dtype)
        return self._read(np.array(self.chosen))

    def _read(self, group: Array) -> Rows:
        parts = [self._prepared(*self.chunks.raw(int(i))) for i in group]
        if len(parts) == 1:
            return parts[0]
        return Rows(np.concatenate([part.x for part in parts]), np.concatenate([part.y for part in parts]))

    def _prepared(self, x: Any, y: Any) -> Rows:
        """A chunk's rows, standardised and encoded."""
        import pyarrow as pa

        name = self.target.name
        if not isinstance(x, np.ndarray):
            table = x.append_column(name, y)
            if self.known is not None:
                table = table.filter(pa.array(self.target.known(table)))
            return rows_of(table, self.inputs, self.target, self.dtype)
        column = pa.table({name: y})
        if self.known is not None:
            known = self.target.known(column)
            x, column = x[known], column.filter(pa.array(known))
        if not len(x):
            return no_rows(self.inputs, self.target, self.dtype)
        values = standardised(x, self.inputs.columns).astype(self.dtype)
        answers = self.target.apply(column)
        return Rows(values, answers if self.labels else answers.astype(self.dtype))


@dataclass(frozen=True)
class Large:
    """A table that is read in chunks, in two parts.

    Attributes:
        train: the rows to train from.
        test: the chunks kept aside, or None.
        target_range: least and greatest of a target of numbers, over all rows.
        notes: what is to be said of how its columns were read, a sentence each.
    """

    train: BlockSource
    test: BlockSource | None
    target_range: tuple[float, float]
    notes: tuple[str, ...] = ()


def open_large(
    chunks: Chunks, target: str, *, task: Task | None = None, test: float = 0.0, seed: int = 0, dtype: Any = "float32",
    together: int = CHUNKS_PER_BLOCK, on_chunk: Callable[[int], None] | None = None, missing: Missing = "impute",
    types: Mapping[str, str] | None = None,
) -> Large:  # fmt: skip
    """Learn from one pass over the chunks what prepares them, and divide them.

    Means and scales are those of the training chunks, categories and classes those of the whole table.

    Args:
        test: share of the rows that is kept aside, in whole chunks, but no more than ``MOST_ASIDE`` rows.
        on_chunk: called after each chunk that was read, with its number.
        missing: what becomes of a missing cell of an input, where one of a .npy file is refused; rows without a target
            are left out, or refused.
        types: what columns are to be, by name: number, text, category or date.

    Raises:
        InputError: a column that does not fit; too few chunks for two parts.
    """
    aside, left = _aside(chunks.rows, test, seed)
    learnt = _learn(chunks, target, types or {}, frozenset(aside), None, on_chunk)
    decided, known, notes = decide(learnt.target, task), None, list[str]()
    if learnt.target.missing or decided.mark:
        gap = learnt.target.gap
        first = decided.mark if decided.mark and not 0 < gap < decided.mark.row else None
        where = f"row {first.row if first else gap}"
        if missing == "refuse":
            raise InputError(f"target {target}", "a value in every row", str(first) if first else f"none in {where}")
        learnt = _learn(chunks, target, types or {}, frozenset(aside), decided.target, on_chunk)
        decided, known = decide(learnt.target, task), learnt.known
        without = sum(chunks.rows) - sum(known)
        many = f"{without} row{'s' if without > 1 else ''}"
        notes.append(f"target {target}: {many} without a value {'are' if without > 1 else 'is'} left out ({where})")
    if learnt.matrix is None:
        inputs = inputs_of(learnt.columns, missing)
        notes += notes_of(learnt.columns, inputs)
    else:
        inputs = Inputs(tuple(number_columns(chunks.names, learnt.matrix)))
    if decided.otherwise:
        notes.insert(0, str(decided))
    kind = float_type(dtype)
    parts = [
        BlockSource(chunks, tuple(sorted(part)), inputs, decided.target, kind, together, known)
        for part in (left, aside)
    ]
    if not len(parts[0]):
        raise InputError("data", f"rows with a value of {target} to learn from", "none")
    ends = decided.low, decided.high
    return Large(parts[0], parts[1] if aside and len(parts[1]) else None, ends, tuple(notes))


@dataclass(frozen=True, eq=False)
class _Learnt:
    """What one pass over the chunks gives.

    Attributes:
        matrix: moments of a .npy file's columns; None of a table.
        known: of each chunk, how many rows have a target.
    """

    columns: list[ColumnSummary]
    target: ColumnSummary
    matrix: Moments | None
    known: tuple[int, ...]


def _learn(
    chunks: Chunks, target: str, types: Mapping[str, str], aside: frozenset[int], answer: Target | None,
    on_chunk: Callable[[int], None] | None,
) -> _Learnt:  # fmt: skip
    """One pass over the chunks; ``answer``: what says which rows have a target, None: all are taken to have one."""
    import pyarrow as pa

    matrix: Moments | None = None
    summaries: dict[str, ColumnSummary] = {}
    counts = []

    def add(name: str, column: Any, learnt: Array, is_target: bool = False) -> None:
        found = ColumnSummary.of(name, column, learnt, is_target, types.get(name))
        summaries[name] = summaries[name] + found if name in summaries else found

    for chunk, rows in enumerate(chunks.rows):
        x, y = chunks.raw(chunk)
        known = np.full(rows, True) if answer is None else answer.known(pa.table({target: y}))
        counts.append(int(known.sum()))
        learnt = known & (chunk not in aside)
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
    columns = [] if matrix is not None else [summaries[name] for name in chunks.names]
    return _Learnt(columns, summaries[target], matrix, tuple(counts))


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
class Blocks:
    """A table of chunks ready to train on.

    Attributes:
        model: not trained yet.
        train: the rows to learn from, read in blocks.
        validation: rows whose loss is taken after each epoch; may be empty.
        test: rows that are kept aside; may be empty. These two are held in memory.
        notes: what is to be said of how its columns were read, a sentence each.
    """

    model: Model
    train: BlockSource
    validation: Rows
    test: Rows
    notes: tuple[str, ...] = ()

    def setup(self, plan: Plan) -> Setup:
        """The rows as they are; a resumed training must agree with the columns as they were learnt and the chunks."""
        model, source = self.model, self.train
        columns, chunks = agreed(model.inputs, model.target), [source.chunks.rows, source.chosen]
        chunks += [] if source.known is None else [source.known]
        name = digest([*columns, *chunks, source.together])  # JSON has a tuple as a list
        return Setup(
            model.network, plan.recipe(), source, self.validation if len(self.validation) else None,
            f"a training in blocks on the table {name} ({len(source)} rows to train; {plan.stopping})",
        )  # fmt: skip

    def test_scores(self, model: Model) -> Scores:
        """Scores of a trained model over the test rows."""
        return model.scores(self.test.x, self.test.y)


def prepare_blocks(chunks: Chunks, target: str, plan: Plan, on_chunk: Callable[[int], None] | None = None) -> Blocks:
    """One pass over the chunks that learns what prepares them; the untrained model.

    Args:
        on_chunk: called after each chunk that was read, with its number.

    Raises:
        InputError: a table, a target or a plan that does not fit, or that needs all rows at once.
    """
    plan.check()
    if plan.class_weight:
        raise InputError("class weight", "a table that is read at once", "one read in blocks")
    aside = plan.test + plan.validation_share * (1 - plan.test)
    large = open_large(
        chunks, target, task=plan.task, test=aside, seed=plan.seed, dtype=plan.dtype, on_chunk=on_chunk,
        missing=plan.missing, types=plan.types,
    )  # fmt: skip
    source = large.train
    model = untrained(source.inputs, source.target, plan, large.target_range, Split(0, plan.test, plan.seed))
    source = replace(source, target=model.target)
    kept = replace(source, chosen=large.test.chosen if large.test else ()).all_rows()
    order = np.random.default_rng((plan.seed, 1)).permutation(len(kept))
    first = round(len(kept) * (1 - plan.test / aside)) if aside else 0
    validation, test = (Rows(kept.x[part], kept.y[part]) for part in (order[:first], order[first:]))
    return Blocks(model, source, validation, test, large.notes)
