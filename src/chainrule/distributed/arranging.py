"""Rows on the workers: as blocks of neighbouring partitions, or dealt out so that each part is like the whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.distributed.blocks import RowBlocks, joined
from chainrule.distributed.prepare import ReadyRows, joined_rows
from chainrule.distributed.work import Work
from chainrule.network.arrays import Array
from chainrule.train.engine import Rows
from chainrule.train.order import row_order

_DEALING = 0xDEA1  # tells this order from those of epochs


@dataclass(frozen=True, eq=False)
class Arranged:
    """Blocks of ``ReadyRows``: those to learn from, and those with the rows to validate with and to test on."""

    learn: RowBlocks
    held: RowBlocks


def arrange(
    work: Work, parts: Sequence[Any], learnt: Sequence[int], row_bytes: int, kept: bool,
    prepare: Callable[..., ReadyRows], *given: Any, shards: Callable[[int], int] | None = None, seed: int = 0,
) -> Arranged:  # fmt: skip
    """The rows of partitions in blocks.

    Args:
        learnt: rows to learn from of each partition. row_bytes: of one of them.
        kept: whether they stay on the workers.
        prepare: makes neighbouring partitions one block, with what is given.
        shards: by the number of blocks, to how many shards their rows are dealt; None: they stay as they are.
        seed: of the dealing.
    """
    ranges = joined(learnt, row_bytes)
    rows = [sum(learnt[i] for i in places) for places in ranges]
    sources = [[parts[i] for i in places] for places in ranges]
    blocks = RowBlocks(work.map("prepare", prepare, sources, *given), tuple(rows))
    if shards is None:
        [whole] = work.keep(blocks) if kept else [blocks]
        return Arranged(whole, whole)
    count = shards(len(blocks))
    dealt = work.map("deal", deal, [[task, i] for i, task in enumerate(blocks.tasks)], count, seed)
    pieces = [work.map("piece", _piece, dealt, shard) for shard in range(count)]
    made = work.map("shard", shard_of, [[number, *own] for number, own in enumerate(pieces, 1)])
    sizes = np.sum([_sizes(n, count, i) for i, n in enumerate(rows)], axis=0)
    rest = RowBlocks(work.map("rest", _rest, blocks.tasks), blocks.rows)
    return Arranged(*work.keep(RowBlocks(made, tuple(sizes.tolist())), rest))


def deal(source: Sequence[Any], count: int, seed: int) -> tuple[Rows, ...]:
    """A block's rows to learn from, dealt out like cards: ``source`` is the block and its number, from 0."""
    ready, number = source
    order = row_order(len(ready.learn), seed, number, _DEALING)
    return tuple(_at(ready.learn, order[_first(shard, count, number) :: count]) for shard in range(count))


def _first(shard: int, count: int, number: int) -> int:
    """Which row of the order a shard gets first: each block begins with another shard, so that all get as many."""
    return (shard - number) % count


def _sizes(rows: int, count: int, number: int) -> Array:
    """How many rows of a block each shard gets."""
    return np.array([len(range(_first(shard, count, number), rows, count)) for shard in range(count)])


def _at(rows: Rows, places: Array) -> Rows:
    return Rows(rows.x[places], rows.y[places], None if rows.weight is None else rows.weight[places])


def _piece(dealt: tuple[Rows, ...], shard: int) -> Rows:
    return dealt[shard]


def shard_of(source: Sequence[Any]) -> ReadyRows:
    """What was dealt to one shard: ``source`` is its number, from 1, and its rows of each block."""
    number, *parts = source
    whole = joined_rows(parts)
    return ReadyRows(number, whole, _at(whole, np.arange(0)))


def _rest(ready: ReadyRows) -> ReadyRows:
    """Without the rows to learn from."""
    return ReadyRows(ready.number, _at(ready.learn, np.arange(0)), ready.held, ready.test)
