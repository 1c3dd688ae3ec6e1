"""A sheet without a header: what its own first lines give of the network, and what its words say of the rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from chainrule.formula import tree as t
from chainrule.formula.plain import JOIN
from chainrule.sheets.facts import WORDS, Fact, Facts, canonical, parameter
from chainrule.sheets.grammar import parse_part
from chainrule.sheets.names import Names
from chainrule.sheets.statements import claims
from chainrule.sheets.tokens import UnreadError

_NAME = re.compile(r"(?:[A-Za-zηαθΘ]|\\[a-z]+)[\w{}^()\[\],\\]*(?:\s*[_^]\s*[\w{(\[][\w{}()\[\],]*)*\s*$")
_NUMBERED = re.compile(r"(?P<word>x|i|input|y|t|target|label|T|X|Y)_?(?P<index>[1-9][0-9]?|o[1-9])")
_VECTORS = {"x": "x", "i": "x", "input": "x", "t": "y", "target": "y", "label": "y", "y": "y"}
_RATE = re.compile(r"(?:learning\s+rate|step\s+size)\b[^0-9\n=.]{0,30}(?:=\s*)?\$?\s*([0-9]*\.?[0-9]+)", re.IGNORECASE)
_SPOKEN = {
    "softmax": r"soft-?max",
    "leaky_relu": r"leaky[\s_-]?relu",
    "relu": r"(?<!leaky[\s_-])(?<!leaky)relu|max\s*\(\s*0\s*,",
    "tanh": r"\\?tanh|hyperbolic tangent",
    "sigmoid": r"sigmoid|logistic|\\sigma|σ|1\s*\+\s*e\s*\^|1\s*\+\s*(?:np\.)?\\?exp",
    "identity": r"linear (?:output|activation|neuron|unit)|identity|no activation",
}
_LOSSES = {
    "binary_cross_entropy": r"binary cross[\s-]?entropy|\bBCE\b|log[\s-]?loss|1\s*-\s*y\w*\s*\)\s*\\?(?:log|ln)",
    "cross_entropy": r"cross[\s-]?entropy|negative log[\s-]?likelihood|\bNLL\b",
    "half_squared_error": r"(?:1/2|½|frac\s*\{?1\}?\s*\{?2\}?|0\.5)\W{0,12}(?:\\sum\S*\s*)?(?:\\left)?\(.{3,60}\)\s*\^",
    "mean_squared_error": r"mean[\s-]squared|\bMSE\b",
    "squared_error": r"squared[\s-]error|sum of squares|\bSSE\b|\)\s*\^\s*\{?2",
}


def given_facts(lines: Sequence[str], sheet: str) -> Facts:
    """What the lines of a sheet give: the first value of each input, target, weight and bias, and the learning rate.

    A line gives a value where nothing is computed in it: ``w_1 = 0.15``, ``W^{(1)} = [[…]]``.
    """
    facts = Facts(sheet)
    parts: dict[str, dict[int, Fact]] = {"x": {}, "y": {}, "t": {}}
    for number, name, value in _values(lines):
        _take(facts, parts, name, Fact(value, name, number))
    targets = parts["t"] or parts["y"]
    for fact, found in (("x", parts["x"]), ("y", targets)):
        if found and (fact not in facts.known or targets is parts["t"]):
            listed = [found[i].value for i in sorted(found)]
            facts.known.setdefault(fact, Fact(listed, fact, min(f.line for f in found.values())))
    rate = _RATE.search("\n".join(lines))
    if rate is not None:
        facts.known.setdefault("learning_rate", Fact(float(rate[1]), "learning rate"))
    return facts


def _take(facts: Facts, parts: dict[str, dict[int, Fact]], name: str, fact: Fact) -> None:
    word = canonical(name)
    bare = re.sub(r"[\\{}()\[\]\s]|mathbf|mathrm|boldsymbol|text", "", name)
    numbered = _NUMBERED.fullmatch(bare)
    single = not isinstance(fact.value, list)
    if numbered is not None and single:
        vector = _VECTORS[numbered["word"].lower()]
        kind = "t" if vector == "y" and numbered["word"].lower() != "y" else vector
        parts[kind].setdefault(int(numbered["index"].lstrip("o")), fact)
    elif parameter(name) is not None and len(name) < 30:
        facts.parameters.setdefault(bare, fact)
    else:
        word = next((k for k, words in WORDS.items() if k in ("x", "y", "learning_rate") and word in words), "")
        if word and (word != "learning_rate" or single):
            facts.known.setdefault(word, fact)


def _values(lines: Sequence[str]) -> Iterator[tuple[int, str, Any]]:
    """(line, name, value) of each claim that gives a name numbers and computes nothing."""
    names = Names((1, 1))
    for claim in claims(lines, 1):
        if claim.error or len(claim.parts) != 2:
            continue
        subject = claim.parts[0].text.replace(JOIN, " ").strip()
        called = _NAME.search(subject)
        if called is None or len(claim.parts[1].text) > 20_000:
            continue
        try:
            tree, _ = parse_part(claim.parts[1].text, names)
        except UnreadError:
            continue
        value = _plain(tree)
        if value is not None:
            spoken = re.search(r"(learning rate|step size)\s*$", subject, re.IGNORECASE)
            yield claim.number, spoken[1].replace(" ", "_") if spoken else called[0].strip(), value


def _plain(tree: t.Expr) -> Any:
    """A number, or lists of numbers; None for anything that is computed."""
    match tree:
        case t.Number(value=value, written=written):
            return int(value) if written.isdigit() else value
        case t.Neg(item=t.Number(value=value)):
            return -value
        case t.Transpose(item=item):
            return _plain(item)
        case t.Array(items=items):
            found = [_plain(item) for item in items]
            return None if any(one is None for one in found) else found
        case _:
            return None


def rules_in(text: str) -> list[tuple[str, str]]:
    """The pairs of hidden activation and output that the words of a sheet leave open, the likeliest first."""
    first = {name: found.start() for name, shape in _SPOKEN.items() if (found := re.search(shape, text, re.IGNORECASE))}
    spoken = sorted((name for name in first if name != "softmax"), key=lambda name: first[name])
    hidden = spoken or ["sigmoid", "tanh", "relu"]
    outputs = ["softmax"] if "softmax" in first else []
    outputs += [*reversed(spoken), *(name for name in ("sigmoid", "identity") if name not in spoken)]
    return [(one, other) for one in hidden for other in outputs]


def losses_in(text: str, output: str, outputs: int) -> list[str]:
    """The losses that the words of a sheet leave open, the likeliest first."""
    found = [name for name, shape in _LOSSES.items() if re.search(shape, text, re.IGNORECASE)]
    if "cross_entropy" in found and "binary_cross_entropy" not in found and outputs == 1:
        found.insert(0, "binary_cross_entropy")
    usual = "cross_entropy" if output == "softmax" else "half_squared_error"
    return found or [usual]
