"""ONNX files: a network, or a model of a table with its preprocessing, as one graph for other runtimes."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import InputError
from chainrule.network import checks
from chainrule.network.network import Network
from chainrule.storage.onnx.ensemble import NUMBERS, ensemble_nodes
from chainrule.storage.onnx.graph import OnnxGraph, propagate
from chainrule.system.files import write_whole
from chainrule.tables.columns import Column, Inputs, Target
from chainrule.tables.plan import Model
from chainrule.tables.presets.ensemble import Ensemble
from chainrule.tables.presets.model import PresetModel

if TYPE_CHECKING:
    import onnx

COARSE = 1e-3  # of a standard deviation: steps between inputs that are larger blur a column
MISSING = ""  # a missing text, where the training had some
MOST_BYTES = 2**31 - 2**20  # what one protobuf message holds, less some room for the graph


def to_onnx(network_or_model: Network | Model | PresetModel) -> onnx.ModelProto:
    """The ONNX model: from x (n, d) to yhat (n, k), in the network's own float type.

    A table's ``Model`` takes what the table has and standardises it itself. With numbers alone the input is x
    (n, columns), in the order of ``model.inputs.columns``; with text among them each column is an input of its own
    (n, 1) under the column's name, text as strings. A missing number is NaN, a missing text "".
    Regression gives yhat in the target's own unit; classification gives beside yhat the ``label`` (n,), a string. A
    preset's model is one graph of its features and members, in float64.

    Raises:
        InputError: the onnx package is missing; something else than a network or a model; too large for one file; a
            column of dates.
    """
    if not isinstance(network_or_model, Network | Model | PresetModel):
        raise InputError("ONNX export", "a Network or a Model", type(network_or_model).__name__)
    model = None if isinstance(network_or_model, Network) else network_or_model
    core = _core(network_or_model)
    dtype, outputs = (core.dtype, core.sizes[-1]) if isinstance(core, Network) else (NUMBERS, core.outputs)
    size = core.parameter_count * dtype.itemsize
    if size > MOST_BYTES:
        raise InputError("ONNX export", f"at most {MOST_BYTES} bytes of parameters", f"{size} bytes")
    g = OnnxGraph(dtype)
    if model is None:
        x = g.takes("x", _inputs(core))
    else:
        _check_fit(model)
        x = _prepared(g, model.inputs)
    yhat = propagate(g, core, x) if isinstance(core, Network) else ensemble_nodes(g, core, x)
    if model and not model.target.classes:
        yhat = _restored(g, yhat, model.target)
    g.gives("yhat", yhat, g.kind, outputs)
    if model and model.target.classes:
        number = g("ArgMax", "yhat", axis=1, keepdims=0)
        g.gives("label", g("Gather", g.texts("classes", model.target.classes), number), g.TEXT)
    return g.model(_about(core, model))


def save_onnx(network_or_model: Network | Model | PresetModel, path: str | os.PathLike[str]) -> None:
    """Write ``to_onnx`` to a file; a file of that name is replaced only once the new one is whole.

    Raises:
        InputError: as ``to_onnx``.
    """
    write_whole(path, to_onnx(network_or_model).SerializeToString(deterministic=True))


def _core(given: Network | Model | PresetModel) -> Network | Ensemble:
    """What answers, without what is before and after it."""
    if isinstance(given, Network):
        return given
    return given.network if isinstance(given, Model) else given.ensemble


def _inputs(core: Network | Ensemble) -> int:
    return core.sizes[0] if isinstance(core, Network) else core.inputs


def _prepared(g: OnnxGraph, inputs: Inputs) -> str:
    """The inputs of a table, and what makes the network's x of them."""
    columns, impute = inputs.columns, inputs.missing == "impute"
    for column in columns:
        if column.parts:
            raise InputError(f"ONNX export: column {column.name!r}", "numbers or text", "dates")
        if column.exponent:
            wanted = "numbers whose squares float64 can hold; train on it in another unit"
            raise InputError(f"ONNX export: column {column.name!r}", wanted, f"some near 2^{column.exponent}")
    if not any(column.categories for column in columns):
        return _numbers(g, g.takes("x", len(columns)), columns, impute)
    taken = [g.takes(column.name, 1, g.TEXT if column.categories else None) for column in columns]
    parts = [
        _one_hot(g, name, column) if column.categories else _numbers(g, name, [column], impute)
        for name, column in zip(taken, columns, strict=True)
    ]
    return g("Concat", *parts, axis=1)


