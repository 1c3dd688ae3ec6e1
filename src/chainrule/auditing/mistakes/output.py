"""Mistakes of the gradient by the output, of the derivatives of output and activations, and of the pre-activations."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.auditing.mistakes.table import Mistake, activation_is, both, curved, get, last, loss_is, of, softmax
from chainrule.auditing.model.interval import Interval, image
from chainrule.auditing.model.problem import Node, Problem
from chainrule.auditing.model.replay import Replay, Rule
from chainrule.network.losses import LOSSES


def _of_errors(p: Problem, i: int) -> bool:
    """The loss knows only the errors yhat - y."""
    return LOSSES[p.network.loss].of_errors


def _hidden(problem: Problem, i: int) -> bool:
    """A hidden layer."""
    return 0 < i < problem.depth


def _ce(p: Problem, i: int) -> bool:
    """The last layer, a softmax under a loss whose gradient cancels its Jacobian."""
    return i == p.depth and p.network.output == "softmax" and p.network.loss in ("cross_entropy", "poisson")


def _bce(p: Problem, i: int) -> bool:
    """The last layer, a sigmoid under the binary cross-entropy, whose gradient cancels its derivative."""
    return i == p.depth and (p.network.loss, p.network.output) == ("binary_cross_entropy", "sigmoid")


def _gate(value: Any) -> Any:
    """p (1 - p)."""
    if isinstance(value, Interval):
        return image(lambda p: p * (1 - p), value, (0.5,))
    return value * (1 - value)


def _error(r: Replay, q: Node) -> Any:
    """yhat - y, of the output layer."""
    return r.get(Node("h", r.problem.depth, q.time)) - r.number(r.problem.y)


def _scaled_error(r: Replay, q: Node) -> Any:
    return _error(r, q) * r.problem.coefficients[:, None]


def _over_slope(r: Replay, q: Node) -> Any:
    with np.errstate(all="ignore"):
        return get(r, q, "dh") / get(r, q, "g'")


def _times_output(p: Any, y: Any) -> Any:
    return -y * p


def _times_outputs(p: Any, y: Any) -> Any:
    return -y * p + (1 - y) * (1 - p)


def _ones(value: Any) -> Any:
    return value * 0.0 + 1.0


def _diagonal(rows: Any) -> Any:
    """(n, k) as (n, k, k) with the rows on the diagonal."""
    k = rows.shape[1]
    return rows[:, :, None] * np.eye(k)[None]


def _other_loss(name: str, **terms: Any) -> Rule:
    def rule(r: Replay, q: Node) -> Any:
        gradient = terms.get("gradient", LOSSES[name].gradient)
        problem, yhat = r.problem, get(r, q, "h")
        return r.elementwise(lambda p: problem.coefficients[:, None] * gradient(p, problem.y), yhat)

    return rule


def _second_term_sign(p: Any, y: Any) -> Any:
    with np.errstate(all="ignore"):
        return -np.where(y == 0, 0, y / p) - np.where(y == 1, 0, (1 - y) / (1 - p))


def _second_term_rule(r: Replay, q: Node) -> Any:
    """Not monotone in yhat: each term apart."""
    problem, yhat = r.problem, get(r, q, "h")
    c = problem.coefficients[:, None]
    if not r.intervals:
        return c * _second_term_sign(yhat, problem.y)
    first = r.elementwise(lambda p: -_share(problem.y, p), yhat)
    second = r.elementwise(lambda p: -_share(1 - problem.y, 1 - p), yhat)
    return (first + second) * c


def _share(y: Any, p: Any) -> Any:
    with np.errstate(all="ignore"):
        return np.where(y == 0, 0, y / p)


def _logits_jacobian(r: Replay, q: Node) -> Any:
    a = get(r, q, "a")
    off = -(a[:, :, None] * a[:, None, :])
    eye = np.eye(a.shape[1], dtype=bool)[None]
    on = _gate(a)[:, :, None]
    return off.where(eye, on) if r.intervals else np.where(eye, on, off)


def _jacobian_twice(r: Replay, q: Node) -> Any:
    J, e = get(r, q, "J"), r.right(q)
    return (J * e[:, :, None]).sum(1)


def _square_of(value: Any) -> Any:
    if isinstance(value, Interval):
        return image(lambda v: v**2, value, (0.0,))
    return value**2


def _next_differs(p: Problem, i: int) -> bool:
    """The layer after a hidden one has another elementwise rule that takes values of this layer's shape."""
    if not (_hidden(p, i) and curved(p, i) and curved(p, i + 1) and p.sizes[i] == p.sizes[i + 1]):
        return False
    return not (activation_is("relu")(p, i) and activation_is("relu")(p, i + 1))


