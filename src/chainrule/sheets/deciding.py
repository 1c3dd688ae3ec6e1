"""The rules of a sheet without a header: those that it says, and of those left open the ones its numbers show."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.network.network import Network
from chainrule.sheets.facts import Fact, Facts
from chainrule.sheets.making import network_made
from chainrule.sheets.rules import told
from chainrule.sheets.said import Said
from chainrule.sheets.weights import Parameters, Score

USUAL = ("half_squared_error", "squared_error", "mean_squared_error", "binary_cross_entropy", "cross_entropy")
SHOWN = 3  # digits of printed values, more than another has, that show a rule
MOST = 12  # other readings that are kept
#: signs of an activation in words and formulas
_SIGNS = {
    "softmax": r"soft-?max",
    "leaky_relu": r"leaky[\s_-]?relu",
    "relu": r"(?<!leaky[\s_-])(?<!leaky)relu|max\s*\(\s*0\s*,",
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
        named: the words name the activations.
        others: what the rules could be as well. loss_known: the loss is said, or printed numbers show it.
        settled: conventions that the loss as it is said rules out. penalty: the loss has a term of the weights.
    """

    named: bool = False
    others: tuple[Other, ...] = ()
    loss_known: bool = True
    settled: frozenset[str] = frozenset()
    penalty: bool = False


@dataclass(frozen=True)
class Activations:
    """What was decided of the activations: what to tell of it, whether words name them, the pairs that are left open."""

    notes: tuple[str, ...]
    named: bool
    others: tuple[tuple[str, str], ...]


def decide_activations(
    facts: Facts, text: str, said: Said, parameters: Callable[[], Parameters], score: Score
) -> Activations:
    """Set the activations to the pair, of those that the words leave open, that gives most of the printed numbers.

    Raises:
        InputError: none is named, and no printed number shows one; or the parameters do not fit together.
    """
    best, most, least, depth = None, -SHOWN, math.inf, 0
    spoken, pairs = _pairs(text, said)
    for hidden, output in pairs:
        facts.known |= {"hidden": Fact(hidden, "hidden"), "output": Fact(output, "output")}
        try:
            found = parameters()
            hits = score(found.weights, found.biases)
        except InputError:
            if best is None and (hidden, output) == pairs[-1]:
                raise
            continue
        depth = len(found.weights)
        if depth == 1 and not _is_allowed(output, said):
            continue
        least = min(least, hits)
        if hits >= most + SHOWN:  # the likeliest, unless clearly more digits come out under another
            best, most = (hidden, output), hits
    assert best is not None
    hidden, output = best
    shown = most >= least + SHOWN
    is_said = _is_said(hidden, output, depth, said)
    if not shown and not spoken:
        due = 'an activation in a line, such as "sigmoid units", or in a header'
        raise facts.refuse("activations", due, "none that is named, or that the printed numbers show")
    facts.known |= {"hidden": Fact(hidden, "hidden"), "output": Fact(output, "output")}
    given = [*(name for name in ("x", "y", "learning_rate") if name in facts.known), *facts.parameters]
    read = "there is no header: the network is read from the sheet's own lines (" + ", ".join(given[:12])
    layers = f"hidden layers {hidden}, output {output}" if depth > 1 else f"output {output}"
    why = "as the sheet says" if is_said else "as the printed numbers come out so" if shown else "which is assumed"
    others = [] if is_said else [pair for pair in pairs if pair != best and (depth > 1 or _is_allowed(pair[1], said))]
    if depth == 1:
        others = [(hidden, one) for one in dict.fromkeys(other for _, other in others) if one != output]
    notes = (read + ", …" * (len(given) > 12) + ")", f"activations: {layers}, {why}")
    return Activations(notes, is_said, tuple(others))


def _pairs(text: str, said: Said) -> tuple[bool, list[tuple[str, str]]]:
    """Whether a sheet names an activation, and the pairs of hidden one and output left open, the likeliest first."""
    first = {name: found.start() for name, shape in _SIGNS.items() if (found := re.search(shape, text, re.IGNORECASE))}
    named = dict.fromkeys([*sorted(first, key=lambda name: first[name]), *said.anywhere])
    spoken = [name for name in named if name != "softmax"]
    hidden = [name for name in spoken if name not in said.output or name in said.hidden]
    hidden = list(said.hidden) or hidden or ["sigmoid", "tanh", "relu"]
    outputs = list(said.output) or ["softmax"] * ("softmax" in named)
    if not said.output:
        rest = [*reversed(spoken), *(name for name in ("sigmoid", "identity") if name not in spoken)]
        outputs += sorted(rest, key=lambda name: name in said.hidden)  # what is said of others comes last
    return bool(named), [(one, other) for one in hidden for other in outputs]


