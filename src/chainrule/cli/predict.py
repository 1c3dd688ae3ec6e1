"""``chainrule predict``."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from chainrule.cli.shared import check_not_data, check_outputs, need_dask
from chainrule.errors import InputError
from chainrule.system.files import write_whole

if TYPE_CHECKING:
    from chainrule.tables.plan import Model
    from chainrule.tables.presets.model import PresetModel


def predict(
    model: Annotated[Path, Argument(help="A model file that chainrule train saved.")],
    data: Annotated[str, Argument(help="A table with the columns of the training: a file or a bundled set.")],
    part: Annotated[
        str, Option(help="all rows; or, of the table of the training, its train or its test rows.")
    ] = "all",
    interval: Annotated[
        float | None,
        Option(
            help="Of a preset's model of numbers: the share of new rows whose numbers shall lie between the columns "
            "low and high, such as 0.9."
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        Option(
            help="Predict Parquet or CSV files (by name, folder or 'pattern*') on a Dask cluster: local, or the "
            "address of a scheduler, tcp://HOST:8786."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        Option(
            help="CSV file to write; else standard output. With --cluster, a .csv file, or a folder that gets a CSV "
            "file for each partition."
        ),
    ] = None,
    json: Annotated[bool, Option("--json", help="Print one JSON text instead of CSV.")] = False,
) -> None:
    """Predict the rows of a table: CSV with predictions and probabilities.

    Where the table has the target column too, the score is printed on standard error.
    """
    from chainrule.render.json import to_json
    from chainrule.storage import load_table_model, read_table
    from chainrule.tables.predictions import header_of, predictions_of, write_rows

    if part not in ("all", "train", "test"):
        raise InputError("--part", "all, train or test", repr(part))
    if cluster is not None:
        for option, given in (("--json", json), (f"--part {part}", part != "all"), ("--interval", interval)):
            if given:
                raise InputError(option, "no --cluster beside it", "both")
        _check_place(out)
        if out is not None and out.suffix.lower() == ".csv":
            check_outputs({"--out": out}, [str(model), data])
        _predict_on_cluster(model, data, cluster, out)
        return
    check_outputs({"--out": out}, [str(model), data])
    loaded = load_table_model(model)
    width = _half_width(loaded, interval)
    table = loaded.part(read_table(data), part)
    if table.num_rows == 0:
        raise InputError(f"--part {part}", "at least one row", "none: the model was trained on all rows")
    yhat = loaded.forward(table)
    scores = loaded.evaluate(table) if loaded.target.name in table.column_names else None
    header, rows = header_of(loaded, interval), predictions_of(loaded, yhat, width)
    if json:
        found = {"rows": [dict(zip(header, row, strict=True)) for row in rows], "scores": scores}
        text = to_json("predict", {"model": str(model), "data": data, "part": part} | found)
        print(text) if out is None else out.write_text(text + "\n", encoding="utf-8")
        return
    if out is None:
        write_rows(sys.stdout, [header, *rows])
    else:
        with out.open("w", newline="", encoding="utf-8") as file:
            write_rows(file, [header, *rows])
        sys.stderr.write(f"{len(rows)} predictions in {out}\n")
    if scores is not None:
        sys.stderr.write(f"{scores}\n")


def _half_width(model: Model | PresetModel, level: float | None) -> float | None:
    """Of the interval that is asked for.

    Raises:
        InputError: a model of one network, which has none; a level that it cannot have.
    """
    from chainrule.tables.presets.model import PresetModel

    if level is None:
        return None
    if not isinstance(model, PresetModel):
        raise InputError("--interval", "a model of chainrule train --preset fast, good or best", "one of one network")
    return model.half_width(level)


def _predict_on_cluster(file: Path, data: str, where: str, out: Path | None) -> None:
    """Partition after partition, never all rows in one place.

    Raises:
        InputError: a model, data or a place that does not fit; no cluster; no Dask.
    """
    need_dask()
    from chainrule.distributed.connection import cluster
    from chainrule.distributed.progress import progress
    from chainrule.distributed.table_files import open_files
    from chainrule.distributed.table_predicting import predict_files
    from chainrule.distributed.table_training import scores_of
    from chainrule.distributed.work import Work
    from chainrule.storage import load_model

    if out is None:
        raise InputError("--cluster", "--out FOLDER or --out FILE.csv beside it", "no such option")
    model = load_model(file)
    words = [column.name for column in model.inputs.columns if column.categories]
    files = open_files(data, words)
    check_not_data({"--out": out if out.suffix.lower() == ".csv" else None}, data, str(file))
    with cluster(where) as client, progress(True) as shown, _place(out, model, len(files.pieces)) as keep:
        rows, score = predict_files(Work(client, on_part=shown), files, model, keep)
    sys.stderr.write(f"{rows} predictions in {out}\n")
    if score is not None and rows:
        sys.stderr.write(f"{scores_of(score, model.target)}\n")


@contextmanager
def _place(out: Path, model: Model, count: int) -> Iterator[Any]:
    """What keeps the next partition's text: as a file in a folder, or in one file, which is there once it is whole."""
    from chainrule.tables.predictions import header_of, write_rows

    header = io.StringIO()
    write_rows(header, [header_of(model)])
    if out.suffix.lower() == ".csv":
        part = out.parent / f".{out.name[:40]}.{os.urandom(8).hex()}"
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
        nonlocal made
        made += 1
        write_whole(out / f"part-{made:0{max(5, len(str(count)))}}.csv", header.getvalue() + text, lasting=False)

    out.mkdir(exist_ok=True)
    yield keep


def _check_place(out: Path | None) -> None:
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
