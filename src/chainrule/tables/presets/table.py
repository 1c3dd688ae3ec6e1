"""Training a preset on a table in memory that is ready."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from chainrule.tables.plan import Plan
from chainrule.tables.prepared import Prepared
from chainrule.tables.presets.learn import learn
from chainrule.tables.presets.members import preset
from chainrule.tables.presets.model import PresetModel
from chainrule.tables.scores import Scores


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
    told: Callable[[], object] | None = None,
) -> TrainedPreset:  # fmt: skip
    """Learn the ensemble of a preset from the rows to train on, and score it on the test rows.

    Raises:
        InputError: as by ``learn``.
    """
    given = prepared.model
    learnt = prepared.table.take(prepared.train)
    x, y, classes = given.inputs.apply(learnt), given.target.apply(learnt), len(given.target.classes)
    ensemble = learn(x, y, classes, name, plan.seed, plan.threads, stop, told)
    model = PresetModel(ensemble, given.inputs, given.target, given.split)
    tested = model.evaluate(prepared.table.take(prepared.test)) if len(prepared.test) else None
    return TrainedPreset(prepared, model, tested)
