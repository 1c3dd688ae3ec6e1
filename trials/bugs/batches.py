"""Wrong sums over the examples, and wrong biases."""

from __future__ import annotations

import numpy as np

from trials.bugs.steps import Kind, cumulated, step, written_once

BATCHES: tuple[Kind, ...] = (
    # the batch
    Kind(
        "only the last example",
        ("only_last_example", "examples_left_out"),
        step("dW", written_once, True),
        "dW = outer in a loop",
        "ng-ex4",
    ),
    Kind(
        "only the first example",
        ("only_first_example", "examples_left_out"),
        step("dW", lambda p, i, f: np.outer(p.da[i][0], p.h[i - 1][0]), True),
        "X[0] in the loop",
        "ng-ex4",
    ),
    Kind(
        "last example missing",
        ("example_missing", "examples_left_out"),
        step("dW", lambda p, i, f: p.da[i][:-1].T @ p.h[i - 1][:-1], True),
        "range(m - 1)",
        "ng-ex4",
    ),
    Kind(
        "last example without 1/n",
        ("only_last_example+batch_sum_vs_mean", "examples_left_out"),
        step("dW", lambda p, i, f: p.n * np.outer(p.da[i][-1], p.h[i - 1][-1]), True),
        "dW = outer, never averaged",
        "nielsen",
    ),
    Kind(
        "1/n once more at a hidden layer",
        ("mean_twice",),
        step("local", lambda p, i, f: f(i) / p.n),
        "dZ / m and dW / m",
        "dlai",
    ),
    Kind(
        "1/n once more in dW",
        ("mean_twice",),
        step("dW", lambda p, i, f: f(i) / p.n, True),
        "dW / m of an averaged dZ",
        "dlai",
    ),
    Kind(
        "db averaged, dW summed",
        ("mean_twice",),
        step("db", lambda p, i, f: p.da[i].mean(0), True),
        "mean for sum",
        "so-batch",
    ),
    Kind("gradient not reset", ("factor_two",), step("dW", cumulated, True), "two batches without zero_grad", "torch"),
    Kind(
        "examples mixed up",
        ("examples_mixed_up",),
        step("dW", lambda p, i, f: p.da[i].T @ p.h[i - 1][::-1]),
        "cache in another order",
        "github",
    ),
    Kind(
        "mean before product",
        ("mean_before_product",),
        step("dW", lambda p, i, f: np.outer(p.da[i].sum(0), p.h[i - 1].mean(0))),
        "mean(da) x mean(h)",
        "so-batch",
    ),
    # biases
    Kind(
        "db over everything",
        ("bias_summed_over_all",),
        step("db", lambda p, i, f: np.full_like(p.b[i], p.da[i].sum())),
        "np.sum(dZ) without an axis",
        "dlai",
    ),
    Kind(
        "db over the wrong axis",
        ("wrong_axis",),
        step("db", lambda p, i, f: p.da[i].sum(1)),
        "axis=1",
        "so-numpy",
        square=True,
        same=True,
    ),
    Kind(
        "db of dh",
        ("dh_for_da", "divided_not_multiplied"),
        step("db", lambda p, i, f: p.dh[i].sum(0)),
        "dh.sum(0)",
        "cs231n-2",
    ),
    Kind(
        "db of the last example",
        ("only_last_example", "examples_left_out"),
        step("db", lambda p, i, f: p.da[i][-1]),
        "db = delta in a loop",
        "nielsen",
    ),
    Kind(
        "db times input",
        ("bias_times_input",),
        step("db", lambda p, i, f: (p.da[i] * p.h[i - 1]).sum(0)),
        "delta * a",
        "so",
        square=True,
    ),
    Kind(
        "errors of the example before",
        ("examples_mixed_up",),
        step("dW", lambda p, i, f: np.roll(p.da[i], 1, 0).T @ p.h[i - 1]),
        "delta of the last turn of the loop",
        "nielsen",
    ),
    Kind(
        "db of the first unit",
        ("one_bias_for_all",),
        step("db", lambda p, i, f: np.full_like(p.b[i], p.da[i].sum(0)[0])),
        "db[0] for all",
        "so-numpy",
    ),
    Kind(
        "inputs standardised back only",
        ("inputs_prepared",),
        lambda p, at: step("dW", lambda p, i, f: p.da[i].T @ ((p.h[0] - p.h[0].mean(0)) / p.h[0].std(0)))(p, 1),
        "X normalised in place",
        "so-numpy",
    ),
)
