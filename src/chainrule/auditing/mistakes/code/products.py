"""Wrong factors in the products: W, h and da of other layers, other functions of the weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from chainrule.auditing.mistakes.table import Fits, Mistake, anywhere, bound, curved, fits_with, get
from chainrule.auditing.model.problem import Node, Problem
from chainrule.auditing.model.replay import Replay
from chainrule.network.arrays import Array

_OFFSETS = (1, -1, 2, -2, 3, -3)


def _there(p: Problem, layer: int, least: int = 1) -> bool:
    return least <= layer <= p.depth


def _side(offset: int) -> str:
    steps = "" if abs(offset) == 1 else f"{abs(offset)} "
    return f"the layer {steps}{'after' if offset > 0 else 'before'}"


def _other_weights() -> Iterator[Mistake]:
    """The weights of another layer on the way back."""
    for offset in (0, 2, -1, 3, -2):

        def fits(p: Problem, i: int, offset: int = offset) -> bool:
            other = i + offset
            same = _there(p, other) and p.network.weights[other - 1].shape == p.network.weights[i].shape
            return i < p.depth and same

        yield Mistake("wrong_layer_weights", "dh", fits_with(fits, lambda p, i, fits: i < p.depth and fits(p, i)),
                      bound(offset, lambda r, q, o: get(r, q, "da", 1) @ get(r, q, "W", o)),
                      "the weights of another layer stand where <W i+1> should be", "", "backward.hidden")  # fmt: skip


def _weights(change: Callable[[Array], Array]) -> Callable[[Replay, Node], Any]:
    return lambda r, q: get(r, q, "da", 1) @ change(get(r, q, "W", 1))


def _before_last(p: Problem, i: int) -> bool:
    return i < p.depth


def _going_back() -> Iterator[Mistake]:
    yield Mistake("weights_absolute", "dh", _before_last, _weights(np.abs),
                  "the absolute values of <W i+1> are used on the way back", "", "backward.hidden")  # fmt: skip
    yield Mistake("weights_squared", "dh", _before_last, _weights(np.square),
                  "<W i+1> is squared on the way back", "", "backward.hidden")  # fmt: skip
    yield Mistake("weights_with_bias", "dh", _before_last,
                  lambda r, q: get(r, q, "da", 1) @ (get(r, q, "W", 1) + get(r, q, "b", 1)[:, None]),
                  "the biases are added to <W i+1> on the way back", "", "backward.hidden")  # fmt: skip
    yield Mistake("weights_reshaped", "dh", _before_last,
                  _weights(lambda W: W.T.reshape(W.shape)),
                  "<W i+1> is reshaped, where it should be transposed, on the way back", "",
                  "backward.hidden")  # fmt: skip
    yield Mistake("weights_reversed", "dh", lambda p, i: i < p.depth and p.sizes[i] > 1, _weights(lambda W: W[:, ::-1]),
                  "the columns of <W i+1> are in reverse order on the way back", "", "backward.hidden")  # fmt: skip
    yield Mistake("weights_reversed", "dh", lambda p, i: i < p.depth and p.sizes[i + 1] > 1,
                  _weights(lambda W: W[::-1]),
                  "the rows of <W i+1> are in reverse order on the way back", "", "backward.hidden")  # fmt: skip
    yield Mistake("missed_paths_last_only", "dh", lambda p, i: i < p.depth and p.sizes[i + 1] > 1,
                  lambda r, q: get(r, q, "da", 1)[:, -1:] @ get(r, q, "W", 1)[-1:],
                  "only the path through the last unit of layer <i+1> is taken: the sum is overwritten in its loop",
                  "", "backward.hidden")  # fmt: skip
    yield Mistake("missed_first_path", "dh", lambda p, i: i < p.depth and p.sizes[i + 1] > 2,
                  lambda r, q: get(r, q, "da", 1)[:, 1:] @ get(r, q, "W", 1)[1:],
                  "the path through the first unit of layer <i+1> is left out", "", "backward.hidden")  # fmt: skip
    yield Mistake("output_for_gradient", "dh", _before_last,
                  lambda r, q: get(r, q, "h", 1) @ get(r, q, "W", 1),
                  "<h i+1> goes back, where the gradient of <a i+1> should", "", "backward.hidden")  # fmt: skip
    yield Mistake("output_error_for_layer", "dh", lambda p, i: i + 1 < p.depth and p.sizes[-1] == p.sizes[i + 1],
                  lambda r, q: r.get(Node("da", r.problem.depth, q.time)) @ get(r, q, "W", 1),
                  "the error of the output goes back here, where the gradient of <a i+1> should", "",
                  "backward.hidden")  # fmt: skip
    yield Mistake("layer_skipped", "dh", lambda p, i: i + 2 <= p.depth and p.sizes[i + 2] == p.sizes[i + 1],
                  lambda r, q: get(r, q, "da", 2) @ get(r, q, "W", 1),
                  "the gradient of the layer after the next goes back: <a i+1> is skipped", "",
                  "backward.hidden")  # fmt: skip
    yield Mistake("layer_skipped", "dh", lambda p, i: i + 1 <= p.depth and p.sizes[i + 1] == p.sizes[i],
                  lambda r, q: get(r, q, "dh", 1),
                  "layer <i+1> is skipped on the way back: its slopes and weights are left out", "",
                  "backward.hidden")  # fmt: skip
    yield Mistake("step_added_first", "dh", lambda p, i: i < p.depth and p.learning_rate is not None,
                  lambda r, q: get(r, q, "da", 1) @ (get(r, q, "W", 1) + r.problem.rate * get(r, q, "dW", 1)),
                  "<W i+1> after a step up the gradient is used on the way back", "", "backward.hidden")  # fmt: skip
    yield Mistake("bias_column_kept", "dh", _before_last,
                  lambda r, q: get(r, q, "da", 1) @ np.column_stack([get(r, q, "b", 1), get(r, q, "W", 1)])[:, :-1],
                  "the biases stand as a column before <W i+1>, and the last column is dropped on the way back, "
                  "not theirs: every unit has the gradient of the one before", "", "backward.hidden")  # fmt: skip
    yield Mistake("activation_in_path", "dh", _before_last,
                  lambda r, q: get(r, q, "da", 1) @ get(r, q, "W", 1) * get(r, q, "h"),
                  "<h i> is a factor too many on the way back", "", "backward.hidden")  # fmt: skip


def _of_weights() -> Iterator[Mistake]:
    """Other factors in dW = da^T h."""
    for offset in _OFFSETS:

        def inputs(p: Problem, i: int, offset: int = offset) -> bool:
            other = i - 1 + offset
            return 1 <= other <= p.depth and other != i and p.sizes[other] == p.sizes[i - 1]

        yield Mistake("other_layers_output", "dW", inputs,
                      bound(offset, lambda r, q, o: get(r, q, "da").T @ get(r, q, "h", o - 1)),
                      f"the output of another layer ({_side(offset)}) stands where <h i-1> should be", "",
                      "backward.weight")  # fmt: skip

        def errors(p: Problem, i: int, offset: int = offset) -> bool:
            return _there(p, i + offset) and p.sizes[i + offset] == p.sizes[i]

        for kind in ("dW", "db"):
            yield Mistake("other_layers_gradient", kind, errors,
                          bound(offset, lambda r, q, o: r.get(Node("da", q.layer + o, q.time)).T @ get(r, q, "h", -1)
                          if q.kind == "dW" else r.get(Node("da", q.layer + o, q.time)).sum(0)),
                          f"the gradient of another layer ({_side(offset)}) stands where that of <a i> should be",
                          "", "")  # fmt: skip
    yield Mistake(
        "h_for_da",
        "dW",
        anywhere,
        lambda r, q: get(r, q, "h").T @ get(r, q, "h", -1),
        "the layer's output <h i> stands where the gradient of <a i> should be",
        "",
        "backward.weight",
    )
    yield Mistake("weights_for_inputs", "dW", anywhere,
                  lambda r, q: get(r, q, "da").sum(0)[:, None] * get(r, q, "W"),
                  "the weights <W i> stand where the inputs <h i-1> should be", r"<da i> \odot <W i>",
                  "backward.weight")  # fmt: skip
    yield Mistake(
        "outputs_shifted",
        "dW",
        lambda p, i: i > 1 and curved(p, i - 1),
        lambda r, q: get(r, q, "da").T @ r.slope_at(q.layer - 1, get(r, q, "a", -1)),
        "the slopes of layer <i-1> stand where its outputs should be",
        "",
        "backward.weight",
    )
    yield Mistake(
        "dh_for_da",
        "dW",
        curved,
        lambda r, q: get(r, q, "dh").T @ get(r, q, "h", -1),
        "the gradient of <h i> stands where that of <a i> should be",
        "",
        "backward.weight",
    )
    yield Mistake(
        "dh_for_da",
        "db",
        curved,
        lambda r, q: get(r, q, "dh").sum(0),
        "the gradient of <h i> stands where that of <a i> should be",
        "",
        "backward.bias",
    )
    yield Mistake(
        "slope_twice",
        "dW",
        curved,
        lambda r, q: (get(r, q, "da") * get(r, q, "g'")).T @ get(r, q, "h", -1),
        "the derivative of the activation is applied once more",
        "",
        "backward.weight",
    )
    yield Mistake(
        "slope_twice",
        "db",
        curved,
        lambda r, q: (get(r, q, "da") * get(r, q, "g'")).sum(0),
        "the derivative of the activation is applied once more",
        "",
        "backward.bias",
    )
    yield Mistake(
        "bias_times_output",
        "db",
        anywhere,
        lambda r, q: (get(r, q, "da") * get(r, q, "h")).sum(0),
        "the gradient of a bias has the layer's own output as a factor",
        "",
        "backward.bias",
    )
    yield Mistake(
        "bias_from_weights",
        "db",
        anywhere,
        lambda r, q: get(r, q, "dW").sum(1),
        "the gradient of a bias is the sum of its row of dL/dW",
        "",
        "backward.bias",
    )
    yield Mistake(
        "bias_from_weights",
        "db",
        anywhere,
        lambda r, q: get(r, q, "dW").mean(1),
        "the gradient of a bias is the mean of its row of dL/dW",
        "",
        "backward.bias",
    )
    yield Mistake(
        "parameters_for_gradient",
        "dW",
        anywhere,
        lambda r, q: get(r, q, "W"),
        "the weights themselves stand where their gradient should be",
        "",
        "backward.weight",
    )
    yield Mistake(
        "parameters_for_gradient",
        "db",
        lambda p, i: bool(p.network.biases[i - 1].any()),
        lambda r, q: get(r, q, "b"),
        "the biases themselves stand where their gradient should be",
        "",
        "backward.bias",
    )
    yield from _of_other_layers()


def _of_other_layers() -> Iterator[Mistake]:
    """The whole gradient of another layer that has the same shape."""
    for offset in _OFFSETS:
        for kind in ("dW", "db", "da", "dh") if offset > 0 else ("dW", "db"):  # those before come from this one

            def fits(p: Problem, i: int, o: int = offset, kind: str = kind) -> bool:
                if not _there(p, i + o) or p.sizes[i + o] != p.sizes[i]:
                    return False
                return kind != "dW" or p.sizes[i + o - 1] == p.sizes[i - 1]

            yield Mistake("gradient_of_other_layer", kind, fits,
                          bound(offset, lambda r, q, o: r.get(Node(q.kind, q.layer + o, q.time))),
                          f"the array of another layer ({_side(offset)}) stands here", "", "")  # fmt: skip


def _added_up() -> Iterator[Mistake]:
    """An array that is not begun anew: that of the layer after is still in it."""

    def fits(p: Problem, i: int, kind: str) -> bool:
        return _there(p, i + 1, 2) and p.sizes[i + 1] == p.sizes[i] and (kind != "dW" or p.sizes[i - 1] == p.sizes[i])

    for kind in ("dW", "db", "da", "dh"):
        yield Mistake("layers_added_up", kind, fits_with(kind, fits),
                      lambda r, q: r.right(q) + r.get(Node(q.kind, q.layer + 1, q.time)),
                      "the array of the layer after is still in it: it is added to, where it should begin anew", "",
                      "")  # fmt: skip


def _elementwise() -> Iterator[Mistake]:
    changes: tuple[tuple[str, Callable[[Array], Array], str], ...] = (
        ("absolute_value", np.abs, "the absolute value of the gradient stands here"),
        ("squared", np.square, "the square of the gradient stands here"),
        ("sign_alone", np.sign, "only the sign of the gradient stands here"),
        ("negative_cut", lambda v: np.maximum(v, 0.0), "negative entries are set to 0, as a ReLU does"),
    )
    for id, change, words in changes:
        for kind in ("dW", "db", "da", "dh"):
            # at a hidden da the ReLU of the gradient has a row of its own
            fits: Fits = anywhere
            yield Mistake(id, kind, fits, bound(change, lambda r, q, f: f(r.right(q))), words, "", "")
    yield Mistake(
        "relu_mask_on_gradient",
        "da",
        lambda p, i: 0 < i < p.depth and curved(p, i),
        lambda r, q: get(r, q, "dh") * (get(r, q, "dh") > 0),
        "the mask is taken from the sign of the gradient, where the activation's slope at a is due",
        r"\max(0, <dh i>)",
        "backward.pre",
    )
    yield Mistake("gradient_masked_too", "da", lambda p, i: 0 < i < p.depth and curved(p, i),
                  lambda r, q: r.right(q) * (get(r, q, "dh") > 0),
                  "negative gradients are cut off as well as the activation's slope applied", "",
                  "backward.pre")  # fmt: skip


def _at_the_gradient() -> Iterator[Mistake]:
    """The slope of the activation taken at the gradient, and things added to a gradient."""

    def by_h_alone(r: Replay, q: Node) -> Any:
        rule = r.problem.rule(q.layer)
        assert rule is not None
        assert rule.dg_of_h is not None
        return r.elementwise(rule.dg_of_h, get(r, q, "dh"))

    def by_h(r: Replay, q: Node) -> Any:
        return get(r, q, "dh") * by_h_alone(r, q)

    def by_value(p: Problem, i: int) -> bool:
        rule = p.rule(i)
        return curved(p, i) and rule is not None and rule.dg_of_h is not None

    words = "the derivative of the activation is taken at the gradient that comes back, not at the layer's values"
    yield Mistake("slope_at_gradient", "da", by_value, by_h, words, "", "backward.pre")
    yield Mistake(
        "slope_at_gradient",
        "da",
        curved,
        lambda r, q: get(r, q, "dh") * r.slope_at(q.layer, get(r, q, "dh")),
        words,
        "",
        "backward.pre",
    )
    yield Mistake("slope_at_gradient", "da", by_value, by_h_alone, words, "", "backward.pre")
    yield Mistake("slope_added", "da", curved, lambda r, q: get(r, q, "dh") + get(r, q, "g'"),
                  "the derivative of the activation is added, where it is multiplied", r"<dh i> + g'(<a i>)",
                  "backward.pre")  # fmt: skip
    yield Mistake("output_added", "dh", lambda p, i: i < p.depth, lambda r, q: r.right(q) + get(r, q, "h"),
                  "<h i> is added to the gradient", "", "backward.hidden")  # fmt: skip
    yield Mistake("bias_added", "dh", lambda p, i: 0 < i < p.depth and bool(np.any(p.network.biases[i - 1])),
                  lambda r, q: r.right(q) + get(r, q, "b"), "<b i> is added to the gradient", "",
                  "backward.hidden")  # fmt: skip
    for axis_sum, words in ((1.0, "sum"), (0.0, "mean")):
        yield Mistake("output_for_bias_gradient", "db", anywhere,
                      bound(axis_sum, lambda r, q, s: get(r, q, "h").sum(0) if s else get(r, q, "h").mean(0)),
                      f"the {words} of the layer's outputs stands where that of its gradients should be", "",
                      "backward.bias")  # fmt: skip
    yield Mistake("bias_gradient_added", "dW", anywhere, lambda r, q: r.right(q) + get(r, q, "db")[:, None],
                  "the gradient of the biases is added to that of the weights", "", "backward.weight")  # fmt: skip


PRODUCTS: tuple[Mistake, ...] = (
    *_at_the_gradient(),
    *_other_weights(),
    *_going_back(),
    *_of_weights(),
    *_added_up(),
    *_elementwise(),
)
