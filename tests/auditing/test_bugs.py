"""Bugs of real backward passes: a sample of ``python -m trials.bugs``, and what the kinds have in common."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import InputError, Network, audit_gradients
from chainrule.auditing import code
from chainrule.auditing.diagnosis import by_array
from chainrule.auditing.diagnosis.by_equation import value_of_line
from trials.bugs.__main__ import outcome
from trials.bugs.kinds import KINDS, SOURCES
from trials.bugs.noise import noise


def test_there_are_kinds_enough_each_with_its_source():
    assert len({kind.id for kind in KINDS}) == len(KINDS) >= 100
    assert {kind.source for kind in KINDS} == set(SOURCES)


def test_the_array_is_found_and_the_cause_named():
    """Every tenth kind."""
    found = [outcome(kind, 1, i % 6) for i, kind in enumerate(KINDS) if i % 10 == 0]
    assert all(o.found for o in found), [o for o in found if not o.found]
    assert sum(o.named for o in found) >= 0.95 * len(found), [o for o in found if not o.named]


def test_no_cause_is_named_for_random_arrays_and_no_right_one_accused():
    found = noise(8, 1)
    assert found.arrays > 6
    assert not found.said


@pytest.fixture
def case():
    net = Network.random([4, 6, 5, 3], "tanh", seed=3)
    net = Network(net.weights, [np.full(b.shape, 0.3) for b in net.biases], "tanh", net.output, net.loss)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 4)), rng.integers(0, 3, 8)
    return net, x, y, net.forward(x), net.backward(x, y)


def gradients(b):
    return {f"dL/d{s}_{i}": np.array(b[f"dL/d{s}_{i}"]) for i in (1, 2, 3) for s in "Wb"}


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (0.35, "lambda = 0.35"), (0.7 / 8, "lambda / n with lambda = 0.7"), (-0.2, "the wrong sign"),
        (2 * 0.63, "2 lambda with lambda = 0.63"), (2 * 0.63 / 8, "2 lambda / n with lambda = 0.63"),
    ],
)  # fmt: skip
def test_a_penalty_is_told_with_its_lambda(case, rate, words):
    net, x, y, _, b = case
    mine = gradients(b)
    for i in (1, 2, 3):
        mine[f"dL/dW_{i}"] = mine[f"dL/dW_{i}"] + rate * net.weights[i - 1]
    audit = audit_gradients(net, x, y, mine)
    assert audit.first_wrong.mistakes == ("l2_penalty",)
    assert words in audit.first_wrong.message
    later = next(line for line in audit.lines if line.name == "dL/dW_1")
    assert "the same mistake as in dL/dW_3" in later.message


def test_the_rate_of_a_step_made_too_early_is_solved(case):
    net, x, y, f, b = case
    d3 = np.array(b["dL/da_3"])
    d2 = d3 @ (net.weights[2] - 0.07 * b["dL/dW_3"]) * (1 - f["h_2"] ** 2)
    audit = audit_gradients(net, x, y, gradients(b) | {"dL/dW_2": d2.T @ f["h_1"], "dL/db_2": d2.sum(0)})
    assert audit.first_wrong.mistakes == ("updated_weights_used",)
    assert "with the rate 0.07" in audit.first_wrong.message


def test_one_factor_of_all_arrays_is_said_once(case):
    net, x, y, _, b = case
    audit = audit_gradients(net, x, y, {name: array / np.log(10) for name, array in gradients(b).items()})
    assert audit.first_wrong.mistakes == ("log_base_10",)
    assert [line.verdict for line in audit.lines] == ["wrong"] + ["follows"] * 5


@pytest.mark.parametrize(
    ("twice", "says"), [([1], "example 2 counts twice"), ([1, 4], "examples 2, 5 count twice"), ([0, 1, 2, 3, 4], "")]
)
def test_a_few_examples_that_count_twice_are_named(case, twice, says):
    net, x, y, f, b = case
    weights = np.ones((8, 1))
    weights[twice] = 2
    audit = audit_gradients(net, x, y, gradients(b) | {"dL/dW_3": (weights * b["dL/da_3"]).T @ f["h_2"]})
    assert audit.first_wrong.mistakes == (("examples_repeated",) if says else ("inconsistent_with_own_line",))
    assert says in audit.first_wrong.message


@pytest.mark.parametrize("limit", [1, 5, 0.5])
def test_a_gradient_that_is_clipped_to_a_norm_is_named(case, limit):
    net, x, y, _, b = case
    mine = gradients(b)
    mine["dL/dW_1"] *= limit / np.linalg.norm(mine["dL/dW_1"])
    audit = audit_gradients(net, x, y, mine)
    assert audit.first_wrong.mistakes == ("norm_clipped",)
    assert f"scaled to the norm {limit}" in audit.first_wrong.message


def test_an_array_that_would_tell_two_mistakes_apart_is_named(case):
    """Without its activation layer 1 gives on a_1: W_1 alone does not say whether that was meant."""
    net, x, y, _, _ = case
    (W1, W2, W3), (b1, b2, b3) = net.weights, net.biases
    a1 = x @ W1.T + b1
    h2 = np.tanh(a1 @ W2.T + b2)
    e = np.exp(h2 @ W3.T + b3)
    d2 = (e / e.sum(1, keepdims=True) - np.eye(3)[y]) / len(x) @ W3 * (1 - h2**2)
    d1 = d2 @ W2 * (1 - np.tanh(a1) ** 2)
    line = audit_gradients(net, x, y, {"dL/dW_1": d1.T @ x}).first_wrong
    assert line.mistakes == ("activation_skipped", "a_for_h_forward")
    assert line.message.endswith("; dL/dW_2 would tell them apart")


@pytest.mark.parametrize(("factor", "rate"), [(2, 0), (0.5, 0), (2, 0.35), (1 / 3, 0.7)])
def test_what_is_named_gives_the_array_that_it_explains(case, monkeypatch, factor, rate):
    """Later arrays are held against it."""
    net, x, y, _, b = case
    marks = []

    def diagnosed(state, mark):
        marks.append((state, by_array.diagnose_array(state, mark)))
        return marks[-1][1]

    monkeypatch.setattr(code, "diagnose_array", diagnosed)
    audit_gradients(net, x, y, gradients(b) | {"dL/dW_3": factor * b["dL/dW_3"] + rate * net.weights[2]})
    ((state, mark),) = marks
    for candidate in mark.candidates:
        value = value_of_line(mark.place, mark.value, state.own.other(candidate.wrong))
        assert np.allclose(value, mark.value.numbers.value), candidate.found.id


def test_nothing_is_said_of_digits_and_the_wrong_row_is_told(case):
    net, x, y, _, b = case
    mine = gradients(b)
    mine["dL/dW_1"][2] += [0.3, -0.1, 0.2, 0.7]
    audit = audit_gradients(net, x, y, mine)
    assert audit.first_wrong.mistakes == ("inconsistent_with_own_line",)
    assert "row 3 is wrong, and no other" in audit.first_wrong.message
    assert "digit" not in audit.first_wrong.message


def test_the_first_wrong_value_of_a_forward_pass_is_found(case):
    net, x, y, f, b = case
    a_1 = f["a_1"] - 0.3
    audit = audit_gradients(net, x, y, gradients(b), forward={"a_1": a_1, "h_1": np.tanh(a_1), "yhat": f["yhat"]})
    assert audit.first_wrong.name == "a_1"
    assert audit.first_wrong.mistakes == ("bias_dropped",)
    with pytest.raises(InputError, match="forward: expected values of the forward pass"):
        audit_gradients(net, x, y, gradients(b), forward={"dW1": b["dL/dW_1"]})
    with pytest.raises(InputError, match="forward: expected a_1 once"):
        audit_gradients(net, x, y, gradients(b) | {"a_1": f["a_1"]}, forward={"a_1": f["a_1"]})


def dropped_out(net, x, y, keep, mask_back=True, scale_back=True):
    """A pass with dropout in both hidden layers."""
    rng = np.random.default_rng(5)
    (W1, W2, W3), (b1, b2, b3) = net.weights, net.biases
    m1, m2 = ((rng.random((len(x), m)) < keep) / keep for m in net.sizes[1:3])
    h1 = np.tanh(x @ W1.T + b1) * m1
    h2 = np.tanh(h1 @ W2.T + b2) * m2
    a3 = h2 @ W3.T + b3
    e = np.exp(a3 - a3.max(1, keepdims=True))
    d3 = (e / e.sum(1, keepdims=True) - np.eye(3)[y]) / len(x)
    d2 = d3 @ W3 * (1 - np.tanh(h1 @ W2.T + b2) ** 2) * m2
    d1 = d2 @ W2 * (1 - np.tanh(x @ W1.T + b1) ** 2)
    d1 = d1 if not mask_back else d1 * m1 if scale_back else d1 * (m1 > 0)
    mine = {f"dW{i}": d.T @ h for i, d, h in ((1, d1, x), (2, d2, h1), (3, d3, h2))}
    return mine | {f"db{i}": d.sum(0) for i, d in ((1, d1), (2, d2), (3, d3))}, {"h_1": h1, "h_2": h2}


def test_dropout_of_ones_own_is_followed(case):
    net, x, y, _, _ = case
    mine, forward = dropped_out(net, x, y, 0.75)
    audit = audit_gradients(net, x, y, mine, forward=forward)
    assert audit.ok
    assert any("h_1 is after dropout" in note for note in audit.notes)


@pytest.mark.parametrize(
    ("how", "id"), [({"mask_back": False}, "dropout_mask_missing"), ({"scale_back": False}, "dropout_scale_missing")]
)
def test_a_mask_or_scale_left_out_on_the_way_back_is_named(case, how, id):
    net, x, y, _, _ = case
    mine, forward = dropped_out(net, x, y, 0.75, **how)
    audit = audit_gradients(net, x, y, mine, forward=forward)
    assert audit.first_wrong.name == "dL/dW_1"
    assert audit.first_wrong.mistakes == (id,)


def test_every_row_made_for_code_gives_numbers_or_nothing():
    """No rule refers to itself, whatever the network."""
    from chainrule.auditing.mistakes.code import CODE
    from chainrule.auditing.model.problem import Node, Problem
    from chainrule.auditing.model.replay import Replay

    for sizes, hidden, output, loss in (
        ([3, 3, 3, 3], "sigmoid", "softmax", "cross_entropy"),
        ([2, 4, 3], "leaky_relu", "identity", "half_squared_error"),
        ([3, 3, 1], "elu", "sigmoid", "binary_cross_entropy"),
        ([3, 3, 3, 2], ["gelu", "silu"], "identity", "huber"),
    ):
        net = cr.Network.random(sizes, hidden, output, loss, seed=0)
        rng = np.random.default_rng(1)
        y = rng.integers(0, 3, 3) if output == "softmax" else rng.integers(0, 2, (3, sizes[-1]))
        p = Problem.of(net, rng.normal(size=(3, sizes[0])), y)
        for row in CODE:
            for i in range(p.depth + 1):
                if (i or row.kind == "dh") and row.fits(p, i):
                    node = Node(row.kind, i)
                    right = Replay(p).get(node)
                    assert np.shape(Replay(p, wrong=(row.at(i),)).get(node)) == np.shape(right), (row.id, i)
