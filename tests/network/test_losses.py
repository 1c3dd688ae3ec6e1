"""Each loss by itself: value and gradient from the outputs, where it bends, which outputs and targets it takes."""

import math

import numpy as np
import pytest

import chainrule
from chainrule.network.losses import LOSSES, fitting_outputs, reduce_by
from chainrule.network.pairs import example_losses, shortcut
from tests.support import formulas

P = np.array([[0.2, 0.7, 0.9], [0.5, 0.25, 0.01]])
Y = np.array([[0.0, 1.0, 0.3], [1.0, 0.75, 0.0]])
FAR = np.array([[-3.0, 0.4, 1.6], [2.5, -0.5, 0.1]])  # errors on either side of Huber's bends

OUTPUTS = P.shape[1]

#: the term of one output, in plain mathematics; the loss is their sum. That of a loss without a line is its formula
TERMS = {
    name: lambda p, y, term=term: term(p, y, OUTPUTS) for name, (term, _) in formulas.terms(formulas.arrays(np)).items()
} | {
    "cross_entropy": lambda p, y: -(y * math.log(p)),
    "binary_cross_entropy": lambda p, y: -(y * math.log(p) + (1 - y) * math.log(1 - p)),
    "squared_error": lambda p, y: (p - y) ** 2,
    "half_squared_error": lambda p, y: (p - y) ** 2 / 2,
    "mean_squared_error": lambda p, y: (p - y) ** 2 / OUTPUTS,
    "absolute_error": lambda p, y: abs(p - y),
    "huber": lambda p, y: (p - y) ** 2 / 2 if abs(p - y) <= 1 else abs(p - y) - 0.5,
    "poisson": lambda p, y: p - y * math.log(p),
}
del TERMS["identity"]  # of one output
UNBOUNDED = [name for name in TERMS if LOSSES[name].output_range == (-math.inf, math.inf)]


def value(name, p, y):
    return np.array([sum(map(TERMS[name], *rows)) for rows in zip(p.tolist(), y.tolist(), strict=True)])


@pytest.mark.parametrize("name", TERMS)
def test_the_value_is_the_sum_over_the_outputs(name):
    np.testing.assert_allclose(LOSSES[name].value(P, Y), value(name, P, Y), rtol=1e-14)


@pytest.mark.parametrize("name", UNBOUNDED)
def test_the_value_of_outputs_far_from_their_targets(name):
    np.testing.assert_allclose(LOSSES[name].value(FAR, Y), value(name, FAR, Y), rtol=1e-14)


@pytest.mark.parametrize("name", TERMS)
def test_the_gradient_is_that_of_the_value(name):
    for p in (P, FAR) if name in UNBOUNDED else (P,):
        slopes = np.empty_like(p)
        for o in range(p.shape[1]):
            step = 1e-6 * np.eye(p.shape[1])[o]
            slopes[:, o] = (value(name, p + step, Y) - value(name, p - step, Y)) / 2e-6
        np.testing.assert_allclose(LOSSES[name].gradient(p, Y), slopes, rtol=1e-7, atol=1e-9)


def test_the_loss_identity_is_the_output():
    p = np.array([[0.5], [-2.0]])
    assert LOSSES["identity"].value(p, p).tolist() == [0.5, -2.0]
    assert LOSSES["identity"].gradient(p, p).tolist() == [[1.0], [1.0]]


@pytest.mark.parametrize("name", ["cross_entropy", "binary_cross_entropy", "poisson"])
def test_outputs_at_the_ends_of_their_range(name):
    """What y counts is infinite, what it does not count is nothing; neither is a warning."""
    loss, zero, one = LOSSES[name], np.zeros((1, 1)), np.ones((1, 1))
    assert loss.value(zero, zero).item() == 0
    assert loss.value(zero, one).item() == np.inf
    assert loss.gradient(zero, one).item() == -np.inf
    assert loss.gradient(zero, zero).item() == {"cross_entropy": 0, "binary_cross_entropy": 1, "poisson": 1}[name]
    assert loss.gradient(np.full((1, 1), 1e-320), one).item() == -np.inf
    if name == "binary_cross_entropy":
        assert (loss.value(one, one).item(), loss.gradient(one, one).item()) == (0, -1)
        assert (loss.value(one, zero).item(), loss.gradient(one, zero).item()) == (np.inf, np.inf)


