"""Vectors and matrices in graphs, beside NumPy."""

import numpy as np
import pytest

import chainrule as cr

W, X, B, V = [[0.5, -1.0], [2.0, 0.25], [1.0, 1.5]], [1.0, -0.5], [0.5, 0.25, -1.0], [2.0, -1.0, 0.5]
LAYER = "h = tanh(W x + b); y = v^T h; L = (y - 1)^2/2"
AT = {"W": W, "x": X, "b": B, "v": V}


def by_hand():
    w, x, b, v = (np.array(a) for a in (W, X, B, V))
    h = np.tanh(w @ x + b)
    back = (v @ h - 1) * v * (1 - h**2)
    return {"W": np.outer(back, x), "b": back, "x": w.T @ back, "v": (v @ h - 1) * h}


@pytest.mark.parametrize("name", ["W", "b", "x", "v"])
def test_a_layer_is_differentiated_by_its_parts(name):
    found = cr.Graph(LAYER).derivative(f"dL/d{name}", AT)
    np.testing.assert_allclose(found.value, by_hand()[name], rtol=1e-14)
    np.testing.assert_allclose(found.numerical, by_hand()[name], rtol=1e-14)
    rows = {node.name: node.gradient for node in cr.Graph(LAYER).gradients("L", AT).nodes}
    np.testing.assert_allclose(np.array(rows[name]), found.value)


def test_numbers_with_one_name_are_an_array_of_it():
    found = cr.Graph("z = x_1*x_2").derivative("dz/dx", {"x_1": 2.0, "x_2": 3.0})
    np.testing.assert_array_equal(found.value, [3.0, 2.0])


def test_values_may_stand_in_the_graph():
    given = f"W = {W}; x = {X}; b = {B}; v = {V}; {LAYER}"
    np.testing.assert_allclose(cr.Graph(given).derivative("dL/dW").value, by_hand()["W"], rtol=1e-14)


def test_an_entry_has_its_paths():
    found = cr.Graph(LAYER).derivative("dL/dW_32", AT)
    assert found.value == pytest.approx(by_hand()["W"][2, 1])
    assert [path.nodes for path in found.paths] == [("W_32", "h_3", "y", "L")]
    assert cr.Graph(LAYER).derivative("dL/dx_1", AT).count == 3
    assert "at W = [[0.5, -1], [2, 0.25], [1, 1.5]], x = [1, -0.5]" in " ".join(str(found).split())


def test_a_vector_by_a_vector_has_a_row_for_each_of_its_entries():
    found = cr.Graph(LAYER).derivative("dh/dx", AT)
    h = np.tanh(np.array(W) @ X + B)
    np.testing.assert_allclose(found.value, (1 - h**2)[:, None] * np.array(W), rtol=1e-14)
    assert "dh/dx = " in str(found)


@pytest.mark.parametrize(
    ("formula", "due"),
    [
        ("x^T x", [2.0, -1.0]),
        ("sum(x ⊙ x)", [2.0, -1.0]),
        ("dot(x, x)", [2.0, -1.0]),
        ("norm(x)^2", [2.0, -1.0]),
        ("mean(3*x)", [1.5, 1.5]),
        ("max(x)", [1.0, 0.0]),
        ("sum(x^2/2)", [1.0, -0.5]),
        ("x_1*x_2", [-0.5, 1.0]),
        ("x[1]*x[2]", [-0.5, 1.0]),
        ("sum_{i=1}^{2} i*x_i", [1.0, 2.0]),
        ("sum([[1, 2], [3, 4]] x)", [4.0, 6.0]),
        ("x^T [[1, 2], [3, 4]] x", [-0.5, 1.0]),
        ("sum(relu(x))", [1.0, 0.0]),
    ],
)
def test_functions_of_a_vector(formula, due):
    found = cr.Graph(f"z = {formula}").derivative("dz/dx", {"x": X})
    np.testing.assert_allclose(found.value, due, rtol=1e-14)


def test_softmax_with_its_loss_is_what_everybody_knows():
    found = cr.Graph("p = softmax(a); L = -ln(p_2)").derivative("dL/da", {"a": [1.0, 800.0, -3.0]})
    np.testing.assert_allclose(found.value, [np.exp(-799.0), 0.0, np.exp(-803.0)], rtol=1e-12, atol=0)


@pytest.mark.parametrize(
    ("source", "of", "at", "says"),
    [
        (LAYER, "dh/dW", AT, "of a matrix by a matrix one entry"),
        (LAYER, "dL/dW_13", AT, "an entry of W, which has 3 x 2"),
        (LAYER, "dL/dW", {"W": W}, "none for b, v, x$"),
        (LAYER, "dx/dL", AT, "a variable that x depends on"),
        ("z = W x", "dz/dx", {"W": [[1, 2]], "x": [1, 2, 3]}, "a row for each column"),
        ("z = sum(sqrt(x))", "dz/dx", {"x": [1.0, 0.0]}, "dz/dx_2: expected a finite number"),
        ("z = sum(x)", "dz/dx", {"x": [1.0, float("nan")]}, "value of x_2"),
        ("z = x_1*x_2", "dz/dx", None, "values of the inputs, as dz/dx is an array"),
        ("z = x + y", "dz/dx", {"x": "1", "y": 2.0}, "value of x: expected a number"),
        ("z = sum(x)", "dz/dx", {"x": [[[1.0]]]}, "a number, a vector or a matrix"),
    ],
)
def test_what_does_not_fit_is_said(source, of, at, says):
    with pytest.raises(cr.InputError, match=says):
        cr.Graph(source).derivative(of, at)
