"""CSV and JSON Lines files as Arrow tables: read by Arrow, in the dialect and the encoding that they have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import IO, Any

import numpy as np

from chainrule.errors import InputError
from chainrule.tables.dialect import Dialect, dialect_of, names_in
from chainrule.tables.encodings import Utf8, encoding_of, fallback, text_of
from chainrule.tables.json_lines import BLOCK_BYTES, LONGEST_ROW, json_table, lines_in
from chainrule.tables.reading import TableReading
from chainrule.tables.sources import TableSource, beginning_of, damaged

SAMPLE_BYTES = 1 << 20  # of a file, from which its dialect is seen; more where a row is longer
MOST_COLUMNS = 50_000
_END = "\x1e the end of the file \x1e"

#: what stands for no value, as pandas has it
BLANKS = (
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip


@dataclass(frozen=True)
class TextForm:
    """The form of a text file.

    Attributes:
        encoding: as Python calls it.
        dialect: None for JSON Lines.
        found: what is not the usual, in words.
    """

    encoding: str
    dialect: Dialect | None
    found: tuple[str, ...]


def form_of(source: TableSource, reading: TableReading) -> TextForm:
    """The encoding and the dialect of a text file; but for the encoding, only its beginning is read.

    Raises:
        InputError: a file that is no text, that is empty, or damaged.
    """
    size, start, whole = SAMPLE_BYTES, b"", False
    while True:
        with source.open() as content:
            start = _at_least(content, size)
            whole = len(start) < size
        _is_text(source, start)
        if not whole and b"\n" not in start and b"\r" not in start:  # no row is whole; nothing else looks at it
            if size >= LONGEST_ROW:
                expected = f"rows of at most {LONGEST_ROW >> 20} MB"
                raise InputError(f"data {source.name}", expected, "a longer one")
            size *= 8
            continue
        encoding, words = reading.encoding or encoding_of(start), []
        try:
            sample = text_of(start, encoding)
        except UnicodeDecodeError as error:
            if reading.encoding is not None or encoding != "utf-8":
                raise InputError(f"data {source.name}", f"text in {encoding}", _reason(error)) from None
            with source.open() as content:
                encoding = fallback(content)
            sample = text_of(start, encoding)
        if reading.encoding is None and encoding not in ("utf-8", "utf-8-sig"):
            words.append(_encoding_words(encoding))
        if "\0" in sample:
            raise InputError(f"data {source.name}", "text", "bytes that are none; or its encoding is to be given")
        if not sample.strip():
            raise InputError(f"data {source.name}", "a table", "an empty file")
        if source.kind == "json":
            return TextForm(encoding, None, tuple(words))
        dialect = dialect_of(sample, whole, source.ending, reading)
        rows = sample.count("\n") + sample.count("\r")
        if dialect is not None:
            check_width(source.name, len(dialect.names))
        if dialect is not None and (whole or rows > 2 or size >= LONGEST_ROW):
            return TextForm(encoding, dialect, (*dialect.found, *words))
        if whole or size >= LONGEST_ROW:
            raise InputError(f"data {source.name}", "a line with the names of the columns", "none")
        size *= 8


def check_width(name: str, columns: int) -> None:
    """Raise an InputError for more columns than are read: of so many, Arrow's reader takes time by their square."""
    if columns > MOST_COLUMNS:
        raise InputError(f"data {name}", f"at most {MOST_COLUMNS} columns", str(columns))


def read_text(source: TableSource, form: TextForm, reading: TableReading, kept: Sequence[str]) -> tuple[Any, TextForm]:
    """The table of a text file; and its form, as only all of the file may show the encoding.

    Args:
        kept: names of the columns to read, each there once; of JSON Lines, all are read.

    Raises:
        InputError: rows of different lengths, an encoding that is not so, a quote that is not closed.
    """
    while True:
        try:
            with source.open() as content:
                if form.dialect is None:
                    return json_table(source, content, form.encoding), form
                return _csv(source, content, form, form.dialect, kept, reading.as_text), form
        except UnicodeDecodeError as error:
            if reading.encoding is not None or form.encoding != "utf-8":
                raise InputError(f"data {source.name}", f"text in {form.encoding}", _reason(error)) from None
            with source.open() as content:
                other = fallback(content)
            form = replace(form, encoding=other, found=(*form.found, _encoding_words(other)))


