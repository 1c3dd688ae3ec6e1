"""A gradient check that cannot fail is a defect: mistakes that people make are planted, and each must be found.

One row a mistake: the wrong equation, put in place of the right one, on the networks where people make it, all of
3 units a layer, so that a transpose has a fitting shape. The mistake must be found, and at the quantity
where it sits.

Left out: mistakes of the forward pass alone (W_transposed_fwd, bias_dropped, activation_skipped, sigmoid_exp_sign,
softmax_without_exp, sigmoid_for_softmax), which make another network with its own, right, gradients; and
those of the update (update_sign, lr_dropped, lr_twice), which come after the gradients.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

import chainrule
from chainrule.network import equations
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.losses import LOSSES
from chainrule.network.outputs import OUTPUTS
from chainrule.network.pairs import PAIRS
from tests.support.sample import half

SSE, CE, BCE, RELU = "sig-sig-sse", "sig-softmax-ce", "sig-sig-bce", "relu-linear-sse"
ALL = (SSE, CE, RELU)
SPEC = {
    SSE: ("sigmoid", "sigmoid", "half_squared_error"),
    CE: ("sigmoid", "softmax", "cross_entropy"),
    BCE: ("sigmoid", "sigmoid", "binary_cross_entropy"),
    RELU: ("relu", "identity", "half_squared_error"),
}
RATE = 0.5
sigmoid, sigmoid_slope = ACTIVATIONS["sigmoid"].g, ACTIVATIONS["sigmoid"].dg


def question(spec, depth, n):
    """A network with x and y; for n = 1 one example without an axis. The same numbers every time."""
    hidden, output, loss = SPEC[spec]
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=(3, 3)) for _ in range(depth)]
    biases = [rng.normal(size=3) + (hidden == "relu") for _ in range(depth)]
    network = chainrule.Network(weights, biases, hidden, output, loss)
    x = rng.normal(size=(n, 3))
    y = np.eye(3)[rng.permutation(3)[np.arange(n) % 3]] if spec in (CE, BCE) else rng.uniform(size=(n, 3))
    return network, (x[0] if n == 1 else x), (y[0] if n == 1 else y)


@dataclass(frozen=True)
class World:
    """What a wrong equation may look at: the right pass, made before anything was planted."""

    patch: pytest.MonkeyPatch
    right: chainrule.Backward

    def weight_layer(self, W):
        return next(i for i, own in enumerate(self.right.forward.network.weights) if np.array_equal(own, W))

    def gradient_layer(self, grad_a):
        return next(i for i, own in enumerate(self.right.grad_a) if np.array_equal(own, grad_a))

    def slope_layer(self, slope):
        a = self.right.forward.a[:-1]
        return next(i for i, own in enumerate(a) if np.array_equal(sigmoid_slope(own), slope))

    @property
    def errors(self):
        """c_n (yhat - y)"""
        return self.right.coefficients[:, None] * (self.right.forward.yhat - self.right.y)


# ---------------------------------------------------------------- places to plant a mistake in


def in_equation(name, wrong):
    """``wrong`` gets the world and what the equation gets."""
    return lambda world: world.patch.setattr(equations, name, lambda *given: wrong(world, *given))


def in_weight(wrong):
    """``wrong`` gets the world, the layer counted from 0, grad A and H."""
    return in_equation("weight_batch", lambda w, g, h: wrong(w, w.gradient_layer(g), g, h))


def in_bias(wrong):
    return in_equation("bias_batch", lambda w, g: wrong(w, w.gradient_layer(g), g).sum(axis=0))


def in_hidden(wrong):
    return in_equation("hidden_batch", wrong)


def in_slope(name, wrong):
    """g' of the hidden layers."""
    return lambda world: world.patch.setitem(ACTIVATIONS, name, replace(ACTIVATIONS[name], dg=wrong))


def in_output_slope(wrong):
    """g' of the output."""
    row = OUTPUTS["sigmoid"]
    return lambda world: world.patch.setitem(OUTPUTS, "sigmoid", replace(row, rule=replace(row.rule, dg=wrong)))


def in_pair(pair, wrong):
    return lambda world: world.patch.setitem(PAIRS, pair, replace(PAIRS[pair], gradient=wrong))


