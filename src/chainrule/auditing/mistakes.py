"""The table of mistakes: each is one wrong equation in place of a right one, at every layer where it makes sense.

Ids and words follow collections of mistakes that people publish. A rule takes a replay (of numbers or intervals)
and the node whose equation it replaces; i is the node's layer, L the last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.activations import ACTIVATIONS
from chainrule.auditing.interval import Interval, image
from chainrule.auditing.problem import Node, Problem
from chainrule.auditing.replay import TURNS, Replay, Rule, Wrong
from chainrule.losses import LOSSES

Fits = Callable[[Problem, int], bool]


@dataclass(frozen=True)
class Mistake:
    """One wrong equation.

    Attributes:
        id: its name in reports.
        kind: the kind of node whose equation it replaces.
        fits: (problem, layer) -> whether it makes sense there (the shapes fit, the rule is of that kind, it changes
            something).
        words: what was done; ``{i}`` is the layer, ``{n}`` the next one, ``{p}`` the one before.
        wrong, right: the equations as LaTeX, for layer i.
    """

    id: str
    kind: str
    fits: Fits
    rule: Rule
    words: str
    wrong: str
    right: str

    def at(self, layer: int) -> Wrong:
        """The mistake at one layer."""
        return Wrong(self.kind, layer, self.rule, self.id == "updated_weights_used")

    def says(self, layer: int) -> str:
        """The words for one layer."""
        return self.words.format(i=layer, n=layer + 1, p=layer - 1)

    def latex(self, layer: int) -> tuple[str, str]:
        """The wrong and the right equation for one layer."""

        def filled(text: str) -> str:
            for letter, value in (("i+1", layer + 1), ("i-1", layer - 1), ("i", layer)):
                text = text.replace(f"<{letter}>", str(value))
            return text

        return filled(self.wrong), filled(self.right)


# ---------------------------------------------------------------- where a mistake makes sense


def _any(problem: Problem, i: int) -> bool:
    return True


def _square(problem: Problem, i: int) -> bool:
    return problem.sizes[i] == problem.sizes[i - 1] > 1


def _next_square(problem: Problem, i: int) -> bool:
    return i < problem.depth and problem.sizes[i + 1] == problem.sizes[i] > 1


def _hidden(problem: Problem, i: int) -> bool:
    return 0 < i < problem.depth


def _last(problem: Problem, i: int) -> bool:
    return i == problem.depth


def _curved(problem: Problem, i: int) -> bool:
    """The layer has an elementwise rule other than the identity."""
    rule = problem.rule(i) if i else None
    return rule is not None and rule.name != "identity"


def _is(*names: str) -> Fits:
    def fits(problem: Problem, i: int) -> bool:
        rule = problem.rule(i) if i else None
        return rule is not None and rule.name in names

    return fits


def _softmax(problem: Problem, i: int) -> bool:
    return i == problem.depth and problem.rule(i) is None and problem.sizes[i] > 1


def _loss_is(*names: str) -> Fits:
    return lambda problem, i: problem.network.loss in names


def _pair_is(*pairs: tuple[str, str]) -> Fits:
    return lambda problem, i: i == problem.depth and (problem.network.loss, problem.network.output) in pairs


def _all(*conditions: Fits) -> Fits:
    return lambda problem, i: all(fits(problem, i) for fits in conditions)


def _later(problem: Problem, i: int) -> bool:
    return i > 1


def _several_next(problem: Problem, i: int, least: int = 2) -> bool:
    return i < problem.depth and problem.sizes[i + 1] >= least


# ---------------------------------------------------------------- pieces of the rules


def _of(kind: str, layer: int = 0) -> Rule:
    """The value of another node: ``_of("a")`` at node h_i is a_i; ``layer`` is counted from the node's."""
    return lambda r, q: r.get(Node(kind, q.layer + layer, q.time))


def _get(r: Replay, q: Node, kind: str, layer: int = 0) -> Any:
    return r.get(Node(kind, q.layer + layer, q.time))


def _ones(value: Any) -> Any:
    return value * 0.0 + 1.0


def _gate(value: Any) -> Any:
    """p (1 - p)."""
    if isinstance(value, Interval):
        return image(lambda p: p * (1 - p), value, (0.5,))
    return value * (1 - value)


