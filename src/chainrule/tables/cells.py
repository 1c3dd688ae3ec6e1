"""What an Arrow column is to training: numbers, truth values, dates or text, whatever type it is stored in."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array

Kind = Literal["text", "truth", "whole", "number", "date", "none"]

DECIMAL = b"chainrule decimal"  # beside the columns of a table: the decimal mark of the text file it is from
EXACT = 2**53  # up to here float64 has every whole number
_KNOWN = "numbers, truth values, dates or text"


def plain(name: str, column: Any) -> tuple[Kind, Any]:
    """The kind of a column and the column in a simple Arrow type: of text, of numbers, of truth values, of a date.

    Dictionaries and runs are written out, decimals and durations (in seconds) become numbers, bytes text.

    Raises:
        InputError: a nested type, bytes that are no text in UTF-8, or another type that is no input; what to do.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    t, kind = pa.types, column.type
    if isinstance(kind, pa.BaseExtensionType):
        return plain(name, pa.chunked_array([chunk.storage for chunk in column.chunks], kind.storage_type))
    if t.is_dictionary(kind):
        return plain(name, column.cast(kind.value_type))
    if t.is_run_end_encoded(kind):
        chunks = [pc.run_end_decode(chunk) for chunk in column.chunks]
        return plain(name, pa.chunked_array(chunks, kind.value_type))
    if t.is_null(kind):
        return "none", column
    if t.is_boolean(kind):
        return "truth", column
    if t.is_integer(kind):
        return "whole", column
    if t.is_floating(kind):
        return "number", column
    if t.is_decimal(kind):
        return "number", column.cast(pa.float64(), safe=False)
    if t.is_duration(kind):
        ticks = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[kind.unit]
        return "number", pc.divide(column.cast(pa.int64()).cast(pa.float64(), safe=False), ticks)
    if t.is_date(kind) or t.is_timestamp(kind) or t.is_time(kind):
        return "date", column
    if t.is_string(kind) or t.is_large_string(kind):
        return "text", column
    if kind == pa.string_view():
        return "text", column.cast(pa.large_string())
    if t.is_binary(kind) or t.is_large_binary(kind) or t.is_fixed_size_binary(kind) or kind == pa.binary_view():
        return "text", _decoded(name, column)
    raise InputError(f"column {name!r}", f"{_KNOWN}; leave it out with --drop {name}", str(kind))


def numbers_of(name: str, kind: Kind, column: Any) -> Array:
    """Numbers or truth values as float64 (n,), NaN where there is none.

    Raises:
        InputError: infinity; whole numbers too large to be told apart. The row is named, counted from 1.
    """
    import pyarrow as pa

    if kind == "whole":
        _check_exact(name, column)
    values = np.asarray(column.cast(pa.float64(), safe=False).fill_null(np.nan).to_numpy(), np.float64)
    if np.isinf(values).any():
        row = int(np.argmax(np.isinf(values)))
        raise InputError(f"column {name!r}", "finite numbers", f"{values[row]} in row {row + 1}")
    return values


def words_of(kind: Kind, column: Any) -> tuple[Array, list[str]]:
    """A column as labels: of each row (n,) the place of its label among those that are returned, -1 for none.

    Text is as it is, whole numbers as they print, truth values ``True`` and ``False``, dates in ISO 8601.
    """
    import pyarrow as pa

    if kind == "none":
        return np.full(len(column), -1), []
    coded = column.dictionary_encode().combine_chunks()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.chunk(0) if coded.num_chunks else pa.array([], pa.string()).dictionary_encode()
    codes = coded.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    values = coded.dictionary.to_pylist()
    if kind != "number":
        return codes, [str(value) for value in values]
    missing = np.array([value != value for value in values], bool)  # NaN
    if missing.any():
        codes = np.where(np.append(missing, False)[codes], -1, codes)
    return codes, [str(int(v)) if v == v and float(v).is_integer() else str(v) for v in values]


def is_duration(kind: Any) -> bool:
    """Whether a column's type is a duration."""
    import pyarrow as pa

    return bool(pa.types.is_duration(kind))


def decimal_of(table: Any) -> str | None:
    """The decimal mark of the text file that a table is from, where it is known."""
    found = (table.schema.metadata or {}).get(DECIMAL)
    return None if found is None else found.decode()


def printed(column: Any) -> Any:
    """Cells as text files have them: ``True``, ``2024-01-31`` where all times are midnight, numbers as they print."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_boolean(column.type):
        return pc.if_else(column, "True", "False")
    if pa.types.is_timestamp(column.type):
        if (
            column.type.tz is None
            and pc.all(pc.equal(column, pc.floor_temporal(column, unit="day"))).as_py() is not False
        ):
            return column.cast(pa.date32()).cast(pa.string())
        text = column.cast(pa.string())
        return pc.replace_substring_regex(text, r"\.0+(Z?)$", r"\1")
    return column.cast(pa.string())


def _check_exact(name: str, column: Any) -> None:
    """Raise an InputError for whole numbers that float64 would make equal: keys, such as hashes, in a narrow range."""
    import pyarrow.compute as pc

    ends = pc.min_max(column).as_py()
    low, high = ends["min"], ends["max"]
    if low is None or max(abs(low), abs(high)) <= EXACT or low == high:
        return
    if high - low < 1e6 * float(np.spacing(float(max(abs(low), abs(high))))):
        wanted = f"whole numbers whose differences float64 can hold (--drop {name} leaves the column out)"
        raise InputError(f"column {name!r}", wanted, f"{low} to {high}")


def _decoded(name: str, column: Any) -> Any:
    """Bytes as text in UTF-8; a row that is none is named."""
    import pyarrow as pa

    try:
        return column.cast(pa.large_binary()).cast(pa.large_string())
    except pa.ArrowException:
        row, value = next((row, v) for row, v in enumerate(column.to_pylist(), 1) if v is not None and not _is_utf8(v))
    shown = repr(value if len(value) <= 24 else value[:24] + b"...")
    wanted = f"{_KNOWN}; bytes are read as text in UTF-8 (--drop {name} leaves the column out)"
    raise InputError(f"column {name!r}", wanted, f"{shown} in row {row}")


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