def csv_table(
    open_content: Callable[[], Utf8], dialect: Dialect, kept: Iterable[int], texts: set[str], threads: bool = True,
    named: bool = True,
) -> Any:  # fmt: skip
    """Rows of UTF-8 text as a table: the columns at the given places, under their names.

    Args:
        open_content: opens the rows anew; they end in the row of ``end_of``.
        dialect: lines and names to skip are at the beginning, unless it is not ``named``: then rows are.
        texts: names of columns that are text, whatever they look like. So is one with hexadecimal numbers, ``0x1F``.

    Raises:
        RaggedRow: a row of another length.
        pyarrow.ArrowException: what Arrow does not read.
    """
    import pyarrow as pa
    from pyarrow import csv

    names, end, ended, bad = dialect.names, end_of(dialect).strip("\n"), [0], []

    def other(row: Any) -> str:
        if row.text == end:
            ended[0] += 1
            return "skip"
        if not row.text.strip(" \t\x1a"):  # a blank line, or the end that DOS wrote
            return "skip"
        bad.append(row)
        return "error"

    kept = list(kept)
    places = kept or [0]  # of none, Arrow would read all
    block = BLOCK_BYTES
    while True:
        ended[0] = 0
        stream = open_content()
        try:
            table = csv.read_csv(
                pa.PythonFile(stream, mode="r"),
                csv.ReadOptions(
                    use_threads=threads, block_size=block, skip_rows=dialect.skip if named else 0,
                    skip_rows_after_names=int(named),
                    column_names=[str(i) for i in range(len(names))],
                ),
                csv.ParseOptions(
                    delimiter=dialect.separator, quote_char=dialect.quote or False,
                    escape_char=dialect.escape or False, newlines_in_values=bool(dialect.quote or dialect.escape),
                    invalid_row_handler=other,
                ),
                csv.ConvertOptions(
                    include_columns=[str(i) for i in places], strings_can_be_null=True, null_values=list(BLANKS),
                    true_values=["True", "TRUE", "true"], false_values=["False", "FALSE", "false"],
                    decimal_point=dialect.decimal,
                    column_types={str(i): pa.string() for i in places if names[i] in texts},
                ),
            )  # fmt: skip
        except pa.ArrowInvalid as error:
            if bad:
                raise RaggedRow(bad[0].actual_columns) from None
            if "straddling" not in str(error) or block >= LONGEST_ROW:
                raise
            block *= 8
            continue
        if not ended[0]:
            raise OpenQuote
        table = table.rename_columns([names[i] for i in places]).select(range(len(kept)))
        if not stream.hexadecimal:
            return table
        whole = [i for i in kept if pa.types.is_integer(table.schema.field(names[i]).type)]
        if not whole:
            return table
        cells = csv_table(open_content, dialect, whole, {names[i] for i in whole}, threads, named)
        return _hexadecimal_as_text(table, cells)


def _hexadecimal_as_text(table: Any, cells: Any) -> Any:
    """A table where the columns that have hexadecimal numbers among their cells are these cells."""
    import pyarrow.compute as pc

    for name in cells.column_names:
        if pc.any(pc.match_substring_regex(cells.column(name), r"^\s*[+-]?0[xX]")).as_py():
            table = table.set_column(table.column_names.index(name), name, cells.column(name))
    return table


def zeros_lost(dialect: Dialect, table: Any) -> tuple[str, ...]:
    """What is to be said of columns that were read as numbers, though some cells begin with a zero, as 01 does."""
    import pyarrow as pa

    types = dict(zip(table.column_names, table.schema.types, strict=True))
    return tuple(
        f"{cell} in column {name!r} taken as the number {int(cell)} (--types {name}=text keeps the zeros)"
        for name, cell in dialect.zeros if name in types and pa.types.is_integer(types[name])
    )  # fmt: skip


class RaggedRow(ValueError):
    """A row of so many cells, which are too many or too few."""

    def __init__(self, cells: int) -> None:
        self.cells = cells
        super().__init__(cells)


class OpenQuote(ValueError):
    """A text within quotes that goes on to the end of the file."""


def end_of(dialect: Dialect) -> str:
    """A row that is put behind the end of a file: one cell too long, and seen only where no quote is open."""
    return "\n" + dialect.separator.join([_END] * (len(dialect.names) + 1)) + "\n"


