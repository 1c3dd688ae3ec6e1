"""``chainrule predict``."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from chainrule.errors import InputError

if TYPE_CHECKING:
    from chainrule.network.arrays import Array
    from chainrule.tables.plan import Model


def predict(
    model: Annotated[Path, typer.Argument(help="A model file that chainrule train saved.")],
    data: Annotated[str, typer.Argument(help="A table with the columns of the training: a file or a bundled set.")],
    part: Annotated[
        str, typer.Option(help="all rows; or, of the table of the training, its train or its test rows.")
    ] = "all",
    cluster: Annotated[
        str | None,
        typer.Option(
            help="Predict Parquet or CSV files (by name, folder or 'pattern*') on a Dask cluster: local, or the "
            "address of a scheduler, tcp://HOST:8786."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="CSV file to write; else standard output. With --cluster, a .csv file, or a folder that gets a CSV "
            "file for each partition."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON text instead of CSV.")] = False,
) -> None:
    """Predict the rows of a table: CSV with predictions and probabilities.

    Where the table has the target column too, the score is printed on standard error.
    """
    from chainrule.cli.shared import check_outputs
    from chainrule.render.json import to_json
    from chainrule.storage import load_model, read_table

    if part not in ("all", "train", "test"):
        raise InputError("--part", "all, train or test", repr(part))
    if cluster is not None:
        from chainrule.cli.predict_cluster import check_place, predict_there

        for option, given in (("--json", json), (f"--part {part}", part != "all")):
            if given:
                raise InputError(option, "no --cluster beside it", "both")
        check_place(out)
        if out is not None and out.suffix.lower() == ".csv":
            check_outputs({"--out": out}, [str(model), data])
        predict_there(model, data, cluster, out)
        return
    check_outputs({"--out": out}, [str(model), data])
    loaded = load_model(model)
    table = loaded.part(read_table(data), part)
    if table.num_rows == 0:
        raise InputError(f"--part {part}", "at least one row", "none: the model was trained on all rows")
    yhat = loaded.forward(table)
    scores = loaded.evaluate(table) if loaded.target.name in table.column_names else None
    header, rows = header_of(loaded), rows_of(loaded, yhat)
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


def header_of(model: Model) -> list[str]:
    """Names of the columns; outputs are probabilities where the output function gives them."""
    out = model.network.output_rule
    word = "probability" if (out.low, out.high) == (0.0, 1.0) else "yhat"
    return ["prediction", *(f"{word}_{c}" for c in model.target.classes)]


def rows_of(model: Model, yhat: Array) -> list[list[Any]]:
    """One row an example: the class and the outputs, or the number."""
    classes = model.target.classes
    if not classes:
        return [[float(value)] for value in model.target.restore(yhat)]
    return [[classes[int(row.argmax())], *map(float, row)] for row in yhat]


def write_rows(file: TextIO, rows: Iterable[list[Any]]) -> None:
    """Lines of CSV."""
    csv.writer(file, lineterminator="\n").writerows(rows)
