"""The records of a marked folder: each sheet's points, and which mistakes the class makes."""

from __future__ import annotations

import io
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.auditing.report.wording import name_part
from chainrule.render.blocks import Block, Bullets, Code, Heading, Paragraph, Picture, Table, line, visible
from chainrule.render.document import Document, Rendered
from chainrule.system.cells import write_cells
from chainrule.teaching.marking_scheme import MISSING, EarnedMark

UNKNOWN = "unknown"  # the id of a wrong line that no mistake of the table explains
MOST_ROWS = 30  # of the table of lines
MOST_REFUSED = 30
_COLUMNS = ("file", "score", "of", "percent", "first wrong line", "mistakes", "error", "note")


@dataclass(frozen=True)
class Slip:
    """A mistake in one line of a sheet: the likeliest one that gives a wrong line."""

    id: str
    words: str
    line: str


@dataclass(frozen=True)
class Graded:
    """One sheet.

    Attributes:
        file: its name, fit to be printed.
        marks: what each line that is due earned; () where the sheet was refused.
        first_wrong: number and name of the first line that is wrong, or "".
        slips: the mistake of each wrong line.
        error: why it was refused, in one line, or "".
        note: what a teacher should look at, or "".
    """

    file: str
    marks: tuple[EarnedMark, ...] = ()
    first_wrong: str = ""
    slips: tuple[Slip, ...] = ()
    error: str = ""
    note: str = ""

    @property
    def score(self) -> float | None:
        """Points earned; None for a sheet that was refused."""
        return None if self.error else sum(m.points for m in self.marks)

    @property
    def of(self) -> float | None:
        """Points that could be earned; None for a sheet that was refused."""
        return None if self.error else sum(m.of for m in self.marks)

    @property
    def percent(self) -> float | None:
        """100 score / of; None for a sheet that was refused or has no lines."""
        return 100 * self.score / self.of if self.score is not None and self.of else None


@dataclass(frozen=True)
class ClassMistake:
    """A mistake that sheets of the class make.

    Attributes:
        sheets: how many make it at least once.
        share: of all sheets that were marked.
        lines: (name of the line, number of sheets), the most frequent first.
    """

    id: str
    words: str
    sheets: int
    share: float
    lines: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Grades(Rendered):
    """The sheets of a folder, marked.

    Attributes:
        folder: its name. key: the file that says which lines are due, or "".
        notes: what a teacher should know of the key.
    """

    folder: str
    sheets: tuple[Graded, ...]
    key: str = ""
    notes: tuple[str, ...] = ()

    @property
    def marked(self) -> tuple[Graded, ...]:
        """The sheets that were not refused."""
        return tuple(s for s in self.sheets if not s.error)

    @property
    def mistakes(self) -> tuple[ClassMistake, ...]:
        """The mistakes of the class, the most frequent first."""
        words: dict[str, Counter[str]] = {}
        lines: dict[str, Counter[str]] = {}
        sheets: Counter[str] = Counter()
        for sheet in self.marked:
            sheets.update({slip.id for slip in sheet.slips})
            for slip_id, name in dict.fromkeys((slip.id, slip.line) for slip in sheet.slips):
                lines.setdefault(slip_id, Counter())[name] += 1
            for slip in sheet.slips:
                words.setdefault(slip.id, Counter())[slip.words] += 1
        found = [
            ClassMistake(i, words[i].most_common(1)[0][0], n, n / len(self.marked), tuple(lines[i].most_common()))
            for i, n in sheets.items()
        ]
        return tuple(sorted(found, key=lambda m: (m.id == UNKNOWN, -m.sheets, m.id)))

    @property
    def mean(self) -> float | None:
        """Mean percentage of the sheets that were marked."""
        percents = [s.percent for s in self.marked if s.percent is not None]
        return statistics.fmean(percents) if percents else None

    def to_csv(self) -> str:
        """A row a sheet; no cell is a formula for a spreadsheet."""
        out = io.StringIO()
        rows: list[tuple[Any, ...]] = [_COLUMNS]
        for s in self.sheets:
            slips = "; ".join(dict.fromkeys(f"{slip.id} ({slip.line})" for slip in s.slips))
            percent = None if s.percent is None else round(s.percent, 1)
            words = (" ".join(visible(cell).split()) for cell in (s.first_wrong, slips, s.error, s.note))
            rows.append((visible(s.file), number_of(s.score), number_of(s.of), percent, *words))
        write_cells(out, rows)
        return out.getvalue()

    def document(self, picture: str = "") -> Document:
        """The summary for the teacher: how the class did, which mistakes it makes, at which line, what was refused.

        Args:
            picture: file name of a chart of the mistakes, beside the summary; "" for none.
        """
        return _document(self, picture)

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "folder": self.folder,
            "key": self.key,
            "mean": self.mean,
            "notes": list(self.notes),
            "sheets": [
                {
                    "file": s.file,
                    "score": s.score,
                    "of": s.of,
                    "percent": s.percent,
                    "first_wrong": s.first_wrong,
                    "mistakes": list(dict.fromkeys(slip.id for slip in s.slips)),
                    "error": s.error,
                    "note": s.note,
                    "marks": list(s.marks),
                }
                for s in self.sheets
            ],
            "mistakes": list(self.mistakes),
        }


def number_of(value: float | None) -> float | None:
    """A whole number without its point."""
    if value is None:
        return None
    value = round(value, 4)
    return int(value) if value == int(value) else value


# ---------------------------------------------------------------- the summary


def _document(grades: Grades, picture: str) -> Document:
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
