"""What numba lacks: a product by BLAS on parts of one vector, the bits of a float, counters that threads share."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import get_cython_function_address, intrinsic, overload
from numba.np.arrayobj import populate_array

# ---------------------------------------------------------------- constants and bits


@intrinsic
def like(typing: Any, x: Any, constant: Any) -> Any:
    """``constant`` in the type of ``x``: a literal alone would turn float32 into float64."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.cast(builder, args[1], signature.args[1], signature.return_type)

    return x(x, constant), build


@intrinsic
def power_of_two(typing: Any, shifted: Any) -> Any:
    """2^n, where ``shifted`` = n + 1.5 * 2^(bits of the mantissa): its low bits are n."""
    bits, mantissa, bias = (32, 23, 127) if shifted == types.float32 else (64, 52, 1023)
    integer, real = ir.IntType(bits), ir.FloatType() if bits == 32 else ir.DoubleType()

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        raw = builder.add(builder.bitcast(args[0], integer), ir.Constant(integer, bias))
        return builder.bitcast(builder.shl(raw, ir.Constant(integer, mantissa)), real)

    return shifted(shifted), build


@intrinsic
def binary_scale(typing: Any, u: Any) -> Any:
    """(2^-e, e) of u > 0 such that 2^-e u lies between sqrt(1/2) and sqrt(2)."""
    bits, mantissa, bias = (32, 23, 127) if u == types.float32 else (64, 52, 1023)
    integer, real = ir.IntType(bits), ir.FloatType() if bits == 32 else ir.DoubleType()
    root = int(np.array(0.5**0.5, f"f{bits // 8}").view(f"i{bits // 8}"))

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        above = builder.sub(builder.bitcast(args[0], integer), ir.Constant(integer, root))
        e = builder.add(builder.ashr(above, ir.Constant(integer, mantissa)), ir.Constant(integer, 0))
        raw = builder.shl(builder.sub(ir.Constant(integer, bias), e), ir.Constant(integer, mantissa))
        pair = [builder.bitcast(raw, real), builder.sitofp(e, real)]
        return context.make_tuple(builder, signature.return_type, pair)

    return types.UniTuple(u, 2)(u), build


# ---------------------------------------------------------------- parts of a vector

EIGHT = 8


@intrinsic
def bare(typing: Any, array: Any) -> Any:
    """The same array without a reference count: each function it is passed to would raise and lower that, for all
    threads to see. Who calls the kernel keeps the array.
    """

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, args[0])
        view.meminfo = cgutils.get_null_value(view.meminfo.type)
        return view._getvalue()

    return array(array), build


@intrinsic
def part(typing: Any, vector: Any, start: Any, count: Any) -> Any:
    """vector[start:start + count] without a check or a reference count.

    A loop over its indices from 0 on becomes vector instructions; one over ``vector[start + i]`` does not,
    because a negative index would count from the end.
    """

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _view(context, builder, signature.args[0], args[0], args[1], signature.return_type, [args[2]])

    return vector(vector, types.intp, types.intp), build


@intrinsic
def block(typing: Any, vector: Any, start: Any, rows: Any, columns: Any) -> Any:
    """vector[start:start + rows * columns] as a matrix (rows, columns), likewise."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _view(context, builder, signature.args[0], args[0], args[1], signature.return_type, args[2:])

    return types.Array(vector.dtype, 2, "C")(vector, types.intp, types.intp, types.intp), build


@intrinsic
def line(typing: Any, matrix: Any, row: Any, start: Any, count: Any) -> Any:
    """matrix[row, start:start + count] of a matrix in C order, likewise."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        width = builder.extract_value(context.make_array(signature.args[0])(context, builder, args[0]).shape, 1)
        at = builder.add(builder.mul(args[1], width), args[2])
        return _view(context, builder, signature.args[0], args[0], at, signature.return_type, [args[3]])

    return types.Array(matrix.dtype, 1, "C")(matrix, types.intp, types.intp, types.intp), build


