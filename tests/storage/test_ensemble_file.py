"""The file of a preset's model: read back to the same predictions; a stranger's is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from chainrule.errors import InputError
from chainrule.storage import load, load_model, load_table_model, save_ensemble, save_model, to_onnx
from chainrule.storage.model_file import ENSEMBLE
from chainrule.tables.plan import Plan
from chainrule.tables.prepared import prepare
from chainrule.tables.presets.members import PRESETS, Kind, Preset
from chainrule.tables.presets.model import PresetModel
from chainrule.tables.presets.table import train_preset
from tests.tables.presets.test_learn import table


@pytest.fixture(scope="module")
def models():
    kinds = (Kind(hidden=(4,), ramps=2, epochs=3), Kind(hidden=(4,), waves=2, epochs=3))
    before, PRESETS["fast"] = PRESETS["fast"], Preset(folds=2, kinds=kinds)
    found = {c: train_preset(prepare(table(c), "y", Plan()), Plan(), "fast").model for c in (True, False)}
    PRESETS["fast"] = before
    return found


@pytest.mark.parametrize("classes", [True, False])
def test_it_reads_back_to_the_same_predictions_and_bytes(models, tmp_path, classes):
    save_ensemble(models[classes], tmp_path / "a.safetensors")
    read = load_table_model(tmp_path / "a.safetensors")
    assert isinstance(read, PresetModel)
    np.testing.assert_array_equal(read.forward(table(classes)), models[classes].forward(table(classes)))
    save_ensemble(read, tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    assert read.ensemble.held == models[classes].ensemble.held


def test_a_model_of_one_network_reads_as_such_and_an_ensemble_is_none(models, tmp_path):
    save_ensemble(models[True], tmp_path / "a.safetensors")
    for read in (load, load_model):
        with pytest.raises(InputError, match="an ensemble of a preset"):
            read(tmp_path / "a.safetensors")
    one = prepare(table(True), "y", Plan()).model
    save_model(one, tmp_path / "one.safetensors")
    assert load_table_model(tmp_path / "one.safetensors").network.sizes == one.network.sizes


@pytest.mark.parametrize("classes", [True, False])
def test_onnx_computes_the_same(models, classes):
    onnxruntime = pytest.importorskip("onnxruntime")
    model, rows = replace(models[classes]), table(classes)
    model = replace(model, ensemble=replace(model.ensemble, temperature=1.3 if classes else 1.0))
    session = onnxruntime.InferenceSession(to_onnx(model).SerializeToString())
    given = {name: np.array(rows.column(name).to_pylist(), "O" if name == "c" else None)[:, None] for name in "abc"}
    yhat = session.run(["yhat"], given)[0]
    expected = model.predict(rows).yhat
    np.testing.assert_allclose(yhat if classes else yhat[:, 0], expected, rtol=1e-5, atol=1e-6)


def changed(tensors, spec, change):
    first = next(name for name in tensors if name.endswith(".ramp_input") and tensors[name].size)
    part = first.split(".")[0]
    if change == "input":
        tensors[first] = tensors[first] + 99
    elif change == "negative":
        tensors[first] = tensors[first] - 99
    elif change == "short":
        tensors[f"{part}.ramp_low"] = tensors[f"{part}.ramp_low"][:-1]
    elif change == "width":
        tensors[f"{part}.ramp_width"] = tensors[f"{part}.ramp_width"] * 0
    elif change == "nan":
        tensors[f"{part}.centre"] = tensors[f"{part}.centre"] * np.nan
    elif change == "missing":
        del tensors[f"{part}.factor"]
    elif change == "more":
        tensors["more"] = np.zeros(2)
    elif change == "residuals":
        tensors["residuals"] = tensors["residuals"][::-1].copy()
    elif change == "weights":
        tensors[f"{part}.1.W_1"] = tensors[f"{part}.1.W_1"][:, :-1].copy()
    elif change == "share":
        spec["parts"][0]["share"] += 0.5
    elif change == "temperature":
        spec["temperature"] = -1.0
    elif change == "depth":
        spec["parts"][0]["networks"][0]["depth"] = 10**9
    elif change == "version":
        spec["version"] = 2
    elif change == "nets":
        spec["parts"][0]["networks"] = []
    elif change == "classes":
        spec["target"]["classes"] = ["a", "b", "c"]


KINDS = ["input", "negative", "short", "width", "nan", "missing", "more", "residuals", "weights", "share",
         "temperature", "depth", "version", "nets", "classes"]  # fmt: skip


@pytest.mark.parametrize("change", KINDS)
def test_a_strangers_file_is_refused(models, tmp_path, change):
    path = tmp_path / "a.safetensors"
    save_ensemble(models[False], path)
    with safe_open(path, framework="numpy") as file:
        spec, tensors = json.loads(file.metadata()[ENSEMBLE]), {n: file.get_tensor(n) for n in file.keys()}  # noqa: SIM118
    changed(tensors, spec, change)
    save_file(tensors, path, metadata={ENSEMBLE: json.dumps(spec)})
    with pytest.raises(InputError, match=r"a\.safetensors"):
        load_table_model(path)