def _is_allowed(output: str, said: Said) -> bool:
    """Whether the output of a single layer may be of this rule: where one is named, it is that one."""
    return not said.anywhere or bool(said.output) or output in said.anywhere


def _is_said(hidden: str, output: str, depth: int, said: Said) -> bool:
    """Whether the words settle a pair of activations."""
    everywhere = said.everywhere
    of_output = said.output == (output,) or everywhere == output or (depth == 1 and said.anywhere == (output,))
    return of_output and (depth == 1 or said.hidden == (hidden,) or everywhere == hidden)


def decide_loss(
    facts: Facts,
    said: Said,
    activations: Activations,
    found: Parameters,
    x: Any,
    y: Any,
    numbers: list[tuple[float, float]],
) -> tuple[Rules, str]:
    """Set the loss to the one, of those that fit what is said, that gives most of the printed numbers.

    Returns: what is said and left open, and what to tell.
    """
    outputs = len(found.weights[-1])
    tried = _tried(facts, _losses(said, outputs, str(facts.value("output"))), found, x, y, numbers)
    is_said = bool(said.losses) and bool(tried)
    tried = tried or _tried(facts, USUAL, found, x, y, numbers)
    best, most = next(iter(tried), ""), -SHOWN
    for name, hits in tried.items():
        if hits >= most + SHOWN:
            best, most = name, hits
    shown = bool(tried) and most >= min(tried.values()) + SHOWN
    known = (is_said or shown) and y is not None
    others = tuple(_others(facts, best, list(tried), activations.others, found))
    facts.known["loss"] = Fact(best or "half_squared_error", "loss")
    words = told(best, best, outputs).partition("read as ")[2]
    if is_said or shown:
        note = f"loss: {words}" + "; printed numbers show it" * (shown and len(tried) > 1)
    else:
        note = "loss: none is named, and no printed number shows one; what depends on it is not judged"
    return Rules(activations.named, others, known, said.settled, said.penalty), note


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
    for name in names:
        facts.known["loss"] = Fact(name, "loss")
        try:
            b = None if y is None else network_made(facts, found)[0].backward(x, y)
        except InputError:
            continue
        values = [] if b is None else [b.L, b["dL/dyhat"], *b.grad_W, *b.grad_b]
        flat = np.concatenate([np.zeros(1), *(np.ravel(value) for value in values)])
        if b is None or not any(np.array_equal(flat, one) for one in seen):
            seen.append(flat)
            tried[name] = digits_printed(values, numbers)
    return tried


def _others(
    facts: Facts, best: str, losses: list[str], pairs: Sequence[tuple[str, str]], found: Parameters
) -> Iterator[Other]:
    """The networks of the other rules that are left open."""
    taken = (str(facts.value("hidden")), str(facts.value("output")))
    ways = [(pair, loss) for pair in [taken, *pairs] for loss in [best, *losses] if (pair, loss) != (taken, best)]
    for (hidden, output), loss in list(dict.fromkeys(ways))[:MOST]:
        facts.known |= {
            "hidden": Fact(hidden, "hidden"), "output": Fact(output, "output"), "loss": Fact(loss, "loss"),
        }  # fmt: skip
        words = []
        if len(found.weights) > 1 and hidden != taken[0]:
            words.append(f"the hidden units are {_rule_words(hidden)}")
        if output != taken[1]:
            words.append(f"the output is {_rule_words(output)}")
        if loss != best:
            words.append(f"the loss is {_LOSS_WORDS[loss]}")
        try:
            yield Other(network_made(facts, found)[0], " and ".join(words))
        except InputError:
            continue
    facts.known |= {"hidden": Fact(taken[0], "hidden"), "output": Fact(taken[1], "output")}


def _rule_words(name: str) -> str:
    return {"identity": "linear"}.get(name, name)


def digits_printed(values: Sequence[Any], numbers: list[tuple[float, float]]) -> int:
    """How many digits of values a sheet prints, each of its numbers counted once."""
    flat = np.concatenate([np.zeros(1), *(np.ravel(value) for value in values)])
    flat = flat[(np.abs(flat) > 1e-9) & (np.abs(flat) != 1)]
    found = (unit for one, unit in numbers if (np.abs(flat - one) <= 0.5001 * unit).any())
    return sum(-round(math.log10(unit)) for unit in found)
