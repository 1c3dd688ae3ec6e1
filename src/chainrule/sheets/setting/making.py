"""The network of parameters and of the rules that are given or assumed."""

from __future__ import annotations

import re
from typing import Any

from chainrule.errors import InputError
from chainrule.network.losses import LOSSES
from chainrule.network.network import Network
from chainrule.network.outputs import output as output_named
from chainrule.sheets.setting.facts import Fact, Facts
from chainrule.sheets.setting.one_number import short
from chainrule.sheets.setting.rules import loss_named, rule_named
from chainrule.sheets.setting.weights import Parameters


def network_made(facts: Facts, found: Parameters) -> tuple[Network, list[str]]:
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
        name = rule_named(fact.value, output)
        return f"leaky_relu({facts.slope:g})" if name == "leaky_relu" and facts.slope else name
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
