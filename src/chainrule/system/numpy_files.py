"""NumPy's files of arrays: bounded, nothing in them is run, and one clear error for whatever is in them."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from chainrule.errors import InputError

LARGEST = 1 << 34  # bytes of all arrays of a file
_ZIP = b"PK"


def read_npz(quantity: str, path: str | os.PathLike[str], most: int = LARGEST) -> dict[str, Any]:
    """The arrays of an NPZ file by name; ``quantity`` stands for it in errors.

    Args:
        most: bytes that its arrays may take.

    Raises:
        InputError: no such file, another kind, a damaged, encrypted or too large one, Python objects in it.
    """
    with _there(quantity, path, "an NPZ file").open("rb") as stream:
        return npz_arrays(quantity, stream, most)


def npz_arrays(quantity: str, content: IO[bytes], most: int = LARGEST) -> dict[str, Any]:
    """As ``read_npz``, of what can be read and sought in."""
    begin = content.read(6)
    if begin.startswith(b"\x93NUMPY"):
        raise InputError(quantity, "an NPZ file (numpy.savez)", "an NPY file, of one array (numpy.save)")
    if not begin.startswith(_ZIP):
        raise InputError(quantity, "a whole NPZ file (numpy.savez)", "something else")
    found: dict[str, Any] = {}
    try:
        with zipfile.ZipFile(content) as archive:
            entries = archive.infolist()
            if any(entry.flag_bits & 1 for entry in entries):
                raise InputError(quantity, "an NPZ file without a password", "an encrypted one")
            size = sum(entry.file_size for entry in entries)
            if size > most:
                raise InputError(quantity, f"arrays of at most {most} bytes", f"{size} bytes")
            for entry in entries:
                with archive.open(entry) as stream:
                    found[entry.filename.removesuffix(".npy")] = _array(stream, entry.file_size)
    except InputError:
        raise
    except Exception as error:  # a stranger's bytes: each library below has errors of its own
        raise InputError(quantity, "a whole NPZ file of numbers", reason(error)) from None
    return found


def read_npy(quantity: str, path: str | os.PathLike[str], most: int = LARGEST) -> Any:
    """The array of an NPY file. Raises as ``read_npz`` does."""
    file = _there(quantity, path, "an NPY file")
    size = file.stat().st_size
    if size > most:
        raise InputError(quantity, f"an array of at most {most} bytes", f"{size} bytes")
    try:
        with file.open("rb") as stream:
            if stream.read(len(_ZIP)) == _ZIP:
                raise InputError(quantity, "an NPY file (numpy.save)", "an NPZ file, of several arrays (numpy.savez)")
            stream.seek(0)
            return _array(stream, size)
    except InputError:
        raise
    except Exception as error:  # as above
        raise InputError(quantity, "a whole NPY file of numbers", reason(error)) from None


def _there(quantity: str, path: str | os.PathLike[str], what: str) -> Path:
    file = Path(path)
    if not file.is_file():
        raise InputError(quantity, what, "a folder" if file.is_dir() else "no such file")
    return file


def _array(stream: Any, size: int) -> Any:
    """One array of so many bytes, its header with it; what the header promises is held against them first.

    Raises:
        ValueError: other bytes than the header says, and whatever NumPy finds.
    """
    version = npy.read_magic(stream)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"version {version[0]}.{version[1]} of the format")
    shape, fortran, dtype = readers[version](stream)
    if dtype.hasobject:
        raise ValueError("Python objects")
    count = 1
    for length in shape:  # no product of NumPy's, which would wrap around
        count *= length
    if count < 0 or count * dtype.itemsize > size:
        raise ValueError(f"{size} bytes for an array of shape {shape}")
    data = stream.read(count * dtype.itemsize)
    if len(data) != count * dtype.itemsize:
        raise ValueError("a part of an array")
    array = np.frombuffer(data, dtype, count)
    return (array.reshape(shape[::-1]).T if fortran else array.reshape(shape)).copy()


def reason(error: BaseException) -> str:
    """What is wrong with a file, in a few words."""
    words = " ".join(str(error).split())
    if "pickle" in words.lower() or "Python objects" in words:
        return "Python objects, which are not read: save arrays of numbers"
    return f"something else, or a damaged one ({words[:100] or type(error).__name__})"