def in_loss(name, **wrong):
    """Value or gradient of a loss, on the general path: its declared pairs are taken away."""

    def plant(world):
        for pair in [pair for pair in PAIRS if pair[0] == name]:
            world.patch.delitem(PAIRS, pair)
        world.patch.setitem(LOSSES, name, replace(LOSSES[name], **wrong))

    return plant


def scaled_loss(name, factor):
    """The loss alone is wrong; the gradient is then not that of the loss reported."""
    value = LOSSES[name].value
    return in_loss(name, value=lambda p, y: factor(p) * value(p, y))


def each(*plants):
    """One mistake in several losses: only the network's own is used."""
    return lambda world: [plant(world) for plant in plants]


SOFTMAX_CE, SIGMOID_BCE, HALF = ("cross_entropy", "softmax"), ("binary_cross_entropy", "sigmoid"), "half_squared_error"


def softmax_pull(p, g):
    return p * (g - (g * p).sum(axis=1, keepdims=True))


def logits_pull(a, y, p):
    """J with a in the place of yhat, applied to -y / yhat."""
    g = -y / p
    return a * g - a * (a * g).sum(axis=1, keepdims=True)


def by_unit(g, own):
    """A row for each unit, the same number for every input."""
    return np.repeat((g * own).sum(axis=0)[:, None], 3, axis=1)


# ---------------------------------------------------------------- the mistakes


@dataclass(frozen=True)
class Mistake:
    """``at``: where it shows first, with L the last layer and K the one before."""

    at: str
    networks: tuple[str, ...]
    plant: Callable[[World], object]


