"""A matrix turned over, in tiles that stay in registers."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit
from numba.core import types
from numba.extending import intrinsic

TILE = 8


@intrinsic
def _turn_tile(typing: Any, source: Any, at: Any, stride: Any, into: Any, into_at: Any, into_stride: Any) -> Any:
    """The tile of TILE rows that begin at ``at``, ``stride`` apart, turned over into the tile at ``into_at``.

    Blocks beside the diagonal change places, first the quarters of the tile, then those of each quarter, and so on.
    """
    real = ir.FloatType() if source.dtype == types.float32 else ir.DoubleType()
    kind, lanes = ir.VectorType(real, TILE), ir.VectorType(ir.IntType(32), TILE)
    alignment = source.dtype.bitwidth // 8

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def place(which: int, row: int) -> Any:
            data = context.make_array(signature.args[which])(context, builder, args[which]).data
            start = builder.add(args[which + 1], builder.mul(args[which + 2], ir.Constant(args[which + 2].type, row)))
            return builder.bitcast(builder.gep(data, [start]), kind.as_pointer())

        rows = [builder.load(place(0, r), align=alignment) for r in range(TILE)]
        half = TILE // 2
        while half:
            upper = ir.Constant(lanes, [lane if not lane & half else TILE + lane - half for lane in range(TILE)])
            lower = ir.Constant(lanes, [lane + half if not lane & half else TILE + lane for lane in range(TILE)])
            for r in (r for r in range(TILE) if not r & half):
                pair = rows[r], rows[r + half]
                rows[r], rows[r + half] = builder.shuffle_vector(*pair, upper), builder.shuffle_vector(*pair, lower)
            half //= 2
        for r, row in enumerate(rows):
            builder.store(row, place(3, r), align=alignment)
        return context.get_dummy_value()

    return types.void(source, types.intp, types.intp, into, types.intp, types.intp), build


@njit(error_model="numpy")
def turn(source, at, stride, n, m, into):
    """The matrix (n, m) that begins at ``at`` in ``source``, ``stride`` from row to row, becomes (m, n) in ``into``."""
    rows, columns = n // TILE * TILE, m // TILE * TILE
    for r in range(0, rows, TILE):
        for u in range(0, columns, TILE):
            _turn_tile(source, at + r * stride + u, stride, into, u * n + r, n)
    for u in range(m):
        for r in range(rows if u < columns else 0, n):
            into[u * n + r] = source[at + r * stride + u]
