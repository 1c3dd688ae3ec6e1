"""Wrong slopes of the activations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from chainrule.auditing.mistakes.table import Fits, Mistake, activation_is, both, bound, curved, get, last
from chainrule.auditing.model.problem import Node, Problem
from chainrule.auditing.model.replay import Replay
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.arrays import Array

_WRITTEN = r"\frac{\partial <h i>}{\partial <a i>} = "


def kinked(problem: Problem, i: int) -> bool:
    """The layer's rule has one formula above 0 and another below."""
    rule = problem.rule(i) if i else None
    return rule is not None and rule.bend == 0


def leaky(problem: Problem, i: int) -> bool:
    """The layer's rule is a leaky ReLU, of whatever slope."""
    rule = problem.rule(i) if i else None
    return rule is not None and rule.name.startswith("leaky_relu")


def _slope(
    id: str, fits: Fits, of: Callable[[Array, Array], Any], words: str, wrong: str = "", right: str = "g'(<a i>)"
) -> Mistake:
    """A slope as a function of a and h."""
    shown = _WRITTEN + wrong if wrong else ""
    return Mistake(id, "g'", fits, lambda r, q: of(get(r, q, "a"), get(r, q, "h")), words, shown, _WRITTEN + right)


def _formulas() -> Iterator[Mistake]:
    tanh, sigmoid, relu = activation_is("tanh"), activation_is("sigmoid"), activation_is("relu")
    yield _slope(
        "relu_mask_inverted",
        relu,
        lambda a, h: a <= 0,
        "the ReLU's mask is inverted: the gradient goes through where a is negative",
        r"[<a i> \le 0]",
    )
    yield _slope(
        "leaky_slopes_swapped",
        leaky,
        lambda a, h: np.where(a > 0, _least(a, h), 1.0),
        "the two slopes of the leaky ReLU are in each other's place",
        r"\alpha\,[<a i> > 0] + [<a i> \le 0]",
    )
    yield _slope(
        "leaky_slope_sign",
        leaky,
        lambda a, h: np.where(a > 0, 1.0, -_least(a, h)),
        "the sign of the leaky ReLU's small slope is lost",
        r"[<a i> > 0] - \alpha\,[<a i> \le 0]",
    )
    yield _slope(
        "relu_slope_used",
        lambda p, i: kinked(p, i) and not relu(p, i),
        lambda a, h: a > 0,
        "the slope of the plain ReLU is used: what the activation has below 0 is left out",
        "[<a i> > 0]",
    )
    yield _slope(
        "sign_for_relu_slope",
        kinked,
        lambda a, h: np.sign(a),
        "the sign of a stands where the slope of the ReLU should be",
        r"\mathrm{sign}(<a i>)",
    )
    yield _slope(
        "elu_slope_is_h",
        activation_is("elu"),
        lambda a, h: np.where(a > 0, 1.0, h),
        "below 0 the ELU's slope is written as h, where it is h + 1",
        r"<h i>",
        r"<h i> + 1",
    )
    yield _slope(
        "elu_slope_is_h",
        activation_is("elu"),
        lambda a, h: np.where(a > 0, 1.0, 1.0 - h),
        "below 0 the ELU's slope is written as 1 - h, where it is 1 + h",
        r"1 - <h i>",
        r"<h i> + 1",
    )
    yield _slope(
        "tanh_slope_sign",
        tanh,
        lambda a, h: 1.0 + h**2,
        "the derivative of tanh is written with a plus for the minus",
        "1 + h^2",
        "1 - h^2",
    )
    yield _slope(
        "one_minus_h",
        tanh,
        lambda a, h: 1.0 - np.abs(h),
        "the square is left out of the derivative of tanh",
        "1 - |h|",
        "1 - h^2",
    )
    yield _slope(
        "square_alone",
        both(curved, lambda p, i: tanh(p, i) or sigmoid(p, i)),
        lambda a, h: h**2,
        "of the derivative only the square of h is left",
        "h^2",
    )
    yield _slope(
        "square_left_out",
        tanh,
        lambda a, h: 1.0 / np.cosh(a),
        "the square is left out of 1 / cosh^2",
        r"1 / \cosh <a i>",
        r"1 / \cosh^2 <a i>",
    )
    yield _slope(
        "arctan_slope_used",
        tanh,
        lambda a, h: 1.0 / (1.0 + a**2),
        "the derivative of the arctangent stands where that of tanh should be",
        r"1 / (1 + <a i>^2)",
        r"1 - <h i>^2",
    )
    yield _slope(
        "sigmoid_slope_sign",
        sigmoid,
        lambda a, h: h * (1.0 + h),
        "the derivative of the sigmoid is written with a plus for the minus",
        "h (1 + h)",
        "h (1 - h)",
    )
    yield _slope(
        "factor_left_out",
        sigmoid,
        lambda a, h: 1.0 - h,
        "of the derivative of the sigmoid the factor h is left out",
        "1 - h",
        "h (1 - h)",
    )
    yield _slope(
        "square_too_many",
        sigmoid,
        lambda a, h: h * (1.0 - h**2),
        "a square too many stands in the derivative of the sigmoid",
        "h (1 - h^2)",
        "h (1 - h)",
    )
    yield _slope(
        "square_too_many",
        sigmoid,
        lambda a, h: h**2 * (1.0 - h),
        "a square too many stands in the derivative of the sigmoid",
        "h^2 (1 - h)",
        "h (1 - h)",
    )
    yield _slope(
        "square_too_many",
        sigmoid,
        lambda a, h: h * (1.0 - h) ** 2,
        "a square too many stands in the derivative of the sigmoid",
        "h (1 - h)^2",
        "h (1 - h)",
    )
    yield _slope(
        "a_times_1_minus_h",
        sigmoid,
        lambda a, h: a * (1.0 - h),
        "the derivative of the sigmoid is written with a in the place of one h",
        "a (1 - h)",
        "h (1 - h)",
    )
    yield _slope(
        "a_times_1_minus_h",
        sigmoid,
        lambda a, h: h * (1.0 - a),
        "the derivative of the sigmoid is written with a in the place of one h",
        "h (1 - a)",
        "h (1 - h)",
    )
    yield _slope(
        "exponent_sign",
        sigmoid,
        lambda a, h: np.exp(-a) / (1.0 + np.exp(-a)) ** 3,
        "the power of the denominator in the derivative of the sigmoid is wrong",
    )
    yield _slope(
        "activation_for_slope",
        both(curved, last),
        lambda a, h: h,
        "the activation itself stands where its derivative should be",
        "<h i>",
    )
    yield _slope(
        "a_for_slope",
        curved,
        lambda a, h: a,
        "a itself stands where the derivative of the activation should be",
        "<a i>",
    )
    yield _slope(
        "one_minus_square_of_a",
        both(curved, lambda p, i: not tanh(p, i)),
        lambda a, h: 1.0 - a**2,
        "1 - a^2 stands where the derivative of the activation should be",
        "1 - a^2",
    )
    yield _slope(
        "tanh_rule_used",
        both(curved, lambda p, i: not (tanh(p, i) or sigmoid(p, i))),
        lambda a, h: 1.0 - h**2,
        "the derivative of tanh, 1 - h^2, is used for another activation",
        "1 - h^2",
    )
    yield _slope("sigmoid_rule_used", both(curved, lambda p, i: not (tanh(p, i) or sigmoid(p, i))),
                 lambda a, h: h * (1.0 - h), "the derivative of the sigmoid, h (1 - h), is used for another activation",
                 "h (1 - h)")  # fmt: skip