MISTAKES = {
    "log_base_10": Mistake(
        "yhat", (CE, BCE), each(*(scaled_loss(name, lambda p: 1 / np.log(10)) for name, _ in (SOFTMAX_CE, SIGMOID_BCE)))
    ),
    "half_missing_in_L": Mistake("yhat", (SSE, RELU), scaled_loss(HALF, lambda p: 2)),
    "mean_for_sum_outputs": Mistake("yhat", (SSE, RELU), scaled_loss(HALF, lambda p: 1 / p.shape[1])),
    "factor_2": Mistake("yhat", (SSE, RELU), in_loss(HALF, gradient=lambda p, y: 2 * (p - y))),
    "error_sign": Mistake("yhat", (SSE, RELU), in_loss(HALF, gradient=lambda p, y: y - p)),
    "ce_sign": Mistake("yhat", (CE,), in_loss("cross_entropy", gradient=lambda p, y: y / p)),
    "bce_second_term_sign": Mistake(
        "yhat", (BCE,), in_loss("binary_cross_entropy", gradient=lambda p, y: -(y / p + (1 - y) / (1 - p)))
    ),
    "ce_used_for_bce": Mistake("yhat", (BCE,), in_loss("binary_cross_entropy", gradient=lambda p, y: -y / p)),
    "output_derivative_missing": Mistake("a_L", (SSE,), in_output_slope(np.ones_like)),
    "softmax_cross_terms_dropped": Mistake("a_L", (CE,), in_pair(SOFTMAX_CE, lambda a, p, y: -(y / p) * p * (1 - p))),
    "softmax_derivative_twice": Mistake("a_L", (CE,), in_pair(SOFTMAX_CE, lambda a, p, y: (p - y) * p * (1 - p))),
    "softmax_jacobian_twice": Mistake("a_L", (CE,), in_pair(SOFTMAX_CE, lambda a, p, y: softmax_pull(p, p - y))),
    "logits_in_softmax_jacobian": Mistake("a_L", (CE,), in_pair(SOFTMAX_CE, lambda a, p, y: logits_pull(a, y, p))),
    "derivative_twice_bce": Mistake("a_L", (BCE,), in_pair(SIGMOID_BCE, lambda a, p, y: (p - y) * sigmoid_slope(a))),
    "y_minus_yhat": Mistake(
        "a_L", (CE, BCE), each(*(in_pair(pair, lambda a, p, y: y - p) for pair in (SOFTMAX_CE, SIGMOID_BCE)))
    ),
    "sigma_for_sigma_prime": Mistake("a_L", (SSE,), in_output_slope(sigmoid)),
    "sigma_prime_of_activated": Mistake("a_L", (SSE,), in_output_slope(lambda a: sigmoid_slope(sigmoid(a)))),
    "a_times_1_minus_a": Mistake("a_L", (SSE,), in_output_slope(lambda a: a * (1 - a))),
    "tanh_rule_on_sigmoid": Mistake("a_L", (SSE,), in_output_slope(lambda a: 1 - sigmoid(a) ** 2)),
    "outer_product_orientation": Mistake("W_L", ALL, in_weight(lambda w, i, g, h: h.T @ g)),
    "a_for_h_in_dW": Mistake("W_L", ALL, in_weight(lambda w, i, g, h: g.T @ (w.right.forward.a[i - 1] if i else h))),
    "own_output_for_input": Mistake(
        "W_L", (SSE, CE), in_weight(lambda w, i, g, h: by_unit(g, w.right.forward.h[i + 1]))
    ),
    "input_x_for_h": Mistake("W_L", ALL, in_weight(lambda w, i, g, h: g.T @ w.right.forward.x)),
    "weight_times_gradient": Mistake(
        "W_L", ALL, in_weight(lambda w, i, g, h: g.T @ h * w.right.forward.network.weights[i])
    ),
    "divided_not_multiplied": Mistake("W_L", (SSE, CE), in_weight(lambda w, i, g, h: g.T @ (1 / h))),
    "bias_times_input": Mistake("b_L", ALL, in_bias(lambda w, i, g: g * w.right.forward.h[i])),
    "bias_times_bias": Mistake("b_L", ALL, in_bias(lambda w, i, g: g * w.right.forward.network.biases[i])),
    "W_not_transposed_bwd": Mistake("h_K", ALL, in_hidden(lambda w, W, g: g @ W.T)),
    "missed_paths_diagonal": Mistake("h_K", ALL, in_hidden(lambda w, W, g: g * np.diag(W))),
    "missed_paths_first_only": Mistake("h_K", ALL, in_hidden(lambda w, W, g: g[:, :1] @ W[:1])),
    "missed_last_path": Mistake("h_K", ALL, in_hidden(lambda w, W, g: g[:, :-1] @ W[:-1])),
    "updated_weights_used": Mistake(
        "h_K", ALL, in_hidden(lambda w, W, g: g @ (W - RATE * w.right.grad_W[w.weight_layer(W)]))
    ),
    "error_not_delta": Mistake(
        "h_K",
        (SSE,),
        in_hidden(lambda w, W, g: (w.errors if w.weight_layer(W) == len(w.right.grad_W) - 1 else g) @ W),
    ),
    "wrong_layer_weights": Mistake(
        "h_K", ALL, in_hidden(lambda w, W, g: g @ w.right.forward.network.weights[max(w.weight_layer(W) - 1, 0)])
    ),
    "division_by_weight": Mistake("h_K", (SSE, CE), in_hidden(lambda w, W, g: g @ (1 / W))),
    "hidden_derivative_missing": Mistake("a_K", ALL, in_equation("pre_grad", lambda w, g, slope: g)),
    "sigma_for_sigma_prime_hidden": Mistake("a_K", (SSE, CE), in_slope("sigmoid", sigmoid)),
    "derivative_of_wrong_layer": Mistake(
        "a_K",
        (SSE,),
        in_equation("pre_grad", lambda w, g, s: g * sigmoid_slope(w.right.forward.a[w.slope_layer(s) + 1])),
    ),
    "relu_derivative_is_h": Mistake("a_K", (RELU,), in_slope("relu", ACTIVATIONS["relu"].g)),
    "relu_mask_on_gradient": Mistake("a_K", (RELU,), in_equation("pre_grad", lambda w, g, slope: np.maximum(g, 0))),
    "h_for_x_in_dW1": Mistake("W_1", ALL, in_weight(lambda w, i, g, h: g.T @ (h if i else w.right.forward.h[1]))),
    "outer_product_orientation_1": Mistake("W_1", ALL, in_weight(lambda w, i, g, h: g.T @ h if i else h.T @ g)),
}
PLACES = [
    pytest.param(name, network, id=f"{name}-{network}")
    for name, mistake in MISTAKES.items()
    for network in mistake.networks
]
SIZES = [(2, 1), (2, 5), (4, 1), (4, 5)]  # layers, examples


