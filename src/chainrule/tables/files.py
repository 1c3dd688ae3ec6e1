"""Reading tables: files of many kinds, by name, pattern or folder, and the bundled data sets by name."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from chainrule.errors import InputError
from chainrule.tables.binary_files import index_columns, parquet_file, read_arrow, read_excel, read_npz
from chainrule.tables.cells import DECIMAL, printed
from chainrule.tables.datasets import BUNDLED, bundled
from chainrule.tables.reading import TableReading, Tell
from chainrule.tables.sources import TableSource, in_utf8, sources
from chainrule.tables.text_files import check_width, form_of, read_text, zeros_lost

if TYPE_CHECKING:
    import pyarrow as pa

_UNNAMED = re.compile(r"Unnamed: [0-9]+")


def read_table(
    source: str | os.PathLike[str] | Sequence[str | os.PathLike[str]], reading: TableReading | None = None,
    tell: Tell | None = None,
) -> pa.Table:  # fmt: skip
    """A table from files, by their endings, or a bundled data set by its name.

    CSV and TSV (separator, quotes, encoding and a decimal comma are found out), JSON Lines, Parquet, Feather and Arrow,
    NPZ, and with the extra ``chainrule[excel]`` .xlsx; also packed (.gz, .bz2, .xz, .zst, .zip). A folder or a
    pattern stands for its files; folders ``year=2024`` give a column. ``-`` is standard input. An NPZ file gives a
    column for each one-dimensional array, and for a matrix ``X`` the columns ``X_1``, ``X_2``, … Nothing in a file is
    ever run.

    Args:
        source: one name, or several whose rows follow each other.
        reading: what is asked for; the rest is found out.
        tell: takes a line on what was found out and is not the usual; None: it is a warning.

    Raises:
        InputError: no such file or data set, an ending that is not known, a file that is not what its name says or that
            is damaged, files of different columns.

    >>> from chainrule.storage import read_table
    >>> read_table("iris").num_rows
    150
    """
    names = [os.fspath(source)] if isinstance(source, str | os.PathLike) else [os.fspath(name) for name in source]
    asked = reading or TableReading()
    if len(names) == 1 and names[0] in BUNDLED:
        table = bundled(names[0])
        return table.select(asked.chosen(table.column_names))
    if not names:
        raise InputError("data", "at least one file", "none")
    shown = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    parts = read_sources(sources(names), asked)
    told: dict[str, list[str]] = {}
    for part in parts:
        if part.found:
            told.setdefault(", ".join(part.found), []).append(part.source.name)
    for words, of in told.items():
        line = f"data {of[0]}{f' and {len(of) - 1} more' if of[1:] else ''}: {words}"
        warnings.warn(line, stacklevel=2) if tell is None else tell(line)
    table = together(parts)
    if table.num_rows == 0:
        raise InputError(f"data {shown}", "at least one row", "none")
    return table


@dataclass(frozen=True, eq=False)
class FileTable:
    """The table of one file; ``found``: what was found out of it, in words."""

    source: TableSource
    table: pa.Table
    found: tuple[str, ...]


def read_sources(files: Sequence[TableSource], reading: TableReading) -> list[FileTable]:
    """The tables of files, with the same columns of the same types.

    A column that is text in some CSV files and something else in others is read as text in all.

    Raises:
        InputError: a file that cannot be read; columns that are not the same.
    """
    parts = [read_source(file, reading) for file in files]
    if parts[1:]:
        parts = [replace(part, table=_written_out(part.table)) for part in parts]
    names = parts[0].table.column_names
    for part in parts[1:]:
        if set(part.table.column_names) != set(names):
            other = sorted(set(names) ^ set(part.table.column_names))[0]
            wanted, got = (("", "no such"), ("no ", "one"))[other in part.table.column_names]
            where = f"{wanted}column {other!r}, as in {files[0].name}"
            raise InputError(f"data {part.source.name}", where, f"{got} column" if got == "no such" else got)
    differ = [name for name in names if len(parts) > 1 and not _fit([part.table.field(name) for part in parts])]
    if differ and files[0].kind == "csv" and not set(differ) <= reading.as_text:
        return read_sources(files, replace(reading, texts=(*reading.texts, *differ)))
    for name in differ:
        kinds = [part.table.field(name).type for part in parts]
        other_kind = next(i for i, kind in enumerate(kinds) if kind != kinds[0])
        got = f"{kinds[0]} in {files[0].name}, {kinds[other_kind]} in {files[other_kind].name}"
        raise InputError(f"column {name!r}", "one type in all files", got)
    return parts


def _written_out(table: Any) -> Any:
    """With the values of dictionaries in their places: another file may have the column as text."""
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(field.type.value_type))
    return table


def together(parts: Sequence[FileTable]) -> pa.Table:
    """The rows of all files, one after the other.

    Raises:
        InputError: numbers that no type can hold together.
    """
    import pyarrow as pa

    if len(parts) == 1:
        return parts[0].table
    names = parts[0].table.column_names
    tables = [part.table.select(names) for part in parts]
    for place, name in enumerate(names):
        kinds = [table.schema.field(place).type for table in tables]
        if any(map(pa.types.is_timestamp, kinds)) and any(map(pa.types.is_date, kinds)):
            unit = next(kind for kind in kinds if pa.types.is_timestamp(kind))
            tables = [
                table.set_column(place, name, table.column(place).cast(unit)) if pa.types.is_date(kind) else table
                for table, kind in zip(tables, kinds, strict=True)
            ]
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowInvalid as error:
        name = next((name for name in names if not _joins([table.column(name) for table in tables])), names[0])
        kinds = sorted({str(table.schema.field(name).type) for table in tables})
        wanted = f"numbers that one type can hold in all files (--drop {name} leaves the column out)"
        raise InputError(f"column {name!r}", wanted, f"{' and '.join(kinds)}: {error}") from None


def _joins(columns: Sequence[Any]) -> bool:
    """Whether columns of several files can be put together, their values too."""
    import pyarrow as pa

    try:
        pa.concat_tables([pa.table({"c": column}) for column in columns], promote_options="permissive")
    except pa.ArrowException:
        return False
    return True


def _fit(fields: Sequence[Any]) -> bool:
    """Whether columns of these types can be put together."""
    import pyarrow as pa

    kinds = [field.type for field in fields]
    naive = [kind for kind in kinds if pa.types.is_timestamp(kind) and kind.tz is None]
    if naive and any(map(pa.types.is_date, kinds)):  # days and times are times
        fields = [field.with_type(naive[0]) if pa.types.is_date(field.type) else field for field in fields]
    try:
        pa.unify_schemas([pa.schema([field]) for field in fields], promote_options="permissive")
    except pa.ArrowException:
        return False
    return True


def read_source(source: TableSource, reading: TableReading) -> FileTable:
    """The table of one file, of the columns that are asked for, with those of its folders.

    Raises:
        InputError: a file that cannot be read, or without such a column.
    """
    found: tuple[str, ...] = ()
    if source.kind in ("csv", "json"):
        form = form_of(source, reading)
        names = form.dialect.names if form.dialect else ()
        kept = kept_columns(names, source, reading) if form.dialect else []
        table, form = read_text(source, form, reading, kept)
        found = form.found
        if form.dialect is None:
            check_width(source.name, table.num_columns)
            table = _as_texts(table.select(kept_columns(table.column_names, source, reading)), reading)
        else:
            table, more = no_index(table, names, reading)
            table = with_decimal(table, form.dialect.decimal, reading)
            found += (*more, *zeros_lost(form.dialect, table))
    else:
        with in_utf8(source.name), source.seekable() as content:
            if source.kind == "parquet":
                with parquet_file(content, source.name) as file:
                    check_width(source.name, len(file.schema_arrow))
                    index, names = index_columns(file.schema_arrow), tuple(file.schema_arrow.names)
                    kept = kept_columns(names, source, reading, index)
                    table = file.read(columns=kept if len(kept) < len(names) else None)
            elif source.kind == "excel":
                table, words = read_excel(content, source, reading)
                names, index = tuple(table.column_names), []
                kept = kept_columns(names, source, reading)
                table, more = no_index(table.select(kept), names, reading)
                found, kept = (*words, *more), table.column_names
            else:
                table = read_npz(content, source) if source.kind == "npz" else read_arrow(content, source)
                check_width(source.name, table.num_columns)
                index, names = index_columns(table.schema), tuple(table.column_names)
                kept = kept_columns(names, source, reading, index)
        table = _as_texts(table.select(kept), reading)
        if index and not reading.keep_index and not set(index) & set(kept):
            found = (*found, f"the index {', '.join(index)} left out (--keep-index)")
    return FileTable(source, with_folders(table, source, reading, names), found)


def kept_columns(
    names: Sequence[str], source: TableSource, reading: TableReading, index: Sequence[str] = ()
) -> list[str]:
    """The columns of a file's own that are asked for; ``index`` is one of them only where it is asked for."""
    more = [name for name, _ in source.folders if name not in names]
    kept = set(reading.chosen([*names, *more], () if reading.keep_index else index)) - set(more)
    return [name for name in names if name in kept]


