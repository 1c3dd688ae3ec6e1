"""Kinds of bug that single public reports are of, each with its address."""

from __future__ import annotations

import numpy as np

from trials.bugs.passes import values
from trials.bugs.steps import (
    Kind,
    R,
    S,
    T,
    all,
    error,
    in_the_loop,
    not_reset,
    shares_of_weights,
    shifted_columns,
    slope,
    step,
)

_GITHUB = {
    "autograd-317": ("HIPS/autograd", 317),
    "brain-560": ("BrainJS/brain.js", 560),
    "aidotnet-185": ("ooples/AiDotNet.Tensors", 185),
    "tinytorch-1399": ("harvard-edge/cs249r_book", 1399),
    "rubix-437": ("RubixML/ML", 437),
    "pytorch-110815": ("pytorch/pytorch", 110815),
    "rust-ml-3": ("neowsl/rust-ml", 3),
    "neuroph-37": ("neuroph/neuroph", 37),
    "lossfunctions-135": ("JuliaML/LossFunctions.jl", 135),
    "deepsets-1": ("manzilzaheer/DeepSets", 1),
    "conve-55": ("TimDettmers/ConvE", 55),
    "randaugment-30": ("ildoonet/pytorch-randaugment", 30),
    "dqn-16": ("devsisters/DQN-tensorflow", 16),
    "on-policy-47": ("marlbenchmark/on-policy", 47),
    "skordinal-122": ("ayrna/skordinal", 122),
    "mxnet-4594": ("apache/mxnet", 4594),
    "mxnet-11466": ("apache/mxnet", 11466),
    "bleep-5": ("bowang-lab/BLEEP", 5),
    "sdc-1326": ("udacity/sdc-issue-reports", 1326),
    "d2l-java-202": ("deepjavalibrary/d2l-java", 202),
    "nielsen-50": ("mnielsen/neural-networks-and-deep-learning", 50),
    "aprender-2182": ("paiml/aprender", 2182),
    "ng-1": ("AvaisP/machine-learning-programming-assignments-coursera-andrew-ng", 1),
    "simd-17": ("oysteijo/simd_neuralnet", 17),
    "numpy-ml-94": ("ddbourgin/numpy-ml", 94),
    "apex-816": ("NVIDIA/apex", 816),
    "theanets-123": ("lmjohns3/theanets", 123),
    "smile-528": ("haifengl/smile", 528),
    "dlv2-409": ("udacity/deep-learning-v2-pytorch", 409),
    "numpy-nn-3": ("yizt/numpy_neural_network", 3),
    "glove-6": ("hans/glove.py", 6),
    "mnist-1": ("louisjc/mnist-neural-network", 1),
    "zig-5": ("SilasMarvin/dnns-from-scratch-in-zig", 5),
    "makeyourown-88": ("makeyourownneuralnetwork/makeyourownneuralnetwork", 88),
}
#: key -> where the report is
ADDRESSES = {key: f"GitHub, {name}, https://github.com/{name}/issues/{n}" for key, (name, n) in _GITHUB.items()} | {
    "none": "no report: a slip like those of other rows, made up",
    "so-12558517": "Stack Overflow, https://stackoverflow.com/questions/12558517",
    "nemotron": "“Backpropagation demo gives always the same result after training”, a question on Stack Exchange, in "
    "https://huggingface.co/datasets/nvidia/Nemotron-CC-Math-v1",
}
G, U, L2 = "gelu", "silu", "leaky_relu"


def sigmoid(a: np.ndarray) -> np.ndarray:
    return values(S, a)


def gelu_by_tanh(a: np.ndarray) -> np.ndarray:
    u, du = np.sqrt(2 / np.pi) * (a + 0.044715 * a**3), np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * a**2)
    return (1 + np.tanh(u)) / 2 + a * (1 - np.tanh(u) ** 2) * du / 2


