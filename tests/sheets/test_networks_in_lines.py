"""Networks that lines give in many ways: whatever the numbers, sizes and letters, the same network is read."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import chainrule as cr
from chainrule.sheets.header import parse_worksheet
from tests.support.sample import seeds

ORDER = ("first", "second", "third")


def drawn(seed, most_inputs=3, most_hidden=3):
    """Inputs, target, weights and biases of a network of one hidden layer and one output, and its hidden values."""
    rng = np.random.default_rng(seed)
    n, m = rng.integers(2, most_inputs + 1), rng.integers(2, most_hidden + 1)
    x = rng.permutation(np.arange(1, 20))[:n] / 10
    W, b = rng.uniform(-0.9, 0.9, (m, n)).round(2), rng.uniform(-0.5, 0.5, m).round(2)
    v, c = rng.uniform(-0.9, 0.9, m).round(2), round(float(rng.uniform(-0.5, 0.5)), 2)
    h = 1 / (1 + np.exp(-(W @ x + b)))
    return x, float(rng.integers(0, 2)), W, b, v, c, h


def given(x, y):
    return [", ".join([*(f"$x_{j} = {one}$" for j, one in enumerate(x, 1)), f"$y = {y:g}$, sigmoid units."]), ""]


def shown(W, b, x, h):
    """A line for each hidden unit, as most write it."""
    for i, (row, bias, value) in enumerate(zip(W, b, h, strict=True), 1):
        terms = " + ".join(f"({w})({one})" for w, one in zip(row, x, strict=True))
        yield f"$h_{i} = \\sigma({terms} + ({bias})) = {value:.4f}$\n"


def by_ends(x, y, W, b, v, c, h, join):
    names = [f"$w_{{x{j}{join}h{i}}} = {w}$" for i, row in enumerate(W, 1) for j, w in enumerate(row, 1)]
    names += [f"$b_{{h{i}}} = {one}$" for i, one in enumerate(b, 1)]
    names += [f"$w_{{h{i}{join}o}} = {one}$" for i, one in enumerate(v, 1)] + [f"$b_o = {c}$"]
    return "\n".join([*given(x, y), ", ".join(names), "", *shown(W, b, x, h)])


def with_index_zero(x, y, W, b, v, c, h):
    rows = [
        ", ".join([*(f"v{i}{j} = {w}" for j, w in enumerate(row, 1)), f"v{i}0 = {bias}"])
        for i, (row, bias) in enumerate(zip(W, b, strict=True), 1)
    ]
    last = ", ".join([*(f"w{i} = {one}" for i, one in enumerate(v, 1)), f"w0 = {c}"])
    inputs = ", ".join(f"x{j} = {one}" for j, one in enumerate(x, 1))
    return "\n".join([f"{inputs}, y = {y:g}, sigmoid", *rows, last, f"h1 = {h[0]:.4f}"])


def in_brackets(x, y, W, b, v, c, h):
    def listed(letter, indices, values):
        names = ", ".join(f"{letter}_{{{index}}}" for index in indices)
        return f"$[{names}] = [{', '.join(map(str, values))}]$"

    first = [
        listed("v", [f"{j}{i}" for j in [*range(1, len(x) + 1), 0]], [*row, bias])
        for i, (row, bias) in enumerate(zip(W, b, strict=True), 1)
    ]
    return "\n".join([*given(x, y), ", ".join([*first, listed("w", [*range(1, len(v) + 1), 0], [*v, c])])])


def as_matrices(x, y, W, b, v, c, h):
    return "\n".join([
        f"x = {list(map(float, x))}, y = {y:g}, sigmoid units",
        f"W_xh = {W.tolist()}, b_h = {b.tolist()}",
        f"W_hy = {[v.tolist()]}, b_y = {c}",
        f"h = {h.round(4).tolist()}",
    ])  # fmt: skip


def with_bias_column(x, y, W, b, v, c, h):
    def matrix(rows):
        return r"\begin{bmatrix}" + r" \\ ".join(" & ".join(map(str, row)) for row in rows) + r"\end{bmatrix}"

    W1, W2 = np.column_stack([b, W]), np.concatenate([[c], v])[None]
    return "\n".join([
        "Sigmoid units. The first column of each matrix is the bias.", "",
        f"$W^{{(1)}} = {matrix(W1)}$, $W^{{(2)}} = {matrix(W2)}$", "",
        f"$x = {matrix(x[:, None])}$, $y = {y:g}$",
    ])  # fmt: skip


def of_modules(x, y, W, b, v, c, h):
    return "\n".join([
        "nn.Sequential(fc1, Sigmoid, fc2, Sigmoid), nn.MSELoss()",
        f"fc1.weight = tensor({W.tolist()})", f"fc1.bias = tensor({b.tolist()})",
        f"fc2.weight = tensor({[v.tolist()]})", f"fc2.bias = tensor([{c}])",
        f"x = tensor({list(map(float, x))})", f"y = tensor([{y:g}])",
    ])  # fmt: skip


def in_code(x, y, W, b, v, c, h):
    return "\n".join([
        f"X = np.array({list(map(float, x))})  # ({len(x)},)", f"D = np.array([{y:g}])",
        f"Wo = np.array({W.tolist()})", f"Ws = np.array({[v.tolist()]})",
        f"Bo = np.array({b.tolist()})", f"Bs = np.array([{c}])",
        "net_h = Wo @ X + Bo", "z = sigmoid(net_h)", "net_o = Ws @ z + Bs", "y = sigmoid(net_o)", "err = D - y",
        f"z = {h.round(4).tolist()}",
    ])  # fmt: skip


def in_words(x, y, W, b, v, c, h):
    units = ", ".join(
        f"into the {ORDER[i]} hidden neuron {' and '.join(map(str, row)) if len(row) < 3 else ', '.join(map(str, row))}"
        for i, row in enumerate(W)
    )
    inputs = " and ".join(f"x{j} = {one}" for j, one in enumerate(x, 1))
    return (
        f"The inputs are {inputs}, the target is {y:g}, all neurons are sigmoid. The weights {units}; the hidden "
        f"biases are {', '.join(map(str, b))}. The output weights are {', '.join(map(str, v))}, the output bias is {c}."
        f"\n\nh1 = {h[0]:.4f}"
    )


WAYS = {
    "dash": lambda *drawn: by_ends(*drawn, join="-"),
    "arrow": lambda *drawn: by_ends(*drawn, join=r" \to "),
    "sign": lambda *drawn: by_ends(*drawn, join="→"),
    "zero": with_index_zero,
    "brackets": in_brackets,
    "letters": as_matrices,
    "column": with_bias_column,
    "modules": of_modules,
    "code": in_code,
    "words": in_words,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", seeds(1))
def test_a_network_is_read_however_it_is_given(way, seed):
    x, y, W, b, v, c, h = drawn(seed)
    text = WAYS[way](x, y, W, b, v, c, h)
    network = parse_worksheet(text).network
    assert [one.tolist() for one in network.weights] == [W.tolist(), [v.tolist()]], text
    assert [one.tolist() for one in network.biases] == [b.tolist(), [c]], text
    verdicts = [line.verdict for line in cr.audit(text).lines]
    assert not {"wrong", "follows"} & set(verdicts), text


@pytest.mark.parametrize("seed", seeds(1))
def test_numbered_weights_of_a_deeper_network(seed):
    rng = np.random.default_rng(seed)
    sizes = [2, *rng.integers(2, 4, 2), 1]
    W = [rng.uniform(-0.9, 0.9, (m, n)).round(2) for n, m in pairwise(sizes)]
    b = [rng.uniform(-0.5, 0.5, m).round(2) for m in sizes[1:]]
    h, values = np.array([0.5, 0.2]), []
    for one, bias in zip(W, b, strict=True):
        h = 1 / (1 + np.exp(-(one @ h + bias)))
        values.append(h)
    weights = ", ".join(f"w{i} = {one}" for i, one in enumerate((one for M in W for one in M.ravel()), 1))
    biases = ", ".join(f"b{i} = {one}" for i, one in enumerate(np.concatenate(b), 1))
    outputs = "\n".join(f"a{i} = {one:.4f}" for i, one in enumerate(np.concatenate(values), 1))
    text = f"x1 = 0.5, x2 = 0.2, t1 = 1. Sigmoid units.\n\n{weights}\n{biases}\n\n{outputs}"
    assert parse_worksheet(text).network.sizes == tuple(map(int, sizes))


def logistic(seed):
    """Two examples of a logistic regression, one wrong number in what they give together."""
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 4)
    X, y, w = rng.uniform(-2, 2, (2, n)).round(1), rng.integers(0, 2, 2), rng.uniform(-0.9, 0.9, n).round(2)
    errors = 1 / (1 + np.exp(-(X @ w + 0.1))) - y
    lines = [
        f"$x^{{({i})}} = ({', '.join(map(str, row))})$, $y^{{({i})}} = {one}$"
        for i, (row, one) in enumerate(zip(X, y, strict=True), 1)
    ]
    lines += [", ".join(f"$w_{j} = {one}$" for j, one in enumerate(w, 1)) + ", $b = 0.1$, logistic regression.", ""]
    lines += [f"$dz^{{({i})}} = {one:.4f}$\n" for i, one in enumerate(errors, 1)]
    return "\n".join([*lines, f"$db = {errors.mean() + 0.1:.4f}$"])


@pytest.mark.parametrize("seed", seeds(1))
def test_a_wrong_line_of_a_batch_beside_lines_of_one_example(seed):
    assert cr.audit(logistic(seed)).lines[-1].verdict in ("wrong", "undecided")


SAID = {
    "stop": "z = {z}. Saída: yhat = {o:.4f}. Logo ∂L/∂z = {e:.4f}.",
    "row": "| 1 | $z$, $\\hat{{y}}$ | $w_1 x_1$, $\\sigma(z)$ | {z}, {o:.4f} |",
    "banner": "z = {w}*{x}\n=== Step 2: the output ===\nyhat = {o:.4f}\n=====",
    "remark": "∂L/∂z = {e:.4f}  (= ŷ − y ✓)\nyhat = {o:.4f}",
    "compared": "$z = {z} < 9.5$\n\n$\\hat{{y}} = {o:.4f} > 0$",
    "rows": "\\begin{{align*}}\n\\hat{{y}} &= {o:.4f},\\\\\n\\frac{{\\partial L}}{{\\partial z}} &= {e:.4f},\\qquad\n"
    "z = {z}.\\\\\n\\end{{align*}}",
    "tags": "<p>z = w<sub>1</sub>&middot;x<sub>1</sub> = {z}</p>\n<p>y&#770; = {o:.4f}</p>",
}  # fmt: skip


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("seed", seeds(1))
def test_claims_among_what_people_put_around_them(said, seed):
    rng = np.random.default_rng(seed)
    x, w = rng.integers(1, 20) / 10, rng.integers(-9, 10) / 10 + 0.05
    z = round(x * w, 6)
    o = 1 / (1 + np.exp(-z))
    text = f"x1 = {x}, y = 1, w1 = {w:g}, b = 0, sigmoid, binary cross-entropy\n\n"
    text += SAID[said].format(x=x, w=f"{w:g}", z=f"{z:g}", o=o, e=o - 1)
    audit = cr.audit(text)
    assert {line.verdict for line in audit.lines} <= {"right", "rounded"}, [
        (line.text, line.message) for line in audit.lines
    ]
    assert audit.unread == ()


def test_lines_with_numbers_that_were_not_read_are_told():
    text = "x1 = 0.2, target 1, w1 = 0.3, b = 0, sigmoid\n\nz = 0.06\nmystery of line four: 0.731\nyhat = 0.515"
    audit = cr.audit(text)
    assert audit.unread == (4,)
    assert "1 line with numbers was not read: line 4." in str(audit)
    assert cr.audit(text.replace("0.731", "0.3")).unread == ()  # a number that is given


def test_a_refusal_repeats_what_was_read():
    with pytest.raises(cr.InputError, match="no input x; read were y, weights w_1 w_2, biases b") as caught:
        cr.audit("y = 1, w_1 = 0.15, w_2 = 0.3, b = 0.25, sigmoid\n\nz = 0.5")
    header = "\n".join(caught.value.__notes__)
    assert "y = 1" in header
    assert "w_1 = 0.15" in header
    assert "b = 0.25" in header


def test_the_power_of_python_is_no_layer():
    text = "x1 = 0.4, w1 = 0.5, b1 = 0.1, w2 = 0.7, b2 = 0.2, y = 0, tanh hidden, linear output, squared error\n\n"
    text += "net = w1*x1 + b1 = 0.3\nz = np.tanh(net) = 0.2913\ndz/dnet = 1 - z**2 = 0.9151\nL = (yhat - y) ** 2"
    assert {line.verdict for line in cr.audit(text).lines} <= {"right", "rounded", "undecided"}
