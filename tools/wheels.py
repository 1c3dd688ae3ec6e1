"""Makes the wheels of all systems from this machine, with the compiler in the PyPI package ziglang.

    python -m pip install hatchling ziglang
    python tools/wheels.py
    python tools/wheels.py --only linux-x86_64 --only windows-x86_64

Every wheel serves every Python from 3.11 on. Only the one of this machine can be run where it is made: the others are
built, and not run. cibuildwheel (its part of pyproject.toml) builds and tests on each system itself.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

HOME = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HOME))

from tools import native  # noqa: E402

LARGEST = 3_000_000  # bytes of a wheel


class Target(NamedTuple):
    """What a wheel is for: machine and system as ``platform`` says them, and the platforms of its tag."""

    machine: str
    system: str
    libc: str
    tag: str

    @property
    def here(self) -> bool:
        """Whether this machine can run it."""
        own = (platform.machine(), platform.system(), platform.libc_ver()[0])
        return own == (self.machine, self.system, self.libc)


TARGETS = {
    "linux-x86_64": Target("x86_64", "Linux", "glibc", "manylinux_2_17_x86_64.manylinux2014_x86_64"),
    "linux-arm64": Target("aarch64", "Linux", "glibc", "manylinux_2_17_aarch64.manylinux2014_aarch64"),
    "musl-x86_64": Target("x86_64", "Linux", "", "musllinux_1_1_x86_64"),
    "musl-arm64": Target("aarch64", "Linux", "", "musllinux_1_1_aarch64"),
    "macos-arm64": Target("arm64", "Darwin", "", "macosx_11_0_arm64"),
    "macos-x86_64": Target("x86_64", "Darwin", "", "macosx_11_0_x86_64"),
    "windows-x86_64": Target("AMD64", "Windows", "", "win_amd64"),
    "windows-arm64": Target("ARM64", "Windows", "", "win_arm64"),
}


def make(target: Target, into: Path) -> Path:
    """The wheel of a target.

    Raises:
        RuntimeError: the compiler's or hatchling's own words.
    """
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / native.name_of(target.system)
        machine, system, libc, tag = target
        command = native.zig(native.zig_target(machine, system, libc))
        native.build(command, library, machine=machine, system=system)
        made = Path(folder) / "wheel"
        ran = subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(made)], cwd=HOME,
            env=os.environ | {"CHAINRULE_LIBRARY": str(library), "CHAINRULE_TAG": tag}, capture_output=True, text=True,
        )  # fmt: skip
        if ran.returncode:
            raise RuntimeError(ran.stderr.strip()[-2000:])
        (wheel,) = made.glob("*.whl")
        into.mkdir(parents=True, exist_ok=True)
        return Path(shutil.move(wheel, into / wheel.name))


def main(arguments: Sequence[str] | None = None) -> int:
    """Make them one after another."""
    run = [name for name, target in TARGETS.items() if target.here]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"can run on this machine: {', '.join(run) or 'none'}; built and not run: "
        + ", ".join(name for name in TARGETS if name not in run),
    )  # fmt: skip
    parser.add_argument("--only", action="append", choices=TARGETS, help="this one; may be said again; default: all")
    parser.add_argument("--into", type=Path, default=HOME / "dist", help="the folder of the wheels")
    a = parser.parse_args(arguments)
    missing = [name for name in ("hatchling", "ziglang") if importlib.util.find_spec(name) is None]
    if missing:
        sys.stderr.write(f"needed, and not installed: {', '.join(missing)}\n")
        return 1
    made = {}
    for number, name in enumerate(chosen := a.only or list(TARGETS), 1):
        began = time.monotonic()
        print(f"[{number}/{len(chosen)}] {name} ...", end=" ", flush=True)
        try:
            made[name] = make(TARGETS[name], a.into)
        except RuntimeError as error:
            print(f"not made: {error}", flush=True)
            continue
        print(f"{time.monotonic() - began:.0f} s", flush=True)
    sizes = {name: wheel.stat().st_size for name, wheel in made.items()}
    for name, size in sizes.items():
        large = "; TOO LARGE: at most 3 MB" if size > LARGEST else ""
        print(f"{size / 1e6:5.2f} MB  {made[name].name}{'' if name in run else '  (not run here)'}{large}")
    return int(len(made) < len(chosen) or max(sizes.values(), default=0) > LARGEST)


if __name__ == "__main__":
    sys.exit(main())
