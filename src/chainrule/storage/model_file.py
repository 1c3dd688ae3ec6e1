"""Model files: safetensors with the network and, from training on a table, all that a prediction needs.

The tensors are the parameters under the notes' names (``W_1``, ``b_1``, …). The rest is one JSON text in
the header (one, so that a file's bytes never depend on an order), checked field by field when read. A
model file holds data only; nothing in it can run.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from chainrule.errors import InputError
from chainrule.network.network import Network
from chainrule.storage.header import check_table, read_spec, spec_text
from chainrule.system.files import write_whole
from chainrule.system.tensor_files import read_tensors
from chainrule.tables.columns import Inputs, Target
from chainrule.tables.plan import Model
from chainrule.tables.table_model import Split

FORMAT = "chainrule-model"
ENSEMBLE = "chainrule-ensemble"  # of files that storage/ensemble_file.py reads
VERSION = 2  # 1: files of version 0.1 have no digest
_WHAT = "a chainrule model file (safetensors)"


class _Spec(BaseModel):
    """What the header says."""

    model_config = ConfigDict(extra="forbid", strict=True)

    version: Literal[1, 2]
    hidden: tuple[str, ...]
    output: str
    loss: str
    reduction: str
    depth: int
    inputs: Inputs | None = None
    target: Target | None = None
    split: Split | None = None
    digest: str | None = None


def save(network: Network, path: str | os.PathLike[str]) -> None:
    """Write a network to a model file; a file of that name is replaced only once the new one is whole.

    Raises:
        OSError: the file cannot be written.

    >>> cr.save(cr.Network.random([4, 4, 2], seed=0), "net.safetensors")
    >>> cr.load("net.safetensors").sizes
    (4, 4, 2)
    """
    _write(network, path, {})


def save_model(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a trained model: the network, preprocessing, class names, feature names and the split."""
    extra = {"inputs": asdict(model.inputs), "target": asdict(model.target), "split": asdict(model.split)}
    _write(model.network, path, extra)


def load(path: str | os.PathLike[str]) -> Network:
    """The network of a model file.

    Raises:
        InputError: no such file, or not a whole model file.

    >>> cr.save(cr.Network.random([4, 4, 2], seed=0), "net.safetensors")
    >>> cr.load("net.safetensors")
    Network(4-4-2, hidden=sigmoid, output=softmax, loss=cross_entropy, mean, float64)
    """
    return _read(path)[0]


def load_model(path: str | os.PathLike[str]) -> Model:
    """A trained model, with what ``save_model`` wrote.

    Raises:
        InputError: no such file, not a whole model file, or one without the preprocessing.
    """
    found = load_either(path)
    if isinstance(found, Network):
        raise InputError(f"model {path}", "a model trained on a table", "a network alone, without its preprocessing")
    return found


def load_either(path: str | os.PathLike[str]) -> Model | Network:
    """A trained model; or the network alone, of a file without the preprocessing. Raises as ``load_model`` does."""
    network, spec = _read(path)
    if spec.inputs is None or spec.target is None or spec.split is None:
        return network
    check_table(f"model {path}", spec.inputs, spec.target, spec.split)
    expected = (len(spec.inputs.names), spec.target.outputs)
    if (network.sizes[0], network.sizes[-1]) != expected:
        raise InputError(f"model {path}", f"inputs and outputs {expected}", str((network.sizes[0], network.sizes[-1])))
    return Model(network, spec.inputs, spec.target, spec.split)


def _write(network: Network, path: str | os.PathLike[str], extra: dict[str, Any]) -> None:
    from safetensors.numpy import save as to_bytes

    spec = {
        "version": VERSION, "hidden": network.hidden, "output": network.output, "loss": network.loss,
        "reduction": network.reduction, "depth": network.depth,
    }  # fmt: skip
    tensors = {f"W_{i}": W for i, W in enumerate(network.weights, 1)}
    tensors |= {f"b_{i}": b for i, b in enumerate(network.biases, 1)}
    tensors = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    write_whole(path, to_bytes(tensors, metadata={FORMAT: spec_text(spec | extra, tensors)}))


def _read(path: str | os.PathLike[str]) -> tuple[Network, _Spec]:
    quantity = f"model {os.fspath(path)}"
    tensors, metadata = read_tensors(quantity, path, _WHAT)
    if ENSEMBLE in metadata:
        raise InputError(quantity, "a model of one network", "an ensemble of a preset, which load_table_model reads")
    if FORMAT not in metadata:
        raise InputError(quantity, _WHAT, "a safetensors file of another kind")
    spec = read_spec(_Spec, metadata[FORMAT], tensors, quantity)
    names = {f"{symbol}_{i}" for i in range(1, spec.depth + 1) for symbol in "Wb"} if 0 < spec.depth < 10_000 else set()
    if set(tensors) != names:
        raise InputError(quantity, f"tensors W_1, b_1 … W_{spec.depth}, b_{spec.depth}", ", ".join(sorted(tensors)[:8]))
    weights, biases = ([tensors[f"{symbol}_{i}"] for i in range(1, spec.depth + 1)] for symbol in "Wb")
    try:
        return Network(weights, biases, spec.hidden or "identity", spec.output, spec.loss, spec.reduction), spec
    except InputError as error:
        raise InputError(f"{quantity}: {error.quantity}", error.expected, error.got) from None
