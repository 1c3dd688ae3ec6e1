"""Network: what it takes, what it refuses, drawing, the parameters as one vector, one step."""

import re

import numpy as np
import pytest

import chainrule as cr

W1 = [[0.1, -0.4, 0.3], [0.5, 0.2, -0.1]]  # 3 -> 2
W2 = [[0.7, -0.2], [0.1, 0.4]]  # 2 -> 2
X = [[1.0, -2.0, 0.5], [0.0, 1.0, 3.0], [2.0, 2.0, -1.0]]


def network(**fields) -> cr.Network:
    return cr.Network(**{"weights": [W1, W2], "biases": [[0.1, -0.1], [0.2, 0.0]], **fields})


def refuse(told: str, function, *arguments, **keywords) -> None:
    with pytest.raises(cr.InputError, match=re.escape(told)):
        function(*arguments, **keywords)


# ---------------------------------------------------------------- what it takes


def test_lists_become_float64_arrays():
    net = network()
    assert net.sizes == (3, 2, 2)
    assert (net.depth, net.parameter_count, net.dtype) == (2, 14, np.float64)
    for held, given in zip(net.weights, (W1, W2), strict=True):
        np.testing.assert_array_equal(held, np.array(given), strict=True)
    assert cr.Network([[[1, 2]]], loss="squared_error").dtype == np.float64


def test_biases_left_out_are_zero():
    for biases in (None, [], ()):
        net = network(biases=biases)
        assert [b.tolist() for b in net.biases] == [[0, 0], [0, 0]]
        assert {b.dtype for b in net.biases} == {net.dtype}


def test_float32_stays_float32_throughout():
    weights = [np.array(W, np.float32) for W in (W1, W2)]
    net = cr.Network(weights, [[0.1, -0.1], [0, 0]], hidden="gelu")
    b = net.backward(np.array(X), [0, 1, 1], sample_weight=[1.0, 2.0, 3.0])
    arrays = [*net.biases, *b.forward.a, *b.forward.h, b.y, b.coefficients, *b.grad_a, *b.grad_h, *b.grad_W, *b.grad_b]
    derived = [b.grad_x, b.grad_yhat, b.example_losses, b.flat, b["dyhat/dx"], *net.step(b, 0.1).weights, net.flat]
    assert {a.dtype for a in arrays + derived} == {np.dtype("float32")}
    assert net.astype("float64").dtype == np.float64
    assert net.astype(np.float64).astype(np.float32).weights[0].tolist() == weights[0].tolist()


def test_one_hidden_name_serves_all_layers_or_each_has_its_own():
    weights = [np.eye(2)] * 4
    assert cr.Network(weights, hidden="relu").hidden == ("relu",) * 3
    assert cr.Network(weights, hidden=["relu"]).hidden == ("relu",) * 3
    assert cr.Network(weights, hidden=["relu", "tanh", "elu"]).hidden == ("relu", "tanh", "elu")
    assert cr.Network(weights[:1], hidden="relu").hidden == ()
    assert "2-2-2-2-2" in repr(cr.Network(weights))


def test_the_callers_arrays_are_copied():
    weights, biases = [np.array(W1), np.array(W2)], [np.array([0.1, -0.1]), np.zeros(2)]
    x, y, s = np.array(X), np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]), np.array([1.0, 2.0, 3.0])
    net = cr.Network(weights, biases)
    b = net.backward(x, y, s)
    names = ["x", "y", "yhat", "W_1", "b_1", "da_1/dW_1", "dL/dyhat", "dL/dx", "dL/dW_1", "L"]
    before = {
        name: np.array(network(biases=[[0.1, -0.1], [0, 0]]).backward(X, y.copy(), s.copy())[name]) for name in names
    }
    for array in (*weights, *biases, x, y, s):
        assert array.flags.writeable
        array[...] = 0.25
    for name in names:
        np.testing.assert_array_equal(b[name], before[name], err_msg=name)


def test_parameters_cannot_be_changed():
    net = network()
    stepped = net.step(net.backward(X, [0, 1, 1]), 0.1)
    for one in (net, stepped, cr.Network.random([3, 2]), net.astype("float32")):
        assert not any(p.flags.writeable for p in (*one.weights, *one.biases))


def test_the_vector_of_all_parameters_cannot_be_changed():
    assert not network().flat.flags.writeable


