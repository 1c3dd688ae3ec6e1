"""Equation forward.act with its slope, fused: h = g(a) and g'(a) of a block of one layer in one pass.

Stands beside ``chainrule.network.activations``: the same rows by the same names, in loops that vectorise. The slope is
kept because ``backward.pre`` is then a plain product for every activation, and because it is exact where g
saturates, which h(1 - h) is not.
"""

from __future__ import annotations

from numba import njit

from chainrule.network.activations import LEAK
from chainrule.train.kernels.low_level import like
from chainrule.train.kernels.mathematics import FAST, erfc, exp, exp_and_expm1, inlined, log1p

_NAMES = ("elu", "gelu", "identity", "leaky_relu", "relu", "sigmoid", "silu", "softplus", "tanh", "exp")
#: the number of each activation that has a kernel; exp is an output only
CODES = {name: code for code, name in enumerate(_NAMES)}
ELU, GELU, IDENTITY, LEAKY_RELU, RELU, SIGMOID, SILU, SOFTPLUS, TANH, EXP = range(len(_NAMES))


@inlined
def sigmoid(a):
    """1/(1 + e^{-a})."""
    e = exp(-abs(a))
    return (like(a, 1.0) if a >= like(a, 0.0) else e) / (like(a, 1.0) + e)


@inlined
def softplus(a):
    """log(1 + e^a)."""
    return (like(a, 0.0) if a < like(a, 0.0) else a) + log1p(exp(-abs(a)))


@njit(error_model="numpy", fastmath=FAST)
def activate(code, units, slopes):
    """``units`` hold a and become h = g(a); ``slopes``, as long, become g'(a)."""
    zero, one = units.dtype.type(0), units.dtype.type(1)
    if code == IDENTITY:
        for i in range(units.size):
            slopes[i] = one
    elif code == SIGMOID:
        for i in range(units.size):
            a = units[i]
            e = exp(-abs(a))
            share = one / (one + e)
            units[i] = share if a >= zero else e * share
            slopes[i] = e * share * share
    elif code == TANH:
        for i in range(units.size):
            a = units[i]
            e, small = exp_and_expm1(like(a, -2.0) * abs(a))
            share = one / (one + e)
            units[i] = small * share if a < zero else -small * share
            slopes[i] = like(a, 4.0) * e * share * share
    elif code == RELU:
        for i in range(units.size):
            a = units[i]
            slopes[i] = zero if a <= zero else one  # before the other, which the compiler else stores under a mask
            units[i] = zero if a <= zero else a
    elif code == LEAKY_RELU:
        for i in range(units.size):
            a = units[i]
            slope = like(a, LEAK) if a <= zero else one
            units[i] = a * slope
            slopes[i] = slope
    elif code == ELU:
        for i in range(units.size):
            a = units[i]
            e, small = exp_and_expm1(zero if a > zero else a)
            units[i] = a if a > zero else small
            slopes[i] = e
    elif code == GELU:
        for i in range(units.size):
            a = units[i]
            below = like(a, 0.5) * erfc(a * like(a, -0.7071067811865476))  # Phi(a)
            units[i] = a * below
            near = like(a, 40.0) if a > like(a, 40.0) else (like(a, -40.0) if a < like(a, -40.0) else a)
            slopes[i] = below + near * exp(like(a, -0.5) * near * near) * like(a, 0.3989422804014327)
    elif code == SILU:
        for i in range(units.size):
            a = units[i]
            e = exp(-abs(a))
            share = one / (one + e)
            rise = share if a >= zero else e * share
            units[i] = a * rise
            slopes[i] = rise + a * e * share * share
    elif code == SOFTPLUS:
        for i in range(units.size):
            a = units[i]
            e = exp(-abs(a))
            units[i] = (zero if a < zero else a) + log1p(e)
            slopes[i] = (one if a >= zero else e) / (one + e)
    elif code == EXP:
        for i in range(units.size):
            e = exp(units[i])
            units[i] = e
            slopes[i] = e
