"""Where a table comes from: files by name, pattern or folder, packed or not, and standard input."""

from __future__ import annotations

import bz2
import glob
import gzip
import io
import lzma
import os
import re
import sys
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal
from urllib.parse import unquote

from chainrule.errors import InputError

Kind = Literal["csv", "json", "parquet", "arrow", "excel", "npz"]

KINDS: dict[str, Kind] = {
    ".csv": "csv", ".tsv": "csv", ".tab": "csv", ".txt": "csv", ".jsonl": "json", ".ndjson": "json",
    ".parquet": "parquet", ".feather": "arrow", ".arrow": "arrow", ".xlsx": "excel", ".xlsm": "excel", ".npz": "npz",
}  # fmt: skip
PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")
ENDINGS = f"{', '.join(KINDS)} (also packed: {', '.join(PACKED)})"
STANDARD_INPUT = "-"
_STREAM = "standard input"
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"  # a missing value in a folder's name

#: what a file begins with -> what it is, and the ending that says so
_BEGINNINGS = {
    b"PAR1": ("a Parquet file", ".parquet"),
    b"ARROW1": ("an Arrow file", ".arrow"),
    b"\xff\xff\xff\xff": ("an Arrow stream", ".arrow"),
    b"FEA1": ("a Feather file", ".feather"),
    b"\x1f\x8b": ("packed by gzip", ".gz"),
    b"\x28\xb5\x2f\xfd": ("packed by zstd", ".zst"),
    b"BZh": ("packed by bzip2", ".bz2"),
    b"\xfd7zXZ": ("packed by xz", ".xz"),
    b"PK\x03\x04": ("a ZIP archive or a workbook", ".zip"),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook", ".xls"),
    b"\x93NUMPY": ("a NumPy array", ".npy"),
    b"%PDF": ("a PDF file", ".pdf"),
}
_BESIDE = re.compile(r"(^|[/\\])[._][^/\\]")
_DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError, NotImplementedError)


@dataclass(frozen=True)
class TableSource:
    """One file of a table.

    Attributes:
        name: for messages.
        kind: of its content.
        ending: that says so, such as ``.csv``.
        packing: as one of ``PACKED``, or empty.
        folders: columns and values that its folders' names give, as in ``year=2024``; None: a missing value.
        raw: opens the file as it lies there.
    """

    name: str
    kind: Kind
    ending: str
    packing: str
    folders: tuple[tuple[str, str | None], ...]
    raw: Callable[[], IO[bytes]]

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The content, unpacked.

        Raises:
            InputError: a file that cannot be read or is damaged; also within the block, while it is read.
        """
        what = f"a file packed as {self.packing}" if self.packing else "a file that can be read"
        with damaged(self.name, what), self.raw() as file, _unpacked(self.name, file, self.packing) as content:
            yield content

    @contextmanager
    def seekable(self) -> Iterator[IO[bytes]]:
        """The content, to be read in any order: in memory where it is packed."""
        with self.open() as content:
            yield io.BytesIO(content.read()) if self.packing else content


def told_folders(path: str) -> tuple[tuple[str, str | None], ...]:
    """Columns and values of the folders directly above a file.

    >>> from chainrule.tables.sources import told_folders
    >>> told_folders("sales/year=2024/month=1/part.csv")
    (('year', '2024'), ('month', '1'))
    """
    found: list[tuple[str, str | None]] = []
    for part in reversed(PurePosixPath(path.replace(os.sep, "/")).parent.parts):
        name, equals, value = part.partition("=")
        if not (equals and name):
            break
        found.append((unquote(name), None if value == NO_VALUE else unquote(value)))
    return tuple(reversed(found))


def kind_of(name: str) -> tuple[Kind, str, str] | None:
    """What the content is, the ending that says so and the packing, by a file's name; None: it does not say."""
    path = PurePosixPath(name.replace(os.sep, "/"))
    last = path.suffix.lower()
    packing = last if last in PACKED else ""
    ending = PurePosixPath(path.stem).suffix.lower() if packing else last
    return (KINDS[ending], ending, packing) if ending in KINDS else None


def natural(name: str) -> list[Any]:
    """Sorts names by the numbers in them: part-2 before part-10."""
    return [int(part) if part.isdigit() else part for part in re.split(r"([0-9]+)", name)]


def wanted(name: str, folder: str = "") -> bool:
    """Whether a file that was found is one of a table: no hidden one, none of those that writers leave beside.

    Args:
        folder: where it was found, if it is a folder that was named: a .txt file in it may be anything.
    """
    found, place = kind_of(name), os.path.relpath(name, folder) if folder else os.path.basename(name)
    return found is not None and not _BESIDE.search(place) and not (folder and found[1] == ".txt")


def one_kind(data: str, names: Iterable[str]) -> None:
    """Raise an InputError where files are of several kinds."""
    kinds = sorted({found[1] for name in names if (found := kind_of(name))})
    if len(kinds) > 1:
        raise InputError(f"data {data}", "files of one kind", ", ".join(kinds))


