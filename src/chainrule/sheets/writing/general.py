"""Formulas for any unit and rules for any number: ``δ_k = (y_k - t_k) y_k (1 - y_k)``, ``h'(a) = 1 - h(a)^2``.

Where the letters of a formula show which units they count, it is read for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from chainrule.formula import tree as t
from chainrule.formula.plain import JOIN
from chainrule.sheets.formulas.functions import UnreadError
from chainrule.sheets.formulas.grammar import parsed_part
from chainrule.sheets.formulas.parser import Branch
from chainrule.sheets.formulas.reader import tree_of
from chainrule.sheets.formulas.sums import Counted, counted, free_letters, of_weights, width
from chainrule.sheets.names.plain import Names
from chainrule.sheets.writing.segments import Place
from chainrule.system.patterns import regex

MOST = 200  # units that a formula is read for
ANY_UNIT = "a general formula: its letters stand for any unit, and may count others than they are read to count"
ANY_NUMBER = "a rule for any number: it claims nothing about this network"
_LETTER = r"[A-Za-zα-ω]"
_S = rf"[\s{JOIN}]{{0,4}}"
_RULE = regex(
    rf"{_S}(?:\\frac{_S}\{{{_S}[d∂]{_S}\}}{_S}\{{{_S}[d∂]{_S}{_LETTER}{_S}\}}|[d∂]{_S}/{_S}[d∂]{_S}{_LETTER})?{_S}"
    rf"(?:[^\W\d_]{{1,12}}){_S}'{{0,2}}{_S}\({_S}(?P<of>{_LETTER}){_S}\){_S}"
)
#: numbers and what computes with them
NUMBERS = regex(rf"(?=[^0-9]*+[0-9])[-+*/().,\[\]\s0-9eE^{JOIN}]*+")


def is_rule(parts: Sequence[Place]) -> bool:
    """Whether a claim says what a function of a letter is: ``σ'(z) = σ(z) (1 - σ(z))``."""
    subject, *others = (part.text for part in parts)
    match = _RULE.fullmatch(subject) if len(subject) < 100 else None
    numbers = any(NUMBERS.fullmatch(other) and len(other) > 2 for other in others)
    return match is not None and bool(others) and not numbers


def for_all_units(parts: Sequence[Place], names: Names) -> list[t.Expr] | None:
    """The trees of the parts of a claim for all units that its letters count; None where nothing says which.

    Of several units each part is an array of what it is for each; a part that has no letters is then no part of it.
    """
    try:
        nodes = [parsed_part(part.text, names, is_subject=not i) for i, part in enumerate(parts)]
        ways = list(_ways(nodes, names))
        if not ways or (len(ways) > 1 and not all(free_letters(node, {}) for node in nodes)):
            return None
        read = [[tree_of(node, names, bound, counts)[0] for bound, counts in ways] for node in nodes]
    except UnreadError:
        return None
    return [trees[0] if len(trees) == 1 else t.Array(tuple(trees)) for trees in read]


def _ways(nodes: list[Any], names: Names) -> Iterator[tuple[dict[str, int], dict[str, Counted]]]:
    """What the letters of a claim may stand for: each one's number, with the layer whose units it counts."""
    whole = Branch("parts", nodes)
    letters = sorted(free_letters(whole, {}, names))
    counts = {letter: count for letter in letters if (count := counted(letter, whole, names)) is not None}
    for letter in letters:
        if letter not in counts and (count := of_weights(letter, whole, counts, names)) is not None:
            counts[letter] = count
    units = [names.sizes[counts[one].layer] if one in counts else width(one, whole, names, {}) or 0 for one in letters]
    if math.prod(units) > MOST:
        return
    for numbers in product(*(range(1, count + 1) for count in units)):
        yield dict(zip(letters, numbers, strict=True)), counts
