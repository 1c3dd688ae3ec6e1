"""How a text file has its cells: separator, quotes and decimals, found out from its first rows."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from chainrule.tables.encodings import one_blank
from chainrule.tables.reading import SEPARATORS, UNNAMED, TableReading

ROWS = 1000  # of a file, from which its dialect is seen
MOST = 0.8  # of the rows, that a separator divides alike where none divides all so
_COMMA = re.compile(r"\s*[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+)?,\d+(?:[eE][+-]?\d+)?\s*")
_POINT = re.compile(r"\s*[+-]?\d*\.\d+(?:[eE][+-]?\d+)?\s*")
_THOUSANDS = re.compile(r"\s*[+-]?[1-9]\d{0,2}(?:,\d{3})+\s*")
_GROUPS = re.compile(r"\s*[+-]?[1-9]\d{0,2}(?:\.\d{3})+\s*")
_NUMBER = re.compile(r"\s*[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?\s*")

_ZERO = re.compile(r"0[0-9]{1,17}")
_SEPARATOR = re.compile(r"sep=([,;\t|])\r?\n", re.IGNORECASE)  # as Excel writes and reads it


@dataclass(frozen=True)
class Dialect:
    """How a text file has its cells.

    Attributes:
        separator, decimal: one character.
        quote, escape: one character, or none.
        skip: lines above the line of names.
        names: as the file has them, one without a name by its place.
        found: what was found out and is not the usual, in words.
        runs: whether several blanks are one separator, and none is at the ends of lines.
        zeros: columns of which a cell among the first rows is digits after a zero, and that cell.
    """

    separator: str
    quote: str
    escape: str
    decimal: str
    skip: int
    names: tuple[str, ...]
    found: tuple[str, ...] = ()
    zeros: tuple[tuple[str, str], ...] = ()
    runs: bool = False

    def rows(self, lines: io.TextIOBase) -> Iterator[tuple[int, list[str]]]:
        """The rows with the number of the line at which each begins, from 1, the row of names first."""
        for _ in range(self.skip):
            lines.readline()
        with _long_cells():
            reader = _reader(lines, self.separator, self.quote, self.escape)
            before = 0
            for row in reader:
                if row:
                    yield self.skip + before + 1, row
                before = reader.line_num


def dialect_of(sample: str, whole: bool, ending: str, reading: TableReading) -> Dialect | None:
    """The dialect of a file that begins with a sample; None where it has no rows.

    Args:
        whole: the sample is all of the file; else its last row may be cut.
        ending: of the file; the usual separator of a .tsv file is a tab.
    """
    usual = "\t" if ending in (".tsv", ".tab") else ","
    found: list[str] = []
    told = _SEPARATOR.match(sample) if reading.skip is None and reading.separator is None else None
    skip = 1 if told else _comments(sample) if reading.skip is None else reading.skip
    text = _after(sample, skip)
    separator, quote, escape, fits = _cells(text, whole, told[1] if told else usual, reading)
    if skip and reading.skip is None and not told:
        all_of_it = _after(sample, skip - 1)
        headed = _rows(all_of_it, separator, quote, escape, whole)
        if (_fits(headed) and not _names_below(headed)) or (not fits and skip == 1):  # "#id,name" is a line of names
            skip, text = skip - 1, all_of_it
    spaced = one_blank(text)
    runs = reading.separator in (None, " ") and not fits and _aligned(text, spaced, whole)
    if runs:
        text, separator, fits = spaced, " ", True
    if told:
        found.append(f"the first line, sep={told[1]}, left out (--skip)")
    rows = _rows(text, separator, quote, escape, whole)
    if not rows:
        return None
    above = _lines_above(text)
    if skip and reading.skip is None and not told:
        found.append(f"{skip} line{'s' if skip > 1 else ''} above the names left out (--skip)")
    if reading.separator is None:
        others = [one for one in (",", ";", "\t", "|") if one != separator and one in text]
        also = next((one for one in others if fits and _fits(_rows(text, one, quote, escape, whole))), None)
        if separator != usual or also is not None:
            too = f", though {_name(also)} parts all rows too" if also is not None else ""
            several = "s, several as one" if runs else ""
            found.append(f"separator {_name(separator)}{several}{too} (--separator)")
    if quote != '"' and reading.quote is None:
        found.append(f"quotes {quote} (--quote)")
    if escape and reading.escape is None:
        found.append(f"escapes {escape} (--escape)")
    decimal, words = (reading.decimal, "") if reading.decimal else _decimal(rows[1:], separator)
    if words:
        found.append(f"{words} (--decimal)")
    if all(_NUMBER.fullmatch(name) for name in rows[0]):
        shown = ", ".join(rows[0][:4]) + (", …" if len(rows[0]) > 4 else "")
        found.append(f"the first line, {shown}, taken as the names of the columns")
    names = names_in(rows[0])
    return Dialect(separator, quote, escape, decimal, skip + above, names, tuple(found), _zeros(names, rows[1:]), runs)


def _aligned(text: str, spaced: str, whole: bool) -> bool:
    """Whether a text without quotes is a table once several blanks are one."""
    return '"' not in text and "  " in text and _fits(_rows(spaced, " ", "", "", whole))


def _zeros(names: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    """Columns with a cell that is digits after a zero, and the first such cell of each."""
    found: dict[str, str] = {}
    for row in rows:
        for name, cell in zip(names, row, strict=False):
            if cell[:1] == "0" and name not in found and _ZERO.fullmatch(cell):
                found[name] = cell
    return tuple(found.items())


def _names_below(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the second of some rows, and not the first, is the names: words above columns of numbers."""
    second, below = (rows[1] if rows[1:] else []), rows[2:202]
    if not below or any(_NUMBER.fullmatch(cell) for cell in second):
        return False
    counts = [sum(_NUMBER.fullmatch(cell) is not None for cell in column) for column in zip(*below, strict=False)]
    return max(counts, default=0) >= MOST * len(below)


