"""ONNX files against onnxruntime: the same numbers as the forward pass, from the table to the labels."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule import InputError, Network
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.outputs import OUTPUTS
from chainrule.storage import load, save, save_onnx, to_onnx
from chainrule.storage.onnx import file as onnx_file
from chainrule.storage.onnx.graph import RULES, OnnxGraph
from chainrule.tables.columns import Column, Inputs, Target
from chainrule.tables.decision import decide, fit_target
from chainrule.tables.plan import Model, Plan
from chainrule.tables.prepared import prepare
from chainrule.tables.summary import ColumnSummary, fit_inputs
from chainrule.tables.table_model import Split
from tests.support.strategies import networks

DTYPES = ["float32", "float64"]
#: units of rounding, in proportion to the largest value
ROUNDING = 64


def run(exported, feeds):
    """Output name -> array, by onnxruntime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(exported.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, feeds), strict=True))


def assert_same(got, want):
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    assert np.isfinite(want).all()
    largest = np.abs(want).max(initial=1.0)
    np.testing.assert_allclose(got, want, rtol=0, atol=ROUNDING * np.finfo(want.dtype).eps * largest)


# ---------------------------------------------------------------- names


def test_names_that_are_taken_are_numbered():
    graph = OnnxGraph(np.dtype("float32"), "net_")
    assert [graph.array("W", np.ones(2)) for _ in range(3)] == ["net_W", "net_W_2", "net_W_3"]
    assert graph("Relu", "net_W") == "net_relu"


# ---------------------------------------------------------------- networks


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("output", [*OUTPUTS, "exp"])
@pytest.mark.parametrize("hidden", list(ACTIVATIONS))
def test_the_numbers_are_those_of_the_forward_pass(hidden, output, dtype, rng):
    network = Network.random([3, 5, 4, 2], hidden, output, "half_squared_error", seed=1, dtype=dtype)
    biased = network.with_flat(network.flat + rng.normal(size=network.parameter_count).astype(dtype) / 4)
    exported = to_onnx(biased)
    onnx.checker.check_model(exported, full_check=True)
    x = rng.normal(size=(6, 3)).astype(dtype)
    assert_same(run(exported, {"x": x})["yhat"], biased.forward(x).yhat)


@given(networks(), st.sampled_from(DTYPES), st.integers(0, 5))
def test_any_shape_any_depth(network, dtype, n):
    network = network.astype(dtype)
    x = np.random.default_rng(n).normal(size=(n, network.sizes[0])).astype(dtype)
    assert_same(run(to_onnx(network), {"x": x})["yhat"], network.forward(x).yhat)


SIZES = [1e-30, 1e-8, 1e-4, 0.01, 0.3, 1, 2, 4, 7, 15, 19, 25, 36, 60, 80, 1000]
LOGITS = np.array([*(-s for s in SIZES), 0.0, *SIZES])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_small_and_large_logits_keep_their_digits(name, dtype):
    """Relative, each value alone, from 1e-30 to 1000 on both sides; below the normal range nothing is asked."""
    network = Network([np.ones((1, 1), dtype)], None, (), name, "half_squared_error")
    x = LOGITS[:, None].astype(dtype)
    got, want = run(to_onnx(network), {"x": x})["yhat"], network.forward(x).yhat
    eps, smallest = np.finfo(dtype).eps, np.finfo(dtype).tiny
    tail = (x**2).clip(16, 1500) if name == "gelu" else 16  # e^(-a^2/2) multiplies the rounding of a^2
    bound = tail * eps * np.abs(want) + smallest
    if (name, dtype) == ("gelu", "float32"):  # 1 + Erf has the rounding of 1, and is a factor of a
        bound += 2 * eps * np.abs(x) * (np.abs(want) > 0)
    assert np.isfinite(got).all()
    assert (np.abs(got - want) <= bound).all(), np.column_stack([x, got, want])[(np.abs(got - want) > bound)[:, 0]]


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_and_exp_of_large_logits(dtype):
    x = np.array([[1000, 0, -1000], [-1000, -1000, -1000], [1000, 1000, 999], [30, 0, -30]], dtype)
    network = Network([np.eye(3, dtype=dtype)], None, (), "softmax")
    got = run(to_onnx(network), {"x": x})["yhat"]
    np.testing.assert_allclose(got, network.forward(x).yhat, rtol=1e-5 if dtype == "float32" else 1e-13)
    network = Network([np.eye(3, dtype=dtype)], None, (), "exp", "poisson")
    assert np.isinf(run(to_onnx(network), {"x": x})["yhat"][0, 0])
    assert run(to_onnx(network), {"x": x})["yhat"][0].tolist()[1:] == [1, 0]


