"""Names that a sheet's own lines give are known; a name without an index is the layer's of its formula."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from tests.support.sample import seeds

RULES = "Hidden tanh, output sigmoid, cross-entropy cost averaged over the examples.\n"


def shown(value: object, decimals: int = 4) -> str:
    """A matrix as a sheet has it."""
    return "[" + ", ".join("[" + ", ".join(f"{v:.{decimals}f}" for v in row) + "]" for row in np.asarray(value)) + "]"


def columns(seed: int) -> tuple[str, np.ndarray, np.ndarray, np.ndarray]:
    """A sheet with a column for each example: what it gives, dL/dW_1, dL/dW_2 and dL/dW_1 with A1 for X."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 5))
    x, y = np.round(rng.uniform(-1, 1, (n, 2)), 1), rng.integers(0, 2, (n, 1)).astype(float)
    weights = [np.round(rng.uniform(-1, 1, shape), 1) for shape in ((2, 2), (1, 2))]
    network = cr.Network(weights, [np.zeros(2), np.zeros(1)], ["tanh"], "sigmoid", "binary_cross_entropy")
    b = network.backward(x, y)
    head = RULES + f"X = {shown(x.T, 1)}\nY = {shown(y.T, 0)}\n"
    head += "".join(f"W{i} = {shown(W, 1)}\n" for i, W in enumerate(weights, 1))
    return (
        head + f"A2 = {shown(b.forward.yhat.T)}\n",
        b.grad_W[0],
        b.grad_W[1],
        b["dL/da_1"].T @ np.tanh(x @ weights[0].T),
    )


@pytest.mark.parametrize("seed", seeds(3, 8))
@pytest.mark.parametrize("formula", ["", "np.dot(dZ1, X.T) = ", "(1/m) * np.dot(dZ1, X.T) = "])
def test_a_wrong_matrix_is_wrong_where_lines_give_the_names_in_it(seed: int, formula: str) -> None:
    head, dW1, _, _ = columns(seed)
    wrong = dW1 + np.random.default_rng(seed).uniform(0.03, 0.2, dW1.shape)
    right, off = (cr.audit(f"{head}dW1 = {formula}{shown(v)}").lines[-1] for v in (dW1, wrong))
    assert right.verdict in ("right", "rounded", "undecided")
    assert off.verdict == "wrong"
    assert "divided by" not in off.message


@pytest.mark.parametrize("seed", seeds(3, 8))
def test_the_hidden_values_for_the_inputs_are_no_right_formula(seed: int) -> None:
    head, dW1, _, _ = columns(seed)
    n = head.split("], [")[0].count(",") - 1  # two commas are in the words above
    for text in (head, f"m = {n} examples.\n{head}", head[: head.index("A2")]):
        line = cr.audit(f"{text}dW1 = (1/m) * np.dot(dZ1, A1.T) = {shown(dW1)}").lines[-1]
        assert line.verdict in ("wrong", "undecided")


def hidden_layer(seed: int) -> tuple[str, np.ndarray]:
    """The header of a batch, and the pre-activations of its hidden layer."""
    rng = np.random.default_rng(seed)
    n, d, m = (int(v) for v in rng.integers(2, 5, 3))
    x, W, b = (np.round(rng.uniform(-1, 1, shape), 1) for shape in ((n, d), (m, d), (1, m)))
    head = f"""+++
x = {shown(x, 1)}
y = {shown(rng.uniform(0, 1, (n, 1)), 1)}
hidden = "relu"
output = "identity"
loss = "mse"
[[layer]]
W = {shown(W, 1)}
b = {shown(b, 1)[1:-1]}
[[layer]]
W = {shown(rng.uniform(-1, 1, (1, m)), 1)}
+++
"""
    return head, x @ W.T + b


@pytest.mark.parametrize("seed", seeds(4, 12))
@pytest.mark.parametrize("formula", ["X W_1^T + b_1", "X W_1 + b_1"])
def test_a_matrix_without_an_index_is_of_the_layer_of_its_formula(seed: int, formula: str) -> None:
    head, Z = hidden_layer(seed)
    assert cr.audit(f"{head}Z = {formula} = {shown(Z)}").lines[0].verdict in ("right", "rounded")
    Z[0, 0] += 0.7
    assert cr.audit(f"{head}Z = {formula} = {shown(Z)}").lines[0].verdict == "wrong"


