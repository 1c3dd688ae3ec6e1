"""The quantities of a network as nodes: what each is computed from, and in which order they can be computed."""

from dataclasses import replace

import numpy as np
import pytest

from chainrule import Network
from chainrule.auditing.model.problem import Node, Problem, order, parents, simulate

DEPTH = 3


def problem(loss="squared_error", output="sigmoid", **options):
    network = Network.random((2, 3, 2, 2), "tanh", output, loss, seed=0)
    return Problem.of(network, [1.0, 2.0], [1.0, 0.0], rate=0.5, **options)


def nodes():
    for t in (0, 1):
        for i in range(1, DEPTH + 1):
            yield from (Node(kind, i, t) for kind in ("W", "b", "a", "h", "dh", "da", "dW", "db"))
        yield from (Node("g'", i, t) for i in range(1, DEPTH))
        yield from (Node("h", 0, t), Node("dh", 0, t), Node("L", 0, t), Node("J", DEPTH, t))


@pytest.mark.parametrize("case", [problem(), problem("cross_entropy", "softmax"), problem("squared_error", "softmax")])
def test_what_a_node_is_computed_from_comes_before_it(case):
    for node in nodes():
        for parent in parents(node, case):
            assert order(parent, DEPTH) < order(node, DEPTH), (parent, node)


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (Node("W", 2), []), (Node("W", 2, 1), [Node("W", 2), Node("dW", 2)]),
        (Node("b", 1, 2), [Node("b", 1, 1), Node("db", 1, 1)]),
        (Node("a", 2), [Node("W", 2), Node("b", 2), Node("h", 1)]), (Node("h", 0), []), (Node("h", 3), [Node("a", 3)]),
        (Node("L", 0), [Node("h", 3)]), (Node("J", 3), [Node("h", 3)]), (Node("g'", 1), [Node("h", 1), Node("a", 1)]),
        (Node("dh", 3), [Node("h", 3)]), (Node("dh", 1), [Node("W", 2), Node("da", 2)]),
        (Node("da", 1), [Node("dh", 1), Node("g'", 1)]),
        (Node("dW", 1, 1), [Node("da", 1, 1), Node("h", 0, 1)]), (Node("db", 3), [Node("da", 3)]),
    ],
)  # fmt: skip
def test_parents(node, expected):
    assert list(parents(node, problem())) == expected


def test_a_pair_takes_the_output_straight():
    assert Node("h", 3) in parents(Node("da", 3), problem("cross_entropy", "softmax"))
    assert Node("h", 3) not in parents(Node("da", 3), problem("squared_error", "softmax"))
    assert Node("h", 2) not in parents(Node("da", 2), problem("cross_entropy", "softmax"))


def test_biases_that_are_kept_have_no_parents():
    kept = replace(problem(), update_biases=False)
    assert list(parents(Node("b", 1, 1), kept)) == []
    assert list(parents(Node("W", 1, 1), kept)) == [Node("W", 1), Node("dW", 1)]


@pytest.mark.parametrize("size", [1.0, 1000.0])
@pytest.mark.parametrize(("loss", "output"), [("cross_entropy", "softmax"), ("binary_cross_entropy", "sigmoid"),
                                              ("squared_error", "tanh"), ("squared_error", "softmax")])  # fmt: skip
def test_many_updates_are_one_after_another(loss, output, size):
    """Also where an output is 0 to all digits, so that a loss by it has no derivative there."""
    network = Network.random((2, 3, 2), "tanh", output, loss, seed=0)
    network = Network([network.weights[0], size * network.weights[1]], None, "tanh", output, loss)
    x, y = [1.0, 2.0], [1.0, 0.0]
    found = simulate(Problem.of(network, x, y, rate=0.5), 3)
    for _ in range(3):
        network = network.step(network.backward(x, y), 0.5)
    np.testing.assert_allclose(found.flat, network.flat, rtol=1e-12)
