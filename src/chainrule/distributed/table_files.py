"""Tables in files as partitions: a row group of Parquet, a block of lines of CSV, or a whole file, read on the workers.

They are read as everywhere else here, so that a column has the same type with a cluster as without one. A CSV file
larger than ``CSV_BYTES`` is divided between its rows, which are looked for before; one that is packed, or in another
encoding than UTF-8, is one partition.
"""

from __future__ import annotations

import glob
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fsspec.core import url_to_fs  # type: ignore[import-untyped]

from chainrule.distributed.partitions import name_of
from chainrule.distributed.row_blocks import row_starts
from chainrule.errors import InputError
from chainrule.tables.binary_files import index_columns, parquet_file
from chainrule.tables.columns import is_number, is_text, require
from chainrule.tables.encodings import Utf8
from chainrule.tables.files import FileTable, kept_columns, no_index, read_source, with_decimal, with_folders
from chainrule.tables.reading import TableReading, Tell
from chainrule.tables.sources import (
    ENDINGS,
    STANDARD_INPUT,
    TableSource,
    kind_of,
    natural,
    one_kind,
    told_folders,
    wanted,
)
from chainrule.tables.text_files import (
    OpenQuote,
    RaggedRow,
    TextForm,
    csv_table,
    end_of,
    form_of,
    misshaped,
    names_of,
    zeros_lost,
)
from chainrule.tables.values import number_cells

if TYPE_CHECKING:
    import pyarrow as pa

CSV_BYTES = 1 << 24  # of a CSV file, that are a partition
SAMPLE_BYTES = 1 << 18  # of the first CSV file, from which the columns' types are seen


@dataclass(frozen=True)
class Piece:
    """A part of a file.

    Attributes:
        number: from 1. count: how many there are.
        file: its address. shown: for messages.
        first: the row group, from 0, or the byte. size: bytes of a block of lines; 0: the whole file.
        rows: 0 where they are not known.
    """

    number: int
    count: int
    file: str
    shown: str
    first: int
    size: int
    rows: int

    @property
    def source(self) -> TableSource:
        """The file."""
        system, path = url_to_fs(self.file)
        return _source(system, path)

    @property
    def kind(self) -> str:
        """The ending that says what is in the file."""
        return self.source.ending

    @property
    def name(self) -> str:
        """For messages."""
        place = f", row group {self.first + 1}" if self.kind == ".parquet" else f" from byte {self.first}"
        return f"{name_of(self.number, self.count)} ({self.shown}{place if self.first else ''})"


@dataclass(frozen=True)
class Layout:
    """The columns of a table, the same in each of its pieces.

    Attributes:
        names: in order.
        words, numbers: columns that are text, and that are numbers; others are as their type says.
        reading: what is asked of the files.
        form: of the text files.
    """

    names: tuple[str, ...]
    words: tuple[str, ...]
    numbers: tuple[str, ...]
    reading: TableReading
    form: TextForm | None = None

    @classmethod
    def of(cls, schema: pa.Schema, reading: TableReading, form: TextForm | None = None) -> Layout:
        """As in the first file, or in its first rows."""
        words = tuple(field.name for field in schema if is_text(field.type))
        numbers = tuple(field.name for field in schema if is_number(field.type))
        return cls(tuple(schema.names), words, numbers, reading, form)


@dataclass(frozen=True)
class TableFiles:
    """A table in files, in pieces."""

    pieces: tuple[Piece, ...]
    layout: Layout


# ---------------------------------------------------------------- what there is


def open_files(data: str | Sequence[str], reading: TableReading | None = None, tell: Tell | None = None) -> TableFiles:
    """The pieces of files, of folders' files or of those that patterns match.

    Of Parquet nothing but the ends is read; of CSV the beginning, and a file that is divided once, to find its rows.

    Args:
        reading: what is asked of the files; the rest is found out.
        tell: takes a line on what was found out and is not the usual.

    Raises:
        InputError: no such file; files of another kind, or of several kinds.
    """
    asked, names = reading or TableReading(), [data] if isinstance(data, str) else list(data)
    files = _files(names)
    first = _source(*files[0])
    try:
        if first.kind == "parquet" and not first.packing:
            layout, found, places = _row_groups(files, asked)
        else:
            layout, found = _layout(first, asked)
            places = [place for file in files for place in _blocks(file, layout)]
    except OSError as error:
        raise InputError(f"data {' '.join(names)}", "files that can be read", error.strerror or str(error)) from None
    if not places:
        raise InputError(f"data {' '.join(names)}", "at least one row", "none")
    if found and tell is not None:
        tell(f"data {first.name}: {', '.join(found)}")
    pieces = (
        Piece(i, len(places), system.unstrip_protocol(file), _shown(file), *place)
        for i, ((system, file), *place) in enumerate(places, 1)
    )
    return TableFiles(tuple(pieces), layout)