@pytest.mark.parametrize("seed", seeds(4, 10))
def test_units_under_an_unknown_letter_are_known_where_one_is_worked_out(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y, W, b, V, c = (
        np.round(rng.uniform(0.15, 0.95, s) * rng.choice([-1, 1], s), 2) for s in (2, 1, (2, 2), 2, 2, 1)
    )
    a = W @ x + b
    h = np.tanh(a)
    p = float(np.tanh(V @ h + c)[0])
    delta = (y[0] - p) * (1 - p * p)
    head = f"""+++
x = [{x[0]}, {x[1]}]
y = [{y[0]}]
learning_rate = 0.2
hidden = "tanh"
output = "tanh"
loss = "half_squared_error"
[[layer]]
W = {shown(W, 2)}
b = [{b[0]}, {b[1]}]
[[layer]]
W = [[{V[0]}, {V[1]}]]
b = [{c[0]}]
+++
v_1 = {W[0, 0]}*({x[0]}) + ({W[0, 1]})*({x[1]}) + ({b[0]}) = {a[0]:.4f}
v_2 = %s
y_2 = {h[1]:.4f}
e = d - y_3 = {y[0]} - ({p:.4f}) = {y[0] - p:.4f}
δ_3 = e (1 - y_3^2) = {delta:.4f}
"""
    right = [line.verdict for line in cr.audit(head % f"{a[1]:.4f}").lines]
    assert set(right) <= {"right", "rounded", "truncated"}
    off = [line.verdict for line in cr.audit(head % f"{a[1] + 0.23:.4f}").lines]
    assert off[1] in ("wrong", "undecided")
    assert not {"wrong", "follows", "unreadable"} & {*off[:1], *off[2:]}


@pytest.mark.parametrize("seed", range(4))
def test_weights_stated_one_by_one_behind_their_matrices_are_held_against_them(seed):
    """``w1 = 0.15, w2 = 0.2`` row by row, ``w_21`` by index; a wrong one among them is wrong, new values are new."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-1, 1, 2).round(2), rng.uniform(0, 1, 2).round(2)
    weights = [rng.uniform(-1, 1, (2, 2)).round(2) for _ in range(2)]
    net = cr.Network(weights, [[0.35] * 2, [0.6] * 2], output="sigmoid", loss="half_squared_error")
    b = net.backward(x, y)
    new = net.step(b, 0.5)
    flat, after = (np.concatenate([W.ravel() for W in n.weights]) for n in (net, new))
    given = f"x = {x.tolist()}\ny = {y.tolist()}\n"
    given += f"W1 = {weights[0].tolist()}, b1 = 0.35\nW2 = {weights[1].tolist()}, b2 = 0.6\n"
    given += "η = 0.5, sigmoid, half squared error\n"
    stated = [f"w{i} = {w}" for i, w in enumerate(flat, 1)]
    shown = f"z1 = {b['a_1'].round(4).tolist()}\ndE/dw5 = {b['dL/dW_211']:.4f}\n"
    found = cr.audit(f"{given}Recall {', '.join(stated[:4])}.\n{stated[4]}\n{shown}").lines
    assert {line.verdict for line in found} <= {"right", "rounded", "truncated"}
    assert sum(line.number in (6, 7) for line in found) == 5
    wrong = [*stated[:3], f"w4 = {flat[3] + 0.13:.2f}"]
    verdicts = [line.verdict for line in cr.audit(f"{given}{chr(10).join(wrong)}\n{shown}").lines if line.number > 5]
    assert verdicts[:3] == ["right"] * 3
    assert verdicts[3] in ("wrong", "undecided")
    assert set(verdicts[4:]) <= {"right", "rounded", "truncated"}
    later = "\n".join(f"w{i} = {w:.4f}" for i, w in enumerate(after, 1))
    assert {line.verdict for line in cr.audit(f"{given}{shown}{later}\n").lines} <= {"right", "rounded", "truncated"}
