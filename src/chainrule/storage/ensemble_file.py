"""Files of a preset's model: safetensors with the networks, their features and the calibration, a record in JSON.

Of part P (from 1) the tensors are ``P.centre`` … ``P.wave_phase``, and of its network N ``P.N.W_1``, ``P.N.b_1``, …;
``residuals`` are the sizes of held-out errors. A file holds data only; nothing in it can run.
"""

from __future__ import annotations

import math
import os
from dataclasses import asdict, fields
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.network.network import Network
from chainrule.storage.header import check_table, read_spec, spec_text
from chainrule.storage.model_file import ENSEMBLE, load_model
from chainrule.system.files import write_whole
from chainrule.system.tensor_files import read_tensors
from chainrule.tables.columns import Inputs, Target
from chainrule.tables.plan import Model
from chainrule.tables.presets.ensemble import Ensemble, HeldOut, Members
from chainrule.tables.presets.features import Features
from chainrule.tables.presets.model import PresetModel
from chainrule.tables.table_model import Split

VERSION = 1
FIELDS = tuple(field.name for field in fields(Features))
_WHAT = "a chainrule model file (safetensors)"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _NetworkRecord(_Strict):
    hidden: tuple[str, ...]
    depth: int


class _MembersRecord(_Strict):
    name: str
    share: float
    held_out: float
    networks: tuple[_NetworkRecord, ...]


class _Record(_Strict):
    """What the header says: the record of how the model was made."""

    version: Literal[1]
    preset: str
    seed: int
    folds: int
    temperature: float
    held: HeldOut
    parts: tuple[_MembersRecord, ...]
    inputs: Inputs
    target: Target
    split: Split
    digest: str


def save_ensemble(model: PresetModel, path: str | os.PathLike[str]) -> None:
    """Write a preset's model; a file of that name is replaced only once the new one is whole.

    Raises:
        OSError: the file cannot be written.
    """
    from safetensors.numpy import save as to_bytes

    made, tensors, parts = model.ensemble, dict[str, Array](), list[dict[str, Any]]()
    for p, part in enumerate(made.parts, 1):
        tensors |= {f"{p}.{name}": getattr(part.features, name) for name in FIELDS}
        for n, network in enumerate(part.networks, 1):
            tensors |= {f"{p}.{n}.W_{i}": W for i, W in enumerate(network.weights, 1)}
            tensors |= {f"{p}.{n}.b_{i}": b for i, b in enumerate(network.biases, 1)}
        nets = [{"hidden": network.hidden, "depth": network.depth} for network in part.networks]
        parts.append({"name": part.name, "share": part.share, "held_out": part.held_out, "networks": nets})
    spec = {
        "version": VERSION, "preset": made.preset, "seed": made.seed, "folds": made.folds,
        "temperature": made.temperature, "held": asdict(made.held), "parts": parts, "inputs": asdict(model.inputs),
        "target": asdict(model.target), "split": asdict(model.split),
    }  # fmt: skip
    tensors["residuals"] = made.residuals
    tensors = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    write_whole(path, to_bytes(tensors, metadata={ENSEMBLE: spec_text(spec, tensors)}))


def load_table_model(path: str | os.PathLike[str]) -> Model | PresetModel:
    """A model trained on a table: of one network, or a preset's.

    Raises:
        InputError: no such file, not a whole model file, or one without the preprocessing.
    """
    quantity = f"model {os.fspath(path)}"
    if not is_ensemble(path):
        return load_model(path)
    tensors, metadata = read_tensors(quantity, path, _WHAT)
    spec = read_spec(_Record, metadata[ENSEMBLE], tensors, quantity)
    check_table(quantity, spec.inputs, spec.target, spec.split)
    try:
        return _model(spec, _Tensors(tensors))
    except InputError as error:
        raise InputError(f"{quantity}: {error.quantity}", error.expected, error.got) from None


