"""Some minibatches in one compiled call: gather, forward, backward, update, for any depth without a new compilation.

The loop of ``chainrule.train.plain`` fused. Several threads run the same function, each with its number: the
rows of a minibatch are shared out for the forward and the backward pass, the parameters for the update. Two
barriers keep a step: none updates while another still reads, none reads what is half updated.

Memory: all parameters lie in one vector, for each layer W_i transposed, (units of layer i-1, units of layer i),
then b_i; so every product is one that BLAS does without copying. Units, slopes and gradients of a minibatch lie in
one vector each, layer after layer, as ``kernels.passes`` has them.
"""

from __future__ import annotations

import math

import numpy as np

from chainrule.train.kernels.low_level import bare, block, part
from chainrule.train.kernels.mathematics import entry
from chainrule.train.kernels.output import finish
from chainrule.train.kernels.passes import backward, forward, improve
from chainrule.train.kernels.rows import coefficients, gather, observe, rightly
from chainrule.train.kernels.threads import meet, share
from chainrule.train.kernels.update import squares


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
    sync, x, labels, y, weight, order = bare(sync), bare(x), bare(labels), bare(y), bare(weight), bare(order)
    theta, m, v, settings, below, factors = bare(theta), bare(m), bare(v), bare(settings), bare(below), bare(factors)
    sizes, places, starts, codes, wide = bare(sizes), bare(places), bare(starts), bare(codes), bare(wide)
    units, slopes, deltas, targets, c, grads = (
        bare(units), bare(slopes), bare(deltas), bare(targets), bare(c), bare(grads),
    )  # fmt: skip
    keys, partial, limits, asleep, health = bare(keys), bare(partial), bare(limits), bare(asleep), bare(health)
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
        yhat, delta, answers = block(units, last, k, n), block(deltas, last, k, n), block(targets, 0, k, n)
        gather(x, labels, y, rows, block(units, starts[0] + r0 * sizes[0], mine, sizes[0]), answers, r0)
        sum_of_weights = coefficients(weight, part(order, lo, n), mean, c_mine)
        total_weight += sum_of_weights
        if keys.size:
            key = keys[step]
        if not forward(
            thread, threads, sync, pause, blas, theta, units, slopes, sizes, places, starts, codes, wide, r0, r1, n,
            key, below, factors, grad, room,
        ):  # fmt: skip
            return
        partial[thread, 0] = finish(pair, loss, output, yhat, answers, part(c_mine, r0, mine), delta, r0, grad)
        partial[thread, 1] = rightly(yhat, labels, rows, r0, grad) if labels.size else 0
        if not learning:
            total_loss += partial[thread, 0]
            total_right += partial[thread, 1]
            continue
        if not backward(
            thread, threads, sync, pause, blas, theta, slopes, deltas, sizes, places, starts, wide, r0, r1, n, grad,
            room,
        ):  # fmt: skip
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
