"""Reading what a caller gives: arrays of finite numbers, of the shape that fits."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array

FLOATS = (np.dtype("float64"), np.dtype("float32"))


def float_type(value: Any) -> np.dtype[Any]:
    """float64 or float32.

    Raises:
        InputError: another type.
    """
    if str(value) not in map(str, FLOATS) and value not in (np.float64, np.float32, float):
        raise InputError("dtype", "float64 or float32", str(value))
    found: np.dtype[Any] = np.dtype(value)
    return found


def numbers(quantity: str, value: Any, dtype: np.dtype[Any] | None = None) -> Array:
    """``value`` as an array of finite floats; float32 stays float32 unless ``dtype`` says otherwise.

    Raises:
        InputError: not numbers, ragged, complex, of a float type that is not handled, NaN or infinite.
    """
    array = _array(quantity, value)
    if array.dtype.kind not in "fiub":
        raise InputError(quantity, "real numbers", f"values of type {array.dtype}")
    if dtype is None:
        dtype = array.dtype if array.dtype.kind == "f" else FLOATS[0]
        if dtype not in FLOATS:
            raise InputError(quantity, "float64 or float32", str(dtype))
    with np.errstate(over="ignore"):
        converted = array.astype(dtype, copy=False)
    finite = np.isfinite(converted)
    if not finite.all():
        where = tuple(int(i) + 1 for i in np.argwhere(~np.atleast_1d(finite))[0])
        worst = np.atleast_1d(converted)[tuple(i - 1 for i in where)]
        place = f" at position {', '.join(map(str, where))} (of shape {array.shape})" if array.ndim else ""
        raise InputError(quantity, f"finite numbers in {dtype}", f"{worst}{place}")
    return converted


def _array(quantity: str, value: Any) -> Array:
    try:
        return np.asarray(value)
    except ValueError:
        raise InputError(quantity, "numbers in a rectangular array", "rows of different lengths") from None
    except (TypeError, RuntimeError) as error:  # a tensor without data (of the device meta), or on another device
        got = f"{type(value).__name__} ({' '.join(str(error).split())[:80]})"
        raise InputError(quantity, "an array of numbers", got) from None


def number(quantity: str, value: Any) -> float:
    """``value`` as one finite float.

    Raises:
        InputError: something else.
    """
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = np.nan
    if not np.isfinite(found):
        raise InputError(quantity, "a finite number", repr(value))
    return found


def not_negative(quantity: str, value: Any) -> float:
    """``value`` as one finite float from 0 up.

    Raises:
        InputError: something else.
    """
    try:
        found = number(quantity, value)
    except InputError:
        found = -1.0
    if found < 0:
        raise InputError(quantity, "a number from 0 up", repr(value))
    return found


def shaped(quantity: str, array: Array, *shape: int) -> Array:
    """``array`` if it has that shape.

    Raises:
        InputError: it has another; both shapes are named.
    """
    if array.shape != shape:
        raise InputError(quantity, f"shape {shape}", f"shape {array.shape}")
    return array


def examples(quantity: str, value: Any, width: int, dtype: np.dtype[Any]) -> tuple[Array, bool]:
    """One example (width,) or a batch (n, width), as (n, width) and whether it was one example."""
    array = numbers(quantity, value, dtype)
    if array.ndim not in (1, 2) or array.shape[-1] != width:
        raise InputError(quantity, f"shape ({width},) or (n, {width})", f"shape {array.shape}")
    return np.atleast_2d(array), array.ndim == 1


def targets(value: Any, n: int, outputs: int, single: bool, dtype: np.dtype[Any]) -> Array:
    """Targets (k,) or (n, k), or class numbers counted from 0, as an array (n, k).

    With one output, (n,) are n targets; with more, (n,) integers are class numbers and become one-hot rows.
    """
    array = _array("y", value)
    leading: tuple[int, ...] = () if single else (n,)
    if outputs > 1 and array.shape == leading and array.dtype.kind in "iub":
        return _one_hot(array.reshape(n), outputs, dtype)
    array = np.array(numbers("y", value, dtype))
    if outputs == 1 and array.shape == leading:
        return array.reshape(n, 1)
    if array.shape != (*leading, outputs):
        what = f"shape {(*leading, outputs)}"
        if outputs > 1:
            what += f", or {'one class number' if single else f'{n} class numbers'} (integers from 0 to {outputs - 1})"
        raise InputError("y", what, f"shape {array.shape} of {_array('y', value).dtype}")
    return array.reshape(n, outputs)


def _one_hot(classes: Array, outputs: int, dtype: np.dtype[Any]) -> Array:
    wrong = (classes < 0) | (classes >= outputs)
    if wrong.any():
        first = int(np.argmax(wrong))
        raise InputError("y", f"class numbers from 0 to {outputs - 1}", f"{classes[first]} at example {first + 1}")
    return np.eye(outputs, dtype=dtype)[classes.astype(np.intp)]


def within(quantity: str, array: Array, low: float, high: float) -> None:
    """Raise an InputError unless every entry lies in the closed interval."""
    outside = (array < low) | (array > high)
    if outside.any():
        raise InputError(quantity, f"values from {low:g} to {high:g}", f"{array[outside].flat[0]:g}")


def weights(value: Any, n: int, dtype: np.dtype[Any]) -> Array | None:
    """Sample weights (n,), none negative, or None."""
    if value is None:
        return None
    array = shaped("sample_weight", numbers("sample_weight", value, dtype), n)
    within("sample_weight", array, 0.0, np.inf)
    return array
