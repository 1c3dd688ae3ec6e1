"""Gradients as people hold them: what each name, container and layout is read as; the large trial is trials.layouts."""

import json
from collections import namedtuple
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from chainrule import InputError, Network, audit_gradients, check_gradients
from chainrule.gradcheck.given.names import read_label
from chainrule.gradcheck.given.reader import read_gradients
from chainrule.gradcheck.rounding import rounding_errors
from trials import layouts as trials


def question(sizes=(4, 5, 3), n=6, seed=0):
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(m, j)) for j, m in pairwise(sizes)]
    biases = [rng.normal(size=m) for m in sizes[1:]]
    network = Network(weights, biases, "tanh", "identity", "half_squared_error")
    return network, rng.normal(size=(n, sizes[0])), rng.normal(size=(n, sizes[-1]))


NET, X, Y = question()
B = NET.backward(X, Y)
W1, b1, W2, b2 = B.grad_W[0], B.grad_b[0], B.grad_W[1], B.grad_b[1]
SQUARE = question((3, 3, 3), 3)


def read(given, network=NET, x=X, y=Y, rate=None):
    """(quantity -> how it was read), as text."""
    found = read_gradients(network.backward(x, y), given, rate)
    return {str(array.quantity): array.name for array in found.arrays}


def accused(audit):
    return {line.name: line.mistakes for line in audit.lines if line.verdict not in ("right", "rounded")}


# ---------------------------------------------------------------- the trial


@pytest.mark.parametrize("part", range(4))
def test_in_no_layout_a_right_gradient_is_accused_and_a_planted_mistake_is_found(part):
    """Right in every layout, spoilt in every third."""
    names = list(trials.LAYOUTS)
    assert len(names) >= 40
    with np.errstate(all="ignore"):
        for number, name in enumerate(names[part::4]):
            for try_it in (trials.right, trials.planted)[: 1 + (number % 3 == part % 3)]:
                told = try_it(name, trials.PRECISIONS[number % 3], 50 + number)
                assert told.outcome in ("right", "found", "skipped"), told.detail


def test_the_trial_can_fail(monkeypatch):
    monkeypatch.setitem(trials.LAYOUTS, "wrong", lambda c: {f"dW{i}": W + 1 for i, W in enumerate(c.dW, 1)})
    monkeypatch.setitem(trials.LAYOUTS, "unknown", lambda c: {"gamma": c.dW[0]})
    monkeypatch.setitem(trials.LAYOUTS, "unspoiled", lambda c: {f"dL/db_{i}": b for i, b in enumerate(c.db, 1)})
    assert trials.right("wrong", "float64", 3).outcome == "accused"
    assert trials.right("unknown", "float64", 3).outcome == "refused"
    outcomes = {trials.planted("unspoiled", "float64", seed).outcome for seed in range(8)}
    assert "missed" in outcomes


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("name", "kind", "numbers"),
    [
        ("dW1", "W", (1,)), ("db_12", "b", (12,)), ("dJ/dW1", "W", (1,)), ("∂L/∂z₂", "a", (2,)), ("dLdb3", "b", (3,)),
        ("dloss_dw1", "W", (1,)), ("grad_b2", "b", (2,)), ("W1_grad", "W", (1,)), ("layers.0.weight.grad", "W", (0,)),
        ("model.fc2.bias", "b", (2,)), ("dense_1/kernel:0", "W", (1,)), ("coefs_[0]", "W", (0,)), ("δ1", "a", (1,)),
        ("delta_W2", "W", (2,)), ("Theta1_grad", "W", (1,)), ("dA1", "h", (1,)), ("dZ1", "a", (1,)), ("dX", "x", ()),
        ("dyhat", "yhat", ()), ("dscores", "logits", ()), ("dWxh", "W", ()), ("dby", "b", ()), ("∇W1", "W", (1,)),
        ("hidden.weight", "W", ()), ("dweights1", "W", (1,)), ("dL/dh_1", "h", (1,)), ("nabla_w", "W", ()),
    ],
)  # fmt: skip
def test_a_name_is_taken_apart(name, kind, numbers):
    label = read_label((name,))
    assert (label.kinds[0], label.numbers, label.gradient) == (kind, numbers, True)


