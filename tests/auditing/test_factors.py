"""One or two factors of the backward equations changed; mistakes that are one; what is right in a wrong array."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.auditing.code import upheld
from tests.support.sample import one_in
from trials.bugs.__main__ import outcome
from trials.bugs.kinds import KINDS

BY_NAME = {kind.id: kind for kind in KINDS}


@pytest.mark.parametrize(
    "name",
    one_in(2, [
        "0 and 1 overwrite the gradient", "the slope overwrites the gradient", "inputs twice", "inputs left out",
        "inputs left out, h for the slope", "sigmoid's backward of the gradient",
        "the last column of weights and biases kept", "weights as shares",
        "the leaky slope alone", "a number below 0", "errors of the unit before, absolute inputs",
        "a column of ones kept in dW", "the layer after is still in it", "first row never written",
    ]),
)  # fmt: skip
def test_the_cause_is_named_first(name):
    one = outcome(BY_NAME[name], 11, 2)
    assert one.found
    assert one.first, one.said


def case(hidden="sigmoid", output="softmax", sizes=(4, 5, 3), n=6, seed=0):
    rng = np.random.default_rng(seed)
    loss = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}[output]
    net = cr.Network.random(sizes, hidden, output, loss, seed=seed)
    x = rng.normal(size=(n, sizes[0]))
    y = rng.integers(0, sizes[-1], n) if output == "softmax" else rng.integers(0, 2, (n, sizes[-1]))
    b = net.backward(x, y)
    given = {f"dL/d{s}_{i}": np.array(b[f"dL/d{s}_{i}"]) for i in range(1, net.depth + 1) for s in "Wb"}
    return rng, net, x, y, b, given


def test_two_mistakes_that_are_one_in_all_numbers_stand_together():
    _, net, x, y, b, _ = case("tanh")
    yhat, targets = b["yhat"], np.eye(3)[y]
    da = (yhat - 1) * targets / len(x)
    audit = cr.audit_gradients(net, x, y, {"dL/dW_2": da.T @ b["h_1"]})
    assert len(audit.first_wrong.found) == 1
    words = audit.first_wrong.found[0].words
    assert "cross terms" in words
    assert "always gives the same as: only the output of the true class" in words


def test_a_step_within_the_loop_is_told_with_its_rate():
    _, net, x, y, _, _ = case("tanh")
    now, total = net, {}
    for n in range(len(x)):
        b = now.backward(x[n : n + 1], y[n : n + 1])
        grads = {f"dL/d{s}_{i}": np.array(b[f"dL/d{s}_{i}"]) for i in (1, 2) for s in "Wb"}
        total = {name: total.get(name, 0.0) + one / len(x) for name, one in grads.items()}
        weights, biases = ([one - 0.3 * grads[f"dL/d{s}_{i + 1}"] for i, one in enumerate(of)]
                           for s, of in (("W", now.weights), ("b", now.biases)))  # fmt: skip
        now = cr.Network(weights, biases, "tanh", "softmax", "cross_entropy")
    audit = cr.audit_gradients(net, x, y, {"dL/dW_2": total["dL/dW_2"]})
    assert audit.first_wrong.mistakes == ("updated_in_loop",)
    assert "a step of rate 0.3: the first example's part is right" in audit.first_wrong.message


@pytest.mark.parametrize(
    ("rows", "said"), [([0], "starts too late"), ([-1], "ends too early"), ([0, 2, 4], "steps of 2")]
)
def test_which_loop_leaves_rows_out(rows, said):
    _, net, x, y, _, given = case("tanh")
    given["dL/dW_1"][rows] = 0
    assert said in cr.audit_gradients(net, x, y, given).first_wrong.message


@pytest.mark.parametrize("wrong", ["inputs", "errors"])
def test_where_no_mistake_fits_the_right_factor_is_told(wrong):
    rng, net, x, y, b, given = case("tanh", sizes=(7, 6, 3), n=4, seed=2)
    errors, inputs = b["dL/da_1"], x
    if wrong == "errors":
        errors = rng.normal(size=errors.shape)
    else:
        inputs = rng.normal(size=inputs.shape)
    given["dL/dW_1"] = errors.T @ inputs
    audit = cr.audit_gradients(net, x, y, given)
    assert audit.first_wrong.mistakes == ("inconsistent_with_own_line",)
    due = "rows are sums of the inputs x" if wrong == "errors" else "columns are sums of the gradients of a_1"
    assert due in audit.first_wrong.message


@pytest.mark.parametrize("seed", range(3))
def test_no_factor_is_named_for_random_arrays(seed):
    rng, net, x, y, _, given = case(["sigmoid", "relu", "leaky_relu"][seed], seed=seed)
    for name, array in [*given.items()][seed : seed + 1]:
        changed = {**given, name: rng.normal(size=array.shape)}
        audit = cr.audit_gradients(net, x, y, changed)
        line = next(line for line in audit.lines if line.name == name)
        assert line.mistakes == ("inconsistent_with_own_line",)


def test_a_cause_that_names_a_size_must_hold_in_other_sizes():
    audits = []
    for sizes, n in (((4, 5, 4, 1), 5), ((5, 7, 4, 1), 8), ((6, 2, 7, 1), 3)):
        _, net, x, y, _, given = case("relu", "sigmoid", sizes, n, 1)
        given["dL/db_1"] *= 4
        audits.append(cr.audit_gradients(net, x, y, given))
    assert "number of inputs" in audits[0].first_wrong.message
    shown = upheld(audits[0], [lambda: audits[1], lambda: audits[2]])
    assert "four times what is due" in shown.first_wrong.message
