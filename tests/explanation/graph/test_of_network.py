"""A network as a graph: its gradients are the engine's, and its second derivatives theirs, differentiated."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.losses import LOSSES
from chainrule.network.outputs import OUTPUTS

X = [0.3, -0.8]


def target(loss, k):
    return [0.3, 0.6, 0.1][:k] if loss != "identity" else None


@pytest.mark.parametrize("hidden", [*ACTIVATIONS, "leaky_relu(0.2)"])
def test_every_activation(hidden):
    net = cr.Network.random([2, 3, 2], hidden, "softmax", seed=4)
    graph, b = cr.Graph.of_network(net, X, target("", 2)), net.backward(X, target("", 2))
    for name in ("dL/dW_1", "dL/dW_2", "dL/db_1", "dL/dx", "dyhat_2/dx"):
        np.testing.assert_allclose(graph.derivative(name).value, b[name], rtol=1e-11, err_msg=name)
    assert graph.derivative("dL/dW_112").value == pytest.approx(b["dL/dW_112"])


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_with_an_output_that_fits(loss):
    k = 1 if loss == "identity" else 2
    output = next(name for name, row in OUTPUTS.items() if LOSSES[loss].fits(row, k))
    net = cr.Network.random([2, 3, k], "tanh", output, loss, seed=5)
    b = net.backward(X, target(loss, k))
    graph = cr.Graph.of_network(net, X, target(loss, k))
    np.testing.assert_allclose(graph.derivative("dL/dW_1").value, b["dL/dW_1"], rtol=1e-11)
    assert graph.gradients("L").nodes[-1].value == pytest.approx(b["L"])


def test_a_block_of_the_hessian_is_the_change_of_the_gradient():
    net = cr.Network.random([2, 3, 2], "tanh", "softmax", seed=6)
    y = target("", 2)
    found = cr.Graph.of_network(net, X, y).derivative("d2L/dW_1^2").value

    def gradient(flat):
        weights = [flat.reshape(3, 2), net.weights[1]]
        moved = cr.Network(weights, net.biases, "tanh", "softmax", net.loss)
        return moved.backward(X, y)["dL/dW_1"].ravel()

    at, step = net.weights[0].ravel(), 1e-6
    columns = [(gradient(at + step * e) - gradient(at - step * e)) / (2 * step) for e in np.eye(6)]
    np.testing.assert_allclose(found, np.array(columns).T, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found, found.T, rtol=1e-12)


def test_names_with_numbers_above_nine():
    net = cr.Network.random([2, 12, 1], "tanh", "identity", "half_squared_error", seed=7)
    found = cr.Graph.of_network(net, X, [0.5]).derivative("dL/dW_{1,11,2}").value
    assert found == pytest.approx(net.backward(X, [0.5])["dL/dW_1,11,2"])


def test_what_cannot_be_a_graph_is_said():
    net = cr.Network.random([2, 3, 2], seed=0)
    with pytest.raises(cr.InputError, match="one example"):
        cr.Graph.of_network(net, [X, X], [0, 1])
    with pytest.raises(cr.InputError, match="at most 5000 parameters"):
        cr.Graph.of_network(cr.Network.random([100, 100, 2], seed=0), [0.0] * 100, 1)
