"""Parquet and CSV files as partitions: a row group or a block of lines each, read where the work is done.

They are read by Arrow, as everywhere else here, so that a column has the same type with a cluster as without one.
A CSV file is divided at ends of lines: a value of a file larger than ``CSV_BYTES`` may not have one within.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dask.utils import natural_sort_key
from fsspec.core import url_to_fs  # type: ignore[import-untyped]
from fsspec.utils import read_block  # type: ignore[import-untyped]

from chainrule.distributed.partitions import name_of
from chainrule.errors import InputError
from chainrule.tables.columns import is_number, is_text, require
from chainrule.tables.files import csv_options
from chainrule.tables.values import number_cells

if TYPE_CHECKING:
    import pyarrow as pa

CSV_BYTES = 1 << 24  # of a CSV file, that are a partition
SAMPLE_BYTES = 1 << 18  # of the first CSV file, from which the columns' types are seen
ENDINGS = (".parquet", ".csv", ".tsv")


@dataclass(frozen=True)
class Piece:
    """A part of a file.

    Attributes:
        number: from 1. count: how many there are.
        file: its address. shown: for messages.
        first: the row group, from 0, or the byte. size: bytes of a block of lines. rows: 0 where they are not known.
    """

    number: int
    count: int
    file: str
    shown: str
    first: int
    size: int
    rows: int

    @property
    def kind(self) -> str:
        """The file's ending."""
        return Path(self.file).suffix.lower()

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
    """

    names: tuple[str, ...]
    words: tuple[str, ...]
    numbers: tuple[str, ...]

    @classmethod
    def of(cls, schema: pa.Schema) -> Layout:
        """As in the first file, or in its first rows."""
        words = (field.name for field in schema if is_text(field.type))
        return cls(tuple(schema.names), tuple(words), tuple(field.name for field in schema if is_number(field.type)))


@dataclass(frozen=True)
class TableFiles:
    """A table in files, in pieces."""

    pieces: tuple[Piece, ...]
    layout: Layout


# ---------------------------------------------------------------- what there is


def open_files(data: str, words: Sequence[str] = ()) -> TableFiles:
    """The pieces of a file, of a folder's files or of those that a pattern matches; nothing but their ends is read.

    Args:
        words: columns that are text, whatever a CSV file has in its first rows.

    Raises:
        InputError: no such file; files of another kind, or of several kinds.
    """
    system, files = _files(data)
    kind = Path(files[0]).suffix.lower()
    try:
        if kind == ".parquet":
            layout, places = _row_groups(system, files)
        else:
            layout = _csv_layout(system, files[0], kind, words)
            sizes = [(file, system.size(file)) for file in files]
            places = [(f, at, min(CSV_BYTES, size - at), 0) for f, size in sizes for at in range(0, size, CSV_BYTES)]
    except OSError as error:
        raise InputError(f"data {data}", "files that can be read", error.strerror or str(error)) from None
    if not places:
        raise InputError(f"data {data}", "at least one row", "none")
    pieces = (
        Piece(i, len(places), system.unstrip_protocol(file), _shown(file), *place)
        for i, (file, *place) in enumerate(places, 1)
    )
    return TableFiles(tuple(pieces), layout)


def _files(data: str) -> tuple[Any, list[str]]:
    """The file system and the files of a path, of a folder or of a pattern, in the order of the numbers in their names.

    Raises:
        InputError: none; of several kinds.
    """
    known = ", ".join(ENDINGS)
    try:
        system, path = url_to_fs(data)
        if glob.has_magic(path) and not system.exists(path):
            found = system.glob(path)
        else:
            found = system.ls(path, detail=False) if system.isdir(path) else [path]
        known_files = [f for f in found if Path(f).suffix.lower() in ENDINGS and system.isfile(f)]
        files = sorted(known_files, key=natural_sort_key)
    except (OSError, ValueError, ImportError) as error:
        raise InputError(f"data {data}", "files that can be found", str(error)) from None
    if not files:
        got = "no such file" if found != [path] or not system.exists(path) else repr(Path(path).suffix)
        raise InputError(f"data {data}", f"files {known}, by name, folder or pattern", got)
    kinds = sorted({Path(f).suffix.lower() for f in files})
    if len(kinds) > 1:
        raise InputError(f"data {data}", "files of one kind", ", ".join(kinds))
    return system, files


def local_files(data: str) -> list[str]:
    """The files of the data by their paths, as far as they are on this machine's disks."""
    system, files = _files(data)
    protocols = (system.protocol,) if isinstance(system.protocol, str) else system.protocol
    return files if "file" in protocols or "local" in protocols else []