def names_in(row: Sequence[str]) -> tuple[str, ...]:
    """Names of columns as a row has them; one that is empty is called by its place."""
    return tuple(name or UNNAMED.format(place) for place, name in enumerate(row))


def _cells(text: str, whole: bool, usual: str, reading: TableReading) -> tuple[str, str, str, bool]:
    """Separator, quote and escape, and whether all rows then have as many cells as the first."""
    quote = '"' if reading.quote is None else reading.quote
    escape = reading.escape or ""
    separator, fits = _separator(text, whole, usual, quote, escape, reading)
    rows = _rows(text, separator, quote, escape, whole)
    if reading.escape is None and quote and "\\" + quote in text and not _clean(text, separator, quote, "", whole):
        other, fits_so = _separator(text, whole, usual, quote, "\\", reading)
        if _clean(text, other, quote, "\\", whole):
            return other, quote, "\\", fits_so
    if reading.quote is None and "'" in text and '"' not in text:
        other, fits_so = _separator(text, whole, usual, "'", escape, reading)
        quoted = [cell for row in rows for cell in row if cell.startswith("'")]
        around = bool(quoted) and all(len(cell) > 1 and cell.endswith("'") for cell in quoted)
        if fits_so and (around if fits else True):
            return other, "'", escape, True
    return separator, quote, escape, fits


def _separator(text: str, whole: bool, usual: str, quote: str, escape: str, reading: TableReading) -> tuple[str, bool]:
    """The one that divides all rows alike, and whether one does; else what divides most, else the usual one.

    Of several, the usual one; else the one that leaves more numbers.
    """
    if reading.separator is not None:
        return reading.separator, _fits(_rows(text, reading.separator, quote, escape, whole))
    fitting: list[tuple[str, list[list[str]]]] = []
    most = (MOST, usual)
    for separator in dict.fromkeys((usual, ",", ";", "\t", "|")):
        rows = _rows(text, separator, quote, escape, whole)
        if _fits(rows):
            fitting.append((separator, rows))
        elif rows:
            width, count = Counter(map(len, rows)).most_common(1)[0]
            share = count / len(rows) + (len(rows[0]) > 1)  # the names decide first
            if width > 1 and share > most[0]:
                most = (share, separator)
    if fitting:
        first = fitting[0][0]
        return first if first == usual else max(fitting, key=lambda one: _numbers(one[1]))[0], True
    spaced = _rows(text, " ", quote, escape, whole)
    if _fits(spaced) and not any(name.endswith((",", ";", "|")) for name in spaced[0][:-1]):
        return " ", True
    return most[1], False


