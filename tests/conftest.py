"""Shared fixtures."""

import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from chainrule.cli import main


def pytest_addoption(parser):
    parser.addoption(
        "--trials", type=int, default=0, help="networks that each Hypothesis test draws, with a fixed seed"
    )


def pytest_configure(config):
    trials = config.getoption("--trials")
    quiet = {"deadline": None, "suppress_health_check": list(HealthCheck)}
    settings.register_profile("trials", max_examples=trials or 1, derandomize=True, **quiet)
    settings.register_profile("sample", max_examples=60, **quiet)
    settings.load_profile("trials" if trials else "sample")


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run a command line in a folder of its own: run("train", "digits") -> (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["chainrule", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


@pytest.fixture
def refused(run):
    """Run a command line that must be refused: exit code 2 and one line on standard error, which is returned."""

    def call(*arguments):
        code, out, err = run(*arguments)
        assert code == 2, (code, out, err)
        assert err.startswith("chainrule: error: ")
        assert err.count("\n") == 1
        assert err.endswith("\n")
        assert "expected" in err
        assert "got" in err
        return err

    return call


@pytest.fixture
def rng():
    return np.random.default_rng(0)
