"""A sheet without a header: its own lines give the network, and its printed numbers what they leave open."""

import re

import numpy as np
import pytest

from chainrule import InputError
from chainrule.auditing.audit import audit
from chainrule.sheets.header import parse_worksheet
from tests.support import headers
from tests.support.sample import seeds

SEEDS = seeds(8, 28)


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
    spoken = f"Sigmoid output, {network.hidden[0] if network.hidden else 'logistic'} units.\n"
    right = spoken + "\n".join(plainly(network, x, y, rate)) + "\n\n" + lines
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


def test_without_an_activation_in_words_or_numbers_there_is_no_verdict():
    text = "x = [1, 2]\ny = 1\nW_1 = [[0.5, -0.6]]\na_1 = -0.7\n"
    with pytest.raises(InputError, match="activations: expected an activation in a line"):
        parse_worksheet(text)
    assert parse_worksheet(text + "yhat = 0.3318\n").network.output == "sigmoid"  # as this number shows
    assert parse_worksheet(text + "A linear output.\n").network.output == "identity"


def test_what_depends_on_a_loss_that_nothing_shows_is_not_judged():
    text = "x = [1, 2]\ny = 1\nW_1 = [[0.5, -0.6]]\nsigmoid\nyhat = 0.3318\ndL/da_1 = 0.77\n"
    found = audit(text)
    assert [line.verdict for line in found.lines] == ["rounded", "undecided"]
    assert "no printed number shows one" in found.notes[2]
    assert [line.verdict for line in audit(text + "mean squared error\n").lines] == ["rounded", "wrong"]


@pytest.mark.parametrize(
    ("loss", "name", "spoken"),
    [
        ("half_squared_error", "half_squared_error", ""),
        ("half_squared_error", "half_squared_error", "MSE"),
        ("squared_error", "squared_error", ""),
        ("binary_cross_entropy", "binary_cross_entropy", ""),
        ("binary_cross_entropy", "binary_cross_entropy", "cross-entropy"),
    ],
)
@pytest.mark.parametrize("seed", [0, 1, 3])
def test_printed_gradients_show_the_loss(loss, name, spoken, seed):
    network, x, y, rate = headers.drawn(seed)
    network = type(network)(network.weights, network.biases, network.hidden, "sigmoid", loss)
    gradient = network.backward(x, y)["dL/dyhat"].ravel()
    text = "\n".join(plainly(network, x, y, rate)) + "\n\n" + headers.forward_lines(network, x)
    found = parse_worksheet(f"{text}{spoken}\ndL/dyhat = [{', '.join(f'{g:.6f}' for g in gradient)}]\n")
    assert found.network.loss == name


@pytest.mark.parametrize(
    "text",
    [
        "**Inputs:** i1 = 1, i2 = 2\n**Target:** target_{o1} = 1\n**Weights:** w1 = .5, w2 = -.6\n",
        "| parameter | value |\n|---|---|\n| $x$ | $[1, 2]$ |\n| $y$ | $1$ |\n| $W_1$ | $[0.5, -0.6]$ |\n",
        "Input: x = (1, 2), target: y = (1)\nw_11 = 0.5, w_12 = -0.6\n",
        "x = np.array([[1, 2]])\nW_1 = np.array([[0.5, -0.6]])\nThe target is 1.\n",
        "Let x = [1, 2] and y = 1 with W = [0.5, -0.6], as before.\n",
        "\\begin{aligned}\nx &= \\begin{bmatrix} 1 \\\\ 2 \\end{bmatrix} \\\\\ny &= 1 \\\\\n"
        "W^{[1]} &= \\begin{bmatrix} 0.5 & -0.6 \\end{bmatrix}\n\\end{aligned}\n",
    ],
)
def test_other_ways_to_give_a_network(text):
    found = parse_worksheet(f"{text}\nSigmoid, squared error.\nyhat = 0.3318\n")
    assert found.network.weights[0].tolist() == [[0.5, -0.6]]
    assert (found.x.tolist(), np.ravel(found.y).tolist()) == ([1, 2], [1])


def test_a_target_that_is_told_is_a_class_of_a_softmax_alone():
    network = "x = [1, 2]\nW_1 = [[0.5, -0.6], [0.1, 0.2]]\nb_1 = [0, 0]\nThe target is 1.\n"
    assert parse_worksheet(f"{network}The output is a softmax with cross entropy.\nL = 0.2633\n").y == 1
    with pytest.raises(InputError, match=re.escape("target: expected shape (2,)")):
        parse_worksheet(f"{network}The outputs are sigmoids with squared error.\nL = 0.2633\n")
