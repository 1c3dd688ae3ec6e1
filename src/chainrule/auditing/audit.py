"""``audit``: a worksheet read, marked, diagnosed, and put into words."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.auditing.diagnosis import diagnose
from chainrule.auditing.marking import conventions
from chainrule.auditing.marking.clemency import spared
from chainrule.auditing.marking.contradictions import contradiction
from chainrule.auditing.marking.evidence import borne_out
from chainrule.auditing.marking.mark import BAD, Mark
from chainrule.auditing.marking.naming import NameReader, ReadSheet, in_doubt, is_understood
from chainrule.auditing.marking.open_rules import left_open
from chainrule.auditing.marking.orientation import one_way_round
from chainrule.auditing.marking.shared_biases import in_words
from chainrule.auditing.marking.sheet import mark_sheet
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.claims import claimed_quantity
from chainrule.auditing.model.digits import usual_unit
from chainrule.auditing.model.effort import Effort, Spent
from chainrule.auditing.model.problem import Problem
from chainrule.auditing.records import ACCEPTED, Contradiction
from chainrule.auditing.report.document import Audit
from chainrule.auditing.report.messages import message, part_message, repeated
from chainrule.auditing.report.names import in_words as names_in_words
from chainrule.auditing.report.records import LineAudit, PartAudit
from chainrule.errors import InputError
from chainrule.sheets.header import Worksheet, parse_worksheet, read_worksheet
from chainrule.sheets.lines import Line, lines_unread
from chainrule.sheets.setting.facts import named
from chainrule.sheets.setting.rate import rate_in
from chainrule.sheets.writing.inputs import is_text
from chainrule.sheets.writing.unread import numbers_in
from chainrule.system.patterns import regex


def audit(source: str | os.PathLike[str]) -> Audit:
    """Audit a worksheet: which line is wrong, what it should be, and which mistake was probably made.

    Args:
        source: a file, a notebook (its Markdown cells and printed outputs), ``-`` for standard input, or the text
            itself, which is told by a line break in it.

    Raises:
        InputError: no such file, or one that is no worksheet; a line that cannot be read is no error but a verdict.

    >>> text = '''
    ... +++
    ... [network]
    ... output = "identity"
    ... loss = "half_squared_error"
    ... x = [1, 2]
    ... y = [1]
    ... [[network.layer]]
    ... W = [[0.5, -0.6]]
    ... +++
    ... yhat_1 = 0.5 * 1 - 0.6 * 2 = -0.7
    ... dL/dyhat_1 = y_1 - yhat_1 = 1.7
    ... dL/dW_112 = 3.4
    ... '''
    >>> for line in cr.audit(text).lines:
    ...     print(line.name, line.verdict, *line.mistakes[:1])
    yhat_1 right
    dL/dyhat_1 wrong error_sign
    dL/dW_112 follows
    """
    if isinstance(source, str) and is_text(source):
        return audit_text(source)
    return audit_sheet(read_worksheet(source))


def audit_text(text: str, name: str = "worksheet") -> Audit:
    """Audit the text of a worksheet; ``name`` stands for it in messages. Raises as ``audit`` does."""
    return audit_sheet(parse_worksheet(text, name))


@np.errstate(all="ignore")  # numbers beyond all sizes are values like others
def audit_sheet(sheet: Worksheet) -> Audit:
    """Audit a worksheet that has been read."""
    problem = problem_of(sheet)
    if problem.learning_rate is None and (rate := rate_in(sheet.lines)) is not None:
        problem = replace(problem, learning_rate=rate)
        sheet = replace(sheet, notes=(*sheet.notes, f"the learning rate {rate:g} is the one that a line gives"))
    try:
        read = NameReader(
            problem, sheet.lines, sheet.first_line, sheet.names, sheet.shared, sheet.rules.named, sheet.words
        ).read()
        return _audited(sheet, read.problem, read)
    except Spent:
        most = "what a person can work out"
        raise InputError(named(sheet.path), most, "too many lines, or too large formulas") from None


def _audited(sheet: Worksheet, problem: Problem, names: ReadSheet) -> Audit:
    lines, unit = names.lines, usual_unit(names.lines)
    read = names.inferred or conventions.infer(problem, lines, unit, names.state)

    def marked(header: Problem) -> SheetState:
        best, effort = read.best, Effort.of(problem)
        if header is problem and _stands(read, lines) and best.spent <= effort.left:
            best.effort.left = effort.left - best.spent
            return best
        state = SheetState(header, best.reading, lines, unit, best.both, effort=effort)
        return mark_sheet(state, diagnose)

    state, doubts = marked(problem), conventions.doubtful(read)
    state.marks = [
        replace(m, verdict="undecided", why=conventions.doubt(m, doubts[m.claim.line])) if m.claim.line in doubts else m
        for m in state.marks
    ]
    found = contradiction(state, read.effort) if is_understood(state.marks, names.naming, sheet.given) else None
    contradictions: tuple[Contradiction, ...] = ()
    if found is not None:
        told, mended, shows = found
        contradictions, state = (told,), marked(mended)
        state.marks = [
            replace(m, verdict="undecided", why=told.words) if m.claim.line is shows else m for m in state.marks
        ]
    understood = in_doubt(state.marks, names.naming, sheet.given)
    state.marks = spared(state, understood, sheet.lines, sheet.first_line)
    state.marks = left_open(state, sheet.rules)
    state.marks = one_way_round(state, state.marks)
    if not sheet.has_header:
        state.marks = borne_out(state, state.marks, sheet.lines, sheet.first_line)
    if problem.learning_rate is None:
        state.marks = [replace(m, verdict="undecided", why=NO_RATE) if _steps_at_no_rate(m) else m for m in state.marks]
    state.marks = _against_own_lines(_followers(state.marks))
    return Audit(
        sheet.path,
        sheet.title,
        repr(sheet.network),
        tuple(line_record(state, mark) for mark in state.marks),
        conventions.records(read.held, state),
        contradictions,
        _rounding(state),
        problem.sizes,
        (*sheet.notes, *in_words(problem.shared), *names_in_words(names)),
        unread=tuple(lines_unread(sheet.lines, sheet.first_line, problem.n, lines, _given(sheet))),
    )


def _given(sheet: Worksheet) -> frozenset[float]:
    """The numbers that the sheet gives of its network."""
    network, y = sheet.network, sheet.y
    arrays = [sheet.x, *network.weights, *network.biases, *([] if y is None else [np.asarray(y, dtype=float)])]
    return frozenset(
        number for one in [*(array.tolist() for array in arrays), sheet.learning_rate] for number in numbers_in(one)
    )


def _followers(marks: list[Mark]) -> list[Mark]:
    """The marks, those undecided that follow from a line which is no longer called wrong."""
    verdicts = {id(mark.claim.line): mark.verdict for mark in marks}
    found = []
    for mark in marks:
        root = mark.root if mark.verdict == "follows" else None
        if root is not None and verdicts.get(id(root.claim.line), "wrong") not in BAD:
            mark = replace(mark, verdict="undecided", why=f"it goes on with line {root.number}, which is undecided")
            verdicts[id(mark.claim.line)] = mark.verdict
        found.append(mark)
    return found


def _stands(read: conventions.Inferred, lines: tuple[Line, ...]) -> bool:
    """Whether a sheet is marked already as it is to be: no line of it is wrong, so that there is none to explain."""
    best = read.best
    whole = len(best.lines) == len(lines) and (best.operands or not any(mark.claim.arithmetic for mark in best.marks))
    return whole and best.is_explained and not read.held


def _against_own_lines(marks: list[Mark]) -> list[Mark]:
    """The marks, an error δ undecided that is right against the author's own lines where other errors are open."""
    opened = any(m.verdict == "undecided" and m.node is not None and m.node.kind == "da" for m in marks)
    return [
        replace(m, verdict="undecided", why=SIGNS)
        if opened and m.node is not None and m.node.kind == "da" and m.verdict in ACCEPTED and m.value is not None
        and m.value.inconsistent
        else m
        for m in marks
    ]  # fmt: skip