def sources(data: Sequence[str]) -> list[TableSource]:
    """The files of names, folders and patterns, in the order of the numbers in their names; nothing of them is read.

    Raises:
        InputError: no such file; one whose name does not say what it is; of several kinds.
    """
    found = [source for name in data for source in _of(name)]
    places = Counter(os.path.realpath(source.name) for source in found if source.name != _STREAM)
    if places and places.most_common(1)[0][1] > 1:
        raise InputError(f"data {' '.join(data)}", "each file once", f"{places.most_common(1)[0][0]} twice")
    if len({source.ending for source in found}) > 1:
        raise InputError(f"data {' '.join(data)}", "files of one kind", ", ".join(sorted({s.ending for s in found})))
    return found


def _of(name: str) -> list[TableSource]:
    if name == STANDARD_INPUT:
        return [standard_input()]
    path = Path(name)
    if path.is_dir():
        below = (os.path.join(where, file) for where, _, files in os.walk(path) for file in files)
        files = [file for file in below if wanted(file, name)]
    elif glob.has_magic(name) and not path.exists():
        files = [file for file in glob.glob(name, recursive=True) if os.path.isfile(file) and wanted(file)]
    else:
        return [_file(name)]
    if not files:
        raise InputError(f"data {name}", f"files {ENDINGS}", "none")
    one_kind(name, files)
    return [_file(file) for file in sorted(files, key=natural)]


def _file(name: str) -> TableSource:
    found, path = kind_of(name), Path(name)
    if not path.exists():
        raise InputError(f"data {name}", "a file", "no such file")
    if found is None and path.suffix.lower() == ".zip":
        found = _in_archive(path)
    if found is None:
        raise InputError(f"data {name}", f"a name that says what it is: {ENDINGS}", repr(path.name))
    kind, ending, packing = found
    return TableSource(name, kind, ending, packing, told_folders(name), lambda: open(path, "rb"))


def _in_archive(path: Path) -> tuple[Kind, str, str] | None:
    """What the only file in an archive is, by its name."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = _files_in(archive)
    except (OSError, zipfile.BadZipFile):
        return None
    inside = kind_of(names[0]) if len(names) == 1 else None
    return None if inside is None or inside[2] else (inside[0], inside[1], ".zip")


def _files_in(archive: zipfile.ZipFile) -> list[str]:
    return [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]


def standard_input() -> TableSource:
    """All of it, in memory; what it is says its beginning, and where that says nothing it is a CSV file.

    Raises:
        InputError: nothing comes.
    """
    content, name, packing = sys.stdin.buffer.read(), _STREAM, ""
    beginning = beginning_of(content[:16])
    if beginning is not None and beginning[1] in PACKED and not (beginning[1] == ".zip" and _workbook(content)):
        packing = beginning[1]
        with TableSource(name, "csv", ".csv", packing, (), lambda: io.BytesIO(content)).open() as unpacked:
            beginning = beginning_of(start := unpacked.read(64))
    else:
        start = content[:64]
    ending = ".csv" if beginning is None else ".xlsx" if beginning[1] == ".zip" else beginning[1]
    if beginning is None and start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        ending = ".jsonl"
    if ending not in KINDS:
        raise InputError(name, f"a table: {ENDINGS}", beginning[0] if beginning else "something else")
    return TableSource(name, KINDS[ending], ending, packing, (), lambda: io.BytesIO(content))


def beginning_of(start: bytes) -> tuple[str, str] | None:
    """What a file is that begins so, and the ending that says so; None: it may be text."""
    page = start.lstrip()[:9].lower()
    if page.startswith((b"<html", b"<!doctype", b"<?xml")):
        return "a web page or XML", ".html"
    return next((what for begins, what in _BEGINNINGS.items() if start.startswith(begins)), None)


@contextmanager
def damaged(name: str, what: str) -> Iterator[None]:
    """Within it, what goes wrong in reading is one sentence on the file; but for text in another encoding."""
    import pyarrow as pa

    try:
        yield
    except InputError:
        raise
    except (*_DAMAGED, pa.ArrowException) as error:
        reason = getattr(error, "strerror", None) or (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"data {name}", what, f"something else ({reason})") from None


@contextmanager
def in_utf8(name: str) -> Iterator[None]:
    """Within it, names and cells of a file that is no text are in UTF-8, or it is damaged.

    Raises:
        InputError: they are not.
    """
    try:
        yield
    except UnicodeDecodeError as error:
        raise InputError(f"data {name}", "names and cells in UTF-8", f"others ({error.reason})") from None


@contextmanager
def _unpacked(name: str, file: IO[bytes], packing: str) -> Iterator[IO[bytes]]:
    import pyarrow as pa

    opened: Any = file
    if packing == ".gz":
        opened = gzip.GzipFile(fileobj=file)
    elif packing == ".bz2":
        opened = bz2.BZ2File(file)
    elif packing == ".xz":
        opened = lzma.LZMAFile(file)  # noqa: SIM115
    elif packing == ".zst":
        opened = pa.CompressedInputStream(file, "zstd")
    elif packing == ".zip":
        archive = zipfile.ZipFile(file)
        names = _files_in(archive)
        if len(names) != 1:
            raise InputError(f"data {name}", "one file in the archive", f"{len(names)}: {', '.join(names[:5])}")
        opened = archive.open(names[0])
    try:
        yield opened
    finally:
        if opened is not file:
            with suppress(Exception):  # what is damaged has been said
                opened.close()


def _workbook(content: bytes) -> bool:
    """Whether an archive is a workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except zipfile.BadZipFile:
        return False
