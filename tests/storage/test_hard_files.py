"""Files that are damaged rather than hostile: one part missing or changed, the digest right or gone."""

import json

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import InputError
from chainrule.storage import load_table_model, save_model
from chainrule.storage.model_file import FORMAT
from chainrule.tables.plan import Plan
from chainrule.tables.prepared import prepare
from tests.support import sample
from trials import formats
from trials.resealed import packed, parts, resealed, sealed


@pytest.fixture(scope="module")
def files():
    return {form.name: form for form in formats.models()}


def reads(form, content, tmp_path):
    """Read a file of a format; None where it is refused with one sentence."""
    place = tmp_path / f"file{form.ending}"
    place.write_bytes(content)
    try:
        return form.read(place)
    except InputError as error:
        sentence = str(error)
    assert "\n" not in sentence
    assert "expected" in sentence
    return None


@pytest.mark.parametrize("name", ["model", "ensemble", "checkpoint"])
def test_each_part_missing_or_something_else_is_one_sentence(files, name, tmp_path):
    form = files[name]
    changed = list(resealed(form.whole))[:: 1 if sample.everything else 100]
    refused = sum(reads(form, content, tmp_path) is None for content in changed)
    assert refused > len(changed) / 2


@pytest.mark.parametrize("name", ["model", "ensemble", "checkpoint"])
def test_one_changed_number_is_refused(files, name, tmp_path):
    form = files[name]
    arrays, about = parts(form.whole)
    key = next(key for key, array in arrays.items() if array.dtype.kind == "f" and array.size)
    changed = np.array(arrays[key])
    changed.flat[0] = np.nextafter(changed.flat[0], np.inf)
    assert reads(form, packed({**arrays, key: changed}, about), tmp_path) is None
    assert reads(form, packed(arrays, about), tmp_path) is not None


@pytest.mark.parametrize("name", ["model", "ensemble", "checkpoint"])
def test_a_digest_may_not_be_taken_away(files, name, tmp_path):
    arrays, about = parts(files[name].whole)
    for key, text in about.items():
        if text.startswith("{"):
            about[key] = json.dumps({k: v for k, v in json.loads(text).items() if k != "digest"})
    about.pop("digest", None)
    assert reads(files[name], packed(arrays, about), tmp_path) is None


@pytest.mark.parametrize("kind", ["BF16", "F8_E4M3", "F8_E5M2", "F4"])
@pytest.mark.parametrize("name", ["model", "checkpoint"])
def test_numbers_of_kinds_that_numpy_has_not(files, name, kind, tmp_path):
    arrays, about = parts(files[name].whole)
    key = "theta" if name == "checkpoint" else "W_1"
    shown = {**arrays, key: np.ascontiguousarray(arrays[key]).ravel().view("<u2" if kind == "BF16" else "u1")}
    assert reads(files[name], packed(shown, sealed(arrays, about), {key: kind}), tmp_path) is None


@pytest.mark.parametrize(
    ("where", "field", "value"),
    [("inputs", "exponent", 10**400), ("inputs", "exponent", -(10**9)), ("inputs", "scale", 0.0),
     ("inputs", "scale", float("nan")), ("inputs", "mean", float("inf")), ("target", "scale", -1.0),
     ("target", "exponent", 10**9), ("split", "test", -1.0), ("split", "test", 1e308), ("split", "rows", -5)],
)  # fmt: skip
@pytest.mark.parametrize("version", [1, 2])
def test_numbers_of_columns_that_none_of_ours_has(tmp_path, where, field, value, version):
    import pyarrow as pa

    rng = np.random.default_rng(0)
    table = pa.table({"a": rng.normal(size=30), "y": rng.normal(size=30)})
    place = tmp_path / "m.safetensors"
    save_model(prepare(table, "y", Plan()).model, place)
    assert load_table_model(place)
    arrays, about = parts(place.read_bytes())
    spec = json.loads(about[FORMAT]) | {"version": version}
    of = spec["inputs"]["columns"][0] if where == "inputs" else spec[where]
    of[field] = value
    spec.pop("digest")
    changed = {FORMAT: json.dumps(spec)}
    place.write_bytes(packed(arrays, changed if version == 1 else sealed(arrays, changed)))
    with pytest.raises(InputError, match="expected"):
        load_table_model(place)


def test_weights_that_overflow_are_a_sentence_and_no_nan(tmp_path):
    import dataclasses

    import pyarrow as pa

    rng = np.random.default_rng(0)
    table = pa.table({"a": rng.normal(size=30), "c": list("uv") * 15, "y": list("pqr") * 10})
    model = prepare(table, "y", Plan()).model
    huge = cr.Network([W * 0 + 1e308 for W in model.network.weights], model.network.biases, model.network.hidden,
                      model.network.output, model.network.loss)  # fmt: skip
    with pytest.raises(InputError, match=r"row [0-9]+: outputs of the network: expected finite numbers"):
        dataclasses.replace(model, network=huge).predicted(table)
    numbers = prepare(pa.table({"a": rng.normal(size=30), "y": rng.uniform(-1, 1, 30) * 1e308}), "y", Plan()).model
    with pytest.raises(InputError, match=r"prediction of y: expected a number up to 1\.8e308; got a larger one"):
        numbers.target.restore(np.full((3, 1), 1e6))
