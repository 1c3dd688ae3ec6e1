"""A matrix turned over, in tiles that stay in registers."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit
from numba.core import types
from numba.extending import intrinsic

BYTES = 32  # of a tile's row: a vector of AVX


@intrinsic
def _turn_tile(typing: Any, source: Any, at: Any, stride: Any, into: Any, into_at: Any, into_stride: Any) -> Any:
    """The square tile whose rows begin at ``at``, ``stride`` apart, turned over into the tile at ``into_at``.

    The first half of a row is loaded beside that of the row half a tile below, likewise the second; from there on
    numbers change places within halves only, which every processor does quickly.
    """
    size = source.dtype.bitwidth // 8
    real, number, tile = ir.FloatType() if size == 4 else ir.DoubleType(), ir.IntType(32), BYTES // size
    kind, half = ir.VectorType(real, tile), tile // 2

    def lanes(numbers: list[int]) -> Any:
        return ir.Constant(ir.VectorType(number, tile), numbers)

    def by_turns(begin: int) -> Any:
        """From two vectors by turns, from ``begin`` on in both halves of both."""
        return lanes([side + at + u for at in (begin, begin + half) for u in range(half // 2) for side in (0, tile)])

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def place(which: int, row: int, column: int, kind: Any) -> Any:
            data = context.make_array(signature.args[which])(context, builder, args[which]).data
            start = builder.add(args[which + 1], builder.mul(args[which + 2], ir.Constant(args[which + 2].type, row)))
            start = builder.add(start, ir.Constant(start.type, column))
            return builder.bitcast(builder.gep(data, [start]), kind.as_pointer())

        def load(row: int, column: int) -> Any:
            return builder.load(place(0, row, column, ir.VectorType(real, half)), align=size)

        for column in (0, half):
            rows = [
                builder.shuffle_vector(load(r, column), load(r + half, column), lanes(list(range(tile))))
                for r in range(half)
            ]
            for _ in range(half.bit_length() - 1):
                pairs = zip(rows[: half // 2], rows[half // 2 :], strict=True)
                rows = [builder.shuffle_vector(*pair, by_turns(begin)) for pair in pairs for begin in (0, half // 2)]
            for r, row in enumerate(rows):
                builder.store(row, place(3, column + r, 0, kind), align=size)
        return context.get_dummy_value()

    return types.void(source, types.intp, types.intp, into, types.intp, types.intp), build


@intrinsic
def _rows(typing: Any, source: Any) -> Any:
    """Rows of a tile, as a constant of the compiled code."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return ir.Constant(ir.IntType(64), BYTES * 8 // source.dtype.bitwidth)

    return types.intp(source), build


@njit(error_model="numpy")
def turn(source, at, stride, n, m, into):
    """The matrix (n, m) that begins at ``at`` in ``source``, ``stride`` from row to row, becomes (m, n) in ``into``."""
    tile = _rows(source)
    rows, columns = n // tile * tile, m // tile * tile
    for r in range(0, rows, tile):
        for u in range(0, columns, tile):
            _turn_tile(source, at + r * stride + u, stride, into, u * n + r, n)
    for u in range(m):
        for r in range(rows if u < columns else 0, n):
            into[u * n + r] = source[at + r * stride + u]