def with_decimal(table: Any, decimal: str, reading: TableReading) -> Any:
    """With the file's decimal mark beside the columns, where it is known: 1.234 € is then in no doubt."""
    if decimal != "," and reading.decimal is None:
        return table
    return table.replace_schema_metadata({**(table.schema.metadata or {}), DECIMAL: decimal})


def no_index(table: Any, names: Sequence[str], reading: TableReading) -> tuple[Any, tuple[str, ...]]:
    """Without a first column that has no name and only numbers the rows, and without empty ones that have no name."""
    import pyarrow as pa
    import pyarrow.compute as pc

    asked = {*(reading.columns or ()), *reading.types}
    out, found = [], []
    for name in table.column_names:
        if name in asked or not _UNNAMED.fullmatch(name):
            continue
        column = table.column(name)
        if pa.types.is_null(column.type) and table.num_rows:
            out.append(name)
            found.append(f"empty column {name!r} left out")
        elif name == names[0] and not reading.keep_index and pa.types.is_integer(column.type) and len(names) > 1:
            counts = not column.null_count and table.num_rows and pc.min(column).as_py() >= 0
            if counts and pc.count_distinct(column).as_py() == table.num_rows:
                out.append(name)
                found.append("the first column, which has no name and counts the rows, left out (--keep-index)")
    return table.drop_columns(out), tuple(found)


