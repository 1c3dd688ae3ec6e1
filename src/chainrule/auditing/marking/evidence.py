"""Lines of a sheet without a header that are wrong as it is read, where the reading has too little to show for it.

What a sheet gives and what its names mean is read from its own lines. So a line is called wrong only where others bear
the reading out, or where the line contradicts itself, or where a mistake that people make gives just its number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from chainrule.auditing.marking.formulas import literals, with_radius
from chainrule.auditing.marking.mark import FormulaMark, Mark
from chainrule.auditing.marking.naming import is_telling
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.marking.witnesses import is_false
from chainrule.auditing.model.world import NumbersOnly
from chainrule.auditing.records import ACCEPTED
from chainrule.errors import InputError
from chainrule.system.patterns import regex

UNKNOWN = "inconsistent_with_own_line"  # what is told of a line where no mistake gives its number
MOST_ROOTS = 2  # wrong lines of a sheet that are never too many
#: mistakes that a wrong reading of names looks like
SLIPS = (UNKNOWN, "digit_transposition_or_copy", "decimal_slip", "index_slip", "sign_lost", "term_missing")
TOGETHER = (
    "its formula and its numbers go together, but not with {0} as that name is read here, and no known mistake gives "
    "the difference; a table [names] in the header that says what {0} is would settle it"
)
_PLAIN = (0.0, 0.5, 1.0, 2.0)  # numbers of formulas
_NUMBER = regex(r"[0-9]*\.?[0-9]+")
#: words of another pass, or of another example
_ANOTHER = regex(
    r"\b(?:new|updated?|again|second|next|repeat|another|epoch|iteration|example|neu|nouve|nuev|nov[oa]|aktualis|actuali"
    r"|обнов|нов)|更新|新|次|업데이트|cập nhật",
    re.IGNORECASE,
)
OTHER_VALUE = "line {} gives another value of it, which is right; this one may be of another pass or example"
MISREAD = (
    "as the sheet is read here {} of its lines would be wrong that have nothing wrong in themselves, and only {} come "
    "out: it is the reading that does not fit; a header that gives the network would settle it"
)


def borne_out(state: SheetState, marks: Sequence[Mark], lines: Sequence[str], first_line: int) -> list[Mark]:
    """The marks of a sheet without a header, undecided where it is as likely that the sheet is read wrongly.

    Args:
        lines: of the sheet as written. first_line: the number of the first of them.
    """
    roots = [m for m in marks if m.verdict == "wrong" and m.place is not None and not _contradicts_itself(m)]
    shown = sum(map(_shows, marks))
    slips = [m for m in roots if all(f.id in SLIPS for f in m.found)]
    if len(slips) > (MOST_ROOTS if shown else 1) and 2 * len(slips) > shown:
        why = MISREAD.format(len(roots), shown or "none")
        return [replace(m, verdict="undecided", why=why) if m in roots or m.verdict == "follows" else m for m in marks]
    found = []
    for i, mark in enumerate(marks):
        above = lines[: max(mark.number - first_line, 0)]
        why = _unproven(state, mark, marks[:i], above) if mark.verdict == "wrong" else ""
        found.append(replace(mark, verdict="undecided", why=why) if why else mark)
    return found


def _unproven(state: SheetState, mark: Mark, before: Sequence[Mark], above: Sequence[str]) -> str:
    """Why a line that is wrong as it is read is not called so; "" for one that is."""
    if mark.value_verdict != "wrong" or mark.place is None or mark.unexplained:
        return ""
    known = any(c.found.id != UNKNOWN for c in mark.candidates)
    if known or any(one.id != UNKNOWN for f in mark.formulas for one in f.found):
        return ""
    at = _at(mark)
    same = (m for m in reversed(before) if _at(m) == at and state.view(m) is state.view(mark))
    other = next((m for m in same if m.verdict in ACCEPTED and m.value is not None), None)
    between = "" if other is None else "\n".join(above[other.number - mark.number :])
    if other is not None and _ANOTHER.search(between) and not _contradicts_itself(mark):
        return OTHER_VALUE.format(other.number)
    parts = [f for f in mark.formulas if not f.slips]
    given = {abs(float(one)) for line in above for one in _NUMBER.findall(line)} | state.given
    if (
        len(parts) == len(mark.formulas)
        and any(f.kind == "arithmetic" and _takes(f, given) for f in parts)
        and all(_gives(state.view(mark), mark, f) for f in parts)
    ):
        return TOGETHER.format(mark.claim.subject)
    return ""


def _at(mark: Mark) -> tuple[object, ...]:
    """The quantity of a line, the entry of it, and after how many updates."""
    return () if mark.place is None else (mark.place.name, mark.place.time, mark.place.index)


def _shows(mark: Mark) -> bool:
    """Whether a line bears the reading out: a telling number that is computed, and right."""
    value, node = mark.value, mark.node
    if value is None or node is None or mark.verdict not in ACCEPTED:
        return False
    is_given = node.kind in ("W", "b", "y") and not node.time
    return not is_given and is_telling(value)


def _contradicts_itself(mark: Mark) -> bool:
    """Whether what a line computes is not the number behind it."""
    return any(is_false(part, mark) for part in mark.formulas)


def _takes(part: FormulaMark, given: set[float]) -> bool:
    """Whether each number in a part stands above in the sheet."""
    return all(abs(number.value) in given or number.value in _PLAIN for number in literals(part.part.tree))


def _gives(state: SheetState, mark: Mark, part: FormulaMark) -> bool:
    """Whether a part of a line gives the number behind it, with the numbers that the author's lines give."""
    if part.kind == "arithmetic":
        return part.verdict in ACCEPTED
    assert mark.value is not None
    written = mark.value.numbers
    try:
        names = state.lookup(state.printed, numeric=True)
        given, radius = with_radius(part.part.tree, names, state.digits, state.effort)
    except (InputError, NumbersOnly):
        return False
    if given.size != written.value.size:
        return False
    gap = np.abs(given.reshape(written.value.shape) - written.value)
    return bool((gap <= radius.reshape(written.value.shape) + 1.5 * written.unit).all())
