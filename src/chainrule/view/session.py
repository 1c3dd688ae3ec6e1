"""A session: one open page, and the answers to its questions."""

from __future__ import annotations

from functools import singledispatchmethod
from typing import Any

import numpy as np

from chainrule.auditing.audit import audit_sheet
from chainrule.auditing.report.document import summary
from chainrule.auditing.report.records import ACCEPTED
from chainrule.errors import InputError
from chainrule.explanation import explain, paths
from chainrule.explanation.pages import name_math, step_equation
from chainrule.explanation.walk import gives, means, phase, walk
from chainrule.network import names
from chainrule.network.names import LOSS, Derivative, Name, Notation, Quantity
from chainrule.render.document import Document, Heading, Paragraph, line
from chainrule.render.json import record
from chainrule.render.writers.blocks import block_data, line_data, to_blocks
from chainrule.sheets.header import Worksheet, parse_worksheet
from chainrule.teaching.author import header
from chainrule.teaching.exercise import exercise
from chainrule.view import questions as asked
from chainrule.view.lights import lights, missed_paths, place
from chainrule.view.scene import scene
from chainrule.view.subject import Subject
from chainrule.view.track import Track

EXERCISE_RATE = 0.5


class Session:
    """What one page looks at; ``ask`` answers a question and is the only way to change it."""

    def __init__(self, subject: Subject) -> None:
        self.opened = subject
        self.track = Track(subject)

    @property
    def subject(self) -> Subject:
        """The network and its example as they are now."""
        return self.track.subject

    def fork(self) -> Session:
        """Another page on what was opened."""
        return Session(self.opened)

    def ask(self, question: Any) -> dict[str, Any]:
        """The answer to a question, as plain data that JSON knows.

        Raises:
            InputError: a question that cannot be asked, or that has no answer. Nothing is changed, but that steps of
                gradient descent go as far as their numbers are finite.
        """
        read = asked.read_question(question)
        with np.errstate(all="ignore"):  # an infinite value is one; who needs a finite one says so
            return record(read.kind, self._answer(read))

    @singledispatchmethod
    def _answer(self, question: Any) -> dict[str, Any]:
        raise AssertionError(f"no answer to {question}")

    # ------------------------------------------------------------ looking

    @_answer.register
    def _scene(self, question: asked.SceneQuestion) -> dict[str, Any]:
        subject = self.subject
        focus = None if question.focus is None else names.find(question.focus, subject.network.sizes)[0]
        return scene(subject, self.track, question.notation, focus) | {"lines": list(self.opened.lines)}

    @_answer.register
    def _walk(self, question: asked.WalkQuestion) -> dict[str, Any]:
        s = self.subject
        found = walk(s.network, s.x, s.y, question.notation)
        return {
            "steps": [
                {
                    "phase": phase(step),
                    "equation": step.equation,
                    "title": step.title,
                    "stage": step.stage,
                    "means": means(step),
                    "name": step.name,
                    "gives": place(gives(step), s.network.depth),
                    "is_gradient": isinstance(step.quantity, Derivative) and step.quantity.of.symbol == "L",
                    "block": block_data(step_equation(step)),
                }
                for step in found.steps
            ]
        }

    @_answer.register
    def _explain(self, question: asked.ExplainQuestion) -> dict[str, Any]:
        s = self.subject
        name = names.find(question.name, s.network.sizes)[0]
        if isinstance(name, Quantity) and name.symbol == "y":
            return self._given(name, question.notation)
        if isinstance(name, Quantity) and name.symbol in ("x", "W", "b"):  # given: asked is what it does to the loss
            name = Derivative(LOSS, name)
        found = explain(s.network, s.x, s.y, names.to_text(name), question.notation)
        return {
            "name": found.name,
            "value": found.value,
            "blocks": to_blocks(found.document()),
            "lights": lights([found.name], s.network.sizes),
            "paths": isinstance(name, Derivative) and name.of == LOSS and name.wrt.is_component,
            "record": found.to_dict(),
        }

    def _given(self, y: Quantity, notation: Notation) -> dict[str, Any]:
        """What there is to say of the target."""
        math = name_math(y, notation)
        said = Document((Heading(1, line(math)), Paragraph(line(math, " is given: what the prediction should be."))))
        return {
            "name": names.to_text(y, notation),
            "value": self.subject.passes()[names.to_text(y)],
            "blocks": to_blocks(said),
            "lights": lights([names.to_text(y)], self.subject.network.sizes),
            "paths": False,
            "record": None,
        }

    @_answer.register
    def _paths(self, question: asked.PathsQuestion) -> dict[str, Any]:
        s = self.subject
        found = paths(s.network, s.x, s.y, question.name, question.top, question.notation)
        data = found.to_dict()
        for path in data["paths"]:
            read = [names.resolve(names.read(node)[0], s.network.sizes) for node in path["nodes"]]
            path["stops"] = [place(q, s.network.depth) for q in read if isinstance(q, Quantity)]
            path["latex"] = [names.to_latex(q, question.notation) for q in read]
        return data | {
            "latex": names.to_latex(found.quantity, question.notation),
            "blocks": to_blocks(found.document()),
        }

    # ------------------------------------------------------------ auditing

    @_answer.register
    def _audit(self, question: asked.AuditQuestion) -> dict[str, Any]:
        s = self._of_these_lines()
        sheet = Worksheet(
            "page", s.title, s.network, s.x, s.y, None, s.learning_rate, tuple(question.text.splitlines()), 1
        )
        found = audit_sheet(sheet)
        data = found.to_dict()
        for one in data["lines"]:
            one["fault"] = fault = _fault(one)
            one["lights"] = _fault_lights(one["name"], fault, s.network.sizes)
            one["asks"] = _question_of(one["name"], s.network.sizes)
        return data | {"summary": line_data(summary(found))}

    def _of_these_lines(self) -> Subject:
        """The subject, where lines can be about it.

        Raises:
            InputError: the page shows one example of several, and lines of a worksheet are about all of them.
        """
        if self.opened.one_of_many:
            what = "a worksheet of one example without a weight, on the page (chainrule audit marks the others)"
            raise InputError("lines", what, "one of several examples, or a weighted one")
        return self.subject

    @_answer.register
    def _sheet(self, question: asked.SheetQuestion) -> dict[str, Any]:
        s = self._of_these_lines()
        return {"text": f"{header(s.network, s.x, s.y, s.title, s.learning_rate)}\n{question.text}"}

    # ------------------------------------------------------------ changing

    @_answer.register
    def _change(self, question: asked.ChangeQuestion) -> dict[str, Any]:
        changed = self.subject.changed(question.values, question.hidden, question.output, question.loss)
        return self._moved_to(Track(changed))

    @_answer.register
    def _descend(self, question: asked.DescendQuestion) -> dict[str, Any]:
        self.track.descend(question.steps, question.learning_rate)
        return self._moved_to(self.track)

    @_answer.register
    def _rewind(self, question: asked.RewindQuestion) -> dict[str, Any]:
        self.track.rewind(question.step)
        return self._moved_to(self.track)

    @_answer.register
    def _open(self, question: asked.OpenQuestion) -> dict[str, Any]:
        return self._opened(Subject.of_worksheet(parse_worksheet(question.text, question.file)))

    @_answer.register
    def _exercise(self, question: asked.ExerciseQuestion) -> dict[str, Any]:
        net = self.subject.network
        made = exercise(
            net.sizes, hidden=net.hidden or "sigmoid", output=net.output, loss=net.loss, seed=question.seed,
            digits=question.digits, learning_rate=EXERCISE_RATE, ask=question.ask, notation=question.notation,
            title=f"Exercise {question.seed}",
        )  # fmt: skip
        return self._opened(Subject.of_worksheet(parse_worksheet(made.sheet, "exercise")))

    def _opened(self, subject: Subject) -> dict[str, Any]:
        self.opened = subject
        return self._moved_to(Track(subject))

    def _moved_to(self, track: Track) -> dict[str, Any]:
        self.track = track
        return {"now": track.now, "steps": len(track.losses) - 1, "L": track.losses[track.now]}


def _fault(one: dict[str, Any]) -> dict[str, Any] | None:
    """The mistake that a line most probably makes: of its first wrong formula, or of its number."""
    parts = [part["found"] for part in one["parts"] if part["verdict"] == "wrong" and part["kind"] == "formula"]
    found = [*(parts[0] if parts else []), *one["found"]]
    return found[0] if found and one["verdict"] not in ACCEPTED else None


def _fault_lights(name: str, fault: dict[str, Any] | None, sizes: tuple[int, ...]) -> list[dict[str, Any]]:
    """What a line is about, and where it goes wrong: the paths that it leaves out, or the quantity at fault."""
    if fault is None:
        return lights([name], sizes)
    missed = missed_paths(fault["id"], fault["where"], name, sizes)
    return [*lights([name], sizes), *missed] if missed else lights([name, fault["where"]], sizes)


def _question_of(text: str, sizes: tuple[int, ...]) -> str | None:
    """The name of a line where its paths can be asked for: the derivative of L by one number."""
    try:
        name: Name = names.find(text, sizes)[0]
    except InputError:
        return None
    single = isinstance(name, Derivative) and name.of.symbol == "L" and name.wrt.is_component
    return text if single else None