def _diagonal(rows: Any) -> Any:
    """(n, k) as (n, k, k) with the rows on the diagonal."""
    k = rows.shape[1]
    return rows[:, :, None] * np.eye(k)[None]


def _error(r: Replay, q: Node) -> Any:
    """c (yhat - y)."""
    yhat = r.get(Node("h", r.problem.depth, q.time))
    return (yhat - r.problem.y) * r.problem.coefficients[:, None]


def _sigmoid_of_minus(r: Replay, q: Node) -> Any:
    return r.elementwise(ACTIVATIONS["sigmoid"].g, -_get(r, q, "a"))


def _without_exp(r: Replay, q: Node) -> Any:
    a = _get(r, q, "a")
    total = a.sum(1)
    return a / total[:, None]


def _scaled_loss(factor: Callable[[Problem], float]) -> Rule:
    return lambda r, q: r.right(q) * factor(r.problem)


def _other_loss(name: str, **terms: Any) -> Rule:
    def rule(r: Replay, q: Node) -> Any:
        gradient = terms.get("gradient", LOSSES[name].gradient)
        problem, yhat = r.problem, _get(r, q, "h")
        return r.elementwise(lambda p: problem.coefficients[:, None] * gradient(p, problem.y), yhat)

    return rule


def _second_term_sign(p: Any, y: Any) -> Any:
    with np.errstate(all="ignore"):
        return -np.where(y == 0, 0, y / p) - np.where(y == 1, 0, (1 - y) / (1 - p))


def _second_term_rule(r: Replay, q: Node) -> Any:
    """Not monotone in yhat: each term apart."""
    problem, yhat = r.problem, _get(r, q, "h")
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
    a = _get(r, q, "a")
    off = -(a[:, :, None] * a[:, None, :])
    eye = np.eye(a.shape[1], dtype=bool)[None]
    on = _gate(a)[:, :, None]
    return off.where(eye, on) if r.intervals else np.where(eye, on, off)


def _jacobian_twice(r: Replay, q: Node) -> Any:
    J, e = _get(r, q, "J"), r.right(q)
    return (J * e[:, :, None]).sum(1)


def _slope_of_activated(r: Replay, q: Node) -> Any:
    rule = r.problem.rule(q.layer)
    assert rule is not None
    return r.elementwise(rule.dg, _get(r, q, "h"), TURNS.get(rule.name, ((), ()))[1])


def _next_slope(r: Replay, q: Node) -> Any:
    rule = r.problem.rule(q.layer + 1)
    assert rule is not None
    return r.elementwise(rule.dg, _get(r, q, "a", 1), TURNS.get(rule.name, ((), ()))[1])


def _square_of(value: Any) -> Any:
    if isinstance(value, Interval):
        return image(lambda v: v**2, value, (0.0,))
    return value**2


def _by_row(r: Replay, q: Node) -> Any:
    """The same number for every input: da_m h_im."""
    own = (_get(r, q, "da") * _get(r, q, "h")).sum(0)
    return own[:, None] * np.ones((1, r.problem.sizes[q.layer - 1]))


def _over(top: Any, bottom: Any) -> Any:
    with np.errstate(all="ignore"):
        return top / bottom


def _updated(r: Replay, q: Node) -> Any:
    W, grad = _get(r, q, "W", 1), _get(r, q, "dW", 1)
    return _get(r, q, "da", 1) @ (W - grad * r.problem.rate)


def _masked(r: Replay, q: Node) -> Any:
    return r.elementwise(lambda v: np.maximum(v, 0), _get(r, q, "dh"))


def _step(factor: Callable[[float], float]) -> Rule:
    def rule(r: Replay, q: Node) -> Any:
        before = Node(q.kind, q.layer, q.time - 1)
        if q.kind == "b" and not r.problem.update_biases:
            return r.right(q)
        return r.get(before) - r.get(before._replace(kind=f"d{q.kind}")) * factor(r.problem.rate)

    return rule


def _first_path(r: Replay, q: Node) -> Any:
    return _get(r, q, "da", 1)[:, :1] @ _get(r, q, "W", 1)[:1]


def _but_last(r: Replay, q: Node) -> Any:
    return _get(r, q, "da", 1)[:, :-1] @ _get(r, q, "W", 1)[:-1]


def _own_path(r: Replay, q: Node) -> Any:
    k = r.problem.sizes[q.layer]
    W = _get(r, q, "W", 1)
    return _get(r, q, "da", 1) * W[np.arange(k), np.arange(k)]