def test_what_the_file_declares():
    network = Network.random([3, 4, 2], "tanh", seed=0, dtype="float32")
    exported = to_onnx(network)
    assert exported.ir_version == 8
    assert [(o.domain, o.version) for o in exported.opset_import] == [("", 18)]
    taken, given = exported.graph.input[0], exported.graph.output[0]
    assert [taken.name, given.name] == ["x", "yhat"]
    for value, width in ((taken, 3), (given, 2)):
        assert value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
        assert [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim] == ["n", width]
    stored = {t.name: onnx.numpy_helper.to_array(t) for t in exported.graph.initializer}
    for name in ("W_1", "b_1", "W_2", "b_2"):
        assert np.array_equal(stored[name], network.forward(np.zeros(3))[name])
    assert {"a_1", "h_1", "a_2"} <= {node.output[0] for node in exported.graph.node}
    about = {p.key: p.value for p in exported.metadata_props}
    assert about == {"hidden": '["tanh"]', "output": "softmax", "loss": "cross_entropy"}


def test_every_function_has_a_rule(monkeypatch):
    assert set(RULES) <= {*OUTPUTS, "exp"}
    monkeypatch.delitem(RULES, "softmax")
    with pytest.raises(InputError, match=r"expected a function of identity, .*got 'softmax'"):
        to_onnx(Network.random([2, 2, 2], "tanh", seed=0))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_an_activation_without_a_rule_goes_by_its_formula(name, dtype, monkeypatch, rng):
    for other in ACTIVATIONS:
        monkeypatch.delitem(RULES, other, raising=False)
    network = Network.random([3, 5, 4, 2], name, "softmax", seed=1, dtype=dtype)
    x = rng.normal(size=(6, 3)).astype(dtype)
    assert_same(run(to_onnx(network), {"x": x})["yhat"], network.forward(x).yhat)


def test_a_formula_that_onnx_does_not_have_is_refused(monkeypatch):
    monkeypatch.setitem(ACTIVATIONS, "odd", replace(ACTIVATIONS["tanh"], name="odd", formula="sin(a)"))
    with pytest.raises(InputError, match="got 'sin'"):
        to_onnx(Network.random([2, 2, 2], "odd", seed=0))


# ---------------------------------------------------------------- tables


def model_of(table, target, dtype, hidden="relu"):
    """An untrained model of a table, prepared on all its rows."""
    rows = np.arange(table.num_rows)
    kind = fit_target(table, target, None)
    kind = kind if kind.classes else decide(ColumnSummary.of(target, table.column(target), rows), "regression").target
    inputs = fit_inputs(table, [name for name in table.column_names if name != target], rows)
    rules = ("softmax", "cross_entropy") if kind.classes else ("identity", "half_squared_error")
    network = Network.random([len(inputs.names), 6, kind.outputs], hidden, *rules, seed=2, dtype=dtype)
    return Model(network, inputs, kind, Split(table.num_rows, 0.0, 0))


def columns_of(model, table):
    """What a caller feeds, one array a column."""
    kinds = {c.name: object if c.categories else model.network.dtype for c in model.inputs.columns}
    return {name: np.array(table[name].to_pylist(), kind)[:, None] for name, kind in kinds.items()}


def mixed(rng, **more):
    n = 12
    columns = {
        "size": rng.normal(50, 9, n).astype(np.float32),
        "colour": rng.choice(["red", "grün", ""], n),
        "is old": rng.random(n) < 0.5,
        "town": rng.choice(["A", "B"], n),
    }
    columns["colour"][:3] = ["red", "grün", ""]
    return pa.table({**columns, **more})


@pytest.mark.parametrize("dtype", DTYPES)
def test_numbers_are_one_input_and_the_target_comes_back_in_its_unit(dtype, rng):
    table = pa.table({**{f"c{j}": rng.normal(100 * j, j + 1, 9).astype(np.float32) for j in range(3)}})
    table = table.append_column("price", [rng.normal(1e4, 300, 9)])
    model = model_of(table, "price", dtype)
    exported = to_onnx(model)
    onnx.checker.check_model(exported, full_check=True)
    x = np.column_stack([table[f"c{j}"].to_numpy() for j in range(3)]).astype(dtype)
    got = run(exported, {"x": x})
    assert list(got) == ["yhat"]
    want = model.target.restore(model.forward(table))[:, None].astype(dtype)
    assert np.abs(want - 1e4).max() > 1
    assert_same(got["yhat"], want)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("labels", [["no", "yes"], ["10", "9", "ähnlich"]])
