"""Equations forward.pre, backward.hidden, backward.pre, backward.weight and backward.bias through all layers.

Units, slopes and gradients of a minibatch lie example by example, (n, units); those of the output layer class by
class, (k, n), because k is often less than a vector instruction holds, for BLAS too.
"""

from __future__ import annotations

from numba import njit

from chainrule.train.kernels.activate import activate
from chainrule.train.kernels.low_level import block, gemm, like, line, part
from chainrule.train.kernels.masks import drop
from chainrule.train.kernels.mathematics import FAST
from chainrule.train.kernels.threads import meet, share
from chainrule.train.kernels.turn import turn
from chainrule.train.kernels.update import SUMS, squares, update

SMALL = 1_000_000  # multiplications up to which OpenBLAS does a product without packing it
MANY, FEW = 32, 6  # rows and outputs from and below which turning is worth it
CLOSE = 1 << 14  # bytes of hidden units up to which it is


@njit(error_model="numpy", fastmath=FAST)
def conclude(blas, theta, place, bias, before, width, units, at, into, stride, rows, room, size):
    """forward.pre of the last layer, class by class: of ``rows`` examples, as many outputs as ``bias`` has.

    Few outputs of few examples are sooner done with the hidden units turned over.

    Args:
        place: where the weights of the first output begin in theta.
        at: where the hidden units begin in units.
        into, stride: where the outputs begin there, and from class to class.
        room: a place of ``size`` numbers to work in.
    """
    for o in range(bias.size):
        of_class, b = part(units, into + o * stride, rows), bias[o]
        for r in range(rows):
            of_class[r] = b
    a, begin, height, flip = units, at, before, 1
    if width < FEW and 0 < rows * before <= min(size, CLOSE // units.itemsize):
        turn(block(units, at, rows, before), block(room, 0, before, rows))
        a, begin, height, flip = room, 0, rows, 0
    gemm(blas, a, begin, height, flip, theta, place, width, 1, 1.0, units, into, stride, rows, bias.size, before)


@njit(error_model="numpy", fastmath=FAST)
def forward(
    thread, threads, sync, pause, blas, theta, units, slopes, sizes, places, starts, codes, wide, r0, r1, n, keys,
    below, factors, room, size,
):  # fmt: skip
    """forward.pre and forward.act through all layers but the output function: this thread's share.

    Of most layers that is its rows, r0 to r1 of n, so that no thread waits for another. A wide layer is shared out by
    its units, because BLAS is quicker with half of the weights and all rows; the threads meet before and after it.

    Args:
        places: where each layer's parameters begin in theta.
        starts: where each layer's block begins in units and slopes.
        wide: which layers are shared out by units, (2, layers): in this pass, and in the backward pass through W_i.
        keys, below, factors: of dropout, for each hidden layer; keys empty: none.
        room, size: as in ``conclude``.
    """
    depth, apart = sizes.size - 1, False
    for i in range(1, depth + 1):
        before, width = sizes[i - 1], sizes[i]
        if (wide[0, i] or apart) and not meet(sync, threads, pause):
            return False
        apart = wide[0, i]
        first, last = (0, n) if apart else (r0, r1)
        u0, u1 = share(width, thread, threads, 16) if apart else (0, width)
        span, at = u1 - u0, starts[i] + first * width
        bias = part(theta, places[i - 1] + before * width + u0, span)
        if i == depth:
            conclude(
                blas, theta, places[i - 1] + u0, bias, before, width, units, starts[i - 1] + first * before,
                starts[i] + u0 * n + first, n, last - first, room, size,
            )  # fmt: skip
            break
        for r in range(last - first):
            row = part(units, at + r * width + u0, span)
            for u in range(span):
                row[u] = bias[u]
        gemm(
            blas, theta, places[i - 1] + u0, width, 0, units, starts[i - 1] + first * before, before, 0, 1.0, units,
            at + u0, width, span, last - first, before,
        )  # fmt: skip
        if span == width:
            activate(codes[i - 1], part(units, at, (last - first) * width), part(slopes, at, (last - first) * width))
        else:
            for r in range(last - first):
                start = at + r * width + u0
                activate(codes[i - 1], part(units, start, span), part(slopes, start, span))
        if keys.size and below[i - 1] > 0:
            factor = units.dtype.type(factors[i - 1])
            for r in range(last - first):
                start = at + r * width + u0
                drop(
                    part(units, start, span),
                    part(slopes, start, span),
                    first + r,
                    u0,
                    keys[i - 1],
                    below[i - 1],
                    factor,
                )
    return meet(sync, threads, pause) if apart else True


@njit(error_model="numpy", fastmath=FAST)
def multiply(values, factors):
    """values *= factors."""
    for i in range(values.size):
        values[i] *= factors[i]


@njit(error_model="numpy")
def pull(blas, theta, place, before, width, deltas, at, stride, flip, into, rows, span, room, size):
    """backward.hidden of ``rows`` examples: grad h = grad a W, or ``span`` of its ``before`` columns, in deltas.

    As the two lie in memory BLAS has no quick way for a small product. So the gradients are first turned over, or,
    where they already are and there are few outputs, the weights.

    Args:
        place: where the weights of the first column begin in theta.
        at, stride, flip: where grad a begins in deltas, from row to row, and whether it lies class by class.
        into: where grad h begins in deltas.
        room: a place of ``size`` numbers to work in.
    """
    if flip and width < FEW and span * width <= size:
        turn(block(theta, place, span, width), block(room, 0, width, span))
        gemm(blas, room, 0, span, 0, deltas, at, stride, 1, 0.0, deltas, into, before, span, rows, width)
        return
    b, begin = deltas, at
    if not flip and rows >= MANY and rows * span * width <= SMALL and rows * width <= size:
        turn(block(deltas, at, rows, width), block(room, 0, width, rows))
        b, begin, stride, flip = room, 0, rows, 1
    gemm(blas, theta, place, width, 1, b, begin, stride, flip, 0.0, deltas, into, before, span, rows, width)


@njit(error_model="numpy", fastmath=FAST)
def backward(
    thread, threads, sync, pause, blas, theta, slopes, deltas, sizes, places, starts, wide, r0, r1, n, room, size
):
    """backward.hidden and backward.pre from the last layer to the first, shared out as ``forward`` does.

    Args:
        room, size: as in ``pull``.
    """
    depth, apart = sizes.size - 1, False
    for i in range(depth, 1, -1):
        before, width = sizes[i - 1], sizes[i]
        if (wide[1, i] or apart) and not meet(sync, threads, pause):
            return False
        apart = wide[1, i]
        first, last = (0, n) if apart else (r0, r1)
        u0, u1 = share(before, thread, threads, 16) if apart else (0, before)
        at, span = starts[i - 1] + first * before, u1 - u0
        delta, stride, flip = (starts[i] + first, n, 1) if i == depth else (starts[i] + first * width, width, 0)
        pull(
            blas, theta, places[i - 1] + u0 * width, before, width, deltas, delta, stride, flip, at + u0, last - first,
            span, room, size,
        )  # fmt: skip
        if span == before:
            multiply(part(deltas, at, (last - first) * before), part(slopes, at, (last - first) * before))
        else:
            for r in range(last - first):
                start = at + r * before + u0
                multiply(part(deltas, start, span), part(slopes, start, span))
    return True


@njit(error_model="numpy", fastmath=FAST)
def sum_rows(values, into):
    """into (m,) becomes the sum of the rows of values (n, m); four at a time, for each waits for the one before."""
    m, whole = into.size, values.shape[0] // 4 * 4
    for u in range(m):
        into[u] = like(into[0], 0)
    for r in range(0, whole, 4):
        one, two = line(values, r, 0, m), line(values, r + 1, 0, m)
        three, four = line(values, r + 2, 0, m), line(values, r + 3, 0, m)
        for u in range(m):
            into[u] += (one[u] + two[u]) + (three[u] + four[u])
    for r in range(whole, values.shape[0]):
        one = line(values, r, 0, m)
        for u in range(m):
            into[u] += one[u]


@njit(error_model="numpy", fastmath=SUMS)
def sum_columns(values, into):
    """into (m,) becomes the sum of the columns of values (m, n)."""
    for o in range(into.size):
        of_class, total = line(values, o, 0, values.shape[1]), like(into[0], 0)
        for r in range(of_class.size):
            total += of_class[r]
        into[o] = total


@njit(error_model="numpy", fastmath=FAST)
def improve(
    blas, theta, m, v, units, deltas, grad, sizes, places, starts, thread, threads, n, room, rule, l2, rate, decay,
    settings, health, probing,
):  # fmt: skip
    """backward.weight, backward.bias and update of this thread's share of every layer's parameters.

    The gradient of some rows is used while it is still in the cache and never stored whole.

    Args:
        grad: this thread's own room, of at least ``room`` numbers and one row of the widest layer.
        health: (layers, 3) to which the squares of gradient, parameters and step are added where ``probing``.
    """
    depth = sizes.size - 1
    for i in range(depth, 0, -1):
        stride, flip = (n, 1) if i == depth else (sizes[i], 0)
        before, width, place = sizes[i - 1], sizes[i], places[i - 1]
        j0, j1 = share(before, thread, threads, 8)
        rows = max(1, room // width)
        biased = thread == threads - 1
        while j0 < j1 or biased:
            j = min(rows, j1 - j0)
            count = j * width
            if j > 0:
                gemm(
                    blas, deltas, starts[i], stride, flip, units, starts[i - 1] + j0, before, 1, 0.0, grad, 0, width,
                    width, j, n,
                )  # fmt: skip
            if biased and j0 + j == j1:  # the biases follow the weights
                if i == depth:
                    sum_columns(block(deltas, starts[i], width, n), part(grad, count, width))
                else:
                    sum_rows(block(deltas, starts[i], n, width), part(grad, count, width))
                biased = False
                if l2 == 0.0 and decay == 0.0:
                    count += width
                else:
                    apply(rule, theta, m, v, part(grad, count, width), place + before * width, 0.0, rate, 0.0, settings,
                          health, i - 1, probing)  # fmt: skip
            if count:
                apply(rule, theta, m, v, part(grad, 0, count), place + j0 * width, l2, rate, decay, settings,
                      health, i - 1, probing)  # fmt: skip
            j0 += j


@njit(error_model="numpy")
def apply(rule, theta, m, v, step, start, l2, rate, decay, settings, health, layer, probing):
    """``update`` of the parameters from ``start`` on by their gradient ``step``, measured where ``probing``."""
    count = step.size
    now = part(theta, start, count)
    if not probing:
        update(rule, now, part(m, start, count), part(v, start, count), step, l2, rate, decay, settings)
        return
    old = now.copy()
    health[layer, 0] += squares(step)
    health[layer, 1] += squares(old)
    update(rule, now, part(m, start, count), part(v, start, count), step, l2, rate, decay, settings)
    for e in range(count):
        old[e] -= now[e]
    health[layer, 2] += squares(old)
