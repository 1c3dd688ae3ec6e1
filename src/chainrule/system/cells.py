"""Tables for spreadsheets: text in quotes, and none of it a formula, whatever separator the reader takes."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from typing import Any, TextIO

#: where a cell begins, for some reader, with a sign that begins a formula, and is no number
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*(?:[,;)\]]|$)"
_FORMULA = re.compile(rf"(^|[,;|\t\n\r])([\s\"]*)(?=[=+\-@])(?!{_NUMBER})")


def harmless(text: str) -> str:
    """A cell that a spreadsheet takes for text: an apostrophe stands before each sign that would begin a formula.

    >>> harmless("=1+1"), harmless("a;@b"), harmless("-0.5"), harmless("x-y"), harmless("+")
    ("'=1+1", "a;'@b", '-0.5', 'x-y', '+')
    """
    if text.strip() in ("=", "+", "-", "@"):  # a sign alone begins nothing
        return text
    return _FORMULA.sub(r"\1\2'", text)


def write_cells(file: TextIO, rows: Iterable[Iterable[Any]]) -> None:
    """Lines of CSV: numbers as they are, text in quotes and harmless, None empty.

    >>> import io
    >>> out = io.StringIO()
    >>> write_cells(out, [["name", "score"], ["=cmd", 0.5]])
    >>> out.getvalue()
    '"name","score"\\n"\\'=cmd",0.5\\n'
    """
    writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    for row in rows:
        writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in row])
