"""Write ``docs/exercises.md`` anew: every output in it is that of the command above it.

``python tools/exercises.py``; the tests hold that the page is what the commands print.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from examples import ROOT, output, shell

PAGE = ROOT / "docs" / "exercises.md"
STUDENTS = ("Ada Lovelace", "Blaise Pascal", "Emmy Noether", "Ida Rhodes")
#: what each hands in: the id of a mistake, "" for none, None for the sheet as it was given
HANDED_IN = ("", "hidden_derivative_missing", "lr_dropped", None)

ONE = ["exercise", "--layers", "3,3,2", "--seed", "7", "--title", "Week 3"]
SOME = ["exercise", "--layers", "2,3,3,2", "--ask", "L", "--ask", "one", "--digits", "2", "--out", "short"]
CLASS = ["exercise", "--students", "names.txt", "--title", "Week 3", "--out", "week3"]
GRADE = ["grade", "handed-in", "--key", "week3/keys"]

TEXT = """# Exercises: set, handed out, marked

`python tools/exercises.py` writes this page anew; the tests hold that it shows what the commands print.

## One exercise

{one}

The numbers have one decimal. They are drawn so that units are neither saturated nor all dead, and, of several draws,
so that most mistakes would show: every wrong equation of the table that can be made on the way to the lines asked is
replayed, and the share that changes a line by more than a unit of its last digit is printed. The same seed gives the
same exercise. The sheet to fill in:

```text
{sheet}
```

`exercise-key.md` is the same with the right numbers.

Any depth, width, activation, output and loss can be set, in both notations (`--notation delta`). `--ask` says what is
asked: `all`, `forward`, `backward`, `update`, `one` (one weight of each layer) or a name; it may be given more than
once. `--components` asks for every entry in a line of its own. Where a mistake would not show, the command says why;
few digits and few lines hide many:

{some}

## A variant for each student

`names.txt` has a name a line. Each student gets numbers of their own, which depend on the seed and the name alone.
(`--variants 30` makes 30 without names.)

{variants}

```text
{files}
```

`week3/sheets` is handed out, `week3/keys` is not.

## Marking

Here Ada Lovelace has handed in a right sheet, Blaise Pascal has left out the derivative of the activation, Emmy Noether
the learning rate, and Ida Rhodes has filled in nothing. Each sheet is marked by its own key: `NAME-key.md` for
`NAME.md`, and for a file of another name the key with the same header. A sheet whose header has other numbers than its
key is marked by its own numbers, and noted.

{grade}

`handed-in/marked` now has `grades.csv`, `summary.html` with a chart, and a page for each student. A line earns a point
(`--points` says otherwise), and so does one that follows from an earlier mistake (`--follow-through partial` or `0`).
A line that is not filled in is missing. Where all have the same exercise, `--key exercise-key.md` names its key.
A folder of code is graded too, by what its backward passes return: [docs/code.md](code.md#for-a-class).

## Marks where the class is kept

Export the list of the class, and let `grade` fill it in: `--roster worksheet.csv` for Moodle's grading worksheet,
`--roster gradebook.csv --column "HW 1"` for Canvas's gradebook, or any CSV file with people in it. A sheet is that of
the person whose number, address or whole name its file name has, as both systems name what they hand out; one that fits
nobody, or several people, gets no mark and is told. Marks are scaled to what the list says that the work is worth. The
list with marks, `handed-in/marked/worksheet-marked.csv`, is imported as it is; Moodle's has the feedback too.

In Gradescope's autograder, `run_autograder` grades the one sheet of a submission:

```sh
chainrule grade /autograder/submission --key /autograder/source/key.md --out /autograder/results --gradescope
```
"""


@contextlib.contextmanager
def inside(folder: str) -> Iterator[None]:
    """Work in a folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def shown(arguments: list[str]) -> str:
    """A command and what it prints."""
    return f"```sh\n{shell(arguments)}\n```\n\n```text\n{output(arguments).strip()}\n```"


def hand_in() -> None:
    """What the students hand in."""
    from chainrule.auditing.mistakes import applicable
    from chainrule.teaching.exercise import exercise
    from chainrule.teaching.handout import stems

    Path("handed-in").mkdir()
    for student, stem, mistake in zip(STUDENTS, stems(STUDENTS), HANDED_IN, strict=True):
        e = exercise(student=student, title="Week 3")
        wrong = [m.at(layer) for m, layer in applicable(e.problem) if m.id == mistake and m.kind != "b"]
        Path("handed-in", f"{stem}.md").write_text(e.sheet if mistake is None else e.filled(wrong), encoding="utf-8")


def page() -> str:
    """``docs/exercises.md``."""
    with tempfile.TemporaryDirectory() as folder, inside(folder):
        Path("names.txt").write_text("\n".join(STUDENTS) + "\n", encoding="utf-8")
        parts = {"one": shown(ONE), "some": shown(SOME), "variants": shown(CLASS)}
        hand_in()
        parts["sheet"] = "\n".join(line.rstrip() for line in Path("exercise.md").read_text("utf-8").splitlines())
        parts["files"] = "\n".join(sorted(f.as_posix() for f in Path("week3").rglob("*.md")))
        parts["grade"] = shown(GRADE)
    return TEXT.format(**parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE.relative_to(ROOT))