def _numbers(g: OnnxGraph, x: str, columns: Sequence[Column], impute: bool) -> str:
    """Standardised numbers; of a missing one, NaN, the mean, and after a column that had some, 1 for each."""
    found = _standardised(g, x, columns)
    if not impute:
        return found
    missing = g("IsNaN", x)
    found = g("Where", missing, 0.0, found)
    marked = [place for place, column in enumerate(columns) if column.gaps]
    if not marked:
        return found
    marks = g("Gather", g("Cast", missing, to=g.kind), g.array("marked", np.array(marked)), axis=1)
    order: list[int] = []
    for place, column in enumerate(columns):
        order += [place, *([len(columns) + marked.index(place)] if column.gaps else [])]
    return g("Gather", g("Concat", found, marks, axis=1), g.array("order", np.array(order)), axis=1)


def _standardised(g: OnnxGraph, x: str, columns: Sequence[Column]) -> str:
    """(x - mean) / scale; in float32 the mean is two numbers, so that no digits of a large one are lost."""
    for column in columns:
        checks.numbers(f"mean of column {column.name!r}", column.mean, g.dtype)
        _check_scale(f"column {column.name!r}", column.scale, g.dtype)
        step = float(np.spacing(np.asarray(abs(column.mean), g.dtype)))
        if step > COARSE * column.scale:
            about = (
                f"column {column.name!r}: float32 has its values near {column.mean:.3g} in steps of {step:.3g}, where"
            )
            words = f"{about} they vary by {column.scale:.3g}; export the model in float64"
            warnings.warn(words, UserWarning, stacklevel=2)
    mean = np.array([column.mean for column in columns])
    near = mean.astype(g.dtype)
    x = g("Sub", x, g.array("mean", near))
    if (near != mean).any():
        x = g("Sub", x, g.array("mean_rest", mean - near))
    return g("Div", x, g.array("scale", np.array([column.scale for column in columns])))


def _restored(g: OnnxGraph, yhat: str, target: Target) -> str:
    """yhat in the target's own unit."""
    mean, scale = float(np.ldexp(target.mean, target.exponent)), target.unit
    if (mean, scale) == (0.0, 1.0):
        return yhat
    checks.numbers(f"mean of target {target.name!r}", mean, g.dtype)
    _check_scale(f"target {target.name!r}", scale, g.dtype)
    return g("Add", g("Mul", yhat, scale), mean)


def _check_scale(of: str, scale: float, dtype: np.dtype[Any]) -> None:
    """Raise an InputError for one that the float type cannot hold with all its digits."""
    if not float(np.finfo(dtype).tiny) <= scale <= float(np.finfo(dtype).max):
        raise InputError(f"scale of {of}", f"a positive number in {dtype}", str(scale))


def _one_hot(g: OnnxGraph, name: str, column: Column) -> str:
    """Text (n, 1) -> (n, categories); an unseen one has their shares, or is an error where none were learnt."""
    names = list(column.categories)
    if column.gaps:
        names.append(MISSING if MISSING not in names else f"{MISSING}\0")
    categories = [category.encode() for category in names]
    coded = g("OneHotEncoder", name, domain="ai.onnx.ml", cats_strings=categories, zeros=int(bool(column.shares)))
    axis = g.array("axis", np.array([1]))
    flat = g("Squeeze", coded, axis)
    flat = flat if g.dtype == np.float32 else g("Cast", flat, to=g.kind)
    if not column.shares:
        return flat
    unseen = g("Sub", 1.0, g("ReduceSum", flat, axis, keepdims=1))
    shares = g.array("shares", np.array([*column.shares, *([0.0] if column.gaps else [])]))
    return g("Add", flat, g("Mul", unseen, shares))


def _check_fit(model: Model | PresetModel) -> None:
    expected, core = (len(model.inputs.names), model.target.outputs), _core(model)
    found = (_inputs(core), core.sizes[-1] if isinstance(core, Network) else core.outputs)
    if found != expected:
        raise InputError("network of the model", f"inputs and outputs {expected}, as its table", str(found))


def _about(core: Network | Ensemble, model: Model | PresetModel | None) -> dict[str, str]:
    about = {"loss": core.loss}
    if isinstance(core, Network):
        about = {"hidden": json.dumps(core.hidden), "output": core.output} | about
    else:
        about |= {"preset": core.preset, "members": json.dumps([part.name for part in core.parts])}
    if model:
        about["columns"] = json.dumps([column.name for column in model.inputs.columns])
        about["target"] = model.target.name
        about["classes"] = json.dumps(model.target.classes)
    return about