def is_ensemble(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a preset's model, whole or not; False where there is none."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return ENSEMBLE in (file.metadata() or {})
    except (SafetensorError, OSError, ValueError, TypeError):
        return False


class _Tensors:
    """Arrays that are taken by name, each once."""

    def __init__(self, tensors: dict[str, Array]) -> None:
        self._left = dict(tensors)

    def take(self, name: str, kind: str = "f") -> Array:
        found = self._left.pop(name, None)
        what = "whole numbers" if kind == "i" else "numbers"
        if found is None or found.dtype.kind != kind:
            raise InputError(f"tensor {name}", what, "none" if found is None else str(found.dtype))
        if not np.isfinite(found).all():
            raise InputError(f"tensor {name}", "finite numbers", "one that is not")
        return found

    def check_empty(self) -> None:
        if self._left:
            raise InputError("tensors", "those of the parts of the record", ", ".join(sorted(self._left)[:8]))


def _model(spec: _Record, tensors: _Tensors) -> PresetModel:
    d, k = len(spec.inputs.names), spec.target.outputs
    numbers = {"temperature": spec.temperature, **{f"share of part {p.name}": p.share for p in spec.parts}}
    for name, value in numbers.items():
        if not 0 < value < math.inf:
            raise InputError(name, "a positive number", f"{value:g}")
    if not spec.parts or abs(sum(part.share for part in spec.parts) - 1) > 1e-9:
        raise InputError("shares of the parts", "some that add up to 1", f"{[part.share for part in spec.parts]}")
    parts = tuple(_part(part, p, d, spec.target, tensors) for p, part in enumerate(spec.parts, 1))
    residuals = tensors.take("residuals")
    if residuals.ndim != 1 or (residuals < 0).any() or (np.diff(residuals) < 0).any() or (k > 1 and residuals.size):
        raise InputError("tensor residuals", "sizes of errors of numbers, from small to large", f"{residuals.shape}")
    tensors.check_empty()
    made = Ensemble(parts, spec.temperature, residuals, spec.held, spec.preset, spec.seed, spec.folds)
    return PresetModel(made, spec.inputs, spec.target, spec.split)


def _part(part: _MembersRecord, p: int, d: int, target: Target, tensors: _Tensors) -> Members:
    taken = {name: tensors.take(f"{p}.{name}", "i" if name.endswith("_input") else "f") for name in FIELDS}
    lengths = dict.fromkeys(FIELDS[:3], d)
    lengths |= {name: taken[f"{name.split('_')[0]}_input"].size for name in FIELDS[3:]}
    for name, length in lengths.items():
        if taken[name].shape != (length,):
            raise InputError(f"tensor {p}.{name}", f"shape ({length},)", f"shape {taken[name].shape}")
        if name.endswith("_input") and not ((taken[name] >= 0) & (taken[name] < d)).all():
            raise InputError(f"tensor {p}.{name}", f"inputs from 0 to {d - 1}", "others")
    if not (taken["ramp_width"] > 0).all():
        raise InputError(f"tensor {p}.ramp_width", "positive numbers", "others")
    features = Features(**taken)
    networks = tuple(_network(net, f"{p}.{n}", target, tensors) for n, net in enumerate(part.networks, 1))
    if not networks:
        raise InputError(f"networks of part {part.name}", "at least one", "none")
    for network in networks:
        if (network.sizes[0], network.sizes[-1]) != (features.count, target.outputs):
            expected = f"inputs and outputs {(features.count, target.outputs)}"
            raise InputError(f"network of part {part.name}", expected, str((network.sizes[0], network.sizes[-1])))
    return Members(part.name, features, networks, part.share, part.held_out)


def _network(net: _NetworkRecord, place: str, target: Target, tensors: _Tensors) -> Network:
    if not 0 < net.depth < 10_000:
        raise InputError(f"depth of network {place}", "from 1 to 9999", str(net.depth))
    W, b = ([tensors.take(f"{place}.{symbol}_{i}") for i in range(1, net.depth + 1)] for symbol in "Wb")
    output, loss = ("softmax", "cross_entropy") if target.classes else ("identity", "half_squared_error")
    return Network(W, b, net.hidden or "identity", output, loss)
