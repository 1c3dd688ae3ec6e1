"""Headers as people write them: names, signs and brackets of many kinds give the same network."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule import InputError
from chainrule.sheets.header import parse_worksheet
from chainrule.sheets.setting.rules import loss_named, rule_named
from chainrule.sheets.setting.spellings import spelled
from tests.support.sample import draws
from tests.support.small_sheets import SmallSheet

RULES = (
    'hidden = "sigmoid"\noutput = "sigmoid"\nloss = "half_squared_error"',
    "hidden: sigmoid\noutput: sigmoid\nloss: 1/2 (t - y)^2",
    "activation function = logsig\ncost function = half squared error",
    "hidden layer = Sigmoid()\noutput layer = logistic\nerror = E = 1/2 (t-o)^2",
)
INPUTS = ("x = {x}", "x1 = {x0}\nx2 = {x1}", "x_1 = {x0}\nx_2 = {x1}", "inputs = {x}", "input: {x}", "x = {x0}, {x1}",
          "x = [{x0}; {x1}]", "x = np.array({x})", "x = [{x0} {x1}]",
          "i1 = {x0}\ni2 = {x1}", "x = ({x0}, {x1})")  # fmt: skip
TARGETS = (
    "y = {y}",
    "t = {y}",
    "target = {y}",
    "targets: [{y}]",
    "expected = {y}",
    "y1 = {y}",
    "t_1 = {y}",
    "desired output = {y}",
    "d = {y}",
)
PARAMETERS = (
    ("W1", "b1", "W2", "b2"), ("W_hidden", "b_hidden", "W_output", "b_output"), ("W", "b", "V", "c"),
    ("W_h", "b_h", "W_o", "b_o"), ("hidden_weights", "hidden_bias", "output_weights", "output_bias"),
    ("W_in", "b_in", "W_out", "b_out"), ("W", "b", "U", "c"), ("weights_ih", "bias_h", "weights_ho", "bias_o"),
)  # fmt: skip
ARRAYS = ("{}", "np.array({})", "matlab", "torch.tensor({})", "rows")
RATES = ("lr = 0.5", "alpha: 0.5", "learning rate = 0.5", "eta = 0.5", "Learning Rate: 0.5", "step size = 0.5")


def array(value, way):
    if way == "matlab":
        rows = value if value.ndim == 2 else [value]
        return "[" + "; ".join(" ".join(map(str, row)) for row in rows) + "]"
    if way == "rows":
        return str(value.tolist()).replace("], [", "]; [")
    return way.format(value.tolist())


@draws(20)
@given(st.integers(0, 999), *map(st.sampled_from, (RULES, INPUTS, TARGETS, PARAMETERS, ARRAYS, RATES)))
def test_the_network_is_the_same_however_it_is_written(seed, rules, inputs, targets, names, way, rate):
    sheet = SmallSheet(seed)
    values = [sheet.weights[0], sheet.biases[0], sheet.weights[1], sheet.biases[1]]
    given_lines = [f"{name} = {array(value, way)}" for name, value in zip(names, values, strict=True)]
    x0, x1 = sheet.x.tolist()
    first = inputs.format(x=[x0, x1], x0=x0, x1=x1)
    found = parse_worksheet(
        "\n".join(["+++", first, targets.format(y=sheet.y[0]), rules, rate, *given_lines, "+++", ""])
    )
    np.testing.assert_array_equal(found.x, sheet.x)
    np.testing.assert_array_equal(np.ravel(found.y), sheet.y)
    for one, other in zip(found.network.weights, sheet.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(found.network.biases, sheet.biases, strict=True):
        np.testing.assert_array_equal(one, other)
    assert found.learning_rate == 0.5
    assert (found.network.hidden, found.network.output, found.network.loss) == (
        ("sigmoid",),
        "sigmoid",
        "half_squared_error",
    )


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("SSE", "squared_error"), ("MSE loss", "mean_squared_error"),
        ("Mean Squared Error (MSE)", "mean_squared_error"),
        ("MSELoss", "mean_squared_error"), ("nn.MSELoss()", "mean_squared_error"), ("BCELoss", "binary_cross_entropy"),
        ("sum of squared errors", "squared_error"), ("CrossEntropyLoss", "cross_entropy"), ("NLLLoss", "cross_entropy"),
        ("L1Loss", "absolute_error"), ("least squares", "squared_error"), ("½(y−ŷ)²", "half_squared_error"),
        ("E = 1/2 (t - y)^2", "half_squared_error"), ("0.5*(y-yhat)**2", "half_squared_error"),
        ("1/2 sum_k (t_k - o_k)^2", "half_squared_error"), ("(y - yhat)^2 / 2", "half_squared_error"),
        (r"\frac{1}{2} \sum_i (y_i - \hat{y}_i)^2", "half_squared_error"), ("(y - yhat)^2", "squared_error"),
        ("1/n sum (y - yhat)^2", "mean_squared_error"), ("-(y log(yhat) + (1-y) log(1-yhat))", "binary_cross_entropy"),
        ("- y*log(yhat) - (1-y)*log(1-yhat)", "binary_cross_entropy"), ("-sum(y*log(p))", "cross_entropy"),
    ],
)  # fmt: skip
def test_losses_by_other_names_and_by_formulas(written, name):
    assert loss_named(written, 2, "softmax" if name == "cross_entropy" else "sigmoid")[0] == name


@pytest.mark.parametrize("written", ["RMSE", "(y - yhat)^4", "1/4 (y - yhat)^2", "hinge", "y^2 - 3"])
def test_other_losses_are_refused(written):
    with pytest.raises(InputError, match="loss"):
        loss_named(written, 1, "sigmoid")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("logsig", "sigmoid"), ("tansig", "tanh"), ("purelin", "identity"), ("nn.ReLU()", "relu"), ("lin", "identity"),
        ("sigmoid function", "sigmoid"), ("Sigmoidfunktion", "sigmoid"), ("rectified linear unit", "relu"),
        ("torch.nn.Tanh", "tanh"), ("ReLU units", "relu"), ("linear activation function", "identity"),
    ],
)  # fmt: skip
def test_activations_by_other_names(written, name):
    assert rule_named(written) == name


@pytest.mark.parametrize(
    "written", ["W = [[1, 2], [3, 4]]", "[[layer]]", "x = [1, 2]", 'title = "a: b"', "# a comment", "", "b = 0.5"]
)
def test_what_is_toml_stays(written):
    assert spelled([written]) == ([written], {})


def test_decimal_commas_in_a_header():
    assert spelled(["lr = 0,5", "b1 = 0,25", "W = [0,5; -0,25]"])[0] == ["lr = 0.5", "b1 = 0.25", "W = [0.5, -0.25]"]


def test_a_matrix_for_each_layer():
    assert spelled(["weights = [[[1, 2]], [[3]]]"])[0] == ["W_1 = [[1, 2]]\nW_2 = [[3]]"]


def test_names_of_the_header_are_those_of_the_lines():
    sheet = SmallSheet(7)
    W, V, b, c = (
        sheet.weights[0].tolist(),
        sheet.weights[1].tolist(),
        sheet.biases[0].tolist(),
        sheet.biases[1].tolist(),
    )
    header = sheet.header.partition("[[layer]]")[0] + f"W = {W}\nb = {b}\nV = {V}\nc = {c}\n+++\n"
    found = sheet.verdicts(
        "a_1 = W x + b = <<a_1>>\ndL/dV = <<dL/dW_2>>\ndL/dc = <<dL/db_2>>\ndL/dW = <<dL/dW_1!>>", header
    )
    assert set(found[:3]) <= {"right", "rounded"}
    assert found[3] == "wrong"
