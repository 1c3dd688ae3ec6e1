"""What decides whether a change lands: a failure of any part fails the whole, and every part is made and told."""

import importlib.machinery
import importlib.util
import os
import re
import shutil
import subprocess

import pytest

from tests.support.loading import ROOT

PARTS = ("pytest", "ruff format", "ruff check", "mypy")
#: a program that says its name, and fails where it is the one that is to
PART = """#!/bin/sh
said="$(basename "$0")"
case "$1" in format|check) said="$said $1";; esac
echo "this is $said"
[ "$said" != "$BAD" ]
"""
INSTALL = """mkdir -p .venv/bin
for name in pytest ruff mypy; do cp part .venv/bin/$name; done
"""
README = """<!-- test command -->
```sh
sh install pip && .venv/bin/pytest -q
```
"""


def run(folder, bad):
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", folder / ".ci" / "run")
    for name, text in (("part", PART), ("install", INSTALL), ("README.md", README)):
        (folder / name).write_text(text)
    (folder / "part").chmod(0o755)
    environment = os.environ | {"BAD": bad, "CHAINRULE_CHROMIUM": "one"}
    return subprocess.run([folder / ".ci" / "run"], env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("bad", ["", *PARTS])
def test_one_part_that_fails_fails_the_run_and_all_are_told(tmp_path, bad):
    ran = run(tmp_path, bad)
    assert (ran.returncode == 0) is (bad == ""), ran
    for part in PARTS:
        assert f"this is {part}\n" in ran.stdout, ran
    tests = r"install \d+ s, tests \d+ s \(the first \d+ s compile them\)"
    beside = r"beside them format \d+ s, lint \d+ s, types \d+ s; load"
    assert re.search(rf"^\d+ s, \d+ s of processor time: {tests}; {beside}", ran.stdout, re.MULTILINE)


def test_without_a_test_command_nothing_is_run(tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.README", "no command\n")
    ran = run(tmp_path, "")
    assert ran.returncode == 1
    assert ran.stderr == "README.md has no test command\n"


def test_the_lowest_versions_are_read_from_what_is_declared():
    loader = importlib.machinery.SourceFileLoader("lowest", str(ROOT / ".ci" / "lowest"))
    lowest = importlib.util.module_from_spec(importlib.util.spec_from_loader("lowest", loader))
    loader.exec_module(lowest)
    found = lowest.bounds()
    assert len(found) > 30
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert all(re.search(f'"{re.escape(name)}>={re.escape(version)}[",]', text) for name, version in found.items())
    assert all((ROOT / name).exists() for name in lowest.CORE)
    said = "FAILED tests/a.py::test_b[a b-1] - Error: a\nFAILED tests/a.py::test_c\nERROR tests/d.py - ImportError\n"
    assert lowest.FAILED.findall(said) == ["tests/a.py::test_b[a b-1]", "tests/a.py::test_c", "tests/d.py"]
