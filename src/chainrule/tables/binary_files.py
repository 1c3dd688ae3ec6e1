"""Parquet and Arrow files, NumPy archives and workbooks as Arrow tables."""

from __future__ import annotations

import datetime
import json
import re
import zipfile
from collections.abc import Sequence
from typing import IO, Any

import numpy as np

from chainrule.errors import InputError
from chainrule.system.numpy_files import npz_arrays, reason
from chainrule.tables.reading import UNNAMED, TableReading
from chainrule.tables.sources import TableSource, damaged
from chainrule.tables.text_files import BLANKS, check_width, repeated_names

_NUMBER = re.compile(r"\s*[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*")


def index_columns(schema: Any) -> list[str]:
    """Columns that are the index of the dataframe that was written, by what pandas put beside the columns."""
    try:
        told = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
        return [name for name in told.get("index_columns", []) if isinstance(name, str) and name in schema.names]
    except (ValueError, AttributeError):
        return []


def parquet_file(content: Any, name: str) -> Any:
    """An open Parquet file.

    Raises:
        InputError: another kind of file.
    """
    from pyarrow import parquet

    with damaged(name, "a Parquet file"):
        return parquet.ParquetFile(content)


def read_arrow(content: IO[bytes], source: TableSource) -> Any:
    """An Arrow file, a stream, or Feather's first version.

    Raises:
        InputError: another kind of file, or one that is damaged.
    """
    import pyarrow as pa

    with damaged(source.name, "an Arrow file"):
        begins = content.read(6)
        content.seek(0)
        if begins[:4] == b"FEA1":
            from pyarrow import feather

            return feather.read_table(content, memory_map=False)
        with (pa.ipc.open_file if begins == b"ARROW1" else pa.ipc.open_stream)(content) as reader:
            table = reader.read_all()
        table.validate(full=True)
        return table


def read_npz(content: IO[bytes], source: TableSource) -> Any:
    """A column for each array of one column, and for a matrix ``X`` of several the columns ``X_1``, ``X_2``, …

    Raises:
        InputError: another kind of file, arrays of other shapes or of different lengths.
    """
    import pyarrow as pa

    columns: dict[str, Any] = {}
    for name, array in npz_arrays(f"data {source.name}", content).items():
        if array.ndim not in (1, 2):
            raise InputError(f"data {source.name}: array {name}", "one or two dimensions", str(array.ndim))
        width = array.shape[1] if array.ndim == 2 else 1
        check_width(source.name, len(columns) + width)
        matrix = array.reshape(len(array), width)
        names = [name] if width == 1 else [f"{name}_{j + 1}" for j in range(width)]
        twice = next((one for one in names if one in columns), None)
        if twice is not None:
            raise InputError(f"data {source.name}", "arrays whose columns have different names", f"two columns {twice}")
        columns |= {one: _plain(matrix[:, j]) for j, one in enumerate(names)}
    try:
        return pa.table(columns)
    except (ValueError, TypeError, OverflowError, pa.ArrowException) as error:
        what = "an NPZ file of arrays of numbers or text, of equal length"
        raise InputError(f"data {source.name}", what, reason(error)) from None


