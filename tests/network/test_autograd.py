"""Against HIPS autograd: a network written once more, in autograd's numpy, and differentiated by autograd.

Nothing of chainrule computes a value here: it draws the networks, and says how large the paths are
that rounding is in proportion to. Gradients by pre-activations and by hidden units are gradients by offsets of 0 that
are added to them.
"""

import autograd.numpy as anp
import pytest
from autograd import value_and_grad
from autograd.scipy.special import erfc
from hypothesis import given
from hypothesis import strategies as st

from chainrule.network.activations import ACTIVATIONS
from chainrule.network.losses import LOSSES
from chainrule.network.outputs import OUTPUTS
from tests.support import formulas
from tests.support.sample import draws
from tests.support.strategies import LOSS_OUTPUT, assert_agree, cases, gradients_of, loss_output_of, sums_of_paths

RTOL = 1e-10


def logistic(a):
    return 1 / (1 + anp.exp(-a))


def softmax(a):
    powers = anp.exp(a)
    return powers / anp.sum(powers, axis=1, keepdims=True)


RULES = {name: g for name, (g, _) in formulas.rules(formulas.arrays(anp)).items()} | {
    "identity": lambda a: a,
    "sigmoid": logistic,
    "tanh": anp.tanh,
    "relu": lambda a: anp.maximum(a, 0),
    "leaky_relu": lambda a: anp.where(a > 0, a, 0.01 * a),
    "elu": lambda a: anp.where(a > 0, a, anp.exp(a) - 1),
    "gelu": lambda a: 0.5 * a * erfc(-a / anp.sqrt(2.0)),
    "silu": lambda a: a * logistic(a),
    "softplus": lambda a: anp.log(1 + anp.exp(a)),
    "softmax": softmax,
}

#: sums over the outputs of each example
EXAMPLE_LOSSES = formulas.example_losses(anp) | {
    "cross_entropy": lambda p, y: anp.sum(-y * anp.log(p), axis=1),
    "binary_cross_entropy": lambda p, y: anp.sum(-y * anp.log(p) - (1 - y) * anp.log(1 - p), axis=1),
    "squared_error": lambda p, y: anp.sum((y - p) ** 2, axis=1),
    "half_squared_error": lambda p, y: anp.sum((y - p) ** 2, axis=1) / 2,
    "mean_squared_error": lambda p, y: anp.mean((y - p) ** 2, axis=1),
    "absolute_error": lambda p, y: anp.sum(anp.abs(y - p), axis=1),
    "huber": lambda p, y: anp.sum(anp.where(anp.abs(y - p) < 1, (y - p) ** 2 / 2, anp.abs(y - p) - 0.5), axis=1),
    "poisson": lambda p, y: anp.sum(p - y * anp.log(p), axis=1),
    "identity": lambda p, y: anp.sum(p, axis=1),
}


def weighted(losses, w, reduction):
    total = anp.sum(w * losses)
    return total / anp.sum(w) if reduction == "mean" else total


def by_autograd(case):
    """The loss and its gradients by name, for rows of examples."""
    network, rows = case.network, anp.atleast_2d(case.x)
    rules = [RULES[name] for name in (*network.hidden, network.output)]
    n = len(rows)
    w = anp.ones(n) if case.sample_weight is None else case.sample_weight
    at = {"x": rows}
    for i, (W, b) in enumerate(zip(network.weights, network.biases, strict=True), 1):
        at |= {f"W_{i}": anp.array(W), f"b_{i}": anp.array(b), f"a_{i}": anp.zeros((n, len(b)))}
        at["yhat" if i == network.depth else f"h_{i}"] = anp.zeros((n, len(b)))

    def loss(q):
        h = q["x"]
        for i, rule in enumerate(rules, 1):
            a = anp.einsum("mj,nj->nm", q[f"W_{i}"], h) + q[f"b_{i}"] + q[f"a_{i}"]
            h = rule(a) + q["yhat" if i == len(rules) else f"h_{i}"]
        return weighted(EXAMPLE_LOSSES[network.loss](h, case.targets), w, network.reduction)

    value, gradients = value_and_grad(loss)(at)
    single = case.x.ndim == 1
    return value, {f"dL/d{name}": g[0] if single and name[0] not in "Wb" else g for name, g in gradients.items()}


def assert_agrees_with_autograd(case):
    value, expected = by_autograd(case)
    b = case.network.backward(*case.args)
    paths = sums_of_paths(b)
    assert gradients_of(b).keys() == expected.keys()
    assert_agree(gradients_of(b), expected, RTOL, paths)
    assert b["L"] == pytest.approx(value, rel=RTOL, abs=1e-14)


@pytest.mark.parametrize(("loss", "output"), LOSS_OUTPUT)
@draws(2)
@given(data=st.data())
def test_every_loss_and_output_agrees_with_autograd(loss, output, data):
    assert_agrees_with_autograd(data.draw(cases(loss_output_of(loss, output))))


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@draws(4)
@given(data=st.data())
def test_every_hidden_activation_agrees_with_autograd(hidden, data):
    assert_agrees_with_autograd(data.draw(cases(hidden=hidden)))


@draws(15)
@given(case=cases())
def test_networks_of_mixed_layers_agree_with_autograd(case):
    assert_agrees_with_autograd(case)


def test_every_rule_of_the_package_is_written_here_too():
    assert RULES.keys() == OUTPUTS.keys()
    assert ACTIVATIONS.keys() <= RULES.keys()
    assert EXAMPLE_LOSSES.keys() == LOSSES.keys()
