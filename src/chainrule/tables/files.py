"""Reading tables: CSV, TSV, NPZ and Parquet files, and the bundled data sets by name."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import InputError
from chainrule.tables.datasets import BUNDLED, bundled

if TYPE_CHECKING:
    import pyarrow as pa

_ENDINGS = (".csv", ".tsv", ".npz", ".parquet")


def read_table(source: str | os.PathLike[str], words: Sequence[str] = ()) -> pa.Table:
    """A table from a file, by its ending, or a bundled data set by its name.

    An NPZ file gives a column for each one-dimensional array, and for a matrix ``X`` the columns
    ``X_1``, ``X_2``, … Nothing in a file is ever run.

    Args:
        words: columns of a CSV file that are text, whatever stands in them.

    Raises:
        InputError: no such file or data set, an ending that is not known, a file that is not what its name says.
    """
    name = os.fspath(source)
    if name in BUNDLED:
        return bundled(name)
    path = Path(name)
    if path.suffix.lower() not in _ENDINGS:
        raise InputError("data", f"a file {', '.join(_ENDINGS)}, or one of {', '.join(BUNDLED)}", repr(name))
    if not path.is_file():
        raise InputError(f"data {name}", "a file", "a folder" if path.is_dir() else "no such file")
    if path.stat().st_size == 0:
        raise InputError(f"data {name}", "a table", "an empty file")
    kind = path.suffix.lower()
    table = _read_npz(path) if kind == ".npz" else _read_arrow(path, kind, words)
    if table.num_rows == 0:
        raise InputError(f"data {name}", "at least one row", "none")
    return table


def _read_arrow(path: Path, kind: str, words: Sequence[str]) -> Any:
    import pyarrow as pa

    try:
        if kind == ".parquet":
            from pyarrow import parquet

            return parquet.read_table(path)
        from pyarrow import csv

        return csv.read_csv(path, **csv_options(kind, dict.fromkeys(words, pa.string())))
    except (pa.ArrowException, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"data {path}", f"a {kind[1:].upper()} file", f"something else ({reason})") from None


def csv_options(kind: str, types: dict[str, Any] | None = None) -> dict[str, Any]:
    """How ``pyarrow.csv.read_csv`` reads a CSV or a TSV file, by its ending; blanks are missing values.

    Args:
        types: of columns that are not to be seen from their values.
    """
    from pyarrow import csv

    blanks = ["", "NA", "N/A", "NaN", "nan", "null"]
    return {
        "parse_options": csv.ParseOptions(delimiter="\t" if kind == ".tsv" else ","),
        "convert_options": csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=blanks),
    }


def _read_npz(path: Path) -> Any:
    import pyarrow as pa

    columns: dict[str, Any] = {}
    try:
        with np.load(path, allow_pickle=False) as arrays:
            for name in arrays.files:
                array = arrays[name]
                if array.ndim == 1:
                    columns[name] = array
                elif array.ndim == 2:
                    columns |= {f"{name}_{j + 1}": array[:, j] for j in range(array.shape[1])}
                else:
                    raise InputError(f"data {path}: array {name}", "one or two dimensions", str(array.ndim))
        return pa.table(columns)
    except (ValueError, OSError, EOFError, KeyError, AttributeError, zipfile.BadZipFile, pa.ArrowException) as error:
        if isinstance(error, InputError):
            raise
        reason = str(error).splitlines()[0]
        what = "an NPZ file of arrays of equal length"
        raise InputError(f"data {path}", what, f"something else ({reason})") from None
