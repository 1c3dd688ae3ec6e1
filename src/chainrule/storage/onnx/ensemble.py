"""An ensemble as a graph: its features, its networks, their mean and its temperature."""

from __future__ import annotations

import math

import numpy as np

from chainrule.storage.onnx.graph import OnnxGraph, propagate
from chainrule.tables.presets.ensemble import Ensemble
from chainrule.tables.presets.features import ROUND, Features
from chainrule.tables.presets.folds import LEAST


def ensemble_nodes(g: OnnxGraph, ensemble: Ensemble, x: str) -> str:
    """From the inputs x (n, d) to yhat (n, k)."""
    said = []
    for part in ensemble.parts:
        given = _features(g, part.features, x)
        share = part.share / len(part.networks)
        said += [g("Mul", propagate(g, network, given), float(share)) for network in part.networks]
    mean = g("Sum", *said)
    if ensemble.temperature == 1.0:
        return mean
    logs = g("Log", g("Max", mean, LEAST))
    return g("Softmax", g("Div", logs, float(ensemble.temperature)), axis=1)


def _features(g: OnnxGraph, features: Features, x: str) -> str:
    """``Features`` as nodes."""
    z = g("Mul", g("Sub", x, g.array("centre", features.centre)), g.array("factor", features.factor))
    square = g("Mul", g("Mul", z, z), g.array("bent", features.bent / ROUND**2))
    z = g("Div", z, g("Sqrt", g("Add", square, 1.0)))
    parts = [z]
    if len(features.ramp_input):
        own = g("Gather", x, g.array("ramp_input", features.ramp_input), axis=1)
        at = g("Sub", own, g.array("ramp_low", features.ramp_low))
        parts.append(g("Clip", g("Div", at, g.array("ramp_width", features.ramp_width)), 0.0, 1.0))
    if len(features.wave_input):
        own = g("Gather", z, g.array("wave_input", features.wave_input), axis=1)
        angle = g("Mul", own, g.array("wave_frequency", features.wave_frequency))
        # the sine, a quarter on: onnxruntime has no cosine of float64
        parts.append(g("Sin", g("Add", angle, g.array("wave_phase", features.wave_phase + math.pi / 2))))
    return g("Concat", *parts, axis=1) if len(parts) > 1 else z


NUMBERS = np.dtype(np.float64)  # of the graph: features of float32 members are float64 too
