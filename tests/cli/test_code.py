"""``chainrule check FILE.py:NAME`` and ``chainrule grade --code``: the page about them, and what is refused."""

import contextlib
import io
import json
import re
import sys

import pytest

from chainrule.auditing import functions
from tests.support.loading import ROOT

PAGE = (ROOT / "docs" / "code.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```python\n(.*?)```", PAGE, re.S))
COMMANDS = re.findall(r"<!-- command -->\n```sh\nchainrule (.*?)\n```\n\n```text\n(.*?)```", PAGE, re.S)
PYTHON = re.findall(r"<!-- python -->\n```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.S)
CELL = re.search(r"<!-- cell -->\n```python\n(.*?)```", PAGE, re.S).group(1)
MENDED = ('params["W2"].T @ dZ2', 'params["W2"].T @ dZ2 * (cache["A1"] > 0)')


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The files of the page in a folder; no process is started."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    folder = tmp_path / "handed-in"
    folder.mkdir()
    right = FILES["mynet.py"].replace(*MENDED)
    (folder / "ada.py").write_text(right)
    (folder / "blaise.py").write_text(FILES["mynet.py"])
    (folder / "emmy.py").write_text(right.replace(" / m", ""))
    (folder / "ida.py").write_text("def backward(params, cache, X, Y):\n    return undefined\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(functions, "run_alone", lambda function, task, **_: function(task))
    return tmp_path


@pytest.mark.parametrize(("command", "printed"), COMMANDS, ids=["file", "adapter", "grade"])
def test_a_command_of_the_page_prints_what_it_says(run, here, command, printed):
    code, out, err = run(*command.split())
    assert err == ""
    assert out == printed
    assert code == int(command.startswith("check"))


@pytest.mark.parametrize(("code", "printed"), PYTHON)
def test_the_python_of_the_page_prints_what_it_says(here, code, printed):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "code.md", "exec"), {})
    assert out.getvalue() == printed


def test_the_recipes_for_a_class_fail_for_a_wrong_pass_alone(here):
    names = {}
    exec(FILES["test_mynet.py"], names)
    with pytest.raises(AssertionError, match="the derivative of the activation"):
        names["test_backward"]()
    wrong, right = {}, {}
    exec(FILES["mynet.py"], wrong)
    exec(FILES["mynet.py"].replace(*MENDED), right)
    exec(CELL, right)
    with pytest.raises(AssertionError, match=r"dL/dW_1: .*the derivative of the activation"):
        exec(CELL, wrong)
    (here / "mynet.py").write_text(FILES["mynet.py"].replace(*MENDED))
    names["test_backward"]()


def test_what_is_printed_for_programs(run, here):
    code, out, _ = run("check", "mynet.py:backward", "--hidden", "relu", "--json")
    told = json.loads(out)
    assert (code, told["ok"], told["code"], len(told["cases"])) == (1, False, "mynet.py:backward", 4)
    assert [case["first_wrong"] for case in told["cases"]] == ["dL/dW_1"] * 4
    assert told["cases"][0]["layers"] == [4, 5, 3]
    assert {line["name"]: line["mistakes"] for line in told["lines"]}["dL/dW_1"][0] == "hidden_derivative_missing"


def test_a_folder_of_code_is_graded_with_points(run, here):
    (here / "points.toml").write_text('"dL/dW_1" = 3\ndefault = 0.5\n')
    command = ["grade", "handed-in", "--code", "backward", "--hidden", "relu", "--reduction", "mean", "--json"]
    code, out, _ = run(*command, "--points", "points.toml", "--follow-through", "0", "--feedback", "markdown")
    sheets = {sheet["file"]: sheet for sheet in json.loads(out)["sheets"]}
    assert code == 0
    assert {name: sheet["score"] for name, sheet in sheets.items()} == {
        "ada.py": 4.5, "blaise.py": 1.0, "emmy.py": 0.0, "ida.py": None,
    }  # fmt: skip
    assert "line 2 of ida.py: NameError" in sheets["ida.py"]["error"]
    page = (here / "handed-in" / "marked" / "feedback" / "blaise.md").read_text()
    assert "1 of 4.5 points" in page
    assert "hidden" in sheets["blaise.py"]["mistakes"][0]


def test_bad_questions_are_refused(refused, here):
    assert "no such file" in refused("check", "none.py:backward")
    assert "a function or class named nothing" in refused("check", "mynet.py:nothing")
    assert "beside code" in refused("check", "mynet.py:backward", "--data", "iris")
    assert "--layers" in refused("check", "mynet.py:backward", "--layers", "4,x")
    assert "at most 1000 units" in refused("check", "mynet.py:backward", "--layers", "7840,30,10")
    assert "loss" in refused("check", "mynet.py:backward", "--loss", "hinge")
    assert "names among dL/dW_2" in refused_points(refused, here)
    assert "--key" in refused("grade", "handed-in", "--code", "backward", "--key", "key.md")
    (here / "empty").mkdir()
    assert "code (*.py)" in refused("grade", "empty", "--code", "backward")


def refused_points(refused, here):
    (here / "points.toml").write_text('"dL/da_1" = 3\n')
    return refused("grade", "handed-in", "--code", "backward", "--points", "points.toml")
