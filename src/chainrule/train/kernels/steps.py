"""Some minibatches in one compiled call: gather, forward, backward, update, for any depth without a new compilation.

The loop of ``chainrule.train.plain`` fused. Several threads run the same function, each with its number and with
units of its own (``kernels.passes``); outputs, loss and grad a_L are done by all of them alike or, where they are
many, shared out by examples.
"""

from __future__ import annotations

import math

import numpy as np

from chainrule.train.kernels.entry import entry
from chainrule.train.kernels.low_level import bare, block, part
from chainrule.train.kernels.output import finish
from chainrule.train.kernels.passes import collect, forward, learn, own, squares_of_weights
from chainrule.train.kernels.rows import answer, coefficients, gather, observe, rightly
from chainrule.train.kernels.threads import meet, share

MANY = 1 << 13  # outputs of a minibatch from which the threads share them out


@entry
def steps(
    thread, threads, sync, pause, blas, rows, labels, y, weight, order, batch, mean, theta, m, v, sizes, cuts, places,
    starts, codes, pair, loss, output, rule, settings, rates, decays, l2, keys, below, factors, inputs, units, slopes,
    deltas, pulled, logits, yhats, grads_a, targets, c, grads, room, partial, limits, asleep, health, every, learning,
    result,
):  # fmt: skip
    """Minibatches of ``batch`` rows in the given order, an update each. One thread's part.

    Args:
        rows, labels, y, weight: inputs (rows, d); class numbers (rows,) or nothing; targets (rows, k) or nothing;
            sample weights (rows,) or nothing.
        order: row numbers.
        rates, decays: of each step.
        keys: of dropout, (steps, hidden layers), or nothing.
        inputs: room for the minibatch, (threads, batch d), or (1, batch d): the threads gather it together.
        units, logits: (sides, ..): what other threads read. Of two sides the steps take turns, so that none need wait
            at the end of a step for those who still read.
        yhats, grads_a: (threads, at least batch k); yhats may be logits.
        targets: (threads, at least batch (k + 1)): of a minibatch, and its class numbers.
        grads: (threads, at least room and one row of the widest layer): room for a part of a layer's gradient.
        partial: (threads, at least 3): each thread's loss and right answers of a step, and its penalty.
        every: health is observed in each such step, the gradient's in the last; 0: not at all.
        learning: False: the forward pass alone, without dropout or penalty; the loss is then the weighted sum.
        result: loss, right, observed examples, the step that failed (-1: none), the sum of weights; of thread 0.
    """
    sync, rows, labels, y, weight, order = bare(sync), bare(rows), bare(labels), bare(y), bare(weight), bare(order)
    theta, m, v, settings, below, factors = bare(theta), bare(m), bare(v), bare(settings), bare(below), bare(factors)
    sizes, cuts, places, starts, codes = bare(sizes), bare(cuts), bare(places), bare(starts), bare(codes)
    inputs, units, slopes, deltas, pulled = bare(inputs), bare(units), bare(slopes), bare(deltas), bare(pulled)
    logits, yhats, grads_a, targets, c = bare(logits), bare(yhats), bare(grads_a), bare(targets), bare(c)
    grads, keys, partial, limits = bare(grads), bare(keys), bare(partial), bare(limits)
    asleep, health = bare(asleep), bare(health)
    depth, d, k = sizes.size - 1, sizes[0], sizes[-1]
    count, together = (order.size + batch - 1) // batch, inputs.shape[0] < threads
    x, grad, c_mine, answers_mine = inputs[0 if together else thread], grads[thread], c[thread], targets[thread]
    sides = units.shape[0]
    measured = health[thread]
    total_loss, total_right, total_weight, observed, squared = 0.0, 0.0, 0.0, 0, 0.0
    key, told, sum_of_weights = np.empty(0, np.uint32), 0, 0.0
    for step in range(count):
        lo, side = step * batch, step % sides
        n = min(batch, order.size - lo)
        these = part(order, lo, n)
        r0, r1 = share(n, thread, threads, 16) if together else (0, n)
        gather(rows, part(these, r0, r1 - r0), block(x, r0 * d, r1 - r0, d))
        if together and not meet(sync, thread, threads, pause):
            return
        if weight.size or n != told:  # else those of the minibatch before
            sum_of_weights, told = coefficients(weight, these, mean, c_mine), n
        total_weight += sum_of_weights
        if keys.size:
            key = keys[step]
        if not forward(
            thread, threads, sync, pause, blas, theta, x, units[side], slopes, logits[side], sizes, cuts, places,
            starts, codes, batch, n, key, below, factors, grad, room,
        ):  # fmt: skip
            return
        # outputs, loss and grad a_L
        divided = threads > 1 and k * n >= MANY
        r0, r1 = share(n, thread, threads, 16) if divided else (0, n)
        place = 0 if divided else thread
        yhat, delta, answers = block(yhats[place], 0, k, n), grads_a[place], block(answers_mine, 0, k, n)
        mine, classes = part(these, r0, r1 - r0), part(answers_mine, k * n, r1 - r0)
        if threads > 1:
            collect(logits[side], yhats[place], k, n, r0, r1)
        answer(labels, y, mine, answers, r0, classes)
        partial[thread, 0] = finish(
            pair, loss, output, yhat, answers, part(c_mine, r0, r1 - r0), block(delta, 0, k, n), r0, grad
        )
        partial[thread, 1] = rightly(yhat, classes, r0, grad) if labels.size else 0
        whole, right = partial[thread, 0], partial[thread, 1]
        if divided:
            if not meet(sync, thread, threads, pause):
                return
            whole, right = 0.0, 0.0
            for t in range(threads):
                whole += partial[t, 0]
                right += partial[t, 1]
        total_loss += whole * (n / order.size if mean else 1.0)
        total_right += right
        if learning:
            if every > 0 and step % every == 0:
                unit = 0
                for i in range(1, depth):
                    first, span, at = own(cuts, i, thread, starts, batch)
                    observe(block(slopes, at, n, span), limits[i - 1], part(asleep, unit + first, span))
                    unit += sizes[i]
                observed += n
            if not math.isfinite(whole):
                if thread == 0:
                    result[3] = step
                break
            penalty = 0.0 if sum_of_weights <= 0 else (l2 / sum_of_weights if mean else l2)
            if penalty > 0.0:
                inner = squares_of_weights(theta, sizes, cuts, places, thread)
                squared += 0.5 * penalty * inner * (n / order.size if mean else 1.0)
            if sum_of_weights > 0.0 and not learn(
                thread, threads, sync, pause, blas, theta, m, v, x, units[side], slopes, deltas, delta, pulled, grad,
                sizes, cuts, places, starts, batch, n, room, rule, penalty, rates[step], decays[step], settings,
                measured, every > 0 and step == count - 1,
            ):  # fmt: skip
                return
        if sides == 1 and not meet(sync, thread, threads, pause):  # none overwrites what another still reads
            return
    partial[thread, 2] = squared
    if not meet(sync, thread, threads, pause):
        return
    if thread == 0:
        for t in range(threads):
            total_loss += partial[t, 2]
        result[0], result[1], result[2], result[4] = total_loss, total_right, observed, total_weight
