"""What people do to a factor of a backward equation: left out, twice, divided, of another unit, in the wrong place.

The equations are products: dL/dh_i = dL/da_{i+1} W_{i+1}, dL/da_i = dL/dh_i g'(a_i), dL/dW_i = dL/da_i h_{i-1}. Each
of their factors is a slot here, and a few changes are made to every slot; what one slot alone can have stands beside
it. ``diagnosis.by_factors`` tries them, and two at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any, Literal

import numpy as np

from chainrule.auditing.mistakes.code.slopes import kinked
from chainrule.auditing.mistakes.table import Fits, anywhere, curved, filled_in
from chainrule.auditing.model.problem import Node, Problem
from chainrule.auditing.model.replay import Replay
from chainrule.network.arrays import Array

#: returned: dL/da_{i+1} on its way back; weights: W_{i+1}; gradient: dL/dh_i; slope: g'(a_i); error: dL/da_i in a
#: product; input: h_{i-1}; bias: what the errors are multiplied with in dL/db_i, which is nothing
Slot = Literal["returned", "weights", "gradient", "slope", "error", "input", "bias"]
Rule = Callable[[Replay, int, Array], Any]

_NOUNS: dict[Slot, str] = {
    "returned": "the gradient of <a i+1>", "weights": "<W i+1>", "gradient": "the gradient of <h i>",
    "slope": "the derivative of the activation", "error": "the gradient of <a i>", "input": "<h i-1>",
}  # fmt: skip
_BY_EXAMPLE: tuple[Slot, ...] = ("returned", "gradient", "error", "input")
_LONGEST = 3  # functions within one another


@dataclass(frozen=True)
class Factor:
    """A factor of a backward equation, changed.

    Attributes:
        slot: which. id: as of a mistake. words: a template as those of ``Mistake``.
        rule: (replay, layer, the right factor) -> what stands there.
        fits: (problem, layer) -> whether it makes sense there.
    """

    slot: Slot
    id: str
    words: str
    rule: Rule
    fits: Fits = anywhere

    def says(self, layer: int, delta: bool = False) -> str:
        """The words for one layer."""
        return filled_in(self.words, layer, delta)


def _change(change: Callable[[Array], Any]) -> Rule:
    return lambda r, i, right: change(right)


def _ones(r: Replay, i: int, right: Array) -> Any:
    return np.ones(right.shape)


def _shares(r: Replay, i: int, right: Array) -> Any:
    """1, with the share of each example in the loss: what is left where the mean is taken later."""
    return r.problem.coefficients[:, None] * np.ones(right.shape)


#: (name, change, words with the noun)
_ALL: tuple[tuple[str, Callable[[Array], Any], str], ...] = (
    ("twice", np.square, "{} is multiplied in twice"),
    ("absolute", np.abs, "{} comes without its sign"),
    ("sign_alone", np.sign, "only the sign of {} is taken"),
    ("cut_below_0", lambda v: np.maximum(v, 0.0), "what is negative in {} is set to 0"),
    ("inverted", lambda v: 1.0 / v, "it is divided by {}, where it is multiplied"),
    ("of_unit_before", lambda v: np.roll(v, 1, -1), "each unit has {} of the unit before"),
    ("of_unit_after", lambda v: np.roll(v, -1, -1), "each unit has {} of the unit after"),
    ("units_reversed", lambda v: v[..., ::-1], "{} comes with its units in reverse order"),
    ("summed_over_units", lambda v: v.sum(-1, keepdims=True) + 0.0 * v, "{} is summed over its units beforehand"),
    ("averaged_over_units", lambda v: v.mean(-1, keepdims=True) + 0.0 * v, "{} is averaged over its units beforehand"),
)
_EXAMPLES: tuple[tuple[str, Callable[[Array], Any], str], ...] = (
    ("summed_first", lambda v: v.sum(0) + 0.0 * v, "{} is summed over the examples beforehand"),
    ("averaged_first", lambda v: v.mean(0) + 0.0 * v, "{} is averaged over the examples beforehand"),
    ("of_example_before", lambda v: np.roll(v, 1, 0), "each example has {} of the example before"),
    ("of_example_after", lambda v: np.roll(v, -1, 0), "each example has {} of the example after"),
    ("examples_reversed", lambda v: v[::-1], "{} comes with the examples in reverse order"),
    ("of_first_example", lambda v: v[:1] + 0.0 * v, "every example has {} of the first"),
    ("of_last_example", lambda v: v[-1:] + 0.0 * v, "every example has {} of the last"),
)
_LEFT_OUT: dict[Slot, str] = {
    "returned": "the gradient of <a i+1> is left out: only the weights go back",
    "weights": "the weights <W i+1> are left out on the way back",
    "gradient": "the gradient that comes back is left out: the derivative of the activation alone stands there",
    "slope": "the derivative of the activation of layer <i> is left out",
    "error": "the gradient of <a i> is left out of the product: only the inputs <h i-1> are summed",
    "input": "the layer's input <h i-1> is left out of the product: every weight of a unit has the unit's own error",
}


def _of_every_slot() -> Iterator[Factor]:
    for slot, noun in _NOUNS.items():
        yield Factor(slot, f"{slot}_left_out", _LEFT_OUT[slot], _ones)
        if slot in ("returned", "gradient", "error"):
            yield Factor(slot, f"{slot}_left_out", _LEFT_OUT[slot], _shares)
        for name, change, words in (*_ALL, *(_EXAMPLES if slot in _BY_EXAMPLE else ())):
            yield Factor(slot, f"{slot}_{name}", words.format(noun), _change(change))


# ---------------------------------------------------------------- the way back through the weights


def _other(kind: str, layer: int) -> Rule:
    return lambda r, i, right: r.get(Node(kind, i + layer))


def _last_but_one(p: Problem, i: int) -> bool:
    return i + 1 == p.depth


def _equal(p: Problem, i: int) -> bool:
    return i < p.depth and p.sizes[i + 1] == p.sizes[i] > 1


def _with_biases(first: bool) -> Rule:
    """W with its biases as a column beside it, and the wrong end of that dropped."""

    def rule(r: Replay, i: int, right: Array) -> Any:
        b = r.get(Node("b", i + 1))
        return np.column_stack([b, right])[:, :-1] if first else np.column_stack([right, b])[:, 1:]

    return rule


def _over(sizes: Callable[[Array], Array]) -> Rule:
    return lambda r, i, right: right / sizes(right)


def _going_back() -> Iterator[Factor]:
    yield Factor("returned", "error_not_delta", "the gradient of <h i+1> goes back, where that of <a i+1> should: the "
                 "derivative of the activation is missing", _other("dh", 1))  # fmt: skip
    yield Factor("returned", "raw_error", "the error yhat - y goes back, where the gradient of <a i+1> should",
                 lambda r, i, right: (r.get(Node("h", i + 1)) - r.problem.y) * r.problem.coefficients[:, None],
                 _last_but_one)  # fmt: skip
    for kind, noun in (("h", "<h i+1>"), ("a", "<a i+1>"), ("g'", "the derivative of the activation")):

        def more(r: Replay, i: int, right: Array, kind: str = kind) -> Any:
            return right * r.get(Node(kind, i + 1))

        elementwise: Fits = lambda p, i, k=kind: k != "g'" or curved(p, i + 1)  # type: ignore[misc] # noqa: E731
        yield Factor("returned", "factor_too_many", f"{noun} is a factor too many in what goes back", more, elementwise)
    shifted = ("each unit has the gradient of the one {} it, as the biases stand in a column {} the weights <W i+1> "
               "and a column of weights is dropped on the way back, not theirs")  # fmt: skip
    yield Factor("weights", "bias_column_kept", shifted.format("before", "before"), _with_biases(True))
    yield Factor("weights", "bias_column_kept", shifted.format("after", "behind"), _with_biases(False))
    yield Factor("weights", "W_not_transposed_bwd", "<W i+1> is not transposed on the way back",
                 _change(np.transpose), _equal)  # fmt: skip
    for sizes, words in (
        (lambda W: W.sum(1, keepdims=True), "the sum of a unit's weights"),
        (lambda W: np.abs(W).sum(1, keepdims=True), "the sum of a unit's weights without their signs"),
        (lambda W: np.sqrt((W**2).sum(1, keepdims=True)), "the length of a unit's weights"),
        (lambda W: W.sum(0, keepdims=True), "the sum of the weights that leave a unit"),
    ):  # fmt: skip
        yield Factor("weights", "weights_as_shares", f"<W i+1> is divided by {words} on the way back", _over(sizes))


# ---------------------------------------------------------------- errors


def _is_hidden(p: Problem, i: int) -> bool:
    return 0 < i < p.depth and curved(p, i)


def _errors() -> Iterator[Factor]:
    for kind, noun in (("h", "<h i>"), ("a", "<a i>"), ("g'", "the derivative of the activation")):

        def more(r: Replay, i: int, right: Array, kind: str = kind) -> Any:
            return right * r.get(Node(kind, i))

        elementwise: Fits = lambda p, i, k=kind: k != "g'" or curved(p, i)  # type: ignore[misc] # noqa: E731
        yield Factor("error", "factor_too_many", f"{noun} is a factor too many in the gradient of <a i>", more,
                     elementwise)  # fmt: skip
    for end, side in ((1, "before"), (-1, "after")):
        for bias in (0.0, 1.0):

            def beside(r: Replay, i: int, right: Array, end: int = end, bias: float = bias) -> Any:
                own = bias * (r.get(Node("da", i + 1)) @ r.get(Node("b", i + 1)))[:, None]
                return np.hstack([own, right[:, :-1]] if end == 1 else [right[:, 1:], own])

            yield Factor("error", "bias_column_kept", f"each unit has the gradient of the one {side} it, as a unit for "
                         "the bias stands in the layer on the way back and another is dropped in its place", beside,
                         _is_hidden)  # fmt: skip
    for above, below in product(_PIECES, repeat=2):
        yield Factor("error", "kink_by_parts", _by_parts(above, below), _piecewise(above, below),
                     lambda p, i: _is_hidden(p, i) and kinked(p, i))  # fmt: skip


#: what may stand on one side of a kink: (of (gradient, slope, a, h), words)
_PIECES: tuple[tuple[Callable[..., Any], str], ...] = (
    (lambda g, s, a, h: g * s, ""),
    (lambda g, s, a, h: s, "the slope alone stands, not times the gradient that comes back"),
    (lambda g, s, a, h: g, "the gradient that comes back stands without the slope"),
    (lambda g, s, a, h: np.ones_like(g), "1 stands, not the gradient that comes back times the slope"),
    (lambda g, s, a, h: a, "a stands, not the gradient that comes back times the slope"),
    (lambda g, s, a, h: h, "h stands, not the gradient that comes back times the slope"),
    (lambda g, s, a, h: 0.0 * g, "nothing goes back"),
)


def _by_parts(above: tuple[Any, str], below: tuple[Any, str]) -> str:
    return "; ".join(
        f"where a is {side} 0, {words}" for (_, words), side in ((above, "above"), (below, "below")) if words
    )


def _piecewise(above: tuple[Any, str], below: tuple[Any, str]) -> Rule:
    def rule(r: Replay, i: int, right: Array) -> Any:
        a, h = r.get(Node("a", i)), r.get(Node("h", i))
        parts = (r.get(Node("dh", i)), r.slope_at(i, a), a, h)
        return np.where(a > 0, above[0](*parts), below[0](*parts))

    return rule


# ---------------------------------------------------------------- functions of the gradient alone


def of_the_gradient(problem: Problem, i: int) -> Iterator[Factor]:
    """Functions of the gradient that comes back, where it should be multiplied with those of the layer's values."""
    rule = problem.rule(i)
    if not _is_hidden(problem, i) or rule is None:
        return
    by_h = {"sigmoid": "{u} (1 - {u})", "tanh": "1 - ({u})^2"}.get(rule.name)
    functions: dict[str, tuple[Callable[[Array], Any], str]] = {
        "g": (rule.g, f"{rule.name}({{u}})"),
        "dg": (rule.dg, f"{rule.name}'({{u}})"),
        "rest": (lambda u: 1.0 - u, "1 - {u}"),
        "square": (np.square, "({u})^2"),
    }
    if rule.dg_of_h is not None and by_h is not None:
        functions["by_h"] = (rule.dg_of_h, by_h)
    for length in range(1, _LONGEST + 1):
        for chain in product(functions.values(), repeat=length):
            if any(one is other for one, other in pairwise(chain)) or chain[-1][1] == "1 - {u}":
                continue
            yield _of_gradient(chain, alone=True)
            if length < _LONGEST:
                yield _of_gradient(chain, alone=False)