def gelu_by_sigmoid(a: np.ndarray) -> np.ndarray:
    s = sigmoid(1.702 * a)
    return s + 1.702 * a * s * (1 - s)


def forward(name: str, new):
    """Another step of the forward pass."""

    def apply(p, at) -> None:
        right = getattr(p, name)
        setattr(p, name, lambda i: new(p, i) if i == at else right(i))

    return apply


def threshold(p, at) -> None:
    """ReLU from 0.4 on, forward and back."""
    all(forward("act", lambda p, i: np.where(p.a[i] > 0.4, p.a[i], 0)), slope(lambda p, i: (p.a[i] > 0.4) * 1.0))(p, at)


def sides(p, at) -> None:
    """A leaky ReLU that leaks on the right."""
    all(
        forward("act", lambda p, i: np.where(p.a[i] < 0, 0, 0.01 * p.a[i])),
        slope(lambda p, i: np.where(p.a[i] < 0, 0, 0.01)),
    )(p, at)


def half_tanh(p, at) -> None:
    """(1 - exp(-a)) / (1 + exp(-a)) for tanh."""
    all(forward("act", lambda p, i: np.tanh(p.a[i] / 2)), slope(lambda p, i: 1 - p.h[i] ** 2))(p, at)


def temperature(t: float, back: bool):
    """Logits divided by a temperature."""

    def apply(p, at) -> None:
        act = p.act
        p.act = lambda i: values("softmax", p.a[i] / t) if i == p.depth else act(i)
        if back:
            p.error = lambda: (p.h[-1] - p.y) / p.n / t

    return apply


def through(new):
    """The derivative of the cross-entropy, changed, through the softmax."""

    def apply(p, at) -> None:
        def local() -> np.ndarray:
            g, h = new(p) / p.n, p.h[-1]
            return h * (g - (g * h).sum(1, keepdims=True))

        p.error = local

    return apply


def shares(new):
    """Each example counts so often."""

    def apply(p, at) -> None:
        right = p.error
        p.error = lambda: right() * new(p)[:, None]

    return apply


def repeated(p) -> np.ndarray:
    times = np.ones(p.n)
    times[0], times[1] = 2, 0
    return times


def shuffled(p) -> np.ndarray:
    order = np.random.default_rng(3).permutation(p.n)
    return (p.h[-1] - p.y[order]) / p.n


def dropout(p, at) -> None:
    """A mask in one layer, forward and back."""
    act, local = p.act, p.local
    p.mask = (np.random.default_rng(2).random((p.n, p.W[at].shape[0])) < 0.6) / 0.6
    p.act = lambda i: act(i) * p.mask if i == at else act(i)
    p.local = lambda i: local(i) * p.mask if i == at else local(i)
    p.slope = _before_dropout(p, at)
    p.shown = [at]


def _before_dropout(p, at):
    right = p.slope

    def of(i: int) -> np.ndarray:
        if i != at:
            return right(i)
        h, p.h[i] = p.h[i], values(p.names[i], p.a[i])
        found = right(i)
        p.h[i] = h
        return found

    return of


def masked_back(new):
    """Another mask going back."""
    return step("local", lambda p, i, f: p.dh[i] * p.slope(i) * new(p))


def after_a_step(p, at) -> None:
    """The gradient at weights that a step has changed already."""
    from trials.bugs.passes import Pass

    first = Pass(p.s)
    found = first.run()
    p.W = [p.W[0], *(W - 0.07 * found[f"dL/dW_{i}"] for i, W in enumerate(p.W) if i)]
    p.b = [p.b[0], *(b - 0.07 * found[f"dL/db_{i}"] for i, b in enumerate(p.b) if i)]


def moved(array: np.ndarray) -> np.ndarray:
    return np.roll(array, 1, axis=1)


