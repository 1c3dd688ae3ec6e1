"""Predictions of a table in files, made on a cluster partition after partition, never all rows in one place."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chainrule.distributed.blocks import RowBlocks
from chainrule.distributed.exact import PartScore, score_of_block
from chainrule.distributed.prepare import ReadyRows
from chainrule.distributed.table_files import Layout, Piece, TableFiles, named, read_piece
from chainrule.distributed.work import Work
from chainrule.system.cells import write_cells
from chainrule.tables.columns import rows_of
from chainrule.tables.plan import Model
from chainrule.tables.predictions import predictions_of
from chainrule.train.engine import Rows

AHEAD = 2  # partitions for each thread of the cluster, whose predictions are asked for at once


@dataclass(frozen=True, eq=False)
class PredictedPieces:
    """Predictions of some pieces of a table: a text of CSV lines each, how many, and their score."""

    texts: tuple[str, ...]
    rows: int
    score: PartScore | None

    def __add__(self, other: PredictedPieces) -> PredictedPieces:
        return PredictedPieces(self.texts + other.texts, self.rows + other.rows, _sum(self.score, other.score))


def _sum(score: PartScore | None, other: PartScore | None) -> PartScore | None:
    """Of those that are there."""
    return other if score is None else score if other is None else score + other


def predict_files(
    work: Work, files: TableFiles, model: Model, keep: Callable[[str], object]
) -> tuple[int, PartScore | None]:
    """How many rows were predicted, and their score where the files have the target too.

    Args:
        keep: called with the CSV lines of each piece, in their order.

    Raises:
        InputError: a value that does not fit; naming the piece, and the row counted within it.
        ClusterError: the cluster does not answer.
    """
    scored = model.target.name in files.layout.names
    threads = sum(worker["nthreads"] for worker in work.client.scheduler_info(n_workers=-1)["workers"].values())
    size, rows, score = max(1, AHEAD * threads), 0, None
    layout, sent = work.send(files.layout), work.send(model)
    for at in range(0, len(files.pieces), size):
        group = files.pieces[at : at + size]
        work.rows = sum(piece.rows for piece in group)
        found: PredictedPieces = work.total(
            "predict-partition", predict_piece, RowBlocks.of(group), layout, sent, scored
        )
        for text in found.texts:
            keep(text)
        rows += found.rows
        score = _sum(score, found.score)
    return rows, score


def predict_piece(piece: Piece, layout: Layout, model: Model, scored: bool) -> PredictedPieces:
    """The predictions of one piece, on a worker.

    Raises:
        InputError: a value that does not fit; naming the piece, and the row counted within it.
    """
    import pyarrow as pa

    text, score = io.StringIO(), None
    with named(piece):
        table = read_piece(piece, layout)
        x = model.inputs.apply(table) if table.num_rows else None
        known = model.target.known(table) if scored and table.num_rows else np.zeros(0, bool)
        if scored:
            rows = rows_of(table.filter(pa.array(known)), model.inputs, model.target, "float64")
            network = model.network.astype("float64").summed()
            ready = ReadyRows(piece.number, Rows(rows.x[:0], rows.y[:0]), rows)
            score = score_of_block(ready, network.flat, network, bool(model.target.classes))
    if x is not None:
        write_cells(text, predictions_of(model, model.network(x)))
    return PredictedPieces((text.getvalue(),), table.num_rows, score)
