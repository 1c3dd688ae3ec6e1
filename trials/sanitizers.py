"""The native library under AddressSanitizer, UndefinedBehaviorSanitizer and ThreadSanitizer.

    python -m trials.sanitizers
    python -m trials.sanitizers --only thread --networks 500
    python -m trials.sanitizers --planted

Needs Linux and GCC. The library is built in a copy of the tree, with three faults planted that are asleep: a write
beyond one part of an engine's memory, a shift by too much, and threads that do not wait for each other. Each is woken
first and must be found.
Then, with the faults asleep, drawn networks train and predict on 2 and on 3 threads, and the library's tests run.
Prints what was found, and exits with 1 where the library has a finding, a test fails or a planted fault is not found,
with 2 where there are no sanitizers.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from tests.support.loading import ROOT, tool

TESTS = ("tests/train/test_native.py", "tests/native/test_predict.py")
#: without one that gives its process less memory than a sanitizer takes for itself
PYTEST = ("-q", "-s", "-n", "0", "-p", "no:cacheprovider", "-k", "not threads_that_cannot_be_had")
AWAKE = "CHAINRULE_PLANTED"  # of the environment: the planted fault that is awake
FINDING = re.compile(r"^SUMMARY: (.*)|([^\s/]+: runtime error: .*)", re.M)
FAILED = re.compile(r"^FAILED .*", re.M)


@dataclass(frozen=True)
class Fault:
    """A fault planted below ``src/chainrule/native``: ``old`` becomes ``new``, once, where AWAKE(name) tells of it.

    Attributes:
        found: what the sanitizer's words for it have in them.
    """

    name: str
    file: str
    old: str
    new: str
    found: str


FAULTS = {
    "address,undefined": (
        Fault("overflow", "rows.h", "for (Index j = 0; j < d; j++) to[j] = from[j];",
              'for (Index j = 0; j < d + (AWAKE("overflow") ? 16 : 0); j++) to[j] = from[j < d ? j : 0];',
              "use-after-poison"),  # the end of one part of an engine's memory, where another begins
        Fault("shift", "rows.h", "mix(std::uint32_t(step) ^ mix(seed))",
              'mix((std::uint32_t(step) << (AWAKE("shift") ? 32 : 0)) ^ mix(seed))', "shift exponent 32"),
    ),
    "thread": (
        Fault("race", "threads.h", "if (threads == 1) return;", 'if (threads == 1 || AWAKE("race")) return;',
              "data race"),
    ),
}  # fmt: skip
RUNTIMES = {"address,undefined": ("libasan.so", "libubsan.so", "libstdc++.so.6"), "thread": ("libtsan.so",)}
#: the variable that has them; what Python keeps until it ends is no leak, what is not compiled for it tells no locks
OPTIONS = {
    "address,undefined": ("ASAN_OPTIONS", "detect_leaks=0:allocator_may_return_null=1"),
    "thread": ("TSAN_OPTIONS", "ignore_noninstrumented_modules=1"),
}


class Missing(Exception):
    """There are no sanitizers here; the words say what was expected and what there is."""


@dataclass(frozen=True)
class Build:
    """The library under one sanitizer, or two, in a copy of the tree.

    Attributes:
        kind: of ``FAULTS``; ``folder``: the copy's root; ``runtimes``: what a process must have loaded before Python.
    """

    kind: str
    folder: Path
    runtimes: tuple[str, ...]

    def run(self, *words: str, awake: str = "") -> tuple[int, str, list[str]]:
        """Run a module of Python: its exit code, what it printed, and the findings."""
        logs = Path(tempfile.mkdtemp(dir=self.folder))
        environment = {
            **os.environ, "PYTHONPATH": str(self.folder / "src"), "LD_PRELOAD": " ".join(self.runtimes), AWAKE: awake,
            "OPENBLAS_NUM_THREADS": "1", OPTIONS[self.kind][0]: f"{OPTIONS[self.kind][1]}:log_path={logs / 'log'}",
        }  # fmt: skip
        ran = subprocess.run([*_in_order(), sys.executable, "-m", *words], cwd=self.folder, env=environment,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")  # fmt: skip
        told = [ran.stdout, *(log.read_text(errors="replace") for log in sorted(logs.iterdir()))]
        found = ["".join(groups) for text in told for groups in FINDING.findall(text)]
        return ran.returncode, ran.stdout, list(dict.fromkeys(found))

    def drawn(self, networks: int, seed: int, awake: str = "") -> tuple[int, str, list[str]]:
        """``train_drawn`` in a process under the sanitizers."""
        return self.run("trials.sanitizers", "--here", "--networks", str(networks), "--seed", str(seed), awake=awake)

    def missed(self) -> list[str]:
        """The planted faults that are not found when they are awake."""
        return [
            fault.name
            for fault in FAULTS[self.kind]
            if not any(fault.found in finding for finding in self.drawn(8, 0, fault.name)[2])
        ]


def build(kind: str, folder: Path, *, flags: Sequence[str] = ("-O1",), best: bool = True) -> Build:
    """The library with its planted faults, in a copy of the tree in an empty folder.

    Raises:
        Missing: there are no sanitizers.
        ValueError: a text to be changed is not there, or more than once.
    """
    native = tool("native")
    command, runtimes = compiler(native, kind)
    for name in ("src", "tests", "tools", "trials"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "_engine.*"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    native.FOLDER = folder / "src/chainrule/native"
    for fault in FAULTS[kind]:
        _change(native.FOLDER / fault.file, fault.old, fault.new)
    asleep = '#include <cstdlib>\n#define AWAKE(name) (std::getenv("%s") && !std::strcmp(std::getenv("%s"), name))\n'
    _change(native.FOLDER / "basics.h", "#include <cstring>\n", "#include <cstring>\n" + asleep % (AWAKE, AWAKE))
    more = (f"-fsanitize={kind}", "-g", "-fno-omit-frame-pointer", *flags)
    native.build(command, native.FOLDER / native.name_of(), more=more, best=best)
    return Build(kind, folder, runtimes)


def _change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise ValueError(f"{file.name}: expected {old!r} once; got it {text.count(old)} times")
    file.write_text(text.replace(old, new), encoding="utf-8")


def compiler(native: ModuleType, kind: str) -> tuple[list[str], tuple[str, ...]]:
    """GCC's command, and where the files are that its sanitizers need.

    Raises:
        Missing: there is no GCC, or it has none of them.
    """
    command = native.compiler()
    if platform.system() != "Linux" or command is None:
        raise Missing(f"sanitizers: expected Linux and GCC; got {platform.system()} and {command or 'no compiler'}")
    about = subprocess.run([*command, "--version"], capture_output=True, text=True).stdout
    if "Free Software Foundation" not in about:
        raise Missing(f"sanitizers: expected GCC; got {(about or ' '.join(command)).splitlines()[0]}")
    at = tuple(
        subprocess.run([*command, f"-print-file-name={name}"], capture_output=True, text=True).stdout.strip()
        for name in RUNTIMES[kind]
    )
    if missing := [name for name in at if not Path(name).is_absolute()]:
        raise Missing(f"sanitizers: expected {', '.join(RUNTIMES[kind])} of GCC; it has no {', '.join(missing)}")
    return command, at


def _in_order() -> list[str]:
    """What runs a command with its memory where ThreadSanitizer expects it, if the system has such."""
    found = shutil.which("setarch")
    return [found, "-R"] if found and not subprocess.run([found, "-R", "true"], capture_output=True).returncode else []


# ---------------------------------------------------------------- what runs under the sanitizers


def train_drawn(networks: int, seed: int) -> None:
    """Train drawn networks by the compiled engine, on 2 or 3 threads, and let them predict."""
    import chainrule as cr
    from chainrule.native import predict
    from chainrule.network.activations import ACTIVATIONS
    from chainrule.network.losses import LOSSES
    from chainrule.network.outputs import OUTPUTS
    from chainrule.train.engine import Rows
    from chainrule.train.engines import start
    from chainrule.train.optimizers import OPTIMIZERS, optimizer
    from chainrule.train.recipe import Recipe

    predict.WORK_PER_THREAD = 1  # else so few rows take one thread
    kinds = [(loss, out.name) for loss in LOSSES.values() for out in OUTPUTS.values() if loss.fits(out, 2)]
    rng = np.random.default_rng(seed)
    for number in range(networks):
        loss, out = kinds[rng.integers(len(kinds))]
        sizes = [*map(int, rng.choice([1, 2, 3, 5, 8, 17, 33], rng.integers(1, 4))), 2]
        hidden = [str(name) for name in rng.choice(list(ACTIVATIONS), len(sizes) - 2)]
        dtype, n, threads = str(rng.choice(["float32", "float64"])), int(rng.integers(1, 40)), int(rng.integers(2, 4))
        net = cr.Network.random(sizes, hidden, out, loss.name, seed=number, dtype=dtype)
        low, high = loss.target_range
        y = rng.uniform(max(low, -1.0), min(high, 1.0), (n, 2)).astype(dtype)
        weight = rng.integers(0, 3, n).astype(dtype) if rng.random() < 0.3 else None
        rows = Rows(rng.normal(size=(n, sizes[0])).astype(dtype), y, weight)
        if rng.random() < 0.3:
            rows.x[0, 0] = rng.choice([np.nan, np.inf, 1e30])
        rule = optimizer(list(OPTIMIZERS)[rng.integers(len(OPTIMIZERS))])
        recipe = Recipe(
            rule, batch_size=int(rng.integers(1, 20)), seed=number, l2=0.1, dropout=0.3 * (rng.random() < 0.7),
            threads=threads, health=rng.random() < 0.5, engine="compiled",
        )  # fmt: skip
        engine = start(net, recipe)
        engine.steps(rows, rng.permutation(n), np.full(-(-n // recipe.batch_size), 0.01))
        engine.gradient(rows)
        engine.evaluate(rows)
        engine.restore(engine.state())
        made = engine.network()
        predict.Predictor([w.T for w in made.weights], made.biases, hidden, out)(rows.x, threads)
        engine.close()


# ---------------------------------------------------------------- the command


def check(kind: str, folder: Path, a: argparse.Namespace) -> int:
    """Build one, wake its faults and, unless these are all that is wanted, run everything; how much was bad."""
    begin = time.monotonic()

    def say(words: str) -> None:
        print(f"{kind}, {time.monotonic() - begin:.0f} s: {words}", flush=True)

    say("is built")
    made = build(kind, folder)
    missed = made.missed()
    planted = ", ".join(fault.name for fault in FAULTS[kind])
    say(f"planted: {planted}; " + (f"NOT FOUND: {', '.join(missed)}" if missed else "found"))
    bad = len(missed)
    if a.planted:
        return bad
    say(f"{a.networks} drawn networks train and predict")
    runs = [made.drawn(a.networks, a.seed)]
    for tests in TESTS:
        say(tests)
        runs.append(made.run("pytest", *PYTEST, tests))
        say("".join(runs[-1][1].strip().splitlines()[-1:]))
    for code, printed, findings in runs:
        bad += bool(code or findings)
        failed = FAILED.findall(printed) or [f"exit code {code}: {printed[-2000:]}"] * bool(code and not findings)
        for line in (*findings, *failed):
            say(f"FOUND: {line}")
    say("nothing found" if not bad else "see above")
    return bad


def main(arguments: Sequence[str] | None = None) -> int:
    """Check each; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=list(FAULTS), help="one build alone; default: both")
    parser.add_argument("--networks", type=int, default=200, help="that are drawn; default 200")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--planted", action="store_true", help="the planted faults alone")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)  # in the process under the sanitizers
    a = parser.parse_args(arguments)
    if a.here:
        train_drawn(a.networks, a.seed)
        return 0
    bad = 0
    for kind in [a.only] if a.only else FAULTS:
        try:
            with tempfile.TemporaryDirectory() as folder:
                bad += check(kind, Path(folder), a)
        except Missing as error:
            print(error, file=sys.stderr)
            return 2
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
