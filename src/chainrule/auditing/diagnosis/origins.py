"""Where a constant factor between an array and what is due may come from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from chainrule.auditing.mistakes.unknowns import told
from chainrule.auditing.model.problem import Node, Problem
from chainrule.network.arrays import Array

PRODUCT = 2  # rank of two origins at once
NEAR = 2e-6  # of a factor, relative
#: those that are a number of units, outputs or examples
OF_SHAPES = frozenset({
    "batch_sum_vs_mean", "mean_over_outputs", "mean_over_units", "mean_over_wrong_axis", "mean_twice", "n_minus_1",
    "n_plus_1", "times_n", "times_outputs", "times_units",
})  # fmt: skip


class Origin(NamedTuple):
    """A factor that code has for a reason. ``words`` say what was done; ``rank``: likely, less likely, ``PRODUCT``."""

    id: str
    factor: float
    words: str
    rank: int = 0


def origins(problem: Problem, node: Node, due: Array) -> Iterator[Origin]:
    """Every factor that is known, likelier ones first; products of two of them last."""
    simple = [*_simple(problem, node)]
    yield from simple
    yield from (origin._replace(rank=1) for origin in _less_likely(problem, due))
    for i, one in enumerate(simple):
        for other in simple[i + 1 :]:
            if abs(one.factor * other.factor - 1.0) > NEAR and one.id != other.id:
                yield Origin(
                    f"{one.id}+{other.id}", one.factor * other.factor, f"{one.words}; and {other.words}", PRODUCT
                )


def explained(problem: Problem, node: Node, due: Array, factor: float, near: float) -> list[Origin]:
    """The likeliest origins that give a factor; each kind once."""
    found: dict[str, Origin] = {}
    for origin in origins(problem, node, due):
        if abs(origin.factor - factor) <= max(near, NEAR) * abs(factor):
            if found and origin.rank > next(iter(found.values())).rank:
                break
            found.setdefault(origin.id, origin)
    for outputs, units in (("mean_over_outputs", "mean_over_units"), ("times_outputs", "times_units")):
        if outputs in found:
            found.pop(units, None)
    return list(found.values())


def _simple(p: Problem, node: Node) -> Iterator[Origin]:
    n, k, depth = p.n, p.sizes[-1], p.depth
    mean = p.network.reduction == "mean"
    for layer, mask in p.masks.items():
        if (scale := float(mask.max())) > 1.0:
            what = f"dropout of layer {layer} keeps {1 / scale:.4g} and scales by {scale:.4g}; the way back"
            dropped = 1.0 - 1.0 / scale
            yield Origin(
                "dropout_scale", scale, f"it is multiplied with {scale:.4g}, the scale of dropout in layer {layer}"
            )
            yield Origin("dropout_scale", dropped / scale, f"{what} multiplies with {dropped:.4g}, what is dropped")
            yield Origin("dropout_scale", 1 / (dropped * scale), f"{what} divides by {dropped:.4g}, what is dropped")
            yield Origin("dropout_scale", 1.0 / scale**2, f"{what} multiplies with the share kept")
    yield Origin("sign_lost", -1.0, "the sign is lost")
    if n > 1 and mean:
        yield Origin(
            "batch_sum_vs_mean",
            float(n),
            f"the sum over the {n} examples is taken, where the loss takes their mean (a factor n)",
        )
        yield Origin("mean_twice", 1 / n, f"it is divided by the number of examples, {n}, once more")
    elif n > 1:
        yield Origin(
            "batch_sum_vs_mean",
            1 / n,
            f"the mean over the {n} examples is taken, where the loss takes their sum (a factor 1/n)",
        )
        yield Origin("times_n", float(n), f"it is multiplied with the number of examples, {n}")  # fmt: skip
    square = p.network.loss in ("squared_error", "mean_squared_error")
    half = p.network.loss == "half_squared_error"
    yield Origin(
        "factor_two",
        2.0,
        "it is twice what is due: a 2 too many (as that of a square), or added twice, as where the gradient "
        "of the same batch before was not reset" + (" (the loss has a 1/2)" if half else ""),
    )
    yield Origin("factor_half", 0.5,
                 "it is half of what is due: " + ("the 2 of the square's derivative is left out" if square
                                                  else "a factor 1/2 too many"))  # fmt: skip
    if k > 1:
        yield Origin("mean_over_outputs", 1 / k, f"it is divided by the number of outputs, {k}")
        yield Origin("times_outputs", float(k),
                     f"it is multiplied with the number of outputs, {k}: the mean over them is missing")  # fmt: skip
    if p.learning_rate is not None and p.learning_rate != 1.0:
        yield Origin("rate_in_gradient", p.learning_rate, "the learning rate is in the gradient already")
    for i in sorted({node.layer, node.layer - 1, *range(depth + 1)} & set(range(depth + 1)),
                    key=lambda i: abs(i - node.layer)):  # fmt: skip
        m = p.sizes[i]
        what = f"the number of units of layer {i}" if i else "the number of inputs"
        if m > 1 and n > 1 and mean and m != n:
            yield Origin("mean_over_wrong_axis", n / m,
                         f"it is divided by {m}, {what}, where the number of examples, {n}, is due: "
                         "a shape is read at the wrong axis")  # fmt: skip
        if m > 1:
            yield Origin("mean_over_units", 1 / m, f"it is divided by {m}, {what}")
            yield Origin("times_units", float(m), f"it is multiplied with {m}, {what}")
    yield Origin("log_base_10", 1 / np.log(10), "the logarithm is to base 10, not the natural one (a factor 1 / ln 10)")
    yield Origin("log_base_2", 1 / np.log(2), "the logarithm is to base 2, not the natural one (a factor 1 / ln 2)")


def _less_likely(p: Problem, due: Array) -> Iterator[Origin]:
    n = p.n
    if n > 2:
        yield Origin("n_minus_1", n / (n - 1), f"it is divided by n - 1 = {n - 1}, where n = {n} is due")
        yield Origin("n_plus_1", n / (n + 1), f"it is divided by n + 1 = {n + 1}, where n = {n} is due")
        yield Origin("n_minus_1", (n - 1) / n, f"it is multiplied with (n - 1) / n, n = {n}")
    yield Origin("log_factor", float(np.log(10)), "a factor ln 10 too many")
    yield Origin("log_factor", float(np.log(2)), "a factor ln 2 too many")
    yield Origin("not_reset", 3.0, "it is three times what is due, as where the gradient is never reset")
    yield Origin("not_reset", 4.0, "it is four times what is due, as where the gradient is never reset")
    for rate in (0.1, 0.01, 0.001, 0.05, 0.005, 0.5, 0.3, 0.03, 0.003, 0.02, 0.2, 0.0001):
        if rate != 0.5:
            yield Origin(
                "rate_in_gradient", rate, f"it is {rate:g} times what is due, as by a learning rate or a momentum"
            )
        yield Origin("rate_in_gradient", -rate, f"it is -{rate:g} times what is due: a step, not the gradient")
    for drop in (0.1, 0.2, 0.25, 0.3, 0.4):
        keep = 1 - drop
        yield Origin("dropout_scale", 1 / keep, f"it is 1 / {keep:g} times what is due, as dropout of {drop:g} scales")
        yield Origin("dropout_scale", keep, f"it is {keep:g} times what is due, as if dropout's 1 / {keep:g} were "
                     "left out")  # fmt: skip
    yield Origin("pixels", 1 / 255, "it is divided by 255, as pixels are")
    yield Origin("pixels", 255.0, "it is multiplied with 255, as if the inputs were pixels that are not scaled")
    size = float(np.sqrt((due**2).sum()))
    if size > 0 and due.size > 1:
        for limit in (1.0, 5.0, 10.0, 0.5, 2.0, 0.1):
            yield Origin("norm_clipped", limit / size, f"it is scaled to the norm {limit:g}: clipped or normalised")
    largest = float(np.abs(due).max(initial=0.0))
    if largest > 0 and due.size > 1:
        yield Origin("norm_clipped", 1 / largest, "it is divided by its largest entry")


def as_number(factor: float) -> Origin:
    """A factor that has no origin known here."""
    return Origin("constant_factor", factor, f"it is {told(factor)} times what is due, in every entry")