@pytest.mark.parametrize("name", ["gamma1", "running_mean", "", "1", "dropout", "momentum.0", "dL", "x" * 500])
def test_a_name_of_something_else_is_refused_by_name(name):
    with pytest.raises(InputError, match="expected") as error:
        audit_gradients(NET, X, Y, {name: W1, "dW2": W2})
    assert name[:20] in str(error.value)


@pytest.mark.parametrize(
    ("given", "due"),
    [
        ({"dW": W1, "dV": W2}, {"dL/dW_1": "dW", "dL/dW_2": "dV"}),
        ({"dWo": W2, "dbo": b2, "dWh": W1, "dbh": b1}, {"dL/dW_2": "dWo", "dL/dW_1": "dWh", "dL/db_1": "dbh"}),
        ({"dWxh": W1, "dWhy": W2, "dbh": b1, "dby": b2}, {"dL/dW_1": "dWxh", "dL/db_2": "dby"}),
        ({"layers.1.weight": W2}, {"dL/dW_2": "layers.1.weight"}),
        ({"4.0.weight": W2, "1.weight": W1}, {"dL/dW_1": "1.weight", "dL/dW_2": "4.0.weight"}),
        ({"dhidden": B.grad_h[0], "dscores": B.grad_a[1]}, {"dL/dh_1": "dhidden", "dL/da_2": "dscores"}),
        ({"da1": B.grad_a[0], "dW1": W1}, {"dL/da_1": "da1"}),
        ({"da1": B.grad_h[0], "dW1": W1}, {"dL/dh_1": "da1"}),
        ({"Z1": B.forward.a[0], "A1": B.forward.h[1]}, {"a_1": "Z1", "h_1": "A1"}),
        ({"Z1": B.grad_a[0], "A1": B.grad_h[0], "W1": W1}, {"dL/da_1": "Z1", "dL/dh_1": "A1"}),
        ({"dL/dw^1": W1.T, "δ^2": B.grad_a[1]}, {"dL/dW_1": "dL/dw^1", "dL/da_2": "δ^2"}),
        ({"W": {1: W1, 2: W2}}, {"dL/dW_1": "W[1]", "dL/dW_2": "W[2]"}),
        ([None, {"dW": W1, "db": b1}, {"dW": W2, "db": b2}], {"dL/dW_1": "[1].dW"}),
        ((W1, b1), {"dL/dW_1": "array 1", "dL/db_1": "array 2"}),
        (SimpleNamespace(dW1=W1, db2=b2), {"dL/dW_1": "dW1", "dL/db_2": "db2"}),
        (namedtuple("Grads", "dW1 db1")(W1, b1), {"dL/dW_1": "dW1", "dL/db_1": "db1"}),
    ],
)  # fmt: skip
def test_the_whole_set_says_what_a_name_means(given, due):
    found = read(given)
    assert {name: found.get(name) for name in due} == due


def test_a_real_tie_is_refused_with_both_readings():
    network, x, y = SQUARE
    with pytest.raises(InputError, match=r"dL/dW_\d or dL/dW_\d: neither shapes nor numbers decide"):
        audit_gradients(network, x, y, {"layers.1.weight.grad": np.arange(9.0).reshape(3, 3)})


# ---------------------------------------------------------------- shapes that fit nothing


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"dW1": W1, "db1": B.grad_a[0]},
            "db1: expected shape (5,) of dL/db_1; got shape (6, 5): it looks as if the sum over the 6 examples is miss",
        ),
        ({"dW1": np.einsum("nm,nj->nmj", B.grad_a[0], X)}, "the sum over the 6 examples is missing"),
        ({"dZ1": B.grad_a[0][0]}, "of one example, or summed over the 6 examples"),
        ({"dW1": b1}, "the product with the other layer's values is missing"),
        ({"dW1": W2, "dW2": W1}, "it would fit dL/dW_2"),
        ({"dL/db_1": b2}, "it would fit dL/db_2"),
        ([W1, b1, W2], "4 arrays"),
        (np.zeros(30), "one vector of 43 numbers"),
        (np.zeros(3), "one vector of 43 numbers"),
        ({}, "at least one array"),
        ([], "one vector of 43 numbers"),
        (None, "gradients by name"),
        ("text", "gradients by name"),
        ({"dW1": None}, "at least one array"),
        ({"dW1": "text"}, "real numbers"),
        ({"dW1": np.ma.masked_array(W1, np.eye(5, 4))}, "a masked entry at position 1, 1"),
        ({"dW1": np.where(np.eye(5, 4) > 0, np.nan, W1)}, "nan at position 1, 1 (of shape (5, 4))"),
        ({"dW1": [[None] * 4] * 5}, "nan at position 1, 1"),
        ({"dW1": W1 + 0j}, "real numbers"),
        ({"dW1": object()}, "an array of numbers"),
        ({"dW1": [[1, 2], [3]]}, "expected shape (5, 4)"),
    ],
)  # fmt: skip
def test_what_fits_nothing_is_told_with_what_it_would_fit(given, words):
    for check in (audit_gradients, lambda n, x, y, g: check_gradients(n, x, y, gradients=g)):
        if check is not audit_gradients and given is None:
            continue  # check_gradients then checks its own
        with pytest.raises(InputError) as error:
            check(NET, X, Y, given)
        assert words in str(error.value)


