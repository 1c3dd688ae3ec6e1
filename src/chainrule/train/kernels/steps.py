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
from chainrule.train.kernels.low_level import atomic_add, atomic_read, block, gemm, give_way, part
from chainrule.train.kernels.masks import drop
from chainrule.train.kernels.mathematics import FAST, entry
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
    if parts == 1:
        return 0, count
    blocks = (count + unit - 1) // unit
    return min(blocks * part // parts * unit, count), min(blocks * (part + 1) // parts * unit, count)


@njit(error_model="numpy", fastmath=FAST)
def gather(x, labels, y, order, units, targets):
    """The rows ``order`` of x into units (n, d), and their targets, one-hot for class numbers, into targets (n, k)."""
    zero, one = units.dtype.type(0), units.dtype.type(1)
    for r in range(order.size):
        row = order[r]
        for j in range(units.shape[1]):
            units[r, j] = x[row, j]
        if labels.size:
            for o in range(targets.shape[1]):
                targets[r, o] = zero
            targets[r, labels[row]] = one
        elif y.size:
            for o in range(targets.shape[1]):
                targets[r, o] = y[row, o]


@njit(error_model="numpy", fastmath=FAST)
def coefficients(weight, order, mean, into):
    """c_n of each example of a minibatch (``chainrule.losses.reduce_by``); returned: the sum of its weights."""
    n, total = order.size, 0.0
    if weight.size == 0:
        c = 1.0 / n if mean else 1.0
        for r in range(n):
            into[r] = c
        return float(n)
    for r in range(n):
        total += weight[order[r]]
    for r in range(n):
        w = float(weight[order[r]])
        into[r] = (w / total if total > 0 else 0.0) if mean else w
    return total


@njit(error_model="numpy", fastmath=FAST)
def forward(
    thread, threads, sync, pause, blas, theta, units, slopes, sizes, places, starts, codes, wide, r0, r1, n, keys,
    below, factors,
):  # fmt: skip
    """forward.pre and forward.act through all layers but the output function: this thread's share.

    Of most layers that is its rows, r0 to r1 of n, so that no thread waits for another. A wide layer is shared out by
    its units, because BLAS is quicker with half of the weights and all rows; the threads meet before and after it.

    Args:
        places: where each layer's parameters begin in theta.
        starts: where each layer's block begins in units and slopes.
        wide: which layers are shared out by units, (2, layers): in this pass, and in the backward pass through W_i.
        keys, below, factors: of dropout, for each hidden layer; keys empty: none.
    """
    depth, apart = sizes.size - 1, False
    for i in range(1, depth + 1):
        before, width = sizes[i - 1], sizes[i]
        if (wide[0, i] or apart) and not meet(sync, threads, pause):
            return False
        apart = wide[0, i]
        first, last = (0, n) if apart else (r0, r1)
        u0, u1 = share(width, thread, threads, 16) if apart else (0, width)
        at, span = starts[i] + first * width, u1 - u0
        bias = part(theta, places[i - 1] + before * width + u0, span)
        for r in range(last - first):
            row = part(units, at + r * width + u0, span)
            for u in range(span):
                row[u] = bias[u]
        gemm(
            blas, theta, places[i - 1] + u0, width, 0, units, starts[i - 1] + first * before, before, 0, 1.0, units,
            at + u0, width, span, last - first, before,
        )  # fmt: skip
        if i == depth:
            break
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


@njit(error_model="numpy", fastmath=FAST)
def backward(thread, threads, sync, pause, blas, theta, slopes, deltas, sizes, places, starts, wide, r0, r1, n):
    """backward.hidden and backward.pre from the last layer to the first, shared out as ``forward`` does."""
    apart = False
    for i in range(sizes.size - 1, 1, -1):
        before, width = sizes[i - 1], sizes[i]
        if (wide[1, i] or apart) and not meet(sync, threads, pause):
            return False
        apart = wide[1, i]
        first, last = (0, n) if apart else (r0, r1)
        u0, u1 = share(before, thread, threads, 16) if apart else (0, before)
        at, span = starts[i - 1] + first * before, u1 - u0
        gemm(
            blas, theta, places[i - 1] + u0 * width, width, 1, deltas, starts[i] + first * width, width, 0, 0.0, deltas,
            at + u0, before, span, last - first, width,
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
    """into (m,) becomes the sum of the rows of values (n, m)."""
    for u in range(into.size):
        into[u] = values[0, u]
    for r in range(1, values.shape[0]):
        for u in range(into.size):
            into[u] += values[r, u]


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
    for i in range(sizes.size - 1, 0, -1):
        before, width, place = sizes[i - 1], sizes[i], places[i - 1]
        j0, j1 = share(before, thread, threads, 8)
        rows = max(1, room // width)
        biased = thread == threads - 1
        while j0 < j1 or biased:
            j = min(rows, j1 - j0)
            count = j * width
            if j > 0:
                gemm(
                    blas, deltas, starts[i], width, 0, units, starts[i - 1] + j0, before, 1, 0.0, grad, 0, width,
                    width, j, n,
                )  # fmt: skip
            if biased and j0 + j == j1:  # the biases follow the weights
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


@njit(error_model="numpy")
def observe(slopes, sizes, starts, r0, n, limits, asleep):
    """Count for each hidden unit those of n examples from r0 on in which it is asleep."""
    unit = 0
    for i in range(1, sizes.size - 1):
        width, limit = sizes[i], limits[i - 1]
        values, counts = block(slopes, starts[i] + r0 * width, n, width), part(asleep, unit, width)
        for r in range(n):
            for u in range(width):
                counts[u] += abs(values[r, u]) <= limit
        unit += width


@njit(error_model="numpy")
def rightly(yhat, labels, order):
    """How many of the examples have their largest output at their label."""
    right = 0
    for r in range(order.size):
        best = 0
        for o in range(1, yhat.shape[1]):
            if yhat[r, o] > yhat[r, best]:
                best = o
        right += best == labels[order[r]]
    return right


@entry
def steps(
    thread, threads, sync, pause, blas, x, labels, y, weight, order, batch, mean, theta, m, v, sizes, places, starts,
    codes, wide, pair, loss, output, rule, settings, rates, decays, l2, keys, below, factors, units, slopes, deltas,
    targets, c, grads, room, partial, limits, asleep, health, every, learning, result,
):  # fmt: skip
    """Minibatches of ``batch`` rows in the given order, an update each. One thread's part.

    Args:
        x, labels, y, weight: inputs (rows, d); class numbers (rows,) or nothing; targets (rows, k) or nothing; sample
            weights (rows,) or nothing.
        order: row numbers.
        rates, decays: of each step.
        keys: of dropout, (steps, hidden layers), or nothing.
        grads: (threads, more than room): room for a part of a layer's gradient.
        partial: (threads, 2): each thread's loss and right answers of a step.
        every: health is observed in each such step, the gradient's in the last; 0: not at all.
        learning: False: the forward pass alone, without dropout or penalty; the loss is then the weighted sum.
        result: loss, right, observed examples, the step that failed (-1: none), the sum of weights; of thread 0.
    """
    depth, k = sizes.size - 1, sizes[-1]
    last, count = starts[depth], (order.size + batch - 1) // batch
    grad, c_mine, measured, sleepers = grads[thread], c[thread], health[thread], asleep[thread]
    total_loss, total_right, total_weight, observed = 0.0, 0.0, 0.0, 0
    key = np.empty(0, np.uint32)
    for step in range(count):
        lo = step * batch
        n = min(batch, order.size - lo)
        r0, r1 = share(n, thread, threads, 4)
        mine, rows = r1 - r0, part(order, lo + r0, r1 - r0)
        answers = block(targets, r0 * k, mine, k)
        gather(x, labels, y, rows, block(units, starts[0] + r0 * sizes[0], mine, sizes[0]), answers)
        sum_of_weights = coefficients(weight, part(order, lo, n), mean, c_mine)
        total_weight += sum_of_weights
        if keys.size:
            key = keys[step]
        if not forward(
            thread, threads, sync, pause, blas, theta, units, slopes, sizes, places, starts, codes, wide, r0, r1, n,
            key, below, factors,
        ):  # fmt: skip
            return
        yhat = block(units, last + r0 * k, mine, k)
        partial[thread, 0] = finish(
            pair, loss, output, yhat, answers, part(c_mine, r0, mine), block(deltas, last + r0 * k, mine, k), grad
        )
        partial[thread, 1] = rightly(yhat, labels, rows) if labels.size else 0
        if not learning:
            total_loss += partial[thread, 0]
            total_right += partial[thread, 1]
            continue
        if not backward(
            thread, threads, sync, pause, blas, theta, slopes, deltas, sizes, places, starts, wide, r0, r1, n
        ):
            return
        if every > 0 and step % every == 0:
            observe(slopes, sizes, starts, r0, mine, limits, sleepers)
            observed += n
        if not meet(sync, threads, pause):
            return
        whole, right = 0.0, 0.0
        for t in range(threads):
            whole += partial[t, 0]
            right += partial[t, 1]
        penalty = 0.0 if sum_of_weights <= 0 else (l2 / sum_of_weights if mean else l2)
        if penalty > 0.0:
            if thread == 0:
                inner = 0.0
                for i in range(depth):
                    inner += squares(part(theta, places[i], sizes[i] * sizes[i + 1]))
                total_loss += 0.5 * penalty * inner * (n / order.size if mean else 1.0)
            if not meet(sync, threads, pause):
                return
        total_loss += whole * (n / order.size if mean else 1.0)
        total_right += right
        if not math.isfinite(whole):
            if thread == 0:
                result[3] = step
            break
        if sum_of_weights > 0.0:
            improve(
                blas, theta, m, v, units, deltas, grad, sizes, places, starts, thread, threads, n, room, rule, penalty,
                rates[step], decays[step], settings, measured,
                every > 0 and step == count - 1,
            )  # fmt: skip
        if not meet(sync, threads, pause):
            return
    if thread == 0:
        result[0], result[1], result[2], result[4] = total_loss, total_right, observed, total_weight