def _gated(problem: Problem, i: int) -> bool:
    """The layer's rule is a product a s(a)."""
    rule = problem.rule(i) if i else None
    return rule is not None and rule.gate is not None


def _of_products() -> Iterator[Mistake]:
    """The slopes of a s(a), by the product rule s + a s': parts of it, and those of what stands for it."""
    gelu, silu = activation_is("gelu"), activation_is("silu")
    halves: tuple[tuple[str, Callable[[Array, Array, Array], Any], str], ...] = (
        ("product_rule_half", lambda a, s, ds: s, "of the product rule only the first term is left"),
        ("product_rule_half", lambda a, s, ds: a * ds, "of the product rule only the second term is left"),
        ("product_rule_factor", lambda a, s, ds: s + ds, "the second term of the product rule has lost its factor a"),
        ("product_rule_factor", lambda a, s, ds: s + a, "the second term of the product rule is a alone"),
    )
    for id, of, words in halves:
        yield Mistake(id, "g'", _gated, bound(of, _product_rule), words, "", _WRITTEN + "g'(<a i>)")
    sigmoid = ACTIVATIONS["sigmoid"].g
    yield _slope("slope_by_h_of_h", silu, lambda a, h: h + sigmoid(h) * (1.0 - h),
                 "in h + sigma (1 - h) the sigmoid is taken at h, where it should be at a",
                 r"<h i> + \sigma(<h i>)\,(1 - <h i>)")  # fmt: skip
    for of_gelu, words in ((_gelu_by_sigmoid, "a sigma(1.702 a)"), (_gelu_by_tanh, "a (1 + tanh(…)) / 2")):
        yield _slope("approximate_gelu", gelu, bound_of(of_gelu),
                     f"the derivative is that of the approximation {words}, the activation the exact one: "
                     "forward and back do not fit each other")  # fmt: skip


