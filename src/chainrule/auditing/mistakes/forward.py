"""Mistakes of the forward pass and of the loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.auditing.mistakes.table import Mistake, activation_is, both, curved, get, loss_is, of, softmax, square
from chainrule.auditing.model.problem import Node, Problem
from chainrule.auditing.model.replay import Replay, Rule
from chainrule.network.activations import ACTIVATIONS

#: the softmax, whose own formula is in no equation of ``equation_table``
_SOFTMAX = r"\hat{y}_m = e^{a_m} / \sum_j e^{a_j}"
_LOGS = loss_is("cross_entropy", "binary_cross_entropy", "poisson")


def _without_exp(r: Replay, q: Node) -> Any:
    a = get(r, q, "a")
    total = a.sum(1)
    return a / total[:, None]


def _scaled_loss(factor: Callable[[Problem], float]) -> Rule:
    return lambda r, q: r.right(q) * factor(r.problem)


def _bce_second_sign(r: Replay, q: Node) -> Any:
    y, yhat = r.problem.y, get(r, Node("h", r.problem.depth, q.time), "h")
    terms = r.elementwise(lambda p: -(_log(y, p) - _log(1 - y, 1 - p)), yhat)
    return (terms * r.problem.coefficients[:, None]).sum()


def _bce_first_term(r: Replay, q: Node) -> Any:
    y, yhat = r.problem.y, get(r, Node("h", r.problem.depth, q.time), "h")
    terms = r.elementwise(lambda p: -_log(y, p), yhat)
    return (terms * r.problem.coefficients[:, None]).sum()


def _log(share: Any, p: Any) -> Any:
    with np.errstate(all="ignore"):
        return np.where(share == 0, 0, share * np.log(p))


def _k(problem: Problem) -> int:
    return problem.sizes[-1]


FORWARD: tuple[Mistake, ...] = (
    # forward
    Mistake("W_transposed_fwd", "a", square, lambda r, q: get(r, q, "h", -1) @ get(r, q, "W") + get(r, q, "b"),
            "the weights of layer <i> are used transposed: columns for rows",
            r"<a i> = <W^T i> <h i-1> + <b i>", "forward.pre"),
    Mistake("bias_dropped", "a", lambda p, i: bool(np.any(p.network.biases[i - 1])),
            lambda r, q: get(r, q, "h", -1) @ get(r, q, "W").T,
            "the bias of layer <i> is left out",
            r"<a i> = <W i> <h i-1>", "forward.pre"),
    Mistake("activation_skipped", "h", lambda p, i: i > 0 and (p.rule(i) is None or curved(p, i)), of("a"),
            "the activation of layer <i> is left out: h is a",
            r"<h i> = <a i>", "forward.act"),
    Mistake("sigmoid_exp_sign", "h", activation_is("sigmoid"),
            lambda r, q: r.elementwise(ACTIVATIONS["sigmoid"].g, -get(r, q, "a")),
            "the sign of the exponent in the sigmoid is lost",
            r"<h i> = 1 / (1 + e^{<a i>})", r"<h i> = 1 / (1 + e^{-<a i>})"),
    Mistake("softmax_without_exp", "h", softmax, _without_exp,
            "the softmax is taken without the exponentials",
            r"\hat{y}_m = a_m / \sum_j a_j", _SOFTMAX),
    Mistake("sigmoid_for_softmax", "h", softmax, lambda r, q: r.elementwise(ACTIVATIONS["sigmoid"].g, get(r, q, "a")),
            "a sigmoid stands where the softmax should be",
            r"\hat{y}_m = \sigma(a_m)", _SOFTMAX),
    # the loss
    Mistake("log_base_10", "L", _LOGS, _scaled_loss(lambda p: 1 / np.log(10)),
            "the logarithm is to base 10, not the natural one",
            r"L = -\log_{10} \hat{y}", r"L = -\ln \hat{y}"),
    Mistake("bce_second_term_sign", "L", loss_is("binary_cross_entropy"), _bce_second_sign,
            "the sign of the second term of the loss is wrong",
            r"L = -(y \ln \hat{y} - (1 - y) \ln(1 - \hat{y}))", r"L = -(y \ln \hat{y} + (1 - y) \ln(1 - \hat{y}))"),
    Mistake("ce_used_for_bce", "L", loss_is("binary_cross_entropy"), _bce_first_term,
            "the cross-entropy is used for the binary one: its second term is missing",
            r"L = -y \ln \hat{y}", r"L = -(y \ln \hat{y} + (1 - y) \ln(1 - \hat{y}))"),
    Mistake("half_missing_in_L", "L", loss_is("half_squared_error"), _scaled_loss(lambda p: 2.0),
            "the factor 1/2 of the loss is left out",
            r"L = \sum_k (\hat{y}_k - y_k)^2", r"L = \tfrac{1}{2} \sum_k (\hat{y}_k - y_k)^2"),
    Mistake("mean_for_sum_outputs", "L", both(loss_is("half_squared_error", "squared_error"), lambda p, i: _k(p) > 1),
            _scaled_loss(lambda p: 1 / _k(p)),
            "the mean over the outputs is taken where the loss has their sum",
            r"L = \tfrac{1}{k} \sum_k \dots", r"L = \sum_k \dots"),
)  # fmt: skip