class Hostile:
    """An object that raises whatever is asked of it as an array."""

    def __array__(self, *_, **__):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.")


def test_what_a_library_raises_is_an_input_error():
    with pytest.raises(InputError, match="dW1: expected an array of numbers; got Hostile"):
        audit_gradients(NET, X, Y, {"dW1": Hostile()})


# ---------------------------------------------------------------- conventions and mistakes


def scaled(factor, **but):
    given = {"dW1": W1, "db1": b1, "dW2": W2, "db2": b2}
    return {name: but.get(name, factor) * array for name, array in given.items()}


@pytest.mark.parametrize(
    ("given", "rate", "words"),
    [
        (scaled(-1), None, "all arrays are minus the gradient"),
        (scaled(0.01), None, "all arrays are 0.01 times the gradient"),
        (scaled(0.5), 0.5, "0.5 times the gradient (the learning rate)"),
        (scaled(-0.3), 0.3, "-0.3 times the gradient (the learning rate): the step that is added"),
        ({"dW1": W1.T, "dW2": W2.T}, None, "(in, out)"),
        ({"dZ2": B.grad_a[1] * 6, "dW2": W2, "dW1": W1}, None, "of each example's own loss"),
        ({"dZ2": B.grad_a[1], "dW2": 0.01 * W2, "db2": 0.01 * b2}, 0.01, "the arrays of W and b are 0.01 times"),
    ],
)
def test_what_a_whole_set_shares_is_told_in_a_sentence(given, rate, words):
    audit = audit_gradients(NET, X, Y, given, learning_rate=rate)
    assert accused(audit) == {}
    assert any(words in convention.words for convention in audit.conventions)
    assert words.lower() in " ".join(str(audit).lower().split())


@pytest.mark.parametrize(
    ("given", "due"),
    [
        (scaled(1, dW2=-1), "dL/dW_2"),
        (scaled(-1, dW2=1), "dL/dW_2"),
        (scaled(-1, db1=-1.5), "dL/db_1"),
        (scaled(0.01, dW1=0.02), "dL/dW_1"),
        (scaled(6), "dL/dW_2"),
        (scaled(2), "dL/dW_2"),
        (scaled(1, dW1=-1, db1=-1), "dL/dW_1"),
        ({"dL/dW_1": -W1}, "dL/dW_1"),
        ({"dW1": W1, "dW2": W2.T}, "dL/dW_2"),
    ],
)
def test_what_some_arrays_have_alone_is_a_mistake(given, due):
    audit = audit_gradients(NET, X, Y, given)
    assert audit.first_wrong.name == due


@pytest.mark.parametrize(("factor", "is_cause"), [(3, True), (1 / 3, True), (0.1, False)])
def test_a_factor_of_all_by_the_number_of_outputs_is_a_mistake(factor, is_cause):
    """Of 3 outputs, with 7 examples and 5 units; one without a cause is a scale."""
    network, x, y = question(n=7)
    b = network.backward(x, y)
    given = {f"d{s}{i}": factor * b[f"dL/d{s}_{i}"] for i in (1, 2) for s in "Wb"}
    assert bool(accused(audit_gradients(network, x, y, given))) is is_cause


