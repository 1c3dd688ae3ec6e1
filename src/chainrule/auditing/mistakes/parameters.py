"""Mistakes of the gradients of weights, biases and hidden units, of the batch, and of the update."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.auditing.mistakes.table import Mistake, anywhere, both, curved, get, last, square
from chainrule.auditing.model.problem import Node, Problem
from chainrule.auditing.model.replay import Replay, Rule


def _next_square(problem: Problem, i: int) -> bool:
    """The next layer has as many units as this one, more than one."""
    return i < problem.depth and problem.sizes[i + 1] == problem.sizes[i] > 1


def _several_next(problem: Problem, i: int, least: int = 2) -> bool:
    """The next layer has several units."""
    return i < problem.depth and problem.sizes[i + 1] >= least


def _several(problem: Problem, i: int) -> bool:
    """A batch in which every example counts the same."""
    return problem.n > 1 and float(np.ptp(problem.coefficients)) == 0.0


def _by_row(r: Replay, q: Node) -> Any:
    """The same number for every input: da_m h_im."""
    own = (get(r, q, "da") * get(r, q, "h")).sum(0)
    return own[:, None] * np.ones((1, r.problem.sizes[q.layer - 1]))


def _over(top: Any, bottom: Any) -> Any:
    with np.errstate(all="ignore"):
        return top / bottom


def _updated(r: Replay, q: Node) -> Any:
    W, grad = get(r, q, "W", 1), get(r, q, "dW", 1)
    return get(r, q, "da", 1) @ (W - grad * r.problem.rate)


def _step(factor: Callable[[float], float]) -> Rule:
    def rule(r: Replay, q: Node) -> Any:
        before = Node(q.kind, q.layer, q.time - 1)
        if q.kind == "b" and not r.problem.update_biases:
            return r.right(q)
        return r.get(before) - r.get(before._replace(kind=f"d{q.kind}")) * factor(r.problem.rate)

    return rule


def _own_path(r: Replay, q: Node) -> Any:
    k = r.problem.sizes[q.layer]
    W = get(r, q, "W", 1)
    return get(r, q, "da", 1) * W[np.arange(k), np.arange(k)]


def _without_weights(r: Replay, q: Node) -> Any:
    """Every unit gets the gradients of the next layer as they are, added up."""
    return get(r, q, "da", 1).sum(1)[:, None] * np.ones((1, r.problem.sizes[q.layer]))


def _batch(problem: Problem) -> float:
    """From the mean over the examples to their sum, or back."""
    return float(problem.n) if problem.network.reduction == "mean" else 1 / problem.n


def _mean_twice(problem: Problem, i: int) -> bool:
    return _several(problem, i) and problem.network.reduction == "mean"


def _rate_counts(problem: Problem, i: int) -> bool:
    return problem.rate != 1.0


PARAMETERS: tuple[Mistake, ...] = (
    # the gradient of the weights
    Mistake("outer_product_orientation", "dW", both(square, lambda p, i: i > 1), lambda r, q: r.right(q).T,
            "the outer product is the wrong way round: the gradient of <W i> is transposed",
            r"<h i-1> (<da i>)^T", "backward.weight"),
    Mistake("outer_product_orientation_1", "dW", both(square, lambda p, i: i == 1), lambda r, q: r.right(q).T,
            "the outer product is the wrong way round: the gradient of <W i> is transposed",
            r"x\, (<da i>)^T", r"<da i>\, x^T"),
    Mistake("a_for_h_in_dW", "dW", lambda p, i: i > 1 and curved(p, i - 1),
            lambda r, q: get(r, q, "da").T @ get(r, q, "a", -1),
            "<a i-1> stands where <h i-1> should be",
            r"<da i>\, <a^T i-1>", "backward.weight"),
    Mistake("input_x_for_h", "dW", lambda p, i: i > 1 and p.sizes[i - 1] == p.sizes[0],
            lambda r, q: get(r, q, "da").T @ r.get(Node("h", 0, q.time)),
            "the inputs x stand where <h i-1> should be",
            r"<da i>\, x^T", "backward.weight"),
    Mistake("h_for_x_in_dW1", "dW", lambda p, i: p.sizes[i] == p.sizes[i - 1],
            lambda r, q: get(r, q, "da").T @ get(r, q, "h"),
            "the layer's own output stands where its input should be",
            r"<da i>\, <h^T i>", "backward.weight"),
    Mistake("own_output_for_input", "dW", anywhere, _by_row,
            "each row has the unit's own output where the inputs of the layer are due",
            r"\frac{\partial L}{\partial <a_m i>} <h_m i>", r"\frac{\partial L}{\partial <a_m i>} <h_j i-1>"),
    Mistake("weight_times_gradient", "dW", anywhere, lambda r, q: r.right(q) * get(r, q, "W"),
            "the weight itself is a factor too many",
            r"<da i>\, <h^T i-1> \odot <W i>", "backward.weight"),
    Mistake("divided_not_multiplied", "dW", anywhere, lambda r, q: get(r, q, "da").T @ _over(1.0, get(r, q, "h", -1)),
            "divided by <h i-1>, where it is multiplied",
            r"<da i> / <h i-1>", "backward.weight"),
    # the gradient of the biases
    Mistake("bias_times_input", "db", lambda p, i: p.sizes[i] == p.sizes[i - 1],
            lambda r, q: (get(r, q, "da") * get(r, q, "h", -1)).sum(0),
            "the gradient of a bias has the input as a factor; a bias has none",
            r"<da i> \odot <h i-1>", "backward.bias"),
    Mistake("bias_times_bias", "db", anywhere, lambda r, q: r.right(q) * get(r, q, "b"),
            "the gradient of a bias has the bias itself as a factor",
            r"<da i> \odot <b i>", "backward.bias"),
    # the batch
    *(Mistake("batch_sum_vs_mean", kind, where, lambda r, q: r.right(q) * _batch(r.problem),
              "the sum over the examples is taken where the loss takes their mean, "
              "or the mean where it takes their sum",
              r"\sum_n \dots", r"\tfrac{1}{N} \sum_n \dots")
      for kinds, where in ((("L",), _several), (("dh", "da"), both(last, _several)), (("dW", "db"), _several))
      for kind in kinds),
    *(Mistake("mean_twice", kind, where, lambda r, q: r.right(q) * (1 / r.problem.n),
              "it is divided by the number of examples once more",
              r"\tfrac{1}{N^2} \sum_n \dots", r"\tfrac{1}{N} \sum_n \dots")
      for kinds, where in ((("dW", "db"), _mean_twice), (("dh", "da"), both(last, _mean_twice))) for kind in kinds),
    # the gradient of the hidden units
    Mistake("W_not_transposed_bwd", "dh", _next_square, lambda r, q: get(r, q, "da", 1) @ get(r, q, "W", 1).T,
            "<W i+1> is not transposed on the way back",
            r"<W i+1> <da i+1>", "backward.hidden"),
    Mistake("missed_paths_diagonal", "dh", _next_square, _own_path,
            "one path for each unit, where the sum over all paths should be",
            r"<W_jj i+1> \frac{\partial L}{\partial <a_j i+1>}", "backward.hidden"),
    Mistake("missed_paths_first_only", "dh", _several_next,
            lambda r, q: get(r, q, "da", 1)[:, :1] @ get(r, q, "W", 1)[:1],
            "only the path through the first unit of layer <i+1> is taken",
            r"<W_1j i+1> \frac{\partial L}{\partial <a_1 i+1>}", "backward.hidden"),
    Mistake("missed_last_path", "dh", lambda p, i: _several_next(p, i, 3),
            lambda r, q: get(r, q, "da", 1)[:, :-1] @ get(r, q, "W", 1)[:-1],
            "the path through the last unit of layer <i+1> is left out",
            r"\sum_{m < M} <W_mj i+1> \dots", "backward.hidden"),
    Mistake("weights_left_out", "dh", lambda p, i: i < p.depth, _without_weights,
            "the weights <W i+1> are left out on the way back",
            r"\sum_m \frac{\partial L}{\partial <a_m i+1>}", "backward.hidden"),
    Mistake("weights_left_out_own_unit", "dh", _next_square, lambda r, q: get(r, q, "da", 1),
            "the weights <W i+1> are left out on the way back: each unit has the gradient of its opposite",
            r"<da i+1>", "backward.hidden"),
    Mistake("updated_weights_used", "dh", lambda p, i: i < p.depth and p.learning_rate is not None, _updated,
            "the already updated <W i+1> is used on the way back",
            r"(<W i+1> - \eta <dW i+1>)^T <da i+1>", "backward.hidden", updated_first=True),
    Mistake("error_not_delta", "dh", lambda p, i: i < p.depth and (p.rule(i + 1) is None or curved(p, i + 1)),
            lambda r, q: get(r, q, "dh", 1) @ get(r, q, "W", 1),
            "the gradient of <h i+1> goes back, where that of <a i+1> should be: "
            "the derivative of the activation is missing",
            r"<W^T i+1> <dh i+1>", "backward.hidden"),
    Mistake("wrong_layer_weights", "dh",
            lambda p, i: 0 < i < p.depth and p.sizes[i + 1] == p.sizes[i] == p.sizes[i - 1] > 0,
            lambda r, q: get(r, q, "da", 1) @ get(r, q, "W"),
            "the weights <W i> stand where <W i+1> should be",
            r"<W^T i> <da i+1>", "backward.hidden"),
    Mistake("division_by_weight", "dh", lambda p, i: i < p.depth,
            lambda r, q: get(r, q, "da", 1) @ _over(1.0, get(r, q, "W", 1)),
            "divided by the weights, where it is multiplied",
            r"\sum_m \nabla_{<a_m i+1>} L / <W_mj i+1>", "backward.hidden"),
    # the update, of weights and of biases
    *(Mistake(id, kind, fits, _step(rate), words, rf"<{kind} i> {step} <d{kind} i>", "update")
      for kind in ("W", "b")
      for id, fits, rate, step, words in (
          ("update_sign", anywhere, lambda rate: -rate, r"+ \eta", "the step goes up the gradient: + for -"),
          ("lr_dropped", _rate_counts, lambda rate: 1.0, "-", "the learning rate is left out of the step"),
          ("lr_twice", _rate_counts, lambda rate: rate**2, r"- \eta^2", "the learning rate is applied twice"),
          ("lr_ten_times", anywhere, lambda rate: rate * 10, r"- 10\,\eta",
           "the decimal point of the step has slipped: it is ten times as large"),
          ("lr_tenth", anywhere, lambda rate: rate / 10, r"- \tfrac{1}{10}\,\eta",
           "the decimal point of the step has slipped: it is a tenth"),
      )),
)  # fmt: skip