@pytest.mark.parametrize(("name", "network"), PLACES)
def test_the_check_finds_the_mistake_where_it_sits(name, network, monkeypatch):
    for depth, n in half(SIZES, name, str(network)):
        with monkeypatch.context() as patch:
            net, x, y = question(network, depth, n)
            MISTAKES[name].plant(World(patch, net.backward(x, y)))
            net, x, y = question(network, depth, n)  # again: a network keeps the rules it was made with
            found = chainrule.check_gradients(net, x, y)
        assert not found.ok
        expected = MISTAKES[name].at.replace("L", str(depth)).replace("K", str(depth - 1))
        assert found.first_wrong == f"dL/d{expected}", f"{depth} layers, {n} examples\n{found}"
        assert found.wrong[0].name.startswith(f"dL/d{expected}")


@pytest.mark.parametrize("network", SPEC)
def test_with_nothing_planted_everything_is_right(network):
    for depth, n in SIZES:
        net, x, y = question(network, depth, n)
        for method in ("complex", "central"):
            found = chainrule.check_gradients(net, x, y, method=method)
            assert found.ok, found
            assert found.first_wrong is None
            assert found.wrong == ()


# ---------------------------------------------------------------- gradients of somebody's own code

STRUCTURAL = {
    "batch_sum_vs_mean": lambda b: b.forward.n * b["dL/dW_1"],
    "gradient_of_output_not_loss": lambda b: b["dyhat_1/dW_1"].mean(axis=0),
    "grad_not_reset": lambda b: 2 * b["dL/dW_1"],
    "sign_lost": lambda b: np.abs(b["dL/dW_1"]),
}


@pytest.mark.parametrize("name", STRUCTURAL)
def test_the_check_finds_mistakes_around_the_equations(name):
    net, x, y = question(SSE, 3, 5)
    given = {"dL/dW_2": net.backward(x, y)["dL/dW_2"], "dL/dW_1": STRUCTURAL[name](net.backward(x, y))}
    assert chainrule.check_gradients(net, x, y, gradients=given).first_wrong == "dL/dW_1"


@pytest.mark.parametrize("method", ["complex", "central"])
def test_a_small_entry_of_the_wrong_sign_is_found_beside_an_entry_of_1(method):
    net = chainrule.Network([[[1.0, 0.5]]], None, output="identity", loss="half_squared_error")
    x, y = [1.0, 3e-7], 0.5 * 3e-7  # yhat - y = 1, so that dL/dW_1 is x
    assert chainrule.check_gradients(net, x, y, gradients={"dL/dW_1": [[1.0, 3e-7]]}, method=method).ok
    found = chainrule.check_gradients(net, x, y, gradients={"dL/dW_1": [[1.0, -3e-7]]}, method=method)
    assert [(entry.name, entry.backward) for entry in found.wrong] == [("dL/dW_112", -3e-7)]


def test_one_flipped_sign_among_200_000_entries_is_found_and_named():
    net = chainrule.Network.random([320, 640, 3], "tanh", seed=0)
    x, y = np.random.default_rng(0).normal(size=(4, 320)), [0, 1, 2, 0]
    gradient = net.backward(x, y)["dL/dW_1"]
    assert gradient.size > 200_000
    assert chainrule.check_gradients(net, x, y, gradients={"dL/dW_1": gradient}, entries=10).ok
    order = np.argsort(np.abs(gradient), axis=None)
    for place in order[[-1, order.size // 2, order.size // 1000]]:  # the largest, the median, one of the smallest
        m, j = np.unravel_index(place, gradient.shape)
        flipped = gradient.copy()
        flipped[m, j] *= -1
        found = chainrule.check_gradients(net, x, y, gradients={"dL/dW_1": flipped}, entries=10)
        assert [entry.name for entry in found.wrong] == [f"dL/dW_1,{m + 1},{j + 1}"]
