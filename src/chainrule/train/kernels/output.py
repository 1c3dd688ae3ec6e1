"""Equations backward.loss and backward.out, fused: from a_L and y to yhat, the losses and grad a_L of some examples.

All lie class by class, (k, n): loops over the examples fill vector instructions, loops over few classes would not.

Stands beside ``chainrule.network.losses`` and ``chainrule.network.outputs``. A declared pair goes straight from a_L;
any other loss and output take the general path.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from chainrule.network.losses import HUBER_DELTA
from chainrule.train.kernels.activate import activate, sigmoid, softplus
from chainrule.train.kernels.low_level import like, line, part
from chainrule.train.kernels.mathematics import FAST, exp, log1p
from chainrule.train.kernels.update import SUMS

SOFTMAX = -1
ROOM = 5  # numbers for each example that ``finish`` works in
_LOSSES = (
    "absolute_error", "binary_cross_entropy", "cross_entropy", "half_squared_error", "huber", "identity",
    "mean_squared_error", "poisson", "squared_error",
)  # fmt: skip
LOSS_CODES = {name: code for code, name in enumerate(_LOSSES)}  # of those that have a kernel
_PAIRS = (
    ("binary_cross_entropy", "sigmoid"), ("binary_cross_entropy", "softmax"), ("cross_entropy", "sigmoid"),
    ("cross_entropy", "softmax"), ("poisson", "sigmoid"), ("poisson", "softmax"), ("poisson", "softplus"),
    ("poisson", "exp"),
)  # fmt: skip
PAIR_CODES = {pair: code for code, pair in enumerate(_PAIRS, 1)}  # 0: the general path, which all others take
ABSOLUTE, BINARY, CROSS_ENTROPY, HALF_SQUARED, HUBER, IDENTITY, MEAN_SQUARED, POISSON, SQUARED = range(len(_LOSSES))
(
    BCE_SIGMOID, BCE_SOFTMAX, CE_SIGMOID, CE_SOFTMAX, POISSON_SIGMOID, POISSON_SOFTMAX, POISSON_SOFTPLUS, POISSON_EXP,
) = range(1, len(_PAIRS) + 1)  # fmt: skip
_FEW = -18.0  # softplus(a) is e^a - e^{2a}/2 below this, as in chainrule.network.losses


@njit(error_model="numpy", fastmath=FAST)
def find_tops(a, r0, tops):
    """The largest entry of each column of a (k, n), from column r0 on, into tops."""
    first = line(a, 0, r0, tops.size)
    for r in range(tops.size):
        tops[r] = first[r]
    for o in range(1, a.shape[0]):
        of_class = line(a, o, r0, tops.size)
        for r in range(tops.size):
            tops[r] = of_class[r] if of_class[r] > tops[r] else tops[r]


@njit(error_model="numpy", fastmath=FAST)
def raise_columns(a, r0, tops, most, rests):
    """Columns of a, less their tops, become e^a; ``rests`` the sum of e^a over all but one of the largest.

    A column's entry takes the place of the largest so far, or is added to the rest: the lesser of the two is added.
    NaN is passed on by the comparison that fails.

    Args:
        most: room for the largest so far.
    """
    n, zero = tops.size, like(tops[0], 0)
    for r in range(n):
        most[r], rests[r] = zero, zero
    for o in range(a.shape[0]):
        of_class = line(a, o, r0, n)
        for r in range(n):
            e = exp(of_class[r] - tops[r])
            of_class[r] = e
            rests[r] += most[r] if most[r] < e else e
            most[r] = most[r] if most[r] > e else e


@njit(error_model="numpy", fastmath=FAST)
def soften(a, r0, tops, most, rests):
    """Columns of a (k, n), from column r0 on, become their softmax."""
    find_tops(a, r0, tops)
    raise_columns(a, r0, tops, most, rests)
    one = like(a[0, 0], 1)
    for o in range(a.shape[0]):
        of_class = line(a, o, r0, tops.size)
        for r in range(tops.size):
            of_class[r] /= one + rests[r]


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
def finish(pair, loss, output, units, targets, c, delta, r0, room):
    """The last layer of some examples: units hold a_L and become yhat, delta grad a_L; returned is sum_n c_n l_n.

    Args:
        pair, loss, output: their codes.
        units, targets, delta: (k, n).
        c: coefficients of the examples, whose first column is r0.
        room: at least ``ROOM`` numbers for each example to work in.
    """
    n = c.size
    tops, most, rests = part(room, 0, n), part(room, n, n), part(room, 2 * n, n)
    if pair in (CE_SOFTMAX, POISSON_SOFTMAX):
        whole, inner = part(room, 3 * n, n), part(room, 4 * n, n)
        return _finish_softmax(pair, units, targets, c, delta, r0, tops, most, rests, whole, inner)
    if pair == BCE_SOFTMAX:
        return _finish_bce_softmax(units, targets, c, delta, r0, tops, most, rests)
    if pair != 0:
        return _finish_pair(pair, units, targets, c, delta, r0)
    if output == SOFTMAX:
        soften(units, r0, tops, most, rests)
    else:
        for o in range(units.shape[0]):
            activate(output, line(units, o, r0, n), line(delta, o, r0, n))
    return _finish_generally(loss, output, units, targets, c, delta, r0)


@njit(error_model="numpy", fastmath=SUMS)
def _finish_softmax(pair, units, targets, c, delta, r0, tops, most, rests, whole, inner):
    """Cross-entropy or Poisson loss of a softmax: dl/da = yhat sum(y) - y.

    Args:
        whole, inner: room for sum(y) and sum(y a).
    """
    n, k = c.size, units.shape[0]
    zero, one = like(units[0, 0], 0), like(units[0, 0], 1)
    find_tops(units, r0, tops)
    for r in range(n):
        whole[r], inner[r] = zero, zero
    for o in range(k):
        a, y = line(units, o, r0, n), line(targets, o, r0, n)
        for r in range(n):
            whole[r] += y[r]
            inner[r] += y[r] * (a[r] - tops[r])
    raise_columns(units, r0, tops, most, rests)
    more, total = one if pair == POISSON_SOFTMAX else zero, 0.0
    for r in range(n):
        value = whole[r] * log1p(rests[r]) + more - inner[r]
        total += c[r] * value if c[r] != zero else zero
        rests[r] = one / (one + rests[r])
    for o in range(k):
        yhat, y, d = line(units, o, r0, n), line(targets, o, r0, n), line(delta, o, r0, n)
        for r in range(n):
            p = yhat[r] * rests[r]
            yhat[r] = p
            d[r] = c[r] * (p * whole[r] - y[r])
    return total


@njit(error_model="numpy", fastmath=FAST)
def _finish_bce_softmax(units, targets, c, delta, r0, tops, most, rests):
    """Binary cross-entropy of a softmax, through log p and log(1 - p), so that nothing cancels next to 0 and 1.

    As in ``chainrule.network.losses``: delta first takes log p, then the gradient.
    """
    n, k = c.size, units.shape[0]
    zero, one = units.dtype.type(0), units.dtype.type(1)
    total = 0.0
    find_tops(units, r0, tops)
    for o in range(k):
        for r in range(n):
            delta[o, r0 + r] = units[o, r0 + r] - tops[r]
    soften(units, r0, tops, most, rests)
    logs_of_rest = np.empty(k, units.dtype)
    logs = np.empty(k, units.dtype)
    for r in range(n):
        at, whole = r0 + r, log1p(rests[r])
        for o in range(k):
            logs[o] = delta[o, at] - whole
            if logs[o] < -one:
                logs_of_rest[o] = like(zero, math.log1p(-units[o, at]))
                continue
            peak, others = like(zero, -np.inf), zero  # of the sum over the others
            for j in range(k):
                if j != o and delta[j, at] > peak:
                    peak = delta[j, at]
            for j in range(k):
                if j != o:
                    others += exp(delta[j, at] - peak)
            logs_of_rest[o] = like(zero, math.log(others)) + peak - whole
        for m in range(k):
            y, p = targets[m, at], units[m, at]
            if c[r] != zero:
                total -= c[r] * (y * logs[m] + (one - y) * logs_of_rest[m])
            slope = (one - y) * p - y * exp(logs_of_rest[m])
            for j in range(k):
                if j != m:
                    ratio = exp(min(logs[m] - logs_of_rest[j], zero))
                    slope += targets[j, at] * p - (one - targets[j, at]) * units[j, at] * ratio
            delta[m, at] = c[r] * slope
    return total


@njit(error_model="numpy", fastmath=SUMS)
def _finish_pair(pair, units, targets, c, delta, r0):
    """A declared pair with an elementwise output."""
    n, total, zero = c.size, 0.0, units.dtype.type(0)
    for o in range(units.shape[0]):
        of_class, y, d = line(units, o, r0, n), line(targets, o, r0, n), line(delta, o, r0, n)
        for r in range(n):
            p, value, slope = paired_term(pair, of_class[r], y[r])
            of_class[r] = p
            d[r] = c[r] * slope if c[r] != zero else zero
            total += c[r] * value if c[r] != zero else zero
    return total


@njit(error_model="numpy", fastmath=FAST)
def _finish_generally(loss, output, units, targets, c, delta, r0):
    """The general path: units hold yhat, delta the output's slopes where it is elementwise."""
    k, total, zero = units.shape[0], 0.0, units.dtype.type(0)
    for r in range(c.size):
        at, likely, centre, pivot = r0 + r, 0, zero, zero
        if output == SOFTMAX:
            for o in range(1, k):
                if units[o, at] > units[likely, at]:
                    likely = o
            pivot = term(loss, units[likely, at], targets[likely, at], k)[1]
        for o in range(k):
            value, slope = term(loss, units[o, at], targets[o, at], k)
            total += c[r] * value if c[r] != zero else zero
            if output == SOFTMAX:
                centre += (slope - pivot) * units[o, at]
                delta[o, at] = slope - pivot
            else:
                delta[o, at] = c[r] * (slope * delta[o, at]) if c[r] != zero else zero
        if output == SOFTMAX:
            for o in range(k):
                delta[o, at] = c[r] * (units[o, at] * (delta[o, at] - centre)) if c[r] != zero else zero
    return total
