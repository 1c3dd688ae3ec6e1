"""Anything that holds numbers, as an array: tensors of any library, tables, masked arrays, lists.

None of these libraries is imported: what a thing is, its attributes say.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array

#: number type as given -> the precision that it is judged to
_PRECISIONS = {"float16": "float16", "bfloat16": "bfloat16", "float32": "float32"}
#: eps of each precision
EPS = {
    "float64": float(np.finfo(np.float64).eps),
    "float32": float(np.finfo(np.float32).eps),
    "float16": float(np.finfo(np.float16).eps),
    "bfloat16": 2.0**-7,
}
#: how far an entry may be off, relative to itself, beside what rounding explains, where it is not in double precision
ROUGH = {"float32": 1e-3, "float16": 2e-2, "bfloat16": 1e-1}


class Numbers64(NamedTuple):
    """An array in float64, the precision it came in, and what was done to get at it, in words or ""."""

    value: Array
    precision: str
    done: str = ""


def holds_numbers(value: Any) -> bool:
    """Whether a thing is one array or number, and no container of arrays."""
    if isinstance(value, np.ndarray):
        return value.dtype != object or value.ndim == 0
    if isinstance(value, (int, float, complex, str, bytes, np.generic)):
        return True
    return any(hasattr(value, name) for name in ("__array__", "detach", "to_numpy", "__cuda_array_interface__"))


def read_array(name: str, value: Any) -> Numbers64:
    """The numbers of a thing.

    Raises:
        InputError: it holds none, or some that are missing, masked, complex or not finite.
    """
    if np.ma.isMaskedArray(value):
        _refuse_masked(name, value)
        value = value.data
    try:
        value, done = _own_gradient(value)
        array = np.asarray(without_library(value))
    except InputError:
        raise
    except Exception as error:  # whatever a library of somebody's raises
        got = f"{type(value).__name__} ({' '.join(str(error).split())[:80]})"
        raise InputError(name, "an array of numbers", got) from None
    kind = "bfloat16" if str(getattr(value, "dtype", "")) == "torch.bfloat16" else array.dtype.name
    if array.dtype == object:
        array = _objects(name, array)
    if array.dtype.kind not in "fiub" and kind not in _PRECISIONS:
        raise InputError(name, "real numbers", f"values of type {kind}")
    with np.errstate(over="ignore", invalid="ignore"):
        found = array.astype(np.float64)
    _refuse_not_finite(name, found)
    return Numbers64(found, _PRECISIONS.get(kind, "float64"), done)


def _own_gradient(value: Any) -> tuple[Any, str]:
    """A parameter that carries a gradient stands for it."""
    if hasattr(value, "detach") and getattr(value, "is_leaf", False):
        own = getattr(value, "grad", None)
        if own is not None:
            return own, "its .grad"
    return value, ""


def without_library(value: Any) -> Any:
    """Out of a library's own type: dense, on the processor, without a record of operations."""
    if getattr(value, "is_sparse", False) is True and hasattr(value, "to_dense"):
        value = value.to_dense()
    for step in ("detach", "cpu"):
        value = getattr(value, step)() if hasattr(value, step) else value
    if str(getattr(value, "dtype", "")) == "torch.bfloat16":  # NumPy has no such type
        return value.float().numpy()
    if hasattr(value, "__cuda_array_interface__") and hasattr(value, "get"):
        return value.get()
    if hasattr(value, "to_numpy"):
        return value.to_numpy()
    return value.numpy() if hasattr(value, "numpy") and not isinstance(value, np.ndarray) else value


def _objects(name: str, array: Array) -> Array:
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError):
        where = _place(array, [not isinstance(entry, (int, float)) for entry in array.ravel()])
        raise InputError(name, "real numbers", f"another value{where}") from None


def _refuse_masked(name: str, value: Any) -> None:
    mask = np.ma.getmaskarray(value)
    if mask.any():
        raise InputError(name, "numbers everywhere", f"a masked entry{_place(mask, mask.ravel())}")


def _refuse_not_finite(name: str, array: Array) -> None:
    wrong = ~np.isfinite(array)
    if wrong.any():
        raise InputError(name, "finite numbers", f"{array[wrong].flat[0]}{_place(array, wrong.ravel())}")


def _place(array: Array, wrong: Any) -> str:
    """`` at position 2, 3 (of shape (4, 5))``: the first that is wrong."""
    if not array.ndim or not np.any(wrong):
        return ""
    at = np.unravel_index(int(np.argmax(wrong)), array.shape)
    return f" at position {', '.join(str(int(i) + 1) for i in at)} (of shape {array.shape})"
