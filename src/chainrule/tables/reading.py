"""How files are to be read as a table: what is asked for; what is not is found out from the files."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from chainrule.errors import InputError

ColumnType = Literal["number", "text", "date", "category", "date-dmy", "date-mdy"]
Tell = Callable[[str], object]  # takes a line on what was found out

COLUMN_TYPES: tuple[ColumnType, ...] = get_args(ColumnType)
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "space": " ", r"\t": "\t"}
DECIMALS = {"point": ".", "comma": ","}
UNNAMED = "Unnamed: {}"  # a column without a name, as pandas calls it: its place, from 0


@dataclass(frozen=True, kw_only=True)
class TableReading:
    r"""What is asked of the reading of a table. None: it is found out, and told.

    Attributes:
        separator: one character between the cells of a text file, or its name: comma, semicolon, tab, bar, space.
        quote: the character around texts; none, as "", where nothing is quoted.
        escape: the character before one that is to be taken as it is, such as a backslash; none as "".
        encoding: of a text file, by a name that Python knows: utf-8, cp1252, utf-16, …
        decimal: what stands before the decimals, ``.`` or ``,`` (also as point, comma).
        skip: lines above the line of names.
        sheet: of a workbook, by its name; else the first.
        columns: the only ones that are read; None: all.
        drop: columns that are left out.
        types: what columns are, by name: number, text, category or date; of dates in text, date-dmy has the day first,
            date-mdy the month. A text or a category of a text file keeps its characters (``01`` is not 1).
        texts: columns whose characters are kept, as far as a file has them.
        keep_index: keep a column that only numbers the rows, such as pandas writes it.

    Raises:
        InputError: a value that is none of these.

    >>> from chainrule.tables.reading import TableReading
    >>> TableReading(separator="semicolon", decimal="comma", types={"zip": "text"}).separator
    ';'
    """

    separator: str | None = None
    quote: str | None = None
    escape: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    skip: int | None = None
    sheet: str | None = None
    columns: tuple[str, ...] | None = None
    drop: tuple[str, ...] = ()
    types: Mapping[str, ColumnType] = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    keep_index: bool = False

    def __post_init__(self) -> None:
        if self.separator is not None:
            object.__setattr__(self, "separator", SEPARATORS.get(self.separator.lower(), self.separator))
        if self.decimal is not None:
            object.__setattr__(self, "decimal", DECIMALS.get(self.decimal.lower(), self.decimal))
        if self.decimal not in (None, ".", ","):
            raise InputError("decimal", "a point or a comma", repr(self.decimal))
        if self.separator is not None and (len(self.separator) != 1 or self.separator in '\r\n"'):
            raise InputError("separator", f"one character, or {', '.join(list(SEPARATORS)[:5])}", repr(self.separator))
        for name, value in (("quote", self.quote), ("escape", self.escape)):
            if value and (len(value) != 1 or not value.isascii() or value in "\r\n"):
                raise InputError(name, "one ASCII character, or none", repr(value))
        if self.separator is not None and not self.separator.isascii():
            raise InputError("separator", "an ASCII character", repr(self.separator))
        if self.separator is not None and self.separator == self.decimal:
            raise InputError("decimal", "another character than the separator", repr(self.decimal))
        if self.skip is not None and self.skip < 0:
            raise InputError("skip", "a number of lines from 0 up", str(self.skip))
        if self.encoding is not None:
            try:
                "".encode(self.encoding)
            except (LookupError, ValueError):
                wanted = "a text encoding that Python knows, such as utf-8, cp1252 or utf-16"
                raise InputError("encoding", wanted, repr(self.encoding)) from None
        for name, kind in self.types.items():
            if kind not in COLUMN_TYPES:
                raise InputError(f"type of column {name!r}", f"one of: {', '.join(COLUMN_TYPES)}", repr(kind))

    @property
    def as_text(self) -> set[str]:
        """Columns whose characters are kept."""
        return {*self.texts, *(name for name, kind in self.types.items() if kind in ("text", "category"))}

    def chosen(self, names: Sequence[str], left_out: Iterable[str] = ()) -> list[str]:
        """The columns to keep of those that a file has, in its order.

        Args:
            left_out: such as an index; kept where they are asked for by name.

        Raises:
            InputError: one that is asked for and is not there; two of a name; none is left.
        """
        counts = Counter(names)
        wanted = None if self.columns is None else set(self.columns)
        shown = names_shown(list(counts))
        for name in (*(self.columns or ()), *self.drop, *self.types):
            if name not in counts:
                raise InputError(f"column {name!r}", f"one of: {shown}", "no such column")
        out = set(self.drop) | (set() if wanted is not None else set(left_out) - set(self.types))
        kept = [name for name in names if name not in out and (wanted is None or name in wanted)]
        twice = next((name for name, count in Counter(kept).items() if count > 1), None)
        if twice is not None:
            raise InputError(f"column {twice!r}", "columns of different names", f"it {_times(counts[twice])}")
        if not kept:
            raise InputError("columns", f"at least one of: {shown}", "none")
        return kept


def names_shown(names: Sequence[str]) -> str:
    """Names of columns in a message: a dozen of them, between quotes where blanks or marks would not be seen.

    >>> names_shown(["age", "y ", "a,b"])
    "age, 'y ', 'a,b'"
    """
    shown = [
        name if name.isprintable() and name.strip() == name != "" and "," not in name else ascii(name)
        for name in names[:12]
    ]
    return ", ".join(shown) + (", …" if names[12:] else "")


def names_list(option: str, text: str) -> tuple[str, ...]:
    """``a,b`` as ("a", "b"); a name with a comma stands between quotes.

    Raises:
        InputError: none, or an empty one.
    """
    names = tuple(next(csv.reader([text], skipinitialspace=True), []))
    if not names or not all(names):
        raise InputError(option, "names of columns separated by commas, such as age,name", repr(text))
    return names


def types_list(option: str, text: str) -> dict[str, ColumnType]:
    """``zip=text,born=date`` as a dictionary.

    Raises:
        InputError: a part without ``=``, another type, a name twice.
    """
    found: dict[str, ColumnType] = {}
    for part in names_list(option, text):
        name, equals, kind = part.rpartition("=")
        if not equals or not name or kind not in COLUMN_TYPES or name in found:
            wanted = f"each column once as NAME=TYPE, the type one of: {', '.join(COLUMN_TYPES)}"
            raise InputError(option, wanted, repr(part))
        found[name] = kind
    return found


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count} times"
