"""What marking a folder prints: a page for each author, and the summary for the teacher."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from chainrule.auditing.report.details import SIGNS
from chainrule.auditing.report.document import audit_document
from chainrule.auditing.report.wording import name_part
from chainrule.formula.printing import number_text
from chainrule.render.blocks import Block, Bullets, Code, Heading, Line, Paragraph, Picture, Table, line
from chainrule.render.document import Document
from chainrule.teaching.marking_scheme import MISSING

if TYPE_CHECKING:
    from chainrule.auditing.report.records import Audit
    from chainrule.teaching.grades import Graded, Grades
    from chainrule.teaching.marking_scheme import Mark

MOST_ROWS = 30  # of the table of lines
MOST_REFUSED = 30


def feedback_document(graded: Graded, audit: Audit | None) -> Document:
    """The page for the author of a sheet: the points, then the audit."""
    if audit is None:
        return Document(
            (
                Heading(1, line(Code(graded.file))),
                Paragraph(line("This sheet could not be marked: ", Code(graded.error))),
            )
        )
    title, network, said, *rest = audit_document(audit).blocks
    return Document((title, _score(graded), network, said, *_missing(graded), *rest))


def _score(graded: Graded) -> Paragraph:
    if graded.percent is None:
        return Paragraph(line(Code(graded.file), ": no line is due."))
    score, of = _number(graded.score), _number(graded.of)
    return Paragraph(line(Code(graded.file), f": {score} of {of} points ({graded.percent:.0f} %)."))


def _missing(graded: Graded) -> Iterator[Block]:
    if graded.note:
        yield Paragraph(line(f"To look at: {graded.note}."))
    lost = [m for m in graded.marks if m.points < m.of]
    if lost:
        yield Heading(2, line("Where points are missing"))
        header = (line("quantity"), line("line"), line("verdict"), line("points"))
        yield Table(header, tuple(_row(m) for m in lost))


def _row(m: Mark) -> tuple[Line, ...]:
    number = "" if m.number is None else str(m.number)
    verdict = "– missing" if m.verdict == MISSING else f"{SIGNS.get(m.verdict, '')} {m.verdict}"
    return line(name_part(m.name)), line(number), line(verdict), line(f"{_number(m.points)} of {_number(m.of)}")


def grades_document(grades: Grades, picture: str = "") -> Document:
    """The summary for the teacher: how the class did, which mistakes it makes, at which line, what was refused.

    Args:
        picture: file name of a chart of the mistakes, beside the summary; "" for none.
    """
    marked, refused = grades.marked, [s for s in grades.sheets if s.error]
    blocks: list[Block] = [
        Heading(1, line("Marks of ", Code(grades.folder))),
        Paragraph(line(" ".join(_overview(grades)))),
    ]
    if grades.key:
        blocks.append(Paragraph(line("The lines that are due are those of ", Code(grades.key), ".")))
    if grades.notes:
        blocks.append(Bullets(tuple(line(note) for note in grades.notes)))
    if grades.mistakes:
        blocks.append(Heading(2, line("Mistakes of the class")))
        header = (line("mistake"), line("sheets"), line("share"), line("at"))
        rows = [
            (line(m.words), line(str(m.sheets)), line(f"{100 * m.share:.0f} %"), line(_at(m.lines)))
            for m in grades.mistakes
        ]
        blocks.append(Table(header, tuple(rows)))
        if picture:
            blocks.append(Picture(picture, "the mistakes of the class, by the number of sheets that make them"))
    elif marked:
        blocks.append(Paragraph(line("No line of any sheet is wrong.")))
    blocks += _lines(marked)
    noted = [s for s in marked if s.note]
    if noted:
        blocks.append(Heading(2, line("To look at")))
        blocks.append(Bullets(tuple(line(Code(s.file), f": {s.note}") for s in noted[:MOST_REFUSED])))
    if refused:
        blocks.append(Heading(2, line("Sheets that could not be marked")))
        shown = [line(Code(s.file), ": ", Code(s.error)) for s in refused[:MOST_REFUSED]]
        if len(refused) > MOST_REFUSED:
            shown.append(line(f"{len(refused) - MOST_REFUSED} more, in grades.csv"))
        blocks.append(Bullets(tuple(shown)))
    return Document(tuple(blocks))


def _overview(grades: Grades) -> Iterator[str]:
    marked, count = grades.marked, len(grades.sheets)
    yield f"{len(marked)} of {count} {'sheet' if count == 1 else 'sheets'} marked."
    percents = [s.percent for s in marked if s.percent is not None]
    if percents and grades.mean is not None:
        yield f"Mean {grades.mean:.0f} %, median {statistics.median(percents):.0f} %."
        perfect = sum(p >= 100 - 1e-9 for p in percents)
        yield f"{perfect} {'has' if perfect == 1 else 'have'} every point."


def _at(lines: Sequence[tuple[str, int]]) -> str:
    shown = ", ".join(f"{name} ({count})" for name, count in lines[:3])
    return f"{shown}, {len(lines) - 3} more" if len(lines) > 3 else shown


def _lines(marked: Sequence[Graded]) -> Iterator[Block]:
    """How each line that is due was answered; only where the sheets have lines in common."""
    verdicts: dict[str, Counter[str]] = {}
    for sheet in marked:
        for m in sheet.marks:
            verdicts.setdefault(m.name, Counter())[m.verdict] += 1
    shared = {name: count for name, count in verdicts.items() if count.total() > 1 or len(marked) == 1}
    if not shared:
        return
    yield Heading(2, line("Line by line"))
    header = tuple(map(line, ("quantity", "right", "follows", "wrong", "undecided", "unreadable", "missing")))
    rows = []
    for name, count in list(shared.items())[:MOST_ROWS]:
        fine = count["right"] + count["rounded"] + count["truncated"]
        others = (count[v] for v in ("follows", "wrong", "undecided", "unreadable", MISSING))
        rows.append((line(name_part(name)), *(line(str(n)) for n in (fine, *others))))
    yield Table(header, tuple(rows))
    if len(shared) > MOST_ROWS:
        yield Paragraph(line(f"The first {MOST_ROWS} of {len(shared)}."))


def _number(value: float | None) -> str:
    return "" if value is None else number_text(value, 6)
