"""The README's start command where there is Python with pip, and no compiler.

    python -m trials.no_compiler

Needs Linux with util-linux's unshare, as root or where users may have namespaces of their own. In a mount namespace all
compilers of the system are hidden, the PATH has Python alone, and the command runs in a copy of the checkout: once as
it is, when pip finds the compiler ziglang on PyPI, and once with ziglang withheld, when the plain engine is left.
Prints what the command printed, how long it took and which way it went. Exits with 1 where the command fails or a
library was built without ziglang, with 2 where nothing can be hidden.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.support.loading import ROOT

COMPILER = re.compile(r"(?:.*-)?(?:cc|c\+\+|gcc|g\+\+|cpp|clang|clang\+\+|clang-cl|tcc|zig|icx|icpx)(?:-[\d.]+)?")
OWN = (".*", "__pycache__", "_engine.*", "node_modules", "build", "dist")  # of a checkout that is in use
WHICH = (
    "from chainrule.native.library import library; print(library().chainrule_variant().decode() if library() else '')"
)


class Missing(Exception):
    """Nothing can be hidden here."""


def compilers() -> list[Path]:
    """The compilers of the system, each once, where its links end."""
    places = {*os.environ.get("PATH", os.defpath).split(os.pathsep), "/bin", "/usr/bin", "/usr/local/bin"}
    found = {file.resolve() for place in places for file in Path(place).glob("*") if COMPILER.fullmatch(file.name)}
    return sorted(file for file in found if file.is_file())


def without_compilers(command: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the shell in a folder, with Python as ``python3`` and nothing else on its PATH.

    Raises:
        Missing: there is no unshare, or it may not.
    """
    unshare = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--mount"]
    if shutil.which("unshare") is None or subprocess.run([*unshare, "true"], capture_output=True).returncode:
        raise Missing("no compiler: expected unshare of util-linux and the right to a mount namespace; got none")
    path = folder.parent / "path"
    path.mkdir(exist_ok=True)
    if not (path / "python3").exists():
        (path / "python3").symlink_to(Path(sys.executable).resolve())
    dropped = ("CC", "CXX", "PYTHON", "VIRTUAL_ENV", "CHAINRULE", "LD_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    hide = [f"mount --bind /dev/null {shlex.quote(str(file))}" for file in compilers()]  # which nobody can execute
    inside = " && ".join([*hide, f"export PATH={shlex.quote(str(path))}", command])
    return subprocess.run([*unshare, "/bin/sh", "-c", inside], cwd=folder, env=kept | more, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip


def start_command() -> str:
    """The README's."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (found,) = re.findall(r"<!-- start command -->\n```sh\n(.*?)\n```", text, re.DOTALL)
    return found


def start(folder: Path, ziglang: bool) -> bool:
    """Run the start command in a copy of the checkout, and tell of it; whether it went as it should.

    Args:
        ziglang: False withholds it.
    """
    checkout = folder / "chainrule"
    shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(*OWN))
    withheld = folder / "withheld.txt"
    withheld.write_text("ziglang==0\n")
    print(f"+ {start_command()}", flush=True)
    begin = time.monotonic()
    ran = without_compilers(start_command(), checkout, **({} if ziglang else {"PIP_CONSTRAINT": str(withheld)}))
    seconds = time.monotonic() - begin
    print(ran.stdout.strip())
    if ran.returncode:
        print(f"exit code {ran.returncode} after {seconds:.0f} s")
        return False
    asked = [".venv/bin/python", "-I", "-c", WHICH]  # of the installation, not of PYTHONPATH
    variant = subprocess.run(asked, cwd=checkout, capture_output=True, text=True, check=True).stdout.strip()
    way = f"the native library ({variant}), by ziglang as a build dependency" if variant else "the plain engine"
    print(f"{seconds:.0f} s with ziglang {'to be had' if ziglang else 'withheld'}: {way}", flush=True)
    return ziglang or not variant


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it both ways; the exit code."""
    argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0]).parse_args(arguments)
    good = True
    try:
        for ziglang in (True, False):
            with tempfile.TemporaryDirectory() as folder:
                good &= start(Path(folder), ziglang)
    except Missing as error:
        print(error, file=sys.stderr)
        return 2
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