def bound_of(of: Callable[[Array], Any]) -> Callable[[Array, Array], Any]:
    """A function of a alone, as one of a and h."""
    return lambda a, h: of(a)


def _product_rule(r: Replay, q: Node, of: Callable[[Array, Array, Array], Any]) -> Any:
    rule = r.problem.rule(q.layer)
    assert rule is not None
    assert rule.gate is not None
    a, slope = get(r, q, "a"), r.right(q)
    s = rule.gate(a)
    return of(a, s, np.where(a == 0, 0.0, (slope - s) / np.where(a == 0, 1.0, a)))


def _gelu_by_sigmoid(a: Array) -> Any:
    return ACTIVATIONS["silu"].dg(1.702 * a)


def _gelu_by_tanh(a: Array) -> Any:
    inner, steep = np.sqrt(2 / np.pi) * (a + 0.044715 * a**3), np.sqrt(2 / np.pi) * (1 + 0.134145 * a**2)
    return 0.5 * (1.0 + np.tanh(inner)) + 0.5 * a * (1.0 - np.tanh(inner) ** 2) * steep


def _least(a: Array, h: Array) -> float:
    """The small slope of a leaky ReLU, from its values."""
    below = a < 0
    return float((h[below] / a[below]).mean()) if below.any() else 0.0


def _linear(problem: Problem, i: int) -> bool:
    """The last layer, where it is linear."""
    return i == problem.depth and activation_is("identity")(problem, i)


def _at_a_linear_output() -> Iterator[Mistake]:
    rules: tuple[tuple[str, Callable[[Array, Array], Any]], ...] = (
        ("1 - h^2", lambda a, h: 1.0 - h**2),
        ("h (1 - h)", lambda a, h: h * (1.0 - h)),
        ("[<a i> > 0]", lambda a, h: a > 0),
        (r"\tanh'(<a i>)", lambda a, h: 1.0 - np.tanh(a) ** 2),
        (r"\sigma'(<a i>)", lambda a, h: ACTIVATIONS["sigmoid"].dg(a)),
    )
    for wrong, of in rules:
        yield _slope("slope_at_linear_output", _linear, of,
                     "the derivative of a hidden activation is applied at the output, which is linear", wrong,
                     "1")  # fmt: skip


