"""The page for the author of a sheet: the points, then the audit."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.auditing.report.line_details import SIGNS
from chainrule.auditing.report.wording import name_part
from chainrule.formula.printing import number_text
from chainrule.render.blocks import Block, Code, Heading, Line, Paragraph, Table, line
from chainrule.render.document import Document, Rendered
from chainrule.teaching.grades import Graded
from chainrule.teaching.marking_scheme import MISSING, EarnedMark


def feedback_document(graded: Graded, audit: Rendered | None) -> Document:
    """The page for the author of a sheet: the points, then the audit."""
    if audit is None:
        return Document(
            (
                Heading(1, line(Code(graded.file))),
                Paragraph(line("This sheet could not be marked: ", Code(graded.error))),
            )
        )
    title, network, said, *rest = audit.document().blocks
    return Document((title, _score(graded), network, said, *_missing(graded), *rest))


def _score(graded: Graded) -> Paragraph:
    if graded.percent is None:
        return Paragraph(line(Code(graded.file), ": no line is due."))
    score, of = _points(graded.score), _points(graded.of)
    return Paragraph(line(Code(graded.file), f": {score} of {of} points ({graded.percent:.0f} %)."))


def _missing(graded: Graded) -> Iterator[Block]:
    if graded.note:
        yield Paragraph(line(f"To look at: {graded.note}."))
    lost = [m for m in graded.marks if m.points < m.of]
    if lost:
        yield Heading(2, line("Where points are missing"))
        header = (line("quantity"), line("line"), line("verdict"), line("points"))
        yield Table(header, tuple(_row(m) for m in lost))


def _row(m: EarnedMark) -> tuple[Line, ...]:
    number = "" if m.number is None else str(m.number)
    verdict = "– missing" if m.verdict == MISSING else f"{SIGNS.get(m.verdict, '')} {m.verdict}"
    return line(name_part(m.name)), line(number), line(verdict), line(f"{_points(m.points)} of {_points(m.of)}")


def _points(value: float | None) -> str:
    return "" if value is None else number_text(value, 6)