def test_text_columns_are_inputs_of_their_own_and_labels_come_out(labels, dtype, rng):
    table = mixed(rng, kind=[labels[i % len(labels)] for i in range(12)])
    model = model_of(table, "kind", dtype)
    exported = to_onnx(model)
    onnx.checker.check_model(exported, full_check=True)
    assert [(o.domain, o.version) for o in exported.opset_import] == [("", 18), ("ai.onnx.ml", 3)]
    got = run(exported, columns_of(model, table))
    yhat = model.forward(table)
    assert list(got) == ["yhat", "label"]
    assert_same(got["yhat"], yhat)
    assert got["label"].tolist() == [model.target.classes[i] for i in yhat.argmax(axis=1)]
    assert len(set(got["label"])) > 1
    about = {p.key: p.value for p in exported.metadata_props}
    assert json.loads(about["columns"]) == ["size", "colour", "is old", "town"]
    assert json.loads(about["classes"]) == list(model.target.classes)
    assert about["target"] == "kind"


@pytest.mark.parametrize("dtype", DTYPES)
def test_unseen_categories_and_missing_cells_are_what_they_are_to_the_model(dtype, rng):
    table = mixed(rng, kind=["a", "b"] * 6)
    gaps = {"size": [None, *table["size"].to_pylist()[1:]], "town": [None, *table["town"].to_pylist()[1:]]}
    for name, values in gaps.items():
        table = table.set_column(table.column_names.index(name), name, pa.array(values))
    model = model_of(table, "kind", dtype)
    assert [column.gaps for column in model.inputs.columns] == [True, False, False, True]
    feeds = {"size": [None, 45.0], "colour": ["blue", "red"], "is old": [True, None], "town": ["C", None]}
    given = {
        name: [np.nan if v is None and name != "town" else v or "" for v in cells] for name, cells in feeds.items()
    }
    text = ("colour", "town")
    arrays = {n: np.array(v, object if n in text else dtype)[:, None] for n, v in given.items()}
    assert_same(run(to_onnx(model), arrays)["yhat"], model.forward(pa.table(feeds)))


def test_an_unseen_category_is_refused_where_its_model_refuses_it(rng):
    table = mixed(rng, kind=["a", "b"] * 6)
    model = model_of(table, "kind", "float32")
    columns = tuple(replace(column, shares=()) for column in model.inputs.columns)
    model = replace(model, inputs=Inputs(columns))  # as in files of earlier versions
    feeds = columns_of(model, table)
    feeds["town"][3] = "C"
    with pytest.raises(Exception, match="Unknown Category"):
        run(to_onnx(model), feeds)


def test_columns_may_have_any_name(rng):
    names = ["yhat", "label", "a_1", "W_1", "sub", "", "x", "two words"]
    table = pa.table({**{name: rng.normal(size=8) for name in names}, "t": ["u", "v"] * 4, "kind": ["a", "b"] * 4})
    model = model_of(table, "kind", "float64")
    exported = to_onnx(model)
    onnx.checker.check_model(exported, full_check=True)
    inputs = [i.name for i in exported.graph.input]
    assert inputs == ["yhat_", "label_", "a_1", "W_1", "sub", "_", "x", "two words", "t"]
    feeds = columns_of(model, table)
    got = run(exported, dict(zip(inputs, feeds.values(), strict=True)))
    assert_same(got["yhat"], model.forward(table))


@pytest.mark.filterwarnings("ignore:column .*float32 has its values:UserWarning")
def test_a_large_mean_costs_no_digits_in_float32(rng):
    numbers = (rng.integers(0, 2**10, 64) * 2.0 + 2**24).astype(np.float32)  # exact in float32, the mean is not
    table = pa.table({"time": numbers, "kind": ["a", "b"] * 32})
    model = model_of(table, "kind", "float32", "identity")
    got = run(to_onnx(model), {"x": numbers[:, None]})["yhat"]
    assert_same(got, model.forward(table))
    network, shifted = model.network, numbers[:, None] - np.float32(model.inputs.columns[0].mean)
    naive = network.forward(shifted / np.float32(model.inputs.columns[0].scale)).yhat
    assert np.abs(naive - model.forward(table)).max() > 10 * np.abs(got - model.forward(table)).max()


# ---------------------------------------------------------------- files


def test_the_saved_file_is_whole(tmp_path, monkeypatch):
    first, second = (Network.random([2, 3, 2], seed=seed) for seed in (0, 1))
    path = tmp_path / "net.onnx"
    save_onnx(first, path)
    assert path.read_bytes() == to_onnx(first).SerializeToString(deterministic=True)
    onnx.checker.check_model(str(path), full_check=True)
    x = np.ones((1, 2))
    assert_same(run(onnx.load(path), {"x": x})["yhat"], first.forward(x).yhat)

    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr("os.replace", full)
    before = path.read_bytes()
    with pytest.raises(OSError, match="no space left"):
        save_onnx(second, path)
    assert [p.name for p in tmp_path.iterdir()] == ["net.onnx"]
    assert path.read_bytes() == before