def _before_differs(p: Problem, i: int) -> bool:
    """The layer before has another elementwise rule that takes values of this layer's shape."""
    if i < 2 or not (curved(p, i) and curved(p, i - 1) and p.sizes[i] == p.sizes[i - 1]):
        return False
    return not (activation_is("relu")(p, i) and activation_is("relu")(p, i - 1))


_TWICE_SIGMOID = "yhat - y has the derivative of the sigmoid in it already; it is applied once more"
_TWICE_SOFTMAX = "yhat - y has the Jacobian of the softmax in it already; it is applied once more"

OUTPUT: tuple[Mistake, ...] = (
    # the gradient by the output
    Mistake("factor_2", "dh", both(last, loss_is("half_squared_error")), lambda r, q: r.right(q) * 2.0,
            "a factor 2 stands before the error, which the 1/2 in the loss has taken away",
            r"\nabla_{\hat{y}} L = 2 (\hat{y} - y)", r"\nabla_{\hat{y}} L = \hat{y} - y"),
    Mistake("factor_2_missing", "dh", both(last, loss_is("squared_error", "mean_squared_error")),
            lambda r, q: r.right(q) * 0.5,
            "the factor 2 of the square's derivative is left out",
            r"\nabla_{\hat{y}} L = \hat{y} - y", r"\nabla_{\hat{y}} L = 2 (\hat{y} - y)"),
    Mistake("error_sign", "dh", both(last, _of_errors), lambda r, q: -r.right(q),
            "the error is taken the wrong way round: y - yhat for yhat - y",
            r"\nabla_{\hat{y}} L = y - \hat{y}", r"\nabla_{\hat{y}} L = \hat{y} - y"),
    Mistake("ce_sign", "dh", both(last, loss_is("cross_entropy")), lambda r, q: -r.right(q),
            "the minus of the cross-entropy is lost",
            r"\nabla_{\hat{y}} L = y / \hat{y}", r"\nabla_{\hat{y}} L = -y / \hat{y}"),
    Mistake("bce_second_term_sign", "dh", both(last, loss_is("binary_cross_entropy")), _second_term_rule,
            "the sign of the second term of the loss's derivative is wrong",
            r"-\left(\frac{y}{\hat{y}} + \frac{1-y}{1-\hat{y}}\right)", r"-\frac{y}{\hat{y}} + \frac{1-y}{1-\hat{y}}"),
    Mistake("ce_used_for_bce", "dh", both(last, loss_is("binary_cross_entropy")), _other_loss("cross_entropy"),
            "the derivative of the cross-entropy is used for the binary one: its second term is missing",
            r"-\frac{y}{\hat{y}}", r"-\frac{y}{\hat{y}} + \frac{1-y}{1-\hat{y}}"),
    Mistake("multiplied_not_divided", "dh", both(last, loss_is("cross_entropy")),
            _other_loss("cross_entropy", gradient=_times_output),
            "multiplied by yhat, where it is divided",
            r"-y\, \hat{y}", r"-\frac{y}{\hat{y}}"),
    Mistake("multiplied_not_divided", "dh", both(last, loss_is("binary_cross_entropy")),
            _other_loss("binary_cross_entropy", gradient=_times_outputs),
            "multiplied by yhat, where it is divided",
            r"-y\, \hat{y} + (1 - y)(1 - \hat{y})", r"-\frac{y}{\hat{y}} + \frac{1-y}{1-\hat{y}}"),
    Mistake("derivative_twice_bce", "dh", _bce, _scaled_error, _TWICE_SIGMOID,
            r"\nabla_{\hat{y}} L = \hat{y} - y", r"\nabla_{\hat{y}} L = -\frac{y}{\hat{y}} + \frac{1-y}{1-\hat{y}}"),
    Mistake("softmax_jacobian_twice", "dh", _ce, _scaled_error, _TWICE_SOFTMAX,
            r"\nabla_{\hat{y}} L = \hat{y} - y", r"\nabla_{\hat{y}} L = -\frac{y}{\hat{y}}"),
    # the derivative of the output and of the activations
    Mistake("softmax_cross_terms_dropped", "J", softmax, lambda r, q: _diagonal(_gate(get(r, q, "h"))),
            "only one path through the softmax is taken: every output depends on every a, so the cross terms "
            "dyhat_o/da_m = -yhat_o yhat_m are missing",
            r"\frac{\partial L}{\partial a_m} = \frac{\partial L}{\partial \hat{y}_m} \hat{y}_m (1 - \hat{y}_m)",
            r"\frac{\partial L}{\partial a_m} = \sum_o \frac{\partial L}{\partial \hat{y}_o} "
            r"\hat{y}_o ([o = m] - \hat{y}_m)"),
    Mistake("logits_in_softmax_jacobian", "J", softmax, _logits_jacobian,
            "the derivative of the softmax is written with a in the place of yhat",
            r"\frac{\partial \hat{y}_o}{\partial a_m} = a_o ([o = m] - a_m)", "backward.jacobian"),
    Mistake("output_derivative_missing", "J", softmax, lambda r, q: _diagonal(_ones(get(r, q, "h"))),
            "the derivative of the output function is left out",
            r"<da i> = \nabla_{\hat{y}} L", "backward.out"),
    Mistake("output_derivative_missing", "g'", both(last, curved), lambda r, q: _ones(get(r, q, "a")),
            "the derivative of the output function is left out",
            r"<da i> = \nabla_{\hat{y}} L", "backward.out"),
    Mistake("hidden_derivative_missing", "g'", both(_hidden, curved), lambda r, q: _ones(get(r, q, "a")),
            "the derivative of the activation of layer <i> is left out",
            r"<da i> = <dh i>", "backward.pre"),
    Mistake("sigma_for_sigma_prime", "g'", both(last, curved, lambda p, i: not activation_is("relu")(p, i)), of("h"),
            "the activation itself stands where its derivative should be",
            r"\frac{\partial \hat{y}}{\partial <a i>} = g(<a i>)", "backward.slope"),
    Mistake("sigma_for_sigma_prime_hidden", "g'", both(_hidden, curved, lambda p, i: not activation_is("relu")(p, i)),
            of("h"),
            "the activation itself stands where its derivative should be",
            r"\frac{\partial <h i>}{\partial <a i>} = g(<a i>)", "backward.slope"),
    Mistake("relu_derivative_is_h", "g'", activation_is("relu"), of("h"),
            "the ReLU itself stands where its derivative, 0 or 1, should be",
            r"\frac{\partial <h i>}{\partial <a i>} = <h i>", "backward.slope"),
    Mistake("a_times_1_minus_a", "g'", activation_is("sigmoid"), lambda r, q: _gate(get(r, q, "a")),
            "the derivative of the sigmoid is written with a in the place of h",
            r"\sigma' = a (1 - a)", r"\sigma' = h (1 - h)"),
    Mistake("sigma_prime_of_activated", "g'",
            lambda p, i: curved(p, i) and not activation_is("relu", "leaky_relu")(p, i),
            lambda r, q: r.slope_at(q.layer, get(r, q, "h")),
            "the derivative is taken at h, where it should be at a",
            r"g'(<h i>)", r"g'(<a i>)"),
    Mistake("tanh_rule_on_sigmoid", "g'", activation_is("sigmoid"), lambda r, q: 1.0 - _square_of(get(r, q, "h")),
            "the derivative of tanh is used for the sigmoid",
            r"1 - h^2", r"h (1 - h)"),
    Mistake("sigmoid_rule_on_tanh", "g'", activation_is("tanh"), lambda r, q: _gate(get(r, q, "h")),
            "the derivative of the sigmoid is used for tanh",
            r"h (1 - h)", r"1 - h^2"),
    Mistake("derivative_of_wrong_layer", "g'", _next_differs, lambda r, q: r.slope_at(q.layer + 1, get(r, q, "a", 1)),
            "the derivative of the activation is taken at layer <i+1>, where it should be at layer <i>",
            r"<dh i> \odot g'(<a i+1>)", r"<dh i> \odot g'(<a i>)"),
    Mistake("derivative_of_layer_before", "g'", _before_differs,
            lambda r, q: r.slope_at(q.layer - 1, get(r, q, "a", -1)),
            "the derivative of the activation is taken at layer <i-1>, where it should be at layer <i>",
            r"<dh i> \odot g'(<a i-1>)", r"<dh i> \odot g'(<a i>)"),
    Mistake("one_minus_a_squared", "g'", activation_is("tanh"), lambda r, q: 1.0 - _square_of(get(r, q, "a")),
            "the derivative of tanh is written with a in the place of h",
            r"1 - a^2", r"1 - h^2"),
    Mistake("one_minus_h", "g'", activation_is("tanh"), lambda r, q: 1.0 - get(r, q, "h"),
            "the square is left out of the derivative of tanh",
            r"1 - h", r"1 - h^2"),
    Mistake("error_times_1_minus_error", "g'", both(last, activation_is("sigmoid")), lambda r, q: _gate(_error(r, q)),
            "the derivative of the sigmoid is written with the error e = yhat - y in the place of yhat",
            r"e (1 - e)", r"\hat{y} (1 - \hat{y})"),
    # the gradient of the pre-activations
    Mistake("divided_not_multiplied", "da",
            lambda p, i: curved(p, i) and not activation_is("relu", "leaky_relu")(p, i), _over_slope,
            "divided by the derivative of the activation, where it is multiplied",
            r"<dh i> / g'(<a i>)", "backward.pre"),
    Mistake("y_minus_yhat", "da", lambda p, i: _ce(p, i) or _bce(p, i), lambda r, q: -r.right(q),
            "the error is taken the wrong way round: y - yhat for yhat - y",
            r"<da i> = y - \hat{y}", r"<da i> = \hat{y} - y"),
    Mistake("softmax_derivative_twice", "da", _ce, lambda r, q: r.right(q) * _gate(get(r, q, "h")),
            "yhat - y has the derivative of the softmax in it already; it is applied once more",
            r"(\hat{y} - y)\, \hat{y} (1 - \hat{y})", r"\hat{y} - y"),
    Mistake("softmax_jacobian_twice", "da", _ce, _jacobian_twice,
            _TWICE_SOFTMAX,
            r"J_O (\hat{y} - y)", r"\hat{y} - y"),
    Mistake("derivative_twice_bce", "da", _bce, lambda r, q: r.right(q) * get(r, q, "g'"),
            _TWICE_SIGMOID,
            r"(\hat{y} - y)\, \sigma'(<a i>)", r"\hat{y} - y"),
    Mistake("relu_mask_on_gradient", "da", both(_hidden, activation_is("relu")),
            lambda r, q: r.elementwise(lambda v: np.maximum(v, 0), get(r, q, "dh")),
            "the ReLU's mask is taken from the sign of the gradient, where the sign of a decides",
            r"\max(0, <dh i>)", r"<dh i> \odot [<a i> > 0]"),
)  # fmt: skip
