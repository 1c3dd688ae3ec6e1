"""The header offered to somebody whose sheet gives too little of its network: what was read of it already is in it."""

from __future__ import annotations

from typing import Any

from chainrule.sheets.setting.facts import Facts, bare
from chainrule.sheets.setting.numbering import is_bias
from chainrule.system.patterns import regex

_KEY = regex(r"[A-Za-z0-9_-]+")
_RULES = ('hidden = "sigmoid"', 'output = "sigmoid"', 'loss = "mse"')
_LAYERS = ("[[layer]]", "W = [[0.5, 0.2], [-0.3, 0.8]]", "b = [0, 0]", "[[layer]]", "W = [[0.4, -0.6]]", "b = [0]")
MOST = 40  # parameters that are repeated


def header_for(facts: Facts) -> str:
    """A header to copy: the inputs, targets, weights and biases that were read, and stand-ins for the others."""
    lines = ["+++"]
    for name, example in (("x", "[1, 2]"), ("y", "[1]"), ("learning_rate", "")):
        fact = facts.known.get(name)
        lines += [f"{name} = {example if fact is None else _written(fact.value)}"] if fact or example else []
    lines += _RULES
    given = list(facts.parameters.items())[:MOST]
    lines += [f"{_key(name)} = {_written(fact.value)}" for name, fact in given] if given else _LAYERS
    return "\n".join([*lines, "+++"])


def what_was_read(facts: Facts) -> str:
    """What was read of a network, in words; "" for nothing."""
    weights = [bare(fact.called) for key, fact in facts.parameters.items() if not is_bias(key)]
    biases = [bare(fact.called) for key, fact in facts.parameters.items() if is_bias(key)]
    found: list[str] = [name for name in ("x", "y") if name in facts.known]
    found += [f"{kind} {_few(names)}" for kind, names in (("weights", weights), ("biases", biases)) if names]
    return ", ".join(found)


def _few(names: list[str]) -> str:
    return " ".join([*names[:6], *["…"] * (len(names) > 6)])


def _key(name: str) -> str:
    return name if _KEY.fullmatch(name) else f'"{name}"'


def _written(value: Any) -> str:
    return repr(value).replace("(", "[").replace(")", "]")
