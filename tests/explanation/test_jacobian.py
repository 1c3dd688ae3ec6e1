"""Whole Jacobians: each step computed as it stands, beside the engine's numbers and the single rows."""

import itertools

import numpy as np
import pytest

import chainrule as cr

NETWORKS = [
    cr.Network.random([3, 4, 2], "tanh", "softmax", seed=1),
    cr.Network.random([2, 3, 2, 3], ["relu", "sigmoid"], "sigmoid", "binary_cross_entropy", seed=2),
    cr.Network.random([2, 9, 2], "gelu", "identity", "squared_error", seed=3),
]
OF = ("yhat", "a_2", "h_1")
BY = ("x", "a_1", "h_1", "W_1", "b_1", "a_2", "W_2", "b_2", "yhat")


def questions(network):
    for of, by in itertools.product(OF, BY):
        order = ["x", "W_1", "b_1", "a_1", "h_1", "W_2", "b_2", "a_2", "yhat"]
        place = [2 * int(name[-1]) + (name[0] == "h") if "_" in name else 0 if name == "x" else 99 for name in (of, by)]
        if order.index(by) <= order.index(of) and place[1] <= place[0]:
            yield f"d{of}/d{by}"


@pytest.mark.parametrize("network", NETWORKS, ids=["softmax", "deep", "wide"])
def test_every_jacobian_is_the_engine_s_and_its_rows_are_those_of_the_units(network):
    x, y = np.linspace(0.4, -0.9, network.sizes[0]), 0.5 * np.ones(network.sizes[-1])
    b = network.backward(x, y)
    for question in questions(network):
        found = cr.explain(network, x, y, question)
        np.testing.assert_allclose(found.value, b[question], rtol=1e-12, err_msg=question)
        of, _, by = question[1:].partition("/d")
        unit = f"{of}2" if "_" in of else f"{of}_2"
        row = cr.explain(network, x, y, f"d{unit}/d{by}").value
        np.testing.assert_allclose(found.value[1], row, rtol=1e-12, err_msg=question)
        assert found.check.ok, question
        assert found.steps[-1].name.endswith(f"/d{by}")
        assert str(found)
        assert found.to_latex()


def test_the_steps_are_matrices():
    found = cr.explain(NETWORKS[0], [0.1, 0.2, 0.3], None, "dyhat/dx")
    assert [step.symbolic for step in found.steps] == [
        "diag(yhat) - yhat*yhat^T", "dyhat/da_2*W_2", "dyhat/dh_1*diag(1 - h_1^2)", "dyhat/da_1*W_1",
    ]  # fmt: skip
    product = np.eye(2)
    for step in found.steps[:1]:
        product = product @ step.value
    np.testing.assert_allclose(found.steps[1].value, product @ NETWORKS[0].weights[1])


def test_delta_notation_and_a_batch():
    x = np.array([[0.1, 0.2, 0.3], [1.0, -1.0, 0.5]])
    found = cr.explain(NETWORKS[0], x, None, "da^1/dz^1", example=2)
    assert found.steps[0].name == "da^1/dz^1"
    np.testing.assert_allclose(found.steps[0].value, np.diag(1 - NETWORKS[0].forward(x)["h_1"][1] ** 2))
    weights = cr.explain(NETWORKS[0], x[0], None, "da^1/dw^1")
    assert weights.steps[-1].symbolic == "a^0*(da^1_4/dz^1)^T"


def test_a_vector_by_one_number_is_asked_unit_by_unit():
    with pytest.raises(cr.InputError, match="the derivative of one unit"):
        cr.explain(NETWORKS[0], [0.1, 0.2, 0.3], None, "dyhat/da_21")
