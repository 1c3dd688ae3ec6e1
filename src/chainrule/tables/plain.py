"""Examples for a network that has no preprocessing: a table of numbers, first the inputs, then the targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array

if TYPE_CHECKING:
    import pyarrow as pa


def all_numbers(table: pa.Table, source: str) -> Array:
    """The cells of a table of numbers (n, columns).

    Raises:
        InputError: a column of something else.
    """
    try:
        return np.column_stack([np.asarray(column.to_numpy(), dtype=float) for column in table.columns])
    except (TypeError, ValueError):
        what = "columns of numbers alone, for a network without its preprocessing"
        raise InputError(f"data {source}", what, "text in it") from None


def plain_examples(numbers: Array, inputs: int, outputs: int, source: str) -> tuple[Array, Array]:
    """x (n, d), and y (n, k) or (n,) class numbers, of all the cells of a table.

    Raises:
        InputError: another number of columns.
    """
    if numbers.shape[1] not in (inputs + outputs, inputs + 1):
        due = (
            f"{inputs} columns of inputs, then {outputs} of targets{' or one of class numbers' if outputs > 1 else ''}"
        )
        raise InputError(f"data {source}", due, f"{numbers.shape[1]} columns")
    x, y = numbers[:, :inputs], numbers[:, inputs:]
    if y.shape[1] == outputs:
        return x, y
    return x, y[:, 0].astype(np.int64) if (y == y.round()).all() else y[:, 0]
