"""The bars on standard error: drawn on a terminal alone, and nothing loaded for nobody."""

import io
import subprocess
import sys

import pytest

from chainrule.system import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_label_count_and_nothing_once_it_is_done(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress.counted("sheets") as show:
        for done in range(4):
            show(done, 3)
    seen = sys.stderr.getvalue()
    assert "sheets" in seen
    assert "3/3" in seen
    assert seen.endswith("\x1b[2K")


@pytest.mark.parametrize(("terminal", "quiet"), [(False, False), (True, True)])
def test_nobody_looks(monkeypatch, terminal, quiet):
    monkeypatch.setattr(sys, "stderr", Terminal() if terminal else io.StringIO())
    monkeypatch.setattr(progress, "bars", None)
    with progress.counted("sheets", quiet) as show:
        assert show is None
    assert sys.stderr.getvalue() == ""


def test_nothing_is_loaded_where_nobody_looks():
    code = "import sys\nfrom chainrule.system.progress import counted\nwith counted('x'): print('rich' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.strip() == "False"


def test_columns_by_name_and_as_texts(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress.bars("epoch", "bar", "percent", "{task.description}") as bar:
        bar.update(bar.add_task("loss 0.5", total=4), completed=1)
    for words in ("epoch", "25%", "loss 0.5"):
        assert words in sys.stderr.getvalue()


def test_what_is_printed_below_a_bar_is_still_on_standard_output(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with progress.bars("bar"):
        print("fold 1")
    assert sys.stdout.getvalue() == "fold 1\n"
