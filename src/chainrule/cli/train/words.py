"""What ``chainrule train`` says: sentences for people, one JSON text for programs."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.cli.train.work import Wanted
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


def about_plan(prepared: TrainingTable, plan: Plan, exact: bool = False) -> str:
    """The network and how it is trained, in words; ``exact``: without minibatches."""
    network = prepared.model.network
    rate = plan.recipe().optimizer.settings.learning_rate
    count = f"{network.parameter_count} parameters"
    steps = "steps of all rows" if exact else f"batches of {plan.batch_size}"
    return f"{network}: {count}; {plan.optimizer} {rate:g}, {steps}, seed {plan.seed}"


def said_diverged(trained: Trained, outcome: str) -> str:
    """The loop's sentence with what became of the network in this command."""
    kept = r"the network of epoch \d+ is kept|the best network so far is kept|no epoch ended well"
    return re.sub(kept, outcome, trained.fitted.said)


def ending(trained: Trained) -> str:
    """How training ended where it was not with the last epoch, in words."""
    fitted, last = trained.fitted, len(trained.fitted.history)
    if fitted.stopped == "interrupted":
        return f"interrupted: kept the network after epoch {trained.best}"
    if fitted.stopped == "early":
        return f"stopped after epoch {last}: {fitted.said}; kept the network of epoch {trained.best}"
    if fitted.stopped is None and trained.best != last:
        return f"kept the network of epoch {trained.best}, the best for the validation rows"
    return ""


def spread(folds: Sequence[Scores]) -> tuple[str, float, float]:
    """The score's name, its mean and its standard deviation over the folds."""
    name = "accuracy" if folds[0].accuracy is not None else "R²"
    values = [float(s.accuracy if s.accuracy is not None else s.r2 or 0.0) for s in folds]
    return name, statistics.fmean(values), statistics.stdev(values)


def spread_words(folds: Sequence[Scores]) -> str:
    """Mean and standard deviation in words."""
    name, mean, deviation = spread(folds)
    return f"{name} {mean:.4f}, standard deviation {deviation:.4f} over {len(folds)} folds"


def json_text(wanted: Wanted, prepared: TrainingTable, trained: Trained | None, folds: Sequence[Scores]) -> str:
    """All of it for programs."""
    from chainrule.render.json import to_json

    model = prepared.model
    told: dict[str, Any] = {
        "data": wanted.data, "seed": wanted.plan.seed, "sizes": model.network.sizes, "inputs": model.inputs.names,
        "classes": model.target.classes,
        "rows": {part: len(getattr(prepared, part)) for part in ("train", "validation", "test")},
        "cross_validation": None,
    }  # fmt: skip
    if folds:
        name, mean, deviation = spread(folds)
        told["cross_validation"] = {
            "folds": folds, "score": {"R²": "r2"}.get(name, name), "mean": mean, "standard_deviation": deviation,
        }  # fmt: skip
    if trained is not None:
        fitted, saved = trained.fitted, bool(trained.fitted.history)
        outcome = f"the network of epoch {trained.best} is saved" if saved else "nothing is saved"
        said = said_diverged(trained, outcome) if fitted.stopped == "diverged" else fitted.said
        told |= {
            "history": fitted.history, "test": trained.test, "stopped": fitted.stopped, "said": said,
            "best_epoch": trained.best, "findings": trained.findings,
            "model": str(wanted.model_file) if saved else None, "plot": str(wanted.plot_file) if saved else None,
            "report": str(wanted.report) if saved and wanted.report else None,
        }  # fmt: skip
    return to_json("train", told)
