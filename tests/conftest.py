"""Shared fixtures."""

import sys

import numpy as np
import pytest

from chainrule.cli import main


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