def _shown(file: str) -> str:
    """A file as people call it: from here, if it is near."""
    near = os.path.relpath(file) if os.path.isabs(file) else file
    return file if near.startswith("..") else near


def _row_groups(system: Any, files: Sequence[str]) -> tuple[Layout, list[tuple[str, int, int, int]]]:
    """Columns of the first file; file, number, 0 and rows of each row group that has any."""
    import pyarrow as pa
    from pyarrow import parquet

    layout, places = Layout((), (), ()), []
    for file in files:
        try:
            with system.open(file, "rb") as opened, parquet.ParquetFile(opened) as table:
                layout = layout if layout.names else Layout.of(table.schema_arrow)
                counts = [table.metadata.row_group(i).num_rows for i in range(table.metadata.num_row_groups)]
        except pa.ArrowException as error:
            got = f"something else ({str(error).splitlines()[0]})"
            raise InputError(f"data {_shown(file)}", "a Parquet file", got) from None
        places += [(file, i, 0, rows) for i, rows in enumerate(counts) if rows]
    return layout, places


def _csv_layout(system: Any, file: str, kind: str, words: Sequence[str]) -> Layout:
    import pyarrow as pa

    with system.open(file, "rb") as opened:
        sample = read_block(opened, 0, SAMPLE_BYTES, b"\n")
    try:
        table = _parsed(sample, kind, dict.fromkeys(words, pa.string()))
    except (pa.ArrowException, UnicodeDecodeError) as error:
        got = f"something else ({str(error).splitlines()[0]})"
        raise InputError(f"data {_shown(file)}", f"a {kind[1:].upper()} file", got) from None
    return Layout.of(table.schema)


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
        wanted = f"a part of a {piece.kind[1:].upper()} file that a worker can read"
        raise InputError(piece.name, wanted, reason) from None


def read_piece(piece: Piece, layout: Layout) -> pa.Table:
    """The rows of a piece; maybe none of a block of lines.

    Raises:
        InputError: a column is missing, or has text where the first rows have numbers, or numbers for text.
    """
    system, path = url_to_fs(piece.file)
    with system.open(path, "rb") as opened:
        table = _row_group(opened, piece, layout) if piece.kind == ".parquet" else _lines(opened, piece, layout)
    if table.num_rows:
        require(table, layout.names)
        _as_before(table, layout)
    return table


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


def _row_group(opened: Any, piece: Piece, layout: Layout) -> pa.Table:
    from pyarrow import parquet

    with parquet.ParquetFile(opened) as file:
        return file.read_row_group(piece.first, columns=list(layout.names), use_threads=False)


def _lines(opened: Any, piece: Piece, layout: Layout) -> pa.Table:
    import pyarrow as pa

    text = (opened.readline() if piece.first else b"") + read_block(opened, piece.first, piece.size, b"\n")
    return _parsed(text, piece.kind, dict.fromkeys(layout.words, pa.string()))


def _parsed(text: bytes, kind: str, types: dict[str, Any]) -> pa.Table:
    """Lines as a table, the types seen from all of them."""
    import pyarrow as pa
    from pyarrow import csv

    whole = csv.ReadOptions(use_threads=False, block_size=len(text) + 1)
    return csv.read_csv(pa.BufferReader(text), read_options=whole, **csv_options(kind, types))
