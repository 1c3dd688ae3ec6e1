"""Rows made ready for a network, on the worker that has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.distributed.partitions import RawPart
from chainrule.distributed.sizes import sized
from chainrule.distributed.summary import PartitionSplit
from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.network.checks import within
from chainrule.train.engine import Rows

MEMORY_SHARE = 0.3  # of the workers' memory that rows may take to be kept there


@dataclass(frozen=True, eq=False)
class Preparation:
    """What makes the rows of a partition ready.

    Attributes:
        mean, scale: of the columns of X, or None.
        classes: in order, where one of them is right; None for numbers and for several labels at once.
        outputs: of the network; 1 for two classes.
        class_weight: of each class, or None.
        loss, range: what the targets must lie within, for messages.
        dtype: of the arrays.
    """

    mean: Array | None
    scale: Array | None
    classes: Array | None
    outputs: int
    class_weight: Array | None
    loss: str
    range: tuple[float, float]
    dtype: Any


@sized
@dataclass(frozen=True, eq=False)
class ReadyRows:
    """A block's rows to learn from and to validate with, and those kept aside for a test; each may be none.

    ``number``: of its first partition, from 1.
    """

    number: int
    learn: Rows
    held: Rows
    test: Rows | None = None


def rows_fit(client: Any, rows: int, width: int, dtype: Any) -> bool:
    """Whether rows of ``width`` columns, a target and a weight fit into a share of the memory of a client's workers."""
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    limits = [worker["memory_limit"] for worker in workers]
    size = rows * (width + 2) * np.dtype(dtype).itemsize
    return not limits or not all(limits) or size <= MEMORY_SHARE * sum(limits)


def prepare_block(parts: Sequence[RawPart], how: Preparation, split: PartitionSplit) -> ReadyRows:
    """The rows of neighbouring partitions, as one block."""
    return join([prepare(part, how, split) for part in parts])


def join(parts: Sequence[ReadyRows]) -> ReadyRows:
    """The rows of several parts, one after another."""
    if len(parts) == 1:
        return parts[0]
    tests = [part.test for part in parts if part.test is not None]
    return ReadyRows(
        parts[0].number, joined_rows([part.learn for part in parts]), joined_rows([part.held for part in parts]),
        joined_rows(tests) if tests else None,
    )  # fmt: skip


def joined_rows(parts: Sequence[Rows]) -> Rows:
    """The rows of several, one after another; weights are those of all or of none of them that have rows."""
    some_ = [part for part in parts if len(part)] or list(parts[:1])
    weight = None if some_[0].weight is None else np.concatenate([part.weight for part in some_])
    return Rows(np.concatenate([part.x for part in some_]), np.concatenate([part.y for part in some_]), weight)


def prepare(part: RawPart, how: Preparation, split: PartitionSplit) -> ReadyRows:
    """The rows of one partition.

    Raises:
        InputError: a class or a target that does not fit, naming the partition.
    """
    x = part.x.astype(how.dtype, copy=False)
    if how.mean is not None and how.scale is not None:
        x = ((part.x - how.mean) / how.scale).astype(how.dtype)  # in float64: a large mean would take the digits
    y, weight = _targets(part, how), part.weight
    if how.class_weight is not None:
        of_class = how.class_weight[y if y.ndim == 1 else y[:, 0].astype(int)]
        weight = of_class if weight is None else weight * of_class
    held = split.held(part.number, len(x))
    whole = Rows(np.ascontiguousarray(x), y, None if weight is None else weight.astype(how.dtype))
    if not held.any():
        return ReadyRows(part.number, whole, some(whole, held))
    kept = None if part.weight is None else part.weight.astype(how.dtype)  # classes count in learning only
    return ReadyRows(part.number, some(whole, ~held), some(Rows(whole.x, y, kept), held))


def some(rows: Rows, mask: Array) -> Rows:
    """The rows where the mask is true."""
    return Rows(rows.x[mask], rows.y[mask], None if rows.weight is None else rows.weight[mask])


def _targets(part: RawPart, how: Preparation) -> Array:
    """Class numbers (n,), or targets (n, k)."""
    if how.classes is None:
        y = np.ascontiguousarray(part.y if part.y.ndim == 2 else part.y[:, None], how.dtype)
        if len(y) and y.shape[1] != how.outputs:
            raise InputError(f"{part.name}: y", f"{how.outputs} columns", str(y.shape[1]))
        within(f"{part.name}: y (targets of {how.loss})", y, *how.range)
        return y
    labels = part.y
    places = np.searchsorted(how.classes, labels).clip(0, len(how.classes) - 1)
    unknown = how.classes[places] != labels
    if unknown.any():
        row = int(np.argmax(unknown))
        known = ", ".join(map(str, how.classes[:10]))
        raise InputError(f"{part.name}: y", f"one of the classes {known}", f"{labels[row]} in row {row + 1}")
    if how.outputs == 1:
        return places[:, None].astype(how.dtype)
    return places.astype(np.int64)
