"""Wrong slopes of the hidden layers."""

from __future__ import annotations

import numpy as np

from trials.bugs.passes import SLOPES as RULES
from trials.bugs.passes import values
from trials.bugs.steps import Kind, R, S, T, everywhere, slope, step

SLOPES: tuple[Kind, ...] = (
    # slopes
    Kind(
        "relu mask inverted",
        ("relu_mask_inverted",),
        slope(lambda p, i: (p.a[i] <= 0) * 1.0),
        "d[a > 0] = 0 for d[a <= 0] = 0",
        "so-relu",
        R,
    ),
    Kind(
        "relu mask by the gradient",
        ("relu_mask_on_gradient",),
        step("local", lambda p, i, f: np.where(p.dh[i] > 0, p.dh[i], 0)),
        "dh[dh <= 0] = 0",
        "cs231n-2",
        R,
    ),
    Kind(
        "relu for its derivative",
        ("relu_derivative_is_h",),
        slope(lambda p, i: np.maximum(p.a[i], 0)),
        "dh * relu(a)",
        "so-relu",
        R,
    ),
    Kind(
        "relu derivative left out",
        ("hidden_derivative_missing",),
        slope(lambda p, i: np.ones_like(p.a[i])),
        "da = dh",
        "cs231n-1",
        R,
    ),
    Kind(
        "mask of the next layer",
        ("slope_of_other_layer", "derivative_of_wrong_layer"),
        slope(lambda p, i: (p.a[i + 1] > 0) * 1.0 if i + 2 <= p.depth else (p.a[i - 1] > 0) * 1.0),
        "the cache of another layer",
        "cs231n-2",
        R,
        deep=True,
        square=True,
    ),
    Kind(
        "leaky slope for relu",
        ("leaky_slope_for_relu",),
        slope(lambda p, i: np.where(p.a[i] > 0, 1, 0.01)),
        "where(a > 0, 1, 0.01) under a ReLU",
        "github",
        R,
    ),
    Kind(
        "relu slope for leaky relu",
        ("relu_slope_used",),
        slope(lambda p, i: (p.a[i] > 0) * 1.0),
        "(a > 0) under a leaky ReLU",
        "github",
        "leaky_relu",
    ),
    Kind(
        "another alpha",
        ("other_alpha",),
        slope(lambda p, i: np.where(p.a[i] > 0, 1, 0.2)),
        "alpha 0.2 back, 0.01 forward",
        "github",
        "leaky_relu",
    ),
    Kind(
        "elu slope without + 1",
        ("elu_slope_is_h", "other_alpha"),
        slope(lambda p, i: np.where(p.a[i] > 0, 1, p.h[i])),
        "where(a > 0, 1, h)",
        "github",
        "elu",
    ),
    Kind(
        "relu slope for elu",
        ("relu_slope_used", "leaky_slope_used"),
        slope(lambda p, i: (p.a[i] > 0) * 1.0),
        "(a > 0) under an ELU",
        "github",
        "elu",
    ),
    Kind("tanh' with plus", ("tanh_slope_sign",), slope(lambda p, i: 1 + p.h[i] ** 2), "1 + h**2", "so", T),
    Kind("tanh' without square", ("one_minus_h",), slope(lambda p, i: 1 - p.h[i]), "1 - h", "so", T),
    Kind("tanh' of a", ("one_minus_a_squared",), slope(lambda p, i: 1 - p.a[i] ** 2), "1 - a**2", "dlai", T),
    Kind(
        "tanh' of h",
        ("sigma_prime_of_activated",),
        slope(lambda p, i: 1 - np.tanh(p.h[i]) ** 2),
        "dtanh(h) where dtanh takes a",
        "so",
        T,
    ),
    Kind(
        "tanh' squared left out", ("square_left_out",), slope(lambda p, i: 1 / np.cosh(p.a[i])), "1 / cosh(a)", "so", T
    ),
    Kind(
        "sigmoid' for tanh",
        ("sigmoid_rule_on_tanh",),
        slope(lambda p, i: p.h[i] * (1 - p.h[i])),
        "h * (1 - h)",
        "so",
        T,
    ),
    Kind("tanh' for sigmoid", ("tanh_rule_on_sigmoid",), slope(lambda p, i: 1 - p.h[i] ** 2), "1 - h**2", "so", S),
    Kind(
        "sigmoid' of h",
        ("sigma_prime_of_activated",),
        slope(lambda p, i: values(S, p.h[i]) * (1 - values(S, p.h[i]))),
        "dsigmoid(h)",
        "so-xor",
        S,
    ),
    Kind(
        "sigmoid' of a", ("a_times_1_minus_a",), slope(lambda p, i: p.a[i] * (1 - p.a[i])), "a * (1 - a)", "so-xor", S
    ),
    Kind(
        "sigmoid' with plus", ("sigmoid_slope_sign",), slope(lambda p, i: p.h[i] * (1 + p.h[i])), "h * (1 + h)", "so", S
    ),
    Kind(
        "sigmoid for its derivative",
        ("sigma_for_sigma_prime_hidden",),
        slope(lambda p, i: p.h[i]),
        "dh * h",
        "so-xor",
        S,
    ),
    Kind(
        "sigmoid' left out",
        ("hidden_derivative_missing",),
        slope(lambda p, i: np.ones_like(p.h[i])),
        "da = dh",
        "ng-ex4",
        S,
    ),
    Kind(
        "sigmoid' twice",
        ("derivative_twice",),
        slope(lambda p, i: (p.h[i] * (1 - p.h[i])) ** 2),
        "slope in the cache and again",
        "nielsen",
        S,
    ),
    Kind("sigmoid' halved", ("factor_left_out",), slope(lambda p, i: 1 - p.h[i]), "1 - h", "so", S),
    Kind(
        "slope of the layer before",
        ("derivative_of_layer_before", "derivative_of_wrong_layer", "slope_of_other_layer"),
        slope(lambda p, i: RULES[S](p.a[i - 1], p.h[i - 1]) if i > 1 else RULES[S](p.a[2], p.h[2])),
        "cache of the neighbour",
        "nielsen",
        S,
        deep=True,
        square=True,
    ),
    Kind(
        "every layer's tanh' with plus",
        ("tanh_slope_sign",),
        everywhere("slope", lambda p, i: 1 + p.h[i] ** 2),
        "1 + h**2 in the shared function",
        "so",
        T,
    ),
    Kind(
        "every layer's mask inverted",
        ("relu_mask_inverted",),
        everywhere("slope", lambda p, i: (p.a[i] <= 0) * 1.0),
        "d[a > 0] = 0 in the shared function",
        "so-relu",
        R,
    ),
    Kind(
        "leaky slope for tanh",
        ("leaky_slope_used",),
        slope(lambda p, i: np.where(p.a[i] > 0, 1, 0.1)),
        "the slope of another activation",
        "github",
        T,
    ),
    Kind(
        "slope scaled", ("constant_factor",), slope(lambda p, i: 1.7159 * (1 - p.h[i] ** 2)), "1.7159 tanh", "github", T
    ),
    Kind(
        "slope of the error",
        ("slope_at_gradient",),
        step("local", lambda p, i, f: p.dh[i] * p.dh[i] * (1 - p.dh[i])),
        "nonlin(error, deriv=True)",
        "so-xor",
        S,
    ),
    Kind("a for the slope", ("a_for_slope",), step("local", lambda p, i, f: p.dh[i] * p.a[i]), "dh * a", "so", T),
)
