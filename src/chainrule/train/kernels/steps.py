"""Some minibatches in one compiled call: gather, forward, backward, update, for any depth without a new compilation.

The loop of ``chainrule.train.plain`` fused. Several threads run the same function, each with its number: the
rows of a minibatch are shared out for the forward and the backward pass, the parameters for the update. Two
barriers keep a step: none updates while another still reads, none reads what is half updated.

Memory: all parameters lie in one vector, for each layer W_i transposed, (units of layer i-1, units of layer i),
then b_i; so every product is one that BLAS does without copying. Units, slopes and gradients of a minibatch lie in
one vector each, layer after layer.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from chainrule.train.kernels.activate import activate
from chainrule.train.kernels.low_level import atomic_add, atomic_read, gemm, give_way
from chainrule.train.kernels.masks import drop
from chainrule.train.kernels.mathematics import FAST
from chainrule.train.kernels.output import finish
from chainrule.train.kernels.update import squares, update

ARRIVED, ROUND, ABORTED = 0, 8, 16  # places in ``sync``, each on its own cache line
SPINS = 4000


@njit(error_model="numpy", nogil=True)
def meet(sync, threads, pause):
    """Wait until every thread is here. False: a thread will never come."""
    if threads == 1:
        return True
    now = atomic_read(sync, ROUND)
    if atomic_add(sync, ARRIVED, 1) == threads - 1:
        atomic_add(sync, ARRIVED, -threads)
        atomic_add(sync, ROUND, 1)
        return True
    spins = 0
    while atomic_read(sync, ROUND) == now:
        spins += 1
        if spins > SPINS:
            if atomic_read(sync, ABORTED) != 0:
                return False
            give_way(pause)
    return True


@njit(error_model="numpy")
def share(count, part, parts, unit):
    """The part's range of ``count`` things, in multiples of ``unit``."""
    blocks = (count + unit - 1) // unit
    return min(blocks * part // parts * unit, count), min(blocks * (part + 1) // parts * unit, count)


@njit(error_model="numpy", fastmath=FAST)
def gather(x, labels, y, weight, order, lo, r0, r1, units, targets, k):
    """Rows lo + r0 … lo + r1 of the order into the units of layer 0 and the targets."""
    d = x.shape[1]
    zero, one = units.dtype.type(0), units.dtype.type(1)
    for r in range(r0, r1):
        row = order[lo + r]
        for j in range(d):
            units[r * d + j] = x[row, j]
        if labels.size:
            for o in range(k):
                targets[r * k + o] = zero
            targets[r * k + labels[row]] = one
        elif y.size:
            for o in range(k):
                targets[r * k + o] = y[row, o]


@njit(error_model="numpy")
def coefficients(weight, order, lo, n, mean, into):
    """c_n of each example of a minibatch (``chainrule.losses.reduce_by``); returned: the sum of its weights."""
    total = 0.0
    if weight.size == 0:
        total = float(n)
        c = 1.0 / n if mean else 1.0
        for r in range(n):
            into[r] = c
        return total
    for r in range(n):
        total += weight[order[lo + r]]
    for r in range(n):
        w = float(weight[order[lo + r]])
        into[r] = (w / total if total > 0 else 0.0) if mean else w
    return total


@njit(error_model="numpy", fastmath=FAST)
def forward(blas, theta, units, slopes, sizes, places, starts, codes, r0, r1, batch, keys, below, factors):
    """forward.pre and forward.act of rows r0 … r1 through all layers but the output function.

    Args:
        places: where each layer's parameters begin in theta.
        starts: where each layer's block begins in units and slopes; a block has ``batch`` rows.
        keys, below, factors: of dropout, for each hidden layer; keys empty: none.
    """
    depth, n = sizes.size - 1, r1 - r0
    for i in range(1, depth + 1):
        before, width = sizes[i - 1], sizes[i]
        at, bias = starts[i] + r0 * width, places[i - 1] + before * width
        for r in range(n):
            for u in range(width):
                units[at + r * width + u] = theta[bias + u]
        gemm(
            blas, (theta, units, units), 0, 0, width, n, before, places[i - 1], width, starts[i - 1] + r0 * before,
            before, 1.0, at, width,
        )  # fmt: skip
        if i < depth:
            activate(codes[i - 1], units, slopes, at, at + n * width)
            if keys.size and below[i - 1] > 0:
                drop(units, slopes, at, n, width, r0, keys[i - 1], below[i - 1], units.dtype.type(factors[i - 1]))


@njit(error_model="numpy", fastmath=FAST)
def backward(blas, theta, slopes, deltas, sizes, places, starts, r0, r1):
    """backward.hidden and backward.pre of rows r0 … r1 from the last layer to the first."""
    n = r1 - r0
    for i in range(sizes.size - 1, 1, -1):
        before, width = sizes[i - 1], sizes[i]
        at = starts[i - 1] + r0 * before
        gemm(
            blas, (theta, deltas, deltas), 1, 0, before, n, width, places[i - 1], width, starts[i] + r0 * width,
            width, 0.0, at, before,
        )  # fmt: skip
        for e in range(at, at + n * before):
            deltas[e] *= slopes[e]


@njit(error_model="numpy", fastmath=FAST)
def improve(
    blas, theta, m, v, units, deltas, grad, sizes, places, starts, thread, threads, n, block, rule, l2, rate, decay,
    settings, health, probing,
):  # fmt: skip
    """backward.weight, backward.bias and update of this thread's share of every layer's parameters.

    The gradient of some rows is used while it is still in the cache and never stored whole.

    Args:
        grad: this thread's own room, at least one row of the widest layer and ``block`` numbers long.
        health: (layers, 3) to which the squares of gradient, parameters and step are added where ``probing``.
    """
    nothing = theta.dtype.type(0)
    for i in range(sizes.size - 1, 0, -1):
        before, width, place = sizes[i - 1], sizes[i], places[i - 1]
        j0, j1 = share(before, thread, threads, 8)
        rows = max(1, block // width)
        while j0 < j1:
            j = min(rows, j1 - j0)
            gemm(
                blas, (deltas, units, grad), 0, 1, width, j, n, starts[i], width, starts[i - 1] + j0, before, 0.0, 0,
                width,
            )  # fmt: skip
            apply(rule, theta, m, v, grad, place + j0 * width, j * width, l2, rate, decay, settings, health, i - 1,
                  probing)  # fmt: skip
            j0 += j
        if thread == threads - 1:
            at = starts[i]
            for u in range(width):
                grad[u] = nothing
            for r in range(n):
                for u in range(width):
                    grad[u] += deltas[at + r * width + u]
            apply(rule, theta, m, v, grad, place + before * width, width, 0.0, rate, 0.0, settings, health, i - 1,
                  probing)  # fmt: skip


@njit(error_model="numpy")
def apply(rule, theta, m, v, grad, start, count, l2, rate, decay, settings, health, layer, probing):
    """``update`` of a block, measured where ``probing``."""
    if not probing:
        update(rule, theta, m, v, grad, start, count, l2, rate, decay, settings)
        return
    old = theta[start : start + count].copy()
    health[layer, 0] += squares(grad, 0, count)
    health[layer, 1] += squares(old, 0, count)
    update(rule, theta, m, v, grad, start, count, l2, rate, decay, settings)
    for e in range(count):
        old[e] -= theta[start + e]
    health[layer, 2] += squares(old, 0, count)


@njit(error_model="numpy")
def observe(slopes, sizes, starts, r0, r1, limits, asleep):
    """Count for each hidden unit the examples r0 … r1 in which it is asleep."""
    unit = 0
    for i in range(1, sizes.size - 1):
        width, limit = sizes[i], limits[i - 1]
        for r in range(r0, r1):
            for u in range(width):
                if abs(slopes[starts[i] + r * width + u]) <= limit:
                    asleep[unit + u] += 1
        unit += width


@njit(error_model="numpy")
def rightly(units, at, labels, order, lo, r0, r1, k):
    """How many of the examples r0 … r1 have their largest output at their label."""
    right = 0
    for r in range(r0, r1):
        best = 0
        for o in range(1, k):
            if units[at + r * k + o] > units[at + r * k + best]:
                best = o
        right += best == labels[order[lo + r]]
    return right


@njit(error_model="numpy", nogil=True, cache=True)
def steps(
    thread, threads, sync, pause, blas, x, labels, y, weight, order, batch, mean, theta, m, v, sizes, places, starts,
    codes, pair, loss, output, rule, settings, rates, decays, l2, keys, below, factors, units, slopes, deltas, targets,
    c, room, block, partial, limits, asleep, health, every, result,
):  # fmt: skip
    """Minibatches of ``batch`` rows in the given order, an update each. One thread's part.

    Args:
        x, labels, y, weight: inputs (rows, d); class numbers (rows,) or nothing; targets (rows, k) or nothing; sample
            weights (rows,) or nothing.
        order: row numbers.
        rates, decays: of each step.
        keys: of dropout, (steps, hidden layers), or nothing.
        partial: (2, threads, 2): each thread's loss and right answers of a step.
        every: health is observed in each such step, the gradient's in the last.
        result: loss, right, observed examples, the step that failed (-1: none): written by thread 0.
    """
    depth, k = sizes.size - 1, sizes[-1]
    last = starts[depth]
    grad = room[thread]
    count = (order.size + batch - 1) // batch
    total_loss, total_right, observed = 0.0, 0.0, 0
    no_keys = keys[0] if keys.size else np.empty(0, np.uint32)
    for step in range(count):
        lo = step * batch
        n = min(batch, order.size - lo)
        r0, r1 = share(n, thread, threads, 4)
        gather(x, labels, y, weight, order, lo, r0, r1, units, targets, k)
        sum_of_weights = coefficients(weight, order, lo, n, mean, c[thread])
        key = keys[step] if keys.size else no_keys
        forward(blas, theta, units, slopes, sizes, places, starts, codes, r0, r1, batch, key, below, factors)
        found = finish(
            pair, loss, output, units, last + r0 * k, targets, r0 * k, c[thread], r0, deltas, last + r0 * k, r1 - r0, k
        )
        now = step & 1
        partial[now, thread, 0] = found
        partial[now, thread, 1] = rightly(units, last, labels, order, lo, r0, r1, k) if labels.size else 0
        backward(blas, theta, slopes, deltas, sizes, places, starts, r0, r1)
        if step % every == 0:
            observe(slopes, sizes, starts, r0, r1, limits, asleep[thread])
            observed += n
        if not meet(sync, threads, pause):
            return
        whole, right = 0.0, 0.0
        for t in range(threads):
            whole += partial[now, t, 0]
            right += partial[now, t, 1]
        penalty = 0.0 if sum_of_weights <= 0 else (l2 / sum_of_weights if mean else l2)
        if l2 > 0.0 and thread == 0:
            inner = 0.0
            for i in range(depth):
                inner += squares(theta, places[i], sizes[i] * sizes[i + 1])
            total_loss += 0.5 * penalty * inner * (n / order.size if mean else 1.0)
        if l2 > 0.0 and not meet(sync, threads, pause):
            return
        total_loss += whole * (n / order.size if mean else 1.0)
        total_right += right
        if not math.isfinite(whole):
            if thread == 0:
                result[3] = step
            break
        if sum_of_weights > 0.0:
            improve(
                blas, theta, m, v, units, deltas, grad, sizes, places, starts, thread, threads, n, block, rule, penalty,
                rates[step], decays[step], settings, health[thread], step == count - 1,
            )  # fmt: skip
        if not meet(sync, threads, pause):
            return
    if thread == 0:
        result[0], result[1], result[2] = total_loss, total_right, observed


@njit(error_model="numpy", nogil=True, cache=True)
def evaluate(
    blas, x, labels, y, weight, batch, theta, sizes, places, starts, codes, pair, loss, output, units, slopes, deltas,
    targets, yhat, result,
):  # fmt: skip
    """The forward pass of all rows in blocks of ``batch``, without dropout.

    Args:
        yhat: (rows, k) that is filled, or (0, k).
        result: sum of weighted losses, sum of weights, right answers.
    """
    depth, k = sizes.size - 1, sizes[-1]
    last, rows = starts[depth], x.shape[0]
    order = np.arange(rows)
    c = np.empty(batch, theta.dtype)
    key, below, factors = np.empty(0, np.uint32), np.empty(0, np.uint32), np.empty(0, np.float64)
    for lo in range(0, rows, batch):
        n = min(batch, rows - lo)
        gather(x, labels, y, weight, order, lo, 0, n, units, targets, k)
        result[1] += coefficients(weight, order, lo, n, False, c)
        forward(blas, theta, units, slopes, sizes, places, starts, codes, 0, n, batch, key, below, factors)
        result[0] += finish(pair, loss, output, units, last, targets, 0, c, 0, deltas, last, n, k)
        if labels.size:
            result[2] += rightly(units, last, labels, order, lo, 0, n, k)
        for r in range(min(n, yhat.shape[0] - lo)):
            for o in range(k):
                yhat[lo + r, o] = units[last + r * k + o]
