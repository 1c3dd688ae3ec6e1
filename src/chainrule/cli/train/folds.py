"""Cross-validation as ``chainrule train`` says it: each fold, then mean and standard deviation."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.tables.scores import Scores


def told_folds(scores: Iterable[Scores], count: int, quiet: bool) -> list[Scores]:
    """The scores of the folds, each said once it and those before it are there.

    Args:
        count: how many there are going to be.
    """
    found: list[Scores] = []
    for number, score in enumerate(scores, 1):
        found.append(score)
        if not quiet:
            print(f"fold {number} of {count}: {score}", flush=True)
    if not quiet:
        name, mean, deviation = spread(found)
        words = f"{name} {mean:.4f}, standard deviation {deviation:.4f} over {count} folds"
        print(f"cross-validation: {words}", flush=True)
    return found


def spread(folds: Sequence[Scores]) -> tuple[str, float, float]:
    """The score's name, its mean and its standard deviation over the folds."""
    values = [fold.main[1] for fold in folds]
    return folds[0].main[0], statistics.fmean(values), statistics.stdev(values)


def folds_json(folds: Sequence[Scores]) -> dict[str, Any] | None:
    """For programs; None where there are none."""
    if not folds:
        return None
    name, mean, deviation = spread(folds)
    return {"folds": folds, "score": {"R²": "r2"}.get(name, name), "mean": mean, "standard_deviation": deviation}
