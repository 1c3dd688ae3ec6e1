"""What sentences give of a network: ``x_1 and x_2 are equal to 1``, ``the weights into the first hidden neuron``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chainrule.sheets.setting.facts import Fact, Facts
from chainrule.system.patterns import regex

_NUMBER = r"[-−]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
_NAME = r"\$?(?:[xXwWbvti]_?\{?[0-9]{1,3}\}?)\$?"
_EQUAL = regex(
    rf"(?P<names>{_NAME}(?:\s*(?:,|,?\s+and)\s*{_NAME})*)\s+(?:is|are)\s+(?:both\s+|each\s+|all\s+)?"
    rf"(?:(?:equal|set|initiali[sz]ed)\s+to\s+)?\$?(?P<value>{_NUMBER})\$?(?![0-9.]*\w|\s*[-+*/×·^=(])"
)
_LIST = rf"{_NUMBER}(?:\s*(?:,\s*(?:and\s+)?|and\s+){_NUMBER})*(?![0-9.]*[\w%]|\s*[*/×·^=])"
_UNIT = r"(?:neuron|unit|node)"
_ORDER = ("first", "second", "third", "fourth", "fifth", "sixth")
_INTO = regex(
    rf"\b(?:into|to|of|for)\s+(?:the\s+)?(?:(?P<order>{'|'.join(_ORDER)})\s+hidden\s+{_UNIT}"
    rf"|hidden\s+{_UNIT}\s+(?P<number>[1-6]))\s*(?:are|is|:|=)?\s*(?P<list>{_LIST})",
    re.IGNORECASE,
)
_OUT = regex(
    rf"\b(?:output\s+weights?|weights?\s+(?:into|to|of)\s+the\s+output(?:\s+{_UNIT})?)\s*(?:are|is|:|=)\s*(?P<list>{_LIST})",
    re.IGNORECASE,
)
_HIDDEN_BIAS = regex(rf"\bhidden\s+bias(?:es)?\s*(?:are|is|:|=)\s*(?:both\s+|all\s+)?(?P<list>{_LIST})", re.IGNORECASE)
_OUTPUT_BIAS = regex(
    rf"\b(?:output\s+bias|bias\s+of\s+the\s+output(?:\s+{_UNIT})?)\s*(?:is|:|=)\s*(?P<list>{_LIST})", re.IGNORECASE
)
#: weights w = (0.5, -0.25), bias $0.4$
_BIAS = regex(
    r"(?<!hidden )(?<!output )\bbias\s+(?:(?:is|of|=)\s*)?\$?(?P<bias>[-−]?[0-9]*\.[0-9]+)\$?(?![0-9.]*\s*[*/×·^=])"
)
#: Hidden biases: b1 = 0, b2 = 0.1
_NUMBERED_HIDDEN = regex(r"\bhidden\s+bias(?:es)?\s*:?\s+\$?b_?\{?1\}?\s*=[^\n=]{1,20}\bb_?\{?2", re.IGNORECASE)


def with_equal(line: str) -> str:
    """A sentence that gives several names one number, with the number behind each.

    >>> with_equal("inputs $x_1$ and $x_2$ are equal to 1 and the target is 0")
    'inputs $x_1 = 1$, $x_2 = 1$ and the target is 0'
    """

    def each(match: re.Match[str]) -> str:
        names = [name.strip("$ ") for name in re.split(r",?\s+and\s+|,", match["names"])]
        dollar = "$" if "$" in match["names"] else ""
        return ", ".join(f"{dollar}{name.strip()} = {match['value']}{dollar}" for name in names)

    return _EQUAL.sub(each, line) if " is " in line or " are " in line else line


def told_weights(facts: Facts, lines: Sequence[str]) -> None:
    """Take the weights and biases of a hidden layer and of one output from sentences, where no line gives any.

    Of ``w = (0.5, -0.25), bias 0.4`` the bias alone is taken from the words.
    Nothing is taken where a unit is missing, or where there are not as many weights as units before.
    """
    text = "\n".join(line for line in lines if len(line) < 5_000)
    biases = [key for key in facts.parameters if key[0] in "bc"]
    if {"w", *biases} <= set(facts.parameters) and biases in ([], ["c"]) and (told := _BIAS.search(text)):
        facts.parameters["b"] = Fact(float(told["bias"].replace("−", "-")), "b")
    if len(biases) > 1 and "c" not in biases and _NUMBERED_HIDDEN.search(text):
        output = _OUTPUT_BIAS.search(text)  # those of the hidden units are numbered, and not the layers
        facts.parameters["c"] = Fact(_listed(output["list"])[0] if output else 0.0, "c")
    if facts.parameters or "idden" not in text:
        return
    rows: dict[int, list[float]] = {}
    for match in _INTO.finditer(text):
        at = _ORDER.index(match["order"].lower()) + 1 if match["order"] else int(match["number"])
        rows.setdefault(at, _listed(match["list"]))
    output = _OUT.search(text)
    inputs = facts.value("x")
    width = len(inputs) if isinstance(inputs, list) else 1
    whole = sorted(rows) == list(range(1, len(rows) + 1)) and {len(row) for row in rows.values()} == {width}
    if output is None or not whole or len(second := _listed(output["list"])) != len(rows):
        return
    given: dict[str, object] = {"W_1": [rows[i] for i in sorted(rows)], "W_2": [second]}
    for name, shape, units in (("b_1", _HIDDEN_BIAS, len(rows)), ("b_2", _OUTPUT_BIAS, 1)):
        if (one := shape.search(text)) is not None:
            found = _listed(one["list"])
            if len(found) not in (1, units):
                return
            given[name] = found * units if len(found) == 1 else found
    facts.parameters = {name: Fact(value, name) for name, value in given.items()}


def _listed(text: str) -> list[float]:
    return [float(one.replace("−", "-")) for one in re.findall(_NUMBER, text)]
