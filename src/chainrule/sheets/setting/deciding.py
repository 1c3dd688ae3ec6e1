"""The rules of a sheet without a header: those that it says, and of those left open the ones its numbers show."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.network.backward import Backward
from chainrule.network.network import Network
from chainrule.sheets.setting.facts import Fact, Facts, bare
from chainrule.sheets.setting.making import network_made
from chainrule.sheets.setting.rules import told
from chainrule.sheets.setting.said import Said
from chainrule.sheets.setting.weights import Parameters, Score

USUAL = ("half_squared_error", "squared_error", "mean_squared_error", "binary_cross_entropy", "cross_entropy")
SHOWN = 3  # digits of printed values, more than another has, that show a rule
MOST = 12  # other readings that are kept
#: signs of an activation in words and formulas
_SIGNS = {
    "softmax": r"soft-?max",
    "leaky_relu": r"leaky[\s_-]?relu",
    "relu": r"(?<!leaky[\s_-])(?<!leaky)relu|max(?:imum)?\s*\(\s*0\.?\s*,",
    "tanh": r"\\?tanh|hyperbolic tangent",
    "sigmoid": r"sigmoid|logistic|\\sigma|σ|1\s*\+\s*e\s*\^|1\s*\+\s*(?:np\.)?\\?exp",
    "identity": r"linear (?:output|activation|neuron|unit)|identity|no activation",
}
_LOSS_WORDS = {
    "half_squared_error": "half the squared error",
    "squared_error": "the squared error without a 1/2",
    "mean_squared_error": "the mean of the squared errors without a 1/2",
    "binary_cross_entropy": "the binary cross-entropy",
    "cross_entropy": "the cross-entropy",
    "identity": "the output itself",
}


@dataclass(frozen=True, eq=False)
class Other:
    """A network of rules that the sheet leaves open as well, and in words how they differ from those taken."""

    network: Network
    words: str


@dataclass(frozen=True, eq=False)
class Rules:
    """What a sheet without a header says of its rules.

    Attributes:
        named: the words name the activations, or printed numbers show them.
        others: what the rules could be as well. loss_known: the loss is said, or printed numbers show it.
        settled: conventions that the loss as it is said rules out. penalty: the loss has a term of the weights.
        momentum: the steps have a velocity.
        bias_columns: the matrices Θ are given with the biases as their first columns.
        unread: an activation by a formula that is none of those known.
        turned: the matrices are given as their transposes, a row for each unit of the layer before.
    """

    named: bool = False
    others: tuple[Other, ...] = ()
    loss_known: bool = True
    settled: frozenset[str] = frozenset()
    penalty: bool = False
    bias_columns: bool = False
    momentum: bool = False
    unread: str = ""
    turned: bool = False


@dataclass(frozen=True)
class Activations:
    """What was decided of the activations by the numbers of the forward pass.

    Attributes:
        pair: of the hidden layers, and of the output. others: the pairs that are left open.
        said: words settle it. shown: printed numbers do.
    """

    pair: tuple[str, str]
    others: tuple[tuple[str, str], ...]
    said: bool
    shown: bool

    def put(self, facts: Facts) -> None:
        """Set them."""
        _put(facts, self.pair)


def decide_activations(
    facts: Facts, text: str, said: Said, parameters: Callable[[], Parameters], score: Score
) -> Activations:
    """The pair of activations, of those that the words leave open, that gives most of the printed numbers, set.

    Raises:
        InputError: none is named, and no printed number shows one; or the parameters do not fit together.
    """
    best, most, least, depth = None, -SHOWN, math.inf, 0
    spoken, pairs = _pairs(text, said)
    for pair in pairs:
        _put(facts, pair)
        try:
            found = parameters()
            hits = score(found.weights, found.biases)
        except InputError:
            if best is None and pair == pairs[-1]:
                raise
            continue
        depth = len(found.weights)
        if depth == 1 and not _is_allowed(pair[1], said):
            continue
        least = min(least, hits)
        if hits >= most + SHOWN:  # the likeliest, unless clearly more digits come out under another
            best, most = pair, hits
    assert best is not None
    shown = most >= least + SHOWN
    if not shown and not spoken:
        due = 'an activation in a line, such as "sigmoid units", or in a header'
        raise facts.refuse("activations", due, "none that is named, or that the printed numbers show")
    is_said = _is_said(*best, depth, said)
    others = [] if is_said else [pair for pair in pairs if pair != best and (depth > 1 or _is_allowed(pair[1], said))]
    if is_said and said.assumed and depth > 1:
        others = [(best[0], "identity")]  # where clearly more numbers come out so
    if depth == 1:
        others = [(best[0], one) for one in dict.fromkeys(other for _, other in others) if one != best[1]]
    decided = Activations(best, tuple(others), is_said, shown)
    decided.put(facts)
    return decided


def _put(facts: Facts, pair: tuple[str, str]) -> None:
    facts.known |= {"hidden": Fact(pair[0], "hidden"), "output": Fact(pair[1], "output")}


def _told(facts: Facts, activations: Activations, depth: int) -> tuple[str, str]:
    """What to tell: what was read of the network, and its activations."""
    given = [
        *(name for name in ("x", "y", "learning_rate") if name in facts.known),
        *(bare(one.called) for one in facts.parameters.values()),
    ]
    read = "there is no header: the network is read from the sheet's own lines (" + ", ".join(given[:12])
    hidden, output = activations.pair
    layers = f"hidden layers {hidden}, output {output}" if depth > 1 else f"output {output}"
    shown = "as the printed numbers come out so" if activations.shown else "which is assumed"
    return read + ", …" * (len(given) > 12) + ")", f"activations: {layers}, " + (
        "as the sheet says" if activations.said else shown
    )


def _pairs(text: str, said: Said) -> tuple[bool, list[tuple[str, str]]]:
    """Whether a sheet names an activation, and the pairs of hidden one and output left open, the likeliest first."""
    first = {name: found.start() for name, shape in _SIGNS.items() if (found := re.search(shape, text, re.IGNORECASE))}
    named = dict.fromkeys([*sorted(first, key=lambda name: first[name]), *said.anywhere])
    spoken = [name for name in named if name != "softmax"]
    hidden = [name for name in spoken if name not in said.output or name in said.hidden]
    hidden = list(said.hidden) or hidden or ["sigmoid", "tanh", "relu"]
    outputs = list(said.output) or ["softmax"] * ("softmax" in named)
    if not said.output or said.by_formula:
        rest = [*reversed(spoken), *(name for name in ("sigmoid", "identity", "tanh") if name not in spoken)]
        outputs += sorted(rest, key=lambda name: name in said.hidden)  # what is said of others comes last
    pairs = [(one, other) for one in hidden for other in dict.fromkeys(outputs)]
    return bool(named) or said.by_formula, pairs


def _is_allowed(output: str, said: Said) -> bool:
    """Whether the output of a single layer may be of this rule: where one is named, it is that one."""
    return not said.anywhere or bool(said.output) or output in said.anywhere


def _is_said(hidden: str, output: str, depth: int, said: Said) -> bool:
    """Whether the words settle a pair of activations."""
    everywhere = said.everywhere
    of_output = said.output == (output,) or everywhere == output or (depth == 1 and said.anywhere == (output,))
    return of_output and (depth == 1 or said.hidden == (hidden,) or everywhere == hidden)


def decide_rules(
    facts: Facts, said: Said, activations: Activations, found: Parameters, x: Any, y: Any, score: Score,
    numbers: list[tuple[float, float]],
) -> tuple[Rules, tuple[str, ...]]:  # fmt: skip
    """Set the loss to the one, of those that fit what is said, that gives most of the printed numbers.

    The activations, where they are left open, change with it if clearly more numbers come out.

    Returns: what is said and left open, and what to tell.
    """
    outputs = len(found.weights[-1])
    if said.reduction:
        facts.known["reduction"] = Fact(said.reduction, "reduction")

    def each(losses: Callable[[str], Sequence[str]]) -> Iterator[tuple[tuple[tuple[str, str], str], int]]:
        for pair in [activations.pair, *activations.others]:
            _put(facts, pair)
            facts.known.pop("loss", None)
            forward = score(found.weights, found.biases)
            yield from (((pair, loss), forward + hits) for loss, hits in
                        _tried(facts, losses(pair[1]), found, x, y, numbers).items())  # fmt: skip

    tried = dict(each(lambda output: _losses(said, outputs, output)))
    is_said = bool(tried)
    tried = tried or dict(each(lambda _: USUAL))
    (pair, best), most = next(iter(tried), (activations.pair, "half_squared_error")), -SHOWN
    for key, hits in tried.items():
        if hits >= most + SHOWN:
            (pair, best), most = key, hits
    others = [one for one in (activations.pair, *activations.others) if one != pair]
    is_other = pair != activations.pair
    activations = replace(
        activations, pair=pair, others=tuple(others), said=activations.said and not is_other,
        shown=activations.shown or is_other,
    )  # fmt: skip
    losses_of = [hits for (other, _), hits in tried.items() if other == pair]
    shown = bool(losses_of) and most >= min(losses_of) + SHOWN
    is_known = (is_said or shown) and (y is not None or best == "identity")
    activations.put(facts)
    open_ways = [way for way in tried if way[0] == pair or not said.assumed]
    kept = tuple(_others(facts, best, open_ways, found))
    facts.known["loss"] = Fact(best, "loss")
    if is_said or shown:
        words = told(best, best, outputs).partition("read as ")[2]
        words = words.removesuffix("; some write 1/2 before it") if "half" in said.settled else words
        note = f"loss: {words}" + "; printed numbers show it" * (shown and len(losses_of) > 1)
    else:
        note = "loss: none is named, and no printed number shows one; what depends on it is not judged"
    notes = (*_told(facts, activations, len(found.weights)), note)
    return Rules(
        activations.said or activations.shown,
        kept,
        is_known,
        said.settled,
        said.penalty,
        found.bias_columns,
        said.momentum,
        said.unread,
    ), notes


def _losses(said: Said, outputs: int, output: str) -> list[str]:
    """The losses that fit what is said: a cross-entropy of one output, or of sigmoids, is the binary one."""
    binary = "cross_entropy" in said.losses and output != "softmax"
    found = ["binary_cross_entropy"] if binary else []
    return list(dict.fromkeys([*found, *(one for one in said.losses if not (binary and one == "cross_entropy"))]))


def _tried(
    facts: Facts, names: Sequence[str], found: Parameters, x: Any, y: Any, numbers: list[tuple[float, float]]
) -> dict[str, int]:
    """How many printed digits come out under each loss that fits the output; of losses that are one here the first."""
    tried: dict[str, int] = {}
    seen: list[np.ndarray[Any, Any]] = []
    rate = facts.known.get("learning_rate")
    for name in names:
        facts.known["loss"] = Fact(name, "loss")
        try:
            network = network_made(facts, found)[0]
            b = None if y is None else network.backward(x, y)
        except InputError:
            continue
        values = [] if b is None else [b.L, b["dL/dyhat"], *b.grad_W, *b.grad_b]
        flat = np.concatenate([np.zeros(1), *(np.ravel(value) for value in values)])
        if b is None or not any(np.array_equal(flat, one) for one in seen):
            seen.append(flat)
            new = [] if b is None or rate is None else list(_updated(b, rate.value))
            tried[name] = digits_printed([*values, *new], numbers)
    return tried


def _updated(b: Backward, rate: float) -> Iterator[Any]:
    """The parameters after a step."""
    network = b.forward.network
    for old, gradient in zip((*network.weights, *network.biases), (*b.grad_W, *b.grad_b), strict=True):
        yield np.asarray(old) - rate * np.asarray(gradient)


def _others(facts: Facts, best: str, ways: Sequence[tuple[tuple[str, str], str]], found: Parameters) -> Iterator[Other]:
    """The networks of the other rules that are left open."""
    taken = (str(facts.value("hidden")), str(facts.value("output")))
    nearest = sorted(
        (way for way in ways if way != (taken, best)), key=lambda way: (way[0] != taken) + (way[1] != best)
    )
    for pair, loss in nearest[:MOST]:
        (hidden, output), words = pair, []
        _put(facts, pair)
        facts.known["loss"] = Fact(loss, "loss")
        if len(found.weights) > 1 and hidden != taken[0]:
            words.append(f"the hidden units are {_rule_words(hidden)}")
        if output != taken[1]:
            words.append(f"the output is {_rule_words(output)}")
        if loss != best:
            words.append(f"the loss is {_LOSS_WORDS[loss]}")
        with suppress(InputError):  # a loss that does not fit the output
            yield Other(network_made(facts, found)[0], " and ".join(words))
    _put(facts, taken)


def _rule_words(name: str) -> str:
    return {"identity": "linear"}.get(name, name)


def digits_printed(values: Sequence[Any], numbers: list[tuple[float, float]]) -> int:
    """How many digits of values a sheet prints, each of its numbers counted once."""
    flat = np.concatenate([np.zeros(1), *(np.ravel(value) for value in values)])
    flat = flat[(np.abs(flat) > 1e-9) & (np.abs(flat) != 1)]
    found = (unit for one, unit in numbers if (np.abs(flat - one) <= 0.5001 * unit).any())
    return sum(-round(math.log10(unit)) for unit in found)