def _powers() -> Iterator[Mistake]:
    smooth: Fits = lambda p, i: curved(p, i) and not activation_is("relu")(p, i)  # noqa: E731
    yield Mistake("derivative_twice", "g'", smooth, lambda r, q: r.right(q) ** 2,
                  "the derivative of the activation is applied twice", _WRITTEN + r"g'(<a i>)^2",
                  _WRITTEN + "g'(<a i>)")  # fmt: skip
    yield Mistake("one_minus_slope", "g'", curved, lambda r, q: 1.0 - r.right(q),
                  "1 minus the derivative stands where the derivative of the activation should be",
                  _WRITTEN + r"1 - g'(<a i>)", _WRITTEN + "g'(<a i>)")  # fmt: skip
    for symbol in ("a", "h"):
        yield Mistake(f"slope_times_{symbol}", "g'", curved, bound(symbol, lambda r, q, s: r.right(q) * get(r, q, s)),
                      f"the derivative of the activation is multiplied with <{symbol} i> as well",
                      _WRITTEN + rf"g'(<a i>)\, <{symbol} i>", _WRITTEN + "g'(<a i>)")  # fmt: skip
    yield Mistake("bias_left_out_of_slope", "g'",
                  lambda p, i: curved(p, i) and bool(np.any(p.network.biases[i - 1])),
                  lambda r, q: r.slope_at(q.layer, get(r, q, "a") - get(r, q, "b")),
                  "the derivative is taken at a without the bias", _WRITTEN + "g'(<a i> - <b i>)",
                  _WRITTEN + "g'(<a i>)")  # fmt: skip
    yield Mistake("slope_at_slope", "g'", smooth, lambda r, q: r.slope_at(q.layer, r.right(q)),
                  "the derivative is taken at the derivative, where it should be at a",
                  _WRITTEN + r"g'(g'(<a i>))", _WRITTEN + "g'(<a i>)")  # fmt: skip


def _others() -> Iterator[Mistake]:
    """The slope of another activation, at a or at h."""
    for name, rule in ACTIVATIONS.items():
        if name == "identity":
            continue

        def fits(p: Problem, i: int, name: str = name) -> bool:
            leaking = name == "leaky_relu" and kinked(p, i)  # its slope is an unknown number
            return curved(p, i) and not activation_is(name)(p, i) and not leaking

        for symbol in ("a", "h"):
            at = "" if symbol == "a" else ", taken at h"
            yield Mistake("other_activation_slope", "g'", fits,
                          bound((rule, symbol), lambda r, q, of: r.elementwise(of[0].dg, get(r, q, of[1]))),
                          f"the derivative of {name} is used{at}, which is not the activation of layer <i>",
                          _WRITTEN + rf"\mathrm{{{name.replace('_', '')}}}'(<{symbol} i>)",
                          _WRITTEN + "g'(<a i>)")  # fmt: skip


def _layers() -> Iterator[Mistake]:
    """The slope of another layer that has as many units."""
    for offset in (1, -1, 2, -2, 3, -3):

        def fits(p: Problem, i: int, offset: int = offset) -> bool:
            other = i + offset
            return curved(p, i) and 1 <= other <= p.depth and p.sizes[other] == p.sizes[i] and curved(p, other)

        yield Mistake("slope_of_other_layer", "g'", fits,
                      bound(offset, lambda r, q, o: r.slope_at(q.layer, get(r, q, "a", o))),
                      f"the mask or slope is taken from layer <i{offset:+}>, where it should be of layer <i>"
                      if abs(offset) == 1 else
                      f"the mask or slope is taken from the layer {abs(offset)} {'after' if offset > 0 else 'before'}, "
                      "where it should be of layer <i>",
                      "", _WRITTEN + "g'(<a i>)")  # fmt: skip
    yield Mistake("slope_at_input", "g'", lambda p, i: curved(p, i) and p.sizes[i] == p.sizes[i - 1],
                  lambda r, q: r.slope_at(q.layer, get(r, q, "h", -1)),
                  "the derivative is taken at the layer's input <h i-1>, where it should be at <a i>",
                  _WRITTEN + "g'(<h i-1>)", _WRITTEN + "g'(<a i>)")  # fmt: skip


SLOPES: tuple[Mistake, ...] = (
    *_formulas(), *_of_products(), *_at_a_linear_output(), *_layers(), *_powers(), *_others(),
)  # fmt: skip
