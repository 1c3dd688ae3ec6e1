"""``chainrule grade``."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Exit, Option

from chainrule.cli.output import print_json, print_record
from chainrule.cli.shared import Hidden, Layers, Output, Reduction, check_seconds, code_question
from chainrule.errors import InputError
from chainrule.render.blocks import visible
from chainrule.system.files import write_whole
from chainrule.system.progress import counted

if TYPE_CHECKING:
    from chainrule.teaching.grades import Grades

PAGES = {"html": ".html", "markdown": ".md"}
MOST_BARS = 15
MOST_TOLD = 20  # files that could not be written


def grade(
    folder: Annotated[
        Path, Argument(help="Folder with the sheets: its files *.md, *.txt and *.tex; with --code, its files *.py.")
    ],
    out: Annotated[Path | None, Option(help="Folder for what is written; usually FOLDER/marked.")] = None,
    points: Annotated[
        Path | None, Option(help='TOML file with points by line: "dL/dW_212" = 2; default = 1 for all others.')
    ] = None,
    key: Annotated[
        Path | None,
        Option(
            help="Worksheet with the lines that are due, or a folder with NAME-key.md for each sheet NAME; "
            "usually FOLDER's key.md, or *-key.md."
        ),
    ] = None,
    follow_through: Annotated[
        str, Option(help="Share of its points for a line that follows from a wrong one: full, partial or 0 to 1.")
    ] = "full",
    processes: Annotated[int | None, Option(help="Worker processes; usually one a core.", min=1)] = None,
    seconds: Annotated[float, Option(help="Time for one sheet, then it is refused.", min=0.1)] = 10.0,
    feedback: Annotated[str, Option(help="Pages for the authors: html or markdown.")] = "html",
    code: Annotated[
        str | None, Option(help="The function, class or method of a backward pass in each file *.py.", metavar="NAME")
    ] = None,
    layers: Layers = "4,5,3",
    hidden: Hidden = None,
    output: Output = None,
    loss: Annotated[str | None, Option(help="With code: its loss; else the one that it has is found.")] = None,
    reduction: Reduction = None,
    seed: Annotated[int, Option(min=0, help="With code: of the networks that are drawn.")] = 0,
    roster: Annotated[
        Path | None,
        Option(
            help="CSV list of the class, filled in and written beside the grades: Moodle's grading worksheet, Canvas's "
            "gradebook, or one of yours. File names with somebody's number, address or name are theirs."
        ),
    ] = None,
    column: Annotated[str | None, Option(help="Column of the roster for the marks; Grade in Moodle's.")] = None,
    gradescope: Annotated[
        bool, Option("--gradescope", help="Write results.json of a folder with one sheet, for Gradescope's autograder.")
    ] = False,
    json: Annotated[bool, Option("--json", help="Print one JSON text instead.")] = False,
) -> None:
    """Mark a folder of worksheets: grades.csv, a page for each author, and a summary of the class's mistakes.

    With a key, lines that a sheet lacks earn nothing. A sheet that cannot be read gets a row with the reason; one
    whose header has other numbers than its key is noted. With --code, the gradients of all weights and biases are due.
    """
    from chainrule.teaching.grading import find_sheets
    from chainrule.teaching.grading import grade as graded
    from chainrule.teaching.grading_code import find_code, grade_code
    from chainrule.teaching.rosters import gradescope as results_of
    from chainrule.teaching.rosters import read_roster

    if feedback not in PAGES:
        raise InputError("--feedback", "html or markdown", repr(feedback))
    check_seconds(seconds)
    share = _share(follow_through)
    worth = _read_points(points)
    if column is not None and roster is None:
        raise InputError("--column", "--roster beside it", "none")
    people = None if roster is None else read_roster(roster, column)
    target = _folder(out if out is not None else folder / "marked", folder)
    pages = target / "feedback"
    namer = _page_names(find_sheets(folder)[0] if code is None else find_code(folder), PAGES[feedback])

    unwritten: list[str] = []

    def write(file: Path, text: str | bytes) -> None:
        """Write a file of grades, its owner's alone; one that cannot be written does not keep the others from it."""
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, text, lasting=file.parent == target, private=True)
        except OSError as error:
            unwritten.append(f"{file}: {error.strerror or error}")

    def write_page(name: str, page: str) -> None:
        write(pages / namer(name), page)

    if code is not None and key is not None:
        raise InputError("--key", "no --code beside it: the gradients of all weights and biases are due", str(key))
    with counted("sheets", quiet=json) as progress:
        common: dict[str, Any] = {
            "points": worth, "follow_through": share, "processes": processes, "progress": progress,
            "feedback": write_page, "form": feedback,
        }  # fmt: skip
        if code is None:
            result = graded(folder, key=key, seconds=seconds, **common)
        else:
            question = code_question(layers, hidden, output, loss, reduction, seed, seconds)
            result = grade_code(folder, code, question, **common)
    results = results_of(result) if gradescope else None
    _write(result, target, write)
    told: tuple[str, ...] = ()
    if people is not None:
        entered = people.filled(result)
        filled = target / f"{Path(people.name).stem}-marked.csv"
        write(filled, entered.text)
        marks = "1 mark" if entered.people == 1 else f"{entered.people} marks"
        told = (f"{marks} in {filled}, column {people.column!r}", *entered.left)
    if results is not None:
        write(target / "results.json", results)
    if json:
        from chainrule.render.json import to_json

        print_json(to_json("grade", result.to_dict() | {"out": str(target), "unwritten": unwritten, "roster": told}))
    else:
        print_record(f"{result}\n", "text")
        print()
        print(visible(f"grades in {target / 'grades.csv'}, pages in {pages}, summary in {target / 'summary.html'}"))
        for one in told:
            print(visible(one))
    if unwritten:
        more = [f"and {len(unwritten) - MOST_TOLD} more"] if len(unwritten) > MOST_TOLD else []
        sys.stderr.write("".join(f"chainrule: not written: {visible(one)}\n" for one in unwritten[:MOST_TOLD] + more))
        raise Exit(1)