def test_a_loaded_model_file_exports_the_same(tmp_path):
    network = Network.random([2, 3, 2], "gelu", seed=0)
    save(network, tmp_path / "m.safetensors")
    assert to_onnx(load(tmp_path / "m.safetensors")) == to_onnx(network)


def test_bad_input_is_named(monkeypatch, tmp_path, rng):
    network = Network.random([2, 3, 2], seed=0)
    with pytest.raises(InputError, match=r"ONNX export: expected a Network or a Model; got str"):
        save_onnx("net", tmp_path / "net.onnx")
    table = pa.table({"u": rng.normal(size=4), "v": rng.normal(size=4), "kind": list("abcd")})
    good = model_of(table, "kind", "float32")
    with pytest.raises(InputError, match=r"inputs and outputs \(2, 4\), as its table; got \(2, 2\)"):
        to_onnx(Model(network, good.inputs, good.target, good.split))
    with pytest.raises(InputError, match=r"inputs and outputs \(2, 1\)"):
        to_onnx(Model(good.network, good.inputs, Target("kind"), good.split))
    for mean, scale, told in [(1e300, 1.0, "mean of column 'u'"), (0.0, 1e-60, "scale of column 'u'")]:
        inputs = Inputs((Column("u", mean, scale), Column("v")))
        with pytest.raises(InputError, match=rf"{told}: expected .* in float32"):
            to_onnx(Model(good.network, inputs, good.target, good.split))
    one = Network.random([2, 1], (), "identity", "huber", seed=0, dtype="float32")
    with pytest.raises(InputError, match=r"mean of target 'price': expected finite numbers in float32"):
        to_onnx(Model(one, good.inputs, Target("price", mean=1e300), good.split))
    monkeypatch.setattr(onnx_file, "MOST_BYTES", 10)
    with pytest.raises(InputError, match=r"at most 10 bytes of parameters; got 136 bytes"):
        to_onnx(network)
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InputError, match=r"chainrule\[onnx\]"):
        save_onnx(network, tmp_path / "net.onnx")
    assert list(tmp_path.iterdir()) == []


def test_onnx_loads_at_first_use():
    code = "import sys, chainrule.storage; print(*{'onnx', 'onnxruntime', 'skl2onnx', 'torch'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


def test_numbers_too_near_to_each_other_for_float32_are_told(rng):
    table = pa.table({"when": 1e9 + rng.normal(size=9), "x": rng.normal(size=9), "y": rng.normal(size=9)})
    with pytest.warns(UserWarning, match=r"column 'when': float32 has its values near 1e\+09 in steps of 64, where"):
        to_onnx(model_of(table, "y", "float32"))
    to_onnx(model_of(table, "y", "float64"))


def test_dates_and_units_near_the_ends_are_not_exported(rng):
    days = pa.array(range(9), pa.date32())
    with pytest.raises(InputError, match="ONNX export: column 'd': expected numbers or text; got dates"):
        to_onnx(model_of(pa.table({"d": days, "y": rng.normal(size=9)}), "y", "float64"))
    tiny = pa.table({"d": rng.normal(size=9) * 1e-200, "y": rng.normal(size=9)})
    with pytest.raises(InputError, match="ONNX export: column 'd': expected numbers whose squares float64 can hold"):
        to_onnx(model_of(tiny, "y", "float64"))


@pytest.mark.parametrize(("unit", "dtype"), [(1e200, "float64"), (1e-150, "float64"), (1e30, "float32")])
def test_a_target_in_any_unit_is_restored(unit, dtype, rng):
    a = rng.normal(size=40)
    table = pa.table({"a": a, "y": (2 * a + 1) * unit})
    model = prepare(table, "y", Plan(hidden=(3,), dtype=dtype)).model
    found = run(to_onnx(model), {"x": a[:, None].astype(dtype)})["yhat"][:, 0]
    np.testing.assert_allclose(found / unit, model.target.restore(model.forward(table)) / unit, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("unit", [1e-150, 1e200])
def test_a_target_that_float32_cannot_hold_is_refused(unit, rng):
    a = rng.normal(size=40)
    model = prepare(pa.table({"a": a, "y": (2 * a + 1) * unit}), "y", Plan(hidden=(3,), dtype="float32")).model
    with pytest.raises(InputError, match="of target 'y'"):
        to_onnx(model)