def _plain(array: Any) -> Any:
    """In this machine's byte order, times in a unit that Arrow has."""
    if array.dtype.kind in "mM" and np.datetime_data(array.dtype)[0] not in ("s", "ms", "us", "ns"):
        days = array.dtype.kind == "M" and np.datetime_data(array.dtype)[0] in "YMWD"
        return array.astype(f"{array.dtype.kind}8[{'D' if days else 's'}]")
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def read_excel(content: IO[bytes], source: TableSource, reading: TableReading) -> tuple[Any, list[str]]:
    """A sheet of a workbook, and what is to be told of it: a number column where all cells are numbers, else text.

    Raises:
        InputError: another kind of file, no such sheet, no names; the reader of workbooks is not installed.
    """
    import pyarrow as pa

    try:
        import python_calamine as calamine
    except ImportError:
        raise InputError(f"data {source.name}", "the extra chainrule[excel], which reads workbooks", "none") from None
    _check_cells(content, source)
    try:
        with calamine.CalamineWorkbook.from_filelike(content) as book:
            sheets = book.sheet_names
            if reading.sheet is not None and reading.sheet not in sheets:
                raise InputError("sheet", f"one of: {', '.join(sheets[:12])}", repr(reading.sheet))
            sheet = reading.sheet or sheets[0]
            rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    except (calamine.CalamineError, OSError, zipfile.BadZipFile, IndexError) as error:
        raise InputError(f"data {source.name}", "a workbook", f"something else ({error})") from None
    filled = [place for place, row in enumerate(rows) if place >= (reading.skip or 0) and any(c != "" for c in row)]
    rows = rows[filled[0] : filled[-1] + 1] if filled else []
    if not rows:
        raise InputError(f"data {source.name}", "a line with the names of the columns", f"an empty sheet {sheet!r}")
    names = [_text(name) or UNNAMED.format(place) for place, name in enumerate(rows[0])]
    columns = [pa.array(_values([row[place] for row in rows[1:]])) for place in range(len(names))]
    table = pa.table(columns, names=names)
    again = repeated_names(table, names)
    if again is not None:
        wanted = "the names of the columns in one line; leave the others out"
        raise InputError(f"data {source.name}", wanted, f"them again in row {again + 1} below the names")
    told = [f"sheet {sheet!r}, the first of {len(sheets)} (--sheet)"] if reading.sheet is None and sheets[1:] else []
    return table, told


def _check_cells(content: IO[bytes], source: TableSource) -> None:
    """Raise an InputError for a cell in a column that no workbook has: the reader takes memory up to it, or aborts."""
    with damaged(source.name, "a workbook"), zipfile.ZipFile(content) as archive:
        for name in archive.namelist():
            if not name.startswith("xl/worksheets/"):
                continue
            with archive.open(name) as sheet:
                before = b""
                while block := sheet.read(1 << 20):
                    if found := _BEYOND.search(before + block):
                        place = found[1].decode("ascii")
                        raise InputError(f"data {source.name}", "a workbook, with columns up to XFD", f"a cell {place}")
                    before = block[-40:]
    content.seek(0)


_BEYOND = re.compile(rb"""\br(?:ef)?\s*=\s*["'](?:[A-Z]{1,3}[0-9]+:)?([A-Z]{4,20})""")


def _values(cells: Sequence[Any]) -> list[Any]:
    """Cells of one type: numbers, truth values, dates, or text where there are several; None where there is none."""
    found = [None if isinstance(cell, str) and (cell in BLANKS or cell.isspace()) else cell for cell in cells]
    kinds = {type(cell) for cell in found if cell is not None}
    if kinds <= {int, float}:
        whole = all(float(cell).is_integer() and abs(cell) < 2**53 for cell in found if cell is not None)
        return [None if cell is None else int(cell) if whole else float(cell) for cell in found]
    if kinds <= {datetime.date, datetime.datetime}:
        midnight = datetime.time()
        return [datetime.datetime.combine(c, midnight) if type(c) is datetime.date else c for c in found]
    if kinds == {datetime.time, datetime.timedelta}:  # durations, some of them below a day
        return [_duration(cell) if isinstance(cell, datetime.time) else cell for cell in found]
    if str in kinds and kinds <= {int, float, str} and len(kinds) > 1:  # a cell that is a number, kept as text
        numbers = [float(cell) if isinstance(cell, str) and _NUMBER.fullmatch(cell) else cell for cell in found]
        if not any(isinstance(cell, str) for cell in numbers):
            return _values(numbers)
    if len(kinds) > 1:
        return [None if cell is None else _text(cell) for cell in found]
    return found


def _duration(time: datetime.time) -> datetime.timedelta:
    return datetime.timedelta(
        hours=time.hour, minutes=time.minute, seconds=time.second, microseconds=time.microsecond
    )  # fmt: skip


def _text(cell: Any) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