def test_one_square_array_alone_that_is_transposed_is_a_mistake_and_all_are_a_convention():
    network, x, y = SQUARE
    b = network.backward(x, y)
    one, two = b.grad_W
    mistake = {"dL/dW_1": ("outer_product_orientation_1",)}
    assert accused(audit_gradients(network, x, y, {"dL/dW_1": one.T, "dL/dW_2": two})) == mistake
    assert accused(audit_gradients(network, x, y, {"dL/dW_1": one.T})) == mistake
    assert accused(audit_gradients(network, x, y, {"dL/dW_1": one.T, "dL/dW_2": two.T})) == {}
    for given in ({"dL/da_1": b.grad_a[0].T}, {"dZ1": b.grad_a[0].T, "dZ2": b.grad_a[1]}):
        assert accused(audit_gradients(network, x, y, given)) == {}


def test_no_word_is_of_handwriting():
    rng = np.random.default_rng(0)
    for seed in range(12):
        spoiled = {"dL/dW_2": W2.copy(), "dL/dW_1": W1 * rng.choice([1.0, 10.0])}
        spoiled["dL/dW_2"].flat[seed] *= rng.choice([10.0, 0.1, -1.0, 1.3])
        told = str(audit_gradients(NET, X, Y, spoiled)).lower()
        for word in ("digit", "decimal", "written", "cut off", " line"):
            assert word not in told, told


# ---------------------------------------------------------------- precision


def test_single_precision_in_double_arrays_is_judged_to_it_and_said():
    net = Network.random([20, 30, 10], "relu", seed=0)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(32, 20)), rng.integers(0, 10, 32)
    b = net.astype("float32").backward(x.astype("float32"), y)
    names = ("dL/dW_2", "dL/db_2", "dL/dW_1", "dL/db_1")
    kept = {name: np.array(b[name], dtype=float) for name in names}
    for given in (
        kept,
        {name: 0.3 * array for name, array in kept.items()},
        json.loads(json.dumps({n: a.tolist() for n, a in kept.items()})),
    ):
        audit = audit_gradients(net, x, y, given)
        assert accused(audit) == {}
        assert "double arrays hold single precision" in str(audit)
        assert check_gradients(net, x, y, gradients=kept).ok
    wrong = kept | {"dL/dW_1": kept["dL/dW_1"] * np.where(rng.random((30, 20)) < 0.5, 1, 1.01)}
    assert list(accused(audit_gradients(net, x, y, wrong))) == ["dL/dW_1"]


def test_an_error_of_a_millionth_in_double_precision_is_no_rounding():
    for factor in (1 + 3e-6, 1 - 3e-6):
        assert accused(audit_gradients(NET, X, Y, {"dL/dW_1": W1 * factor}))
    moved = W1 + 1e-5 * np.random.default_rng(0).normal(size=W1.shape)
    assert accused(audit_gradients(NET, X, Y, {"dL/dW_2": W2, "dL/dW_1": moved}))


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_rounding_errors_bound_those_of_the_pass(dtype):
    for seed in range(30):
        rng = np.random.default_rng(seed)
        case = trials.drawn(rng, seed % 2 == 0)
        b = case.network.backward(case.x, case.y)
        if dtype == "float16":
            single = case.network.astype("float32")
            rounded = Network([W.astype(np.float16).astype(np.float32) for W in single.weights],
                              single.biases, single.hidden, single.output, single.loss, single.reduction)  # fmt: skip
        else:
            rounded = case.network.astype("float32")
        other = rounded.backward(case.x.astype(np.float32), case.y)
        bounds = rounding_errors(b, float(np.finfo(dtype).eps))
        for name, bound in bounds.items():
            gap = np.abs(np.asarray(other.value(name), dtype=float) - b.value(name))
            assert (gap <= bound).all(), (seed, str(name), case.network)


def test_rounding_errors_of_each_value_are_some_units_of_it():
    """Whatever its neighbours are: units of 5,000 and of 0.1, inputs of 1e-5."""
    weights, biases = [[[1e8, 2e8], [1.0, -0.5]], [[1e-4, 1.0]]], [[1.0, 0.1], [0.2]]
    net = Network(weights, biases, "relu", "identity", "half_squared_error")
    b, eps = net.backward([[3e-5, 1e-5]], [[9.0]]), float(np.finfo(float).eps)
    for name, bound in rounding_errors(b, eps).items():
        assert (bound <= 300 * eps * np.abs(b.value(name))).all(), str(name)


