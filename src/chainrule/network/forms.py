"""The three forms of the notes, three independent ways to the same gradients.

``component``: plain sums of plain numbers, one derivative at a time; the gradient of the output by
the sum over the outputs. ``vector``: one example at a time, as the notes' vectors and matrices.
``batch``: examples as rows; this is the backward pass itself.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from chainrule.errors import InputError
from chainrule.network import equations as eq
from chainrule.network.arrays import Array
from chainrule.network.backward import backward, read_targets
from chainrule.network.forward import forward
from chainrule.network.network import Network

Form = Literal["component", "vector", "batch"]


def gradients(
    network: Network, x: Any, y: Any = None, sample_weight: Any = None, *, form: Form = "batch"
) -> dict[str, Array]:
    """Every gradient of the loss, by name, worked out in the form asked.

    Returns:
        ``dL/dW_i`` (m, j), ``dL/db_i`` (m,), ``dL/da_i`` (n, m), ``dL/dh_i`` (n, m), ``dL/dx`` (n, d); for
        one example without the axis n.

    Raises:
        InputError: an unknown form, or input that does not fit.

    >>> net = cr.Network([[[0.5, -0.6]]], output="identity", loss="half_squared_error")
    >>> cr.gradients(net, [1, 2], [0.3], form="component")
    {'dL/dW_1': array([[-1., -2.]]), 'dL/db_1': array([-1.]), 'dL/da_1': array([-1.]), 'dL/dx': array([-0.5,  0.6])}
    """
    f = forward(network, x)
    if form == "batch":
        b = backward(f, y, sample_weight)
        names = [str_name for i in range(1, network.depth + 1) for str_name in _names(i, network.depth)]
        return {name: b[name] for name in [*names, "dL/dx"]}
    if form not in ("component", "vector"):
        raise InputError("form", "component, vector or batch", repr(form))
    targets, coefficients = read_targets(f, y, sample_weight)
    one = _component_pass if form == "component" else _vector_pass
    passes = [one(network, f.x[e], targets[e], coefficients[e]) for e in range(f.n)]
    return _gather(network, passes, f.single)


def _names(i: int, depth: int) -> list[str]:
    return [f"dL/dW_{i}", f"dL/db_{i}", f"dL/da_{i}", *([f"dL/dh_{i}"] if i < depth else [])]


def _gather(network: Network, passes: list[dict[str, Array]], single: bool) -> dict[str, Array]:
    """Sum over the examples for parameters, one row an example for units."""
    gathered: dict[str, Array] = {}
    for i in range(1, network.depth + 1):
        for name in _names(i, network.depth):
            parts = [p[name] for p in passes]
            if name.startswith(("dL/dW", "dL/db")):
                like = (network.weights if name.startswith("dL/dW") else network.biases)[i - 1]
                gathered[name] = np.sum(parts, axis=0) if parts else np.zeros_like(like)
            else:
                width = network.sizes[i]
                gathered[name] = parts[0] if single else np.reshape(parts, (len(parts), width))
    inputs = [p["dL/dx"] for p in passes]
    gathered["dL/dx"] = inputs[0] if single else np.reshape(inputs, (len(inputs), network.sizes[0]))
    return gathered


# ---------------------------------------------------------------- component by component


def _component_pass(network: Network, x: Array, y: Array, coefficient: float) -> dict[str, Array]:
    """Plain sums; nothing but the elementwise rules touches an array."""
    a: list[list[float]] = []
    h: list[list[float]] = [x.tolist()]
    W = [w.tolist() for w in network.weights]
    b = [p.tolist() for p in network.biases]
    for i, rule in enumerate((*network.activations, None)):
        a.append([eq.pre_component(W[i][m], h[i], b[i][m]) for m in range(len(W[i]))])
        if rule is not None:
            h.append([eq.act_component(rule.g, value) for value in a[i]])
    yhat, jacobian = _output_component(network, a[-1])
    grad_yhat = [eq.loss_grad_component(coefficient, d) for d in _loss_slope(network, yhat, y)]
    outputs = range(len(yhat))
    grad_a = [[eq.out_component(grad_yhat, [jacobian[o][m] for o in outputs]) for m in outputs]]
    grad_h: list[list[float]] = []
    for i in range(network.depth - 1, -1, -1):
        units = range(len(h[i]))
        grad_h.insert(0, [eq.hidden_component(grad_a[0], [row[j] for row in W[i]]) for j in units])
        if i:
            slopes = [eq.slope_component(network.activations[i - 1].dg, value) for value in a[i - 1]]
            grad_a.insert(0, [eq.pre_grad_component(g, s) for g, s in zip(grad_h[0], slopes, strict=True)])
    found = {}
    for i, row in enumerate(grad_a, 1):
        found[f"dL/da_{i}"] = np.array(row)
        found[f"dL/dW_{i}"] = np.array([[eq.weight_component(g, unit) for unit in h[i - 1]] for g in row])
        found[f"dL/db_{i}"] = np.array([eq.bias_component(g) for g in row])
    found |= {f"dL/dh_{i}": np.array(row) for i, row in enumerate(grad_h) if i}
    return found | {"dL/dx": np.array(grad_h[0])}


def _output_component(network: Network, a: list[float]) -> tuple[list[float], list[list[float]]]:
    """yhat and dyhat_o/da_m, by the definition of the output."""
    rule = network.output_rule.rule
    outputs = range(len(a))
    if rule is not None:
        yhat = [eq.act_component(rule.g, value) for value in a]
        slopes = [eq.slope_component(rule.dg, value) for value in a]
        return yhat, [[slopes[o] if o == m else 0.0 for m in outputs] for o in outputs]
    top = max(a)
    powers = [float(np.exp(value - top)) for value in a]
    yhat = [p / sum(powers) for p in powers]
    return yhat, [[eq.jacobian_component(yhat[o], yhat[m], o == m) for m in outputs] for o in outputs]


def _loss_slope(network: Network, yhat: list[float], y: Array) -> list[float]:
    slope: list[float] = network.loss_rule.gradient(np.array([yhat]), y[None].astype(float))[0].tolist()
    return slope


# ---------------------------------------------------------------- one example, as vectors


def _vector_pass(network: Network, x: Array, y: Array, coefficient: float) -> dict[str, Array]:
    """The notes' vector equations, with the output's full Jacobian."""
    a: list[Array] = []
    h = [x]
    for W, b, rule in zip(network.weights, network.biases, (*network.activations, None), strict=True):
        a.append(eq.pre_vector(W, h[-1], b))
        h.append(network.output_rule.value(a[-1][None])[0] if rule is None else eq.act(rule.g, a[-1]))
    rule = network.output_rule.rule
    jacobian = eq.jacobian_vector(h[-1]) if rule is None else np.diag(eq.slope(rule.dg, a[-1]))
    grad_yhat = eq.loss_grad_vector(coefficient, network.loss_rule.gradient(h[-1][None], y[None])[0])
    grad_a = eq.out_vector(jacobian, grad_yhat)
    found = {}
    for i in range(network.depth, 0, -1):
        found[f"dL/da_{i}"] = grad_a
        found[f"dL/dW_{i}"] = eq.weight_vector(grad_a, h[i - 1])
        found[f"dL/db_{i}"] = eq.bias_vector(grad_a)
        grad_h = eq.hidden_vector(network.weights[i - 1], grad_a)
        found["dL/dx" if i == 1 else f"dL/dh_{i - 1}"] = grad_h
        if i > 1:
            grad_a = eq.pre_grad(grad_h, eq.slope(network.activations[i - 2].dg, a[i - 2]))
    return found