# ---------------------------------------------------------------- LaTeX of the right equations

_A = r"a_{<i>} = W_{<i>} h_{<i-1>} + b_{<i>}"
_H = r"h_{<i>} = g(a_{<i>})"
_P = r"\hat{y}_m = e^{a_m} / \sum_j e^{a_j}"
_DP = r"\nabla_{\hat{y}} L = \partial L / \partial \hat{y}"
_DA_L = r"\nabla_{a_{<i>}} L = J_O^T \nabla_{\hat{y}} L"
_J = r"\frac{\partial \hat{y}_o}{\partial a_m} = \hat{y}_o ([o = m] - \hat{y}_m)"
_G = r"\frac{\partial h_{<i>}}{\partial a_{<i>}} = g'(a_{<i>})"
_DA = r"\nabla_{a_{<i>}} L = \nabla_{h_{<i>}} L \odot g'(a_{<i>})"
_DW = r"\nabla_{W_{<i>}} L = \nabla_{a_{<i>}} L\, h_{<i-1>}^T"
_DB = r"\nabla_{b_{<i>}} L = \nabla_{a_{<i>}} L"
_DH = r"\nabla_{h_{<i>}} L = W_{<i+1>}^T \nabla_{a_{<i+1>}} L"
_W1 = r"W_{<i>}' = W_{<i>} - \eta \nabla_{W_{<i>}} L"
_B1 = r"b_{<i>}' = b_{<i>} - \eta \nabla_{b_{<i>}} L"

_LOGS = _loss_is("cross_entropy", "binary_cross_entropy", "poisson")
_SQUARES = _loss_is("half_squared_error", "squared_error", "mean_squared_error")
_CE = _pair_is(("cross_entropy", "softmax"), ("poisson", "softmax"))
_BCE = _pair_is(("binary_cross_entropy", "sigmoid"))


def _k(problem: Problem) -> int:
    return problem.sizes[-1]


def _several(problem: Problem, i: int) -> bool:
    return problem.n > 1 and float(np.ptp(problem.coefficients)) == 0.0


def _batch(problem: Problem) -> float:
    """From the mean over the examples to their sum, or back."""
    return float(problem.n) if problem.network.reduction == "mean" else 1 / problem.n


def _no_first(problem: Problem, i: int) -> bool:
    return problem.sizes[i - 1] == problem.sizes[0]


