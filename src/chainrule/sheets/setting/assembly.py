"""From the facts of a sheet to its network, inputs and targets."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.network.forward import propagate
from chainrule.network.network import Network
from chainrule.sheets.setting.deciding import SHOWN, Rules, decide_activations, decide_rules, digits_printed
from chainrule.sheets.setting.facts import Fact, Facts
from chainrule.sheets.setting.making import network_made
from chainrule.sheets.setting.numbering import Matrix, is_weight
from chainrule.sheets.setting.one_number import number, short
from chainrule.sheets.setting.said import Said, bias_said, said_in, slope_said
from chainrule.sheets.setting.weights import Parameters, Score, parameters_of
from chainrule.system.patterns import regex


@dataclass(frozen=True, eq=False)
class Given:
    """What a sheet is about.

    Attributes:
        network, x, y: as for ``Network.backward``. shared: layers, from 1, whose units have one bias between them.
        notes: what was assumed, for the report. rules: what is said of them, and the others that it leaves open.
    """

    network: Network
    x: Any
    y: Any
    shared: frozenset[int]
    notes: tuple[str, ...]
    rules: Rules


def network_of(facts: Facts, lines: Sequence[str], text: str | None = None) -> Given:
    """The network, the inputs and the targets that facts give.

    Args:
        lines: of the sheet, whose printed numbers decide what the facts leave open.
        text: of a sheet without a header: activations and loss are those of which it speaks, and under which the
            printed numbers come out.

    Raises:
        InputError: something is missing or does not fit, in the words of the sheet.
    """
    x, y = _inputs(facts)
    x, y = _one_input(facts, x, y)
    numbers = printed(lines)

    def score(weights: list[Matrix], biases: list[list[float]]) -> int:
        return _values_printed(facts, weights, biases, x, numbers)

    def parameters() -> Parameters:
        return parameters_of(facts, np.shape(x)[-1], _outputs(y, np.ndim(x) == 1), score)

    notes: list[str] = []
    said, rules = None if text is None else said_in(text), Rules()
    facts.slope = slope_said(text or "")
    facts.with_biases = bias_said(text or "")
    ways = list(_by_example(x, y))
    if len(ways) > 1:
        hits: list[float] = []
        for x, y in ways:
            try:
                tried = _decided(facts, text, said, parameters, score)
                shown = max(score(weights, tried.biases) for weights in _either_way(tried.weights))
                hits.append(shown + _fits(tried.weights, x, y))
            except InputError:
                hits.append(-math.inf)
        x, y = ways[hits.index(max(hits)) if max(hits) >= hits[0] + SHOWN else 0]
        if x is not ways[0][0]:
            notes.append("x has a column for each example")
    if text is not None and said is not None:
        decided = decide_activations(facts, text, said, parameters, score)
    found = parameters()
    facts.names = {**{name: Fact(meaning, name) for name, meaning in found.names.items()}, **facts.names}
    x, y = _columns(x, y, found.weights)
    beyond = text is not None and isinstance(y, int) and y == len(found.weights[-1]) > 1
    if beyond:
        y, notes = y - 1, [*notes, "classes are counted from 1"]
    if said is not None:
        rules, told = decide_rules(facts, said, decided, found, x, y, score, numbers)
        notes += told
    network, assumed = network_made(facts, found)
    if text is not None and not beyond and isinstance(y, int) and y != (y := _class_of(network, x, y, numbers, text)):
        notes.append("classes are counted from 1")
    return Given(network, x, y, found.shared, (*notes, *found.notes, *assumed), replace(rules, turned=found.turned))


# ---------------------------------------------------------------- inputs and targets


def _inputs(facts: Facts) -> tuple[Any, Any]:
    if "x" not in facts.known:
        raise facts.refuse("x", "the inputs of one example, such as x = [1, 2]", "none")
    x = numbers_of(facts, "x", 2)
    return x if isinstance(x, list) else [x], numbers_of(facts, "y", 2) if "y" in facts.known else None


def numbers_of(facts: Facts, name: str, most: int) -> Any:
    """A number or a list of numbers, to so many levels; whole numbers stay whole."""
    fact = facts.known[name]

    def read(value: Any, level: int, where: str) -> Any:
        if isinstance(value, list) and level < most:
            return [read(one, level + 1, f"{where}, number {i}") for i, one in enumerate(value, 1)]
        checked = number(facts, Fact(value, fact.called, fact.line), where)
        return value if isinstance(value, int) else checked

    found = read(fact.value, 0, fact.called)
    if isinstance(found, list):
        rows = {len(row) if isinstance(row, list) else 0 for row in found}
        if not found or len(rows) > 1 or (rows == {0} and [] in found):
            due = "numbers, or rows of numbers of one length"
            raise facts.refuse(fact.called, due, short(fact.value), fact.line)
    return found


def _outputs(y: Any, single: bool) -> int | None:
    """Targets of one example; None where y does not say: class numbers, or none given."""
    if y is None or (isinstance(y, int) and y != 1 and y != 0):
        return None
    if not isinstance(y, list):
        return 1 if isinstance(y, float) else None
    row = y[0]
    return (
        len(y) if single and not isinstance(row, list) else len(row) if isinstance(row, list) and not single else None
    )


def _by_example(x: Any, y: Any) -> Iterator[tuple[Any, Any]]:
    """Inputs and targets with a row for each example: as they are, or of somebody who has a column for each."""
    yield x, y
    if isinstance(x[0], list) and min(np.shape(x)) > 1:
        turned = np.ndim(y) == 2
        yield [list(row) for row in zip(*x, strict=True)], [list(row) for row in zip(*y, strict=True)] if turned else y


def _one_input(facts: Facts, x: Any, y: Any) -> tuple[Any, Any]:
    """Examples of one input each, where the network has one weight and both inputs and targets are as many numbers."""
    weights = [fact.value for key, fact in facts.parameters.items() if is_weight(key)]
    flat = isinstance(y, list) and len(x) == len(y) > 1 and not any(isinstance(one, list) for one in (*x, *y))
    if facts.layers or len(weights) != 1 or not flat or np.size(weights[0]) != 1:
        return x, y
    return [[one] for one in x], [[one] for one in y]


def _fits(weights: list[Matrix], x: Any, y: Any) -> float:
    """A shape of the targets that does not fit counts against a way; None given, for none."""
    if y is None or np.shape(y) in ((len(x), len(weights[-1])), (len(x),)):
        return 0.0
    return -math.inf


def _either_way(weights: list[Matrix]) -> list[list[Matrix]]:
    """The matrices as they stand; where all are square, transposed as well: lines may take them so."""
    square = all(len(W) == len(W[0]) for W in weights)
    return [weights, [[list(row) for row in zip(*W, strict=True)] for W in weights]] if square else [weights]


def _decided(
    facts: Facts, text: str | None, said: Said | None, parameters: Callable[[], Parameters], score: Score
) -> Parameters:
    """The parameters, under the activations that the sheet leaves open."""
    if text is not None and said is not None:
        decide_activations(facts, text, said, parameters, score)
    return parameters()


_FROM_ONE = regex(
    r"(?:counted|counting|numbered|starting|index(?:ed|es)?)\s+(?:from|at)\s+1\b|\b(?:1|one)-based", re.IGNORECASE
)


def _class_of(network: Network, x: Any, y: int, numbers: list[tuple[float, float]], text: str) -> int:
    """A class number counted from 0: one more or less, as the words or the printed numbers say."""
    if network.sizes[-1] < 2 or not 1 <= y <= network.sizes[-1]:
        return y
    if y == network.sizes[-1] or _FROM_ONE.search(text):
        return y - 1
    hits = []
    for one in (y, y - 1):
        b = network.backward(x, one)
        hits.append(digits_printed([b.L, b[f"dL/da_{network.depth}"], *b.grad_W, *b.grad_b], numbers))
    return y - 1 if hits[1] >= hits[0] + SHOWN else y


def _columns(x: Any, y: Any, weights: list[Matrix]) -> tuple[Any, Any]:
    """Columns as the vectors that they are, where the network takes so many inputs and gives so many outputs."""
    width, height = len(weights[0][0]), len(weights[-1])
    if isinstance(x[0], list) and len(x[0]) == 1 != width and len(x) == width:
        x = [one for row in x for one in row]
    if isinstance(x[0], list) and len(x) == 1 and isinstance(y, int | float):
        x = x[0]
    single = not isinstance(x[0], list)
    if not single and np.shape(y) == (1, len(x)) != (len(x), height) and height == 1:
        y = [[one] for one in y[0]]  # a row of targets, one for each example
    if single and isinstance(y, list) and y and isinstance(y[0], list) and (len(y) == height or len(y) == 1):
        y = [one for row in y for one in row]
    return x, y


def _values_printed(
    facts: Facts, weights: list[Matrix], biases: list[list[float]], x: Any, numbers: list[tuple[float, float]]
) -> int:
    """How many digits of values of the forward pass the sheet prints."""
    network, _ = network_made(facts, Parameters(weights, biases))
    flat = np.asarray(x, dtype=float)
    with np.errstate(all="ignore"):
        a, h = propagate(network, flat.reshape(-1, network.sizes[0]))
    return digits_printed([*a, *h[1:]], numbers)


def printed(lines: Sequence[str]) -> list[tuple[float, float]]:
    """The numbers of a text with digits behind the point: (value, unit of the last digit)."""
    found = re.findall(r"(?<![\w.])-?[0-9]*\.[0-9]{1,12}(?![0-9.])", "\n".join(lines))
    return [(float(one), 10.0 ** -len(one.partition(".")[2])) for one in dict.fromkeys(found[:2000])]
