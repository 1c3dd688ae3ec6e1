"""Training a preset on a table in memory that is ready, and cross-validating it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from threading import Event

import numpy as np

from chainrule.tables.columns import balanced
from chainrule.tables.plan import Plan, agreed, digest
from chainrule.tables.prepared import Prepared
from chainrule.tables.presets.learn import Checkpoints, learn
from chainrule.tables.presets.members import preset
from chainrule.tables.presets.model import PresetModel
from chainrule.tables.scores import Scores
from chainrule.tables.training import folds_of_table


@dataclass(frozen=True, eq=False)
class TrainedPreset:
    """The result of ``train_preset``; ``test``: scores of the test rows, None where there are none."""

    prepared: Prepared
    model: PresetModel
    test: Scores | None


def networks_of(name: str) -> int:
    """How many networks a preset trains.

    Raises:
        InputError: no such preset.
    """
    how = preset(name)
    return how.folds * (len(how.kinds) + how.drawn)


def train_preset(
    prepared: Prepared, plan: Plan, name: str = "good", stop: Event | None = None,
    told: Callable[[], object] | None = None, checkpoints: Checkpoints | None = None,
) -> TrainedPreset:  # fmt: skip
    """Learn the ensemble of a preset from the rows to train on, and score it on the test rows.

    Args:
        plan: of it, what a preset leaves open: seed, threads, class weight.
        told: called after each network.
        checkpoints: where the networks' states go; which training it is, is written into them.

    Raises:
        InputError: as by ``learn``; checkpoints of other rows or of another preset.
    """
    given = prepared.model
    learnt = prepared.table.take(prepared.train)
    x, y, classes = given.inputs.apply(learnt), given.target.apply(learnt), len(given.target.classes)
    weight = balanced(np.bincount(y, minlength=classes))[y] if plan.class_weight else None
    if checkpoints is not None:
        balance = f", class weight {plan.class_weight}" if plan.class_weight else ""
        agreement = f"the preset {name} on the table {digest(agreed(given.inputs, given.target), x, y)}{balance}"
        checkpoints = replace(checkpoints, agreement=agreement)
    ensemble = learn(x, y, classes, name, plan.seed, plan.threads, stop, told, weight, checkpoints)
    model = PresetModel(ensemble, given.inputs, given.target, given.split)
    tested = model.evaluate(prepared.table.take(prepared.test)) if len(prepared.test) else None
    return TrainedPreset(prepared, model, tested)


def folds_of_preset(
    prepared: Prepared, plan: Plan, name: str, folds: int
) -> list[Callable[[Callable[[], object] | None], TrainedPreset]]:  # fmt: skip
    """What trains the preset without each fold and tests it on the fold; preprocessing too is learnt without it.

    Each is called with what is to be called after each network. The test part stays aside.

    Raises:
        InputError: too many folds for the rows to train, or fewer than 2.
    """

    def train(fold: Callable[[], Prepared], told: Callable[[], object] | None) -> TrainedPreset:
        return train_preset(fold(), plan, name, told=told)

    return [partial(train, fold) for fold in folds_of_table(prepared, plan, folds)]