def _as_texts(table: Any, reading: TableReading) -> Any:
    """Columns that are to be text by ``types``; numbers as they print."""
    import pyarrow as pa

    for place, name in enumerate(table.column_names):
        kind = table.schema.field(place).type
        scalar = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
        if reading.types.get(name) in ("text", "category") and (
            scalar or pa.types.is_date(kind) or pa.types.is_timestamp(kind)
        ):
            table = table.set_column(place, name, printed(table.column(place)))
    return table


def _all_are(column: Any, value: str | None) -> bool:
    """Whether all cells are what a folder's name says; numbers may be written otherwise."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if value is None:
        return bool(column.null_count == len(column))
    number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    try:
        same = pc.equal(column.cast(pa.float64(), safe=False), float(value)) if number else pc.equal(
            column.cast(pa.string()), value)  # fmt: skip
    except (ValueError, pa.ArrowException):
        return False
    return bool(pc.all(pc.fill_null(same, False)).as_py())


def with_folders(table: Any, source: TableSource, reading: TableReading, names: Sequence[str]) -> Any:
    """With a column for each folder ``name=value``, unless the file has one of that name.

    Raises:
        InputError: it has one, of other values.
    """
    import pyarrow as pa

    for name, value in source.folders:
        if name in table.column_names and not _all_are(table.column(name), value):
            told = f"folder {name}={value}"
            raise InputError(f"data {source.name}: column {name!r}", f"{value}, as its {told} says", "something else")
    more = {name: value for name, value in source.folders if name not in names}
    kept = set(reading.chosen([*names, *more])) if more else set()
    for name, value in more.items():
        if name not in kept:
            continue
        number = value is not None and re.fullmatch(r"-?[0-9]{1,18}", value) and name not in reading.as_text
        scalar = pa.scalar(int(value), pa.int64()) if number and value else pa.scalar(value, pa.string())
        if value is None:
            scalar = pa.scalar(None)
        table = table.append_column(name, pa.repeat(scalar, table.num_rows))
    return table
