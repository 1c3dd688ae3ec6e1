"""Wrong factors in the products; penalties, loops and types; two bugs at once; the forward pass."""

from __future__ import annotations

import numpy as np

from trials.bugs.steps import (
    Kind,
    R,
    S,
    T,
    another_activation,
    columns_short,
    early,
    error,
    forget_bias,
    no_biases,
    other_forward,
    regularised,
    slope,
    softmax_of_examples,
    step,
    units_short,
    wrong_row,
)

PRODUCTS: tuple[Kind, ...] = (
    # products
    Kind(
        "a for h in dW",
        ("a_for_h_in_dW",),
        step("dW", lambda p, i, f: p.da[i].T @ p.a[i - 1]),
        "cache of Z for A",
        "dlai",
        last=True,
    ),
    Kind(
        "x for h in dW",
        ("input_x_for_h",),
        step("dW", lambda p, i, f: p.da[i].T @ p.h[0]),
        "delta.T @ X at every layer",
        "so",
        square=True,
        last=True,
    ),
    Kind(
        "dh for da in dW",
        ("dh_for_da", "hidden_derivative_missing", "divided_not_multiplied"),
        step("dW", lambda p, i, f: p.dh[i].T @ p.h[i - 1]),
        "dh.T @ h",
        "cs231n-1",
    ),
    Kind(
        "dW transposed",
        ("outer_product_orientation", "outer_product_orientation_1"),
        step("dW", lambda p, i, f: f(i).T),
        "outer(h, delta)",
        "nielsen",
        square=True,
    ),
    Kind(
        "dW reshaped",
        ("reshaped_not_transposed",),
        step("dW", lambda p, i, f: f(i).T.reshape(p.W[i].shape)),
        "reshape for .T",
        "so-numpy",
        unequal=True,
    ),
    Kind(
        "weights left out",
        ("weights_left_out",),
        step("back", lambda p, i, f: p.da[i + 1].sum(1, keepdims=True) + np.zeros_like(p.h[i])),
        "delta.sum()",
        "so-xor",
    ),
    Kind(
        "weights not transposed",
        ("W_not_transposed_bwd",),
        step("back", lambda p, i, f: p.da[i + 1] @ p.W[i + 1].T),
        "W for W.T",
        "so",
        square=True,
    ),
    Kind(
        "weights of another layer",
        ("wrong_layer_weights",),
        step("back", lambda p, i, f: p.da[i + 1] @ p.W[i]),
        "W[l] for W[l + 1]",
        "nielsen",
        square=True,
        deep=True,
    ),
    Kind(
        "dh goes back for da",
        ("error_not_delta",),
        lambda p, at: step("back", lambda p, i, f: p.dh[i + 1] @ p.W[i + 1])(p, min(at, p.depth - 2)),
        "the error, not the delta, goes back",
        "so-xor",
        S,
        deep=True,
    ),
    Kind(
        "only one path",
        ("missed_paths_last_only", "missed_paths_first_only"),
        step("back", lambda p, i, f: p.da[i + 1][:, -1:] @ p.W[i + 1][-1:]),
        "= for += over the next units",
        "so",
    ),
    Kind("updated weights", ("updated_weights_used",), early, "W -= lr * dW before going on", "so-xor"),
    Kind(
        "weights squared",
        ("weights_squared",),
        step("back", lambda p, i, f: p.da[i + 1] @ p.W[i + 1] ** 2),
        "W**2",
        "github",
    ),
    # penalties
    Kind(
        "l2 in the gradient", ("l2_penalty",), regularised(lambda p: 0.05), "dW += reg * W, loss without it", "cs231n-1"
    ),
    Kind("l2 over n", ("l2_penalty",), regularised(lambda p: 0.7 / p.n), "dW += lambda / m * W", "ng-ex4"),
    Kind("l2 doubled", ("l2_penalty",), regularised(lambda p: 2 * 0.3), "2 * reg * W", "cs231n-1"),
    Kind(
        "l2 on the biases",
        ("l2_penalty_on_biases",),
        lambda p, at: step("db", lambda p, i, f: f(i) + 0.1 * p.b[i], True)(p, at),
        "Theta[:, 0] is regularised too",
        "ng-ex4",
    ),
    # loops and types
    Kind(
        "last row never written", ("never_written",), step("dW", units_short), "range(m - 1) over the units", "so-numpy"
    ),
    Kind("first column never written", ("never_written",), step("dW", columns_short), "range(1, n)", "ng-ex4"),
    Kind(
        "all zeros",
        ("all_zeros",),
        step("dW", lambda p, i, f: np.zeros_like(p.W[i])),
        "zeros_like, never filled",
        "so-numpy",
    ),
    Kind(
        "whole numbers",
        ("all_zeros", "whole_numbers"),
        step("dW", lambda p, i, f: f(i).astype(int)),
        "np.zeros_like of an array of ints",
        "so-numpy",
    ),
    Kind("rows reversed", ("rows_moved",), step("dW", wrong_row), "[::-1]", "github"),
    Kind(
        "rounded to 2 decimals", ("rounded_off",), step("dW", lambda p, i, f: np.round(f(i), 2)), "np.round", "github"
    ),
    Kind(
        "clipped",
        ("clipped",),
        step("dW", lambda p, i, f: np.clip(f(i), -abs(f(i)).max() / 2, abs(f(i)).max() / 2)),
        "np.clip(dW, -c, c)",
        "github",
    ),
    Kind(
        "the rate in dW",
        ("rate_in_gradient", "factor_half", "mean_over_outputs", "mean_over_units"),
        step("dW", lambda p, i, f: p.rate * f(i)),
        "lr in dW and in the step",
        "so",
    ),
    Kind(
        "weights for gradient", ("parameters_for_gradient",), step("dW", lambda p, i, f: p.W[i]), "returns W", "github"
    ),
    Kind(
        "weights after the step",
        ("parameters_after_step",),
        step("dW", lambda p, i, f: p.W[i] - p.rate * f(i)),
        "returns the new W",
        "github",
    ),
    # two at once
    Kind(
        "mask inverted and sum",
        ("relu_mask_inverted+batch_sum_vs_mean",),
        lambda p, at: step("local", lambda p, i, f: p.n * p.dh[i] * (p.a[i] <= 0))(p, at),
        "two bugs",
        "so-relu",
        R,
    ),
    Kind(
        "tanh' with plus, halved",
        ("tanh_slope_sign+factor_half",),
        slope(lambda p, i: (1 + p.h[i] ** 2) / 2),
        "two bugs",
        "so",
        T,
    ),
    Kind(
        "target added and sum",
        ("target_added+batch_sum_vs_mean",),
        error(lambda p: p.h[-1] + p.y),
        "two bugs",
        "so-softmax",
    ),
    Kind(
        "l2 and sum",
        ("batch_sum_vs_mean+l2_penalty",),
        lambda p, at: step("dW", lambda p, i, f: p.n * f(i) + 0.05 * p.W[i], True)(p, at),
        "two bugs",
        "cs231n-1",
    ),
    # forward
    Kind("bias left out forward", ("bias_dropped",), forget_bias, "W @ h", "so"),
    Kind("relu forward, tanh back", ("other_activation",), other_forward(R), "np.maximum under tanh'", "github", T),
    Kind(
        "weights in absolute value",
        ("weights_absolute",),
        step("back", lambda p, i, f: p.da[i + 1] @ abs(p.W[i + 1])),
        "abs(W)",
        "github",
    ),
    Kind(
        "mean over the units going back",
        ("mean_over_units", "mean_over_outputs", "factor_half", "dropout_scale", "rate_in_gradient", "mean_twice"),
        step("back", lambda p, i, f: f(i) / len(p.W[i + 1])),
        "np.mean for np.sum over the next units",
        "so",
    ),
    Kind("sign of a hidden error", ("sign_lost",), step("back", lambda p, i, f: -f(i)), "-W.T @ delta", "so"),
    Kind(
        "l1 in the gradient",
        ("l1_penalty",),
        step("dW", lambda p, i, f: f(i) + 0.01 * np.sign(p.W[i]), True),
        "reg * sign(W)",
        "github",
    ),
    Kind(
        "l2 with the wrong sign",
        ("l2_penalty",),
        step("dW", lambda p, i, f: f(i) - 0.3 * p.W[i], True),
        "- reg * W",
        "ng-ex4",
    ),
    Kind(
        "rows normalised",
        ("normalised",),
        step("dW", lambda p, i, f: f(i) / np.linalg.norm(f(i), axis=1, keepdims=True)),
        "norm with axis=1",
        "github",
    ),
    Kind(
        "clipped to the norm 1",
        ("norm_clipped",),
        step("dW", lambda p, i, f: f(i) / np.linalg.norm(f(i))),
        "clip_grad_norm",
        "torch",
    ),
    Kind("no biases forward", ("bias_dropped",), no_biases, "W @ h everywhere", "so"),
    Kind(
        "another activation",
        ("other_activation_throughout", "other_activation"),
        another_activation,
        "relu for tanh, forward and back",
        "github",
        T,
    ),
    Kind("softmax over the examples", ("softmax_wrong_axis",), softmax_of_examples, "axis=0", "so-softmax"),
)
