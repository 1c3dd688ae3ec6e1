"""C = A B + D of parts of vectors: in registers where the matrices fit into a core's cache, else by BLAS.

BLAS first copies its operands into an order of its own. That pays for large matrices; for those of a small layer it
takes as long as the product. Here tiles of ROWS rows by a few vector instructions stay in registers while the sum runs,
and B is read as it lies, row by row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import binding, ir
from numba import njit
from numba.core import types
from numba.extending import intrinsic

from chainrule.train.kernels.low_level import gemm, like
from chainrule.train.kernels.turn import turn

ROWS = 6  # of a tile: twelve sums with two vectors a row; two of B and one of A make 15 of AVX's 16 registers
UNROLL = 4  # terms of the sums between two looks at the counter
NEAR = 1 << 19  # bytes up to which a matrix is taken to be near: the second cache of one core


def tile_lanes(dtype: Any) -> int:
    """Columns of a tile: two vectors of AVX (16 float32) or of AVX-512 (32); four of processors with shorter ones."""
    return (128 if binding.get_host_cpu_features().get("avx512f") else 64) * 8 // int(dtype.bitwidth)


@intrinsic
def _lanes(typing: Any, vector: Any) -> Any:
    """``tile_lanes`` of a vector's type, as a constant of the compiled code."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return ir.Constant(ir.IntType(64), tile_lanes(vector.dtype))

    return types.intp(vector), build