def _csv(
    source: TableSource, content: IO[bytes], form: TextForm, dialect: Dialect, kept: Sequence[str], texts: set[str]
) -> Any:  # fmt: skip
    names, wanted = dialect.names, set(kept)
    places = [place for place, name in enumerate(names) if name in wanted]
    streams = [content]

    def again() -> Utf8:
        """The first time what is open, then from the beginning."""
        return Utf8(
            streams.pop() if streams else reopened.enter_context(source.open()), form.encoding, end, dialect.runs
        )

    end = end_of(dialect)
    with ExitStack() as reopened, damaged(source.name, f"a {source.ending[1:].upper()} file"):
        try:
            table = csv_table(again, dialect, places, texts)
        except (RaggedRow, OpenQuote) as error:
            raise misshaped(source, form, dialect, error) from None
    twice = repeated_names(table, [names[place] for place in places])
    if twice is not None:
        line = _line_of(source, form, dialect, lambda row: [row[i] for i in places] == [names[i] for i in places])
        once = "the names of the columns in one line; leave the others out"
        raise InputError(f"data {source.name}", once, f"them again in line {line}")
    return table


def repeated_names(table: Any, names: list[str]) -> int | None:
    """The first row, from 0, that has the names of the columns for its cells; None where there is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if len(names) < 2 or not table.num_rows or not all(pa.types.is_string(kind) for kind in table.schema.types):
        return None
    same = np.ones(table.num_rows, bool)
    for name in names:
        same &= pc.fill_null(pc.equal(table.column(name), name), False).to_numpy()
        if not same.any():
            return None
    return int(same.argmax())


def misshaped(source: TableSource, form: TextForm, dialect: Dialect, error: RaggedRow | OpenQuote) -> InputError:
    """What is wrong with the file, with the line at which it begins."""
    names = len(dialect.names)
    if isinstance(error, OpenQuote):
        line = _line_of(source, form, dialect, lambda row: any(_END in cell for cell in row), last=True)
        where = f"that of line {line} goes on to the end of the file" if line else "one that is open at the end"
        return InputError(f"data {source.name}", f"each quote {dialect.quote} closed", where)
    line = _line_of(source, form, dialect, lambda row: len(row) != names)
    cells = f"{names} cell{'s' if names > 1 else ''} in each row, as in the names (line {dialect.skip + 1})"
    hint = "; --separator, --quote and --skip LINES say how it is to be read"
    return InputError(f"data {source.name}", cells + hint, f"{error.cells} in line {line}")


def names_of(source: TableSource, form: TextForm, dialect: Dialect) -> tuple[str, ...]:
    """The names of the columns of another file in the same form.

    Raises:
        InputError: it has none.
    """
    with source.open() as content:
        for _, row in dialect.rows(lines_in(Utf8(content, form.encoding, runs=dialect.runs))):
            return names_in(row)
    raise InputError(f"data {source.name}", "a line with the names of the columns", "none")


def _line_of(
    source: TableSource, form: TextForm, dialect: Dialect, is_it: Callable[[list[str]], bool], last: bool = False
) -> int | None:  # fmt: skip
    """The number of the line, from 1, where the first such row below the names begins."""
    with source.open() as content:
        stream = Utf8(content, form.encoding, end_of(dialect), dialect.runs)
        rows = dialect.rows(lines_in(stream))
        next(rows, None)
        return next((line for line, row in rows if is_it(row)), None)


def _is_text(source: TableSource, start: bytes) -> None:
    beginning = beginning_of(start[:64])
    if beginning is not None and not start.startswith((b"BZh,", b"PAR1,")):
        what, ending = beginning
        raise InputError(f"data {source.name}", "text", f"what is {what}, whose name should end in {ending}")


def _at_least(content: IO[bytes], size: int) -> bytes:
    """So many bytes, or all."""
    parts: list[bytes] = []
    while size > 0 and (part := content.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _encoding_words(encoding: str) -> str:
    why = ", as it is not UTF-8" if encoding in ("cp1252", "latin-1") else ""
    return f"encoding {encoding}{why} (--encoding)"


def _reason(error: UnicodeDecodeError) -> str:
    return f"bytes that are none ({error.reason} at {error.start})"
