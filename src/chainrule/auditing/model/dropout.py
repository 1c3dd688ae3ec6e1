"""Dropout in somebody's forward pass, read from the outputs of the layers: followed, and no mistake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from chainrule.auditing.model.problem import Node, Problem
from chainrule.auditing.model.replay import Replay
from chainrule.network.arrays import Array

NEAR = 1e-4  # relative, of what is kept
LEAST = 2  # entries that are kept, and so tell the scale


def with_dropout(problem: Problem, outputs: Mapping[int, Array]) -> tuple[Problem, list[str]]:
    """The problem with the dropout that shows in the outputs of hidden layers, and a sentence for each layer.

    Args:
        outputs: layer -> h (n, m), after its dropout.
    """
    said = list[str]()
    for layer in sorted(outputs):
        if not 0 < layer < problem.depth or problem.rule(layer) is None:
            continue
        plain = np.asarray(Replay(problem).right(Node("h", layer)))
        scale = _scale(plain, outputs[layer])
        if scale is None:
            continue
        kept = (outputs[layer] != 0) | (plain == 0)
        problem = replace(problem, masks={**problem.masks, layer: np.where(kept, scale, 0.0)})
        what = "the activation" if abs(scale - 1) <= NEAR else f"{scale:.4g} times the activation"
        said.append(
            f"h_{layer} is after dropout: {int((~kept).sum())} of {kept.size} entries are 0, the rest is {what}; "
            "the way back is followed with this mask"
        )
    return problem, said


def _scale(plain: Array, mine: Array) -> float | None:
    """What the kept entries are multiplied with; None where this is no dropout."""
    if mine.shape != plain.shape:
        return None
    told = plain != 0
    dropped, kept = told & (mine == 0), told & (mine != 0)
    if not dropped.any() or kept.sum() < LEAST:
        return None
    ratios = mine[kept] / plain[kept]
    scale = float(np.median(ratios))
    if scale <= 0 or np.ptp(ratios) > NEAR * scale:
        return None
    return 1.0 if abs(scale - 1.0) <= NEAR else scale
