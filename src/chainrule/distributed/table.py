"""Tables in files on a cluster: one pass that learns what prepares their columns, and rows made ready by it.

The rules are those of ``chainrule.tables.summary``: means and scales of the rows to learn from, categories and classes
of the whole table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.distributed.likeness import share_between, spread_of_classes
from chainrule.distributed.prepare import ReadyRows, join, some
from chainrule.distributed.summary import PartitionSplit, digest_of
from chainrule.distributed.table_files import Layout, Piece, named, read_piece
from chainrule.network.arrays import Array
from chainrule.tables.cells import decimal_of
from chainrule.tables.columns import Inputs, Target, rows_of
from chainrule.tables.plan import Plan
from chainrule.tables.summary import ColumnSummary

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class TableSummary:
    """Of one piece of a table, or of several.

    Attributes:
        learnt, held, tested: rows to learn from, to validate with and to test on.
        columns: of the inputs, in order; empty where there are no rows.
        target: None where there are no rows.
        digests: of each piece's values, in order.
        by_piece: rows to learn from of each piece, in order.
        within: the sums over pieces of the spread of the target within each, as classes and as numbers.
    """

    learnt: int
    held: int
    tested: int
    columns: tuple[ColumnSummary, ...]
    target: ColumnSummary | None
    digests: tuple[str, ...]
    by_piece: tuple[int, ...]
    within: tuple[float, float]

    def __add__(self, other: TableSummary) -> TableSummary:
        if self.target is None or other.target is None:
            some = other if self.target is None else self
            columns, target = some.columns, some.target
        else:
            columns = tuple(a + b for a, b in zip(self.columns, other.columns, strict=True))
            target = self.target + other.target
        return TableSummary(
            self.learnt + other.learnt, self.held + other.held, self.tested + other.tested, columns, target,
            self.digests + other.digests, self.by_piece + other.by_piece,
            (self.within[0] + other.within[0], self.within[1] + other.within[1]),
        )  # fmt: skip

    def between(self, classes: bool) -> float:
        """The share of the variation of the target that is between pieces, beyond chance."""
        if self.target is None:
            return 0.0
        total = spread_of_classes(self.target.labels.values()) if classes else _spread(self.target)
        return share_between(self.within[0 if classes else 1], total, len(self.by_piece), self.learnt)

    @property
    def digest(self) -> str:
        """One short text for all rows."""
        return digest_of(self.digests)


def summarise_table(
    piece: Piece, layout: Layout, target: str, split: PartitionSplit, plan: Plan, decided: Target | None = None
) -> TableSummary:  # fmt: skip
    """The summary of one piece; rows without a target are in none of its parts.

    Args:
        plan: what columns are to be, by name, and whether a missing cell is refused.
        decided: what says which rows have a target; None: those whose cell is neither empty nor NaN.

    Raises:
        InputError: a column or a value that does not fit; naming the piece, and the row counted within it.
    """
    types = plan.types
    with named(piece):
        table = read_piece(piece, layout)
        rows = table.num_rows
        held, tested = split.held(piece.number, rows), split.tested(piece.number, rows)
        if not rows:
            return TableSummary(0, 0, 0, (), None, (_digest(table),), (0,), (0.0, 0.0))
        known = _has_value(table.column(target)) if decided is None else decided.known(table)
        held, tested, learnt = held & known, tested & known, ~(held | tested) & known
        count, mark = int(learnt.sum()), decimal_of(table)
        columns = tuple(
            ColumnSummary.of(n, table.column(n), learnt, asked=types.get(n), decimal=mark)
            for n in layout.names if n != target
        )  # fmt: skip
        answer = ColumnSummary.of(target, table.column(target), learnt, True, types.get(target), mark)
        for column in (*columns, answer) if plan.missing == "refuse" else ():
            column.check_filled()
        counts = count, int(held.sum()), int(tested.sum())
        within = spread_of_classes(answer.labels.values()), _spread(answer)
        return TableSummary(*counts, columns, answer, (_digest(table),), (count,), within)


def _spread(column: ColumnSummary) -> float:
    return float(column.moments.own_spread.sum()) if column.moments.count else 0.0


def _has_value(column: Any) -> Array:
    """Where a cell is neither empty nor NaN."""
    return ~np.asarray(column.is_null(nan_is_null=True).to_numpy(), bool)


def _digest(table: pa.Table) -> str:
    """Tells a piece's values from others."""
    import pyarrow as pa

    digest = hashlib.blake2b(f"{table.column_names} {table.num_rows}".encode(), digest_size=8)
    for column in table.columns:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            column = column.dictionary_encode()
        for chunk in column.chunks:
            if pa.types.is_dictionary(chunk.type):
                digest.update("\0".join(map(str, chunk.dictionary.to_pylist())).encode())
                chunk = chunk.indices
            digest.update(np.asarray(chunk.to_numpy(zero_copy_only=False), np.float64).tobytes())
    return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class TablePreparation:
    """What makes the rows of a piece ready.

    Attributes:
        class_weight: of each class, or None; in learning and in validation.
        dtype: of the arrays.
    """

    inputs: Inputs
    target: Target
    class_weight: Array | None
    dtype: Any


def prepare_pieces(
    pieces: Sequence[Piece], layout: Layout, how: TablePreparation, split: PartitionSplit
) -> ReadyRows:  # fmt: skip
    """The rows of neighbouring pieces, as one block."""
    return join([prepare_table(piece, layout, how, split) for piece in pieces])


def prepare_table(piece: Piece, layout: Layout, how: TablePreparation, split: PartitionSplit) -> ReadyRows:
    """The rows of one piece.

    Raises:
        InputError: a value that does not fit; naming the piece, and the row counted within it.
    """
    import pyarrow as pa

    with named(piece):
        table = read_piece(piece, layout)
        rows = table.num_rows
        known = how.target.known(table) if rows else np.zeros(0, bool)
        whole = rows_of(table.filter(pa.array(known)), how.inputs, how.target, how.dtype)
    held, tested = (mask[known] for mask in (split.held(piece.number, rows), split.tested(piece.number, rows)))
    weight = None if how.class_weight is None else how.class_weight[whole.y].astype(how.dtype)
    weighted = replace(whole, weight=weight)
    return ReadyRows(piece.number, some(weighted, ~(held | tested)), some(weighted, held), some(whole, tested))
