"""Activations and losses by the names that people give them."""

import pytest

from chainrule import InputError
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.losses import LOSSES
from chainrule.sheets.setting.rules import loss_named, rule_named


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_names_in_capitals_with_blanks_or_hyphens(name):
    spoken = name.replace("_", " ")
    for written in (name, name.upper(), spoken, spoken.title(), spoken.replace(" ", "-")):
        assert rule_named(written) == name


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("logistic", "sigmoid"), ("linear", "identity"), ("none", "identity"), ("ReLU", "relu"), ("σ", "sigmoid"),
        ("LeakyReLU", "leaky_relu"), ("Leaky ReLU(0.2)", "leaky_relu(0.2)"),
        ("leaky_relu(alpha=0.05)", "leaky_relu(0.05)"),
        ("swish", "silu"), ("A(t) = t/10", "a/10"), ("t/10", "a/10"), ("2t", "2*a"), ("max(0, t)", "relu"),
        ("f(x) = \\frac{1}{1 + e^{-x}}", "sigmoid"), ("f(z) = 1/(1+e^(-z))", "sigmoid"),
        ("x/(1+|x|)", "a/(1 + abs(a))"),
        ("\\tanh(z)", "tanh"), ("max(0.1t, t)", "leaky_relu(0.1)"), ("z^2", "a^2"),
    ],
)  # fmt: skip
def test_other_names_and_formulas(written, name):
    assert rule_named(written) == name


@pytest.mark.parametrize("written", ["sigmoyd", "t + u", "", "3", "os.system(t)", "softmax", "f(t) = u", "t(("])
def test_what_is_no_activation(written):
    with pytest.raises(InputError, match="activation"):
        rule_named(written)
    assert rule_named("softmax", output=True) == "softmax"


@pytest.mark.parametrize("name", LOSSES)
def test_names_of_losses_are_told_where_they_are_not_ours(name):
    assert loss_named(name, 2, "sigmoid") == (name, "")
    assert loss_named(name.replace("_", "-").upper(), 2, "sigmoid") == (name, "")


@pytest.mark.parametrize(
    ("written", "outputs", "name", "shown"),
    [
        ("mse", 1, "mean_squared_error", ": (yhat - y)^2; some write 1/2 before it"),
        ("MSE", 3, "mean_squared_error", "the mean over the outputs of (yhat - y)^2"),
        ("Mean Squared Error", 1, "mean_squared_error", ""), ("1/2 MSE", 1, "half_squared_error", ": 1/2 (yhat - y)^2"),
        ("sse", 2, "squared_error", "the sum over the outputs"), ("mae", 1, "absolute_error", ": |yhat - y|"),
        ("bce", 1, "binary_cross_entropy", "-(y log yhat + (1 - y) log(1 - yhat))"),
        ("ce", 3, "cross_entropy", "-y log yhat"), ("ce", 1, "binary_cross_entropy", "read as binary_cross_entropy"),
        ("nll", 2, "cross_entropy", "natural logarithms"),
        ("cross-entropy", 1, "binary_cross_entropy", "'cross-entropy'"),
    ],
)  # fmt: skip
def test_short_names_of_losses(written, outputs, name, shown):
    found, told = loss_named(written, outputs, "sigmoid")
    assert found == name
    assert shown in told
    assert bool(told) == bool(shown)


def test_losses_that_are_not_known():
    with pytest.raises(InputError, match=r"loss: expected one of cross_entropy.*got 'energy'"):
        loss_named("energy", 1, "sigmoid")
    with pytest.raises(InputError, match="a mean of 2 outputs"):
        loss_named("mae", 2, "sigmoid")
