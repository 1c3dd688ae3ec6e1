"""Where ``python -m trials.no_compiler`` runs the start command there is no compiler."""

import shutil

import pytest

from tests.support.loading import ROOT, tool
from trials import no_compiler

FOUND = f"import sys; sys.path.insert(0, {str(ROOT / 'tools')!r}); import native; print(native.compiler())"


def test_every_compiler_is_hidden_there_and_only_there(tmp_path, monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    here = tool("native").compiler()
    (tmp_path / "in").mkdir()
    try:
        alone = no_compiler.without_compilers(f'python3 -c "{FOUND}"', tmp_path / "in")
        named = no_compiler.without_compilers(
            "; ".join(f"{file} --version" for file in no_compiler.compilers()), tmp_path / "in"
        )
    except no_compiler.Missing as missing:
        pytest.skip(str(missing))
    assert (alone.returncode, alone.stdout) == (0, "None\n")
    assert "Free Software" not in named.stdout
    assert tool("native").compiler() == here
    if here is not None and "ziglang" not in here:
        assert no_compiler.compilers()


@pytest.mark.parametrize(
    "name", ["c++", "g++-13", "clang++-19", "x86_64-linux-gnu-gcc-12", "cc", "aarch64-linux-gnu-g++"]
)
def test_names_of_compilers(name):
    assert no_compiler.COMPILER.fullmatch(name)
    assert not no_compiler.COMPILER.fullmatch(f"{name}filt")


def test_the_start_command_is_the_readmes():
    assert no_compiler.start_command().startswith("python3 -m venv .venv && ")


def test_where_nothing_can_be_hidden_it_is_said(monkeypatch, capsys):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert no_compiler.main([]) == 2
    assert "expected unshare" in capsys.readouterr().err
