"""Files of gradients from code in any language: NPZ, NPY, JSON, CSV, Matlab and safetensors. Nothing in one is run.

What is in a file comes back as a program would hold it: a dictionary by name, a list, or one array; what it means
``chainrule.gradcheck.given`` reads.
"""

from __future__ import annotations

import csv
import json
import math
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.system.alone import run_alone
from chainrule.system.numpy_files import read_npy, read_npz, reason
from chainrule.system.tensor_files import read_tensors
from chainrule.system.workers import Lost

LARGEST = 1 << 30  # bytes of a file, and of its arrays in float64
SECONDS = 600.0  # that a Matlab file may take
LARGEST_TEXT = 1 << 27  # bytes of a text, which takes many times that once it is read
_HEADER, _COMPRESSED, _CHUNK = 128, 15, 1 << 20  # of a Matlab file: its header, a compressed element, a piece of one
_BY_PLACE = "arr_"  # what NumPy calls arrays that are saved without a name


def read_gradient_file(path: str | os.PathLike[str]) -> Any:
    """The arrays of a file.

    Args:
        path: ``.npz`` (by name, or in order), ``.npy`` (one array), ``.json`` (objects and lists), ``.mat`` (to
            version 7), ``.safetensors``; ``.csv``, ``.tsv`` or ``.txt`` (numbers alone: one vector or matrix; or a name
            before the numbers of each row, and a row of numbers for each row of the array).

    Raises:
        InputError: no such file, another ending, something else in it, more than it may hold.
    """
    file, quantity = Path(path), f"gradients {os.fspath(path)}"
    reader = _READERS.get(file.suffix.lower())
    if reader is None:
        pickled = file.suffix.lower() in (".pt", ".pth", ".pkl", ".pickle", ".joblib")
        got = (
            f"{file.suffix} (pickles can run code: save the arrays as .npz or .safetensors)" if pickled else file.suffix
        )
        raise InputError(quantity, f"a file {', '.join(_READERS)}", got or "no ending")
    if not file.is_file():
        raise InputError(quantity, "a file", "a folder" if file.is_dir() else "no such file")
    most = LARGEST_TEXT if reader in (_json, _table) else LARGEST
    if not 0 < file.stat().st_size <= most:
        raise InputError(quantity, f"from 1 to {most} bytes", str(file.stat().st_size))
    try:
        return reader(quantity, file)
    except InputError:
        raise
    except Exception as error:  # a stranger's bytes: each library below has errors of its own
        raise InputError(quantity, f"a whole {file.suffix[1:].upper()} file of numbers", reason(error)) from None


def _npz(quantity: str, file: Path) -> Any:
    found = read_npz(quantity, file, LARGEST)
    if found and all(name.startswith(_BY_PLACE) and name[len(_BY_PLACE) :].isdecimal() for name in found):
        return [found[name] for name in sorted(found, key=lambda name: int(name[len(_BY_PLACE) :]))]
    return found


def _npy(quantity: str, file: Path) -> Any:
    return read_npy(quantity, file, LARGEST)


def _json(quantity: str, file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8-sig"))


def _table(quantity: str, file: Path) -> Any:
    text = file.read_text(encoding="utf-8-sig")
    separator = "\t" if file.suffix.lower() == ".tsv" else next((mark for mark in ",;\t" if mark in text), " ")
    rows = [
        [cell.strip() for cell in row if cell.strip()] for row in csv.reader(text.splitlines(), delimiter=separator)
    ]
    rows = [row for row in rows if row and not row[0].startswith("#")]
    if rows and all(map(_is_number, rows[0])):
        return [_numbers(quantity, row) for row in rows] if len(rows) > 1 else _numbers(quantity, rows[0])
    found: dict[str, list[list[float]]] = {}
    for name, *values in rows:
        found.setdefault(name, []).append(_numbers(f"{quantity}: {name}", values))
    return {name: lines if len(lines) > 1 else lines[0] for name, lines in found.items()}


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numbers(quantity: str, cells: list[str]) -> list[float]:
    wrong = next((cell for cell in cells if not _is_number(cell)), None)
    if wrong is not None or not cells:
        what = "numbers, or a name before the numbers of each row"
        raise InputError(quantity, what, "a name alone" if wrong is None else repr(wrong[:40]))
    return [float(cell) for cell in cells]


def _mat(quantity: str, file: Path) -> Any:
    _check_size(quantity, _inflated(file))
    found = run_alone(_loaded, os.fspath(file), seconds=SECONDS)
    if found is None:
        raise InputError(quantity, "a Matlab file to version 7 (save -v7)", "version 7.3")
    if isinstance(found, Lost):
        raise ValueError(found.reason)
    size, arrays = found
    _check_size(quantity, size)
    return {name: _plain(value) for name, value in arrays.items() if not name.startswith("__")}


def _loaded(file: str) -> tuple[int, dict[str, Any]] | None:
    """(bytes of the arrays, the arrays if they are not too many); None for version 7.3.

    In a process of its own, which SciPy's reader ends at some damaged files.
    """
    from scipy.io import loadmat, whosmat

    try:
        size = sum(8 * math.prod(shape) for _, shape, _ in whosmat(file))
        return size, (loadmat(file) if size <= LARGEST else {})
    except NotImplementedError:
        return None


def _inflated(file: Path) -> int:
    """Bytes of what is compressed in a Matlab file of version 5 to 7, as far as they may be."""
    total = 0
    with file.open("rb") as stream:
        order = {b"IM": "little", b"MI": "big"}.get(stream.read(_HEADER)[-2:])
        while order is not None and total <= LARGEST and len(tag := stream.read(8)) == 8:
            kind, size = (int.from_bytes(part, order) for part in (tag[:4], tag[4:]))  # type: ignore[arg-type]
            if kind != _COMPRESSED:
                stream.seek(size, os.SEEK_CUR)
                continue
            unpacking = zlib.decompressobj()
            while size > 0 and total <= LARGEST:
                data = unpacking.unconsumed_tail or stream.read(min(size, _CHUNK))
                size -= 0 if unpacking.unconsumed_tail else len(data)
                if not data:
                    break
                total += len(unpacking.decompress(data, _CHUNK))
    return total


def _plain(value: Any) -> Any:
    """A struct as a dictionary, a cell as a list."""
    if isinstance(value, np.ndarray) and value.dtype.names is not None:
        each = [{name: _plain(record[name]) for name in value.dtype.names} for record in value.ravel()]
        return each[0] if len(each) == 1 else each
    if isinstance(value, np.ndarray) and value.dtype == object:
        return [_plain(entry) for entry in value.ravel()]
    return value


def _safetensors(quantity: str, file: Path) -> Any:
    return read_tensors(quantity, file)[0]


def _check_size(quantity: str, size: int) -> None:
    if size > LARGEST:
        raise InputError(quantity, f"arrays of at most {LARGEST} bytes", str(size))


_READERS: dict[str, Callable[[str, Path], Any]] = {
    ".npz": _npz, ".npy": _npy, ".json": _json, ".csv": _table, ".tsv": _table, ".txt": _table, ".mat": _mat,
    ".safetensors": _safetensors,
}  # fmt: skip
