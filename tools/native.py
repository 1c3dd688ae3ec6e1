"""Builds the native library with whatever C++ compiler there is.

    python tools/native.py
    python tools/native.py --compiler 'g++-13'

The compiler is that of ``CXX``, or the first of c++, g++ and clang++ that can, or the one in the PyPI package ziglang.
``hatch_build.py`` calls the same when a wheel is built or the project is installed from a clone.
"""

from __future__ import annotations

import argparse
import hashlib
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
NONE = "no C++ compiler: expected CXX, c++, g++, clang++ or the package ziglang"
MACOS = "11.0"  # the oldest that a library for macOS runs on
GLIBC = "2.17"  # the oldest that a library by Zig runs with
TRIAL = """
#include <thread>
typedef float V __attribute__((vector_size(16)));
extern "C" void turn(V* a, V* b) { *a = __builtin_shufflevector(*a, *b, 0, 4, 1, 5); std::thread([] {}).join(); }
"""


def name_of(system: str | None = None) -> str:
    """The library's file name under a system, as ``platform.system`` says it."""
    return NAMES.get((system or platform.system()).lower(), "_engine.so")


def compiler() -> list[str] | None:
    """The command of a compiler that can, or None; Zig brings all it needs, and a trial of it takes minutes."""
    return next((command for command in _commands() if "ziglang" in command or _can(command)), None)


def _commands() -> list[list[str]]:
    """The commands to try, in order; GCC leaves the stack of Windows askew for AVX: there, it must be asked for."""
    asked = os.environ.get("CXX")
    names = ("clang++",) if platform.system() == "Windows" else ("c++", "g++", "clang++")
    found = [shlex.split(asked)] if asked else [[at] for name in names if (at := shutil.which(name))]
    return [*found, zig(zig_target())] if importlib.util.find_spec("ziglang") else found


def zig(target: str) -> list[str]:
    """The command of Zig's compiler for a target; without one it compiles for the very processor it runs on."""
    return [sys.executable, "-m", "ziglang", "c++", "-target", target]


def zig_target(machine: str | None = None, system: str | None = None, libc: str | None = None) -> str:
    """Zig's name of a machine, as ``platform`` says it; of this one where nothing is said."""
    machine, system = (machine or platform.machine()).lower(), (system or platform.system()).lower()
    libc = platform.libc_ver()[0] if libc is None else libc
    machine = {"amd64": "x86_64", "arm64": "aarch64", "ppc64le": "powerpc64le"}.get(machine, machine)
    oldest = f".{GLIBC}" if machine in ("x86_64", "aarch64") else ""  # the others' first is later
    ends = {"darwin": f"macos.{MACOS}", "windows": "windows-gnu"}
    return f"{machine}-{ends.get(system) or (f'linux-gnu{oldest}' if libc else 'linux-musl')}"


def _can(command: Sequence[str]) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "trial.cpp"
        source.write_text(TRIAL)
        words = [*command, "-std=c++17", "-shared", *_position(platform.system()), "-o", str(source.with_suffix(".so"))]
        try:
            return subprocess.run([*words, str(source)], capture_output=True, timeout=300).returncode == 0
        except (OSError, subprocess.TimeoutExpired):
            return False


def _position(system: str) -> list[str]:
    return [] if system == "Windows" else ["-fPIC", "-pthread"]


def _links(command: Sequence[str], system: str) -> list[list[str]]:
    """Ways to link, the best first: with the C++ library's parts inside, unseen from outside."""
    name = [f"-Wl,-install_name,@rpath/{name_of(system)}"] if system == "Darwin" else []  # else a passing folder's
    if "ziglang" in command:  # they always are; -dynamic: not musl, of which a process must have one
        return [[*name, *(["-dynamic"] if any(word.endswith("-musl") for word in command) else [])]]
    if system == "Darwin":
        return [name]
    inside = ["-static"] if system == "Windows" else ["-static-libstdc++", "-static-libgcc", "-Wl,--exclude-libs,ALL"]
    return [inside, []]  # some systems have the C++ library as a shared one alone