SIGNS = "your own lines give another number, and which sign your errors have is open"
NO_RATE = "no learning rate is given, neither in the header nor in a line"


def _steps_at_no_rate(mark: Mark) -> bool:
    """Whether a line is wrong only at a learning rate that nobody gave."""
    return mark.verdict in BAD and mark.place is not None and mark.place.time > 0 and mark.value is not None


def problem_of(sheet: Worksheet) -> Problem:
    """The problem of a worksheet; without targets in the header, what needs them is undefined."""
    if sheet.y is None and sheet.network.loss != "identity":
        k = sheet.network.sizes[-1]
        n = len(sheet.x) if sheet.x.ndim == 2 else None
        low, high = sheet.network.loss_rule.target_range
        stand_in = np.full((k,) if n is None else (n, k), np.clip(0.5, low, high))
        problem = Problem.of(sheet.network, sheet.x, stand_in, sheet.sample_weight, sheet.learning_rate)
        return replace(
            problem, y=np.full_like(problem.y, np.nan), settled=sheet.rules.settled, turned=sheet.rules.turned
        )
    problem = Problem.of(sheet.network, sheet.x, sheet.y, sheet.sample_weight, sheet.learning_rate)
    return replace(problem, settled=sheet.rules.settled, turned=sheet.rules.turned, update_biases=_has_biases(sheet))


