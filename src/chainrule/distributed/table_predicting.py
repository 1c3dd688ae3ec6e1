"""Predictions of a table in files, made on a cluster partition after partition, never all rows in one place."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from chainrule.distributed.blocks import RowBlocks
from chainrule.distributed.exact import PartScore, score_of_block
from chainrule.distributed.prepare import ReadyRows
from chainrule.distributed.table_files import Layout, Piece, TableFiles, named, read_piece
from chainrule.distributed.work import Work
from chainrule.network.arrays import Array
from chainrule.system.cells import write_cells
from chainrule.tables.moments import Moments
from chainrule.tables.plan import Model
from chainrule.tables.predictions import predictions_of
from chainrule.tables.presets.model import PresetModel
from chainrule.tables.unusual import Unusual, summed
from chainrule.train.engine import Rows

AHEAD = 2  # partitions for each thread of the cluster, whose predictions are asked for at once


@dataclass(frozen=True, eq=False)
class PredictedPieces:
    """Predictions of some pieces of a table.

    Attributes:
        texts: CSV lines of each.
        rows: how many.
        score: of those with a target; None where there are none.
        unusual: columns with cells unlike those of the training, each once.
        why: there is no score, though there are targets, in words.
    """

    texts: tuple[str, ...]
    rows: int
    score: PartScore | None
    unusual: tuple[Unusual, ...] = ()
    why: str = ""

    def __add__(self, other: PredictedPieces) -> PredictedPieces:
        score = other.score if self.score is None else self.score
        if self.score is not None and other.score is not None:
            score = self.score + other.score
        unusual = summed((*self.unusual, *other.unusual))
        texts, rows, why = self.texts + other.texts, self.rows + other.rows, self.why or other.why
        return PredictedPieces(texts, rows, None if why else score, unusual, why)


def predict_files(
    work: Work, files: TableFiles, model: Model | PresetModel, keep: Callable[[str], object],
    half_width: float | None = None,
) -> PredictedPieces:  # fmt: skip
    """How many rows were predicted, their score where the files have the target too, and cells unlike the training's.

    Args:
        keep: called with the CSV lines of each piece, in their order.
        half_width: of the interval of each number, if it is to have one.

    Raises:
        InputError: a value that does not fit; naming the piece, and the row counted within it.
        ClusterError: the cluster does not answer.
    """
    scored = model.target.name in files.layout.names
    threads = sum(worker["nthreads"] for worker in work.client.scheduler_info(n_workers=-1)["workers"].values())
    size, total = max(1, AHEAD * threads), PredictedPieces((), 0, None)
    layout, sent = work.send(files.layout), work.send(model)
    for at in range(0, len(files.pieces), size):
        group = files.pieces[at : at + size]
        work.rows = sum(piece.rows for piece in group)
        given = layout, sent, scored, half_width
        found: PredictedPieces = work.total("predict-partition", predict_piece, RowBlocks.of(group), *given)
        for text in found.texts:
            keep(text)
        total += replace(found, texts=())
    return total


def predict_piece(
    piece: Piece, layout: Layout, model: Model | PresetModel, scored: bool, half_width: float | None
) -> PredictedPieces:  # fmt: skip
    """The predictions of one piece, on a worker.

    Raises:
        InputError: a value that does not fit; naming the piece, and the row counted within it.
    """
    text, score, why = io.StringIO(), None, ""
    with named(piece):
        table = read_piece(piece, layout)
        if not table.num_rows:
            return PredictedPieces(("",), 0, None)
        taken = model.inputs.taken(table)
        yhat = model.outputs(taken.x)
        if scored:
            known, y, why = model.known_targets(table)
            if known.any():
                score = _score(model, piece, taken.x[known], y, yhat[known])
    write_cells(text, predictions_of(model, yhat, half_width))
    unusual = tuple(replace(one, where=piece.name) for one in taken.unusual)
    why = f"{piece.name}: {why}" if why else ""
    return PredictedPieces((text.getvalue(),), table.num_rows, score, unusual, why)


def _score(model: Model | PresetModel, piece: Piece, x: Array, y: Array, yhat: Array) -> PartScore:
    """Sums over rows with inputs x and targets y; those of one network in float64."""
    classes = bool(model.target.classes)
    if isinstance(model, Model):
        network = model.network.astype("float64").summed()
        ready = ReadyRows(piece.number, Rows(x[:0], y[:0]), Rows(np.ascontiguousarray(x, np.float64), y))
        return score_of_block(ready, network.flat, network, classes)
    _, losses = model.row_losses(x, y, yhat)
    right = float((yhat.argmax(axis=1) == y).sum()) if classes else 0.0
    answers = np.zeros_like(yhat) if classes else y.astype(np.float64)
    errors = np.zeros(yhat.shape[1]) if classes else ((yhat - answers) ** 2).sum(axis=0)
    return PartScore(float(losses.sum()), float(len(y)), right, errors, Moments.of(answers))