def test_bends_and_what_holds_there():
    assert {name: row.bends for name, row in LOSSES.items() if row.bends} == {
        "absolute_error": (0.0,),
        "huber": (-1.0, 1.0),
    }
    assert [name for name, row in LOSSES.items() if row.kink] == ["absolute_error"]
    assert LOSSES["absolute_error"].gradient(Y, Y).tolist() == np.zeros_like(Y).tolist()
    error = np.array([[-1.0, 1.0]])
    assert LOSSES["huber"].gradient(error, 0 * error).tolist() == [[-1.0, 1.0]]
    assert LOSSES["huber"].value(error, 0 * error).tolist() == [1.0]


PROBABILITIES = {"softmax", "sigmoid"}
ALL = {"softmax", "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus"}
FIT = {
    **dict.fromkeys(TERMS, (ALL, ALL)),
    "cross_entropy": (PROBABILITIES, PROBABILITIES),
    "binary_cross_entropy": ({"sigmoid"}, PROBABILITIES),  # softmax of one unit is 1
    "poisson": ({*PROBABILITIES, "softplus"},) * 2,
    "identity": (ALL, set()),
}


@pytest.mark.parametrize("name", FIT)
def test_which_outputs_a_loss_takes(name):
    """By hand: tests that ask the table which pairs there are would not miss one that it has lost."""
    for outputs, fit in zip((1, 2), FIT[name], strict=True):
        assert set(fitting_outputs(name, outputs)) & ALL == fit
    assert set(fitting_outputs(name)) & ALL == FIT[name][1]


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("cross_entropy", 0.0, 1.0), ("binary_cross_entropy", 0.0, 1.0), ("poisson", 0.0, math.inf)],
)
def test_which_targets_a_loss_takes(name, low, high):
    network = chainrule.Network([[[0.5]]], None, output="sigmoid", loss=name)
    for target in (low, min(high, 9.0)):
        network.backward([1.0], [target])
    for target in (low - 1e-9, *([high + 1e-9] if high < math.inf else [])):
        with pytest.raises(chainrule.InputError, match="y"):
            network.backward([1.0], [target])


@pytest.mark.parametrize(
    ("weights", "mean", "total"),
    [
        (None, [0.25, 0.25, 0.25, 0.25], [1, 1, 1, 1]),
        ([2.0, 0.0, 1.0, 1.0], [0.5, 0, 0.25, 0.25], [2, 0, 1, 1]),
        ([1e308, 1e308, 0.0, 0.0], [0.5, 0.5, 0, 0], [1e308, 1e308, 0, 0]),
    ],
)
def test_coefficients_of_the_examples(weights, mean, total):
    given = None if weights is None else np.array(weights)
    dtype = np.dtype(float)
    assert reduce_by("mean", 4, given, dtype).tolist() == mean
    assert reduce_by("sum", 4, given, dtype).tolist() == total


def test_a_mean_needs_an_example_that_counts():
    for n, weights, got in ((0, None, "no examples"), (2, np.zeros(2), "weights that sum to 0")):
        with pytest.raises(chainrule.InputError, match=f"at least one example of positive weight; got {got}"):
            reduce_by("mean", n, weights, np.dtype(float))
    assert reduce_by("sum", 2, np.zeros(2), np.dtype(float)).tolist() == [0, 0]
    assert reduce_by("mean", 1, np.array([1e-300]), np.dtype(float)).tolist() == [1]


def test_poisson_with_an_exponential_output_is_taken_from_the_logits():
    """The output of scikit-learn's estimators for counts: no row of the table of outputs, but a pair."""
    a, y = np.array([[0.5, -1.0]]), np.array([[2.0, 0.0]])
    p = np.exp(a)
    pair = shortcut("poisson", "exp")
    np.testing.assert_allclose(pair.value(a, y), value("poisson", p, y), rtol=1e-14)
    np.testing.assert_allclose(pair.gradient(a, p, y), LOSSES["poisson"].gradient(p, y) * p, rtol=1e-14)
    far = np.array([[-800.0]])
    assert example_losses("poisson", "exp", far, np.exp(far), np.ones((1, 1))).tolist() == [800.0]
    assert shortcut("squared_error", "exp") is None