def test_pandas_lists_and_one_example_are_read():
    network, x, y = NET, X[0], Y[0]
    b = network.backward(x, y)
    given = {"dW1": pd.DataFrame(b["dL/dW_1"]), "dZ1": b["dL/da_1"][:, None], "dA1": [b["dL/dh_1"].tolist()]}
    assert accused(audit_gradients(network, x, y, given)) == {}
    assert check_gradients(network, x, y, gradients=given).ok


def test_two_lists_of_one_length_are_vectors_where_their_key_says_biases():
    network, x, y = question((3, 2, 2))
    b = network.backward(x, y)
    given = {"dW": [W.tolist() for W in b.grad_W], "db": [one.tolist() for one in b.grad_b]}
    assert check_gradients(network, x, y, gradients=given).ok


def test_check_gradients_tells_how_it_read_them():
    found = check_gradients(NET, X, Y, gradients={"layers.0.weight.grad": -W1.T, "layers.1.weight.grad": -W2.T})
    assert found.ok
    assert "all arrays are minus the gradient" in str(found)
    assert "layers.0.weight.grad is dL/dW_1, transposed" in str(found)


@pytest.mark.parametrize("layer", [1, 2])
@pytest.mark.parametrize("names", [("dW",), ("db",), ("dW", "db"), ("dW", "db", "dZ")])
def test_arrays_without_a_number_are_of_the_layer_whose_shapes_they_have(names, layer):
    due = {"dW": B.grad_W, "db": B.grad_b, "dZ": B.grad_a}
    found = read_gradients(B, {name: due[name][layer - 1] for name in names})
    letters = {"dW": "W", "db": "b", "dZ": "a"}
    assert {str(array.quantity) for array in found.arrays} == {f"dL/d{letters[name]}_{layer}" for name in names}
    beside = read_gradients(B, {"dW1": W1, "dW2": W2, "dZ": B.grad_a[layer - 1]})
    assert f"dL/da_{layer}" in {str(array.quantity) for array in beside.arrays}


@pytest.mark.parametrize(("before", "after"), [("z", "a"), ("a", "z")])
def test_a_and_z_are_before_and_after_the_activation_or_the_other_way_round(before, after):
    """As in Nielsen's book, and as in Bishop's."""
    given = {f"d{before}1": B.grad_a[0], f"d{after}1": B["dL/dh_1"]}
    assert read(given) == {"dL/da_1": f"d{before}1", "dL/dh_1": f"d{after}1"}
    assert accused(audit_gradients(NET, X, Y, given)) == {}
    assert list(accused(audit_gradients(NET, X, Y, given | {f"d{before}1": 1.1 * B.grad_a[0]}))) == ["dL/da_1"]


@pytest.mark.parametrize("names", [("dW1", "dL/dW_1"), ("W1", "W01"), ("dW1", "dW1 "), ("W1", "weights1")])
def test_two_names_for_one_array_are_one_sentence(names):
    with pytest.raises(InputError, match=r"gradients: expected dL/dW_1 once; got \S+ and \S+"):
        read_gradients(B, dict.fromkeys(names, W1))


@pytest.mark.parametrize("setting", [{"tolerance": -1}, {"tolerance": "x"}, {"tolerance": np.nan}, {"tolerance": [1]}])
@pytest.mark.parametrize(
    "check", [audit_gradients, lambda *given, **more: check_gradients(*given[:3], None, gradients=given[3], **more)]
)
def test_a_tolerance_is_a_number_from_0_up(check, setting):
    with pytest.raises(InputError, match="tolerance: expected a number from 0 up; got"):
        check(NET, X, Y, {"dW1": W1}, **setting)


@pytest.mark.parametrize("rate", ["a", np.inf, None, 0.5])
def test_a_learning_rate_is_a_finite_number(rate):
    if rate in (None, 0.5):
        assert audit_gradients(NET, X, Y, {"dW1": W1}, learning_rate=rate).ok
        return
    with pytest.raises(InputError, match="learning_rate: expected a finite number; got"):
        audit_gradients(NET, X, Y, {"dW1": W1}, learning_rate=rate)
