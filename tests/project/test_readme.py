"""The README cannot drift: its Python examples print what it says, its commands are those that exist."""

import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chainrule.cli import main
from chainrule.network.activations import ACTIVATIONS
from tests.support.loading import ROOT
from tests.support.loading import tool as load_tool

README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"<!-- python: (\w+) -->\n```python\n(.*?)```\n\n```text\n(.*?)```", README, re.S)


def test_examples_are_found():
    assert [name for name, _, _ in EXAMPLES] == ["notes", "code", "check", "estimator", "cluster"]


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # of a cluster that ends
@pytest.mark.parametrize(("code", "printed"), [e[1:] for e in EXAMPLES], ids=[e[0] for e in EXAMPLES])
def test_example_prints_what_it_says(code, printed):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "README.md", "exec"), {})
    assert out.getvalue() == printed


def test_start_command_prints_what_it_says(tmp_path):
    """The installed command, in a process of its own and an empty folder."""
    command = re.search(r"<!-- start command -->\n```sh\n.* && \.venv/bin/(chainrule .*)\n```", README).group(1)
    printed = re.search(r"<!-- start output -->\n```text\n(.*?)```", README, re.S).group(1)
    installed = Path(sys.executable).parent
    ran = subprocess.run(
        [installed / command.split()[0], *command.split()[1:]], cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    out = ran.stdout
    pattern = r"accuracy (\d\.\d+) \(\d+ of 360\), loss \d\.\d+"  # may differ by rounding on another machine
    assert re.sub(pattern, "#", out) == re.sub(pattern, "#", printed)
    accuracies = [float(re.search(pattern, text)[1]) for text in (out, printed)]
    assert min(accuracies) >= 0.96
    assert abs(accuracies[0] - accuracies[1]) <= 0.01


def test_the_benchmark_is_the_one_that_was_measured():
    assert load_tool("readme").with_benchmark(README) == README
    assert README.count("| tiny |") == 2


COMMANDS = re.findall(r"<!-- command: (\w+) -->\n```sh\nchainrule (.*?)\n```\n\n```text\n(.*?)```", README, re.S)


@pytest.mark.parametrize(("command", "printed"), [c[1:] for c in COMMANDS], ids=[c[0] for c in COMMANDS])
def test_command_prints_what_it_says(command, printed, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["chainrule", *command.split()])
    with contextlib.suppress(SystemExit):
        main()
    assert capsys.readouterr().out == printed


def test_commands_are_found():
    assert [name for name, _, _ in COMMANDS] == ["explain", "paths", "audit"]


def test_the_table_of_rules_is_that_of_the_code():
    assert f"| {', '.join(ACTIVATIONS)} |" in README
    assert load_tool("readme").with_names(README) == README
