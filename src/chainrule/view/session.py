"""A session: one open page, and the answers to its questions."""

from __future__ import annotations

from functools import singledispatchmethod
from typing import Any

import numpy as np

from chainrule.auditing.audit import audit_sheet
from chainrule.auditing.report.document import summary
from chainrule.errors import InputError
from chainrule.explanation.explain import explain
from chainrule.explanation.path_records import Path
from chainrule.explanation.paths import paths
from chainrule.explanation.printed import name_math
from chainrule.explanation.records import Step
from chainrule.explanation.walk import gives, means, phase, walk
from chainrule.network import names
from chainrule.network.names import LOSS, Derivative, Notation, Quantity
from chainrule.render.blocks import Heading, Paragraph, line
from chainrule.render.document import Document
from chainrule.render.json import plain, record
from chainrule.sheets.header import Worksheet, parse_worksheet
from chainrule.teaching.author import header
from chainrule.teaching.exercise import exercise
from chainrule.view import answers as a
from chainrule.view import questions as asked
from chainrule.view.audited_lines import audited_line
from chainrule.view.blocks import PageData, document_blocks, equation_block, line_parts
from chainrule.view.curves import curve
from chainrule.view.descent import Descent
from chainrule.view.highlights import highlights, mark_at, place
from chainrule.view.history import NetworkHistory, replayed
from chainrule.view.scene import scene
from chainrule.view.states import NetworkChange, NetworkState, OpenedSheet, digest
from chainrule.view.subject import Subject

EXERCISE_RATE = 0.5


