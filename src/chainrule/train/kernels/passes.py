"""Equations forward.pre, backward.hidden, backward.pre, backward.weight and backward.bias through all layers.

Each thread owns some units of every layer: it computes them, keeps the weights that lead to them, and is the only
one to read and change those. The last layer is owned by its inputs instead: each thread adds up what its own hidden
units give to every output. So values of a minibatch go from thread to thread, never weights.

What one thread reads of another it reads after they have met. On one thread all of this is the plain backward pass.

Memory: a thread's parameters lie one after another, for each layer but the last W_i transposed, (all units of layer
i-1, own units of layer i), then b_i; for the last W_L, (outputs, own units of layer L-1), then b_L, which the first
thread has. Of a minibatch, the units that other threads read lie example by example, (n, units of the layer); the last
hidden layer's, slopes and gradients in a block a thread, (n, own units); outputs and their gradients class by class,
(k, n), because k is often less than a vector instruction holds.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from chainrule.train.kernels.activate import activate
from chainrule.train.kernels.low_level import block, like, line, part
from chainrule.train.kernels.masks import drop
from chainrule.train.kernels.mathematics import FAST
from chainrule.train.kernels.product import product
from chainrule.train.kernels.threads import meet
from chainrule.train.kernels.update import SUMS, squares, update

NO, ONE = np.int64(0), np.int64(1)  # not Python's numbers: for each of those numba compiles a function anew


@njit(error_model="numpy")
def own(cuts, layer, thread, starts, batch):
    """The thread's units of a hidden layer: the first, how many, and where values of its own begin."""
    first = cuts[layer, thread]
    return first, cuts[layer, thread + 1] - first, starts[layer] + batch * first


@njit(error_model="numpy")
def layer_before(x, units, starts, i):
    """The units of layer i - 1: the vector, and where they begin."""
    if i == 1:
        return x, starts[0]
    return units, starts[i - 1]


@njit(error_model="numpy")
def last_layer_reads(x, units, cuts, sizes, starts, batch, thread):
    """What the thread's part of the last layer reads: the vector, where it begins, from row to row, and how many."""
    layer = sizes.size - 2
    first, count, at = own(cuts, layer, thread, starts, batch)
    if layer == 0:
        return x, first, sizes[0], count
    return units, at, count, count


@njit(error_model="numpy", fastmath=FAST, forceinline=True)
def forward(
    thread, threads, sync, pause, blas, theta, x, units, slopes, logits, sizes, cuts, places, starts, codes, batch, n,
    keys, below, factors, room, size,
):  # fmt: skip
    """forward.pre and forward.act through all layers but the output function: this thread's units.

    Args:
        x: the inputs of the minibatch, (n, d) as one vector.
        logits: (threads, at least k n): a_L, or this thread's part of it.
        cuts: the first unit of each thread in each layer but the last, (layers, threads + 1).
        places: where each layer's parameters begin in theta, (threads, layers).
        starts: where each layer's block begins in units, slopes and gradients.
        keys, below, factors: of dropout in this step, for each hidden layer; keys empty: none.
        room, size: as in ``product``.
    """
    depth = sizes.size - 1
    for i in range(1, depth):
        first, span, at = own(cuts, i, thread, starts, batch)
        slope, stride, before, place = at, span, sizes[i - 1], places[thread, i - 1]
        shared = i < depth - 1  # the units of the last hidden layer are read by their owner alone
        if shared:
            at, stride = starts[i] + first, sizes[i]
        h, h_at = layer_before(x, units, starts, i)
        product(blas, h, h_at, before, ONE, theta, place, span, NO, units, at, stride, theta, place + before * span, NO,
                n, span, before, ONE, room, size)  # fmt: skip
        if stride == span:
            activate(codes[i - 1], part(units, at, n * span), part(slopes, slope, n * span))
        else:
            for r in range(n):
                activate(codes[i - 1], part(units, at + r * stride, span), part(slopes, slope + r * span, span))
        if keys.size and below[i - 1] > 0:
            factor = units.dtype.type(factors[i - 1])
            for r in range(n):
                drop(part(units, at + r * stride, span), part(slopes, slope + r * span, span), r, first, keys[i - 1],
                     below[i - 1], factor)  # fmt: skip
        if shared and not meet(sync, thread, threads, pause):
            return False
    h, at, stride, span = last_layer_reads(x, units, cuts, sizes, starts, batch, thread)
    k, place, a = sizes[depth], places[thread, depth - 1], logits[thread]
    bias = part(theta, place + k * span, k)
    for o in range(k):
        of_class = part(a, o * n, n)
        b = bias[o] if thread == 0 else like(bias[0], 0)
        for r in range(n):
            of_class[r] = b
    product(blas, theta, place, span, ONE, h, at, stride, ONE, a, NO, n, a, NO, n, k, n, span, ONE, room, size)
    return meet(sync, thread, threads, pause)


@njit(error_model="numpy", fastmath=FAST, forceinline=True)
def collect(logits, yhat, k, n, r0, r1):
    """a_L of the examples r0 to r1: the sum of all threads' parts, always in the same order."""
    for o in range(k):
        into, first = part(yhat, o * n + r0, r1 - r0), part(logits[0], o * n + r0, r1 - r0)
        for r in range(r1 - r0):
            into[r] = first[r]
        for t in range(1, logits.shape[0]):
            more = part(logits[t], o * n + r0, r1 - r0)
            for r in range(r1 - r0):
                into[r] += more[r]


@njit(error_model="numpy", fastmath=FAST)
def multiply_by(values, factors):
    """values *= factors."""
    for i in range(values.size):
        values[i] *= factors[i]