REPORTS: tuple[Kind, ...] = (
    Kind("gelu' of another approximation", ("approximate_gelu",), slope(lambda p, i: gelu_by_sigmoid(p.a[i])),
         "a * sigmoid(1.702 * a) back", "tinytorch-1399", G),
    Kind("gelu' by tanh", ("approximate_gelu",), slope(lambda p, i: gelu_by_tanh(p.a[i])), "tanh back, erf forward",
         "tinytorch-1399", G),
    Kind("gelu' without its second term", ("product_rule_half",),
         slope(lambda p, i: np.where(p.a[i] == 0, 0.5, p.h[i] / p.a[i])), "Phi(a) for Phi(a) + a * phi(a)",
         "none", G),
    Kind("silu' with a for its second term", ("product_rule_factor",), slope(lambda p, i: sigmoid(p.a[i]) + p.a[i]),
         "sigma + a", "rubix-437", U),
    Kind("silu' of its own value", ("slope_by_h_of_h",),
         slope(lambda p, i: p.h[i] + sigmoid(p.h[i]) * (1 - p.h[i])), "y + sigma(y) * (1 - y)", "pytorch-110815", U),
    Kind("tanh' as arctan'", ("arctan_slope_used",), slope(lambda p, i: 1 / (1 + p.a[i] ** 2)), "1 / (1 + a**2)",
         "rust-ml-3", T),
    Kind("slope at the layer's input", ("slope_at_input",), slope(lambda p, i: 1 - np.tanh(p.h[i - 1]) ** 2),
         "dtanh(x) for dtanh(W x + b)", "aidotnet-185", T, square=True),
    Kind("relu threshold going back", ("threshold",), slope(lambda p, i: (p.a[i] > 0.4) * 1.0), "a > 0.4",
         "none", R),
    Kind("relu threshold", ("threshold",), threshold, "a > 0.4 in both passes", "none", R),
    Kind("leaky sides swapped in both passes", ("leaky_sides_swapped",), sides, "0 if a < 0 else alpha * a",
         "brain-560", L2),
    Kind("half of tanh", ("activation_scaled",), half_tanh, "exp(-a) for exp(-2a)", "autograd-317", T),
    Kind("softmax' without yhat", ("softmax_factor_left_out",),
         error(lambda p: -p.y / p.h[-1] * (1 - p.h[-1]) / p.n), "1 * (1 - output)", "neuroph-37"),
    Kind("yhat (1 - yhat) for the loss's derivative", ("slope_for_loss_gradient",),
         error(lambda p: (p.h[-1] * (1 - p.h[-1])) ** 2 / p.n), "output * (1 - output) as the derivative of the loss",
         "lossfunctions-135", output="sigmoid"),
    Kind("a table of predictions and targets", ("outputs_averaged",), error(lambda p: (p.h[-1].mean(0) - p.y) / p.n),
         "(n, 1) - (n,)", "deepsets-1", output="identity"),
    Kind("smoothing adds 1/K", ("targets_rescaled",), error(lambda p: (p.h[-1] - 0.9 * p.y - 1 / p.k) / p.n),
         "(1 - eps) * y + 1 / K", "conve-55"),
    Kind("smoothing by eps/K", ("targets_rescaled",),
         error(lambda p: (p.h[-1] - (1 - 0.1 / p.k) * p.y - 0.1 / p.k) / p.n), "(1 - eps / K) * y + eps / K",
         "randaugment-30"),
    Kind("errors cut off", ("error_cut_off",),
         error(lambda p: np.where(abs(p.h[-1] - p.y) < 1, p.h[-1] - p.y, 0) / p.n), "clip(error) before the square",
         "dqn-16", output="identity"),
    Kind("huber on one side", ("huber_one_sided",),
         error(lambda p: np.where(p.h[-1] - p.y < -1, 0, np.clip(p.h[-1] - p.y, -1, 1)) / p.n), "e > delta for |e|",
         "on-policy-47", output="identity", other_loss="huber"),
    Kind("probabilities floored", ("output_floored",), through(lambda p: -p.y / np.maximum(p.h[-1], 0.2)),
         "-y / max(p, floor)", "skordinal-122"),
    Kind("epsilon in the derivative of the loss", ("epsilon_in_denominator",),
         through(lambda p: -p.y / (p.h[-1] + 0.01)), "-y / (p + eps)", "mxnet-4594"),
    Kind("a temperature forward only", ("softmax_temperature",), temperature(2.5, False), "softmax(a / T), p - y",
         "mxnet-11466"),
    Kind("a temperature", ("softmax_temperature",), temperature(0.7, True), "softmax(a / T), (p - y) / T", "bleep-5"),
    Kind("targets shuffled", ("targets_of_other_examples",), error(shuffled), "x and y shuffled each on its own",
         "sdc-1326", few=True),
    Kind("sums never cleared", ("sum_not_cleared",), shares(lambda p: np.arange(p.n, 0, -1.0)),
         "gradients added up for each example, without clearing", "d2l-java-202"),
    Kind("an example twice, another lost", ("examples_repeated",), shares(repeated),
         "random.shuffle of an array", "nielsen-50"),
    Kind("a running mean over the examples", ("running_mean",),
         shares(lambda p: p.n * 0.1 * 0.9 ** np.arange(p.n)[::-1]), "m = 0.9 * m + 0.1 * g", "none"),
    Kind("weights for inputs in dW", ("weights_for_inputs",),
         step("dW", lambda p, i, f: p.da[i].sum(0)[:, None] * p.W[i]), "delta * w for delta * x", "nemotron"),
    Kind("the bias column kept", ("bias_column_kept",),
         step("back", lambda p, i, f: p.da[i + 1] @ np.c_[p.b[i + 1], p.W[i + 1]][:, :-1]),
         "Theta' * delta, without the last row", "ng-1"),
    Kind("units change places going back", ("units_moved", "columns_moved"), step("back", lambda p, i, f: moved(f(i))),
         "dh of the unit before", "none"),
    Kind("slopes of other units", ("units_moved",), step("local", lambda p, i, f: p.dh[i] * moved(p.slope(i))),
         "the slope of the unit before", "none", T),
    Kind("gradient after a step", ("gradient_after_step",), after_a_step, "the look-ahead of Nesterov's momentum",
         "simd-17"),
    Kind("not transposed, and h for the slope",
         ("sigma_for_sigma_prime_hidden+W_not_transposed_bwd", "W_not_transposed_bwd"),
         lambda p, at: all(step("back", lambda p, i, f: p.da[i + 1] @ p.W[i + 1].T), slope(lambda p, i: p.h[i]))(p, at),
         "two bugs", "none", S, square=True),
    Kind("targets shifted, absolute errors", ("absolute_value+targets_shifted",),
         error(lambda p: abs(p.h[-1] - np.roll(p.y, 1, 1)) / p.n), "two bugs", "none"),
    Kind("dropout without its mask going back", ("dropout_mask_missing+dropout_scale",), masked_back(lambda p: 1 / 0.6),
         "dLdy / (1 - p)", "numpy-ml-94", T, base=dropout),
    Kind("dropout scaled by p", ("dropout_scale",), masked_back(lambda p: 0.4 * (p.mask > 0)), "p for 1 / (1 - p)",
         "apex-816", T, base=dropout),
    Kind("dropout divided by p", ("dropout_scale", "factor_half+mean_over_outputs", "constant_factor"),
         masked_back(lambda p: (p.mask > 0) / 0.4), "/ p for / (1 - p)", "theanets-123", T, base=dropout),
    Kind("another dropout mask going back", ("other_mask",), masked_back(lambda p: moved(p.mask)), "a mask drawn anew",
         "none", T, base=dropout, few=True),
    Kind("one example's weight for all", ("examples_weighted_alike",),
         shares(lambda p: p.s.weights[0] / p.s.weights), "upstream[0] for upstream[b]", "aprender-2182", weighted=True),
    Kind("0 and 1 overwrite the gradient", ("gradient_left_out",), step("local", lambda p, i, f: p.slope(i)),
         "g[i] = where(u > 0, 1, 0)", "smile-528", R),
    Kind("the slope overwrites the gradient", ("gradient_left_out",), step("local", lambda p, i, f: p.slope(i)),
         "delta = h * (1 - h)", "smile-528", S),
    Kind("inputs twice", ("input_twice",), step("dW", lambda p, i, f: p.da[i].T @ p.h[i - 1] ** 2),
         "error_term * x, where error_term has x", "dlv2-409", last=True),
    Kind("inputs left out", ("input_left_out",),
         step("dW", lambda p, i, f: p.da[i].T @ np.ones_like(p.h[i - 1])), "delta for every weight", "so-12558517", S),
    Kind("inputs left out, h for the slope",
         ("sigma_for_sigma_prime_hidden+input_left_out", "sigma_for_sigma_prime_hidden"),
         all(step("dW", lambda p, i, f: p.da[i].T @ np.ones_like(p.h[i - 1])), slope(lambda p, i: p.h[i])),
         "two bugs", "none", S),
    Kind("sigmoid's backward of the gradient", ("slope_at_gradient",),
         step("local", lambda p, i, f: sigmoid(1 - sigmoid(p.dh[i]))), "sigmoid(1 - sigmoid(dz))", "numpy-nn-3", S),
    Kind("tanh's backward of the gradient", ("slope_at_gradient",),
         step("local", lambda p, i, f: p.dh[i] * (1 - np.tanh(np.tanh(p.dh[i])) ** 2)), "dz * (1 - tanh(dz)^2)", "none",
         T),
    Kind("a step within the loop", ("updated_in_loop",), in_the_loop, "W -= rate * dW inside for x, y in data",
         "glove-6", few=True),
    Kind("gradients of two steps", ("gradient_not_reset",), not_reset, "dW += between two steps", "torch", few=True),
    Kind("the last column of weights and biases kept", ("bias_column_kept",),
         step("back", lambda p, i, f: p.da[i + 1] @ shifted_columns(p, i)), "np.delete(W2, 0, 1), the bias at the end",
         "mnist-1", S),
    Kind("weights as shares", ("weights_as_shares",),
         step("back", lambda p, i, f: p.da[i + 1] @ shares_of_weights(p, i)), "errors split by w / sum(w)",
         "makeyourown-88", S),
    Kind("the leaky slope alone", ("kink_by_parts", "number_below"),
         step("local", lambda p, i, f: np.where(p.a[i] > 0, p.dh[i], 0.01)), "out = 0.01 for 0.01 * grad", "zig-5", L2),
    Kind("a number below 0", ("number_below",), step("local", lambda p, i, f: np.where(p.a[i] > 0, p.dh[i], 0.2)),
         "grad[z < 0] = 0.2", "none", R),
    Kind("errors of the unit before, absolute inputs", ("error_of_unit_before+input_absolute",),
         step("dW", lambda p, i, f: np.roll(p.da[i], 1, 1).T @ abs(p.h[i - 1])), "two bugs", "none", last=True),
    Kind("a column of ones kept in dW", ("bias_column_in_dW",),
         step("dW", lambda p, i, f: p.da[i].T @ np.c_[np.ones(p.n), p.h[i - 1]][:, :-1]), "(delta.T @ [1, h])[:, :-1]",
         "mnist-1", last=True),
    Kind("the layer after is still in it", ("layers_added_up",),
         step("dW", lambda p, i, f: f(i) + p.dW(i + 1) if i < p.depth else f(i)), "one buffer, +=", "none",
         square=True),
    Kind("first row never written", ("never_written",),
         step("dW", lambda p, i, f: f(i) * (np.arange(len(p.W[i])) > 0)[:, None]), "range(1, m) over the units",
         "none"),
)  # fmt: skip