def _source(system: Any, path: str) -> TableSource:
    found = kind_of(path)
    assert found is not None  # as _files has only such
    return TableSource(_shown(path), *found, told_folders(path), lambda: system.open(path, "rb"))


def _files(data: Sequence[str]) -> list[tuple[Any, str]]:
    """The files of paths, of folders and of patterns, with their file systems, in the order of the numbers in them.

    Raises:
        InputError: none; of several kinds.
    """
    files: list[tuple[Any, str]] = []
    for name in data:
        if name == STANDARD_INPUT:
            raise InputError("data", "files, which workers can read", "standard input")
        try:
            system, path = url_to_fs(name)
            if glob.has_magic(path) and not system.exists(path):
                found = system.glob(path)
            elif system.isdir(path):
                found = [file for file in system.find(path) if wanted(file, path)]
            else:
                found = [path]
            known = [f for f in found if (wanted(f) or (found == [path] and kind_of(f))) and system.isfile(f)]
        except (OSError, ValueError, ImportError) as error:
            raise InputError(f"data {name}", "files that can be found", str(error)) from None
        if not known:
            got = "no such file" if found != [path] or not system.exists(path) else repr(Path(path).suffix)
            raise InputError(f"data {name}", f"files {ENDINGS}, by name, folder or pattern", got)
        files += [(system, file) for file in sorted(known, key=natural)]
    one_kind(" ".join(data), [file for _, file in files])
    return files


def local_files(data: Sequence[str]) -> list[str]:
    """The files of the data by their paths, as far as they are on this machine's disks."""
    found = []
    for system, file in _files(data):
        protocols = (system.protocol,) if isinstance(system.protocol, str) else system.protocol
        found += [file] if "file" in protocols or "local" in protocols else []
    return found


def _shown(file: str) -> str:
    """A file as people call it: from here, if it is near."""
    near = os.path.relpath(file) if os.path.isabs(file) else file
    return file if near.startswith("..") else near


def _row_groups(
    files: Sequence[tuple[Any, str]], reading: TableReading
) -> tuple[Layout, list[str], list[tuple[Any, ...]]]:  # fmt: skip
    """Columns of the first file, what is told of it; file, number, 0 and rows of each row group that has any."""
    import pyarrow as pa

    layout: Layout | None = None
    found: list[str] = []
    places: list[tuple[Any, ...]] = []
    for system, file in files:
        source = _source(system, file)
        with system.open(file, "rb") as opened, parquet_file(opened, source.name) as table:
            if layout is None:
                schema = table.schema_arrow
                index = index_columns(schema)
                kept = kept_columns(schema.names, source, reading, index)
                if set(index) - set(kept):
                    found = [f"the index {', '.join(index)} left out (--keep-index)"]
                none = schema.empty_table().select(kept)
                layout = Layout.of(with_folders(none, source, reading, schema.names).schema, reading)
            counts = [table.metadata.row_group(i).num_rows for i in range(table.metadata.num_row_groups)]
        places += [((system, file), i, 0, rows) for i, rows in enumerate(counts) if rows]
    return layout or Layout.of(pa.schema([]), reading), found, places


def _layout(first: TableSource, reading: TableReading) -> tuple[Layout, list[str]]:
    """The columns of the first file, and what is told of it: of CSV by its first rows, else by all of it."""
    if first.kind != "csv":
        part = read_source(first, reading)
        return Layout.of(part.table.schema, reading), list(part.found)
    form = form_of(first, reading)
    dialect = form.dialect
    assert dialect is not None
    with first.open() as content:
        stream, sample = Utf8(content, form.encoding, runs=dialect.runs), b""
        while len(sample) < SAMPLE_BYTES and (block := stream.read(SAMPLE_BYTES)):
            sample += block
        whole = not stream.read(1)
    if not whole:
        starts = row_starts(io.BytesIO(sample), replace(dialect, escape=""), max(1, len(sample)))
        sample = sample[: starts[-1]] or sample
    kept = kept_columns(dialect.names, first, reading)
    table, more = no_index(_parsed(first, sample, form, kept, reading.as_text), dialect.names, reading)
    table = with_folders(table, first, reading, dialect.names)
    return Layout.of(table.schema, reading, form), [*form.found, *more, *zeros_lost(dialect, table)]


