"""Marking a folder of code: each file's backward pass is called in a process of its own, and audited."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Event

from chainrule.auditing.code_audit.question import CodeQuestion
from chainrule.auditing.functions import audit_file
from chainrule.auditing.report.tried import CodeAudit
from chainrule.errors import InputError
from chainrule.network import names as notation
from chainrule.network.names import LOSS, Derivative, Quantity
from chainrule.system.processors import cores
from chainrule.system.side_by_side import side_by_side
from chainrule.teaching.answer_keys import printable
from chainrule.teaching.grades import Graded, Grades
from chainrule.teaching.grading import Form, GradingPlan, page_of, refused, slips_of
from chainrule.teaching.marking_scheme import DEFAULT, Due, check_points, marks


def grade_code(
    folder: str | os.PathLike[str],
    name: str,
    question: CodeQuestion,
    *,
    points: Mapping[str, float] | None = None,
    follow_through: float = 1.0,
    processes: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    feedback: Callable[[str, str], None] | None = None,
    form: Form = "html",
) -> Grades:
    """Mark the backward pass of each file *.py of a folder, without hidden ones.

    Due are the gradients of all weights and biases; each array is worth a point.

    Args:
        name: of the function, class or method in each file.
        question: the networks on which they are tried; ``seconds`` is for each file.
        points: by the name of a gradient, ``dL/dW_1``, and ``default`` for every other, which else is worth 1.
        follow_through, processes, progress, feedback, form: as of ``grade``.

    Raises:
        InputError: no such folder, no files in it, points that do not fit.
    """
    files = find_code(folder)
    question.drawn()  # a question that no network fits is refused here, not file by file
    plan = GradingPlan(check_points(points), _due(question, check_points(points)), follow_through, form, bool(feedback))
    jobs = [partial(_mark, file, name, question, plan) for file in files]
    done: list[Graded] = []
    stop = Event()
    with closing(side_by_side(jobs, processes or cores(), stop)) as results:
        for file, (graded, page) in zip(files, results, strict=True):
            if stop.is_set():
                raise KeyboardInterrupt
            done.append(graded)
            if feedback is not None:
                feedback(file.name, page)
            if progress is not None:
                progress(len(done), len(files))
    return Grades(printable(Path(folder).resolve().name), tuple(done))


def find_code(folder: str | os.PathLike[str]) -> list[Path]:
    """The Python files of a folder, by name.

    Raises:
        InputError: no such folder, or no files.
    """
    place, shown = Path(folder), printable(os.fspath(folder))
    if not place.is_dir():
        raise InputError(f"folder {shown}", "a folder with code", "a file" if place.exists() else "no such folder")
    files = sorted(f for f in place.iterdir() if f.suffix == ".py" and not f.name.startswith(".") and f.is_file())
    if not files:
        raise InputError(f"folder {shown}", "code (*.py)", "none")
    return files


def _due(question: CodeQuestion, points: Mapping[str, float]) -> tuple[Due, ...]:
    """The gradients of the weights and biases, from the output back.

    Raises:
        InputError: points for what is none of them.
    """
    depth = len(question.layers) - 1
    names = [Derivative(LOSS, Quantity(symbol, i)) for i in range(depth, 0, -1) for symbol in "Wb"]
    worth = {notation.find(name, question.layers)[0]: value for name, value in points.items() if name != DEFAULT}
    unknown = [str(name) for name in worth if name not in names]
    if unknown:
        raise InputError("points", f"names among {', '.join(map(str, names))}", unknown[0])
    return tuple(Due(str(name), name, worth.get(name, points.get(DEFAULT, 1.0))) for name in names)


def _mark(file: Path, name: str, question: CodeQuestion, plan: GradingPlan, stop: Event) -> tuple[Graded, str]:
    """One file; what is refused has a record too."""
    if stop.is_set():
        return refused(file.name, "interrupted", plan)
    if file.is_symlink() and file.resolve().parent != file.parent.resolve():
        return refused(file.name, "a link to a file outside the folder", plan)
    try:
        found = audit_file(f"{file}:{name}" if name else str(file), question, stop)
    except (InputError, OSError) as error:
        return refused(file.name, str(error).replace(str(file), file.name), plan)
    failed = next(iter((*found.faults, *(case.error for case in found.cases if case.error))), "")
    if found.audit.ok and not found.ok:
        return refused(file.name, failed, plan)
    graded = _graded(file, found, plan, failed)
    return graded, page_of(graded, found, plan)


def _graded(file: Path, found: CodeAudit, plan: GradingPlan, failed: str) -> Graded:
    wrong, due = found.first_wrong, plan.due or ()
    first = f"{wrong.number}: {wrong.name}" if wrong else ""
    note = f"it fails on some networks: {failed}" if failed else ""
    earned = marks(found.audit, due, plan.follow_through)
    return Graded(printable(file.name), earned, first, tuple(slips_of(found.audit)), "", note)
