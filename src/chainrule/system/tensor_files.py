"""Tensors in safetensors files: read with one clear error for whatever is in them, and known by a digest."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.errors import InputError

#: kinds of numbers as the files call them; bfloat16 is the upper half of a float32
KINDS = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "<u1", "BOOL": "?",
}  # fmt: skip
_LONGEST = 100_000_000  # bytes of a header


def read_tensors(
    quantity: str, path: str | os.PathLike[str], what: str = "a safetensors file"
) -> tuple[dict[str, Any], dict[str, str]]:
    """(tensors by name, what the header says beside them); bfloat16 comes as float32.

    Args:
        quantity: stands for the file in errors. what: was expected.

    Raises:
        InputError: no such file, one of another kind or damaged, kinds of numbers that NumPy does not have.
    """
    from safetensors import SafetensorError, deserialize

    file = Path(path)
    if not file.is_file():
        raise InputError(quantity, what, "a folder" if file.is_dir() else "no such file")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError(quantity, what, f"one that cannot be read ({error.strerror})") from None
    if not data:
        raise InputError(quantity, what, "an empty file")
    about = _header(data)
    for name, entry in about.items():
        kind = entry.get("dtype") if isinstance(entry, dict) else None
        if name != "__metadata__" and isinstance(kind, str) and kind not in KINDS:
            expected = "float64, float32, float16 or bfloat16 (NumPy has no other; convert it first)"
            raise InputError(f"{quantity}: tensor {name}", expected, f"numbers of the kind {kind[:20]}")
    try:
        entries: Any = deserialize(data)  # type: ignore[no-untyped-call]
        tensors = {name: _array(entry) for name, entry in sorted(entries)}
    except (SafetensorError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise InputError(quantity, what, f"something else or a truncated one ({error})") from None
    metadata = about.get("__metadata__") or {}
    return tensors, {str(key): str(value) for key, value in metadata.items()}


def _header(data: bytes) -> dict[str, Any]:
    """The header of a file, empty where it cannot be read: the library then says why."""
    length = int.from_bytes(data[:8], "little")
    if not 2 <= length <= min(_LONGEST, len(data) - 8):
        return {}
    try:
        found = json.loads(data[8 : 8 + length])
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _array(entry: dict[str, Any]) -> Any:
    array = np.frombuffer(entry["data"], KINDS[entry["dtype"]]).reshape(entry["shape"])
    return (array.astype("<u4") << 16).view("<f4") if entry["dtype"] == "BF16" else array.copy()


def digest(tensors: Mapping[str, Any], about: str = "") -> str:
    """What tells a set of tensors, and a text about them, from any other: 64 digits.

    >>> digest({"W": np.zeros(2)}) == digest({"W": np.ones(2)})
    False
    """
    found = hashlib.sha256(about.encode())
    for name, array in sorted(tensors.items()):
        array = np.ascontiguousarray(array)
        found.update(f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        found.update(array.tobytes())
    return found.hexdigest()


def check_digest(quantity: str, told: object, tensors: Mapping[str, Any], about: str = "") -> None:
    """Refuse numbers that are not those a file was written with; a file without a digest is taken as it is.

    Raises:
        InputError: they are others.
    """
    if told is not None and told != digest(tensors, about):
        raise InputError(quantity, "the numbers that it was saved with", "others: the file was changed or damaged")
