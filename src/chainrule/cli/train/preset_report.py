"""``chainrule train --report`` of a preset: what the page says of an ensemble."""

from __future__ import annotations

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
from chainrule.cli.train.words import about_rows
from chainrule.render.training_page import Cells, MembersShown, TrainingReport, training_document

if TYPE_CHECKING:
    from chainrule.cli.train.options import TrainOptions
    from chainrule.tables.presets.table import TrainedPreset
    from chainrule.tables.scores import Scores


def preset_page(options: TrainOptions, trained: TrainedPreset, folds: list[Scores]) -> str:
    """The page as HTML."""
    prepared, model = trained.prepared, trained.model
    outputs = outputs_of(model, prepared)
    shown, made = shown_part(outputs), model.ensemble
    networks = sum(len(part.networks) for part in made.parts)
    about = [f"{about_rows(prepared)}.", f"An ensemble of {networks} networks, by the preset {made.preset}."]
    about += [f"{note[0].upper()}{note[1:]}." for note in prepared.notes]
    report = TrainingReport(
        title=f"{options.name}: prediction of {model.target.name}", about=tuple(about),
        scores=scores_of(model, outputs), model=_members(trained),
        predictions=predictions_shown(model, prepared.table, outputs[shown], shown, True, "ensemble"),
        settings=_settings(options, trained), command=command(), folds=folds_of(folds),
    )  # fmt: skip
    return training_document(report).to_html()


def _members(trained: TrainedPreset) -> MembersShown:
    from chainrule.tables.presets.ensemble import told

    header = ("kind of networks", "networks", "features", "share", "held-out loss")
    rows = tuple(
        (row["kind"], str(row["networks"]), str(row["features"]), f"{row['share']:.0%}", f"{row['held_out_loss']:.4f}")
        for row in told(trained.model.ensemble)
    )
    about = [f"{said[0].upper()}{said[1:]}." for said in trained.model.about()]
    about.append("A network of each kind is trained without each of the folds, and the held-out losses are of the rows "
                 "in that fold; the shares are chosen by these rows.")  # fmt: skip
    return MembersShown(Cells(header, rows), tuple(about))


def _settings(options: TrainOptions, trained: TrainedPreset) -> tuple[tuple[str, str], ...]:
    from chainrule import __version__

    plan, model, decided = options.plan, trained.model, trained.prepared.decided
    why = f", for it has {decided.why}" if decided else ""
    return (
        ("data", options.shown),
        ("target", model.target.name),
        ("task", f"{model.target.task}{why}"),
        ("missing cells", plan.missing),
        ("inputs", str(len(model.inputs.names))),
        ("preset", model.ensemble.preset),
        ("folds", str(model.ensemble.folds)),
        ("parameters", str(model.ensemble.parameter_count)),
        ("class weight", plan.class_weight or "none"),
        ("share of test", f"{plan.test:g}"),
        ("seed", str(plan.seed)),
        ("versions", f"chainrule {__version__}, NumPy {np.__version__}, Python {platform.python_version()}"),
    )
