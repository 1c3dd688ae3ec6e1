"""The mistakes of code: each computes what its equation says, where it can be made, and names what is due."""

import numpy as np
import pytest

from chainrule import Network
from chainrule.auditing.mistakes.code import CODE, batches
from chainrule.auditing.mistakes.code.targets import one_hot
from chainrule.auditing.mistakes.unknowns import UNKNOWNS
from chainrule.auditing.model.problem import Node, Problem
from chainrule.auditing.model.replay import Replay


def sigma(a):
    return 1 / (1 + np.exp(-a))


def hot(yhat):
    return np.eye(yhat.shape[1])[yhat.argmax(1)]


#: an equation behind its "=" -> the same of a and h of the layer, of the last layer's yhat and y
EQUATIONS = {
    r"[<a i> \le 0]": lambda a, h, y: a <= 0,
    "[<a i> > 0]": lambda a, h, y: a > 0,
    r"\alpha\,[<a i> > 0] + [<a i> \le 0]": lambda a, h, y: np.where(a > 0, 0.01, 1),
    r"[<a i> > 0] - \alpha\,[<a i> \le 0]": lambda a, h, y: np.where(a > 0, 1, -0.01),
    r"\mathrm{sign}(<a i>)": lambda a, h, y: np.sign(a),
    "1 + h^2": lambda a, h, y: 1 + h**2,
    "1 - |h|": lambda a, h, y: 1 - abs(h),
    "h^2": lambda a, h, y: h**2,
    r"1 / \cosh <a i>": lambda a, h, y: 1 / np.cosh(a),
    "h (1 + h)": lambda a, h, y: h * (1 + h),
    "1 - h": lambda a, h, y: 1 - h,
    "h (1 - h^2)": lambda a, h, y: h * (1 - h**2),
    "h^2 (1 - h)": lambda a, h, y: h**2 * (1 - h),
    "h (1 - h)^2": lambda a, h, y: h * (1 - h) ** 2,
    "a (1 - h)": lambda a, h, y: a * (1 - h),
    "h (1 - a)": lambda a, h, y: h * (1 - a),
    "<a i>": lambda a, h, y: a,
    "1 - a^2": lambda a, h, y: 1 - a**2,
    "1 - h^2": lambda a, h, y: 1 - h**2,
    "h (1 - h)": lambda a, h, y: h * (1 - h),
    r"\tanh'(<a i>)": lambda a, h, y: 1 - np.tanh(a) ** 2,
    r"\sigma'(<a i>)": lambda a, h, y: sigma(a) * (1 - sigma(a)),
    r"\mathrm{sigmoid}'(<a i>)": lambda a, h, y: sigma(a) * (1 - sigma(a)),
    r"\mathrm{sigmoid}'(<h i>)": lambda a, h, y: sigma(h) * (1 - sigma(h)),
    r"\mathrm{tanh}'(<a i>)": lambda a, h, y: 1 - np.tanh(a) ** 2,
    r"\mathrm{relu}'(<h i>)": lambda a, h, y: h > 0,
    "<a i> - y": lambda a, h, y: a - y,
    r"(\hat{y} - 1)\, y": lambda a, h, y: (h - 1) * y,
    r"(\hat{y} - y)\,[y \ne 0]": lambda a, h, y: (h - y) * (y != 0),
    r"\hat{y}\,(1 - y)": lambda a, h, y: h * (1 - y),
    "-y": lambda a, h, y: -y,
    r"(\hat{y} - y)^2": lambda a, h, y: (h - y) ** 2,
    r"|\hat{y} - y|": lambda a, h, y: abs(h - y),
    r"\mathrm{sign}(\hat{y} - y)": lambda a, h, y: np.sign(h - y),
    r"[\hat{y} > 0.5] - y": lambda a, h, y: (h > 0.5) - y,
    r"\mathrm{onehot}(\arg\max \hat{y}) - y": lambda a, h, y: hot(h) - y,
    r"\ln \hat{y} - y": lambda a, h, y: np.log(h) - y,
    r"(\hat{y} - y)\, \hat{y}": lambda a, h, y: (h - y) * h,
    r"(\hat{y} - y)(1 - \hat{y})": lambda a, h, y: (h - y) * (1 - h),
    r"(\hat{y} - y)\, \hat{y} (1 - \hat{y})": lambda a, h, y: (h - y) * h * (1 - h),
    r"(\hat{y} - y)\, y": lambda a, h, y: (h - y) * y,
    r"\sum_k (\hat{y}_k - y_k)": lambda a, h, y: (h - y).sum(1, keepdims=True) + 0 * h,
    r"\tfrac{1}{N} \sum_n (\hat{y}_n - y_n)": lambda a, h, y: (h - y).mean(0) + 0 * h,
    r"-y \ln \hat{y}": lambda a, h, y: -y * np.log(h),
}