def _of_gradient(chain: tuple[tuple[Callable[[Array], Any], str], ...], alone: bool) -> Factor:
    def rule(r: Replay, i: int, right: Array) -> Any:
        gradient = r.get(Node("dh", i))
        value = gradient
        for function, _ in chain[::-1]:
            value = function(value)
        return value if alone else gradient * value

    formula = "u"
    for _, written in chain[::-1]:
        formula = written.format(u=f"({formula})" if " " in formula and written.startswith(("{", "1")) else formula)
    what = formula if alone else f"u {formula}" if " " not in formula else f"u ({formula})"
    return Factor("error", "slope_at_gradient", "the derivative of the activation is taken of the gradient that comes "
                  f"back, u, not of the layer's values: {what} stands where u g'(<a i>) should be", rule)  # fmt: skip


# ---------------------------------------------------------------- inputs and biases


def _inputs() -> Iterator[Factor]:
    later: Fits = lambda p, i: i > 1 and curved(p, i - 1)  # noqa: E731
    yield Factor("input", "a_for_h_in_dW", "<a i-1> stands where <h i-1> should be", _other("a", -1), later)
    yield Factor("input", "slope_in_dW", "the derivative of the activation of layer <i-1> stands where <h i-1> should "
                 "be", _other("g'", -1), later)  # fmt: skip
    yield Factor("input", "slope_in_dW", "the derivative of the activation of layer <i-1> is a factor too many",
                 lambda r, i, right: right * r.get(Node("g'", i - 1)), later)  # fmt: skip
    yield Factor("input", "input_x_for_h", "the inputs x stand where <h i-1> should be", lambda r, i, right:
                 r.get(Node("h", 0)), lambda p, i: i > 1 and p.sizes[i - 1] == p.sizes[0])  # fmt: skip
    shifted = "a column of ones stands {} <h i-1>, and a column of inputs is dropped from the gradient, not theirs"
    yield Factor("input", "bias_column_in_dW", shifted.format("before"),
                 lambda r, i, right: np.column_stack([np.ones(len(right)), right])[:, :-1])  # fmt: skip
    yield Factor("input", "bias_column_in_dW", shifted.format("behind"),
                 lambda r, i, right: np.column_stack([right, np.ones(len(right))])[:, 1:])  # fmt: skip


def _of_biases() -> Iterator[Factor]:
    for words, of in (
        ("the layer's own output <h i>", lambda r, i: r.get(Node("h", i))),
        ("<a i>", lambda r, i: r.get(Node("a", i))),
        ("the sum of the inputs <h i-1>", lambda r, i: r.get(Node("h", i - 1)).sum(1, keepdims=True)),
        ("the mean of the inputs <h i-1>", lambda r, i: r.get(Node("h", i - 1)).mean(1, keepdims=True)),
    ):

        def rule(r: Replay, i: int, right: Array, of: Callable[[Replay, int], Any] = of) -> Any:
            return right * of(r, i)

        yield Factor("bias", "bias_has_a_factor", f"the gradient of a bias has {words} as a factor; it has none", rule)


#: every factor but the functions of the gradient
FACTORS: tuple[Factor, ...] = (*_of_every_slot(), *_going_back(), *_errors(), *_inputs(), *_of_biases())
