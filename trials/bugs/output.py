"""Wrong errors, targets and factors at the output."""

from __future__ import annotations

import numpy as np

from trials.bugs.steps import Kind, bce_through_softmax, error, error_through_softmax, labels, softmax_by_diagonal

OUTPUT: tuple[Kind, ...] = (
    # output and targets
    Kind(
        "target not subtracted",
        ("target_not_subtracted",),
        error(lambda p: p.h[-1] / p.n),
        "dscores = probs / N",
        "cs231n-1",
    ),
    Kind(
        "yhat + y", ("target_added",), error(lambda p: (p.h[-1] + p.y) / p.n), "probs[range(N), y] += 1", "so-softmax"
    ),
    Kind(
        "labels off by one",
        ("targets_shifted",),
        error(lambda p: (p.h[-1] - np.roll(p.y, 1, 1)) / p.n),
        "probs[range(N), y + 1] -= 1",
        "ng-ex4",
    ),
    Kind(
        "labels off by one downwards",
        ("targets_shifted",),
        error(lambda p: (p.h[-1] - np.roll(p.y, -1, 1)) / p.n),
        "probs[range(N), y - 1] -= 1",
        "ng-ex4",
    ),
    Kind(
        "class numbers as targets",
        ("targets_as_numbers",),
        error(lambda p: (p.h[-1] - labels(p)) / p.n),
        "probs - y[:, None]",
        "so-softmax",
    ),
    Kind(
        "targets reversed",
        ("targets_of_other_examples",),
        error(lambda p: (p.h[-1] - p.y[::-1]) / p.n),
        "y in another order than x",
        "so",
    ),
    Kind(
        "targets of the next example",
        ("targets_of_other_examples",),
        error(lambda p: (p.h[-1] - np.roll(p.y, 1, 0)) / p.n),
        "shuffled x, rolled y",
        "so",
    ),
    Kind(
        "y - yhat",
        ("y_minus_yhat", "sign_lost", "error_sign"),
        error(lambda p: (p.y - p.h[-1]) / p.n),
        "error = y - out, and W -= lr * dW",
        "so-xor",
    ),
    Kind(
        "softmax by its diagonal",
        ("softmax_cross_terms_dropped",),
        error(softmax_by_diagonal),
        "p * (1 - p) alone",
        "so-softmax",
    ),
    Kind(
        "softmax' once more",
        ("softmax_derivative_twice",),
        error(lambda p: (p.h[-1] - p.y) / p.n * p.h[-1] * (1 - p.h[-1])),
        "(p - y) * p * (1 - p)",
        "so-softmax",
    ),
    Kind(
        "sigmoid' once more under bce",
        ("derivative_twice_bce", "error_times_output"),
        error(lambda p: (p.h[-1] - p.y) / p.n * p.h[-1] * (1 - p.h[-1])),
        "(p - y) * p * (1 - p)",
        "dlai",
        output="sigmoid",
    ),
    Kind(
        "only the true class",
        ("only_true_class", "softmax_cross_terms_dropped"),
        error(lambda p: (p.h[-1] - 1) * p.y / p.n),
        "(p - 1) * y",
        "cs231n-1",
    ),
    Kind(
        "squared error",
        ("square_for_error",),
        error(lambda p: (p.h[-1] - p.y) ** 2 / p.n),
        "(yhat - y)**2",
        "so",
        output="identity",
    ),
    Kind(
        "logits for outputs", ("logits_for_outputs",), error(lambda p: (p.a[-1] - p.y) / p.n), "scores - y", "cs231n-1"
    ),
    Kind(
        "error averaged over outputs",
        ("mean_over_outputs", "mean_over_units"),
        error(lambda p: (p.h[-1] - p.y) / p.n / p.k),
        "np.mean over both axes",
        "so-batch",
        output="identity",
    ),
    Kind(
        "2 of the square",
        ("factor_2", "factor_two"),
        error(lambda p: 2 * (p.h[-1] - p.y) / p.n),
        "2 * (yhat - y) under 1/2",
        "so",
        output="identity",
    ),
    Kind("half the gradient", ("factor_half",), error(lambda p: (p.h[-1] - p.y) / p.n / 2), "/ (2 * m)", "dlai"),
    Kind("sum for mean", ("batch_sum_vs_mean",), error(lambda p: p.h[-1] - p.y), "no / N", "cs231n-1"),
    Kind(
        "1/n twice",
        ("mean_twice",),
        error(lambda p: (p.h[-1] - p.y) / p.n**2),
        "/ N in the loss and in dscores",
        "cs231n-1",
    ),
    Kind(
        "log of base 10",
        ("log_base_10",),
        error(lambda p: (p.h[-1] - p.y) / p.n / np.log(10)),
        "log10 in the loss",
        "so",
    ),
    Kind(
        "log of base 2", ("log_base_2",), error(lambda p: (p.h[-1] - p.y) / p.n / np.log(2)), "log2 in the loss", "so"
    ),
    Kind(
        "divided by the wrong axis",
        ("mean_over_wrong_axis",),
        error(lambda p: (p.h[-1] - p.y) / p.W[1].shape[1]),
        "m = X.shape[1]",
        "dlai",
    ),
    Kind(
        "n - 1 for n",
        ("n_minus_1", "mean_over_wrong_axis", "batch_sum_vs_mean+mean_over_units"),
        error(lambda p: (p.h[-1] - p.y) / (p.n - 1)),
        "/ (m - 1)",
        "so-batch",
    ),
    Kind(
        "class weights",
        ("class_weights",),
        error(lambda p: (p.h[-1] - p.y) / p.n * (1 + p.y.argmax(1) % 2)[:, None]),
        "weights of the classes back, not forward",
        "github",
    ),
    Kind(
        "binary cross-entropy for softmax",
        ("other_loss",),
        error(bce_through_softmax),
        "-y/p + (1-y)/(1-p)",
        "so-softmax",
    ),
    Kind(
        "jacobian twice",
        ("softmax_jacobian_twice",),
        error(error_through_softmax),
        "(p - y) through the Jacobian",
        "so-softmax",
    ),
    Kind("targets halved", ("targets_scaled",), error(lambda p: (p.h[-1] - p.y / 2) / p.n), "y / 2", "github"),
    Kind(
        "absolute error",
        ("absolute_error_used", "absolute_value"),
        error(lambda p: np.abs(p.h[-1] - p.y) / p.n),
        "abs(y - yhat)",
        "so-xor",
        output="identity",
    ),
    Kind(
        "half of the batch",
        ("examples_left_out",),
        error(lambda p: np.where(np.arange(p.n)[:, None] < p.n // 2, (p.h[-1] - p.y) / p.n, 0)),
        "the first half only",
        "github",
    ),
    Kind(
        "error averaged over the batch",
        ("error_averaged", "averaged_before_going_back", "mean_before_product"),
        error(lambda p: (p.h[-1] - p.y).mean(0) / p.n + 0 * p.h[-1]),
        "error.mean(0) goes back",
        "so-batch",
    ),
)