def problem(hidden, output="softmax", loss="cross_entropy", n=4):
    net = Network.random([3, 3, 3], hidden, output, loss, seed=2, reduction="sum")
    rng = np.random.default_rng(4)
    net = Network(net.weights, [rng.normal(size=3) for _ in range(2)], hidden, output, loss, reduction="sum")
    return Problem.of(net, rng.normal(size=(n, 3)), np.eye(3)[rng.integers(0, 3, n)])


PROBLEMS = [
    *(problem(hidden) for hidden in ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "identity")),
    problem("tanh", "sigmoid", "half_squared_error"),
    problem("tanh", "identity", "half_squared_error"),
]


@pytest.mark.parametrize("equation", EQUATIONS)
@np.errstate(invalid="ignore")
def test_what_is_said_is_what_is_computed(equation):
    made = 0
    for row in (row for row in CODE if row.wrong.partition(" = ")[2] == equation):
        for p in PROBLEMS:
            for i in (i for i in (1, 2) if row.fits(p, i)):
                right, node = Replay(p), Node(row.kind, i)
                due = EQUATIONS[equation](right.get(Node("a", i)), right.get(Node("h", i)), p.y)
                assert np.allclose(Replay(p, wrong=(row.at(i),)).get(node), due, equal_nan=True), (row.id, row.kind, i)
                made += 1
    assert made


def test_a_mistake_with_the_parameters_names_their_equation():
    equations = {"dW": "backward.weight", "db": "backward.bias"}
    made = [*CODE, *batches._parameters("one", batches.batch, lambda r, q: None, "")]
    assert {(row.kind, row.right) for row in made if row.kind in equations and row.right} == set(equations.items())


@pytest.mark.parametrize("family", UNKNOWNS, ids=lambda family: f"{family.id}-{family.kind}")
def test_a_mistake_with_a_number_gives_an_array_wherever_it_fits(family):
    made = 0
    for p in PROBLEMS:
        for i in (i for i in range(p.depth + 1) if (i or family.kind == "dh") and family.fits(p, i)):
            node = Node(family.kind, i)
            value = Replay(p, wrong=(family.at_number(0.5).at(i),)).get(node)
            made += np.shape(value) == np.shape(Replay(p).get(node))
    assert made


def test_with_one_example_there_is_no_mistake_with_the_axis_of_examples():
    one = problem("tanh", n=1)
    made = {row.id for row in CODE for i in (1, 2) if row.fits(one, i)}
    assert not made & {"only_last_example", "only_first_example", "softmax_wrong_axis", "softmax_summed_over_all"}


@pytest.mark.parametrize(
    ("y", "is_one"),
    [([[0, 1], [1, 0]], True), ([[1, 1], [1, 0]], False), ([[0, 0], [1, 0]], False), ([[0.5, 0.5]], False),
     ([[1], [0]], False)],
)  # fmt: skip
def test_targets_of_one_class_each(y, is_one):
    net = Network.random([3, len(y[0])], [], "sigmoid", "binary_cross_entropy", seed=1)
    assert one_hot(Problem.of(net, np.ones((len(y), 3)), np.array(y, dtype=float))) is is_one
