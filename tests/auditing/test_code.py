"""``audit_gradients``: arrays that somebody's own backward pass computed."""

import numpy as np
import pytest

import chainrule
from chainrule import InputError, Network, audit_gradients


@pytest.fixture
def case():
    net = Network.random([5, 4, 4, 3], "sigmoid", "softmax", "cross_entropy", seed=1)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 5)), rng.integers(0, 3, 7)
    b = net.backward(x, y)
    given = {f"dL/d{symbol}_{i}": b[f"dL/d{symbol}_{i}"].copy() for i in (1, 2, 3) for symbol in "Wb"}
    return net, x, y, given


def verdicts(audit):
    return {line.name: (line.verdict, line.mistakes) for line in audit.lines}


def test_right_arrays_are_right_in_the_order_of_the_backward_pass(case):
    net, x, y, given = case
    audit = audit_gradients(net, x, y, given)
    assert audit.ok
    assert [line.name for line in audit.lines] == [f"dL/d{s}_{i}" for i in (3, 2, 1) for s in "Wb"]


def test_a_transposed_array_is_recognised_square_or_not(case):
    net, x, y, given = case
    for name in ("dL/dW_2", "dL/dW_3"):
        found = verdicts(audit_gradients(net, x, y, given | {name: given[name].T}))
        assert found[name] == ("wrong", ("outer_product_orientation",))
        assert all(v == "right" or other == name for other, (v, _) in found.items())


def test_the_sum_over_the_batch_where_the_loss_takes_the_mean(case):
    net, x, y, given = case
    found = verdicts(audit_gradients(net, x, y, {name: 7 * array for name, array in given.items()}))
    assert found["dL/dW_3"] == ("wrong", ("batch_sum_vs_mean",))
    assert all(v == "follows" for name, (v, _) in found.items() if name != "dL/dW_3")


def test_sigma_for_sigma_prime_in_layer_2_everything_before_follows(case):
    net, x, y, given = case
    f = net.forward(x)
    d3 = (f["yhat"] - np.eye(3)[y]) / 7
    d2 = d3 @ net.weights[2] * f["h_2"]
    d1 = d2 @ net.weights[1] * f["h_1"] * (1 - f["h_1"])
    wrong = {"dL/dW_2": d2.T @ f["h_1"], "dL/db_2": d2.sum(0), "dL/dW_1": d1.T @ x, "dL/db_1": d1.sum(0)}
    audit = audit_gradients(net, x, y, given | wrong)
    found = verdicts(audit)
    assert found["dL/dW_2"] == ("wrong", ("sigma_for_sigma_prime_hidden",))
    assert audit.first_wrong.found[0].where == "dh_2/da_2"
    assert [found[name][0] for name in ("dL/db_2", "dL/dW_1", "dL/db_1")] == ["follows"] * 3
    assert "follows from dL/dW_2" in next(line.message for line in audit.lines if line.name == "dL/dW_1")


def test_weights_updated_too_early(case):
    net, x, y, given = case
    f, rate = net.forward(x), 0.5
    d3 = (f["yhat"] - np.eye(3)[y]) / 7
    W3 = net.weights[2] - rate * given["dL/dW_3"]
    d2 = d3 @ W3 * f["h_2"] * (1 - f["h_2"])
    mine = {"dL/dW_3": given["dL/dW_3"], "dL/dW_2": d2.T @ f["h_1"]}
    audit = audit_gradients(net, x, y, mine, learning_rate=rate)
    assert audit.first_wrong.mistakes == ("updated_weights_used",)


def test_one_example_float32_and_delta_notation():
    net = Network.random([3, 4, 2], "tanh", "identity", "squared_error", seed=0, dtype="float32")
    x, y = np.array([0.1, -0.5, 2.0], "float32"), [0.5, -1.0]
    b = net.backward(x, y)
    assert audit_gradients(net, x, y, {"dL/dw^1": b["dL/dw^1"], "δ^2": b["δ^2"], "dL/dx": b["dL/dx"]}).ok
    found = audit_gradients(net, x, y, {"δ^2": b["δ^2"] / 2, "dL/dw^1": b["dL/dw^1"] / 2})
    assert [line.verdict for line in found.lines] == ["wrong", "follows"]
    assert found.first_wrong.mistakes[0] == "factor_2_missing"


def test_a_large_network_is_answered_and_one_wrong_row_found():
    net = Network.random([150, 40, 20, 10], "relu", seed=0)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(16, 150)), rng.integers(0, 10, 16)
    b = net.backward(x, y)
    mine = {f"dL/dW_{i}": b[f"dL/dW_{i}"].copy() for i in (1, 2, 3)}
    mine["dL/dW_1"][7] *= 1.5
    audit = audit_gradients(net, x, y, mine)
    assert [line.verdict for line in audit.lines] == ["right", "right", "wrong"]
    assert "150 of 6000 differ" in audit.first_wrong.message


@pytest.mark.parametrize(
    ("gradients", "words"),
    [
        ({}, "at least one array"),
        ({"dL/dW_9": [[1.0]]}, "name 'dL/dW_9'"),
        ({"dyhat_1/da_31": 0.1}, "a gradient of L"),
        ({"dL/dW_1": [[1.0, 2.0]]}, "expected shape (4, 5)"),
        ({"dL/dW_1": [[np.nan] * 5] * 4}, "finite numbers"),
        ({"dL/dW_1": "text"}, "real numbers"),
    ],
)
def test_bad_input_is_refused_with_the_name_of_the_quantity(case, gradients, words):
    net, x, y, _ = case
    with pytest.raises(InputError, match="expected") as error:
        audit_gradients(net, x, y, gradients)
    assert words in str(error.value)


def test_it_prints_as_text_markdown_html_and_data(case):
    net, x, y, given = case
    audit = audit_gradients(net, x, y, given | {"dL/dW_2": -given["dL/dW_2"]})
    for text in (str(audit), audit.to_markdown(), audit.to_html()):
        assert "the sign is lost" in " ".join(text.split())
    assert audit.to_dict()["lines"][2]["mistakes"] == ["sign_lost"]
    assert isinstance(audit, chainrule.Audit)
