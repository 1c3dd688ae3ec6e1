"""One call in a process of its own: whatever it does, there is an answer in time and no process is left."""

import os
import signal
import subprocess
import sys
import time

import pytest

from chainrule.system import alone
from chainrule.system.alone import run_alone
from chainrule.system.workers import Lost
from tests.support import alone_tasks
from tests.support.alone_tasks import work
from tests.support.loading import ROOT


@pytest.mark.skipif(sys.platform == "win32", reason="there are no forks and no limits of memory")
@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        ("square", 12, 144),
        ("print", None, "print"),
        ("exit", 3, Lost("SystemExit: 3")),
        ("die", 0, Lost("it ended its process")),
        ("fork", None, Lost("PermissionError: it may not start a process")),
        ("system", "true", Lost("PermissionError: it may not start a process")),
        ("ask", None, Lost("EOFError: EOF when reading a line")),
    ],
)
def test_there_is_an_answer_whatever_it_does(capfd, kind, value, told):
    assert run_alone(work, (kind, value), seconds=30.0) == told
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform != "linux", reason="the limits are those of Linux")
def test_memory_and_files_are_bounded(tmp_path):
    assert run_alone(work, ("memory", None), seconds=30.0) == Lost("MemoryError: ")
    found = run_alone(work, ("file", str(tmp_path / "large")), seconds=30.0)
    assert "File too large" in found.reason


def test_time_is_bounded_and_the_line_is_told():
    began = time.monotonic()
    found = run_alone(work, ("sleep", None), seconds=0.3, file=alone_tasks.__file__)
    assert found.reason.startswith("it took more than 0.3 s, at line ")
    assert found.reason.endswith("of alone_tasks.py")
    assert time.monotonic() - began < 20


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is no signal there")
def test_ctrl_c_ends_the_code_with_the_command(tmp_path):
    mark = tmp_path / "pid"
    (tmp_path / "loop.py").write_text(
        f"import os, time\ndef backward(X, y, W1, b1):\n    open({str(mark)!r}, 'w').write(str(os.getpid()))\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-m", "chainrule", "check", "loop.py:backward", "--layers", "2,3"]
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": path}
    ) as process:
        until = time.monotonic() + 60
        while not (mark.exists() and mark.read_text()) and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert "Traceback" not in process.communicate(timeout=30)[1]
        assert process.returncode == 130
    until = time.monotonic() + 10
    while not gone(int(mark.read_text())) and time.monotonic() < until:
        time.sleep(0.05)
    assert gone(int(mark.read_text()))


def gone(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_task_beyond_what_a_pipe_holds_comes_whole(monkeypatch):
    monkeypatch.setattr(alone, "PATIENCE", 0.001)  # the process starts later than that
    sent = bytes(range(256)) * 4000
    assert run_alone(work, ("same", sent), seconds=30.0) == sent