def build(
    command: Sequence[str], into: Path, *, machine: str | None = None, system: str | None = None,
    more: Sequence[str] = (), best: bool = True,
) -> None:  # fmt: skip
    """Compile the variants and link them.

    Args:
        command: the compiler, with what tells it the target if that is not this machine.
        into: the library's file.
        machine, system: of the target, as ``platform`` says them.
        more: flags of all parts, after those of every build.
        best: False compiles the baseline alone, which takes a third of the time.

    Raises:
        RuntimeError: the compiler's own words.
    """
    system = system or platform.system()
    x86 = (machine or platform.machine()).lower() in ("x86_64", "amd64")
    common = [*command, *_position(system), *(() if "-g" in more else ("-g0",))]
    if system == "Darwin" and "ziglang" not in command:
        common.append(f"-mmacosx-version-min={MACOS}")
    variants = VARIANTS if x86 and best else {"baseline": ()}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [("library.cpp", "library", () if best else ("-DCHAINRULE_BASELINE",))] + [
            ("variant.cpp", name, (f"-DCHAINRULE_VARIANT={name}", "-fno-exceptions", "-fno-rtti", *flags))
            for name, flags in reversed(variants.items())
        ]
        objects = [str(Path(folder) / f"{name}.o") for _, name, _ in jobs]
        list(pool.map(lambda job, into: _run([*common, *FLAGS, *job[2], *more, "-c", str(FOLDER / job[0]), "-o", into]),
                      jobs, objects))  # fmt: skip
        made = Path(folder) / name_of(system)
        ways = _links(command, system)
        bare = ["-s"] if "-g" not in more and (system != "Darwin" or "ziglang" in command) else []
        for number, way in enumerate(ways, 1):
            try:
                _run([*common, "-shared", *bare, *way, *more, "-o", str(made), *objects])
                break
            except RuntimeError:
                if number == len(ways):
                    raise
        into.parent.mkdir(parents=True, exist_ok=True)
        part = into.with_name(f".{into.name}.{os.getpid()}")  # two builds at once each write their own
        try:
            shutil.copy(made, part)
            part.replace(into)
        finally:
            part.unlink(missing_ok=True)


def digest(command: Sequence[str]) -> str:
    """Of what a library of this machine is made from: the sources, the flags, the compiler."""
    found = hashlib.sha256(repr((FLAGS, VARIANTS, list(command))).encode())
    found.update(subprocess.run([*command, "--version"], capture_output=True).stdout)
    for source in sorted([*FOLDER.glob("*.h"), *FOLDER.glob("*.cpp")]):
        found.update(f"{source.name}\n".encode() + source.read_bytes())
    return found.hexdigest()


def build_here(command: Sequence[str], into: Path, again: bool = False) -> None:
    """Compile the library of this machine into the tree, unless the one that is there was made from the same."""
    made_from = into.with_name(f"{into.name}.sha256")
    wanted = digest(command)
    if not again and into.is_file() and made_from.is_file() and made_from.read_text().split() == [wanted, _sum(into)]:
        return
    made_from.unlink(missing_ok=True)
    build(command, into)
    made_from.write_text(f"{wanted} {_sum(into)}\n")


def _sum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _run(words: Sequence[str]) -> None:
    ran = subprocess.run(words, capture_output=True, text=True)
    if ran.returncode:
        raise RuntimeError(f"{shlex.join(words[:4])}: {ran.stderr.strip()[-2000:]}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Build it here."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--compiler", help="the command; default: the first that can")
    parser.add_argument("--into", type=Path, default=FOLDER / name_of(), help="the library's file")
    a = parser.parse_args(arguments)
    command = shlex.split(a.compiler) if a.compiler else compiler()
    if command is None:
        sys.stderr.write(f"{NONE}\n")
        return 1
    build_here(command, a.into, again=True)
    sys.stdout.write(f"{a.into} by {shlex.join(command)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
