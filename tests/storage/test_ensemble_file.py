"""The file of a preset's model: read back to the same predictions; a stranger's is refused."""

import json
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from chainrule.errors import InputError
from chainrule.storage import load, load_model, load_table_model, save_ensemble, save_model, to_onnx
from chainrule.storage.header import spec_text
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
    del spec["digest"]
    save_file(tensors, path, metadata={ENSEMBLE: spec_text(spec, tensors)})
    with pytest.raises(InputError, match=r"a\.safetensors(?!.*changed or damaged)"):
        load_table_model(path)


@pytest.mark.parametrize("change", ["tensor", "header", "digest"])
def test_a_changed_file_is_known_by_its_digest(models, tmp_path, change):
    path = tmp_path / "a.safetensors"
    save_ensemble(models[False], path)
    with safe_open(path, framework="numpy") as file:
        spec, tensors = json.loads(file.metadata()[ENSEMBLE]), {n: file.get_tensor(n) for n in file.keys()}  # noqa: SIM118
    if change == "tensor":
        tensors["residuals"] = tensors["residuals"] * 1.5
    elif change == "header":
        spec["target"]["scale"] *= 2
    else:
        del spec["digest"]
    save_file(tensors, path, metadata={ENSEMBLE: json.dumps(spec)})
    with pytest.raises(InputError, match="digest" if change == "digest" else "changed or damaged"):
        load_table_model(path)


def as_it_comes():
    """Missing numbers and texts, dates, text that only looks like numbers, and a target with a gap."""
    rng, n = np.random.default_rng(1), 80
    a, z = rng.normal(size=n) * 1e3, rng.choice(["01", "1", "x"], n)
    y = (a / 1e3 + (z == "01")).tolist()
    return pa.table({
        "a": [None, *a[1:].tolist()], "z": [*z[:-1].tolist(), None], "y": [y[0], None, *y[2:]],
        "d": [date(2020, 1, 1) + timedelta(int(day)) for day in rng.integers(0, 900, n)],
    })  # fmt: skip


@pytest.fixture(scope="module")
def came():
    before, PRESETS["fast"] = PRESETS["fast"], Preset(folds=2, kinds=(Kind(hidden=(4,), ramps=2, epochs=3),))
    found = {}
    for dated in (True, False):
        table = as_it_comes() if dated else as_it_comes().drop_columns("d")
        found[dated] = train_preset(prepare(table, "y", Plan()), Plan(), "fast")
    PRESETS["fast"] = before
    return found


def test_columns_as_they_come_read_back(came, tmp_path):
    model, table = came[True].model, as_it_comes()
    assert came[True].test.n == 16
    assert {"a missing", "z missing", "z=01", "d year"} <= set(model.inputs.names)
    save_ensemble(model, tmp_path / "a.safetensors")
    read = load_table_model(tmp_path / "a.safetensors")
    new = table.set_column(table.column_names.index("z"), "z", pa.array(["new", *["01"] * 79]))
    for rows in (table, new, new.drop_columns("y")):
        found, expected = read.predicted(rows), model.predicted(rows)
        np.testing.assert_array_equal(found.yhat, expected.yhat)
        assert np.isfinite(found.yhat).all()
        assert (found.scores, found.unusual) == (expected.scores, expected.unusual)
        assert (None if found.scores is None else found.scores.n) == (79 if "y" in rows.column_names else None)
    assert [(one.column, one.what) for one in model.predicted(new).unusual] == [("z", "unseen")]
    assert model.part(table, "test").num_rows == 16
    assert read.texts == ("z",)


def test_onnx_computes_the_same_of_columns_as_they_come(came):
    onnxruntime = pytest.importorskip("onnxruntime")
    model, rows = came[False].model, as_it_comes().drop_columns("d")
    texts = ["new", *[text or "" for text in rows.column("z").to_pylist()[1:]]]
    rows = rows.set_column(1, "z", pa.array([text or None for text in texts]))
    session = onnxruntime.InferenceSession(to_onnx(model).SerializeToString())
    given = {"a": rows.column("a").to_numpy()[:, None], "z": np.array(texts, "O")[:, None]}
    np.testing.assert_allclose(session.run(["yhat"], given)[0][:, 0], model.predict(rows).yhat, rtol=1e-5, atol=1e-5)
    with pytest.raises(InputError, match="dates"):
        to_onnx(came[True].model)