class Session:
    """What one page looks at; ``ask`` answers a question and is the only way to change it.

    Attributes:
        first: what the program was started with.
        history: of what was opened last.
        about: the network that the lines were written for, as a record; None while there are none.
    """

    def __init__(self, subject: Subject) -> None:
        self.first = subject
        self.history = NetworkHistory(subject)
        self.about = _written_at(self.history)
        self._written: tuple[NetworkState, Subject] | None = None  # what lines were last found to be written for

    @property
    def opened(self) -> Subject:
        """What was opened last, as it was then."""
        return self.history.opened

    @property
    def descent(self) -> Descent:
        """Gradient descent from what was opened, or from what it was changed to."""
        return self.history.descent

    @property
    def subject(self) -> Subject:
        """The network and its example as they are now."""
        return self.history.subject

    def fork(self) -> Session:
        """Another page on what was opened."""
        return Session(self.opened)

    def ask(self, question: Any) -> dict[str, Any]:
        """The answer to a question, as plain data that JSON knows: a record of ``answers`` and its kind.

        Raises:
            InputError: a question that cannot be asked, or that has no answer. Nothing is changed, but that steps of
                gradient descent go as far as their numbers are finite.
        """
        read = asked.read_question(question)
        with np.errstate(all="ignore"):  # an infinite value is one; who needs a finite one says so
            answer: PageData = self._answer(read)
        return record(read.kind, answer.model_dump(by_alias=True))

    @singledispatchmethod
    def _answer(self, question: Any) -> Any:
        raise AssertionError(f"no answer to {question}")

    # ------------------------------------------------------------ looking

    @_answer.register
    def _scene(self, question: asked.SceneQuestion) -> a.SceneAnswer:
        sizes = self.subject.network.sizes
        focus = None if question.focus is None else names.find(question.focus, sizes)[0]
        return scene(self.history, question.notation, focus)

    @_answer.register
    def _walk(self, question: asked.WalkQuestion) -> a.WalkAnswer:
        s = self.subject
        rate = s.learning_rate if question.learning_rate is None else question.learning_rate
        found = walk(s.network, s.x, s.y, question.notation, learning_rate=rate)
        return a.WalkAnswer(steps=[_walk_step(step, s.network.depth) for step in found.steps])

    @_answer.register
    def _explain(self, question: asked.ExplainQuestion) -> a.ExplainAnswer:
        s = self.subject
        name = names.find(question.name, s.network.sizes)[0]
        if isinstance(name, Quantity) and name.symbol == "y":
            return self._given(name, question.notation)
        if isinstance(name, Quantity) and name.symbol in ("x", "W", "b"):  # given: asked is what it does to the loss
            name = Derivative(LOSS, name)
        found = explain(s.network, s.x, s.y, name, question.notation)
        return a.ExplainAnswer(
            name=found.name, value=plain(found.value), blocks=document_blocks(found.document(mark_at(s.network.depth))),
            highlights=highlights([name], s.network.depth),
            paths=isinstance(name, Derivative) and name.of == LOSS and name.wrt.is_component,
        )  # fmt: skip

    def _given(self, y: Quantity, notation: Notation) -> a.ExplainAnswer:
        """What there is to say of the target."""
        s, math = self.subject, name_math(y, notation)
        said = Document((Heading(1, line(math)), Paragraph(line(math, " is given: what the prediction should be."))))
        return a.ExplainAnswer(
            name=names.to_text(y, notation), value=plain(s.passes().value(y)[0]), blocks=document_blocks(said),
            highlights=highlights([y], s.network.depth), paths=False,
        )  # fmt: skip

    @_answer.register
    def _paths(self, question: asked.PathsQuestion) -> a.PathsAnswer:
        s = self.subject
        found = paths(s.network, s.x, s.y, question.name, question.top, question.notation)
        return a.PathsAnswer(
            quantity=found.name, latex=names.to_latex(found.quantity, question.notation), total=found.total,
            count=found.count, paths=[_drawn_path(path, s.network.depth) for path in found.paths],
        )  # fmt: skip

    @_answer.register
    def _curve(self, question: asked.CurveQuestion) -> a.CurveAnswer:
        return curve(self.subject, names.find(question.name, self.subject.network.sizes)[0], question.notation)

    # ------------------------------------------------------------ auditing

    @_answer.register
    def _audit(self, question: asked.AuditQuestion) -> a.AuditAnswer:
        s = self._written_for(question)
        lines = tuple(question.text.splitlines())
        found = audit_sheet(Worksheet("page", s.title, s.network, s.x, s.y, None, s.learning_rate, lines, 1))
        return a.AuditAnswer(
            summary=line_parts(summary(found)),
            remarks=[one.words for one in found.contradictions] + [one.words for one in found.conventions],
            lines=[audited_line(one, s.network.sizes) for one in found.lines],
        )

    @_answer.register
    def _sheet(self, question: asked.SheetQuestion) -> a.SheetAnswer:
        s = self._written_for(question)
        return a.SheetAnswer(text=f"{header(s.network, s.x, s.y, s.title, s.learning_rate)}\n{question.text}")

    def _written_for(self, question: asked.AuditQuestion | asked.SheetQuestion) -> Subject:
        """The network that lines were written for.

        Raises:
            InputError: the page shows one example of several, and lines of a worksheet are about all of them.
        """
        if not question.text.strip():
            self.about = None
        elif self.about is None:
            self.about = self.history.state
        subject = self._at(question.about or self.about)
        if subject.one_of_many:
            what = "a worksheet of one example without a weight, on the page (chainrule audit marks the others)"
            raise InputError("lines", what, "one of several examples, or a weighted one")
        return subject

    def _at(self, state: NetworkState | None) -> Subject:
        """The network of a record; of None, the one that is shown."""
        if state is None or state == self.history.state:
            return self.subject
        if self._written is None or self._written[0] != state:
            self._written = state, self._replayed(state).subject
        return self._written[1]

    # ------------------------------------------------------------ changing

    @_answer.register
    def _change(self, question: asked.ChangeQuestion) -> a.MovedAnswer:
        s = self.subject
        if s.y is None and any(name.startswith("y_") for name in s.plain_names(question.values)):
            raise InputError(
                "y", f"a loss that uses targets, before they are changed (now: {s.network.loss})", "a target"
            )
        self.history.change(NetworkChange(**question.model_dump(exclude={"kind"})))
        return self._moved()

    @_answer.register
    def _descend(self, question: asked.DescendQuestion) -> a.MovedAnswer:
        self.descent.descend(question.steps, question.learning_rate)
        return self._moved()

    @_answer.register
    def _rewind(self, question: asked.RewindQuestion) -> a.MovedAnswer:
        self.descent.rewind(question.step)
        return self._moved()

    @_answer.register
    def _restore(self, question: asked.RestoreQuestion) -> a.MovedAnswer:
        wanted, now = question.network, self.history.state
        if wanted.model_copy(update={"step": now.step}) == now:
            self.descent.rewind(wanted.step)
        else:
            self.history = self._replayed(wanted)
        return self._moved()

    def _replayed(self, state: NetworkState) -> NetworkHistory:
        """The network of a record.

        Raises:
            InputError: it is not of what was opened here.
        """
        opened = self.first if state.sheet is None else _of_sheet(state.sheet)
        if state.of not in ("", digest(opened)):
            what = "the network that the address was made with"
            raise InputError("address", what, f"another one, {opened.title or 'without a title'}")
        return replayed(opened, state)

    @_answer.register
    def _open(self, question: asked.OpenQuestion) -> a.MovedAnswer:
        return self._opened_sheet(OpenedSheet(text=question.text, file=question.file))

    @_answer.register
    def _exercise(self, question: asked.ExerciseQuestion) -> a.MovedAnswer:
        net = self.subject.network
        made = exercise(
            net.sizes, hidden=net.hidden or "sigmoid", output=net.output, loss=net.loss, seed=question.seed,
            digits=question.digits, learning_rate=EXERCISE_RATE, ask=question.ask, notation=question.notation,
            title=f"Exercise {question.seed}",
        )  # fmt: skip
        return self._opened_sheet(OpenedSheet(text=made.sheet, file="exercise"))

    def _opened_sheet(self, sheet: OpenedSheet) -> a.MovedAnswer:
        self.history = NetworkHistory(_of_sheet(sheet), sheet)
        self.about = _written_at(self.history)
        return self._moved()

    def _moved(self) -> a.MovedAnswer:
        now, losses = self.descent.now, self.descent.losses
        return a.MovedAnswer(now=now, steps=len(losses) - 1, L=losses[now], network=self.history.state)


def _written_at(history: NetworkHistory) -> NetworkState | None:
    """What the lines that were opened were written for; None where there are none."""
    return history.state if any(line.strip() for line in history.opened.lines) else None


def _of_sheet(sheet: OpenedSheet) -> Subject:
    return Subject.of_worksheet(parse_worksheet(sheet.text, sheet.file))


def _walk_step(step: Step, depth: int) -> a.WalkStep:
    return a.WalkStep(
        phase=phase(step), stage=step.stage, means=means(step), name=step.name, gives=place(gives(step), depth),
        is_gradient=isinstance(step.quantity, Derivative) and step.quantity.of == LOSS,
        block=equation_block(step.written(mark_at(depth))),
    )  # fmt: skip


def _drawn_path(path: Path, depth: int) -> a.DrawnPath:
    return a.DrawnPath(
        nodes=list(path.nodes), latex=[names.to_latex(q, path.notation) for q in path.quantities],
        stops=[place(q, depth) for q in path.quantities], factors=list(path.factors), product=path.product,
    )  # fmt: skip
