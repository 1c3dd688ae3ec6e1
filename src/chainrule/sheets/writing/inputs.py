"""Where the text of a worksheet comes from: a file, standard input, a notebook, or the text itself."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from chainrule.errors import InputError
from chainrule.system.patterns import regex

LARGEST = 1_000_000  # bytes
LARGEST_NOTEBOOK = 20_000_000  # bytes, its pictures counted
_OPEN = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")
MOST_CELLS = 30  # that a report names
_MARK = regex(r"\[((?:output of )?cell [0-9]+)\]")
_KINDS = {
    b"%PDF": "a PDF", b"\x89PNG": "a picture", b"\xff\xd8\xff": "a picture", b"GIF8": "a picture",
    b"PK\x03\x04": "a ZIP archive, such as a Word document", b"{\\rtf": "a Rich Text document",
}  # fmt: skip


def read_text(source: str | os.PathLike[str]) -> str:
    """The text of a worksheet: of a file, of a notebook, or of standard input for ``-``.

    A notebook gives its Markdown cells and its printed outputs in order, each below a line that names the cell.

    Raises:
        InputError: no such file, a folder, too large, not text.
    """
    name = os.fspath(source)
    if name == "-":
        return decoded(sys.stdin.buffer.read(LARGEST_NOTEBOOK + 1), "standard input")
    path = Path(source)
    try:
        is_file, is_folder = path.is_file(), path.is_dir()
    except (OSError, ValueError):  # a name too long, or with a zero in it
        is_file = is_folder = False
    if name.startswith(_OPEN) and not is_folder and path.exists():  # a pipe of this process: <(…) of a shell
        with path.open("rb") as file:
            return decoded(file.read(LARGEST_NOTEBOOK + 1), f"worksheet {name}")
    if not is_file:
        raise InputError(f"worksheet {name}", "a file", "a folder" if is_folder else "no such file")
    if (size := path.stat().st_size) > LARGEST_NOTEBOOK:
        raise InputError(f"worksheet {name}", f"at most {LARGEST} bytes", str(size))
    return decoded(path.read_bytes(), f"worksheet {name}")


def decoded(data: bytes, name: str) -> str:
    """The text of what was read: UTF-8 with or without a mark, or a notebook.

    Raises:
        InputError: too large, or no text.
    """
    notebook = data.lstrip()[:1] == b"{" and b'"cells"' in data
    most = LARGEST_NOTEBOOK if notebook else LARGEST
    if len(data) > most:
        raise InputError(name, f"at most {most} bytes", "more" if len(data) > LARGEST_NOTEBOOK else str(len(data)))
    for start, kind in _KINDS.items():
        if data.startswith(start):
            raise InputError(name, "text or a notebook", kind)
    if b"\0" in data[:4096]:
        raise InputError(name, "text or a notebook", "bytes that are no text")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(name, "text in UTF-8", f"byte {error.start} is not") from None
    return notebook_text(text, name) if notebook else text


def is_text(source: str) -> bool:
    """Whether a source is the text of a worksheet itself, and no path: it has more than one line."""
    return "\n" in source


def notebook_text(text: str, name: str) -> str:
    """The Markdown cells of a notebook and the printed outputs of its code, in order.

    Raises:
        InputError: it is no notebook; its text is larger than a worksheet may be.
    """
    try:
        cells = json.loads(text)["cells"]
        found = "\n".join(line for number, cell in enumerate(cells, 1) for line in _cell(number, cell))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InputError(name, "a notebook with cells", "something else") from None
    if len(found.encode(errors="replace")) > LARGEST:
        raise InputError(name, f"at most {LARGEST} bytes in its cells", "more")
    return found


def cells_in(lines: Sequence[str], first_line: int) -> list[str]:
    """Where the cells of a notebook begin, in a sentence for the report; nothing for another text."""
    marks = ((i, _MARK.fullmatch(line)) for i, line in enumerate(lines, first_line))
    found = [f"{mark[1]} from line {i}" for i, mark in marks if mark is not None]
    shown = ", ".join(found[:MOST_CELLS]) + ", …" * (len(found) > MOST_CELLS)
    return [f"lines are counted through the cells of the notebook: {shown}"] if found else []


def _cell(number: int, cell: Any) -> Iterator[str]:
    if cell["cell_type"] == "markdown":
        source = _joined(cell["source"])
        if number > 1 or source.lstrip()[:3] not in ("+++", "---", "```"):
            yield f"[cell {number}]"
        yield from source.splitlines()
    elif cell["cell_type"] == "raw":
        yield from _joined(cell["source"]).splitlines()
    for output in cell.get("outputs", ()):
        shown = output.get("text") or output.get("data", {}).get("text/plain")
        if shown and output.get("name") != "stderr":
            yield f"[output of cell {number}]"
            yield from _joined(shown).splitlines()


def _joined(source: Any) -> str:
    return source if isinstance(source, str) else "".join(source)
