"""``chainrule predict``."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from chainrule.cli.output import print_json
from chainrule.cli.shared import FILES, check_not_data, check_outputs, need_dask, reads_tables, tell
from chainrule.errors import InputError
from chainrule.system.cells import harmless, write_cells
from chainrule.system.files import is_device, whole_text, write_whole
from chainrule.tables.reading import TableReading
from chainrule.tables.sources import kind_of

if TYPE_CHECKING:
    from chainrule.tables.table_model import TableModel


@reads_tables(*FILES)
def predict(
    *,
    model: Annotated[Path, Argument(help="A model file that chainrule train saved.")],
    data: Annotated[
        list[str],
        Argument(
            help="A table with the columns of the training: files as train reads them (by name, folder or pattern; - "
            "is standard input), or a bundled set. The target may be missing."
        ),
    ],
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
            help="Predict files (by name, folder or 'pattern*') on a Dask cluster: local, or the "
            "address of a scheduler, tcp://HOST:8786."
        ),
    ] = None,
    timeout: Annotated[
        float | None,
        Option(help="With --cluster: seconds without anything done, while no worker is at work, until it ends; 600."),
    ] = None,
    out: Annotated[
        Path | None,
        Option(
            help="CSV file to write; else standard output. With --cluster, a .csv file, or a folder that gets a CSV "
            "file for each partition."
        ),
    ] = None,
    reading: TableReading,
    json: Annotated[bool, Option("--json", help="Print one JSON text instead of CSV.")] = False,
) -> None:
    """Predict the rows of a table: CSV with predictions and probabilities.

    Where the table has the target column too, the score over the rows with a target is printed on standard error, as
    are columns with missing cells or categories that the training did not have.
    """
    from chainrule.render.json import to_json
    from chainrule.storage import load_table_model, read_table
    from chainrule.tables.predictions import header_of, predictions_of, reading_for

    if part not in ("all", "train", "test"):
        raise InputError("--part", "all, train or test", repr(part))
    if cluster is not None:
        for option, given in (
            ("--json", json),
            (f"--part {part}", part != "all"),
        ):
            if given:
                raise InputError(option, "no --cluster beside it", "both")
        _check_place(out)
        if out is not None and _is_one_file(out):
            check_outputs({"--out": out}, [str(model), *data])
        _predict_on_cluster(model, data, reading, cluster, out, interval, timeout)
        return
    if timeout is not None:
        raise InputError("--timeout", "--cluster beside it", "no such option")
    check_outputs({"--out": out}, [str(model), *data])
    if out is not None and not json and (kind := kind_of(out.name)) is not None and (kind[0] != "csv" or kind[2]):
        raise InputError(f"--out {out}", "a .csv file: predictions are written as CSV", repr("".join(out.suffixes)))
    loaded = load_table_model(model)
    width = _half_width(loaded, interval)
    table = loaded.part(read_table(data, reading_for(loaded, reading), tell), part)
    if table.num_rows == 0:
        raise InputError(f"--part {part}", "at least one row", "none: the model was trained on all rows")
    found = loaded.predicted(table)
    header, rows = header_of(loaded, interval), predictions_of(loaded, found.yhat, width)
    if json:
        content: dict[str, Any] = {"model": str(model), "data": " ".join(data), "part": part}
        content |= {"rows": [dict(zip(header, row, strict=True)) for row in rows], "scores": found.scores}
        text = to_json("predict", content | {"notes": [*map(str, found.unusual), *([found.why] if found.why else [])]})
        print_json(text) if out is None else write_whole(out, text + "\n")
        return
    if out is None:
        write_cells(sys.stdout, chain([header], rows))
    else:
        with whole_text(out) as file:
            write_cells(file, chain([header], rows))
        tell(f"{len(found.yhat)} predictions in {out}")
    _say_quoted(loaded)
    for unusual in found.unusual:
        tell(f"{unusual}")
    if found.scores is not None or found.why:
        tell(f"{found.why or found.scores}")


def _half_width(model: TableModel, level: float | None) -> float | None:
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


def _predict_on_cluster(
    file: Path,
    data: list[str],
    asked: TableReading,
    where: str,
    out: Path | None,
    interval: float | None,
    timeout: float | None,
) -> None:
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
    from chainrule.distributed.work import TIMEOUT, Work
    from chainrule.storage import load_table_model
    from chainrule.tables.predictions import header_of, reading_for

    if timeout is not None and not timeout > 0:
        raise InputError("--timeout", "seconds, above 0", f"{timeout:g}")
    if out is None:
        raise InputError("--cluster", "--out FOLDER or --out FILE.csv beside it", "no such option")
    model = load_table_model(file)
    width = _half_width(model, interval)
    files = open_files(data, reading_for(model, asked), tell)
    check_not_data({"--out": out if _is_one_file(out) else None}, data, str(file))
    header, count = header_of(model, interval), len(files.pieces)
    seconds = TIMEOUT if timeout is None else timeout
    with (
        cluster(where) as client,
        progress(True) as shown,
        Work(client, seconds, shown) as work,
        _place(out, header, count) as keep,
    ):
        found = predict_files(work, files, model, keep, width)
    tell(f"{found.rows} predictions in {out}")
    _say_quoted(model)
    for unusual in found.unusual:
        tell(f"{unusual}")
    if found.why:
        tell(f"{found.why}")
    elif found.score is not None:
        tell(f"{scores_of(found.score, model.target)}")


def _say_quoted(model: TableModel) -> None:
    """Tell which classes are written otherwise, lest a spreadsheet runs them."""
    quoted = [name for name in model.target.classes if harmless(name) != name]
    if quoted:
        words = ", ".join(map(repr, quoted[:5])) + (", …" if quoted[5:] else "")
        tell(f"classes that a spreadsheet would run as formulas ({words}) are written with an apostrophe before them; "
             "--json has them as they are")  # fmt: skip


@contextmanager
def _place(out: Path, names: list[str], count: int) -> Iterator[Any]:
    """What keeps the next partition's text: as a file in a folder, or in one file, which is there once it is whole.

    Args:
        names: of the columns.
        count: of the partitions.
    """
    header = io.StringIO()
    write_cells(header, [names])
    if _is_one_file(out):
        with whole_text(out) as file:
            file.write(header.getvalue())
            yield file.write
        return
    made = 0

    def keep(text: str) -> None:
        nonlocal made
        made += 1
        write_whole(out / f"part-{made:0{max(5, len(str(count)))}}.csv", header.getvalue() + text, lasting=False)

    out.mkdir(exist_ok=True)
    yield keep


def _is_one_file(out: Path) -> bool:
    return out.suffix.lower() == ".csv" or is_device(out)


def _check_place(out: Path | None) -> None:
    """Fail before the work: a folder for the predictions is new or empty, in a folder that exists.

    Raises:
        InputError: something else.
    """
    if out is None or _is_one_file(out):
        return
    got = ""
    if not out.parent.is_dir():
        got = "no such folder"
    elif out.exists():
        got = "a file" if not out.is_dir() else "one with files" if any(out.iterdir()) else ""
    if got:
        raise InputError(f"--out {out}", "an empty or a new folder, or a .csv file", got)
