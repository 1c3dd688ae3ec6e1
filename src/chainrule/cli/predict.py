"""``chainrule predict``."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from chainrule.errors import InputError

if TYPE_CHECKING:
    from chainrule.activations import Array
    from chainrule.train.table import Model


def predict(
    model: Annotated[Path, typer.Argument(help="A model file that chainrule train saved.")],
    data: Annotated[str, typer.Argument(help="A table with the columns of the training: a file or a bundled set.")],
    part: Annotated[
        str, typer.Option(help="all rows; or, of the table of the training, its train or its test rows.")
    ] = "all",
    out: Annotated[Path | None, typer.Option(help="CSV file to write; else standard output.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON text instead of CSV.")] = False,
) -> None:
    """Predict the rows of a table: CSV with predictions and probabilities.

    Where the table has the target column too, the score is printed on standard error.
    """
    from chainrule.cli.shared import check_outputs
    from chainrule.render.json import to_json
    from chainrule.storage import load_model, read_table

    check_outputs({"--out": out}, [str(model), data])
    if part not in ("all", "train", "test"):
        raise InputError("--part", "all, train or test", repr(part))
    loaded = load_model(model)
    table = loaded.part(read_table(data), part)
    if table.num_rows == 0:
        raise InputError(f"--part {part}", "at least one row", "none: the model was trained on all rows")
    yhat = loaded.forward(table)
    scores = loaded.evaluate(table) if loaded.target.name in table.column_names else None
    header, rows = _rows(loaded, yhat)
    if json:
        found = {"rows": [dict(zip(header, row, strict=True)) for row in rows], "scores": scores}
        text = to_json("predict", {"model": str(model), "data": data, "part": part} | found)
        print(text) if out is None else out.write_text(text + "\n", encoding="utf-8")
        return
    if out is None:
        _write(sys.stdout, header, rows)
    else:
        with out.open("w", newline="", encoding="utf-8") as file:
            _write(file, header, rows)
        sys.stderr.write(f"{len(rows)} predictions in {out}\n")
    if scores is not None:
        sys.stderr.write(f"{scores}\n")


def _rows(model: Model, yhat: Array) -> tuple[list[str], list[list[Any]]]:
    """The header and one row an example; outputs are probabilities where the output function gives them."""
    classes = model.target.classes
    if not classes:
        return ["prediction"], [[float(value)] for value in model.target.restore(yhat)]
    out = model.network.output_rule
    word = "probability" if (out.low, out.high) == (0.0, 1.0) else "yhat"
    rows = [[classes[int(row.argmax())], *map(float, row)] for row in yhat]
    return ["prediction", *(f"{word}_{c}" for c in classes)], rows


def _write(file: TextIO, header: list[str], rows: list[list[Any]]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
