"""Files of version 0.1.0: models are read; checkpoints are refused, for an epoch's rows have another order since."""

import json
import re
import shutil

import numpy as np
import pytest
from safetensors import safe_open

import chainrule as cr
from chainrule.storage import load_model
from tests.support.clusters import TOGETHER
from tests.support.clusters import cluster as started
from tests.support.earlier import CLUSTER, FILES, NETWORK, TABLE, cluster, estimator, training

ANOTHER_ORDER = (
    "expected a checkpoint of chainrule, version 3; got version 2, whose epochs order the rows in another way"
)

pytestmark = list(TOGETHER)
pytestmark.append(pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"))


def contents(path):
    with safe_open(path, "numpy") as file:
        return dict(file.metadata()), {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118


def copied(name, folder, to=None):
    return shutil.copy(FILES / name, folder / (to or name))


@pytest.mark.parametrize(("make", "name"), [(training, "training.checkpoint"), (estimator, "estimator.checkpoint")])
def test_a_checkpoint_whose_epochs_order_the_rows_in_another_way_is_refused(make, name, tmp_path):
    path = copied(name, tmp_path)
    with pytest.raises(cr.InputError, match=ANOTHER_ORDER):
        make(6, path)
    assert path.read_bytes() == (FILES / name).read_bytes()


def test_the_command_says_so_too(run, tmp_path):
    (tmp_path / "table.csv").write_text(TABLE)
    copied("table.checkpoint", tmp_path, "old.safetensors")
    options = ["--target", "y", "--hidden", "3", "--seed", "0", "--early-stopping", "--patience", "20", "--epochs", "6"]
    code, _, said = run("train", "table.csv", *options, "--checkpoint", "old.safetensors", "--resume", "--out", "model")
    assert code == 2
    assert re.search(ANOTHER_ORDER, said)


def test_what_is_written_now_is_what_was_written(tmp_path):
    """The same entries under the same names, but for the version and a digest."""
    for make, name in ((training, "training.checkpoint"), (estimator, "estimator.checkpoint")):
        make(3, tmp_path / name)
        (now, tensors), (was, expected) = contents(tmp_path / name), contents(FILES / name)
        assert now.pop("digest")
        assert now == was | {"version": "3"}
        assert {key: (value.dtype, value.shape) for key, value in tensors.items()} == {
            key: (value.dtype, value.shape) for key, value in expected.items()
        }


@pytest.fixture(scope="module")
def client():
    with started(1) as made:
        yield made


def test_a_log_of_lbfgs_on_a_cluster_goes_on(tmp_path, client):
    path = copied("cluster_lbfgs.checkpoint", tmp_path)
    resumed, whole = cluster("lbfgs", 5, path, client), cluster("lbfgs", 5, tmp_path / "new", client)
    np.testing.assert_allclose(resumed.network_.flat, whole.network_.flat, rtol=1e-9)
    assert resumed.loss_curve_ == pytest.approx(whole.loss_curve_, rel=1e-9)


@pytest.mark.parametrize("name", sorted(set(CLUSTER) - {"lbfgs"}))
def test_a_checkpoint_of_a_cluster_is_refused(name, tmp_path, client):
    with pytest.raises(cr.InputError, match=ANOTHER_ORDER):
        cluster(name, 5, copied(f"cluster_{name}.checkpoint", tmp_path), client)


def test_a_checkpoint_of_another_callback_is_refused(tmp_path, monkeypatch):
    from chainrule.train.callbacks import EarlyStopping

    path = tmp_path / "training.checkpoint"
    training(3, path)
    monkeypatch.setattr(EarlyStopping, "checkpoint_name", "Patience")
    with pytest.raises(cr.InputError, match=r"callbacks: expected Patience; got \[.EarlyStopping.\]"):
        training(6, path)


def test_model_files_are_read(tmp_path):
    assert np.array_equal(cr.load(FILES / "network.model").flat, NETWORK.flat)
    cr.save(NETWORK, tmp_path / "network.model")
    (now, tensors), (was, expected) = (contents(place / "network.model") for place in (tmp_path, FILES))
    spec, earlier = (json.loads(about["chainrule-model"]) for about in (now, was))
    assert spec.pop("digest")
    assert spec == earlier | {"version": 2}
    assert {name: tensor.tobytes() for name, tensor in tensors.items()} == {
        name: tensor.tobytes() for name, tensor in expected.items()
    }
    model = load_model(FILES / "table.model")
    assert [column.name for column in model.inputs.columns] == ["a", "b"]
    assert model.inputs.columns[1].categories == ("u", "v", "w")
    assert np.array_equal(model.network.flat, cr.load(FILES / "table.model").flat)
