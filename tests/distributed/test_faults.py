"""Faults on a cluster: a sample of ``python -m trials.cluster`` and ``python -m trials.cluster_hosts``."""

import contextlib
from functools import partial

import pytest

from chainrule.distributed.replay import Log
from chainrule.errors import InputError
from tests.support.clusters import QUIET, cluster
from trials import cluster as cluster_trials
from trials import cluster_hosts

pytestmark = QUIET


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(cluster_trials, "data", lambda whole=cluster_trials.data: whole(9_000, 6))


def in_threads(monkeypatch):
    """Workers in this process, which start at once, where none is to be killed."""
    monkeypatch.setattr(cluster_trials, "cluster", lambda count, processes: cluster(count))
    shorter(monkeypatch, 8)  # a fit is broken off after the sixth


def shorter(monkeypatch, steps):
    less = {name: settings | {"max_iter": steps} for name, settings in cluster_trials.SETTINGS.items()}
    monkeypatch.setattr(cluster_trials, "SETTINGS", less)


def only(monkeypatch, *names):
    monkeypatch.setattr(cluster_trials, "SETTINGS", {name: cluster_trials.SETTINGS[name] for name in names})


@pytest.mark.slow_first
@pytest.mark.parametrize("name", ["lbfgs"])
def test_workers_that_are_killed_or_hang_change_nothing(monkeypatch, name, capsys):
    """Both in one cluster, for the start of a worker costs more than a fit."""
    shorter(monkeypatch, 6)  # a worker hangs after the fourth
    with cluster_trials.warm_cluster() as client:
        monkeypatch.setattr(cluster_trials, "warm_cluster", lambda: contextlib.nullcontext(client))
        with monkeypatch.context() as patch:
            only(patch, name, "minibatches")
            assert cluster_trials.kill(1, seed=1) == 0
        out = capsys.readouterr().out
        assert f"{name}: 1 runs" in out
        assert "minibatches: 1 runs" in out
        only(monkeypatch, "adam")
        assert cluster_trials.hang(1, 0) == 0
        assert "the same weights" in capsys.readouterr().out


@pytest.mark.xdist_group("cluster")
@pytest.mark.parametrize("name", ["lbfgs"])
def test_a_resumed_fit_ends_the_same(monkeypatch, name):
    only(monkeypatch, name)
    in_threads(monkeypatch)
    assert cluster_trials.resume(1, 0) == 0


@pytest.mark.xdist_group("cluster")
def test_the_trial_sees_other_weights(monkeypatch, capsys):
    only(monkeypatch, "adam")
    in_threads(monkeypatch)
    monkeypatch.setattr(cluster_trials, "fitted", partial(cluster_trials.fitted, max_iter=2))
    fits = iter(range(10))
    right = cluster_trials.fitted
    monkeypatch.setattr(cluster_trials, "fitted", lambda *a, **k: right(*a, **k | {"random_state": next(fits)}))
    assert cluster_trials.workers(1, 0) == 1
    assert "other weights" in capsys.readouterr().out


@pytest.mark.slow_first
def test_two_hosts_and_a_link_that_is_cut(capsys):
    reason = cluster_hosts.able()
    if reason:
        with capsys.disabled():
            print(f"\nno network namespaces here ({reason}): the trial of two hosts was not made")
        pytest.skip(f"no network namespaces: {reason}")
    said = []
    assert cluster_hosts.trials(said.append), said


# ---------------------------------------------------------------- the log of L-BFGS


def test_a_log_gives_its_answers_again(tmp_path):
    import numpy as np

    file, rng = tmp_path / "log", np.random.default_rng(0)
    steps = [(rng.normal(size=3), float(i), rng.normal(size=3)) for i in range(4)]
    log = Log(file, "a training", 3)
    for theta, loss, grad in steps:
        assert log.answer(theta) is None
        log.write(theta, loss, grad)
    log.close()
    file.write_bytes(file.read_bytes()[:-1])  # the last record was cut short
    log = Log(file, "a training", 3)
    for theta, loss, grad in steps[:3]:
        again = log.answer(theta)
        assert again[0] == loss
        assert np.array_equal(again[1], grad)
    assert log.answer(steps[3][0]) is None
    log.write(*steps[3])
    log.close()
    log = Log(file, "a training", 3)
    with pytest.raises(InputError, match="answers to the questions of this training"):
        log.answer(steps[1][0])
    log.close()
    with pytest.raises(InputError, match="one of another training; got a training"):
        Log(file, "another training", 3)
    file.write_bytes(b"something")
    with pytest.raises(InputError, match="a log of chainrule's L-BFGS"):
        Log(file, "a training", 3)
    with pytest.raises(InputError, match="a file that can be written"):
        Log(tmp_path / "no" / "log", "a training", 3)
