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
from chainrule.train.kernels.low_level import flat, like, part
from chainrule.train.kernels.mathematics import FAST, exp, log1p

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
def shift(a, tops):
    """From each row of a (n, k) its largest entry, kept in tops (n,), is taken away."""
    for r in range(a.shape[0]):
        top = a[r, 0]
        for o in range(1, a.shape[1]):
            top = max(top, a[r, o])
        tops[r] = top
        for o in range(a.shape[1]):
            a[r, o] -= top


@njit(error_model="numpy", fastmath=FAST)
def soften(a, values, rests):
    """Rows of a (n, k), shifted, become their softmax; rests (n,): the sum of e^a over all but one of the largest.

    Args:
        values: a as one vector: short rows would not fill vector instructions.
    """
    for i in range(values.size):
        values[i] = exp(values[i])
    one = values.dtype.type(1)
    for r in range(a.shape[0]):
        rest, taken = values.dtype.type(0), False
        for o in range(a.shape[1]):
            e = a[r, o]
            if e == one and not taken:
                taken = True
            else:
                rest += e
        rests[r] = rest
        share = one / (one + rest)
        for o in range(a.shape[1]):
            a[r, o] *= share


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
def _finish_bce_softmax(units, values, targets, c, delta, tops, rests):
    """Binary cross-entropy of a softmax, through log p and log(1 - p), so that nothing cancels next to 0 and 1.

    As in ``chainrule.losses``: delta first takes log p, then the gradient; ``tops`` takes log(1 - p) of one example.
    """
    n, k = units.shape
    zero, one = units.dtype.type(0), units.dtype.type(1)
    total = 0.0
    shift(units, tops)
    for r in range(n):
        for o in range(k):
            delta[r, o] = units[r, o]
    soften(units, values, rests)
    logs_of_rest = np.empty(k, units.dtype)
    logs = np.empty(k, units.dtype)
    for r in range(n):
        whole = log1p(rests[r])
        for o in range(k):
            logs[o] = delta[r, o] - whole
            if logs[o] < -one:
                logs_of_rest[o] = like(zero, math.log1p(-units[r, o]))
                continue
            peak, others = like(zero, -np.inf), zero  # of the sum over the others
            for j in range(k):
                if j != o and delta[r, j] > peak:
                    peak = delta[r, j]
            for j in range(k):
                if j != o:
                    others += exp(delta[r, j] - peak)
            logs_of_rest[o] = like(zero, math.log(others)) + peak - whole
        for m in range(k):
            y, p = targets[r, m], units[r, m]
            if c[r] != zero:
                total -= c[r] * (y * logs[m] + (one - y) * logs_of_rest[m])
            slope = (one - y) * p - y * exp(logs_of_rest[m])
            for j in range(k):
                if j != m:
                    ratio = exp(min(logs[m] - logs_of_rest[j], zero))
                    slope += targets[r, j] * p - (one - targets[r, j]) * units[r, j] * ratio
            delta[r, m] = c[r] * slope
    return total


@njit(error_model="numpy", fastmath=FAST)
def finish(pair, loss, output, units, targets, c, delta, room):
    """The last layer of n examples: units hold a_L and become yhat, delta grad a_L; returned is sum_n c_n l_n.

    Args:
        pair, loss, output: their codes.
        units, targets, delta: (n, k).
        c: coefficients of the examples (n,).
        room: at least 2 n numbers to work in.
    """
    n, values = units.shape[0], flat(units)
    tops, rests = part(room, 0, n), part(room, n, n)
    if pair in (CE_SOFTMAX, POISSON_SOFTMAX):
        return _finish_softmax(pair, units, values, targets, c, delta, tops, rests)
    if pair == BCE_SOFTMAX:
        return _finish_bce_softmax(units, values, targets, c, delta, tops, rests)
    if pair != 0:
        return _finish_pair(pair, units, targets, c, delta)
    if output == SOFTMAX:
        shift(units, tops)
        soften(units, values, rests)
    else:
        activate(output, values, flat(delta))
    return _finish_generally(loss, output, units, targets, c, delta)


@njit(error_model="numpy", fastmath=FAST)
def _finish_softmax(pair, units, values, targets, c, delta, tops, rests):
    """Cross-entropy or Poisson loss of a softmax: dl/da = yhat sum(y) - y."""
    n, k = units.shape
    zero = units.dtype.type(0)
    shift(units, tops)
    total = 0.0
    for r in range(n):  # the room of the largest entries takes sum(y), that of delta the products y a
        whole, inner = zero, zero
        for o in range(k):
            whole += targets[r, o]
            inner += targets[r, o] * units[r, o]
        tops[r] = whole
        if c[r] != zero:
            total -= c[r] * inner
    soften(units, values, rests)
    more = like(zero, 1.0) if pair == POISSON_SOFTMAX else zero
    for r in range(n):
        rests[r] = c[r] * (tops[r] * log1p(rests[r]) + more) if c[r] != zero else zero
    for r in range(n):
        total += rests[r]
        for o in range(k):
            delta[r, o] = c[r] * (units[r, o] * tops[r] - targets[r, o])
    return total


@njit(error_model="numpy", fastmath=FAST)
def _finish_pair(pair, units, targets, c, delta):
    """A declared pair with an elementwise output."""
    total, zero = 0.0, units.dtype.type(0)
    for r in range(units.shape[0]):
        for o in range(units.shape[1]):
            p, value, slope = paired_term(pair, units[r, o], targets[r, o])
            units[r, o] = p
            delta[r, o] = c[r] * slope if c[r] != zero else zero
            total += c[r] * value if c[r] != zero else zero
    return total


@njit(error_model="numpy", fastmath=FAST)
def _finish_generally(loss, output, units, targets, c, delta):
    """The general path: units hold yhat, delta the output's slopes where it is elementwise."""
    n, k = units.shape
    total, zero = 0.0, units.dtype.type(0)
    for r in range(n):
        likely, centre, pivot = 0, zero, zero
        if output == SOFTMAX:
            for o in range(1, k):
                if units[r, o] > units[r, likely]:
                    likely = o
            pivot = term(loss, units[r, likely], targets[r, likely], k)[1]
        for o in range(k):
            value, slope = term(loss, units[r, o], targets[r, o], k)
            total += c[r] * value if c[r] != zero else zero
            if output == SOFTMAX:
                centre += (slope - pivot) * units[r, o]
                delta[r, o] = slope - pivot
            else:
                delta[r, o] = c[r] * (slope * delta[r, o]) if c[r] != zero else zero
        if output == SOFTMAX:
            for o in range(k):
                delta[r, o] = c[r] * (units[r, o] * (delta[r, o] - centre)) if c[r] != zero else zero
    return total
