"""Builds the native library with whatever C++ compiler there is.

    python tools/native.py
    python tools/native.py --compiler 'g++-13' --sanitize thread

The compiler is that of ``CXX``, or the first of c++, g++ and clang++ that can, or the one in the PyPI package ziglang.
``hatch_build.py`` calls the same when a wheel is built or the project is installed from a clone.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "src/chainrule/native"
FLAGS = (
    "-std=c++17", "-O3", "-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros", "-freciprocal-math",
    "-ffp-contract=fast", "-fopenmp-simd", "-fvisibility=hidden", "-Wall", "-Wextra", "-Wno-psabi", "-Wno-pass-failed",
    "-Wno-ignored-attributes", "-Wno-unknown-warning-option",
)  # fmt: skip
#: of x86-64, what the processor must have; of every other machine there is the baseline alone
VARIANTS = {
    "baseline": (),
    "avx2": ("-mavx2", "-mfma", "-mprefer-vector-width=256"),
    "avx512": (
        "-mavx512f", "-mavx512vl", "-mavx512dq", "-mavx512bw", "-mavx2", "-mfma", "-mprefer-vector-width=512",
    ),
}  # fmt: skip
NAMES = {"darwin": "_engine.dylib", "windows": "_engine.dll"}
TRIAL = """
#include <thread>
typedef float V __attribute__((vector_size(16)));
extern "C" void turn(V* a, V* b) { *a = __builtin_shufflevector(*a, *b, 0, 4, 1, 5); std::thread([] {}).join(); }
"""


def name_of(system: str | None = None) -> str:
    """The library's file name under a system, as ``platform.system`` says it."""
    return NAMES.get((system or platform.system()).lower(), "_engine.so")


def compiler() -> list[str] | None:
    """The command of a compiler that can, or None."""
    asked = os.environ.get("CXX")
    tried = (
        [shlex.split(asked)]
        if asked
        else [[found] for name in ("c++", "g++", "clang++") if (found := shutil.which(name))]
    )
    if importlib.util.find_spec("ziglang"):
        tried.append([sys.executable, "-m", "ziglang", "c++", *_own_zig_target()])
    return next((command for command in tried if _can(command)), None)


def _own_zig_target() -> list[str]:
    """Zig compiles for the very processor it runs on unless told the machine."""
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    system = {"darwin": "macos", "windows": "windows-gnu"}.get(platform.system().lower())
    return ["-target", f"{machine}-{system or ('linux-gnu' if platform.libc_ver()[0] else 'linux-musl')}"]


def _can(command: Sequence[str]) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "trial.cpp"
        source.write_text(TRIAL)
        words = [*command, "-std=c++17", "-shared", *_position(), "-o", str(source.with_suffix(".so")), str(source)]
        try:
            return subprocess.run(words, capture_output=True, timeout=300).returncode == 0
        except (OSError, subprocess.TimeoutExpired):
            return False


def _position() -> list[str]:
    return [] if platform.system() == "Windows" else ["-fPIC", "-pthread"]


def build(
    command: Sequence[str], into: Path, *, machine: str | None = None, system: str | None = None,
    more: Sequence[str] = (),
) -> None:  # fmt: skip
    """Compile all variants and link them.

    Args:
        command: the compiler, with what tells it the target if that is not this machine.
        into: the library's file.
        machine, system: of the target, as ``platform`` says them.
        more: flags of all parts.

    Raises:
        RuntimeError: the compiler's own words.
    """
    x86 = (machine or platform.machine()).lower() in ("x86_64", "amd64")
    position = [] if (system or platform.system()) == "Windows" else ["-fPIC", "-pthread"]
    variants = VARIANTS if x86 else {"baseline": ()}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [("library.cpp", "library", ())] + [
            ("variant.cpp", name, (f"-DCHAINRULE_VARIANT={name}", "-fno-exceptions", "-fno-rtti", *flags))
            for name, flags in reversed(variants.items())
        ]
        objects = [str(Path(folder) / f"{name}.o") for _, name, _ in jobs]
        words = [
            [*command, *FLAGS, *position, *flags, *more, "-c", str(FOLDER / source), "-o", made]
            for (source, _, flags), made in zip(jobs, objects, strict=True)
        ]
        list(pool.map(_run, words))
        made = Path(folder) / "library"
        alone = (
            []
            if (system or platform.system()) == "Darwin" or "ziglang" in command
            else ["-static-libstdc++", "-static-libgcc"]
        )
        _run([*command, "-shared", *position, *alone, *more, "-o", str(made), *objects])
        into.parent.mkdir(parents=True, exist_ok=True)
        part = into.with_name(into.name + ".part")
        shutil.copy(made, part)
        part.replace(into)


def _run(words: Sequence[str]) -> None:
    ran = subprocess.run(words, capture_output=True, text=True)
    if ran.returncode:
        raise RuntimeError(f"{shlex.join(words[:2])}: {ran.stderr.strip()[-2000:]}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Build it here."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--compiler", help="the command; default: the first that can")
    parser.add_argument("--into", type=Path, default=FOLDER / name_of(), help="the library's file")
    parser.add_argument("--sanitize", choices=["address", "undefined", "thread"], help="for tests under a sanitizer")
    a = parser.parse_args(arguments)
    command = shlex.split(a.compiler) if a.compiler else compiler()
    if command is None:
        sys.stderr.write("no C++ compiler: expected CXX, c++, g++, clang++ or the package ziglang\n")
        return 1
    more = (f"-fsanitize={a.sanitize}", "-g", "-fno-omit-frame-pointer") if a.sanitize else ()
    build(command, a.into, more=more)
    sys.stdout.write(f"{a.into} by {shlex.join(command)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
