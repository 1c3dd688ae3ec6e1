"""Mistakes of a forward pass in code, which also stand behind gradients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule.auditing.mistakes.code.slopes import leaky
from chainrule.auditing.mistakes.table import Mistake, both, bound, curved, fits_with, get, softmax, square
from chainrule.auditing.model.problem import Node, Problem
from chainrule.auditing.model.replay import Replay
from chainrule.network.activations import ACTIVATIONS


def _biased(p: Problem, i: int) -> bool:
    return bool(np.any(p.network.biases[i - 1]))


def _sums() -> Iterator[Mistake]:
    yield Mistake(
        "bias_subtracted",
        "a",
        _biased,
        lambda r, q: r.right(q) - 2.0 * get(r, q, "b"),
        "the bias of layer <i> is subtracted",
        r"<a i> = <W i> <h i-1> - <b i>",
        "forward.pre",
    )
    yield Mistake(
        "bias_twice",
        "a",
        _biased,
        lambda r, q: r.right(q) + get(r, q, "b"),
        "the bias of layer <i> is added twice",
        r"<a i> = <W i> <h i-1> + 2 <b i>",
        "forward.pre",
    )
    yield Mistake(
        "a_for_h_forward",
        "a",
        lambda p, i: i > 1 and curved(p, i - 1),
        lambda r, q: get(r, q, "a", -1) @ get(r, q, "W").T + get(r, q, "b"),
        "<a i-1> goes into layer <i>, where <h i-1> should",
        r"<a i> = <W i> <a i-1> + <b i>",
        "forward.pre",
    )
    yield Mistake(
        "input_for_h_forward",
        "a",
        lambda p, i: i > 1 and p.sizes[i - 1] == p.sizes[0],
        lambda r, q: r.get(Node("h", 0, q.time)) @ get(r, q, "W").T + get(r, q, "b"),
        "x goes into layer <i>, where <h i-1> should",
        r"<a i> = <W i> x + <b i>",
        "forward.pre",
    )
    yield Mistake(
        "elementwise_for_product",
        "a",
        square,
        lambda r, q: get(r, q, "h", -1) * get(r, q, "W").sum(1) + get(r, q, "b"),
        "the weights are summed before they meet the inputs",
        "",
        "forward.pre",
    )
    for offset in (1, -1, 2, -2):

        def fits(p: Problem, i: int, o: int = offset) -> bool:
            return 1 <= i + o <= p.depth and p.network.weights[i + o - 1].shape == p.network.weights[i - 1].shape

        yield Mistake(
            "other_layers_weights_forward",
            "a",
            fits,
            bound(offset, lambda r, q, o: get(r, q, "h", -1) @ get(r, q, "W", o).T + get(r, q, "b")),
            "the weights of another layer stand where <W i> should be",
            "",
            "forward.pre",
        )
        yield Mistake("other_layers_bias_forward", "a",
                      fits_with(offset, lambda p, i, o: 1 <= i + o <= p.depth and p.sizes[i + o] == p.sizes[i]
                      and bool(np.any(p.network.biases[i + o - 1] != p.network.biases[i - 1]))),
                      bound(offset, lambda r, q, o: get(r, q, "h", -1) @ get(r, q, "W").T + get(r, q, "b", o)),
                      "the bias of another layer stands where <b i> should be", "", "forward.pre")  # fmt: skip


def _activations() -> Iterator[Mistake]:
    for name, rule in ACTIVATIONS.items():
        if name == "identity":
            continue

        def fits(p: Problem, i: int, name: str = name) -> bool:
            own = p.rule(i) if i else None
            return i > 0 and (own is None or own.name != name)

        def hidden(p: Problem, i: int, name: str = name) -> bool:
            own = p.rule(i) if i else None
            return own is not None and own.name != name

        yield Mistake("other_activation_throughout", "h", hidden,
                      bound(rule, lambda r, q, f: r.elementwise(f.g if q.kind == "h" else f.dg, get(r, q, "a"))),
                      f"{name} is the activation of layer <i> in this code, forward and back; the network has another",
                      "", "forward.act", partner="g'")  # fmt: skip
        yield Mistake(
            "other_activation",
            "h",
            fits,
            bound(rule, lambda r, q, rule: r.elementwise(rule.g, get(r, q, "a"))),
            f"{name} is used, which is not the activation of layer <i>",
            "",
            "forward.act",
        )

    yield Mistake("leaky_sides_swapped", "h", leaky,
                  lambda r, q: np.where(get(r, q, "a") > 0, 1.0, 0.0)
                  * (r.slope_at(q.layer, -1.0 + 0.0 * get(r, q, "a")) * (get(r, q, "a") if q.kind == "h" else 1.0)),
                  "the leaky ReLU is 0 below 0 and its small slope above, forward and back", "", "forward.act",
                  partner="g'")  # fmt: skip


def _softmax_over_examples(r: Replay, q: Node) -> Any:
    a = get(r, q, "a")
    e = np.exp(a - a.max(0))
    return e / e.sum(0)


def _exp(r: Replay, q: Node) -> Any:
    return np.exp(get(r, q, "a"))


def _softmax_of_outputs(r: Replay, q: Node) -> Any:
    e = _exp(r, q)
    return e / e.sum(1, keepdims=True)


def _outputs() -> Iterator[Mistake]:
    yield Mistake("softmax_for_output", "h", lambda p, i: i == p.depth and p.rule(i) is not None and p.sizes[i] > 1,
                  _softmax_of_outputs, "a softmax stands where the output function should be", "",
                  "forward.act")  # fmt: skip
    yield Mistake(
        "softmax_wrong_axis",
        "h",
        both(softmax, lambda p, i: p.n > 1),
        _softmax_over_examples,
        "the softmax is taken over the examples, where it should be over the outputs",
        "",
        "forward.act",
    )
    yield Mistake(
        "softmax_summed_over_all",
        "h",
        both(softmax, lambda p, i: p.n > 1),
        lambda r, q: _exp(r, q) / _exp(r, q).sum(),
        "the softmax divides by the sum over all examples and outputs",
        "",
        "forward.act",
    )
    yield Mistake(
        "softmax_not_divided", "h", softmax, _exp, "the exponentials are not divided by their sum", "", "forward.act"
    )


def _in_place() -> Iterator[Mistake]:
    """Arrays that what comes next has changed already: a view, or an operation in place."""
    yield Mistake("changed_in_place", "a", lambda p, i: curved(p, i), lambda r, q: r.act(q.layer, r.right(q)),
                  "the activation of layer <i> is applied to <a i> already: in place, or it is applied twice", "",
                  "forward.pre")  # fmt: skip
    yield Mistake("changed_in_place", "dh", lambda p, i: 0 < i < p.depth and curved(p, i),
                  lambda r, q: r.right(q) * get(r, q, "g'"),
                  "the derivative of the activation is in the gradient of <h i> already: it is multiplied in place", "",
                  "backward.hidden")  # fmt: skip
    yield Mistake("changed_in_place", "h", lambda p, i: i == p.depth and p.network.loss != "identity",
                  lambda r, q: r.right(q) - r.problem.y,
                  "the targets are subtracted from yhat already: in place, or they are subtracted twice", "",
                  "forward.act")  # fmt: skip


VALUES: tuple[Mistake, ...] = (*_sums(), *_activations(), *_outputs(), *_in_place())
