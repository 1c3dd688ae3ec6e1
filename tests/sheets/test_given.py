"""A sheet without a header: its own lines give the network, and its printed numbers what they leave open."""

import numpy as np
import pytest

from chainrule import InputError
from chainrule.auditing.audit import audit
from chainrule.sheets.header import parse_worksheet
from tests.support import headers

SEEDS = range(28)


def latex(array):
    """A matrix or a column of LaTeX."""
    rows = (" & ".join(map(str, np.atleast_1d(row))) for row in array)
    return r"\begin{bmatrix} " + r" \\ ".join(rows) + r" \end{bmatrix}"


def plainly(network, x, y, rate):
    yield f"x = {x}"
    yield f"y = {y}"
    yield f"η = {rate}"
    for i, (W, b) in enumerate(zip(network.weights, network.biases, strict=True), 1):
        yield f"W_{i} = {W.tolist()}"
        yield f"b_{i} = {b.tolist()}"


def in_latex(network, x, y, rate):
    yield f"Given: $x = {latex(x)}$, the target $y = {latex(y)}$ and a learning rate of {rate}."
    for i, (W, b) in enumerate(zip(network.weights, network.biases, strict=True), 1):
        yield f"$$W^{{({i})}} = {latex(W.tolist())}, \\quad b^{{[{i}]}} = {latex(b.tolist())}$$"


def one_by_one(network, x, y, rate):
    yield "Inputs: " + ", ".join(f"x_{i} = {value}" for i, value in enumerate(x, 1))
    yield "Targets: " + ", ".join(f"t{i} = {value}" for i, value in enumerate(y, 1))
    yield f"learning rate = {rate}"
    for i, W in enumerate(network.weights, 1):
        yield ", ".join(f"W_{i}{m + 1}{j + 1} = {W[m, j]}" for m, j in np.ndindex(*W.shape))
    for i, b in enumerate(network.biases, 1):
        yield ", ".join(f"$b_{{{i}{m}}} = {value}$" for m, value in enumerate(b, 1))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("written", [plainly, in_latex, one_by_one])
def test_lines_that_give_a_network(seed, written):
    """The activations are those under which the printed numbers come out, whether the sheet speaks of them or not."""
    network, x, y, rate = headers.drawn(seed)
    given = list(written(network, x, y, rate))
    loss = network.backward(x, y).L
    lines = headers.forward_lines(network, x) + f"L = {loss:.6f}\n"
    spoken = f"Sigmoid output, {network.hidden[0] if network.hidden else 'logistic'} units.\n" if seed % 2 else ""
    found = parse_worksheet(spoken + "\n".join(given) + "\n\n" + lines)
    read = found.network
    for a, b in zip((*read.weights, *read.biases), (*network.weights, *network.biases), strict=True):
        assert np.array_equal(a, b)
    assert (found.x.tolist(), np.ravel(found.y).tolist(), found.learning_rate) == (x, y, rate)
    f = read.forward(x)
    assert f.yhat == pytest.approx(network.forward(x).yhat, abs=1e-5)
    assert float(read.backward(x, y).L) == pytest.approx(loss, abs=1e-5)
    assert not any("=" in line for line in found.lines[: len(given)])  # what is given claims nothing
    assert "there is no header" in found.notes[0]


@pytest.mark.parametrize("seed", range(0, 28, 5))
def test_the_rest_of_such_a_sheet_is_audited(seed):
    network, x, y, rate = headers.drawn(seed)
    lines = headers.forward_lines(network, x)
    right = "\n".join(plainly(network, x, y, rate)) + "\n\n" + lines
    assert {line.verdict for line in audit(right).lines} <= {"right", "rounded"}
    wrong = audit(right.replace("yhat = [0", "yhat = [1"))
    if "yhat = [0" in right:
        assert [line.name for line in wrong.lines if line.verdict == "wrong"] == ["yhat"]


def test_targets_that_have_a_name_of_their_own():
    text = "x_1 = 1\nw_1 = 0.5\nt_1 = 1\nsigmoid, squared error\ny_1 = 0.622\n"
    found = parse_worksheet(text)
    assert (found.y, found.lines[-1]) == ([1], "y_1 = 0.622")


@pytest.mark.parametrize(
    ("text", "missing"),
    [("x = [1, 2]\n", "no weights"), ("W_1 = [[1, 2]]\n", "no input x"), ("a_1 = [1]\n", "no input x and no weights")],
)
def test_what_is_missing_is_named(text, missing):
    with pytest.raises(InputError, match=f"got {missing}"):
        parse_worksheet(text)


def test_the_first_value_of_a_name_is_the_one_given():
    found = parse_worksheet("x = [1]\ny = 1\nw_1 = 0.5\nsigmoid\nw_1 = 0.6\n")
    assert found.network.weights[0].tolist() == [[0.5]]
    assert found.lines[-1] == "w_1 = 0.6"
