"""What ``chainrule train`` does: the files it may write, cross-validation, training, and what is said of it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from chainrule.cli.output import print_json
from chainrule.cli.train.checks import check
from chainrule.cli.train.folds import told_folds
from chainrule.cli.train.table import training_table
from chainrule.cli.train.words import about_plan, about_rows, ending, json_text, saved_words, shown_notes
from chainrule.render.blocks import visible
from chainrule.system.files import write_whole
from chainrule.train.callbacks import Callback, Progress, SharedProgress, Watcher

if TYPE_CHECKING:
    from chainrule.cli.train.options import TrainOptions
    from chainrule.tables.plan import TrainingTable
    from chainrule.tables.scores import Scores
    from chainrule.tables.training import Trained
    from chainrule.train.records import Run


def work(options: TrainOptions) -> None:
    """Train as asked; see the command.

    Raises:
        InputError: data or options that do not fit; a file that cannot be written.
    """
    check(options)
    with training_table(options) as table:
        _work(options, table)


def _work(options: TrainOptions, prepared: TrainingTable) -> None:
    if not options.json:
        _say(f"{options.name}: {about_rows(prepared)}", about_plan(prepared, options.plan, _exact(options, prepared)))
        _say(*shown_notes(prepared.notes))
    folds = _cross_validate(options, prepared)
    if options.cv_only:
        if options.json:
            print_json(json_text(options, prepared, None, folds))
        return
    trained = _train(options, prepared)
    saved, diverged = bool(trained.fitted.history), trained.fitted.outcome.kind == "diverged"
    if saved:
        _save(options, trained, folds)
    if options.json and (saved or diverged):
        print_json(json_text(options, prepared, trained, folds))
    elif saved:
        _say_result(options, trained)
    if diverged:
        _fail(trained.fitted.outcome.words(saved_words(trained)), 1)
    if not saved:
        _fail("interrupted before the end of the first epoch; nothing is saved", 130)


def _exact(options: TrainOptions, prepared: TrainingTable) -> bool:
    """Whether its steps are of all rows."""
    if options.cluster is None:
        return False
    from chainrule.distributed.table_training import ClusterTable

    return isinstance(prepared, ClusterTable) and prepared.chosen.mode == "exact"


class _Beginning(Watcher):
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


def _train(options: TrainOptions, prepared: TrainingTable) -> Trained:
    from chainrule.tables.training import train_table
    from chainrule.train.callbacks import History

    file, watchers = options.checkpoint_file, list[Callback]()
    if file is not None:
        with written(file):
            file.parent.mkdir(exist_ok=True)
            sweep(file.parent, re.escape(file.name[:40]))
        if not options.json:
            watchers.append(_Beginning(file, options.resume))
    if options.history is not None:
        watchers.append(History(options.history))
    with written(options.history):  # the only file that training itself opens
        if not options.json:
            watchers.append(_progress(options, prepared))
        return train_table(prepared, options.plan, watchers, file, options.checkpoint_every, options.resume)


def _progress(options: TrainOptions, prepared: TrainingTable) -> Callback:
    if options.cluster is None:
        return Progress()
    from chainrule.distributed.progress import ClusterProgress
    from chainrule.distributed.table_training import ClusterTable

    assert isinstance(prepared, ClusterTable)
    return ClusterProgress(prepared.work)


def sweep(folder: Path, name: str) -> None:
    """Remove the parts of checkpoints that a killed training left behind; ``name``: a pattern of the files."""
    for part in folder.iterdir():
        if re.fullmatch(rf"\.{name}\.[0-9a-f]{{16}}", part.name):
            part.unlink(missing_ok=True)


def _cross_validate(options: TrainOptions, prepared: TrainingTable) -> list[Scores]:
    """The scores of the folds, each said once it and those before it are there; none where none are asked for."""
    from chainrule.tables.prepared import Prepared
    from chainrule.tables.training import cross_validate

    if options.cv is None or not isinstance(prepared, Prepared):
        return []
    count, quiet = options.cv, options.json
    with ExitStack() as stack:
        watchers = [] if quiet else [stack.enter_context(SharedProgress("folds", count))]
        trained = stack.enter_context(closing(cross_validate(prepared, options.plan, count, lambda: watchers)))
        return told_folds(_scores(trained, count), count, quiet)


def _scores(trained: Iterable[Trained], count: int) -> Iterator[Scores]:
    """Of the folds; the command ends where one was interrupted, or diverged at once."""
    for number, fold in enumerate(trained, 1):
        if fold.fitted.outcome.kind == "interrupted":
            _fail(f"interrupted in fold {number} of {count}; nothing is saved", 130)
        if fold.test is None:
            _fail(f"fold {number} of {count}: {fold.fitted.outcome.words('nothing is saved')}", 1)
        yield fold.test


@contextmanager
def written(file: Path | None) -> Iterator[None]:
    """Within it, a file that cannot be written is named as it was asked for, not by a part of it."""
    try:
        yield
    except OSError as error:
        if file is None or error.errno is None:  # a ClusterError is about no file
            raise
        raise OSError(error.errno, error.strerror or str(error), str(file)) from None


def _save(options: TrainOptions, trained: Trained, folds: list[Scores]) -> None:
    from chainrule.cli.train.report import report_page
    from chainrule.render.plots import loss_curve
    from chainrule.storage import save_model

    network, plot = trained.model.network, options.plot_file
    assert plot is not None  # of one network
    with written(options.model_file):
        save_model(trained.model, options.model_file)
    with written(plot):
        loss_curve(trained.fitted.history, plot, f"{options.name}: {network.sizes}", network.loss)
    if options.report is not None:
        with written(options.report):
            write_whole(options.report, report_page(options, trained, folds))


def _fail(said: str, code: int) -> NoReturn:
    sys.stderr.write(f"chainrule: {visible(said)}\n")
    raise typer.Exit(code)


def _say_result(options: TrainOptions, trained: Trained) -> None:
    lines = [ending(trained), *map(str, trained.findings), "" if trained.test is None else f"test {trained.test}"]
    lines += [f"model saved to {options.model_file}", f"loss curve in {options.plot_file}"]
    if options.report is not None:
        lines.append(f"report in {options.report}")
    _say(*(line for line in lines if line))


def _say(*lines: str) -> None:
    for line in lines:
        print(visible(line), flush=True)
