"""Wrong targets, wrong errors and wrong losses at the output."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from chainrule.auditing.mistakes.table import Fits, Mistake, both, bound, get, last, loss_is, softmax
from chainrule.auditing.model.problem import Node, Problem
from chainrule.auditing.model.replay import Replay, Rule
from chainrule.network.arrays import Array
from chainrule.network.losses import LOSSES

Change = Callable[[Array], Array]
#: losses whose derivative by yhat is a number times yhat - y
_ERRORS: dict[str, Callable[[int], float]] = {
    "half_squared_error": lambda k: 1.0,
    "squared_error": lambda k: 2.0,
    "mean_squared_error": lambda k: 2.0 / k,
}
#: pairs whose derivative by a_L is yhat - y
_PAIRS = {("cross_entropy", "softmax"), ("binary_cross_entropy", "sigmoid")}


def paired(p: Problem, i: int) -> bool:
    """The last layer, where dL/da is yhat - y."""
    return i == p.depth and (p.network.loss, p.network.output) in _PAIRS


def by_error(p: Problem, i: int) -> bool:
    """The last layer, where dL/dyhat is a number times yhat - y."""
    return i == p.depth and p.network.loss in _ERRORS


def other_loss(p: Problem, i: int) -> bool:
    """The last layer, where neither holds."""
    return i == p.depth and not paired(p, i) and not by_error(p, i) and p.network.loss != "identity"


def one_hot(p: Problem) -> bool:
    """Each example has one class of several."""
    y = p.y
    return bool(y.shape[1] > 1 and ((y == 0) | (y == 1)).all() and (y.sum(1) == 1).all())


def error_scale(p: Problem) -> Array:
    """What yhat - y is multiplied with in the gradient of each example, (n, 1)."""
    number = _ERRORS[p.network.loss](p.sizes[-1]) if p.network.loss in _ERRORS else 1.0
    return p.coefficients[:, None] * number


def with_targets(change: Callable[[Problem], Array]) -> Rule:
    """The gradient with other targets: of the error where there is one, else of the loss."""

    def rule(r: Replay, q: Node) -> Any:
        yhat, y = r.get(Node("h", r.problem.depth, q.time)), change(r.problem)
        if paired(r.problem, q.layer) or by_error(r.problem, q.layer):
            return error_scale(r.problem) * (yhat - y)
        return r.problem.coefficients[:, None] * r.problem.network.loss_rule.gradient(yhat, y)

    return rule


def _instead(error: Callable[[Array, Array, Array], Any]) -> Rule:
    """Something of (a, yhat, y) in the place of the error."""

    def rule(r: Replay, q: Node) -> Any:
        return error_scale(r.problem) * error(get(r, q, "a"), get(r, q, "h"), r.problem.y)

    return rule


def _classes(y: Array) -> Array:
    return np.asarray(y.argmax(1)[:, None] + np.zeros((1, y.shape[1])))


def _several(p: Problem) -> bool:
    return p.n > 1 and bool(np.ptp(p.y, axis=0).any())


def _lost(y: Array, by: int) -> Array:
    """Targets moved by so many classes, without coming round."""
    moved = np.zeros_like(y)
    if by > 0:
        moved[:, by:] = y[:, :-by]
    else:
        moved[:, :by] = y[:, -by:]
    return moved


def _wide(p: Problem) -> bool:
    return p.sizes[-1] > 1


_TARGETS: tuple[tuple[str, Callable[[Problem], bool], Change, str], ...] = (
    ("target_not_subtracted", lambda p: True, lambda y: y * 0.0, "the target is not subtracted: y is taken as 0"),
    ("target_added", lambda p: True, lambda y: -y, "the target is added, where it is subtracted: yhat + y"),
    ("targets_as_numbers", one_hot, _classes,
     "the class number is subtracted from every output, where the target is one-hot"),
    ("targets_as_numbers", one_hot, lambda y: _classes(y) + 1.0,
     "the class number, counted from 1, is subtracted from every output, where the target is one-hot"),
    ("targets_shifted", _wide, lambda y: np.roll(y, 1, axis=1),
     "the targets are shifted by one class: class c stands at c + 1, as if labels counted from 0 were read from 1"),
    ("targets_shifted", _wide, lambda y: np.roll(y, -1, axis=1),
     "the targets are shifted by one class: class c stands at c - 1, as if labels counted from 1 were read from 0"),
    ("targets_shifted", _wide, lambda y: _lost(y, 1),
     "the targets are shifted by one class: class c stands at c + 1, and the last class is lost"),
    ("targets_shifted", _wide, lambda y: _lost(y, -1),
     "the targets are shifted by one class: class c stands at c - 1, and the first class is lost"),
    ("targets_complement", lambda p: True, lambda y: 1.0 - y, "1 - y stands where the target y should be"),
    ("targets_minus_one_to_one", lambda p: bool(((p.y == 0) | (p.y == 1)).all()), lambda y: 2.0 * y - 1.0,
     "the targets 0 and 1 are taken as -1 and 1"),
    ("targets_of_other_examples", _several, lambda y: y[::-1], "the targets stand in reverse order of the examples"),
    ("targets_of_other_examples", _several, lambda y: np.roll(y, 1, axis=0),
     "each example has the target of the example before it"),
    ("targets_of_other_examples", _several, lambda y: np.roll(y, -1, axis=0),
     "each example has the target of the example after it"),
    ("targets_of_other_examples", _several, lambda y: y[:1] + y * 0.0, "every example has the target of the first"),
    ("targets_of_other_examples", _several, lambda y: y[-1:] + y * 0.0, "every example has the target of the last"),
    ("targets_of_other_examples", _several, lambda y: y.mean(0) + y * 0.0,
     "every example has the mean of the targets"),
    ("targets_prepared", _several, lambda y: y - y.mean(0), "the targets come with their mean subtracted"),
    ("targets_prepared", _several, lambda y: (y - y.mean(0)) / (y.std(0) + (y.std(0) == 0)),
     "the targets come standardised"),
    ("targets_of_other_outputs", _wide, lambda y: y[:, ::-1], "the targets stand in reverse order of the outputs"),
    ("targets_of_other_outputs", _wide, lambda y: y[:, :1] + y * 0.0, "every output has the target of the first"),
    ("targets_averaged", _wide, lambda y: y.mean(1)[:, None] + y * 0.0,
     "every output has the mean of the example's targets"),
    ("targets_averaged", _wide, lambda y: y.sum(1)[:, None] + y * 0.0,
     "every output has the sum of the example's targets"),
    ("targets_reshaped", lambda p: _wide(p) and p.n > 1, lambda y: y.T.reshape(y.shape),
     "the targets are reshaped, where they should be transposed: they stand at other examples"),
)  # fmt: skip


def _to_targets(change: Change) -> Callable[[Problem], Array]:
    return lambda p: change(p.y)


def _targets() -> Iterator[Mistake]:
    for id, where, change, words in _TARGETS:
        for kind, fits in (("da", paired), ("dh", by_error), ("dh", other_loss)):

            def both_fit(p: Problem, i: int, fits: Fits = fits, where: Callable[[Problem], bool] = where) -> bool:
                return fits(p, i) and where(p)

            yield Mistake(id, kind, both_fit, with_targets(_to_targets(change)), words, "", "")


def _square(a: Array, p: Array, y: Array) -> Array:
    return (p - y) ** 2


def _winner(p: Array) -> Array:
    return np.asarray(np.equal(p, p.max(1, keepdims=True)) * 1.0)


_INSTEAD: tuple[tuple[str, Callable[[Array, Array, Array], Any], str, str], ...] = (
    ("logits_for_outputs", lambda a, p, y: a - y, "a_L stands where yhat should be in the error",
     r"<a i> - y"),
    ("only_true_class", lambda a, p, y: (p - 1.0) * y,
     "only the output of the true class gets a gradient: yhat of the others is left out", r"(\hat{y} - 1)\, y"),
    ("only_true_class", lambda a, p, y: (p - y) * (y != 0),
     "only outputs whose target is not 0 get a gradient", r"(\hat{y} - y)\,[y \ne 0]"),
    ("only_other_classes", lambda a, p, y: p * (1.0 - y),
     "the output of the true class gets no gradient", r"\hat{y}\,(1 - y)"),
    ("minus_target_alone", lambda a, p, y: -y, "yhat is left out of the error: only -y is left", "-y"),
    ("square_for_error", _square, "the square of the error stands where the error should be", r"(\hat{y} - y)^2"),
    ("absolute_error_used", lambda a, p, y: np.abs(p - y),
     "the absolute value of the error stands where the error should be", r"|\hat{y} - y|"),
    ("sign_of_error", lambda a, p, y: np.sign(p - y), "only the sign of the error is taken",
     r"\mathrm{sign}(\hat{y} - y)"),
    ("class_for_output", lambda a, p, y: (p > 0.5) - y,
     "the output is rounded to 0 or 1 before the target is subtracted", r"[\hat{y} > 0.5] - y"),
    ("class_for_output", lambda a, p, y: _winner(p) - y,
     "the predicted class stands where the output yhat should be", r"\mathrm{onehot}(\arg\max \hat{y}) - y"),
    ("log_for_output", lambda a, p, y: np.log(p) - y, "the logarithm of yhat stands where yhat should be",
     r"\ln \hat{y} - y"),
    ("error_times_output", lambda a, p, y: (p - y) * p, "the error is multiplied with yhat as well",
     r"(\hat{y} - y)\, \hat{y}"),
    ("error_times_output", lambda a, p, y: (p - y) * (1.0 - p), "the error is multiplied with 1 - yhat as well",
     r"(\hat{y} - y)(1 - \hat{y})"),
    ("error_times_output", lambda a, p, y: (p - y) * p * (1.0 - p),
     "the error is multiplied with yhat (1 - yhat) as well", r"(\hat{y} - y)\, \hat{y} (1 - \hat{y})"),
    ("error_times_target", lambda a, p, y: (p - y) * y, "the error is multiplied with the target as well",
     r"(\hat{y} - y)\, y"),
    ("error_summed", lambda a, p, y: (p - y).sum(1)[:, None] + p * 0.0,
     "the errors of all outputs are summed, and every output gets the sum", r"\sum_k (\hat{y}_k - y_k)"),
    ("error_averaged", lambda a, p, y: (p - y).mean(0) + p * 0.0,
     "the error is averaged over the examples before it goes back: every example gets the mean",
     r"\tfrac{1}{N} \sum_n (\hat{y}_n - y_n)"),
    ("outputs_averaged", lambda a, p, y: p.mean(0) - y,
     "every example has the mean of the outputs: yhat of shape (n, 1) and y of shape (n,) make a table (n, n)",
     r"\tfrac{1}{N} \sum_n \hat{y}_n - y"),
    ("loss_for_gradient", lambda a, p, y: -y * np.log(p), "the loss itself stands where its derivative should be",
     r"-y \ln \hat{y}"),
)  # fmt: skip


def _instead_of_error() -> Iterator[Mistake]:
    for id, error, words, wrong in _INSTEAD:
        for kind, fits in (("da", paired), ("dh", by_error)):
            name = r"\nabla_{\hat{y}} L = " if kind == "dh" else "<da i> = "
            several = fits if id not in ("error_summed",) else both(fits, lambda p, i: p.sizes[-1] > 1)
            yield Mistake(id, kind, several, _instead(error), words, name + wrong, name + r"\hat{y} - y")


def _losses() -> Iterator[Mistake]:
    """The derivative of another loss."""
    for name in ("half_squared_error", "cross_entropy", "binary_cross_entropy", "absolute_error", "poisson"):

        def fits(p: Problem, i: int, name: str = name) -> bool:
            known = ("half_squared_error", "squared_error", "mean_squared_error")
            same = p.network.loss == name or (name in known and p.network.loss in known)
            return i == p.depth and p.network.loss != "identity" and not same

        yield Mistake("other_loss", "dh", fits,
                      bound(LOSSES[name], lambda r, q, loss: r.problem.coefficients[:, None]
                            * loss.gradient(get(r, q, "h"), r.problem.y)),
                      f"the derivative of another loss is used: that of {name.replace('_', ' ')}", "", "")  # fmt: skip
    yield Mistake("slope_for_loss_gradient", "dh", both(last, lambda p, i: p.network.loss != "identity"),
                  lambda r, q: r.problem.coefficients[:, None] * get(r, q, "h") * (1.0 - get(r, q, "h")),
                  "yhat (1 - yhat) stands where the derivative of the loss should be",
                  r"\nabla_{\hat{y}} L = \hat{y} (1 - \hat{y})", "")  # fmt: skip
    yield Mistake("huber_one_sided", "dh", both(last, loss_is("huber")),
                  lambda r, q: np.where(get(r, q, "h") - r.problem.y < -1.0, 0.0, r.right(q)),
                  "errors below -1 get no gradient: e > 1 is asked, where |e| > 1 should be", "", "")  # fmt: skip
    yield Mistake("denominator_left_out", "dh", both(last, loss_is("cross_entropy")),
                  lambda r, q: -r.problem.coefficients[:, None] * r.problem.y + 0.0 * get(r, q, "h"),
                  "the denominator of the loss's derivative is left out: -y for -y / yhat",
                  r"\nabla_{\hat{y}} L = -y", r"\nabla_{\hat{y}} L = -y / \hat{y}")  # fmt: skip


def _jacobians() -> Iterator[Mistake]:
    def diagonal(rows: Array) -> Array:
        return rows[:, :, None] * np.eye(rows.shape[1])[None]

    yield Mistake("softmax_cross_terms_sign", "J", softmax,
                  lambda r, q: diagonal(2.0 * get(r, q, "h") * (1.0 - get(r, q, "h"))) - r.right(q),
                  "the sign of the cross terms of the softmax is lost",
                  r"\frac{\partial \hat{y}_o}{\partial a_m} = \hat{y}_o \hat{y}_m", "")  # fmt: skip
    yield Mistake("softmax_diagonal_missing", "J", softmax,
                  lambda r, q: -get(r, q, "h")[:, :, None] * get(r, q, "h")[:, None, :],
                  "the diagonal of the softmax's Jacobian is left out: only -yhat yhat^T is taken",
                  r"\frac{\partial \hat{y}_o}{\partial a_m} = -\hat{y}_o \hat{y}_m", "")  # fmt: skip
    yield Mistake("softmax_factor_left_out", "J", softmax, lambda r, q: diagonal(1.0 - get(r, q, "h")),
                  "of the softmax's derivative only 1 - yhat is left",
                  r"\frac{\partial \hat{y}_o}{\partial a_m} = (1 - \hat{y}_o) [o = m]", "")  # fmt: skip
    yield Mistake("softmax_for_its_jacobian", "J", softmax, lambda r, q: diagonal(get(r, q, "h")),
                  "the softmax itself stands where its derivative should be",
                  r"\frac{\partial \hat{y}_o}{\partial a_m} = \hat{y}_o [o = m]", "")  # fmt: skip


TARGETS: tuple[Mistake, ...] = (*_targets(), *_instead_of_error(), *_losses(), *_jacobians())