def _blocks(file: tuple[Any, str], layout: Layout) -> list[tuple[Any, ...]]:
    """File, first byte, bytes and 0 of each block of lines; of a file that is not divided, one of all."""
    source, form, whole = _source(*file), layout.form, [(file, 0, 0, 0)]
    if form is None or form.dialect is None or source.packing or form.encoding not in ("utf-8", "utf-8-sig"):
        return whole
    system, path = file
    size = system.size(path)
    if size <= CSV_BYTES:
        return whole
    with source.open() as content:
        starts = row_starts(content, form.dialect, CSV_BYTES)
    ends = [*starts[1:], size]
    return [(file, begin, end - begin, 0) for begin, end in zip(starts, ends, strict=True) if end > begin]


# ---------------------------------------------------------------- on a worker


@contextmanager
def named(piece: Piece) -> Iterator[None]:
    """Within it, an error names the piece."""
    import pyarrow as pa

    try:
        yield
    except InputError as error:
        raise InputError(f"{piece.name}: {error.quantity}", error.expected, error.got) from None
    except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        readable = f"a part of a {piece.kind[1:].upper()} file that a worker can read"
        raise InputError(piece.name, readable, reason) from None


def read_piece(piece: Piece, layout: Layout) -> pa.Table:
    """The rows of a piece; maybe none of a block of lines.

    Raises:
        InputError: a column is missing, or has text where the first rows have numbers, or numbers for text.
    """
    source, reading = piece.source, layout.reading
    if source.kind == "parquet" and not source.packing:
        with source.open() as opened:
            own = tuple(name for name in layout.names if name not in dict(source.folders))
            table = with_folders(_row_group(opened, piece, own), source, reading, own)
    elif piece.size:
        table = _lines(source, piece, layout)
    else:
        texts = {name: reading.types.get(name, "text") for name in layout.words}
        part: FileTable = read_source(source, replace(reading, columns=layout.names, drop=(), types=texts))
        table = part.table
    if table.num_rows:
        require(table, layout.names)
        _as_before(table, layout)
    return table.select(layout.names) if table.num_rows else table


def _as_before(table: pa.Table, layout: Layout) -> None:
    """Raise an InputError where a column of numbers has other text, or one of text numbers; the row is named."""
    for name in layout.numbers:
        column = table.column(name)
        if is_text(column.type):
            try:
                number_cells(name, column, None)
            except InputError as error:
                raise InputError(error.quantity, "numbers, as in the first rows of the table", error.got) from None
    for name in layout.words:
        if is_number(table.schema.field(name).type):
            got = f"{table.column(name)[0].as_py()!r} in row 1"
            raise InputError(f"column {name!r}", "text, as in the first rows of the table", got)


def _row_group(opened: Any, piece: Piece, names: Sequence[str]) -> pa.Table:
    from pyarrow import parquet

    with parquet.ParquetFile(opened) as file:
        require(file.schema_arrow.empty_table(), names, rows=False)
        return file.read_row_group(piece.first, columns=list(names), use_threads=False)


def _lines(source: TableSource, piece: Piece, layout: Layout) -> pa.Table:
    form = layout.form
    assert form is not None
    assert form.dialect is not None
    form = replace(form, dialect=replace(form.dialect, names=names_of(source, form, form.dialect)))
    assert form.dialect is not None
    with source.open() as opened:
        opened.seek(piece.first)
        text = opened.read(piece.size)
    own = [name for name in form.dialect.names if name in layout.names]
    table = _parsed(source, text, form, own, {*layout.words, *layout.reading.as_text}, named=not piece.first)
    table = with_decimal(table, form.dialect.decimal, layout.reading)
    return with_folders(table, source, layout.reading, form.dialect.names)


def _parsed(
    source: TableSource, text: bytes, form: TextForm, kept: Sequence[str], texts: set[str], named: bool = True
) -> Any:  # fmt: skip
    """Lines of UTF-8 as a table, the types seen from all of them; ``named``: with those above the first row.

    Raises:
        InputError: rows of different lengths, a quote that is not closed.
    """
    dialect, chosen = form.dialect, set(kept)
    assert dialect is not None
    places, end = [place for place, column in enumerate(dialect.names) if column in chosen], end_of(dialect)
    try:
        return csv_table(
            lambda: Utf8(io.BytesIO(text), "utf-8", end, dialect.runs), dialect, places, texts, threads=False,
            named=named,
        )  # fmt: skip
    except (RaggedRow, OpenQuote) as error:
        raise misshaped(source, form, dialect, error) from None
