"""``chainrule train --report``: what the page says, from a training."""

from __future__ import annotations

import math
import platform
from typing import TYPE_CHECKING

import numpy as np

from chainrule.cli.train.report_parts import (
    command,
    folds_of,
    outputs_of,
    predictions_shown,
    scores_of,
    shown_part,
)  # fmt: skip
from chainrule.cli.train.words import about_plan, about_rows, ending
from chainrule.render.training_page import EpochsShown, TrainingReport, training_document

if TYPE_CHECKING:
    from chainrule.cli.train.options import TrainOptions
    from chainrule.network.network import Network
    from chainrule.tables.scores import Scores
    from chainrule.tables.training import Trained


def report_page(options: TrainOptions, trained: Trained, folds: list[Scores]) -> str:
    """The page as HTML."""
    from chainrule.tables.prepared import Prepared
    from chainrule.train.health import LARGE_UPDATE, SMALL_UPDATE

    prepared, model, plan = trained.prepared, trained.model, options.plan
    assert isinstance(prepared, Prepared)  # --report with --blocks is refused
    outputs = outputs_of(model, prepared)
    shown, rule = shown_part(outputs), model.network.output_rule
    about = [f"{about_rows(prepared)}.", f"{about_plan(prepared, plan)}."]
    about += [f"{said[0].upper()}{said[1:]}." for said in (ending(trained), trained.fitted.outcome.words()) if said][:1]
    about += [f"{note[0].upper()}{note[1:]}." for note in prepared.notes]
    dying, saturating = _sleepers(model.network)
    epochs = EpochsShown(
        history=trained.fitted.history, loss_name=model.network.loss,
        score_name="accuracy" if model.target.classes else "R²", kept=trained.best, limits=(SMALL_UPDATE, LARGE_UPDATE),
        layers=(*model.network.hidden, model.network.output), dying=dying, saturating=saturating,
        findings=tuple(map(str, trained.findings)),
    )  # fmt: skip
    certain = (rule.low, rule.high) == (0.0, 1.0)
    report = TrainingReport(
        title=f"{options.name}: prediction of {model.target.name}", about=tuple(about),
        scores=scores_of(model, outputs), model=epochs,
        predictions=predictions_shown(model, prepared.table, outputs[shown], shown, certain, "network"),
        settings=_settings(options, trained), command=command(), folds=folds_of(folds),
    )  # fmt: skip
    return training_document(report).to_html()


def _sleepers(network: Network) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Numbers of the layers whose units can die (asleep at one end), and of those that saturate (at both ends)."""
    from chainrule.network.activations import ACTIVATIONS
    from chainrule.train.health import asleep_limits

    sleeping = [i for i, limit in enumerate(asleep_limits(network), 1) if limit >= 0]
    bounded = {i for i, name in enumerate(network.hidden, 1) if math.isfinite(ACTIVATIONS[name].high)}
    return tuple(i for i in sleeping if i not in bounded), tuple(i for i in sleeping if i in bounded)


def _settings(options: TrainOptions, trained: Trained) -> tuple[tuple[str, str], ...]:
    from chainrule import __version__
    from chainrule.tables.prepared import Prepared

    plan, network, fitted = options.plan, trained.model.network, trained.fitted
    why = (
        f", for it has {trained.prepared.decided.why}"
        if isinstance(trained.prepared, Prepared) and trained.prepared.decided
        else ""
    )
    recipe = plan.recipe()
    hidden = ", ".join(f"{n} {g}" for n, g in zip(network.sizes[1:-1], network.hidden, strict=True)) or "none"
    rule = recipe.optimizer
    warmup = f", warmup of {plan.warmup:g} epochs" if plan.warmup else ""
    stopping = "none" if plan.patience is None else f"on the validation loss, patience {plan.patience}"
    seconds = fitted.history[-1].seconds if fitted.history else 0.0
    return (
        ("data", options.shown),
        ("target", trained.model.target.name),
        ("task", f"{trained.model.target.task}{why}"),
        ("missing cells", plan.missing),
        ("inputs", str(network.sizes[0])),
        ("hidden layers", hidden),
        ("output", f"{network.sizes[-1]} {network.output}"),
        ("loss", network.loss),
        ("optimizer", f"{rule.name}, learning rate {rule.settings.learning_rate:g}, {plan.schedule}{warmup}"),
        ("epochs", f"{len(fitted.history)} of {plan.epochs}, in {seconds:.1f} s"),
        ("rows a step", str(plan.batch_size)),
        ("penalty (l2)", f"{plan.l2:g}"),
        ("weight decay", f"{rule.settings.weight_decay:g}"),
        ("dropout", ", ".join(f"{share:g}" for share in plan.dropout)),
        ("class weight", plan.class_weight or "none"),
        ("early stopping", stopping),
        ("shares of validation and test", f"{plan.validation_share:g} of the rest, {plan.test:g}"),
        ("seed", str(plan.seed)),
        ("numbers", plan.dtype),
        ("engine", plan.engine if plan.threads is None else f"{plan.engine}, threads: {plan.threads}"),
        ("versions", f"chainrule {__version__}, NumPy {np.__version__}, Python {platform.python_version()}"),
    )