@njit(error_model="numpy", fastmath=FAST)
def gather_own(pulled, which, threads, deltas, slopes, at, first, span, before, n):
    """backward.pre of the thread's own units: the sum over all threads of what they pull there, times the slopes."""
    for r in range(n):
        into, slope, there = part(deltas, at + r * span, span), part(slopes, at + r * span, span), r * before + first
        one = part(pulled[which * threads], there, span)
        if threads == 2:
            other = part(pulled[which * threads + 1], there, span)
            for u in range(span):
                into[u] = (one[u] + other[u]) * slope[u]
            continue
        for u in range(span):
            into[u] = one[u]
        for t in range(1, threads):
            other = part(pulled[which * threads + t], there, span)
            for u in range(span):
                into[u] += other[u]
        multiply_by(into, slope)


@njit(error_model="numpy", fastmath=FAST, forceinline=True)
def learn(
    thread, threads, sync, pause, blas, theta, m, v, x, units, slopes, deltas, delta, pulled, grad, sizes, cuts, places,
    starts, batch, n, room, rule, l2, rate, decay, settings, health, probing,
):  # fmt: skip
    """backward.hidden, backward.pre, backward.weight, backward.bias and update, from the last layer to the first.

    A layer's weights change as soon as the gradient has passed through them.

    Args:
        delta: grad a_L, (k, n) as one vector.
        pulled: each thread's part of grad h, of two layers in turn; (2 threads, at least n units of any hidden layer
            but the last).
        grad: this thread's own room, of at least ``room`` numbers and one row of the widest layer.
        health: (layers, 3) to which the squares of gradient, parameters and step are added where ``probing``.
    """
    depth, k = sizes.size - 1, sizes[-1]
    for i in range(depth, 0, -1):
        place, before, which = places[thread, i - 1], sizes[i - 1], i % 2
        if i == depth:
            h, at, stride, span = last_layer_reads(x, units, cuts, sizes, starts, batch, thread)
            if depth > 1:  # all of grad h of the own units
                mine = own(cuts, i - 1, thread, starts, batch)[2]
                product(blas, delta, NO, ONE, n, theta, place, span, NO, deltas, mine, span, deltas, mine, span, n,
                        span, k, NO, grad, room)  # fmt: skip
                multiply_by(part(deltas, mine, n * span), part(slopes, mine, n * span))
            improve(blas, theta, m, v, place, delta, NO, n, ONE, h, at, stride, k, span, n, ONE,
                    k if thread == 0 else 0, grad, room, rule, l2, rate, decay, settings, health, i - 1,
                    probing)  # fmt: skip
            continue
        _, span, mine = own(cuts, i, thread, starts, batch)
        if i > 1:
            pull = pulled[which * threads + thread]
            product(blas, deltas, mine, span, ONE, theta, place, span, ONE, pull, NO, before, pull, NO, before, n,
                    before, span, NO, grad, room)  # fmt: skip
        h, at = layer_before(x, units, starts, i)
        improve(blas, theta, m, v, place, h, at, ONE, before, deltas, mine, span, before, span, n, NO, span, grad, room,
                rule, l2, rate, decay, settings, health, i - 1, probing)  # fmt: skip
        if i == 1:
            break
        if not meet(sync, thread, threads, pause):
            return False
        first, span, mine = own(cuts, i - 1, thread, starts, batch)
        gather_own(pulled, which, threads, deltas, slopes, mine, first, span, before, n)
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


@njit(error_model="numpy", fastmath=FAST, forceinline=True)
def improve(
    blas, theta, m, v, place, a, a_at, a_row, a_step, b, b_at, b_row, rows, width, n, last, biases, grad, room,
    rule, l2, rate, decay, settings, health, layer, probing,
):  # fmt: skip
    """backward.weight, backward.bias and update of one thread's part of a layer.

    The gradient of the weights (rows, width) is A B over n examples. It is made some rows at a time, used while still
    in the cache, and never stored whole.

    Args:
        last: of the last layer: its output units are the rows, and grad a is A; else they are the columns, and it is B.
        biases: how many of them this thread has.
    """
    most, j = max(1, room // max(1, width)), 0
    while j < rows or biases:
        some = min(most, rows - j)
        count = some * width
        product(
            blas, a, a_at + j * a_row, a_row, a_step, b, b_at, b_row, NO, grad, NO, width, grad, NO, width, some,
            width, n, NO, grad, NO,
        )  # fmt: skip
        end = place + (j + some) * width
        if biases and j + some == rows:  # they follow the weights
            if last:
                sum_columns(block(a, a_at, biases, n), part(grad, count, biases))
            else:
                sum_rows(block(b, b_at, n, biases), part(grad, count, biases))
            if l2 == 0.0 and decay == 0.0:
                count += biases
            else:
                apply(rule, theta, m, v, part(grad, count, biases), end, 0.0, rate, 0.0, settings, health, layer,
                      probing)  # fmt: skip
            biases = 0
        if count:
            apply(rule, theta, m, v, part(grad, 0, count), place + j * width, l2, rate, decay, settings, health, layer,
                  probing)  # fmt: skip
        j += some


@njit(error_model="numpy")
def squares_of_weights(theta, sizes, cuts, places, thread):
    """The sum of the squares of the thread's weights, without the biases."""
    total, depth = 0.0, sizes.size - 1
    for i in range(1, depth + 1):
        layer, others = (i, sizes[i - 1]) if i < depth else (i - 1, sizes[i])
        total += squares(part(theta, places[thread, i - 1], others * (cuts[layer, thread + 1] - cuts[layer, thread])))
    return total


@njit(error_model="numpy", forceinline=True)
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