# ---------------------------------------------------------------- what it refuses


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"weights": []}, "weights: expected at least one matrix"),
        ({"weights": None}, "weights"),
        ({"weights": 5}, "weights"),
        ({"weights": np.ones((2, 3))}, "W_1: expected a matrix"),
        ({"weights": [W1, [1, 2]]}, "W_2: expected a matrix (units of layer i, units of layer i-1), none empty"),
        ({"weights": [np.ones((0, 3))]}, "W_1: expected a matrix"),
        ({"weights": [W1, np.ones((2, 3))]}, "W_2: expected 2 columns, one for each row of W_1; got shape (2, 3)"),
        ({"weights": [[[1, 2], [3]]]}, "W_1: expected numbers in a rectangular array; got rows of different lengths"),
        ({"weights": [W1, [[1, None]]]}, "W_2: expected real numbers; got values of type object"),
        ({"weights": [W1, [[1, 2j]]]}, "W_2: expected real numbers; got values of type complex128"),
        ({"weights": [W1, [[1, np.nan]]]}, "W_2: expected finite numbers in float64; got nan at position 1, 2"),
        ({"weights": [[[1], [np.inf]]]}, "W_1: expected finite numbers in float64; got inf at position 2, 1"),
        ({"weights": [np.ones((2, 3), np.float16)]}, "W_1: expected float64 or float32; got float16"),
        ({"weights": [np.ones((2, 3), np.float32), np.ones((2, 2))]}, "W_2: expected float32, as W_1; got float64"),
        ({"biases": [np.zeros(2), np.zeros(2, np.float32)]}, "b_2: expected float64, as W_2; got float32"),
        ({"biases": [[0, 0]]}, "biases: expected 2 vectors, one for each matrix of weights; got 1"),
        ({"biases": 5}, "biases"),
        ({"biases": [[0, 0, 0], [0, 0]]}, "b_1: expected shape (2,); got shape (3,)"),
        ({"biases": [[0, 0], [[0, 0]]]}, "b_2: expected shape (2,); got shape (1, 2)"),
        ({"biases": [[0, 0], [0, -np.inf]]}, "b_2: expected finite numbers in float64; got -inf at position 2"),
        ({"biases": [[0, 0], ["0", "1"]]}, "b_2: expected real numbers"),
        ({"hidden": "softmax"}, "hidden: expected one of identity, sigmoid, tanh, relu"),
        ({"hidden": ["sigmod"]}, "hidden activation of layer 1: expected one of identity"),
        ({"hidden": [1]}, "hidden activation of layer 1"),
        ({"hidden": None}, "hidden"),
        ({"hidden": []}, "hidden: expected one activation, or 1 (one a hidden layer); got 0"),
        ({"hidden": ["relu", "relu"]}, "hidden: expected one activation, or 1 (one a hidden layer); got 2"),
        ({"output": "soft"}, "output: expected one of softmax, identity, sigmoid"),
        ({"loss": "mse"}, "loss: expected one of cross_entropy, binary_cross_entropy, squared_error"),
        ({"reduction": "average"}, "reduction: expected mean or sum; got 'average'"),
        ({"output": "tanh"}, "loss cross_entropy: expected an output inside (0.0, 1.0): softmax, sigmoid; got tanh"),
        ({"output": "relu", "loss": "poisson"}, "loss poisson: expected an output inside (0.0, inf): softmax, sigmoid"),
        (
            {"output": "softplus", "loss": "binary_cross_entropy"},
            "loss binary_cross_entropy: expected an output inside",
        ),
        ({"output": "identity", "loss": "identity"}, "a network of one output; got 2 outputs"),
        ({"weights": [[[1, 2]]], "biases": None, "loss": "binary_cross_entropy"}, "got softmax with 1 output"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(fields, told):
    refuse(told, network, **fields)


@pytest.mark.parametrize(
    ("quantity", "value", "told"),
    [
        ("x", [1.0, 2.0], "expected shape (3,) or (n, 3); got shape (2,)"),
        ("x", np.ones((2, 4)), "expected shape (3,) or (n, 3); got shape (2, 4)"),
        ("x", np.ones((1, 1, 3)), "expected shape (3,) or (n, 3); got shape (1, 1, 3)"),
        ("x", [1, np.nan, 2], "expected finite numbers in float64; got nan at position 2"),
        ("x", [[1, 2, 3], [1, 2, np.inf]], "expected finite numbers in float64; got inf at position 2, 3"),
        ("x", [[1, 2, 3], [1, 2]], "expected numbers in a rectangular array; got rows of different lengths"),
        ("x", "abc", "expected real numbers"),
        ("x", None, "expected real numbers"),
        ("y", None, "expected targets for the loss cross_entropy; got none"),
        ("y", [0, 1], "expected shape (3, 2), or 3 class numbers (integers from 0 to 1); got shape (2,)"),
        ("y", [0.0, 1.0, 1.0], "expected shape (3, 2), or 3 class numbers (integers from 0 to 1); got shape (3,)"),
        ("y", [0, 1, 2], "expected class numbers from 0 to 1; got 2 at example 3"),
        ("y", [0, -1, 1], "expected class numbers from 0 to 1; got -1 at example 2"),
        ("y", np.ones((3, 3)), "expected shape (3, 2)"),
        ("y", [[0, 1], [1, 0], [1]], "expected numbers in a rectangular array; got rows of different lengths"),
        ("y", [[0, 1], [1, 0], [np.nan, 1]], "expected finite numbers in float64; got nan at position 3, 1"),
        ("y", ["a", "b", "a"], "expected real numbers"),
        ("y (targets of cross_entropy)", [[0, 1], [1, 0], [1.5, 0]], "expected values from 0 to 1; got 1.5"),
        ("sample_weight", [1, 2], "expected shape (3,); got shape (2,)"),
        ("sample_weight", [1, 2, np.nan], "expected finite numbers in float64; got nan at position 3"),
        ("sample_weight", [1, np.inf, 2], "expected finite numbers in float64; got inf at position 2"),
        ("sample_weight", [1, 2, -1], "expected values from 0 to inf; got -1"),
        ("sample_weight", ["a", "b", "c"], "expected real numbers"),
        ("sample_weight", [[1], [2, 3], [4]], "expected numbers in a rectangular array"),
    ],
)
def test_data_that_do_not_fit(quantity, value, told):
    refuse(f"{quantity}: {told}", network().backward, **{"x": X, "y": [0, 1, 1], quantity.split()[0]: value})


def test_data_that_do_not_fit_one_example_or_the_precision_or_the_mean():
    refuse("weights that sum to 0", network().backward, X, [0, 1, 1], [0, 0, 0])
    refuse("y: expected class numbers from 0 to 1; got 2 at example 1", network().backward, X[0], 2)
    refuse("or one class number (integers from 0 to 1); got shape (3,)", network().backward, X[0], [0, 1, 0])
    refuse("x: expected finite numbers in float32; got inf", network().astype("float32").forward, [1e39, 0, 0])


def test_an_empty_batch_has_no_mean_but_a_sum_of_zero():
    refuse("got no examples", network().backward, np.ones((0, 3)), np.ones((0, 2)))
    b = network(reduction="sum").backward(np.ones((0, 3)), np.ones((0, 2)))
    assert b.L == 0
    assert not b.flat.any()


# ---------------------------------------------------------------- targets


@pytest.mark.parametrize("labels", [[0, 1, 1], np.array([0, 1, 1], np.uint8), np.array([False, True, True])])
def test_class_numbers_are_one_hot_targets(labels):
    numbers, rows = network().backward(X, labels), network().backward(X, [[1, 0], [0, 1], [0, 1]])
    assert numbers.y.tolist() == rows.y.tolist()
    assert numbers.L == rows.L
    np.testing.assert_array_equal(numbers.flat, rows.flat)


def test_the_class_number_of_one_example():
    numbers, row = network().backward(X[0], 1), network().backward(X[0], [0, 1])
    assert numbers.L == row.L
    assert numbers["y"].tolist() == [0, 1]


def test_only_the_identity_loss_needs_no_targets():
    net = cr.Network([W1, [W2[0]]], output="tanh", loss="identity")
    f, b = net.forward(X), net.backward(X)
    np.testing.assert_allclose(b.L, f.yhat.mean(), rtol=1e-14)
    np.testing.assert_allclose(b["dL/dW_1"], f["dyhat/dW_1"].mean(axis=0)[0], rtol=1e-12)
    refuse("y: expected targets for the loss huber", network(output="identity", loss="huber").backward, X)


# ---------------------------------------------------------------- drawing


def test_a_seed_draws_the_same_network():
    one, same, other = (cr.Network.random([4, 5, 3], seed=seed) for seed in (1, 1, 2))
    assert one.sizes == (4, 5, 3)
    assert one.flat.tolist() == same.flat.tolist() != other.flat.tolist()
    assert not any(b.any() for b in one.biases)
    assert cr.Network.random([4, 3], seed=1, dtype="float32").dtype == np.float32


def test_the_scale_of_the_draw_follows_fan_in_and_fan_out():
    """Uniform: 2/(fan_in + fan_out) is the variance after Glorot & Bengio, 2/fan_in after He et al."""
    net = cr.Network.random([300, 400, 200, 500], hidden=["tanh", "relu"], seed=0)
    for W, variance in zip(net.weights, (2 / 700, 2 / 400, 2 / 700), strict=True):
        assert np.var(W) == pytest.approx(variance, rel=0.02)
        assert abs(W.mean()) < 5 * np.sqrt(variance / W.size)
        assert 0.999 < np.abs(W).max() / np.sqrt(3 * variance) <= 1


@pytest.mark.parametrize(
    ("sizes", "keywords", "told"),
    [
        ([4], {}, "sizes: expected at least two positive whole numbers"),
        ([4, 0, 2], {}, "sizes"),
        (4, {}, "sizes"),
        ([4, 3, 2], {"hidden": "step"}, "hidden"),
        ([4, 3, 2], {"hidden": []}, "hidden"),  # must not become a network of sizes 4-3
        ([4, 5, 6, 7, 2], {"hidden": ["relu", "tanh"]}, "hidden"),
        ([4, 3, 2], {"hidden": ["relu", "tanh"]}, "hidden"),
        ([4, 3], {"output": "identity"}, "loss cross_entropy"),
        ([4, 3], {"dtype": "float16"}, "dtype: expected float64 or float32; got float16"),
        ([4, 3], {"seed": -1}, "seed"),
    ],
)
def test_a_draw_that_does_not_fit(sizes, keywords, told):
    refuse(told, cr.Network.random, sizes, **keywords)


# ---------------------------------------------------------------- one vector, one step


def test_the_parameters_as_one_vector_and_back():
    net = network(hidden="tanh", reduction="sum")
    flat = [*np.ravel(W1), 0.1, -0.1, *np.ravel(W2), 0.2, 0.0]
    assert net.flat.tolist() == flat
    again = net.with_flat(2 * net.flat)
    assert again.flat.tolist() == [2 * p for p in flat]
    assert again.weights[1].tolist() == (2 * np.array(W2)).tolist()
    assert (repr(again), again.sizes, again.reduction) == (repr(net), net.sizes, "sum")
    b = net.backward(X, [0, 1, 1])
    assert b.flat[6:8].tolist() == b["dL/db_1"].tolist()


@pytest.mark.parametrize("length", [3, 13, 15])
def test_a_vector_of_another_length_is_refused(length):
    refuse("14", network().with_flat, np.ones(length))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize(
    ("output", "loss"),
    [
        ("softmax", "cross_entropy"),
        ("sigmoid", "binary_cross_entropy"),
        ("identity", "squared_error"),
        ("tanh", "huber"),
    ],
)
def test_a_step_goes_against_the_gradient_and_lowers_the_loss(output, loss, reduction):
    net = network(hidden="silu", output=output, loss=loss, reduction=reduction)
    b = net.backward(X, [0, 1, 1])
    stepped = net.step(b, 0.01)
    for i in (1, 2):
        np.testing.assert_array_equal(stepped.weights[i - 1], net.weights[i - 1] - 0.01 * b[f"dL/dW_{i}"])
        np.testing.assert_array_equal(stepped.biases[i - 1], net.biases[i - 1] - 0.01 * b[f"dL/db_{i}"])
    assert stepped.backward(X, [0, 1, 1]).L < b.L
    assert net.weights[0].tolist() == W1


def test_a_step_with_the_gradient_of_another_network():
    b = network().backward(X, [0, 1, 1])
    refuse(
        "backward pass: expected one of a network of sizes (3, 2); got (3, 2, 2)",
        cr.Network.random([3, 2]).step,
        b,
        0.1,
    )


@pytest.mark.parametrize("rate", [np.nan, np.inf, "fast", None])
def test_a_learning_rate_that_does_not_fit(rate):
    refuse("learning_rate: expected a finite number", network().step, network().backward(X, [0, 1, 1]), rate)


def test_a_step_takes_a_backward_pass_of_its_own_kind():
    net, x, y = network(), X[0], [1, 0]
    single = net.astype(np.float32).backward(x, y)
    refuse("backward pass: expected one in float64; got float32", net.step, single, 0.1)
    other = cr.Network([W1], None).backward(x, y)
    refuse("one of a network of sizes (3, 2, 2); got (3, 2)", net.step, other, 0.1)
