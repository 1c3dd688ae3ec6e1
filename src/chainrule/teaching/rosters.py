"""Marks for the systems that classes are kept in: the lists of Moodle and Canvas filled in, results of Gradescope."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from chainrule.errors import InputError, unknown
from chainrule.render.blocks import visible
from chainrule.system.cells import harmless
from chainrule.system.patterns import regex
from chainrule.teaching.grades import Graded, Grades, number_of

LARGEST = 20_000_000  # bytes of a list
SHORTEST = 3  # letters or digits by which somebody is known
_POINTS = "points possible"  # of Canvas: the row below the names says what an assignment is worth
_READ_ONLY = "(read only)"
_WORDS = regex(r"[^\W_]+")


@dataclass(frozen=True)
class Filled:
    """A list with marks in it.

    Attributes:
        text: the CSV text, in the list's own separator, its other cells as they were.
        people: how many rows have a mark now.
        left: what a teacher should know, a line each: sheets of nobody in the list, people with several sheets.
    """

    text: str
    people: int
    left: tuple[str, ...]


@dataclass(frozen=True)
class Roster:
    """The list of a class, as Moodle (the grading worksheet), Canvas (the gradebook) or anybody exports it.

    Attributes:
        name: of its file.
        header: the names of its columns. rows: the cells below.
        separator: between cells.
        column: where the marks go.
    """

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    separator: str
    column: str

    def filled(self, grades: Grades) -> Filled:
        """The list with the marks of the sheets whose file names have somebody's number, address or name in them.

        A name that fits several people is nobody's. A mark is scaled to what the list says that the work is
        worth (Moodle's ``Maximum Grade``, Canvas's ``Points Possible``).
        """
        handed: dict[int, list[Graded]] = {}
        left = []
        for sheet in grades.sheets:
            at = self._whose(sheet.file)
            if at is not None:
                handed.setdefault(at, []).append(sheet)
            else:
                left.append(f"{visible(sheet.file)} is nobody's in {self.name}")
        rows = [list(row) for row in self.rows]
        people = 0
        for at, sheets in handed.items():
            names = " and ".join(visible(s.file) for s in sheets)
            if len(sheets) > 1:
                left.append(f"{names} are of one person ({visible(self.rows[at][0])}): no mark is entered")
            elif sheets[0].score is None:
                left.append(f"{names} could not be marked: no mark is entered")
            else:
                people += 1
                self._enter(rows[at], sheets[0])
        out = io.StringIO()
        csv.writer(out, delimiter=self.separator, lineterminator="\n").writerows([self.header, *rows])
        return Filled(out.getvalue(), people, tuple(left))

    # ------------------------------------------------------------ whose a sheet is

    def _whose(self, file: str) -> int | None:
        """The row of a file's author; None where its name fits no row, or several."""
        written = set(_words(Path(file).stem))
        fits = {at for column in self._known for at, ways in column if any(way <= written for way in ways)}
        return fits.pop() if len(fits) == 1 else None

    @cached_property
    def _known(self) -> list[list[tuple[int, list[set[str]]]]]:
        """By column whose cells are each one person's: (row, the words by which a file is theirs)."""
        people = [i for i, row in enumerate(self.rows) if not _is_points(row)]
        found = []
        for column, name in enumerate(self.header):
            cells = [cell for at in people if (cell := self.rows[at][column].strip().casefold())]
            if name != self.column and len(set(cells)) == len(cells) > 0:
                found.append([(at, _identities(self.rows[at][column])) for at in people])
        return found

    # ------------------------------------------------------------ what is entered

    def _enter(self, row: list[str], sheet: Graded) -> None:
        worth = self._worth(row)
        share = sheet.score / sheet.of if sheet.score is not None and sheet.of else 0.0
        row[self.header.index(self.column)] = str(number_of(sheet.score if worth is None else share * worth))
        told = self._place("feedback comments")
        if told is not None:
            row[told] = harmless(said(sheet))

    def _worth(self, row: Sequence[str]) -> float | None:
        """What the list says that the work is worth; None where it does not."""
        place = self._place("maximum grade")
        if place is not None:
            return _positive(row[place])
        points = next((row for row in self.rows if _is_points(row)), None)
        return None if points is None else _positive(points[self.header.index(self.column)])

    def _place(self, name: str) -> int | None:
        return next((i for i, one in enumerate(self.header) if one.strip().casefold() == name), None)


