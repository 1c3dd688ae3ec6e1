"""The page from a fresh install: build the wheel, install it into a new environment, see that it answers without Node.

``python tools/fresh_install.py`` downloads what chainrule depends on, as a person's ``pip install`` does.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from urllib.request import Request, urlopen

HOME = Path(__file__).resolve().parents[1]
EXAMPLE = HOME / "examples" / "worked_example.md"


def build_wheel(folder: Path, *, isolated: bool = True) -> Path:
    """The wheel of this checkout, in a folder.

    Args:
        isolated: False builds with the hatchling of this environment, without a download.
    """
    options = [] if isolated else ["--no-build-isolation"]
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", *options, "-w", str(folder), str(HOME)]
    subprocess.run(command, check=True)
    (wheel,) = folder.glob("chainrule-*.whl")
    return wheel


def fresh_environment(folder: Path, wheel: Path, *options: str) -> Path:
    """A new environment with the wheel installed; gives its folder of commands.

    Args:
        options: for ``pip install``.
    """
    venv.create(folder)
    commands = folder / ("Scripts" if os.name == "nt" else "bin")
    pip = [sys.executable, "-m", "pip", "--python", str(commands / "python")]
    subprocess.run([*pip, "install", "-q", *options, str(wheel)], check=True)
    return commands


def start(commands: Path, folder: Path) -> tuple[subprocess.Popen[str], str]:
    """``chainrule view`` on the worked example, with no other command on the PATH: the process and its address."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL"))}
    process = subprocess.Popen(
        [commands / "chainrule", "view", str(EXAMPLE), "--no-open"],
        cwd=folder, env=environment | {"PATH": str(commands)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://\S+", line)
    if found is None:
        end(process)
        raise SystemExit(f"chainrule view said {line!r}")
    return process, found[0]


def end(process: subprocess.Popen[str]) -> None:
    """End the server."""
    process.terminate()
    process.communicate(timeout=60)


def _ask(address: str, path: str, data: dict[str, object]) -> dict[str, object]:
    request = Request(address + path, json.dumps(data).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=60) as response:
        answer: dict[str, object] = json.load(response)
    return answer


def main() -> None:
    """Do it all, and say what each part gave."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        wheel = build_wheel(folder)
        print(f"built {wheel.name}, {wheel.stat().st_size / 1e6:.2f} MB", flush=True)
        commands = fresh_environment(folder / "environment", wheel)
        print("installed into a fresh environment", flush=True)
        process, address = start(commands, folder)
        try:
            for name in ("", "page.js", "page.css"):
                with urlopen(address + name, timeout=60) as response:
                    print(f"{address}{name}: {response.status}, {len(response.read())} bytes")
            session = _ask(address, "api/open", {})["session"]
            question = {"kind": "explain", "name": "dL/dW_212"}
            print("dL/dW_212 =", _ask(address, "api/ask", {"session": session, "question": question})["value"])
        finally:
            end(process)


if __name__ == "__main__":
    main()
