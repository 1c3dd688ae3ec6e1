"""``chainrule train --preset``: an ensemble instead of one network, and what is said of it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from chainrule.cli.output import print_json
from chainrule.cli.train.checks import check
from chainrule.cli.train.folds import folds_json, told_folds
from chainrule.cli.train.options import NONE
from chainrule.cli.train.words import about_rows, shown_notes
from chainrule.cli.train.work import sweep, written
from chainrule.errors import InputError
from chainrule.render.blocks import visible
from chainrule.system.files import write_whole

if TYPE_CHECKING:
    from chainrule.cli.train.options import TrainOptions
    from chainrule.tables.prepared import Prepared
    from chainrule.tables.presets.learn import Checkpoints
    from chainrule.tables.presets.table import TrainedPreset
    from chainrule.tables.scores import Scores

USUAL = "good"
#: options that go with a preset; each other one is of one network
BESIDE = {
    "data", "target", "task", "test", "seed", "threads", "out", "json", "preset", "missing", "columns", "drop", "types",
    "keep_index", "separator", "quote", "escape", "encoding", "decimal", "skip", "sheet", "cv", "cv_only", "report",
    "class_weight", "checkpoint", "checkpoint_every", "resume",
}  # fmt: skip
_IN_MEMORY = "a preset needs all rows in memory"
_MANY = "a preset trains many networks, each with epochs of its own; --report FILE.html shows them"
_STOPPED = "a preset stops each network by a fold of the rows"
#: why an option does not go with a preset; of the others: it chooses the networks itself
_WHY = {
    "blocks": _IN_MEMORY, "cluster": _IN_MEMORY, "mode": _IN_MEMORY, "local_steps": _IN_MEMORY, "history": _MANY,
    "plot": _MANY, "early_stopping": _STOPPED, "patience": _STOPPED, "validation": _STOPPED,
}  # fmt: skip
_CHECKPOINT = r"kind-[0-9]+-fold-[0-9]+\.safetensors"


def chosen_preset(asked: str | None, given: Collection[str]) -> str:
    """The preset: the one asked for; else the usual one, or none where an option of one network is given.

    Args:
        given: names of the options on the command line.

    Raises:
        InputError: no such preset, or options of one network beside one.
    """
    of_one = sorted(set(given) - BESIDE)
    if asked is None:
        return NONE if of_one else USUAL
    if asked == NONE:
        return NONE
    if asked not in ("fast", "good", "best"):
        raise InputError("--preset", "fast, good, best or none", repr(asked))
    if of_one:
        why = _WHY.get(of_one[0], "a preset chooses the networks itself")
        option = f"--{of_one[0].replace('_', '-')}"
        raise InputError(option, f"--preset none beside it: {why}", f"--preset {asked}")
    return asked


def train_with_preset(options: TrainOptions) -> None:
    """Cross-validate, train, save and tell, as asked.

    Raises:
        InputError: data or options that do not fit; a file that cannot be written.
    """
    from chainrule.cli.train.table import table_in_memory
    from chainrule.tables.presets.table import networks_of, train_preset

    check(options)
    prepared, count, quiet = table_in_memory(options), networks_of(options.preset), options.json
    if not quiet:
        _say(f"{options.name}: {about_rows(prepared)}", *shown_notes(prepared.notes))
        _say(f"preset {options.preset}: {count} networks, seed {options.plan.seed}")
    try:
        folds = _cross_validate(options, prepared, count)
        if options.cv_only:
            if quiet:
                print_json(_cv_json(options, prepared, folds))
            return
        checkpoints = _checkpoints(options)
        with _progress(count, quiet) as told:
            trained = train_preset(prepared, options.plan, options.preset, told=told, checkpoints=checkpoints)
    except KeyboardInterrupt:
        kept = f"; --resume goes on from {options.checkpoint}" if options.checkpoint is not None else ""
        sys.stderr.write(f"chainrule: interrupted; nothing is saved{kept}\n")
        raise typer.Exit(130) from None
    _save(options, trained, folds)
    if quiet:
        print_json(_json(options, trained, folds))
    else:
        _say(*_lines(options, trained))


def _cross_validate(options: TrainOptions, prepared: Prepared, count: int) -> list[Scores]:
    """The scores of the folds; none where none are asked for."""
    from chainrule.tables.presets.table import folds_of_preset

    if options.cv is None:
        return []
    folds = folds_of_preset(prepared, options.plan, options.preset, options.cv)
    with _progress(count * options.cv, options.json) as told:
        trained = (fold(told) for fold in folds)
        return told_folds((one.test for one in trained if one.test is not None), options.cv, options.json)


def _checkpoints(options: TrainOptions) -> Checkpoints | None:
    """Those of the networks; what is there of another training is removed, unless it is to be gone on with."""
    from chainrule.tables.presets.learn import Checkpoints

    folder = options.checkpoint
    if folder is None:
        return None
    with written(folder):
        folder.mkdir(exist_ok=True)
        sweep(folder, _CHECKPOINT)
        there = [file for file in folder.iterdir() if re.fullmatch(_CHECKPOINT, file.name)]
        for file in [] if options.resume else there:
            file.unlink()
    if not options.json:
        if options.resume and there:
            _say(f"goes on from the checkpoints in {folder}, which {len(there)} networks have")
        elif options.resume:
            _say(f"no checkpoint in {folder} yet: training begins with the first epoch")
        elif there:
            _say(f"the checkpoints in {folder} that were there are replaced; --resume goes on from some")
    return Checkpoints(folder, options.checkpoint_every, options.resume)


def _save(options: TrainOptions, trained: TrainedPreset, folds: list[Scores]) -> None:
    from chainrule.cli.train.preset_report import preset_page
    from chainrule.storage import save_ensemble

    with written(options.model_file):
        save_ensemble(trained.model, options.model_file)
    if options.report is not None:
        with written(options.report):
            write_whole(options.report, preset_page(options, trained, folds))


def _say(*lines: str) -> None:
    print(*map(visible, lines), sep="\n", flush=True)


@contextmanager
def _progress(count: int, quiet: bool) -> Iterator[Callable[[], object]]:
    from chainrule.system.progress import bars

    with bars("networks", "bar", "count", "left", transient=True, disable=quiet) as bar:
        task = bar.add_task("", total=count)
        yield lambda: bar.advance(task)


def _lines(options: TrainOptions, trained: TrainedPreset) -> Iterator[str]:
    from chainrule.tables.presets.ensemble import told

    model = trained.model
    for row in told(model.ensemble):
        networks = f"{row['networks']} networks" if row["networks"] > 1 else "1 network"
        given = f"{networks}, {row['features']} features, held-out loss {row['held_out_loss']:.4f}"
        yield f"{row['share']:4.0%}  {row['kind']}: {given}"
    yield from model.about()
    if trained.test is not None:
        yield f"test {trained.test}"
    yield f"model saved to {options.model_file}"
    if options.report is not None:
        yield f"report in {options.report}"


def _cv_json(options: TrainOptions, prepared: Prepared, folds: list[Scores]) -> str:
    from chainrule.render.json import to_json

    return to_json("train", _content(options, prepared, folds))


def _content(options: TrainOptions, prepared: Prepared, folds: list[Scores]) -> dict[str, Any]:
    model = prepared.model
    return {
        "data": options.shown, "preset": options.preset, "seed": options.plan.seed, "inputs": model.inputs.names,
        "classes": model.target.classes, "rows": {part: len(getattr(prepared, part)) for part in ("train", "test")},
        "notes": prepared.notes, "cross_validation": folds_json(folds),
    }  # fmt: skip


def _json(options: TrainOptions, trained: TrainedPreset, folds: list[Scores]) -> str:
    from chainrule.render.json import to_json
    from chainrule.tables.presets.ensemble import told

    model, made = trained.model, trained.model.ensemble
    content = _content(options, trained.prepared, folds) | {
        "folds": made.folds, "members": told(made), "held_out": made.held,
        "temperature": made.temperature if model.target.classes else None, "test": trained.test,
        "model": str(options.model_file), "report": str(options.report) if options.report else None,
    }  # fmt: skip
    return to_json("train", content)