def _fits(rows: Sequence[Sequence[str]]) -> bool:
    """Whether there are several columns, as many in each row."""
    return bool(rows) and len(rows[0]) > 1 and all(len(row) == len(rows[0]) for row in rows)


def _clean(text: str, separator: str, quote: str, escape: str, whole: bool) -> bool:
    """Whether no quoted cell goes on behind its quotes, and each row has as many cells."""
    strict = _rows(text, separator, quote, escape, whole, strict=True)
    return bool(strict) and len({len(row) for row in strict}) == 1


def _numbers(rows: Sequence[Sequence[str]]) -> float:
    cells = [cell for row in rows[1:200] for cell in row]
    return sum(_NUMBER.fullmatch(cell) is not None for cell in cells) / max(1, len(cells))


def _decimal(rows: Sequence[Sequence[str]], separator: str) -> tuple[str, str]:
    """A comma where numbers have one, and none has a point; not where it may part thousands. And what is to be told."""
    if separator == ",":
        return ".", ""
    cells = [cell for row in rows for cell in row]
    commas = [cell for cell in cells if "," in cell and _COMMA.fullmatch(cell)]
    if not commas or (separator != ";" and all(_THOUSANDS.fullmatch(cell) for cell in commas)):
        return ".", ""
    points = [cell for cell in cells if "." in cell and _POINT.fullmatch(cell)]
    point = next(iter(points), None)
    if point is None or (all(map(_GROUPS.fullmatch, points)) and not all(map(_THOUSANDS.fullmatch, commas))):
        return ",", "decimal comma"
    return ".", f"decimal point, as in {point.strip()}, though there is {commas[0].strip()}"


def _rows(
    text: str, separator: str, quote: str, escape: str, whole: bool, strict: bool = False
) -> list[list[str]]:  # fmt: skip
    """The first rows of a text, without blank lines and without one that may be cut; none where it has no such rows."""
    with _long_cells():
        reader = _reader(io.StringIO(text, newline=""), separator, quote, escape, strict)
        try:
            rows = [row for row in islice(reader, ROWS) if row and (len(row) > 1 or row[0].strip(" \t\x1a"))]
        except csv.Error:
            return []
        cut = not whole and next(reader, None) is None if not strict else not whole and len(rows) < ROWS
    return rows[:-1] if cut and len(rows) > 1 else rows


def _reader(lines: io.TextIOBase, separator: str, quote: str, escape: str, strict: bool = False) -> Any:
    return csv.reader(
        lines, delimiter=separator, quotechar=quote or None, escapechar=escape or None, strict=strict,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
    )  # fmt: skip


@contextmanager
def _long_cells() -> Iterator[None]:
    """Within it, a cell may have any length."""
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _comments(text: str) -> int:
    """Lines at the beginning that begin with #."""
    count = 0
    for line in io.StringIO(text, newline=""):
        if not line.startswith("#"):
            break
        count += 1
    return count


def _after(text: str, lines: int) -> str:
    """The text without so many lines."""
    reader = io.StringIO(text, newline="")
    for _ in range(lines):
        reader.readline()
    return reader.read()


def _lines_above(text: str) -> int:
    """Blank lines at the beginning."""
    count = 0
    for line in io.StringIO(text, newline=""):
        if line.strip("\r\n"):
            break
        count += 1
    return count


def _name(separator: str) -> str:
    names = {character: name for name, character in reversed(SEPARATORS.items())}
    return names.get(separator, separator)
