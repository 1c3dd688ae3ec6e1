"""Marking a folder of sheets on all cores: points, a page a sheet, and which mistakes the class makes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from chainrule.auditing.report.document import Audit
from chainrule.errors import InputError
from chainrule.render.blocks import visible
from chainrule.render.document import Rendered
from chainrule.system.limits import MEMORY
from chainrule.system.workers import Lost, run_all
from chainrule.teaching import answer_keys
from chainrule.teaching.answer_keys import Given, is_key, printable
from chainrule.teaching.feedback import feedback_document
from chainrule.teaching.grades import UNKNOWN, Graded, Grades, Slip
from chainrule.teaching.marking_scheme import Due, check_points, due_lines, filled, marks, other_numbers

SHEETS = (".md", ".txt", ".tex")
SECONDS = 10.0  # that one sheet may take
Form = Literal["html", "markdown"]


# ---------------------------------------------------------------- a folder


def grade(
    folder: str | os.PathLike[str],
    *,
    key: str | os.PathLike[str] | None = None,
    points: Mapping[str, float] | None = None,
    follow_through: float = 1.0,
    processes: int | None = None,
    seconds: float = SECONDS,
    progress: Callable[[int, int], None] | None = None,
    feedback: Callable[[str, str], None] | None = None,
    form: Form = "html",
) -> Grades:
    """Mark the sheets of a folder: its files *.md, *.txt and *.tex, without hidden ones and keys.

    With a key the lines that are due are those of the key: one that a sheet lacks earns nothing, and lines
    beyond them earn nothing. Without one, the lines that are due are each sheet's own. A sheet whose header has other
    numbers than the key is marked by its own, and noted.

    Args:
        key: a worksheet, or a folder of them, in which ``NAME-key.md`` (or ``NAME.key.md``) is the key of the sheet
            NAME, for a sheet of another name the one with its header, and ``key.md`` that of all others; where None,
            the folder's ``key.md`` (or ``….key.md``, ``…-key.md``), if there is one.
        points: by the name of a line, and ``default`` for every other, which else is worth 1.
        follow_through: the share of its points that a line earns which is wrong only because of an earlier one.
        processes: worker processes; as many as there are cores, when None.
        seconds: that one sheet may take; then it is refused.
        progress: called with (sheets done, sheets in all).
        feedback: called with (file name, page for its author) as each sheet is done.
        form: of those pages.

    Raises:
        InputError: no such folder, no sheets in it, several keys, a key that cannot be read, points that do not fit.
    """
    if not 0 <= follow_through <= 1:
        raise InputError("follow_through", "a number from 0 to 1", str(follow_through))
    if processes is not None and processes < 1:
        raise InputError("processes", "a number from 1 up", str(processes))
    worth = check_points(points)
    sheets, keys = find_sheets(folder)
    chosen = Path(key) if key is not None else _only_key(keys)
    plan = GradingPlan(worth, None, follow_through, form, feedback is not None)
    notes: tuple[str, ...] = ()
    if chosen is not None and chosen.is_dir():
        # points that fit no line are refused here, not sheet by sheet
        answer_keys.read_key(answer_keys.find_keys(chosen)[0], worth)
        plan = replace(plan, key_folder=os.fspath(chosen))
    elif chosen is not None:
        found = answer_keys.read_key(chosen, worth)
        plan, notes = replace(plan, due=found.due, given=found.given), found.notes
    done: dict[int, Graded] = {}
    tasks = [(os.fspath(sheet), plan) for sheet in sheets]
    with closing(run_all(mark_sheet, tasks, processes=processes, seconds=seconds, memory=MEMORY)) as results:
        for place, outcome in results:
            name = sheets[place].name
            if isinstance(outcome, Lost):
                outcome = refused(name, outcome.reason, plan)
            done[place], page = outcome
            if feedback is not None:
                feedback(name, page)
            if progress is not None:
                progress(len(done), len(sheets))
    graded = tuple(done[place] for place in range(len(sheets)))
    shown = "" if chosen is None else printable(chosen.name) + "/" * chosen.is_dir()
    return Grades(printable(Path(folder).resolve().name), graded, shown, notes)


def find_sheets(folder: str | os.PathLike[str]) -> tuple[list[Path], list[Path]]:
    """The sheets and the keys of a folder, by name.

    Raises:
        InputError: no such folder, or no sheets.
    """
    place = Path(folder)
    shown = printable(os.fspath(folder))
    if not place.is_dir():
        raise InputError(f"folder {shown}", "a folder with sheets", "a file" if place.exists() else "no such folder")
    files = [f for f in place.iterdir() if f.suffix.lower() in SHEETS and not f.name.startswith(".") and not f.is_dir()]
    files.sort(key=lambda f: f.name)
    keys = [f for f in files if is_key(f.name)]
    sheets = [f for f in files if not is_key(f.name)]
    if not sheets:
        raise InputError(f"folder {shown}", "sheets (*.md, *.txt, *.tex)", "none")
    return sheets, keys


def _only_key(keys: Sequence[Path]) -> Path | None:
    if len(keys) > 1:
        shown = ", ".join(printable(k.name) for k in keys[:5])
        raise InputError("key", "one key in the folder, or the one to use given (--key)", f"{len(keys)} keys: {shown}")
    return keys[0] if keys else None


# ---------------------------------------------------------------- a sheet


@dataclass(frozen=True)
class GradingPlan:
    """How each sheet is marked.

    Attributes:
        due: the lines of the key; None where each sheet's own are due.
        pages: whether a page for the author is written.
        given: the header of the key, as far as it was read.
        key_folder: a folder in which each sheet has a key of its own, or "".
    """

    points: Mapping[str, float]
    due: tuple[Due, ...] | None = None
    follow_through: float = 1.0
    form: Form = "html"
    pages: bool = True
    given: Given | None = None
    key_folder: str = ""


def mark_sheet(task: tuple[str, GradingPlan]) -> tuple[Graded, str]:
    """Mark one sheet; gives the record and the page for its author. A sheet that is refused has a record too."""
    from chainrule.auditing.audit import audit

    path, plan = task
    file = Path(path)
    if file.is_symlink() and os.path.dirname(os.path.realpath(file)) != os.path.realpath(file.parent):
        return refused(file.name, "a link to a file outside the folder", plan)
    if not file.is_file():
        return refused(file.name, "not a file", plan)
    try:
        notes: tuple[str, ...] = ()
        if plan.key_folder:
            key = answer_keys.own_key(file, plan.key_folder)
            if key is None:
                return refused(file.name, f"no key for it: expected {file.stem}-key.md among the keys", plan)
            own = answer_keys.read_key(key, plan.points)
            plan, notes = replace(plan, due=own.due, given=own.given), own.notes
        found = audit(file)
        graded = _graded(file, found, plan, notes)
        found = filled(found)
    except (InputError, OSError, RecursionError) as error:
        reason = re.sub(f"^worksheet {re.escape(path)}:? ?", "", str(error))
        return refused(file.name, reason.replace(path, file.name) or type(error).__name__, plan)
    return graded, page_of(graded, found, plan)


def _graded(file: Path, found: Audit, plan: GradingPlan, notes: Sequence[str]) -> Graded:
    due = due_lines(found, plan.points) if plan.due is None else plan.due
    wrong = found.first_wrong
    differs = _differs(file, found, plan)
    return Graded(
        printable(file.name),
        marks(found, due, plan.follow_through),
        f"{wrong.number}: {wrong.name}" if wrong else "",
        tuple(slips_of(found)),
        "",
        " ".join((*notes, differs)).strip(),
    )


def _differs(file: Path, found: Audit, plan: GradingPlan) -> str:
    """What a sheet is given that the key is not."""
    if plan.due is None:
        return ""
    if plan.given is not None:
        name = answer_keys.first_difference(answer_keys.given(file), plan.given)
        return f"its header is not the key's: {name} is another" if name else ""
    name = other_numbers(found, plan.due)
    return f"its given numbers are not the key's: {name} has another value" if name else ""


def slips_of(found: Audit) -> list[Slip]:
    """The mistake of each wrong line."""
    slips = []
    for a in found.lines:
        if a.verdict == "wrong":
            best = a.found or tuple(f for p in a.parts for f in p.found)
            name = a.name or f"line {a.number}"
            slips.append(
                Slip(best[0].id, best[0].words, name) if best else Slip(UNKNOWN, "no mistake that is known here", name)
            )
    return slips


def refused(name: str, reason: str, plan: GradingPlan) -> tuple[Graded, str]:
    """The record and the page of a sheet that is not marked."""
    graded = Graded(printable(name), error=" ".join(visible(reason).split())[:500])
    return graded, page_of(graded, None, plan)


def page_of(graded: Graded, found: Rendered | None, plan: GradingPlan) -> str:
    """The page for the author, "" where none is written."""
    if not plan.pages:
        return ""
    document = feedback_document(graded, found)
    return document.to_html() if plan.form == "html" else document.to_markdown()
