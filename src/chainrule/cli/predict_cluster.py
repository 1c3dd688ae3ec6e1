"""``chainrule predict --cluster``: partition after partition, never all rows in one place."""

from __future__ import annotations

import io
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.cli.predict import header_of, rows_of, write_rows
from chainrule.errors import InputError

if TYPE_CHECKING:
    from chainrule.distributed.exact import PartScore
    from chainrule.distributed.table_files import Layout, Piece
    from chainrule.tables.plan import Model

AHEAD = 2  # partitions for each thread of the cluster, whose predictions are asked for at once


@dataclass(frozen=True, eq=False)
class Predicted:
    """Predictions of some pieces of a table: a text of CSV lines each, how many, and their score."""

    texts: tuple[str, ...]
    rows: int
    score: PartScore | None

    def __add__(self, other: Predicted) -> Predicted:
        score = None if self.score is None or other.score is None else self.score + other.score
        return Predicted(self.texts + other.texts, self.rows + other.rows, score)


def predict_piece(piece: Piece, layout: Layout, model: Model, scored: bool) -> Predicted:
    """The predictions of one piece, on a worker.

    Raises:
        InputError: a value that does not fit; naming the piece, and the row counted within it.
    """
    from chainrule.distributed.exact import score_of_partition
    from chainrule.distributed.prepare import Ready
    from chainrule.distributed.table import table_rows
    from chainrule.distributed.table_files import named, read_piece
    from chainrule.network.forward import forward
    from chainrule.train.engine import Rows

    text, score = io.StringIO(), None
    with named(piece):
        table = read_piece(piece, layout)
        x = model.inputs.apply(table) if table.num_rows else None
        if scored:
            rows = table_rows(table, model.inputs, model.target, "float64")
            like = model.network.astype("float64").summed()
            score = score_of_partition(
                Ready(piece.number, Rows(rows.x[:0], rows.y[:0]), rows), like.flat, like, bool(model.target.classes)
            )
    if x is not None:
        write_rows(text, rows_of(model, forward(model.network, x).yhat))
    return Predicted((text.getvalue(),), table.num_rows, score)


def predict_there(file: Path, data: str, where: str, out: Path | None) -> None:
    """Predict a table in files on a cluster; see the command.

    Raises:
        InputError: a model, data or a place that does not fit; no cluster; no Dask.
    """
    from chainrule.cli.train.cluster import check_not_data, need_dask

    need_dask()
    from chainrule.distributed.connection import cluster
    from chainrule.distributed.progress import progress
    from chainrule.distributed.table_files import open_files
    from chainrule.distributed.table_training import scores_of
    from chainrule.distributed.work import Work
    from chainrule.storage import load_model

    if out is None:
        raise InputError("--cluster", "--out FOLDER or --out FILE.csv beside it", "no such option")
    model = load_model(file)
    words = [column.name for column in model.inputs.columns if column.categories]
    files = open_files(data, words)
    check_not_data({"--out": out if out.suffix.lower() == ".csv" else None}, data, str(file))
    scored = model.target.name in files.layout.names
    with cluster(where) as client, progress(True) as shown, _place(out, model, len(files.pieces)) as keep:
        work = Work(client, on_part=shown)
        threads = sum(worker["nthreads"] for worker in client.scheduler_info(n_workers=-1)["workers"].values())
        size, total = max(1, AHEAD * threads), Predicted((), 0, None)
        for at in range(0, len(files.pieces), size):
            group = files.pieces[at : at + size]
            work.rows = sum(piece.rows for piece in group)
            found: Predicted = work.total("predict-partition", predict_piece, group, files.layout, model, scored)
            for text in found.texts:
                keep(text)
            score = found.score if total.score is None or found.score is None else total.score + found.score
            total = Predicted((), total.rows + found.rows, score)
    sys.stderr.write(f"{total.rows} predictions in {out}\n")
    if total.score is not None and total.rows:
        sys.stderr.write(f"{scores_of(total.score, model.target)}\n")


# ---------------------------------------------------------------- where they go


@contextmanager
def _place(out: Path, model: Model, count: int) -> Iterator[Any]:
    """What keeps the next partition's text: as a file in a folder, or in one file, which is there once it is whole."""
    header = io.StringIO()
    write_rows(header, [header_of(model)])
    if out.suffix.lower() == ".csv":
        part = out.parent / f".{out.name[:40]}.{secrets.token_hex(8)}"
        try:
            with part.open("w", newline="", encoding="utf-8") as file:
                file.write(header.getvalue())
                yield file.write
            os.replace(part, out)
        finally:
            part.unlink(missing_ok=True)
        return
    made = 0

    def keep(text: str) -> None:
        from chainrule.system.files import write_whole

        nonlocal made
        made += 1
        write_whole(out / f"part-{made:0{max(5, len(str(count)))}}.csv", header.getvalue() + text, lasting=False)

    out.mkdir(exist_ok=True)
    yield keep


def check_place(out: Path | None) -> None:
    """Fail before the work: a folder for the predictions is new or empty, in a folder that exists.

    Raises:
        InputError: something else.
    """
    if out is None or out.suffix.lower() == ".csv":
        return
    got = ""
    if not out.parent.is_dir():
        got = "no such folder"
    elif out.exists():
        got = "a file" if not out.is_dir() else "one with files" if any(out.iterdir()) else ""
    if got:
        raise InputError(f"--out {out}", "an empty or a new folder, or a .csv file", got)
