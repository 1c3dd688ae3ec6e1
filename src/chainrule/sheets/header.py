"""A worksheet: the network that it gives, in a header or in its own lines, and the lines below."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chainrule.errors import InputError
from chainrule.network import names as notation
from chainrule.network.arrays import Array
from chainrule.network.checks import examples, targets
from chainrule.network.network import Network
from chainrule.sheets.names.naming import NUMBERED
from chainrule.sheets.setting.assembly import network_of, numbers_of
from chainrule.sheets.setting.deciding import Rules
from chainrule.sheets.setting.facts import Fact, Facts, facts_of, named
from chainrule.sheets.setting.making import text_of
from chainrule.sheets.setting.modules import with_layers_named
from chainrule.sheets.setting.one_number import number, short
from chainrule.sheets.setting.sample import header_for, what_was_read
from chainrule.sheets.setting.spellings import spelled
from chainrule.sheets.setting.thresholds import with_biases
from chainrule.sheets.setting.weights import without_velocities
from chainrule.sheets.writing.hypertext import without_tags
from chainrule.sheets.writing.inputs import cells_in, read_text
from chainrule.sheets.writing.macros import with_macros
from chainrule.sheets.writing.sessions import with_claims

MOST_UNITS = 10_000  # of a layer, the inputs too
MOST_PAIRS = 1_000_000  # of outputs, over all examples: softmax has a slope for each pair
MOST_PRODUCTS = 2_000_000  # of weights and examples
_FENCES = {"+++": "+++", "---": "---", "```toml": "```"}


@dataclass(frozen=True, eq=False)
class Worksheet:
    """A worksheet: its header read, its lines as they are.

    Attributes:
        network, x, y, sample_weight: as for ``Network.backward``.
        lines: the text below the header; ``first_line`` is the number of its first line in the file.
        names: what the author calls our quantities, by the table ``[names]``: ``{"w5": "W_211", "u": "a"}``.
        shared: layers, counted from 1, whose units have one bias between them.
        notes: how the header was read where it leaves something open, a sentence each.
        given: what lists of inputs and targets, and matrices, are called in the lines that give them; of a single unit
            all that lines give.
        rules: what a sheet without a header says of its rules, and the others that it leaves open.
        words: words that stand for one kind of quantity, by what is given under them: v for weights.
        has_header: there is one; else the network is read from the lines.
    """

    path: str
    title: str
    network: Network
    x: Array
    y: Any
    sample_weight: list[float] | None
    learning_rate: float | None
    lines: tuple[str, ...]
    first_line: int
    names: dict[str, str] = field(default_factory=dict)
    shared: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()
    given: frozenset[str] = frozenset()
    rules: Rules = field(default_factory=Rules)
    words: dict[str, str] = field(default_factory=dict)
    has_header: bool = True


def read_worksheet(path: str | os.PathLike[str]) -> Worksheet:
    """Read a worksheet file, the cells of a notebook, or standard input for ``-``.

    Raises:
        InputError: no such file, not text, no network in it, or a header that does not fit.
    """
    name = os.fspath(path)
    return parse_worksheet(read_text(path), "standard input" if name == "-" else name)


def parse_worksheet(text: str, name: str = "worksheet") -> Worksheet:
    """Read the text of a worksheet; ``name`` stands for it in messages.

    Raises:
        InputError: no network in it, or a header that does not fit.
    """
    shown = without_tags(text.splitlines())
    lines = with_claims(with_layers_named(with_macros(shown)))
    block = _header(lines, name)
    if block is None:
        from chainrule.sheets.lines import MOST_LINES
        from chainrule.sheets.setting.given import given_facts

        if len(lines) > MOST_LINES:
            raise InputError(named(name), f"a header, or at most {MOST_LINES} lines", str(len(lines)))
        (facts, rest), first_line = given_facts(lines, name), 1
        _check_enough(facts)
    else:
        start, end = block
        written, own = spelled(lines[start + 1 : end])
        facts = facts_of(written, start + 2, name)
        facts.names.update({key: Fact(meaning, key) for key, meaning in own.items() if key not in facts.names})
        leading = not any(line.strip() for line in lines[:start])
        # a header further down leaves its lines empty, so that the others keep their numbers
        rest = tuple(lines[end + 1 :] if leading else [*lines[:start], *[""] * (end + 1 - start), *lines[end + 1 :]])
        first_line = end + 2 if leading else 1
        if told := with_biases(facts, rest):  # where the header ends
            stands = "; ".join(told.values())
            rest = (stands, *rest) if leading else (*rest[:end], stands, *rest[end + 1 :])
            first_line -= leading
    return _worksheet(facts, rest, first_line, "\n".join(shown) if block is None else None)


def _header(lines: Sequence[str], name: str) -> tuple[int, int] | None:
    """The lines of the two fences of the header; None for a sheet without one."""
    first = next((i for i, line in enumerate(lines) if line.strip()), None)
    for start, line in enumerate(lines):
        opening = line.strip()
        if opening not in _FENCES or (opening == "---" and start != first):
            continue
        end = next((i for i in range(start + 1, len(lines)) if lines[i].strip() == _FENCES[opening]), None)
        if end is None:
            if opening == "---":
                return None  # a rule across the page
            due = f"a second line of {_FENCES[opening]} that ends it"
            raise InputError(f"{named(name)}: the header that begins in line {start + 1}", due, "none")
        if opening == "---" and not any("=" in inside for inside in lines[start + 1 : end]):
            return None  # the front matter of a page
        return start, end
    return None


def _check_enough(facts: Facts) -> None:
    missing = [] if "x" in facts.known else ["no input x"]
    if not facts.parameters:
        missing.append("no weights (W_1 = …, or w_1 = 0.15, w_2 = …)")
    if missing:
        due = "a network, in a header or in lines that give it"
        read = what_was_read(facts)
        raise with_header(
            InputError(facts.place, due, " and ".join(missing) + f"; read were {read}" * bool(read)), facts
        )


def with_header(error: InputError, facts: Facts) -> InputError:
    """The error that a sheet gives too little, with a header to copy that repeats what was read."""
    error.add_note(f"A header to copy and to fill in:\n{header_for(facts)}")
    return error


def _worksheet(facts: Facts, lines: tuple[str, ...], first_line: int, text: str | None) -> Worksheet:
    try:
        given = network_of(facts, lines, text)
    except InputError as error:
        raise error if text is None else with_header(error, facts) from None
    network, x, y = given.network, given.x, given.y
    said = facts.known.get("sizes")
    if said is not None and said.value not in (list(network.sizes), list(network.sizes[1:])):
        raise facts.refuse(said.called, f"{list(network.sizes)}, as the weights", short(said.value), said.line)
    largest = max(network.sizes)
    if largest > MOST_UNITS:
        raise InputError(facts.place, f"layers of at most {MOST_UNITS} units", str(largest))
    batch, single = examples("x", x, network.sizes[0], network.dtype)
    if (pairs := len(batch) * network.sizes[-1] ** 2) > MOST_PAIRS:
        most = f"at most {MOST_PAIRS} for outputs x outputs x examples"
        raise InputError(facts.place, most, str(pairs))
    if (products := len(batch) * network.parameter_count) > MOST_PRODUCTS:
        raise InputError(facts.place, f"at most {MOST_PRODUCTS} for weights x examples", str(products))
    if y is not None:
        _check_targets(facts, y, len(batch), network, single)
    rate, title = facts.known.get("learning_rate"), facts.value("title")
    return Worksheet(
        facts.sheet,
        text_of(facts, "title") if title is not None else "",
        network,
        batch[0] if single else batch,
        y,
        numbers_of(facts, "sample_weight", 1) if "sample_weight" in facts.known else None,
        None if rate is None else number(facts, rate, rate.called),
        lines,
        first_line,
        _names(facts, network.sizes),
        given.shared,
        (*given.notes, *cells_in(lines, first_line)),
        frozenset() if text is None else _given(facts, network.sizes),
        given.rules,
        _words(facts),
        text is None,
    )


def _words(facts: Facts) -> dict[str, str]:
    """What words are known to stand for: v for weights, and W1, W2, … for single ones, where they are given so."""
    given = without_velocities(facts.parameters)
    found = {"v": "W"} if any(key[0] in "vV" for key in given) else {}
    if any(key[0] == "θ" for key in given) and any(key[0] in "wW" for key in given):
        found |= {"θ": "b", "theta": "b"}
    single = [
        key for key, fact in given.items() if re.fullmatch(r"W_?[0-9]+", key) and not isinstance(fact.value, list)
    ]
    return {**found, "W": NUMBERED} if single else found


def _given(facts: Facts, sizes: Sequence[int]) -> frozenset[str]:
    """The names under which lines give lists of inputs and of targets, and matrices; of a single unit all of them."""
    whole = [facts.known[name] for name in ("x", "y") if name in facts.known]
    given = (*whole, *facts.parameters.values())
    return frozenset(f.called for f in given if isinstance(f.value, list) or list(sizes[1:]) == [1])


def _check_targets(facts: Facts, y: Any, n: int, network: Network, single: bool) -> None:
    fact, outputs = facts.known["y"], network.sizes[-1]
    if single and isinstance(y, list) and len(y) != outputs:
        due = f"{outputs} target{'s' * (outputs > 1)}, one for each output"
        raise facts.refuse(fact.called, due, str(len(y)), fact.line)
    try:
        targets(y, n, outputs, single, network.dtype)
    except InputError as error:
        raise facts.refuse(fact.called, error.expected, error.got, fact.line) from None


def _names(facts: Facts, sizes: Sequence[int]) -> dict[str, str]:
    """The table ``[names]``, each value a quantity of this network or a symbol alone.

    Raises:
        InputError: another value; the line is named.
    """
    found: dict[str, str] = {}
    for written, fact in facts.names.items():
        meaning = fact.value
        if not isinstance(meaning, str):
            due = 'a name of this package in quotation marks, such as "W_211"'
            raise facts.refuse(f"{written} in [names]", due, short(meaning), fact.line)
        if meaning not in notation.SYMBOLS and meaning not in ("δ", "delta", "z"):
            try:
                notation.find(meaning, sizes)
            except InputError as error:
                raise facts.refuse(f"{written} in [names]", error.expected, repr(meaning), fact.line) from None
        found[written.strip()] = meaning
    return found
