"""Mistakes with the axis of examples: loops that overwrite, sums over the wrong axis, means of products."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from chainrule.auditing.mistakes.table import Fits, Mistake, anywhere, bound, get
from chainrule.auditing.model.problem import Node, Problem
from chainrule.auditing.model.replay import Replay, Rule
from chainrule.network.arrays import Array

Part = Callable[[Array], Array]


def batch(p: Problem, i: int) -> bool:
    """Several examples."""
    return p.n > 1


def _from(da: Part, h: Part = lambda h: h) -> Rule:
    """dW or db from changed da and h."""

    def rule(r: Replay, q: Node) -> Any:
        errors = da(get(r, q, "da"))
        return errors.T @ h(get(r, q, "h", -1)) if q.kind == "dW" else errors.sum(0)

    return rule


def _parameters(id: str, fits: Fits, rule: Rule, words: str) -> Iterator[Mistake]:
    for kind in ("dW", "db"):
        yield Mistake(id, kind, fits, rule, words, "", "backward.weight" if kind == "dW" else "backward.bias")


def weighted(shares: Array) -> Rule:
    """Each example counts so often."""

    def rule(r: Replay, q: Node) -> Any:
        if q.kind in ("da", "dh"):
            return r.right(q) * shares[:, None]
        errors = get(r, q, "da") * shares[:, None]
        return errors.T @ get(r, q, "h", -1) if q.kind == "dW" else errors.sum(0)

    return rule


def _of_examples() -> Iterator[Mistake]:
    yield from _parameters(
        "only_last_example",
        batch,
        _from(lambda e: e[-1:], lambda h: h[-1:]),
        "only the last example counts: the loop overwrites, where it should add",
    )
    yield from _parameters(
        "only_first_example", batch, _from(lambda e: e[:1], lambda h: h[:1]), "only the first example counts"
    )
    several: Fits = lambda p, i: p.n > 2  # noqa: E731
    yield from _parameters(
        "example_missing",
        several,
        _from(lambda e: e[:-1], lambda h: h[:-1]),
        "the last example is left out: the loop ends one too early",
    )
    yield from _parameters(
        "example_missing",
        several,
        _from(lambda e: e[1:], lambda h: h[1:]),
        "the first example is left out: the loop starts one too late",
    )
    yield from _parameters(
        "examples_weighted_alike",
        lambda p, i: p.n > 1 and float(np.ptp(p.coefficients)) > 0 and bool((p.coefficients).all()),
        _unweighted,
        "the weights of the examples are left out",
    )
    for order, words in (
        (lambda h: h[::-1], "in reverse order"),
        (lambda h: np.roll(h, 1, axis=0), "one example late"),
        (lambda h: np.roll(h, -1, axis=0), "one example early"),
    ):
        yield Mistake(
            "examples_mixed_up",
            "dW",
            batch,
            _from(lambda e: e, order),
            f"<h i-1> comes {words}: errors and inputs are of different examples",
            "",
            "backward.weight",
        )
    for change, words in (
        (lambda h: h - h.mean(0), "with their mean subtracted"),
        (lambda h: (h - h.mean(0)) / (h.std(0) + (h.std(0) == 0)), "standardised"),
        (lambda h: h / np.sqrt((h**2).sum(1, keepdims=True) + (h == 0).all(1, keepdims=True)),
         "scaled to the norm 1, each example"),
    ):  # fmt: skip
        yield Mistake("inputs_prepared", "dW", batch, _from(lambda e: e, change),
                      f"<h i-1> comes {words}, where the layer takes it as it is", "", "backward.weight")  # fmt: skip
    yield Mistake("mean_before_product", "dW", batch,
                  lambda r, q: np.outer(get(r, q, "da").sum(0), get(r, q, "h", -1).mean(0)),
                  "the means over the examples are multiplied, where the mean of the products is due", "",
                  "backward.weight")  # fmt: skip
    yield Mistake("product_of_sums", "dW", batch,
                  lambda r, q: np.outer(get(r, q, "da").sum(0), get(r, q, "h", -1).sum(0)),
                  "the sums over the examples are multiplied, where the sum of the products is due", "",
                  "backward.weight")  # fmt: skip
    yield Mistake("one_input_for_all", "dW", batch,
                  lambda r, q: np.outer(get(r, q, "da").sum(0), get(r, q, "h", -1)[-1]),
                  "the inputs of the last example stand for those of all", "", "backward.weight")  # fmt: skip
    yield Mistake("one_input_for_all", "dW", batch,
                  lambda r, q: np.outer(get(r, q, "da").sum(0), get(r, q, "h", -1)[0]),
                  "the inputs of the first example stand for those of all", "", "backward.weight")  # fmt: skip
    for kind in ("da", "dh"):
        yield Mistake("averaged_before_going_back", kind, batch,
                      lambda r, q: r.right(q).mean(0) + 0.0 * r.right(q),
                      "the gradient is averaged over the examples before it goes on back", "", "")  # fmt: skip
        yield Mistake("averaged_before_going_back", kind, batch,
                      lambda r, q: r.right(q).sum(0) + 0.0 * r.right(q),
                      "the gradient is summed over the examples before it goes on back", "", "")  # fmt: skip


def _unweighted(r: Replay, q: Node) -> Any:
    each = r.problem.coefficients
    return weighted(each.mean() / each)(r, q)


def _axes() -> Iterator[Mistake]:
    wide: Fits = lambda p, i: p.sizes[i] > 1  # noqa: E731
    yield Mistake(
        "bias_summed_over_all",
        "db",
        wide,
        lambda r, q: get(r, q, "da").sum() + 0.0 * get(r, q, "b"),
        "the gradient is summed over everything: every bias gets the sum of all units",
        "",
        "backward.bias",
    )
    yield Mistake(
        "bias_summed_over_all",
        "db",
        wide,
        lambda r, q: get(r, q, "da").mean() + 0.0 * get(r, q, "b"),
        "the gradient is averaged over everything: every bias gets the mean of all units",
        "",
        "backward.bias",
    )
    for unit, words in ((0, "first"), (-1, "last")):
        yield Mistake("one_bias_for_all", "db", wide, bound(unit, lambda r, q, u: r.right(q)[u] + 0.0 * r.right(q)),
                      f"every bias gets the gradient of the {words} unit", "", "backward.bias")  # fmt: skip
    yield Mistake(
        "wrong_axis",
        "db",
        lambda p, i: p.n == p.sizes[i] > 1,
        lambda r, q: get(r, q, "da").sum(1),
        "the sum is taken over the units, where it should be over the examples",
        "",
        "backward.bias",
    )
    yield Mistake(
        "bias_cumulated",
        "db",
        wide,
        lambda r, q: np.cumsum(r.right(q)),
        "each bias has the sum of those before it as well: the sum is not started anew",
        "",
        "backward.bias",
    )
    yield Mistake(
        "bias_as_largest",
        "db",
        batch,
        lambda r, q: get(r, q, "da").max(0),
        "the largest of the examples is taken, where their sum is due",
        "",
        "backward.bias",
    )
    for kind in ("dW",):
        square: Fits = lambda p, i: p.n == p.sizes[i] == p.sizes[i - 1] > 1  # noqa: E731
        yield Mistake(
            "wrong_axis",
            kind,
            square,
            lambda r, q: get(r, q, "da") @ get(r, q, "h", -1),
            "<da i> is not transposed in the product: the sum runs over the units, not the examples",
            "",
            "backward.weight",
        )
        yield Mistake(
            "wrong_axis",
            kind,
            square,
            lambda r, q: get(r, q, "da").T @ get(r, q, "h", -1).T,
            "<h i-1> is transposed in the product: the sum runs over the units, not the examples",
            "",
            "backward.weight",
        )
        yield Mistake(
            "elementwise_for_product",
            kind,
            square,
            lambda r, q: get(r, q, "da") * get(r, q, "h", -1),
            "the arrays are multiplied entry by entry, where the matrix product is due",
            "",
            "backward.weight",
        )
    for kind in ("dW", "da", "dh"):
        fits = _not_square if kind == "dW" else _not_so_many
        for rule in (_reshaped, _reshaped_back):
            yield Mistake("reshaped_not_transposed", kind, fits, rule,
                          "the array is reshaped, where it should be transposed: its entries stand elsewhere",
                          "", "")  # fmt: skip


def _not_square(p: Problem, i: int) -> bool:
    return p.sizes[i] != p.sizes[i - 1] and p.sizes[i] > 1


def _not_so_many(p: Problem, i: int) -> bool:
    """Not as many units as examples, so that it is not the transpose."""
    return p.sizes[i] != p.n and p.sizes[i] > 1


def _reshaped(r: Replay, q: Node) -> Any:
    right = r.right(q)
    return right.T.reshape(right.shape)


def _reshaped_back(r: Replay, q: Node) -> Any:
    right = r.right(q)
    return right.reshape(right.shape[::-1]).T


def _dropout() -> Iterator[Mistake]:
    def dropped(p: Problem, i: int) -> bool:
        return i in p.masks

    yield Mistake(
        "dropout_mask_missing",
        "da",
        dropped,
        lambda r, q: get(r, q, "dh") * r.slope_at(q.layer, get(r, q, "a")),
        "the dropout mask of layer <i> is left out on the way back",
        "",
        "backward.pre",
    )
    yield Mistake(
        "dropout_scale_missing",
        "da",
        lambda p, i: i in p.masks and p.masks[i].max() != 1.0,
        lambda r, q: get(r, q, "dh") * r.slope_at(q.layer, get(r, q, "a")) * (r.problem.masks[q.layer] != 0),
        "the scale of dropout in layer <i>, 1 / (1 - p), is left out on the way back",
        "",
        "backward.pre",
    )
    yield Mistake(
        "dropout_scale_twice",
        "da",
        lambda p, i: i in p.masks and p.masks[i].max() != 1.0,
        lambda r, q: r.right(q) * r.problem.masks[q.layer],
        "the scale of dropout in layer <i> is applied twice on the way back",
        "",
        "backward.pre",
    )
    yield Mistake("dropout_on_weights", "dW", lambda p, i: i - 1 in p.masks,
                  lambda r, q: get(r, q, "da").T @ r.act(q.layer - 1, get(r, q, "a", -1)),
                  "the output of layer <i-1> before its dropout stands in the gradient of <W i>", "",
                  "backward.weight")  # fmt: skip


def _whole_numbers() -> Iterator[Mistake]:
    for kind in ("dW", "db", "da", "dh"):
        for change, words in ((np.trunc, "cut"), (np.rint, "rounded"), (np.floor, "rounded down")):
            yield Mistake(
                "whole_numbers",
                kind,
                anywhere,
                bound(change, lambda r, q, f: f(r.right(q))),
                f"the array keeps whole numbers only: what is due is {words}",
                "",
                "",
            )


BATCHES: tuple[Mistake, ...] = (*_of_examples(), *_dropout(), *_axes(), *_whole_numbers())
