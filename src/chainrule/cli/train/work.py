"""What ``chainrule train`` does: the files it may write, cross-validation, training, and what is said of it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from chainrule.cli.train.checks import check
from chainrule.cli.train.words import about_plan, about_rows, ending, json_text, said_diverged, spread_words
from chainrule.errors import InputError
from chainrule.train.callbacks import Callback, Progress

if TYPE_CHECKING:
    from chainrule.tables.plan import Plan, TrainingTable
    from chainrule.tables.scores import Scores
    from chainrule.tables.training import Trained
    from chainrule.train.loop import Run


@dataclass(frozen=True)
class Wanted:
    """What was asked for on the command line."""

    data: str
    target: str | None
    plan: Plan
    cv: int | None
    cv_only: bool
    out: Path | None
    plot: Path | None
    report: Path | None
    history: Path | None
    checkpoint: Path | None
    checkpoint_every: int
    resume: bool
    json: bool
    blocks: bool
    cluster: str | None
    mode: str | None
    local_steps: int | None
    name: str

    @property
    def model_file(self) -> Path:
        """Where the model goes."""
        return self.out or Path(f"{self.name}.safetensors")

    @property
    def plot_file(self) -> Path:
        """Where the loss curve goes."""
        return self.plot or Path(f"{self.name}-loss.png")

    @property
    def checkpoint_file(self) -> Path | None:
        """The checkpoint, in its folder or as it was named."""
        if self.checkpoint is None or self.checkpoint.suffix == ".safetensors":
            return self.checkpoint
        return self.checkpoint / "training.safetensors"


def work(wanted: Wanted) -> None:
    """Train as asked; see the command.

    Raises:
        InputError: data or options that do not fit; a file that cannot be written.
    """
    check(wanted)
    if wanted.cluster is None:
        _work(wanted, _prepared(wanted))
        return
    from chainrule.cli.train.cluster import table_there

    with table_there(wanted) as table:
        _work(wanted, table)


def _work(wanted: Wanted, prepared: TrainingTable) -> None:
    say = _quiet if wanted.json else _say
    say(f"{wanted.name}: {about_rows(prepared)}", about_plan(prepared, wanted.plan, wanted.mode == "exact"))
    folds = _cross_validate(wanted, prepared)
    if wanted.cv_only:
        if wanted.json:
            print(json_text(wanted, prepared, None, folds))
        return
    trained = _train(wanted, prepared)
    if not trained.fitted.history:
        if wanted.json and trained.fitted.stopped == "diverged":
            print(json_text(wanted, prepared, trained, folds))
        _nothing_to_save(trained)
    _save(wanted, trained, folds)
    if wanted.json:
        print(json_text(wanted, prepared, trained, folds))
    else:
        _say_result(wanted, trained)
    if trained.fitted.stopped == "diverged":
        sys.stderr.write(f"chainrule: {said_diverged(trained, f'the network of epoch {trained.best} is saved')}\n")
        raise typer.Exit(1)


# ---------------------------------------------------------------- before


def _prepared(wanted: Wanted) -> TrainingTable:
    """The table, read whole or to be read in blocks."""
    from chainrule.storage import read_table
    from chainrule.tables.datasets import BUNDLED, TARGET
    from chainrule.tables.plan import prepare

    if wanted.blocks:
        from chainrule.cli.train.blocks import read_blocks

        return read_blocks(wanted.data, wanted.target, wanted.plan, wanted.json)
    target = wanted.target or (TARGET if wanted.data in BUNDLED else None)
    table = read_table(wanted.data)
    if target is None:
        raise InputError("--target", f"a column of {wanted.data}: {', '.join(table.column_names[:12])}", "none")
    return prepare(table, target, wanted.plan)


# ---------------------------------------------------------------- training


class _Beginning(Callback):
    """Says where a training with a checkpoint begins."""

    def __init__(self, file: Path, resume: bool) -> None:
        self._file, self._resume, self._there = file, resume, file.exists()

    def on_fit_begin(self, run: Run) -> None:
        if run.history:
            _say(f"resumed from {self._file} after epoch {len(run.history)}")
        elif self._resume:
            _say(f"no checkpoint in {self._file} yet: training begins with the first epoch")
        elif self._there:
            _say(f"the checkpoint {self._file} that was there is replaced; --resume goes on from one")


def _train(wanted: Wanted, prepared: TrainingTable) -> Trained:
    from chainrule.cli.train.cluster import train_there
    from chainrule.tables.block_training import Blocks, train_blocks
    from chainrule.tables.plan import Prepared
    from chainrule.tables.training import train_table
    from chainrule.train.callbacks import History

    file, watchers = wanted.checkpoint_file, list[Callback]()
    if file is not None:
        with _written(file):
            file.parent.mkdir(exist_ok=True)
            _sweep(file)
        if not wanted.json:
            watchers.append(_Beginning(file, wanted.resume))
    if wanted.history is not None:
        watchers.append(History(wanted.history))
    with _written(wanted.history):  # the only file that training itself opens
        given = wanted.plan, watchers, file, wanted.checkpoint_every, wanted.resume
        if wanted.cluster is not None:
            return train_there(prepared, wanted.json, *given)
        if not wanted.json:
            watchers.append(Progress())
        if isinstance(prepared, Blocks):
            return train_blocks(prepared, *given)
        assert isinstance(prepared, Prepared)
        return train_table(prepared, *given)


def _sweep(file: Path) -> None:
    """Remove the parts of checkpoints that a killed training left behind."""
    for part in file.parent.iterdir():
        if re.fullmatch(rf"\.{re.escape(file.name[:40])}\.[0-9a-f]{{16}}", part.name):
            part.unlink(missing_ok=True)


def _cross_validate(wanted: Wanted, prepared: TrainingTable) -> list[Scores]:
    """The scores of the folds, each said as it comes; none where none are asked for."""
    from chainrule.tables.plan import Prepared
    from chainrule.tables.training import cross_validate

    if wanted.cv is None or not isinstance(prepared, Prepared):
        return []

    found: list[Scores] = []
    count, say = wanted.cv or 0, _quiet if wanted.json else _say

    def watchers() -> list[Callback]:
        return [] if wanted.json else [Progress()]

    for number, fold in enumerate(cross_validate(prepared, wanted.plan, count, watchers), 1):
        if fold.fitted.stopped == "interrupted":
            sys.stderr.write(f"chainrule: interrupted in fold {number} of {count}; nothing is saved\n")
            raise typer.Exit(130)
        if fold.test is None:
            said = said_diverged(fold, "nothing is saved")
            sys.stderr.write(f"chainrule: fold {number} of {count}: {said}\n")
            raise typer.Exit(1)
        found.append(fold.test)
        say(f"fold {number} of {count}: {fold.test}")
    say(f"cross-validation: {spread_words(found)}")
    return found


# ---------------------------------------------------------------- after


@contextmanager
def _written(file: Path | None) -> Iterator[None]:
    """Within it, a file that cannot be written is named as it was asked for, not by a part of it."""
    try:
        yield
    except OSError as error:
        if file is None or error.errno is None:  # a ClusterError is about no file
            raise
        raise OSError(error.errno, error.strerror or str(error), str(file)) from None


def _save(wanted: Wanted, trained: Trained, folds: list[Scores]) -> None:
    from chainrule.cli.train.report import report_page
    from chainrule.render.plots import loss_curve
    from chainrule.storage import save_model
    from chainrule.system.files import write_whole

    network = trained.model.network
    with _written(wanted.model_file):
        save_model(trained.model, wanted.model_file)
    with _written(wanted.plot_file):
        loss_curve(trained.fitted.history, wanted.plot_file, f"{wanted.name}: {network.sizes}", network.loss)
    if wanted.report is not None:
        with _written(wanted.report):
            write_whole(wanted.report, report_page(wanted, trained, folds))


def _nothing_to_save(trained: Trained) -> None:
    if trained.fitted.stopped == "diverged":
        sys.stderr.write(f"chainrule: {said_diverged(trained, 'nothing is saved')}\n")
        raise typer.Exit(1)
    sys.stderr.write("chainrule: interrupted before the end of the first epoch; nothing is saved\n")
    raise typer.Exit(130)


def _say_result(wanted: Wanted, trained: Trained) -> None:
    lines = [ending(trained), *trained.findings, "" if trained.test is None else f"test {trained.test}"]
    lines += [f"model saved to {wanted.model_file}", f"loss curve in {wanted.plot_file}"]
    if wanted.report is not None:
        lines.append(f"report in {wanted.report}")
    _say(*(line for line in lines if line))


def _say(*lines: str) -> None:
    for line in lines:
        print(line, flush=True)


def _quiet(*lines: str) -> None:
    pass
