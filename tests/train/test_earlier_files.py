"""Model files and checkpoints of version 0.1.0 are read, and a training goes on from them as if never stopped."""

import shutil

import numpy as np
import pytest
from safetensors import safe_open

import chainrule as cr
from chainrule.storage import load_model
from tests.support.clusters import TOGETHER
from tests.support.clusters import cluster as started
from tests.support.earlier import CLUSTER, FILES, NETWORK, TABLE, cluster, estimator, training

pytestmark = list(TOGETHER)
pytestmark.append(pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"))


def contents(path):
    with safe_open(path, "numpy") as file:
        return dict(file.metadata()), {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118


def copied(name, folder, to=None):
    return shutil.copy(FILES / name, folder / (to or name))


def losses(history):
    return [epoch.loss for epoch in history]


def test_a_training_goes_on(tmp_path):
    path = copied("training.checkpoint", tmp_path)
    resumed, whole = training(6, path), training(6, tmp_path / "new")
    assert losses(resumed.history[:3]) == contents(FILES / "training.checkpoint")[1]["history"][:, 1].tolist()
    assert len(resumed.history) == 6
    np.testing.assert_allclose(resumed.network.flat, whole.network.flat, rtol=1e-9)


def test_an_estimator_goes_on(tmp_path):
    path = copied("estimator.checkpoint", tmp_path)
    resumed, whole = estimator(6, path), estimator(6, tmp_path / "new")
    assert losses(resumed.history_[:3]) == contents(FILES / "estimator.checkpoint")[1]["history"][:, 1].tolist()
    np.testing.assert_allclose(resumed.network_.flat, whole.network_.flat, rtol=1e-9)
    assert resumed.n_iter_ == 6


def test_what_is_written_now_is_what_was_written(tmp_path):
    """The same entries under the same names: an older program reads it too."""
    for make, name in ((training, "training.checkpoint"), (estimator, "estimator.checkpoint")):
        make(3, tmp_path / name)
        (now, tensors), (was, expected) = contents(tmp_path / name), contents(FILES / name)
        assert now == was
        assert {key: (value.dtype, value.shape) for key, value in tensors.items()} == {
            key: (value.dtype, value.shape) for key, value in expected.items()
        }


def test_the_command_goes_on(run, tmp_path):
    (tmp_path / "table.csv").write_text(TABLE)
    options = ["--target", "y", "--hidden", "3", "--seed", "0", "--early-stopping", "--patience", "20"]
    copied("table.checkpoint", tmp_path, "old.safetensors")
    made = []
    for name in ("old", "new"):
        given = ["--epochs", "6", "--checkpoint", f"{name}.safetensors", "--resume", "--out", f"{name}.model"]
        code, _, said = run("train", "table.csv", *options, *given)
        assert code == 0, said
        made.append(cr.load(tmp_path / f"{name}.model").flat)
    np.testing.assert_allclose(*made, rtol=1e-9)


@pytest.fixture(scope="module")
def client():
    with started(1) as made:
        yield made


@pytest.mark.parametrize("name", CLUSTER)
def test_a_fit_on_a_cluster_goes_on(name, tmp_path, client):
    path = copied(f"cluster_{name}.checkpoint", tmp_path)
    resumed, whole = cluster(name, 5, path, client), cluster(name, 5, tmp_path / "new", client)
    np.testing.assert_allclose(resumed.network_.flat, whole.network_.flat, rtol=1e-9)
    assert resumed.loss_curve_ == pytest.approx(whole.loss_curve_, rel=1e-9)


def test_a_checkpoint_of_another_callback_is_refused(tmp_path, monkeypatch):
    from chainrule.train.callbacks import EarlyStopping

    path = copied("training.checkpoint", tmp_path)
    monkeypatch.setattr(EarlyStopping, "checkpoint_name", "Patience")
    with pytest.raises(cr.InputError, match=r"callbacks: expected Patience; got \[.EarlyStopping.\]"):
        training(6, path)


def test_model_files_are_read(tmp_path):
    assert np.array_equal(cr.load(FILES / "network.model").flat, NETWORK.flat)
    cr.save(NETWORK, tmp_path / "network.model")
    assert (tmp_path / "network.model").read_bytes() == (FILES / "network.model").read_bytes()
    model = load_model(FILES / "table.model")
    assert [column.name for column in model.inputs.columns] == ["a", "b"]
    assert model.inputs.columns[1].categories == ("u", "v", "w")
    assert np.array_equal(model.network.flat, cr.load(FILES / "table.model").flat)
