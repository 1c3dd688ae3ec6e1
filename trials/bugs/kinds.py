"""The kinds of bug: each replaces one step of a backward pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trials.bugs.passes import SLOPES, Pass, values

#: what kind of public report the kinds are of
SOURCES = {
    "so": "Stack Overflow, questions tagged backpropagation in which a network of one's own does not learn",
    "so-relu": "Stack Overflow, questions about a backward pass with ReLU of one's own",
    "so-softmax": "Stack Overflow, questions about the derivative of softmax with the cross-entropy",
    "so-xor": "Stack Overflow, questions about a network of one's own that does not learn XOR",
    "so-batch": "Stack Overflow and Cross Validated, questions about sums and means over a mini-batch",
    "so-numpy": "Stack Overflow, questions about shapes, axes and types of NumPy arrays in a network of one's own",
    "cs231n-1": "cs231n, assignment 1 (softmax and two-layer network): public solutions and questions about them",
    "cs231n-2": "cs231n, assignment 2 (fully connected networks, dropout): public solutions and questions about them",
    "ng-ex4": "Coursera Machine Learning, exercise 4 (nnCostFunction): forum questions",
    "dlai": "deeplearning.ai course 1, weeks 3 and 4: forum questions",
    "nielsen": "questions about the code of Nielsen's Neural Networks and Deep Learning",
    "torch": "PyTorch forums, questions about gradients that are added up or not reset",
    "github": "GitHub, issues and corrections in small networks written from scratch",
}


@dataclass(frozen=True)
class Kind:
    """One kind of bug.

    Attributes:
        id: its own name. causes: ids of mistakes that say what it is.
        apply: puts the bug into a pass, at its layer. words: what the code does.
        hidden, output, loss, source: the networks it is drawn for.
        deep, square, same, wide: layers at least 3; equal widths; as many examples as units; k at least 3.
    """

    id: str
    causes: tuple[str, ...]
    apply: Callable[[Pass, int], None]
    words: str
    source: str
    hidden: str = "tanh"
    output: str = "softmax"
    deep: bool = False
    square: bool = False
    same: bool = False
    last: bool = False

    @property
    def loss(self) -> str:
        """The loss that goes with the output."""
        return {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}.get(self.output, "half_squared_error")


def _slope(new: Callable[[Pass, int], np.ndarray]) -> Callable[[Pass, int], None]:
    def apply(p: Pass, at: int) -> None:
        right = p.slope
        p.slope = lambda i: new(p, i) if i == at else right(i)

    return apply


def _error(new: Callable[[Pass], np.ndarray]) -> Callable[[Pass, int], None]:
    def apply(p: Pass, at: int) -> None:
        p.error = lambda: new(p)

    return apply


def _step(name: str, new: Callable[[Pass, int, Callable[[int], np.ndarray]], np.ndarray], everywhere: bool = False):
    def apply(p: Pass, at: int) -> None:
        right = getattr(p, name)
        setattr(p, name, lambda i: new(p, i, right) if i == at or everywhere else right(i))

    return apply


def _all(*bugs: Callable[[Pass, int], None]) -> Callable[[Pass, int], None]:
    def apply(p: Pass, at: int) -> None:
        for bug in bugs:
            bug(p, at)

    return apply


def _early(p: Pass, at: int) -> None:
    """Each layer is updated before the gradient goes on."""

    def after(i: int) -> None:
        p.W[i] = p.W[i] - p.rate * p.dW(i)

    p.after = after


def _regularised(factor: Callable[[Pass], float], biases: bool = False):
    def apply(p: Pass, at: int) -> None:
        right_W, right_b = p.dW, p.db
        p.dW = lambda i: right_W(i) + factor(p) * p.W[i]
        if biases:
            p.db = lambda i: right_b(i) + factor(p) * p.b[i]

    return apply


def _written_once(p: Pass, i: int, right: Callable[[int], np.ndarray]) -> np.ndarray:
    out = np.zeros_like(p.W[i])
    for n in range(p.n):
        out = np.outer(p.da[i][n], p.h[i - 1][n])
    return out


def _units_short(p: Pass, i: int, right: Callable[[int], np.ndarray]) -> np.ndarray:
    out, whole = np.zeros_like(p.W[i]), right(i)
    for m in range(len(out) - 1):
        out[m] = whole[m]
    return out


def _columns_short(p: Pass, i: int, right: Callable[[int], np.ndarray]) -> np.ndarray:
    out = right(i).copy()
    out[:, 0] = 0
    return out


def _labels(p: Pass) -> np.ndarray:
    return p.y.argmax(1)[:, None]


def _softmax_by_diagonal(p: Pass) -> np.ndarray:
    yhat = p.h[-1]
    return -p.y / yhat / p.n * yhat * (1 - yhat)


def _wrong_row(p: Pass, i: int, right: Callable[[int], np.ndarray]) -> np.ndarray:
    return right(i)[::-1]


def _forget_bias(p: Pass, at: int) -> None:
    right = p.pre
    p.pre = lambda i: p.h[i - 1] @ p.W[i].T if i == at else right(i)


def _other_forward(name: str):
    def apply(p: Pass, at: int) -> None:
        right = p.act
        p.act = lambda i: values(name, p.a[i]) if i == at else right(i)

    return apply


def _cumulated(p: Pass, i: int, right: Callable[[int], np.ndarray]) -> np.ndarray:
    return right(i) * 2


R, S, T = "relu", "sigmoid", "tanh"
KINDS: tuple[Kind, ...] = (
    # slopes
    Kind("relu mask inverted", ("relu_mask_inverted",), _slope(lambda p, i: (p.a[i] <= 0) * 1.0),
         "d[a > 0] = 0 for d[a <= 0] = 0", "so-relu", R),
    Kind("relu mask by the gradient", ("relu_mask_on_gradient",),
         _step("local", lambda p, i, f: np.where(p.dh[i] > 0, p.dh[i], 0)), "dh[dh <= 0] = 0", "cs231n-2", R),
    Kind("relu for its derivative", ("relu_derivative_is_h",), _slope(lambda p, i: np.maximum(p.a[i], 0)),
         "dh * relu(a)", "so-relu", R),
    Kind("relu derivative left out", ("hidden_derivative_missing",), _slope(lambda p, i: np.ones_like(p.a[i])),
         "da = dh", "cs231n-1", R),
    Kind("mask of the next layer", ("slope_of_other_layer", "derivative_of_wrong_layer"),
         _slope(lambda p, i: (p.a[i + 1] > 0) * 1.0 if i + 2 <= p.depth else (p.a[i - 1] > 0) * 1.0),
         "the cache of another layer", "cs231n-2", R, deep=True, square=True),
    Kind("leaky slope for relu", ("leaky_slope_for_relu",), _slope(lambda p, i: np.where(p.a[i] > 0, 1, 0.01)),
         "where(a > 0, 1, 0.01) under a ReLU", "github", R),
    Kind("relu slope for leaky relu", ("relu_slope_used",), _slope(lambda p, i: (p.a[i] > 0) * 1.0),
         "(a > 0) under a leaky ReLU", "github", "leaky_relu"),
    Kind("another alpha", ("other_alpha",), _slope(lambda p, i: np.where(p.a[i] > 0, 1, 0.2)),
         "alpha 0.2 back, 0.01 forward", "github", "leaky_relu"),
    Kind("elu slope without + 1", ("elu_slope_is_h", "other_alpha"), _slope(lambda p, i: np.where(p.a[i] > 0, 1, p.h[i])),
         "where(a > 0, 1, h)", "github", "elu"),
    Kind("relu slope for elu", ("relu_slope_used", "leaky_slope_used"), _slope(lambda p, i: (p.a[i] > 0) * 1.0),
         "(a > 0) under an ELU", "github", "elu"),
    Kind("tanh' with plus", ("tanh_slope_sign",), _slope(lambda p, i: 1 + p.h[i] ** 2), "1 + h**2", "so", T),
    Kind("tanh' without square", ("one_minus_h",), _slope(lambda p, i: 1 - p.h[i]), "1 - h", "so", T),
    Kind("tanh' of a", ("one_minus_a_squared",), _slope(lambda p, i: 1 - p.a[i] ** 2), "1 - a**2", "dlai", T),
    Kind("tanh' of h", ("sigma_prime_of_activated",), _slope(lambda p, i: 1 - np.tanh(p.h[i]) ** 2),
         "dtanh(h) where dtanh takes a", "so", T),
    Kind("tanh' squared left out", ("square_left_out",), _slope(lambda p, i: 1 / np.cosh(p.a[i])), "1 / cosh(a)", "so", T),
    Kind("sigmoid' for tanh", ("sigmoid_rule_on_tanh",), _slope(lambda p, i: p.h[i] * (1 - p.h[i])), "h * (1 - h)", "so", T),
    Kind("tanh' for sigmoid", ("tanh_rule_on_sigmoid",), _slope(lambda p, i: 1 - p.h[i] ** 2), "1 - h**2", "so", S),
    Kind("sigmoid' of h", ("sigma_prime_of_activated",),
         _slope(lambda p, i: values(S, p.h[i]) * (1 - values(S, p.h[i]))), "dsigmoid(h)", "so-xor", S),
    Kind("sigmoid' of a", ("a_times_1_minus_a",), _slope(lambda p, i: p.a[i] * (1 - p.a[i])), "a * (1 - a)", "so-xor", S),
    Kind("sigmoid' with plus", ("sigmoid_slope_sign",), _slope(lambda p, i: p.h[i] * (1 + p.h[i])), "h * (1 + h)", "so", S),
    Kind("sigmoid for its derivative", ("sigma_for_sigma_prime_hidden",), _slope(lambda p, i: p.h[i]), "dh * h", "so-xor", S),
    Kind("sigmoid' left out", ("hidden_derivative_missing",), _slope(lambda p, i: np.ones_like(p.h[i])), "da = dh",
         "ng-ex4", S),
    Kind("sigmoid' twice", ("derivative_twice",), _slope(lambda p, i: (p.h[i] * (1 - p.h[i])) ** 2),
         "slope in the cache and again", "nielsen", S),
    Kind("sigmoid' halved", ("factor_left_out",), _slope(lambda p, i: 1 - p.h[i]), "1 - h", "so", S),
    Kind("slope of the layer before", ("derivative_of_layer_before", "derivative_of_wrong_layer", "slope_of_other_layer"),
         _slope(lambda p, i: SLOPES[S](p.a[i - 1], p.h[i - 1]) if i > 1 else SLOPES[S](p.a[2], p.h[2])),
         "cache of the neighbour", "nielsen", S, deep=True, square=True),
    # output and targets
    Kind("target not subtracted", ("target_not_subtracted",), _error(lambda p: p.h[-1] / p.n), "dscores = probs / N",
         "cs231n-1"),
    Kind("yhat + y", ("target_added",), _error(lambda p: (p.h[-1] + p.y) / p.n), "probs[range(N), y] += 1", "so-softmax"),
    Kind("labels off by one", ("targets_shifted",), _error(lambda p: (p.h[-1] - np.roll(p.y, 1, 1)) / p.n),
         "probs[range(N), y + 1] -= 1", "ng-ex4"),
    Kind("labels off by one downwards", ("targets_shifted",), _error(lambda p: (p.h[-1] - np.roll(p.y, -1, 1)) / p.n),
         "probs[range(N), y - 1] -= 1", "ng-ex4"),
    Kind("class numbers as targets", ("targets_as_numbers",), _error(lambda p: (p.h[-1] - _labels(p)) / p.n),
         "probs - y[:, None]", "so-softmax"),
    Kind("targets reversed", ("targets_of_other_examples",), _error(lambda p: (p.h[-1] - p.y[::-1]) / p.n),
         "y in another order than x", "so"),
    Kind("targets of the next example", ("targets_of_other_examples",),
         _error(lambda p: (p.h[-1] - np.roll(p.y, 1, 0)) / p.n), "shuffled x, rolled y", "so"),
    Kind("y - yhat", ("y_minus_yhat", "sign_lost", "error_sign"), _error(lambda p: (p.y - p.h[-1]) / p.n),
         "error = y - out, and W -= lr * dW", "so-xor"),
    Kind("softmax by its diagonal", ("softmax_cross_terms_dropped",), _error(_softmax_by_diagonal), "p * (1 - p) alone",
         "so-softmax"),
    Kind("softmax' once more", ("softmax_derivative_twice",),
         _error(lambda p: (p.h[-1] - p.y) / p.n * p.h[-1] * (1 - p.h[-1])), "(p - y) * p * (1 - p)", "so-softmax"),
    Kind("sigmoid' once more under bce", ("derivative_twice_bce", "error_times_output"),
         _error(lambda p: (p.h[-1] - p.y) / p.n * p.h[-1] * (1 - p.h[-1])), "(p - y) * p * (1 - p)", "dlai", output="sigmoid"),
    Kind("only the true class", ("only_true_class",), _error(lambda p: (p.h[-1] - 1) * p.y / p.n), "(p - 1) * y", "cs231n-1"),
    Kind("squared error", ("square_for_error",), _error(lambda p: (p.h[-1] - p.y) ** 2 / p.n), "(yhat - y)**2", "so",
         output="identity"),
    Kind("logits for outputs", ("logits_for_outputs",), _error(lambda p: (p.a[-1] - p.y) / p.n), "scores - y", "cs231n-1"),
    Kind("error averaged over outputs", ("mean_over_outputs", "mean_over_units"),
         _error(lambda p: (p.h[-1] - p.y) / p.n / p.k), "np.mean over both axes", "so-batch", output="identity"),
    Kind("2 of the square", ("factor_2", "factor_two"), _error(lambda p: 2 * (p.h[-1] - p.y) / p.n),
         "2 * (yhat - y) under 1/2", "so", output="identity"),
    Kind("half the gradient", ("factor_half",), _error(lambda p: (p.h[-1] - p.y) / p.n / 2), "/ (2 * m)", "dlai"),
    Kind("sum for mean", ("batch_sum_vs_mean",), _error(lambda p: p.h[-1] - p.y), "no / N", "cs231n-1"),
    Kind("1/n twice", ("mean_twice",), _error(lambda p: (p.h[-1] - p.y) / p.n**2), "/ N in the loss and in dscores",
         "cs231n-1"),
    Kind("log of base 10", ("log_base_10",), _error(lambda p: (p.h[-1] - p.y) / p.n / np.log(10)), "log10 in the loss", "so"),
    Kind("log of base 2", ("log_base_2",), _error(lambda p: (p.h[-1] - p.y) / p.n / np.log(2)), "log2 in the loss", "so"),
    Kind("divided by the wrong axis", ("mean_over_wrong_axis",),
         _error(lambda p: (p.h[-1] - p.y) / p.W[1].shape[1]), "m = X.shape[1]", "dlai"),
    Kind("n - 1 for n", ("n_minus_1",), _error(lambda p: (p.h[-1] - p.y) / (p.n - 1)), "/ (m - 1)", "so-batch"),
    # the batch
    Kind("only the last example", ("only_last_example", "examples_left_out"),
         _step("dW", _written_once, True), "dW = outer in a loop", "ng-ex4"),
    Kind("only the first example", ("only_first_example", "examples_left_out"),
         _step("dW", lambda p, i, f: np.outer(p.da[i][0], p.h[i - 1][0]), True), "X[0] in the loop", "ng-ex4"),
    Kind("last example missing", ("example_missing", "examples_left_out"),
         _step("dW", lambda p, i, f: p.da[i][:-1].T @ p.h[i - 1][:-1], True), "range(m - 1)", "ng-ex4"),
    Kind("last example without 1/n", ("only_last_example+batch_sum_vs_mean", "examples_left_out"),
         _step("dW", lambda p, i, f: p.n * np.outer(p.da[i][-1], p.h[i - 1][-1]), True), "dW = outer, never averaged", "nielsen"),
    Kind("1/n once more at a hidden layer", ("mean_twice",), _step("local", lambda p, i, f: f(i) / p.n),
         "dZ / m and dW / m", "dlai"),
    Kind("1/n once more in dW", ("mean_twice",), _step("dW", lambda p, i, f: f(i) / p.n, True), "dW / m of an averaged dZ", "dlai"),
    Kind("db averaged, dW summed", ("mean_twice",), _step("db", lambda p, i, f: p.da[i].mean(0), True), "mean for sum", "so-batch"),
    Kind("gradient not reset", ("factor_two",), _step("dW", _cumulated, True), "two batches without zero_grad", "torch"),
    Kind("examples mixed up", ("examples_mixed_up",), _step("dW", lambda p, i, f: p.da[i].T @ p.h[i - 1][::-1]),
         "cache in another order", "github"),
    Kind("mean before product", ("mean_before_product",),
         _step("dW", lambda p, i, f: np.outer(p.da[i].sum(0), p.h[i - 1].mean(0))), "mean(da) x mean(h)", "so-batch"),
    # biases
    Kind("db over everything", ("bias_summed_over_all",), _step("db", lambda p, i, f: np.full_like(p.b[i], p.da[i].sum())),
         "np.sum(dZ) without an axis", "dlai"),
    Kind("db over the wrong axis", ("wrong_axis",), _step("db", lambda p, i, f: p.da[i].sum(1)), "axis=1", "so-numpy",
         square=True, same=True),
    Kind("db of dh", ("dh_for_da", "divided_not_multiplied"), _step("db", lambda p, i, f: p.dh[i].sum(0)), "dh.sum(0)", "cs231n-2"),
    Kind("db of the last example", ("only_last_example", "examples_left_out"), _step("db", lambda p, i, f: p.da[i][-1]),
         "db = delta in a loop", "nielsen"),
    Kind("db times input", ("bias_times_input",), _step("db", lambda p, i, f: (p.da[i] * p.h[i - 1]).sum(0)), "delta * a", "so",
         square=True),
    # products
    Kind("a for h in dW", ("a_for_h_in_dW",), _step("dW", lambda p, i, f: p.da[i].T @ p.a[i - 1]), "cache of Z for A", "dlai",
         last=True),
    Kind("x for h in dW", ("input_x_for_h",), _step("dW", lambda p, i, f: p.da[i].T @ p.h[0]), "delta.T @ X at every layer", "so",
         square=True, last=True),
    Kind("dh for da in dW", ("dh_for_da", "hidden_derivative_missing", "divided_not_multiplied"),
         _step("dW", lambda p, i, f: p.dh[i].T @ p.h[i - 1]), "dh.T @ h", "cs231n-1"),
    Kind("dW transposed", ("outer_product_orientation", "outer_product_orientation_1"),
         _step("dW", lambda p, i, f: f(i).T), "outer(h, delta)", "nielsen", square=True),
    Kind("dW reshaped", ("reshaped_not_transposed", "outer_product_orientation", "outer_product_orientation_1"), _step("dW", lambda p, i, f: f(i).T.reshape(p.W[i].shape)),
         "reshape for .T", "so-numpy"),
    Kind("weights left out", ("weights_left_out",),
         _step("back", lambda p, i, f: p.da[i + 1].sum(1, keepdims=True) + np.zeros_like(p.h[i])), "delta.sum()", "so-xor"),
    Kind("weights not transposed", ("W_not_transposed_bwd",), _step("back", lambda p, i, f: p.da[i + 1] @ p.W[i + 1].T),
         "W for W.T", "so", square=True),
    Kind("weights of another layer", ("wrong_layer_weights",), _step("back", lambda p, i, f: p.da[i + 1] @ p.W[i]),
         "W[l] for W[l + 1]", "nielsen", square=True, deep=True),
    Kind("dh goes back for da", ("error_not_delta",),
         lambda p, at: _step("back", lambda p, i, f: p.dh[i + 1] @ p.W[i + 1])(p, min(at, p.depth - 2)),
         "the error, not the delta, goes back", "so-xor", S, deep=True),
    Kind("only one path", ("missed_paths_last_only", "missed_paths_first_only"),
         _step("back", lambda p, i, f: p.da[i + 1][:, -1:] @ p.W[i + 1][-1:]), "= for += over the next units", "so"),
    Kind("updated weights", ("updated_weights_used",), _early, "W -= lr * dW before going on", "so-xor"),
    Kind("weights squared", ("weights_squared",), _step("back", lambda p, i, f: p.da[i + 1] @ p.W[i + 1] ** 2), "W**2", "github"),
    # penalties
    Kind("l2 in the gradient", ("l2_penalty",), _regularised(lambda p: 0.05), "dW += reg * W, loss without it", "cs231n-1"),
    Kind("l2 over n", ("l2_penalty",), _regularised(lambda p: 0.7 / p.n), "dW += lambda / m * W", "ng-ex4"),
    Kind("l2 doubled", ("l2_penalty",), _regularised(lambda p: 2 * 0.3), "2 * reg * W", "cs231n-1"),
    Kind("l2 on the biases", ("l2_penalty_on_biases",),
         lambda p, at: _step("db", lambda p, i, f: f(i) + 0.1 * p.b[i], True)(p, at), "Theta[:, 0] is regularised too", "ng-ex4"),
    # loops and types
    Kind("last row never written", ("never_written",), _step("dW", _units_short), "range(m - 1) over the units", "so-numpy"),
    Kind("first column never written", ("never_written",), _step("dW", _columns_short), "range(1, n)", "ng-ex4"),
    Kind("all zeros", ("all_zeros",), _step("dW", lambda p, i, f: np.zeros_like(p.W[i])), "zeros_like, never filled", "so-numpy"),
    Kind("whole numbers", ("all_zeros", "whole_numbers"), _step("dW", lambda p, i, f: f(i).astype(int)),
         "np.zeros_like of an array of ints", "so-numpy"),
    Kind("rows reversed", ("rows_moved",), _step("dW", _wrong_row), "[::-1]", "github"),
    Kind("rounded to 2 decimals", ("rounded_off",), _step("dW", lambda p, i, f: np.round(f(i), 2)), "np.round", "github"),
    Kind("clipped", ("clipped",), _step("dW", lambda p, i, f: np.clip(f(i), -abs(f(i)).max() / 2, abs(f(i)).max() / 2)),
         "np.clip(dW, -c, c)", "github"),
    Kind("the rate in dW", ("rate_in_gradient", "factor_half"), _step("dW", lambda p, i, f: p.rate * f(i)), "lr in dW and in the step", "so"),
    Kind("weights for gradient", ("parameters_for_gradient",), _step("dW", lambda p, i, f: p.W[i]), "returns W", "github"),
    Kind("weights after the step", ("parameters_after_step",), _step("dW", lambda p, i, f: p.W[i] - p.rate * f(i)),
         "returns the new W", "github"),
    # two at once
    Kind("mask inverted and sum", ("relu_mask_inverted+batch_sum_vs_mean",),
         lambda p, at: _step("local", lambda p, i, f: p.n * p.dh[i] * (p.a[i] <= 0))(p, at), "two bugs", "so-relu", R),
    Kind("tanh' with plus, halved", ("tanh_slope_sign+factor_half",),
         _slope(lambda p, i: (1 + p.h[i] ** 2) / 2), "two bugs", "so", T),
    Kind("target added and sum", ("target_added+batch_sum_vs_mean",), _error(lambda p: p.h[-1] + p.y), "two bugs", "so-softmax"),
    Kind("l2 and sum", ("batch_sum_vs_mean+l2_penalty",),
         lambda p, at: _step("dW", lambda p, i, f: p.n * f(i) + 0.05 * p.W[i], True)(p, at), "two bugs", "cs231n-1"),
    # forward
    Kind("bias left out forward", ("bias_dropped",), _forget_bias, "W @ h", "so"),
    Kind("relu forward, tanh back", ("other_activation",), _other_forward(R), "np.maximum under tanh'", "github", T),
)  # fmt: skip
