"""From the facts of a sheet to its network, inputs and targets."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.network.forward import propagate
from chainrule.network.losses import LOSSES
from chainrule.network.network import Network
from chainrule.network.outputs import output as output_named
from chainrule.sheets.facts import Fact, Facts
from chainrule.sheets.given import losses_in, rules_in
from chainrule.sheets.numbering import Matrix
from chainrule.sheets.rules import loss_named, rule_named, told
from chainrule.sheets.weights import Parameters, Score, number, parameters_of, printed, short

USUAL = ("half_squared_error", "squared_error", "mean_squared_error", "binary_cross_entropy", "cross_entropy")
SHOWN = 3  # digits of printed values, more than another has, that show an activation
SHOWN_OTHERWISE = 5  # likewise, that show another kind of loss than is named: more than one number has by chance


@dataclass(frozen=True, eq=False)
class Given:
    """What a sheet is about.

    Attributes:
        network, x, y: as for ``Network.backward``. shared: layers, from 1, whose units have one bias between them.
        notes: what was assumed, for the report.
    """

    network: Network
    x: Any
    y: Any
    shared: frozenset[int]
    notes: tuple[str, ...]


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
    numbers = printed(lines)

    def score(weights: list[Matrix], biases: list[list[float]]) -> int:
        return _values_printed(facts, weights, biases, x, numbers)

    def parameters() -> Parameters:
        return parameters_of(facts, np.shape(x)[-1], _outputs(y, np.ndim(x) == 1), score)

    notes: list[str] = []
    ways = list(_by_example(x, y))
    if len(ways) > 1:
        hits: list[float] = []
        for x, y in ways:
            try:
                tried = _decided(facts, text, parameters, score)
                hits.append(score(tried.weights, tried.biases) + _fits(tried.weights, x, y))
            except InputError:
                hits.append(-math.inf)
        x, y = ways[hits.index(max(hits))]
        if x is not ways[0][0]:
            notes.append("x has a column for each example")
    if text is not None:
        notes += _decide(facts, text, parameters, score)
    found = parameters()
    x, y = _columns(x, y, found.weights)
    if text is not None:
        known, note = _decide_loss(facts, text, found, x, y, numbers)
        y = y if known else None
        notes.append(note)
    network, assumed = _network(facts, found)
    return Given(network, x, y, found.shared, (*notes, *found.notes, *assumed))


def _decide(facts: Facts, text: str, parameters: Callable[[], Parameters], score: Score) -> list[str]:
    """Set the activations to the pair, of those that the words leave open, that gives most of the printed numbers."""
    best, most, least = None, -SHOWN, math.inf
    spoken, pairs = rules_in(text)
    for hidden, output in pairs:
        facts.known |= {"hidden": Fact(hidden, "hidden"), "output": Fact(output, "output")}
        try:
            found = parameters()
            hits = score(found.weights, found.biases)
        except InputError:
            if best is None and (hidden, output) == pairs[-1]:
                raise
            continue
        least = min(least, hits)
        if hits >= most + SHOWN:  # the likeliest, unless clearly more digits come out under another
            best, most = (hidden, output, len(found.weights)), hits
    assert best is not None
    hidden, output, depth = best
    shown = most >= least + SHOWN
    if not shown and not spoken:
        due = 'an activation in a line, such as "sigmoid units", or in a header'
        raise facts.refuse("activations", due, "none that is named, or that the printed numbers show")
    facts.known |= {"hidden": Fact(hidden, "hidden"), "output": Fact(output, "output")}
    given = [*(name for name in ("x", "y", "learning_rate") if name in facts.known), *facts.parameters]
    read = "there is no header: the network is read from the sheet's own lines (" + ", ".join(given[:12])
    layers = f"hidden layers {hidden}, output {output}" if depth > 1 else f"output {output}"
    why = "as the printed numbers come out so" if shown else "which no printed number shows"
    return [read + ", …" * (len(given) > 12) + ")", f"activations: {layers}, {why}"]


def _decide_loss(
    facts: Facts, text: str, found: Parameters, x: Any, y: Any, numbers: list[tuple[float, float]]
) -> tuple[bool, str]:
    """Set the loss to the one that gives most of the printed numbers; else to one that is named.

    Returns: whether one is known, and what to tell.
    """
    outputs = len(found.weights[-1])
    spoken = losses_in(text, outputs)
    best, most, least = "", -SHOWN, math.inf
    for name in dict.fromkeys([*spoken, *USUAL]):
        facts.known["loss"] = Fact(name, "loss")
        try:
            b = None if y is None else _network(facts, found)[0].backward(x, y)
        except InputError:
            continue
        values = [] if b is None else [b.L, b["dL/dyhat"], *b.grad_W, *b.grad_b]
        hits = _digits_printed(values, numbers)
        least = min(least, hits)
        akin = not spoken or most < 0 or any(("squared" in one) == ("squared" in name) for one in spoken)
        if hits >= most + (SHOWN if akin else SHOWN_OTHERWISE):
            best, most = name, hits
    shown = most >= least + SHOWN
    facts.known["loss"] = Fact(best, "loss")
    words = told(best, best, outputs).partition("read as ")[2]
    if shown or spoken:
        return True, f"loss: {words}" + "; printed numbers show it" * shown
    return False, "loss: none is named, and no printed number shows one; what depends on it is not judged"


def _digits_printed(values: Sequence[Any], numbers: list[tuple[float, float]]) -> int:
    """How many digits of values a sheet prints, each of its numbers counted once."""
    flat = np.concatenate([np.zeros(1), *(np.ravel(value) for value in values)])
    flat = flat[(np.abs(flat) > 1e-9) & (np.abs(flat) != 1)]
    found = (unit for one, unit in numbers if (np.abs(flat - one) <= 0.5001 * unit).any())
    return sum(-round(math.log10(unit)) for unit in found)


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


def _fits(weights: list[Matrix], x: Any, y: Any) -> float:
    """A shape of the targets that does not fit counts against a way; None given, for none."""
    if y is None or np.shape(y) in ((len(x), len(weights[-1])), (len(x),)):
        return 0.0
    return -math.inf


def _decided(facts: Facts, text: str | None, parameters: Callable[[], Parameters], score: Score) -> Parameters:
    """The parameters, under the activations that the sheet leaves open."""
    if text is not None:
        _decide(facts, text, parameters, score)
    return parameters()


def _columns(x: Any, y: Any, weights: list[Matrix]) -> tuple[Any, Any]:
    """Columns as the vectors that they are, where the network takes so many inputs and gives so many outputs."""
    width, height = len(weights[0][0]), len(weights[-1])
    if isinstance(x[0], list) and len(x[0]) == 1 != width and len(x) == width:
        x = [one for row in x for one in row]
    if isinstance(x[0], list) and len(x) == 1 and isinstance(y, int | float):
        x = x[0]
    single = not isinstance(x[0], list)
    if single and isinstance(y, list) and y and isinstance(y[0], list) and (len(y) == height or len(y) == 1):
        y = [one for row in y for one in row]
    return x, y


def _values_printed(
    facts: Facts, weights: list[Matrix], biases: list[list[float]], x: Any, numbers: list[tuple[float, float]]
) -> int:
    """How many digits of values of the forward pass the sheet prints."""
    network, _ = _network(facts, Parameters(weights, biases))
    flat = np.asarray(x, dtype=float)
    with np.errstate(all="ignore"):
        a, h = propagate(network, flat.reshape(-1, network.sizes[0]))
    return _digits_printed([*a, *h[1:]], numbers)


# ---------------------------------------------------------------- rules


def _network(facts: Facts, found: Parameters) -> tuple[Network, list[str]]:
    """The network of the parameters and of the rules that are given or assumed."""
    notes: list[str] = []
    depth, outputs = len(found.weights), len(found.weights[-1])
    hidden, output = _rules(facts, depth, outputs, notes)
    loss = _loss(facts, outputs, output, notes)
    reduction = text_of(facts, "reduction") if "reduction" in facts.known else "mean"
    try:
        return Network(found.weights, found.biases, hidden, output, loss, reduction), notes
    except InputError as error:
        line = facts.known["loss"].line if error.quantity.startswith("loss") and "loss" in facts.known else 0
        raise facts.refuse(error.quantity, error.expected, error.got, line) from None


def _rules(facts: Facts, depth: int, outputs: int, notes: list[str]) -> tuple[list[str], str]:
    """The activation of each hidden layer, and the output."""
    own = {i: layer["activation"] for i, layer in enumerate(facts.layers, 1) if "activation" in layer}
    general = facts.known.get("hidden") or facts.known.get("activation")
    if general is not None and general.value == [] and depth == 1:
        general = None  # no hidden layer, none named
    listed: list[Any] = general.value if general is not None and isinstance(general.value, list) else []
    named = [Fact(one, general.called, general.line) for one in listed] if general is not None and listed else []
    output = facts.known.get("output") or own.get(depth)
    if len(named) == depth and output is None:
        output = named.pop()
    named = named * (depth - 1) if len(named) == 1 else named
    if named and len(named) != depth - 1:
        assert general is not None
        due = f"one activation, or {depth - 1} (one a hidden layer)"
        raise facts.refuse(general.called, due, str(len(named)), general.line)
    usual = general if not listed else None
    if usual is not None:
        _rule(facts, usual, True)
    each = [own.get(i) or (named[i - 1] if named else usual) for i in range(1, depth)]
    hidden = ["sigmoid" if fact is None else _rule(facts, fact, False) for fact in each]
    if output is not None:
        return hidden, _rule(facts, output, True)
    loss = str(facts.value("loss") or "")
    if usual is not None and usual is facts.known.get("activation") and "hidden" not in facts.known:
        chosen = _rule(facts, usual, True)
    elif outputs > 1:
        return hidden, "softmax"
    elif usual is not None:
        chosen = _rule(facts, usual, True)
    elif re.search(r"bce|ce|cross|log|nll", loss.lower()) or not loss:
        chosen = "sigmoid"
    else:
        chosen = "identity"
    notes.append(f"no output function is given: {chosen} is assumed")
    return hidden, chosen


def _rule(facts: Facts, fact: Fact, output: bool) -> str:
    if not isinstance(fact.value, str):
        raise facts.refuse(fact.called, 'the name of an activation, such as "sigmoid"', short(fact.value), fact.line)
    try:
        return rule_named(fact.value, output)
    except InputError as error:
        raise facts.refuse(fact.called, error.expected, error.got, fact.line) from None


def _loss(facts: Facts, outputs: int, output: str, notes: list[str]) -> str:
    if "loss" in facts.known:
        fact = facts.known["loss"]
        written = text_of(facts, "loss")
        try:
            name, told = loss_named(written, outputs, output)
        except InputError as error:
            raise facts.refuse(fact.called, error.expected, error.got, fact.line) from None
        notes += [told] * bool(told)
        return name
    if LOSSES["cross_entropy"].fits(output_named(output), outputs) and (output == "softmax" or outputs > 1):
        return "cross_entropy"
    name = (
        "binary_cross_entropy"
        if LOSSES["binary_cross_entropy"].fits(output_named(output), outputs)
        else "squared_error"
    )
    notes.append(f"no loss is given: {name} is assumed")
    return name


def text_of(facts: Facts, name: str) -> str:
    """A fact that is text.

    Raises:
        InputError: another thing.
    """
    fact = facts.known[name]
    if not isinstance(fact.value, str):
        raise facts.refuse(fact.called, "text in quotation marks", short(fact.value), fact.line)
    return fact.value
