"""JupyterLab for the tests: a real one, headless, on a free port, with a token and folders of its own."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PATIENCE = 60  # seconds, on a busy machine


def notebook(cells: list[str]) -> str:
    """The text of a notebook."""
    made = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "source": cell, "outputs": [], "execution_count": None}
        for i, cell in enumerate(cells)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": made})


@contextmanager
def jupyter(folder: Path) -> Iterator[tuple[str, Path]]:
    """The address of JupyterLab (a token is in it) and its folder of notebooks; all it started ends with it.

    Args:
        folder: an empty one, for its settings and its notebooks.
    """
    work, settings = folder / "work", folder / "config" / "labconfig"
    work.mkdir()
    settings.mkdir(parents=True)
    news = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (settings / "page_config.json").write_text(json.dumps(news))
    places = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "run"}
    places |= {"IPYTHONDIR": "ipython", "HOME": "home"}
    token = secrets.token_hex(16)
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.port=0",
        "--ServerApp.ip=127.0.0.1", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={work}",
        "--LabApp.extension_manager=readonly",
    ]  # fmt: skip
    environment = os.environ | {name: str(folder / place) for name, place in places.items()}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        yield f"http://127.0.0.1:{_port(folder, process)}/lab/tree/{{}}?token={token}", work
    finally:
        _end(process)


def _port(folder: Path, process: subprocess.Popen[bytes]) -> int:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        for found in (folder / "run").glob("jpserver-*.json"):
            with suppress(ValueError):  # it is being written
                return int(json.loads(found.read_text())["port"])
        time.sleep(0.1)
    raise AssertionError((folder / "log").read_text())


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the server to end itself and its kernels; then end what is left."""
    kernels = children(process.pid)
    process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE)
    process.kill()
    process.wait()
    for kernel in kernels:
        if kernel in _running():
            os.kill(kernel, signal.SIGKILL)


def children(parent: int) -> list[int]:
    """The processes that a process has started, its kernels among them, where the system tells."""
    return [number for number, started_by in _running().items() if started_by == parent]


def _running() -> dict[int, int]:
    """Every process that has not ended -> its parent."""
    found = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = place.read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                found[int(place.parent.name)] = int(parent)
    return found


def gone(processes: list[int]) -> bool:
    """Whether all of them have ended."""
    return not set(processes) & set(_running())