@intrinsic
def copy_eight(typing: Any, source: Any, at: Any, into: Any, into_at: Any) -> Any:
    """into[into_at:into_at + 8] = source[at:at + 8] of two vectors, without a check."""
    bits = ir.IntType(source.dtype.bitwidth)
    kind = ir.VectorType(bits, EIGHT).as_pointer()

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def place(which: int) -> Any:
            data = context.make_array(signature.args[which])(context, builder, args[which]).data
            return builder.bitcast(builder.gep(data, [args[which + 1]]), kind)

        builder.store(builder.load(place(0), align=bits.width // 8), place(2), align=bits.width // 8)
        return context.get_dummy_value()

    return types.void(source, types.intp, into, types.intp), build


def _view(context: Any, builder: Any, kind: Any, vector: Any, start: Any, into: Any, shape: Any) -> Any:
    data = builder.gep(context.make_array(kind)(context, builder, vector).data, [start])
    item = ir.Constant(ir.IntType(64), kind.dtype.bitwidth // 8)
    strides = [item] if len(shape) == 1 else [builder.mul(shape[1], item), item]
    view = context.make_array(into)(context, builder)
    populate_array(view, data=data, shape=list(shape), strides=strides, itemsize=item, meminfo=None)
    return view._getvalue()


# ---------------------------------------------------------------- products


@cache
def gemm_address(dtype: np.dtype[Any]) -> int:
    """The address of SciPy's sgemm or dgemm: as a number, it is not part of the compiled code, which can be cached."""
    name = "sgemm" if dtype == np.float32 else "dgemm"
    address: int = get_cython_function_address("scipy.linalg.cython_blas", name)
    return address


@intrinsic
def _gemm(
    typing: Any, address: Any, a: Any, a_at: Any, lda: Any, flip_a: Any, b: Any, b_at: Any, ldb: Any, flip_b: Any,
    beta: Any, c: Any, c_at: Any, ldc: Any, m: Any, n: Any, k: Any,
) -> Any:  # fmt: skip
    real = ir.FloatType() if c.dtype == types.float32 else ir.DoubleType()
    number, byte = ir.IntType(32), ir.IntType(8)

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        at, a_, a_at_, lda_, fa, b_, b_at_, ldb_, fb, beta_, c_, c_at_, ldc_, m_, n_, k_ = args

        def place(value: Any) -> Any:
            slot = cgutils.alloca_once(builder, value.type)
            builder.store(value, slot)
            return slot

        def start(kind: Any, vector: Any, offset: Any) -> Any:
            array = context.make_array(kind)(context, builder, vector)
            return builder.bitcast(builder.gep(array.data, [offset]), real.as_pointer())

        def flag(value: Any) -> Any:
            flipped = builder.icmp_signed("!=", value, ir.Constant(value.type, 0))
            return place(builder.select(flipped, ir.Constant(byte, ord("T")), ir.Constant(byte, ord("N"))))

        def whole(value: Any) -> Any:
            return place(builder.trunc(value, number))

        kinds = signature.args
        given = [
            flag(fa), flag(fb), whole(m_), whole(n_), whole(k_), place(ir.Constant(real, 1.0)),
            start(kinds[1], a_, a_at_), whole(lda_), start(kinds[5], b_, b_at_), whole(ldb_), place(beta_),
            start(kinds[10], c_, c_at_), whole(ldc_),
        ]  # fmt: skip
        kind = ir.FunctionType(ir.VoidType(), [value.type for value in given])
        builder.call(builder.inttoptr(at, kind.as_pointer()), given)
        return context.get_dummy_value()

    size = types.intp
    given = types.void(size, a, size, size, size, b, size, size, size, c.dtype, c, size, size, size, size, size)
    return given, build


def gemm(*args: Any) -> None:
    """C = op(A) op(B) + beta C by BLAS, in Fortran's order, as a compiled function sees it.

    Args:
        args: address; the vector A lies in, where it begins, its leading dimension, transposed?; the same of B; beta;
            the vector C lies in, where it begins, its leading dimension; m, n, k.
    """
    raise NotImplementedError("only compiled")


@overload(gemm)
def _compiled_gemm(address, a, a_at, lda, flip_a, b, b_at, ldb, flip_b, beta, c, c_at, ldc, m, n, k):
    def call(address, a, a_at, lda, flip_a, b, b_at, ldb, flip_b, beta, c, c_at, ldc, m, n, k):
        _gemm(address, a, a_at, lda, flip_a, b, b_at, ldb, flip_b, like(c[0], beta), c, c_at, ldc, m, n, k)

    return call


# ---------------------------------------------------------------- what threads share


@intrinsic
def atomic_add(typing: Any, counters: Any, index: Any, value: Any) -> Any:
    """counters[index] += value by one thread at a time; what it was before."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, args[0])
        return builder.atomic_rmw("add", builder.gep(array.data, [args[1]]), args[2], "seq_cst")

    return types.int64(counters, types.intp, types.int64), build


@intrinsic
def atomic_read(typing: Any, counters: Any, index: Any) -> Any:
    """counters[index] as the other threads left it."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, args[0])
        return builder.load_atomic(builder.gep(array.data, [args[1]]), "seq_cst", 8)

    return types.int64(counters, types.intp), build


@intrinsic
def give_way(typing: Any, address: Any) -> Any:
    """Let other threads have the processor for a moment."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number = ir.IntType(32)
        kind = ir.FunctionType(number, [number])
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), [ir.Constant(number, MOMENT)])
        return context.get_dummy_value()

    return types.void(types.intp), build


MOMENT = 20  # microseconds


@cache
def pause_address() -> int:
    """The address of the system's function for ``give_way``.

    It sleeps, because who only yields gets the processor back after a whole slice of another program; Windows has no
    such short sleep, and a function without a parameter.
    """
    system: Any = ctypes
    windows = sys.platform == "win32"
    function = system.windll.kernel32.SwitchToThread if windows else system.CDLL(None).usleep
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None
    return address
