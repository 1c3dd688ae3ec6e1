"""What ``chainrule train`` says: sentences for people, one JSON text for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chainrule.cli.train.folds import folds_json

MOST_NOTES = 12  # of a table of many columns

if TYPE_CHECKING:
    from chainrule.cli.train.options import TrainOptions
    from chainrule.tables.plan import Plan, TrainingTable
    from chainrule.tables.scores import Scores
    from chainrule.tables.training import Trained


def about_rows(prepared: TrainingTable) -> str:
    """The rows and what they have, in words."""
    model = prepared.model
    classes = f", {len(model.target.classes)} classes" if model.target.classes else ""
    validation = f"{len(prepared.validation)} to validate, " if len(prepared.validation) else ""
    parts = f"{len(prepared.train)} rows to train, {validation}{len(prepared.test)} kept aside"
    return f"{parts}; {len(model.inputs.names)} inputs{classes}"


def shown_notes(notes: Sequence[str]) -> list[str]:
    """What is said of how columns were read; of many columns the first ones."""
    more = len(notes) - MOST_NOTES
    return [*notes[:MOST_NOTES], *([f"and {more} more such columns; --json and --report name all"] if more > 0 else [])]


def about_plan(prepared: TrainingTable, plan: Plan, exact: bool = False) -> str:
    """The network and how it is trained, in words; ``exact``: without minibatches."""
    network = prepared.model.network
    rate = plan.recipe().optimizer.settings.learning_rate
    count = f"{network.parameter_count} parameters"
    steps = "steps of all rows" if exact else f"batches of {plan.batch_size}"
    return f"{network}: {count}; {plan.optimizer} {rate:g}, {steps}, seed {plan.seed}"


def saved_words(trained: Trained) -> str:
    """What became of the network, in words."""
    return "nothing is saved" if trained.best is None else f"the network of epoch {trained.best} is saved"


def ending(trained: Trained) -> str:
    """How training ended where it was not with the last epoch, in words."""
    outcome = trained.fitted.outcome
    if outcome.kind == "interrupted":
        return f"interrupted: kept the network after epoch {trained.best}"
    if outcome.kind == "early":
        return f"stopped after epoch {outcome.epoch}: {outcome.reason}; kept the network of epoch {trained.best}"
    if outcome.kind == "finished" and trained.best != outcome.epoch:
        return f"kept the network of epoch {trained.best}, the best for the validation rows"
    return ""


def json_text(options: TrainOptions, prepared: TrainingTable, trained: Trained | None, folds: Sequence[Scores]) -> str:
    """All of it for programs."""
    from chainrule.render.json import to_json

    model = prepared.model
    content: dict[str, Any] = {
        "data": options.shown, "seed": options.plan.seed, "sizes": model.network.sizes, "inputs": model.inputs.names,
        "classes": model.target.classes, "task": model.target.task, "notes": prepared.notes,
        "rows": {part: len(getattr(prepared, part)) for part in ("train", "validation", "test")},
        "cross_validation": folds_json(folds),
    }  # fmt: skip
    if trained is not None:
        fitted, saved = trained.fitted, bool(trained.fitted.history)
        diverged = fitted.outcome.kind == "diverged"
        content |= {
            "history": fitted.history, "test": trained.test, "stopped": fitted.stopped,
            "said": fitted.outcome.words(saved_words(trained)) if diverged else fitted.said,
            "best_epoch": trained.best, "findings": [str(finding) for finding in trained.findings],
            "model": str(options.model_file) if saved else None, "plot": str(options.plot_file) if saved else None,
            "report": str(options.report) if saved and options.report else None,
        }  # fmt: skip
    return to_json("train", content)