class _Tile:
    """The code of one tile: C[r, :] = (D[r, :] or 0) + sum_k A[r, k] B[k, :] for up to ROWS rows."""

    def __init__(self, builder: Any, real: Any, lanes: int, size: int) -> None:
        self.builder, self.lanes, self.size = builder, lanes, size
        self.kind, self.number = ir.VectorType(real, lanes), ir.IntType(64)
        masks, whole = ir.VectorType(ir.IntType(1), lanes), ir.IntType(32)
        self.pointer, self.align = self.kind.as_pointer(), ir.Constant(whole, size)
        self.zero = ir.Constant(self.kind, [0.0] * lanes)
        self.first = ir.Constant(ir.VectorType(whole, lanes), [0] * lanes)
        name = f"v{lanes}f{8 * size}"
        self.masked_load = self._known(f"llvm.masked.load.{name}.p0", self.kind, self.pointer, whole, masks, self.kind)
        self.masked_store = self._known(
            f"llvm.masked.store.{name}.p0", ir.VoidType(), self.kind, self.pointer, whole, masks
        )
        self.fuse = self._known(f"llvm.fmuladd.{name}", self.kind, self.kind, self.kind, self.kind)
        self.mask: Any = None  # of the lanes that count; None: all

    def _known(self, name: str, result: Any, *given: Any) -> Any:
        module = self.builder.module
        return module.globals.get(name) or ir.Function(module, ir.FunctionType(result, given), name)

    def constant(self, value: int) -> Any:
        return ir.Constant(self.number, value)

    def splat(self, value: Any) -> Any:
        """A vector with ``value`` in every lane."""
        empty = ir.Constant(ir.VectorType(value.type, self.lanes), ir.Undefined)
        return self.builder.shuffle_vector(
            self.builder.insert_element(empty, value, ir.Constant(ir.IntType(32), 0)), empty, self.first
        )

    def lanes_below(self, count: Any) -> Any:
        """Which lanes have a number below ``count``."""
        numbers = ir.Constant(ir.VectorType(self.number, self.lanes), list(range(self.lanes)))
        return self.builder.icmp_signed("<", numbers, self.splat(count))

    def load(self, place: Any) -> Any:
        place = self.builder.bitcast(place, self.pointer)
        if self.mask is None:
            return self.builder.load(place, align=self.size)
        return self.builder.call(self.masked_load, [place, self.align, self.mask, self.zero])

    def store(self, value: Any, place: Any) -> None:
        place = self.builder.bitcast(place, self.pointer)
        if self.mask is None:
            self.builder.store(value, place, align=self.size)
        else:
            self.builder.call(self.masked_store, [value, place, self.align, self.mask])

    def compute(self, count: int, a: Any, a_row: Any, a_step: Any, b: Any, b_row: Any, c: Any, c_row: Any, d: Any,
                d_row: Any, depth: Any, add: Any) -> None:  # fmt: skip
        """All of a tile of ``count`` rows."""
        builder = self.builder

        def rows(start: Any, step: Any) -> list[Any]:
            return [builder.gep(start, [builder.mul(step, self.constant(r))]) for r in range(count)]

        here, old, begin = builder.block, builder.append_basic_block(), builder.append_basic_block()
        builder.cbranch(builder.icmp_signed("!=", add, self.constant(0)), old, begin)
        builder.position_at_end(old)
        values = [self.load(place) for place in rows(d, d_row)]
        builder.branch(begin)
        builder.position_at_end(begin)
        sums = [self._either((self.zero, here), (value, old)) for value in values]
        k = self.constant(0)
        for unroll in (UNROLL, 1):
            k, sums = self._sum(unroll, k, sums, a, a_row, a_step, b, b_row, depth)
        for value, place in zip(sums, rows(c, c_row), strict=True):
            self.store(value, place)

    def _either(self, *incoming: tuple[Any, Any]) -> Any:
        chosen = self.builder.phi(incoming[0][0].type)
        for value, block in incoming:
            chosen.add_incoming(value, block)
        return chosen

    def _sum(self, unroll: int, k: Any, sums: list[Any], a: Any, a_row: Any, a_step: Any, b: Any, b_row: Any,
             depth: Any) -> tuple[Any, list[Any]]:  # fmt: skip
        """``unroll`` terms at a time, as long as so many are left."""
        builder, here = self.builder, self.builder.block
        head, body, end = (builder.append_basic_block() for _ in range(3))
        builder.branch(head)
        builder.position_at_end(head)
        k, sums = self._either((k, here)), [self._either((value, here)) for value in sums]
        after = builder.add(k, self.constant(unroll))
        builder.cbranch(builder.icmp_signed("<=", after, depth), body, end)
        builder.position_at_end(body)
        new = list(sums)
        for u in range(unroll):
            term = builder.add(k, self.constant(u))
            row, column = self.load(builder.gep(b, [builder.mul(term, b_row)])), builder.mul(term, a_step)
            for r, so_far in enumerate(new):
                place = builder.gep(a, [builder.add(column, builder.mul(a_row, self.constant(r)))])
                new[r] = builder.call(self.fuse, [self.splat(builder.load(place, align=self.size)), row, so_far])
        for chosen, value in zip((k, *sums), (after, *new), strict=True):
            chosen.add_incoming(value, body)
        builder.branch(head)
        builder.position_at_end(end)
        return k, sums


def _tile_function(module: Any, real: Any, columns: int, size: int) -> Any:
    """The code of all tiles as a function of its own: copied to wherever it is called, it takes long to compile."""
    name, n = f"chainrule_tile_{8 * size}_{columns}", ir.IntType(64)
    if name in module.globals:
        return module.globals[name]
    start = real.as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [start, n, n, start, n, start, n, start, n, n, n, n, n])
    function = ir.Function(module, kind, name)
    function.linkage = "linkonce_odr"
    function.attributes.add("noinline")
    a, a_row, a_step, b, b_row, c, c_row, d, d_row, rows, lanes, depth, add = function.args
    builder = ir.IRBuilder(function.append_basic_block())
    tile = _Tile(builder, real, columns, size)
    mask = tile.lanes_below(lanes)
    whole, some = builder.append_basic_block(), builder.append_basic_block()
    builder.cbranch(builder.icmp_signed(">=", lanes, tile.constant(columns)), whole, some)
    for block, chosen in ((whole, None), (some, mask)):
        builder.position_at_end(block)
        tile.mask = chosen
        cases = [builder.append_basic_block() for _ in range(ROWS)]
        switch = builder.switch(rows, cases[-1])
        for count, case in enumerate(cases, 1):
            if count < ROWS:
                switch.add_case(tile.constant(count), case)
            builder.position_at_end(case)
            tile.compute(count, a, a_row, a_step, b, b_row, c, c_row, d, d_row, depth, add)
            builder.ret_void()
    return function