def _has_biases(sheet: Worksheet) -> bool:
    """Whether a sheet gives biases or speaks of one: a network given in lines without any has none to update."""
    if sheet.has_header or any(np.any(b) for b in sheet.network.biases):
        return True
    return any(map(_BIAS.search, (*sheet.given, *sheet.lines)))


_BIAS = regex(
    r"(?<![A-Za-z])(?:[bcβθ](?![A-Za-z])|\\(?:beta|theta)|[Bb]ia[is]|[Bb]iás|[Tt]hreshold|offset"
    r"|截距|偏置|バイアス|편향)"
)


def _rounding(state: SheetState) -> str:
    cut = sum(m.verdict == "truncated" for m in state.marks)
    rounded = sum(m.verdict == "rounded" and not m.why for m in state.marks)
    return "rounds" if not cut else "both" if rounded else "truncates"


def line_record(state: SheetState, mark: Mark) -> LineAudit:
    """A mark as a record."""
    state = state.view(mark)
    line, value = mark.claim.line, mark.value
    numbers = mark.claim.numbers if value is None else value.numbers
    due = None if value is None else _plain(value.due)
    if value is None and mark.place is not None and mark.verdict != "unreadable":
        due = _plain(state.truth.value(mark.place))
    parts = [PartAudit(f.part.text, f.kind, f.verdict, part_message(f), f.found) for f in mark.formulas]
    if value is not None:
        found = tuple(f for f in mark.found if f.value is not None) if value.verdict == "wrong" else ()
        parts.append(PartAudit(value.numbers.text, "value", value.verdict, "", found))
    told, brief = message(state, mark)
    return LineAudit(
        line.number,
        line.text,
        mark.claim.subject,
        None if numbers is None else _plain(numbers.value),
        due,
        None if value is None or value.own is None else (_plain(value.own.low), _plain(value.own.high)),
        mark.verdict,
        tuple(parts),
        tuple(mark.found),
        told,
        mark.root.number if mark.root is not None and mark.verdict == "follows" else None,
        None if numbers is None or state.exact else numbers.decimals,
        None if value is None else value.fits,
        claimed_quantity(line, state.problem.sizes, state.reading.swapped),
        brief,
        None if (before := repeated(state, mark)) is None else before.number,
    )


def _plain(value: Any) -> Any:
    array = np.asarray(value, dtype=float)
    return float(array) if array.ndim == 0 else array
