"""``chainrule exercise``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from chainrule.cli.shared import numbers_list
from chainrule.errors import InputError
from chainrule.render.blocks import visible

if TYPE_CHECKING:
    from chainrule.teaching.exercise import Exercise

MOST_SHOWN = 10  # mistakes that are listed


def exercise(
    layers: Annotated[str, Option(help="Units of each layer, the inputs first.")] = "3,3,2",
    hidden: Annotated[str, Option(help="Activation of the hidden layers, or one each: tanh,relu.")] = "sigmoid",
    output: Annotated[str, Option(help="Output function: softmax or an activation.")] = "softmax",
    loss: Annotated[str, Option(help="The loss.")] = "cross_entropy",
    seed: Annotated[int, Option(help="Another seed, other numbers.", min=0)] = 7,
    digits: Annotated[int, Option(help="Decimals of every number.", min=1)] = 4,
    significant: Annotated[bool, Option("--significant", help="Significant digits instead of decimals.")] = False,
    learning_rate: Annotated[float, Option(help="Of the one step; 0 for no update.", min=0.0)] = 0.5,
    ask: Annotated[
        list[str] | None,
        Option(help="all, forward, backward, update, one (weight a layer) or a name such as dL/dW_212; repeatable."),
    ] = None,
    components: Annotated[bool, Option("--components", help="A line for each entry of a vector or matrix.")] = False,
    notation: Annotated[str, Option(help="textbook or delta.")] = "textbook",
    variants: Annotated[int | None, Option(help="So many variants, each with numbers of its own.")] = None,
    students: Annotated[Path | None, Option(help="Text file of names, one a line: a variant for each.")] = None,
    out: Annotated[Path | None, Option(help="Folder for the files; usually the current one.")] = None,
    title: Annotated[str, Option(help="Title of the sheet.")] = "Exercise",
    force: Annotated[bool, Option("--force", help="Replace files that are there already.")] = False,
    json: Annotated[bool, Option("--json", help="Print one JSON text instead.")] = False,
) -> None:
    """Make a worksheet to fill in, and its key, with numbers that keep mistakes apart.

    Variants go into OUT/sheets, to be handed out, and OUT/keys: chainrule grade FOLDER --key OUT/keys marks them.
    """
    from chainrule.teaching import handout
    from chainrule.teaching.exercise import exercise as made
    from chainrule.teaching.exercise import variants as each

    if variants is not None and students is not None:
        raise InputError("--variants", "either --variants or --students", "both")
    settings: dict[str, Any] = {
        "layers": numbers_list("--layers", layers),
        "hidden": tuple(hidden.split(",")) if "," in hidden else hidden,
        "output": output, "loss": loss, "seed": seed, "digits": digits, "significant": significant,
        "learning_rate": learning_rate or None, "ask": tuple(ask) if ask else "all", "components": components,
        "notation": notation, "title": title,
    }  # fmt: skip
    folder = out if out is not None else Path()
    names = (
        handout.read_students(students) if students is not None
        else handout.numbered(variants) if variants is not None
        else None
    )  # fmt: skip
    if names is None:
        handout.check_free(handout.paths_of_one(folder), force)
        exercises = [made(**settings)]
        files = handout.files_of_one(exercises[0], folder)
    else:
        handout.check_free(handout.paths_of_all(names, folder), force)
        exercises = list(each(names, **settings))
        files = handout.files_of_all(names, exercises, folder)
    handout.write_files(files)
    if json:
        from chainrule.cli.output import print_json
        from chainrule.render.json import to_json

        records = [e.to_dict() for e in exercises]
        print_json(to_json("exercise", {"files": [str(f) for f in files], "exercises": records}))
        return
    _print(exercises, list(files), folder, names is not None)


def _print(exercises: list[Exercise], files: list[Path], folder: Path, several: bool) -> None:
    from chainrule.teaching.handout import KEYS, SHEETS

    lines = len(exercises[0].labels)
    if several:
        where = f"sheets in {folder / SHEETS}, keys in {folder / KEYS}"
        print(visible(f"{len(exercises)} variants of {lines} lines: {where}"))
    else:
        print(visible(f"{files[0]}: {lines} lines to fill in"), visible(f"{files[1]}: the key"), sep="\n")
    possible = sum(e.detectable.possible for e in exercises)
    shows = sum(e.detectable.shows for e in exercises)
    pairs, alike = (sum(getattr(e.detectable, k) for e in exercises) for k in ("pairs", "alike"))
    print(
        f"Of {possible} mistakes that can be made{' in them' if several else ''}, {_share(shows, possible)} would show",
        end="",
    )
    print(f"; of their pairs {_share(pairs - alike, pairs)} would be told apart." if pairs else ".")
    hidden = [f"{h.id} at {h.where}: {h.why}" for e in exercises for h in e.detectable.hidden]
    _print_most("Would not show", hidden, "more")
    mixed = [f"{one}, and {other}" for e in exercises for one, other in e.detectable.mixed]
    _print_most("Would look the same", mixed, "more pairs")


def _share(part: int, whole: int) -> str:
    percent = 100 * part / whole if whole else 100.0
    shown = f"{percent:.0f}" if part == whole else f"{min(percent, 99.99):.4g}"
    return f"{part} ({shown} %)"


def _print_most(heading: str, found: list[str], more: str) -> None:
    count = Counter(found)
    if count:
        print(f"\n{heading}:")
    for words, sheets in count.most_common(MOST_SHOWN):
        print(f"  {words}" + (f" ({sheets} sheets)" if sheets > 1 else ""))
    if len(count) > MOST_SHOWN:
        print(f"  {len(count) - MOST_SHOWN} {more}")
