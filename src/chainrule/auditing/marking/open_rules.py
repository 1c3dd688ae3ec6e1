"""Lines that hang on a rule which the sheet does not say: nobody is accused by what was only assumed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from chainrule.auditing.marking.mark import BAD, Mark
from chainrule.auditing.marking.sheet import mark_sheet
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.effort import READINGS, Effort, Spent
from chainrule.auditing.records import ACCEPTED
from chainrule.errors import InputError
from chainrule.sheets.lines import Line
from chainrule.sheets.setting.deciding import Rules
from chainrule.sheets.setting.said_losses import square_stated, states_loss
from chainrule.system.patterns import regex

NO_LOSS = "it depends on the loss, which the sheet does not say"
PENALTY = "the loss has a term of the weights, which is not read: what depends on it is not judged"
WITH_BIASES = "its matrix has the biases as its first column, and a 1 stands for them in what it is multiplied with"
MOMENTUM = "the steps are not those of plain gradient descent: what depends on them is not judged"
UNREAD = "{} is an activation that is not known here: what depends on it is not judged"
DEFINES = "it says what the loss is, in names that the other lines do not have"
_OF_LOSS = ("L", "dh", "da", "dW", "db")
_OF_PENALTY = ("L", "dW")
_ITS_NAMES = ("λ", "lambda")
_THETA = regex(r"[Tt]heta|[θΘαβW]|\\(?:alpha|beta)")  # of sheets that give the biases with the weights


def left_open(state: SheetState, rules: Rules) -> list[Mark]:
    """The marks, undecided where the line would be right under other rules that fit what the sheet says.

    Where the loss is neither said nor shown, what depends on it is undecided, but what is right under all losses.
    """
    marks = [_of_loss(m, state) for m in state.marks]
    if rules.penalty:
        marks = [_undecided(m, PENALTY) if _depends(m, _OF_PENALTY) or _names_penalty(m) else m for m in marks]
    if rules.momentum:
        bad = (*BAD, "follows")
        marks = [_undecided(m, MOMENTUM) if m.verdict in bad and (m.node is None or m.node.time) else m for m in marks]
    if rules.bias_columns:
        marks = [_undecided(m, WITH_BIASES) if m.verdict in BAD and _THETA.search(m.claim.line.text) else m
                 for m in marks]  # fmt: skip
    if rules.unread:
        why = UNREAD.format(rules.unread)
        marks = [_undecided(m, why) if m.verdict in BAD and not _is_first(m) else m for m in marks]
    unsure = not rules.loss_known and any(_depends(m, _OF_LOSS) for m in marks)
    if not rules.others or not (unsure or any(m.verdict in BAD for m in marks)):
        return marks
    readings = list(_readings(state, rules))
    found = []
    for mark in marks:
        right = [words for words, fits in readings if mark.claim.line in fits]
        if mark.verdict in BAD and right:
            mark = _undecided(mark, f"right if {right[0]}, which the sheet does not say")
        elif unsure and _depends(mark, _OF_LOSS) and (mark.verdict in BAD or len(right) < len(readings)):
            mark = _undecided(mark, NO_LOSS)
        found.append(mark)
    return found


def _of_loss(mark: Mark, state: SheetState) -> Mark:
    """A line that says what the loss is in names which stand nowhere else: right where it is that of the network."""
    text = mark.claim.line.text
    if mark.verdict not in ("unreadable", "undecided") or not states_loss(text):
        return mark
    if square_stated(text) == state.problem.network.loss:
        return replace(mark, verdict="right", why="")
    return _undecided(mark, DEFINES) if mark.verdict == "unreadable" else mark


def _undecided(mark: Mark, why: str) -> Mark:
    return replace(mark, verdict="undecided", why=why)


def _is_first(mark: Mark) -> bool:
    """Whether a line is about the inputs or the first pre-activations, which no activation touches."""
    return mark.node is not None and (mark.node.kind, mark.node.layer) in (("h", 0), ("a", 1))


def _names_penalty(mark: Mark) -> bool:
    return mark.verdict == "unreadable" and mark.claim.line.unknown in _ITS_NAMES


def _depends(mark: Mark, kinds: Sequence[str]) -> bool:
    """Whether a line that is judged claims a derivative of the loss, the loss, or a value after an update."""
    if mark.node is None or mark.verdict not in (*ACCEPTED, *BAD):
        return False
    return mark.node.kind in kinds or mark.node.time > 0


def _readings(state: SheetState, rules: Rules) -> Iterator[tuple[str, set[Line]]]:
    """(what it assumes, the lines that are right) for each of the other rules."""
    effort = Effort.of(state.problem, READINGS)
    for other in rules.others:
        with suppress(Spent, InputError):
            problem = state.header.on(other.network.astype("float64"))
            reading = replace(state.reading, scale=1.0)
            again = SheetState(problem, reading, state.lines, state.unit, state.both, effort=effort)
            mark_sheet(again)
            yield other.words, {mark.claim.line for mark in again.marks if mark.verdict in ACCEPTED}