@intrinsic
def _tile(
    typing: Any, a: Any, a_at: Any, a_row: Any, a_step: Any, b: Any, b_at: Any, b_row: Any, c: Any, c_at: Any,
    c_row: Any, d: Any, d_at: Any, d_row: Any, rows: Any, lanes: Any, depth: Any, add: Any,
) -> Any:  # fmt: skip
    """One tile; the arguments are those of ``multiply``, with rows up to ROWS and lanes up to ``tile_lanes``."""
    real = ir.FloatType() if c.dtype == types.float32 else ir.DoubleType()

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def start(which: int) -> Any:
            data = context.make_array(signature.args[which])(context, builder, args[which]).data
            return builder.gep(data, [args[which + 1]])

        function = _tile_function(builder.module, real, tile_lanes(c.dtype), c.dtype.bitwidth // 8)
        builder.call(function, [start(0), *args[2:4], start(4), args[6], start(7), args[9], start(10), *args[12:]])
        return context.get_dummy_value()

    n = types.intp
    return types.void(a, n, n, n, b, n, n, c, n, n, d, n, n, n, n, n, n), build


@njit(error_model="numpy", forceinline=True)
def multiply(a, a_at, a_row, a_step, b, b_at, b_row, c, c_at, c_row, d, d_at, d_row, m, n, k, add):
    """C (m, n) = A (m, k) B (k, n) + D where ``add``, tile by tile.

    Args:
        a, a_at, a_row, a_step: the vector A lies in, where it begins, and from row to row and column to column.
        b, b_at, b_row: likewise; a row's numbers are neighbours, as are those of C and D.
        d, d_at, d_row: C itself, or one row for all rows of C, ``d_row`` = 0.
    """
    lanes, tiles = _lanes(c), (m + ROWS - 1) // ROWS
    for u in range(0, n, lanes):
        first = 0
        for tile in range(1, tiles + 1):
            last = m * tile // tiles
            _tile(
                a, a_at + first * a_row, a_row, a_step, b, b_at + u, b_row, c, c_at + first * c_row + u, c_row,
                d, d_at + first * d_row + u, d_row, last - first, min(lanes, n - u), k, add,
            )  # fmt: skip
            first = last


def near(m: int, n: int, k: int, itemsize: int) -> bool:
    """Whether all three matrices of a product are small enough for ``multiply``."""
    return max(m * n, m * k, n * k) * itemsize <= NEAR


_near: Callable[..., bool] = njit(error_model="numpy", forceinline=True)(near)


@njit(error_model="numpy")
def product(
    blas, a, a_at, a_row, a_step, b, b_at, b_row, flip, c, c_at, c_row, d, d_at, d_row, m, n, k, add, room, size
):
    """As ``multiply``, or by BLAS.

    Args:
        a_row, a_step: one of them is 1.
        flip: whether B lies turned over, (n, k), ``b_row`` from row to row of that.
        room: a place of ``size`` numbers to work in.
    """
    if m == 0 or n == 0:
        return
    if _near(m, n, k, c.itemsize) and (not flip or n * k <= size):
        if flip:
            turn(b, b_at, b_row, n, k, room)
            b, b_at, b_row = room, 0, n
        multiply(a, a_at, a_row, a_step, b, b_at, b_row, c, c_at, c_row, d, d_at, d_row, m, n, k, add)
        return
    if k == 0 or (add and d_row == 0):
        for r in range(m):
            for u in range(n):
                c[c_at + r * c_row + u] = d[d_at + r * d_row + u] if add else like(c[0], 0)
    if k > 0:
        turned = 0 if a_step == 1 else 1
        gemm(
            blas, b, b_at, b_row, flip, a, a_at, a_step if turned else max(a_row, k), turned, 1.0 if add else 0.0, c,
            c_at, c_row, n, m, k,
        )  # fmt: skip
