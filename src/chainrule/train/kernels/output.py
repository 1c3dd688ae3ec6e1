"""Equations backward.loss and backward.out, fused: from a_L and y to yhat, the losses and grad a_L of some examples.

Stands beside ``chainrule.losses`` and ``chainrule.outputs``. A declared pair goes straight from a_L; any other
loss and output take the general path.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from chainrule.losses import HUBER_DELTA, LOSSES, PAIRS
from chainrule.train.kernels.activate import activate, sigmoid, softplus
from chainrule.train.kernels.low_level import like
from chainrule.train.kernels.mathematics import FAST, exp

SOFTMAX = -1
LOSS_CODES = {name: code for code, name in enumerate(LOSSES)}
PAIR_CODES = {pair: code for code, pair in enumerate((*PAIRS, ("poisson", "exp")), 1)}  # 0: the general path
(CROSS_ENTROPY, BINARY, SQUARED, HALF_SQUARED, MEAN_SQUARED, ABSOLUTE, HUBER, POISSON) = (
    LOSS_CODES[name]
    for name in (
        "cross_entropy", "binary_cross_entropy", "squared_error", "half_squared_error", "mean_squared_error",
        "absolute_error", "huber", "poisson",
    )
)  # fmt: skip
CE_SOFTMAX = PAIR_CODES["cross_entropy", "softmax"]
BCE_SIGMOID = PAIR_CODES["binary_cross_entropy", "sigmoid"]
CE_SIGMOID = PAIR_CODES["cross_entropy", "sigmoid"]
BCE_SOFTMAX = PAIR_CODES["binary_cross_entropy", "softmax"]
POISSON_SOFTMAX = PAIR_CODES["poisson", "softmax"]
POISSON_SIGMOID = PAIR_CODES["poisson", "sigmoid"]
POISSON_SOFTPLUS = PAIR_CODES["poisson", "softplus"]
POISSON_EXP = PAIR_CODES["poisson", "exp"]
_FEW = -18.0  # softplus(a) is e^a - e^{2a}/2 below this, as in chainrule.losses


@njit(error_model="numpy", fastmath=FAST)
def largest(a, at, k):
    """Which of a[at:at + k] is the largest."""
    where = 0
    for o in range(1, k):
        if a[at + o] > a[at + where]:
            where = o
    return where


@njit(error_model="numpy", fastmath=FAST)
def softmax_row(a, at, k, where):
    """a[at:at + k], the largest at ``where``, becomes its softmax; the others' sum over the largest is returned."""
    one, top = like(a[at], 1.0), a[at + where]
    total = a.dtype.type(0)
    for o in range(k):
        a[at + o] = exp(a[at + o] - top)
        total += a[at + o]
    share = one / total
    rest = total - one if total > like(one, 2.0) else a.dtype.type(0)
    if total <= like(one, 2.0):  # next to 1 the sum without the largest keeps its digits
        for o in range(k):
            rest += a[at + o] if o != where else a.dtype.type(0)
    for o in range(k):
        a[at + o] *= share
    return rest


@njit(error_model="numpy", fastmath=FAST)
def log_softplus(a):
    """log softplus(a)."""
    if a < like(a, _FEW):
        return a - like(a, 0.5) * exp(a)
    return like(a, math.log(softplus(a)))


@njit(error_model="numpy", fastmath=FAST)
def term(code, p, y, k):
    """One output's term of a loss, and its derivative by yhat."""
    zero, one = like(p, 0.0), like(p, 1.0)
    value, slope = p, one  # identity
    e = p - y
    if code in (CROSS_ENTROPY, BINARY, POISSON):
        gain = zero if y == zero else like(p, y * math.log(p))
        ratio = zero if y == zero else y / p
        value, slope = -gain, -ratio
        if code == BINARY:
            other = one - y
            if other != zero:
                value -= like(p, other * math.log(one - p))
                slope += other / (one - p)
        elif code == POISSON:
            value += p
            slope += one
    elif code == SQUARED:
        value, slope = e * e, like(p, 2.0) * e
    elif code == HALF_SQUARED:
        value, slope = like(p, 0.5) * e * e, e
    elif code == MEAN_SQUARED:
        value, slope = e * e / like(p, k), like(p, 2.0) * e / like(p, k)
    elif code == ABSOLUTE:
        value = abs(e)
        slope = one if e > zero else (-one if e < zero else e)
    elif code == HUBER:
        bound = like(p, HUBER_DELTA)
        value = like(p, 0.5) * e * e if abs(e) <= bound else bound * (abs(e) - like(p, 0.5) * bound)
        slope = bound if e > bound else (-bound if e < -bound else e)
    return value, slope


@njit(error_model="numpy", fastmath=FAST)
def paired_term(pair, a, y):
    """One output's yhat, term of the loss and derivative by a_L, of a declared pair with an elementwise output."""
    one = like(a, 1.0)
    if pair == POISSON_EXP:
        p = exp(a)
        return p, p - y * a, p - y
    p = softplus(a) if pair == POISSON_SOFTPLUS else sigmoid(a)
    if pair == BCE_SIGMOID:
        return p, y * softplus(-a) + (one - y) * softplus(a), p - y
    if pair == CE_SIGMOID:
        return p, y * softplus(-a), -y * sigmoid(-a)
    if pair == POISSON_SIGMOID:
        return p, p + y * softplus(-a), (p - y) * sigmoid(-a)
    few = a < like(a, _FEW)
    slope = one - like(a, 0.5) * exp(a) if few else sigmoid(a) / softplus(a)
    return p, p - y * log_softplus(a), sigmoid(a) - y * slope


