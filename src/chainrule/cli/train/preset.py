"""``chainrule train --preset``: an ensemble instead of one network, and what is said of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from chainrule.cli.output import print_json
from chainrule.cli.shared import check_outputs
from chainrule.cli.train.checks import check_writable
from chainrule.cli.train.words import about_rows, shown_notes
from chainrule.errors import InputError
from chainrule.render.blocks import visible

if TYPE_CHECKING:
    from chainrule.cli.train.options import TrainOptions
    from chainrule.tables.presets.table import TrainedPreset

NONE = "none"  # the preset of those who want one network
USUAL = "good"
#: options that go with a preset; each other one is of one network
BESIDE = {
    "data", "target", "task", "test", "seed", "threads", "out", "json", "preset", "missing", "columns", "drop", "types",
    "keep_index", "separator", "quote", "escape", "encoding", "decimal", "skip", "sheet",
}  # fmt: skip


def chosen_preset(asked: str | None, given: Collection[str]) -> str:
    """The preset: the one asked for; else the usual one, or none where an option of one network is given.

    Args:
        given: names of the options on the command line.

    Raises:
        InputError: no such preset, or options of one network beside one.
    """
    from chainrule.tables.presets.members import preset

    of_one = sorted(set(given) - BESIDE)
    if asked is None:
        return NONE if of_one else USUAL
    if asked == NONE:
        return NONE
    if asked not in ("fast", "good", "best"):
        raise InputError("--preset", "fast, good, best or none", repr(asked))
    preset(asked)
    if of_one:
        option = of_one[0].replace("_", "-")
        raise InputError(
            f"--{option}", "--preset none beside it: a preset chooses the networks itself", f"--preset {asked}"
        )
    return asked


def train_with_preset(options: TrainOptions, preset: str) -> None:
    """Train, save and tell.

    Raises:
        InputError: data or options that do not fit; a file that cannot be written.
    """
    from chainrule.cli.train.table import table_in_memory
    from chainrule.storage import save_ensemble
    from chainrule.tables.presets.table import networks_of, train_preset

    out = options.model_file
    check_outputs({"--out": out}, list(options.data))
    check_writable({"--out": out})
    prepared = table_in_memory(options)
    count = networks_of(preset)
    if not options.json:
        _say(f"{options.name}: {about_rows(prepared)}", *shown_notes(prepared.notes))
        _say(f"preset {preset}: {count} networks, seed {options.plan.seed}")
    try:
        with _progress(count, options.json) as told:
            trained = train_preset(prepared, options.plan, preset, told=told)
    except KeyboardInterrupt:
        sys.stderr.write("chainrule: interrupted; nothing is saved\n")
        raise typer.Exit(130) from None
    save_ensemble(trained.model, out)
    if options.json:
        print_json(_json(options.shown, trained, out))
    else:
        _say(*_lines(trained, out))


def _say(*lines: str) -> None:
    print(*map(visible, lines), sep="\n", flush=True)


@contextmanager
def _progress(count: int, quiet: bool) -> Iterator[Callable[[], object]]:
    from chainrule.system.progress import bars

    with bars("networks", "bar", "count", "left", transient=True, disable=quiet) as bar:
        task = bar.add_task("", total=count)
        yield lambda: bar.advance(task)


def _lines(trained: TrainedPreset, out: Path) -> Iterator[str]:
    from chainrule.tables.presets.ensemble import told

    made, target = trained.model.ensemble, trained.model.target
    for row in told(made):
        networks = f"{row['networks']} networks" if row["networks"] > 1 else "1 network"
        given = f"{networks}, {row['features']} features, held-out loss {row['held_out_loss']:.4f}"
        yield f"{row['share']:4.0%}  {row['kind']}: {given}"
    held = f"held out in {made.folds} folds: loss {made.held.loss:.4f}"
    if target.classes:
        yield f"{held}; {made.held.calibrated:.4f} with the temperature {made.temperature:.3f}"
    else:
        yield held
        if len(made.residuals) >= 9:
            yield f"an interval of 90% is the prediction ± {trained.model.half_width(0.9):.4g}"
    if trained.test is not None:
        yield f"test {trained.test}"
    yield f"model saved to {out}"


def _json(data: str, trained: TrainedPreset, out: Path) -> str:
    from chainrule.render.json import to_json
    from chainrule.tables.presets.ensemble import told

    model, made = trained.model, trained.model.ensemble
    content: dict[str, Any] = {
        "data": data, "preset": made.preset, "seed": made.seed, "folds": made.folds, "members": told(made),
        "inputs": model.inputs.names, "classes": model.target.classes, "held_out": made.held,
        "temperature": made.temperature if model.target.classes else None,
        "rows": {part: len(getattr(trained.prepared, part)) for part in ("train", "test")}, "test": trained.test,
        "model": str(out), "notes": trained.prepared.notes,
    }  # fmt: skip
    return to_json("train", content)