def _share(text: str) -> float:
    try:
        share = {"full": 1.0, "partial": 0.5}.get(text)
        share = float(text) if share is None else share
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise InputError("--follow-through", "full, partial (a half) or a number from 0 to 1", repr(text))
    return share


def _read_points(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    import tomllib

    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"--points {file}", "a TOML file", "no such file") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"--points {file}", 'TOML such as "dL/dW_212" = 2', str(error)) from None
    return found


def _folder(out: Path, sheets: Path) -> Path:
    """The folder for what is written, which is not that of the sheets: the summary would be the next sheet."""
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out}", "a folder", "a file")
    if os.path.realpath(out) == os.path.realpath(sheets):
        raise InputError(f"--out {out}", "a folder other than that of the sheets", "the same")
    return out


def _page_names(sheets: Sequence[Path], ending: str) -> Callable[[str], str]:
    """The name of each sheet's page: ada.md -> ada.html; where two sheets would share one, ada.md.html."""

    def cut(stem: str) -> str:
        return os.fsdecode(os.fsencode(stem)[:200])

    count = Counter(cut(sheet.stem).casefold() for sheet in sheets)
    numbers = {sheet.name: number for number, sheet in enumerate(sheets, 1)}

    def name(sheet: str) -> str:
        stem = cut(Path(sheet).stem)
        if count[stem.casefold()] == 1:
            return stem + ending
        return (cut(sheet) if len(os.fsencode(sheet)) <= 200 else f"{stem}-{numbers[sheet]}") + ending

    return name


def _write(result: Grades, target: Path, write: Callable[[Path, str | bytes], None]) -> None:
    from chainrule.teaching.grades import UNKNOWN

    write(target / "grades.csv", result.to_csv())
    picture = ""
    if result.mistakes:
        from chainrule.render.plots import counts_chart

        picture = "summary.png"
        counts = [(m.words, m.sheets) for m in result.mistakes if m.id != UNKNOWN or len(result.mistakes) == 1]
        title = f"Mistakes in {len(result.marked)} sheets"
        write(target / picture, counts_chart(counts[:MOST_BARS], title, "sheets that make it"))
    document = result.document(picture)
    write(target / "summary.html", document.to_html())
    write(target / "summary.md", document.to_markdown())