@njit(error_model="numpy", fastmath=FAST)
def bce_softmax_row(a, at, y, y_at, delta, d_at, k):
    """Binary cross-entropy of a softmax of one example: a becomes yhat, delta its gradient; the loss is returned.

    Through log p and log(1 - p), as ``chainrule.losses`` does, so that nothing cancels next to 0 and 1.
    """
    one = like(a[at], 1.0)
    logits = a[at : at + k].copy()
    logs, rests = np.empty_like(logits), np.empty_like(logits)
    where = largest(a, at, k)
    top = a[at + where]
    whole = like(top, math.log1p(softmax_row(a, at, k, where)))
    total = 0.0
    for o in range(k):
        logs[o] = logits[o] - top - whole
        if logs[o] < -one:
            rests[o] = like(top, math.log1p(-a[at + o]))
        else:  # of the sum over the others
            peak, others = like(top, -np.inf), 0.0
            for j in range(k):
                if j != o and logits[j] > peak:
                    peak = logits[j]
            for j in range(k):
                if j != o:
                    others += math.exp(logits[j] - peak)
            rests[o] = like(top, math.log(others) + peak) - top - whole
        total -= y[y_at + o] * logs[o] + (one - y[y_at + o]) * rests[o]
    for m in range(k):
        sum_ = (one - y[y_at + m]) * a[at + m] - y[y_at + m] * like(top, math.exp(rests[m]))
        for j in range(k):
            if j != m:
                ratio = like(top, math.exp(min(logs[m] - rests[j], like(top, 0.0))))
                sum_ += y[y_at + j] * a[at + m] - (one - y[y_at + j]) * a[at + j] * ratio
        delta[d_at + m] = sum_
    return total


@njit(error_model="numpy", fastmath=FAST)
def finish(pair, loss, output, units, a_at, targets, y_at, weights, w_at, delta, d_at, n, k):
    """The last layer of n examples: units hold a_L and become yhat, delta grad a_L; returned is sum_n c_n l_n.

    Args:
        pair, loss, output: their codes.
        units, targets, weights, delta: vectors, each followed by the offset where it begins: a_L (n, k), y (n, k),
            the coefficients c (n,) and the place for grad a_L (n, k).
    """
    total = 0.0
    zero, one = units.dtype.type(0), units.dtype.type(1)
    if pair in (CE_SOFTMAX, POISSON_SOFTMAX):
        for r in range(n):
            c, at, y = weights[w_at + r], a_at + r * k, y_at + r * k
            whole, inner = zero, zero
            where = largest(units, at, k)
            top = units[at + where]
            for o in range(k):
                whole += targets[y + o]
                inner += targets[y + o] * (units[at + o] - top)
            value = whole * like(top, math.log1p(softmax_row(units, at, k, where))) - inner
            if pair == POISSON_SOFTMAX:
                value += one
            if c != zero:
                total += c * value
            for o in range(k):
                delta[d_at + r * k + o] = c * (units[at + o] * whole - targets[y + o])
        return total
    if pair == BCE_SOFTMAX:
        for r in range(n):
            c = weights[w_at + r]
            value = bce_softmax_row(units, a_at + r * k, targets, y_at + r * k, delta, d_at + r * k, k)
            if c != zero:
                total += c * value
            for o in range(k):
                delta[d_at + r * k + o] *= c
        return total
    if pair != 0:
        for r in range(n):
            c = weights[w_at + r]
            for o in range(k):
                i = r * k + o
                p, value, slope = paired_term(pair, units[a_at + i], targets[y_at + i])
                units[a_at + i] = p
                delta[d_at + i] = c * slope if c != zero else zero
                if c != zero:
                    total += c * value
        return total
    if output == SOFTMAX:
        for r in range(n):
            softmax_row(units, a_at + r * k, k, largest(units, a_at + r * k, k))
    else:
        activate(output, units[a_at : a_at + n * k], delta[d_at : d_at + n * k], 0, n * k)
    for r in range(n):
        c = weights[w_at + r]
        at, down = a_at + r * k, d_at + r * k
        likely, centre, shift = 0, zero, zero
        if output == SOFTMAX:
            likely = largest(units, at, k)
            shift = term(loss, units[at + likely], targets[y_at + r * k + likely], k)[1]
        for o in range(k):
            value, slope = term(loss, units[at + o], targets[y_at + r * k + o], k)
            if c != zero:
                total += c * value
            if output == SOFTMAX:
                slope -= shift
                centre += slope * units[at + o]
                delta[down + o] = slope
            else:
                delta[down + o] = c * (slope * delta[down + o]) if c != zero else zero
        if output == SOFTMAX:
            for o in range(k):
                delta[down + o] = c * (units[at + o] * (delta[down + o] - centre)) if c != zero else zero
    return total