_ROWS = (
    # forward
    Mistake("W_transposed_fwd", "a", _square, lambda r, q: _get(r, q, "h", -1) @ _get(r, q, "W") + _get(r, q, "b"),
            "the weights of layer {i} are used transposed: columns for rows", r"a_{<i>} = W_{<i>}^T h_{<i-1>} + b_{<i>}", _A),
    Mistake("bias_dropped", "a", lambda p, i: bool(np.any(p.network.biases[i - 1])), lambda r, q: _get(r, q, "h", -1) @ _get(r, q, "W").T,
            "the bias of layer {i} is left out", r"a_{<i>} = W_{<i>} h_{<i-1>}", _A),
    Mistake("activation_skipped", "h", lambda p, i: i > 0 and (p.rule(i) is None or _curved(p, i)), _of("a"),
            "the activation of layer {i} is left out: h is a", r"h_{<i>} = a_{<i>}", _H),
    Mistake("sigmoid_exp_sign", "h", _is("sigmoid"), _sigmoid_of_minus,
            "the sign of the exponent in the sigmoid is lost", r"h_{<i>} = 1 / (1 + e^{a_{<i>}})", r"h_{<i>} = 1 / (1 + e^{-a_{<i>}})"),
    Mistake("softmax_without_exp", "h", _softmax, _without_exp,
            "the softmax is taken without the exponentials", r"\hat{y}_m = a_m / \sum_j a_j", _P),
    Mistake("sigmoid_for_softmax", "h", _softmax, lambda r, q: r.elementwise(ACTIVATIONS["sigmoid"].g, _get(r, q, "a")),
            "a sigmoid stands where the softmax is due", r"\hat{y}_m = \sigma(a_m)", _P),
    # the loss
    Mistake("log_base_10", "L", _LOGS, _scaled_loss(lambda p: 1 / np.log(10)),
            "the logarithm is to base 10, not the natural one", r"L = -\log_{10} \hat{y}", r"L = -\ln \hat{y}"),
    Mistake("half_missing_in_L", "L", _loss_is("half_squared_error"), _scaled_loss(lambda p: 2.0),
            "the factor 1/2 of the loss is left out", r"L = \sum_k (\hat{y}_k - y_k)^2", r"L = \tfrac{1}{2} \sum_k (\hat{y}_k - y_k)^2"),
    Mistake("mean_for_sum_outputs", "L", lambda p, i: p.network.loss in ("half_squared_error", "squared_error") and _k(p) > 1,
            _scaled_loss(lambda p: 1 / _k(p)), "the mean over the outputs is taken where the loss has their sum",
            r"L = \tfrac{1}{k} \sum_k \dots", r"L = \sum_k \dots"),
    # the gradient by the output
    Mistake("factor_2", "dh", _all(_last, _loss_is("half_squared_error")), lambda r, q: r.right(q) * 2.0,
            "a factor 2 stands before the error, which the 1/2 in the loss has taken away",
            r"\nabla_{\hat{y}} L = 2 (\hat{y} - y)", r"\nabla_{\hat{y}} L = \hat{y} - y"),
    Mistake("factor_2_missing", "dh", _all(_last, _loss_is("squared_error", "mean_squared_error")), lambda r, q: r.right(q) * 0.5,
            "the factor 2 of the square's derivative is left out",
            r"\nabla_{\hat{y}} L = \hat{y} - y", r"\nabla_{\hat{y}} L = 2 (\hat{y} - y)"),
    Mistake("error_sign", "dh", _all(_last, _loss_is("half_squared_error", "squared_error", "mean_squared_error", "absolute_error", "huber")),
            lambda r, q: -r.right(q), "the error is taken the wrong way round: y - yhat for yhat - y",
            r"\nabla_{\hat{y}} L = y - \hat{y}", r"\nabla_{\hat{y}} L = \hat{y} - y"),
    Mistake("ce_sign", "dh", _all(_last, _loss_is("cross_entropy")), lambda r, q: -r.right(q),
            "the minus of the cross-entropy is lost", r"\nabla_{\hat{y}} L = y / \hat{y}", r"\nabla_{\hat{y}} L = -y / \hat{y}"),
    Mistake("bce_second_term_sign", "dh", _all(_last, _loss_is("binary_cross_entropy")), _second_term_rule,
            "the sign of the second term of the loss's derivative is wrong",
            r"-\left(\frac{y}{\hat{y}} + \frac{1-y}{1-\hat{y}}\right)", r"-\frac{y}{\hat{y}} + \frac{1-y}{1-\hat{y}}"),
    Mistake("ce_used_for_bce", "dh", _all(_last, _loss_is("binary_cross_entropy")), _other_loss("cross_entropy"),
            "the derivative of the cross-entropy is used for the binary one: its second term is missing",
            r"-\frac{y}{\hat{y}}", r"-\frac{y}{\hat{y}} + \frac{1-y}{1-\hat{y}}"),
    # the derivative of the output and of the activations
    Mistake("softmax_cross_terms_dropped", "J", _softmax, lambda r, q: _diagonal(_gate(_get(r, q, "h"))),
            "only one path through the softmax is taken: every output depends on every a, so the cross terms "
            "dyhat_o/da_m = -yhat_o yhat_m are missing",
            r"\frac{\partial L}{\partial a_m} = \frac{\partial L}{\partial \hat{y}_m} \hat{y}_m (1 - \hat{y}_m)",
            r"\frac{\partial L}{\partial a_m} = \sum_o \frac{\partial L}{\partial \hat{y}_o} \hat{y}_o ([o = m] - \hat{y}_m)"),
    Mistake("logits_in_softmax_jacobian", "J", _softmax, _logits_jacobian,
            "the derivative of the softmax is written with a in the place of yhat",
            r"\frac{\partial \hat{y}_o}{\partial a_m} = a_o ([o = m] - a_m)", _J),
    Mistake("output_derivative_missing", "J", _softmax, lambda r, q: _diagonal(_ones(_get(r, q, "h"))),
            "the derivative of the output function is left out", r"\nabla_{a_{<i>}} L = \nabla_{\hat{y}} L", _DA_L),
    Mistake("output_derivative_missing", "g'", _all(_last, _curved), lambda r, q: _ones(_get(r, q, "a")),
            "the derivative of the output function is left out", r"\nabla_{a_{<i>}} L = \nabla_{\hat{y}} L", _DA_L),
    Mistake("hidden_derivative_missing", "g'", _all(_hidden, _curved), lambda r, q: _ones(_get(r, q, "a")),
            "the derivative of the activation of layer {i} is left out", r"\nabla_{a_{<i>}} L = \nabla_{h_{<i>}} L", _DA),
    Mistake("sigma_for_sigma_prime", "g'", _all(_last, _curved, lambda p, i: not _is("relu")(p, i)), _of("h"),
            "the activation itself stands where its derivative is due", r"\frac{\partial \hat{y}}{\partial a_{<i>}} = g(a_{<i>})", _G),
    Mistake("sigma_for_sigma_prime_hidden", "g'", _all(_hidden, _curved, lambda p, i: not _is("relu")(p, i)), _of("h"),
            "the activation itself stands where its derivative is due", r"\frac{\partial h_{<i>}}{\partial a_{<i>}} = g(a_{<i>})", _G),
    Mistake("relu_derivative_is_h", "g'", _is("relu"), _of("h"),
            "the ReLU itself stands where its derivative, 0 or 1, is due", r"\frac{\partial h_{<i>}}{\partial a_{<i>}} = h_{<i>}", _G),
    Mistake("a_times_1_minus_a", "g'", _is("sigmoid"), lambda r, q: _gate(_get(r, q, "a")),
            "the derivative of the sigmoid is written with a in the place of h", r"\sigma' = a (1 - a)", r"\sigma' = h (1 - h)"),
    Mistake("sigma_prime_of_activated", "g'", lambda p, i: _curved(p, i) and not _is("relu", "leaky_relu")(p, i), _slope_of_activated,
            "the derivative is taken at h, where it is due at a", r"g'(h_{<i>})", r"g'(a_{<i>})"),
    Mistake("tanh_rule_on_sigmoid", "g'", _is("sigmoid"), lambda r, q: 1.0 - _square_of(_get(r, q, "h")),
            "the derivative of tanh is used for the sigmoid", r"1 - h^2", r"h (1 - h)"),
    Mistake("sigmoid_rule_on_tanh", "g'", _is("tanh"), lambda r, q: _gate(_get(r, q, "h")),
            "the derivative of the sigmoid is used for tanh", r"h (1 - h)", r"1 - h^2"),
    Mistake("derivative_of_wrong_layer", "g'",
            lambda p, i: _hidden(p, i) and _curved(p, i) and p.rule(i + 1) is not None and p.sizes[i] == p.sizes[i + 1]
            and not (_is("identity")(p, i + 1) or (_is("relu")(p, i) and _is("relu")(p, i + 1))),
            _next_slope, "the derivative of the activation is taken at layer {n}, where it is due at layer {i}",
            r"\nabla_{h_{<i>}} L \odot g'(a_{<i+1>})", r"\nabla_{h_{<i>}} L \odot g'(a_{<i>})"),
    # the gradient of the pre-activations
    Mistake("y_minus_yhat", "da", _pair_is(("cross_entropy", "softmax"), ("poisson", "softmax"), ("binary_cross_entropy", "sigmoid")),
            lambda r, q: -r.right(q), "the error is taken the wrong way round: y - yhat for yhat - y",
            r"\nabla_{a_{<i>}} L = y - \hat{y}", r"\nabla_{a_{<i>}} L = \hat{y} - y"),
    Mistake("softmax_derivative_twice", "da", _CE, lambda r, q: r.right(q) * _gate(_get(r, q, "h")),
            "yhat - y has the derivative of the softmax in it already; it is applied once more",
            r"(\hat{y} - y)\, \hat{y} (1 - \hat{y})", r"\hat{y} - y"),
    Mistake("softmax_jacobian_twice", "da", _CE, _jacobian_twice,
            "yhat - y has the Jacobian of the softmax in it already; it is applied once more", r"J_O (\hat{y} - y)", r"\hat{y} - y"),
    Mistake("derivative_twice_bce", "da", _BCE, lambda r, q: r.right(q) * _get(r, q, "g'"),
            "yhat - y has the derivative of the sigmoid in it already; it is applied once more",
            r"(\hat{y} - y)\, \sigma'(a_{<i>})", r"\hat{y} - y"),
    Mistake("relu_mask_on_gradient", "da", _all(_hidden, _is("relu")), _masked,
            "the ReLU's mask is taken from the sign of the gradient, where the sign of a decides",
            r"\max(0, \nabla_{h_{<i>}} L)", r"\nabla_{h_{<i>}} L \odot [a_{<i>} > 0]"),
    # the gradient of the weights
    Mistake("outer_product_orientation", "dW", _all(_square, _later), lambda r, q: r.right(q).T,
            "the outer product is the wrong way round: the gradient of W_{i} is transposed",
            r"h_{<i-1>} (\nabla_{a_{<i>}} L)^T", _DW),
    Mistake("outer_product_orientation_1", "dW", _all(_square, lambda p, i: i == 1), lambda r, q: r.right(q).T,
            "the outer product is the wrong way round: the gradient of W_{i} is transposed",
            r"x\, (\nabla_{a_1} L)^T", r"\nabla_{a_1} L\, x^T"),
    Mistake("a_for_h_in_dW", "dW", lambda p, i: i > 1 and _curved(p, i - 1), lambda r, q: _get(r, q, "da").T @ _get(r, q, "a", -1),
            "a_{p} stands where h_{p} is due", r"\nabla_{a_{<i>}} L\, a_{<i-1>}^T", _DW),
    Mistake("input_x_for_h", "dW", _all(_later, _no_first), lambda r, q: _get(r, q, "da").T @ r.get(Node("h", 0, q.time)),
            "the inputs x stand where h_{p} is due", r"\nabla_{a_{<i>}} L\, x^T", _DW),
    Mistake("h_for_x_in_dW1", "dW", lambda p, i: p.sizes[i] == p.sizes[i - 1], lambda r, q: _get(r, q, "da").T @ _get(r, q, "h"),
            "the layer's own output stands where its input is due", r"\nabla_{a_{<i>}} L\, h_{<i>}^T", _DW),
    Mistake("own_output_for_input", "dW", _any, _by_row,
            "each row has the unit's own output where the inputs of the layer are due",
            r"\frac{\partial L}{\partial a_{<i>,m}} h_{<i>,m}", r"\frac{\partial L}{\partial a_{<i>,m}} h_{<i-1>,j}"),
    Mistake("weight_times_gradient", "dW", _any, lambda r, q: r.right(q) * _get(r, q, "W"),
            "the weight itself is a factor too many", r"\nabla_{a_{<i>}} L\, h_{<i-1>}^T \odot W_{<i>}", _DW),
    Mistake("divided_not_multiplied", "dW", _any, lambda r, q: _get(r, q, "da").T @ _over(1.0, _get(r, q, "h", -1)),
            "divided by h_{p}, where it is multiplied", r"\nabla_{a_{<i>}} L / h_{<i-1>}", _DW),
    # the gradient of the biases
    Mistake("bias_times_input", "db", lambda p, i: p.sizes[i] == p.sizes[i - 1],
            lambda r, q: (_get(r, q, "da") * _get(r, q, "h", -1)).sum(0),
            "the gradient of a bias has the input as a factor; a bias has none", r"\nabla_{a_{<i>}} L \odot h_{<i-1>}", _DB),
    Mistake("bias_times_bias", "db", _any, lambda r, q: r.right(q) * _get(r, q, "b"),
            "the gradient of a bias has the bias itself as a factor", r"\nabla_{a_{<i>}} L \odot b_{<i>}", _DB),
    # the batch
    *(
        Mistake("batch_sum_vs_mean", kind, where, lambda r, q: r.right(q) * _batch(r.problem),
                "the sum over the examples is taken where the loss takes their mean, or the mean where it takes their sum",
                r"\sum_n \dots", r"\tfrac{1}{N} \sum_n \dots")
        for kind, where in (("L", _several), ("dh", _all(_last, _several)), ("da", _all(_last, _several)),
                            ("dW", _several), ("db", _several))
    ),
    # the gradient of the hidden units
    Mistake("W_not_transposed_bwd", "dh", _next_square, lambda r, q: _get(r, q, "da", 1) @ _get(r, q, "W", 1).T,
            "W_{n} is not transposed on the way back", r"W_{<i+1>} \nabla_{a_{<i+1>}} L", _DH),
    Mistake("missed_paths_diagonal", "dh", lambda p, i: _next_square(p, i), _own_path,
            "one path for each unit, where the sum over all paths is due",
            r"W_{<i+1>,j,j} \frac{\partial L}{\partial a_{<i+1>,j}}", _DH),
    Mistake("missed_paths_first_only", "dh", _several_next, _first_path,
            "only the path through the first unit of layer {n} is taken",
            r"W_{<i+1>,1,j} \frac{\partial L}{\partial a_{<i+1>,1}}", _DH),
    Mistake("missed_last_path", "dh", lambda p, i: _several_next(p, i, 3), _but_last,
            "the path through the last unit of layer {n} is left out", r"\sum_{m < M} W_{<i+1>,m,j} \dots", _DH),
    Mistake("updated_weights_used", "dh", lambda p, i: i < p.depth and p.learning_rate is not None, _updated,
            "the already updated W_{n} is used on the way back",
            r"(W_{<i+1>} - \eta \nabla_{W_{<i+1>}} L)^T \nabla_{a_{<i+1>}} L", _DH),
    Mistake("error_not_delta", "dh", lambda p, i: i < p.depth and (p.rule(i + 1) is None or _curved(p, i + 1)),
            lambda r, q: _get(r, q, "dh", 1) @ _get(r, q, "W", 1),
            "the gradient of the output of layer {n} goes back, where that of its pre-activation is due: its derivative is missing",
            r"W_{<i+1>}^T \nabla_{h_{<i+1>}} L", _DH),
    Mistake("wrong_layer_weights", "dh",
            lambda p, i: 0 < i < p.depth and p.sizes[i + 1] == p.sizes[i] == p.sizes[i - 1] > 0,
            lambda r, q: _get(r, q, "da", 1) @ _get(r, q, "W"),
            "the weights W_{i} stand where W_{n} is due", r"W_{<i>}^T \nabla_{a_{<i+1>}} L", _DH),
    Mistake("division_by_weight", "dh", lambda p, i: i < p.depth, lambda r, q: _get(r, q, "da", 1) @ _over(1.0, _get(r, q, "W", 1)),
            "divided by the weights, where it is multiplied", r"\sum_m \nabla_{a_{<i+1>,m}} L / W_{<i+1>,m,j}", _DH),
    # the update
    Mistake("update_sign", "W", _any, _step(lambda rate: -rate), "the step goes up the gradient: + for -",
            r"W_{<i>} + \eta \nabla_{W_{<i>}} L", _W1),
    Mistake("lr_dropped", "W", lambda p, i: p.rate != 1.0, _step(lambda rate: 1.0), "the learning rate is left out of the step",
            r"W_{<i>} - \nabla_{W_{<i>}} L", _W1),
    Mistake("lr_twice", "W", lambda p, i: p.rate != 1.0, _step(lambda rate: rate**2), "the learning rate is applied twice",
            r"W_{<i>} - \eta^2 \nabla_{W_{<i>}} L", _W1),
    Mistake("update_sign", "b", _any, _step(lambda rate: -rate), "the step goes up the gradient: + for -",
            r"b_{<i>} + \eta \nabla_{b_{<i>}} L", _B1),
    Mistake("lr_dropped", "b", lambda p, i: p.rate != 1.0, _step(lambda rate: 1.0), "the learning rate is left out of the step",
            r"b_{<i>} - \nabla_{b_{<i>}} L", _B1),
    Mistake("lr_twice", "b", lambda p, i: p.rate != 1.0, _step(lambda rate: rate**2), "the learning rate is applied twice",
            r"b_{<i>} - \eta^2 \nabla_{b_{<i>}} L", _B1),
)  # fmt: skip

#: every row; an id may stand in several, for several kinds of node
MISTAKES: tuple[Mistake, ...] = _ROWS


def applicable(problem: Problem, kinds: set[str] | None = None) -> Iterator[tuple[Mistake, int]]:
    """Every mistake with every layer at which it makes sense in this network."""
    for mistake in MISTAKES:
        if kinds is not None and mistake.kind not in kinds:
            continue
        for layer in layers_of(mistake.kind, problem.depth):
            if mistake.fits(problem, layer):
                yield mistake, layer


def layers_of(kind: str, depth: int) -> range:
    """The layers at which a kind of node exists: L stands at 0, dL/dx at 0."""
    if kind == "L":
        return range(1)
    if kind == "J":
        return range(depth, depth + 1)
    return range(0 if kind == "dh" else 1, depth + 1)
