"""JSON Lines as Arrow tables: read by Arrow, and line by line where the values of a name have several types."""

from __future__ import annotations

import io
import json
from contextlib import ExitStack
from typing import IO, Any

from chainrule.errors import InputError
from chainrule.tables.encodings import Utf8
from chainrule.tables.nesting import ShallowJson
from chainrule.tables.sources import TableSource, damaged

BLOCK_BYTES = 1 << 22  # of a file, that Arrow parses at once; more where a row is longer
LONGEST_ROW = 1 << 25  # bytes


def lines_in(stream: Utf8) -> io.TextIOWrapper:
    """A stream of bytes in UTF-8 as text that is read line by line, with the ends of its lines as they are."""
    return io.TextIOWrapper(io.BufferedReader(_Raw(stream)), encoding="utf-8", newline="")


def json_table(source: TableSource, content: IO[bytes], encoding: str) -> Any:
    """The table of a file with a JSON object in each line."""
    import pyarrow as pa
    from pyarrow import json as arrow_json

    block, streams = BLOCK_BYTES, [content]
    with ExitStack() as reopened, damaged(source.name, "a JSON object in each line"):
        while True:
            text = Utf8(streams.pop() if streams else reopened.enter_context(source.open()), encoding)
            stream = pa.PythonFile(ShallowJson(text, source.name), mode="r")
            try:
                return arrow_json.read_json(stream, arrow_json.ReadOptions(block_size=block))
            except pa.ArrowInvalid as error:
                if "changed from" in str(error):
                    with source.open() as again:
                        return _mixed_json(source, Utf8(again, encoding))
                if "straddling" not in str(error) or block >= LONGEST_ROW:
                    raise
                block *= 8


def _mixed_json(source: TableSource, stream: Utf8) -> Any:
    """Lines whose values of one name have several types: text, where they are texts, numbers and truth values."""
    import pyarrow as pa

    columns: dict[str, list[Any]] = {}
    count = 0
    for number, text in enumerate(lines_in(stream), 1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except ValueError as error:
            raise InputError(f"data {source.name}", "a JSON object in each line", f"{error} in line {number}") from None
        if not isinstance(row, dict):
            got = f"{'an array' if isinstance(row, list) else 'another value'} in line {number}"
            raise InputError(f"data {source.name}", "a JSON object in each line", got)
        for name in row:
            columns.setdefault(name, [None] * count)
        for name, cells in columns.items():
            cells.append(row.get(name))
        count += 1
    found = {}
    for name, cells in columns.items():
        kinds = {type(cell) for cell in cells if cell is not None}
        if len(kinds) > 1 and not kinds <= {int, float}:
            if not kinds <= {int, float, bool, str}:
                row = next(i for i, cell in enumerate(cells, 1) if isinstance(cell, list | dict))
                got = f"{'an array' if isinstance(cells[row - 1], list) else 'an object'} in row {row}"
                raise InputError(f"data {source.name}: column {name!r}", "texts, numbers or truth values", got)
            cells = [None if cell is None else str(cell) for cell in cells]
        found[name] = cells
    return pa.table(found)


class _Raw(io.RawIOBase):
    """``Utf8`` as Python's own text files take it."""

    def __init__(self, stream: Utf8) -> None:
        self._stream, self._left = stream, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            self._left = self._stream.read(len(buffer))
        count = min(len(buffer), len(self._left))
        buffer[:count], self._left = self._left[:count], self._left[count:]
        return count