def said(sheet: Graded) -> str:
    """What its author is told in the list: points, the first wrong line, and the mistakes.

    >>> said(Graded("ada.md", (), "7 dL/dW_2", error=""))
    '0 of 0 points; first wrong: line 7 dL/dW_2'
    """
    parts = [f"{number_of(sheet.score)} of {number_of(sheet.of)} points"]
    if sheet.first_wrong:
        parts.append(f"first wrong: line {sheet.first_wrong}")
    parts += dict.fromkeys(f"{slip.line}: {slip.words}" for slip in sheet.slips)
    return " ".join(visible("; ".join(parts)).split())


def read_roster(file: str | os.PathLike[str], column: str | None = None) -> Roster:
    """The list of a class, a CSV file.

    Args:
        column: where marks go; ``Grade`` in Moodle's grading worksheet when None.

    Raises:
        InputError: no such file, not a list, or no such column.
    """
    path = Path(file)
    quantity = f"roster {visible(os.fspath(file))}"
    try:
        raw = path.read_bytes() if path.stat().st_size <= LARGEST else b""
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise InputError(quantity, "a CSV file with the people of a class", error.strerror or str(error)) from None
    except UnicodeDecodeError:
        raise InputError(quantity, "CSV in UTF-8", "another encoding; save it as CSV UTF-8") from None
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    try:
        lines = [row for row in csv.reader(io.StringIO(text), delimiter=separator) if any(map(str.strip, row))]
    except csv.Error as error:
        raise InputError(quantity, "a CSV file with the people of a class", str(error)) from None
    if len(lines) < 2:
        raise InputError(quantity, "a line of names and a line for each person", f"{len(lines)} lines")
    header, *rows = lines
    for number, row in enumerate(rows, 2):
        if len(row) > len(header):
            raise InputError(f"{quantity}, row {number}", f"{len(header)} cells, as the first line has", str(len(row)))
    rows = [row + [""] * (len(header) - len(row)) for row in rows]
    names = [name for name in header if _READ_ONLY not in name]
    if column is None:
        column = next((name for name in header if name.strip().casefold() == "grade"), None)
        if column is None:
            raise InputError("--column", f"the column for the marks: {', '.join(names[:12])}", "none")
    if column not in header:
        of_canvas = [name for name in header if name.rpartition(" (")[0] == column]  # HW 1 (4711)
        if len(of_canvas) != 1:
            raise unknown("--column", column, names[:40])
        column = of_canvas[0]
    if header.count(column) > 1:
        raise InputError("--column", f"a column whose name stands once in {path.name}", repr(column))
    return Roster(path.name, tuple(header), tuple(map(tuple, rows)), separator, column)


def gradescope(grades: Grades) -> str:
    """The text of ``results.json`` for Gradescope's autograder: one submission, a test for each line that is due.

    Raises:
        InputError: another number of sheets than one.
    """
    if len(grades.sheets) != 1:
        raise InputError("--gradescope", "a folder with the one sheet of a submission", f"{len(grades.sheets)} sheets")
    (sheet,) = grades.sheets
    if sheet.error:
        found: dict[str, Any] = {"score": 0, "output": f"This sheet could not be marked: {visible(sheet.error)}"}
    else:
        tests = [
            {"name": visible(m.name), "score": number_of(m.points), "max_score": number_of(m.of), "output": m.verdict}
            for m in sheet.marks
        ]
        found = {"score": number_of(sheet.score), "output": said(sheet), "tests": tests}
    return json.dumps({**found, "visibility": "visible"}, indent=2, ensure_ascii=False) + "\n"


def _words(text: str) -> list[str]:
    """The runs of letters and digits, in small letters."""
    return _WORDS.findall(text.casefold())


def _identities(cell: str) -> list[set[str]]:
    """The words by which a file may be somebody's, all of one set: a number, a name or an address, that before its @.

    >>> _identities("Participant 4711"), _identities("Doe, Jane"), _identities("j.doe@uni.edu")[-1] == {"j", "doe"}
    ([{'4711'}, {'participant', '4711'}, {'participant4711'}], [{'doe', 'jane'}, {'doejane'}], True)
    """
    numbers = [{word} for word in _words(cell) if word.isdigit() and len(word) >= SHORTEST]
    whole = [text for text in (cell, cell.rpartition("@")[0]) if len("".join(_words(text))) >= SHORTEST]
    return [*numbers, *(way for text in whole for way in (set(_words(text)), {"".join(_words(text))}))]


def _is_points(row: Sequence[str]) -> bool:
    return row[0].strip().casefold() == _POINTS


def _positive(cell: str) -> float | None:
    try:
        value = float(re.sub(r",", ".", cell.strip()))
    except ValueError:
        return None
    return value if 0 < value < float("inf") else None
