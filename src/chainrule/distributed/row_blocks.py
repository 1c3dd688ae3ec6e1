"""Where rows of a CSV file begin, so that a file is divided between rows and never within one."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import islice
from typing import IO

from chainrule.tables.dialect import Dialect
from chainrule.tables.json_lines import LONGEST_ROW

_LINE = re.compile(rb"\r\n|\r|\n")


def row_starts(file: IO[bytes], dialect: Dialect, about: int) -> list[int]:
    r"""Bytes at which rows begin, about so many bytes from each other, the first at 0; the file is read once.

    The lines above the first row are in one part with it. A newline within quotes is none between rows, whatever the
    place. A file with escapes is not divided.

    >>> import io
    >>> from chainrule.distributed.row_blocks import row_starts
    >>> from chainrule.tables.dialect import Dialect
    >>> usual = Dialect(separator=",", quote='"', escape="", decimal=".", skip=0, names=("a", "b"))
    >>> row_starts(io.BytesIO(b'a,b\n"x\ny",1\nz,2\n'), usual, 7)
    [0, 12, 16]
    """
    starts, at, rest = [0], 0, b""
    if dialect.escape:
        return starts
    ahead = re.escape(dialect.separator.encode())
    quote = re.escape(dialect.quote.encode())
    quoted = (
        re.compile(rb"(?:\A|(?<=[%b\r\n]))%b[^%b]*(?:%b%b[^%b]*)*(?:%b|\Z)" % (ahead, *[quote] * 6)) if quote else None
    )
    while not at and (block := file.read(about)) and len(rest) < LONGEST_ROW:
        rest += block
        at = _names_end(rest, dialect.skip, quoted)
    rest = rest[at:]
    while at and len(rest) < LONGEST_ROW:
        end = _last_end(rest, quoted)
        if end:
            at += end
            rest = rest[end:]
            starts.append(at)
        if not (block := file.read(about)):
            break
        rest += block
    return starts


def _names_end(text: bytes, skip: int, quoted: re.Pattern[bytes] | None) -> int:
    """Where the line with the names of the columns ends, below so many others; 0: it does not yet."""
    ends = [match.end() for match in islice(_LINE.finditer(text), skip)]
    if len(ends) < skip:
        return 0
    begin = ends[-1] if ends else 0
    row = text[begin:]
    spans = [] if quoted is None else [match.span() for match in quoted.finditer(row)]
    lines = (match for match in _LINE.finditer(row) if not any(a <= match.start() < b for a, b in spans))
    first = next(lines, None)
    return 0 if first is None else begin + first.end()


def _last_end(text: bytes, quoted: re.Pattern[bytes] | None) -> int:
    """Where the last row that surely ends in a text does so, of a text that begins with a row; 0: none does."""
    spans = [] if quoted is None else [match.span() for match in quoted.finditer(text)]
    limit = len(text)
    if spans and spans[-1][1] == limit:  # the quote may be open, or the first of two
        limit = spans.pop()[0]
    begins = [begin for begin, _ in spans]
    while True:
        place = max(text.rfind(b"\n", 0, limit), text.rfind(b"\r", 0, limit))
        span = bisect_right(begins, place) - 1
        if place < 0 or span < 0 or place >= spans[span][1]:
            return place + 1
        limit = begins[span]
