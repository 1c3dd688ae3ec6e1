"""Copies of the tree, the tests in them, and what becomes of a mutant."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trials.mutants.draw import Mutant

#: tests that hold a time, which measuring lines and a busy machine make longer: they judge no mutant
TIMED = (
    "tests/explanation/graph/test_growth.py::test_large_graphs_are_answered_at_once",
    "tests/sheets/test_lines.py::test_a_line_that_floods_is_refused_quickly",
    "tests/sheets/test_macros.py::test_what_has_no_end_is_left",
    "tests/sheets/test_lines.py::test_an_ordinary_line_takes_little_time",
    "tests/teaching/test_exercise.py::test_an_exercise_is_made_in_seconds",
    "tests/view/test_server.py::test_a_thousand_requests_of_garbage",
    "tests/view/test_server.py::test_slow_clients_do_not_keep_others_waiting",
)
#: options of every run: one process, the cases that a plain run takes, and what Hypothesis draws is the same each time
OPTIONS = ("-n0", "--hypothesis-seed=0", *(f"--deselect={test}" for test in TIMED))
#: imported once, before the package: what it takes most of the time to import
LIBRARIES = (
    "numpy", "scipy.optimize", "sklearn.neural_network", "pandas", "mpmath", "pydantic",
    "matplotlib.figure", "dask.dataframe", "distributed", "onnx", "onnxruntime", "typer",
)  # fmt: skip


#: what the tests read
COPIED = (
    "src",
    "tests",
    "trials",
    "docs",
    "examples",
    "tools",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "pyproject.toml",
)


class Refused(Exception):
    """Nothing can be said of any mutant."""


@dataclass(frozen=True)
class Project:
    """Where things are.

    Attributes:
        root: the tree; ``package`` stands in ``src``.
        tests: for each first part of a module's path, the files and folders of its tests.
        options, libraries: see ``OPTIONS`` and ``LIBRARIES``.
        cpu, wall: seconds that a run may take beside some multiple of what its tests take, of processor and of time.
    """

    root: Path
    package: str
    tests: Mapping[str, Sequence[str]]
    options: Sequence[str] = OPTIONS
    libraries: Sequence[str] = LIBRARIES
    cpu: float = 20.0
    wall: float = 120.0

    @property
    def source(self) -> Path:
        """The folder of the package."""
        return self.root / "src" / self.package

    def files(self) -> Iterator[Path]:
        """What a copy has: not what Python compiled, but the native library beside its source."""
        for name in COPIED:
            path = self.root / name
            for file in (path, *path.rglob("*")):
                if file.is_file() and "__pycache__" not in file.parts:
                    yield file.relative_to(self.root)


@dataclass
class Measure:
    """What the tests of one place do without a mutation: the seconds of each, and the tests that run each line."""

    seconds: dict[str, float] = field(default_factory=dict)
    lines: dict[str, dict[int, list[str]]] = field(default_factory=dict)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Measure:
        names = list(told["tests"])
        lines = {
            file: {int(line): [names[i] for i in found] for line, found in by_line.items()}
            for file, by_line in told["lines"].items()
        }
        return cls(dict(told["tests"]), lines)

    def tests(self, file: str, mutant: Mutant) -> list[str]:
        """The tests that run what is changed, fastest first.

        Of what runs when the module is imported, or once for all, those that run anything of the module.
        """
        by_line = self.lines.get(file, {})
        found = set(by_line.get(mutant.at, ()))
        statement = range(mutant.first, mutant.last + 1)
        if not found and mutant.at not in by_line and not mutant.imported:
            found = {t for line in statement for t in by_line.get(line, ())}
        if mutant.kept or (not found and any(line in by_line for line in statement)):
            found = {t for tests in by_line.values() for t in tests}
        return sorted(found, key=lambda t: (self.seconds[t], t))


KILLED = ("killed", "timeout")


@dataclass(frozen=True)
class Result:
    """What became of a mutant: killed, timeout (killed too), survived, or unreached by any test; ``by`` which test."""

    mutant: Mutant
    what: str
    by: str
    tests: int
    seconds: float

    @property
    def killed(self) -> bool:
        return self.what in KILLED


class Tree:
    """A copy of the tree with a process that runs its tests; a mutant is written into it and taken out again."""

    def __init__(self, project: Project, folder: Path) -> None:
        self.project, self.folder = project, folder / "tree"
        self.told, self.out = folder / "told.json", folder / "out.txt"
        for name in project.files():
            target = self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(project.root / name, target)
        server = str(Path(__file__).with_name("server.py"))
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")} | {"TMPDIR": str(folder)}
        self.process = subprocess.Popen(
            [sys.executable, "-P", server, ",".join(project.libraries)],
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,  # an interrupt of the command is not theirs: the command ends them
        )
        self.busy, self.closed = threading.Lock(), False
        self._answer()

    def close(self) -> None:
        """End the process, with the tests that it runs; nothing is written into the tree afterwards."""
        self.closed = True
        self.process.terminate()
        self.process.wait()
        with self.busy:
            for pipe in (self.process.stdin, self.process.stdout):
                assert pipe is not None
                pipe.close()

    def measure(self, places: Iterable[str]) -> Measure:
        """Run all tests there as the source is."""
        with self.busy:
            told = self._run(list(places), None, 1800, 3600)
        if told["code"] not in (0, 5):  # 5: all of them need a browser
            tail = "\n".join(self.out.read_text(errors="replace").splitlines()[-25:])
            raise Refused(
                f"without a mutation the tests of {', '.join(places)} must pass: {told.get('failed')}\n{tail}"
            )
        return Measure.of(told)

    def judge(self, mutant: Mutant, tests: Sequence[str], seconds: float) -> Result:
        """Run the tests, which take so many seconds, with the mutant in its place."""
        if not tests:
            return Result(mutant, "unreached", "", 0, 0.0)
        files = list(dict.fromkeys(name.partition("::")[0] for name in tests))
        path = self.folder / "src" / self.project.package / mutant.module
        with self.busy:
            source, times = path.read_text(), path.stat()
            path.write_text(mutant.applied(source))
            os.utime(path, (0, 0))  # of the same size and second, the bytecode of the source would be taken
            try:
                told = self._run(files, tests, self.project.cpu + 5 * seconds, self.project.wall + 20 * seconds)
            finally:
                path.write_text(source)
                os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        if told["code"] is None:
            return Result(mutant, "timeout", "", told.get("ran", 0), told["seconds"])
        if told["code"] == 70:
            raise Refused(f"{mutant.name}: no test could be run\n{self.out.read_text(errors='replace')[-2000:]}")
        if told["code"] in (0, 5):  # 5: the tests are made from a table, and the mutant leaves them out of it
            return Result(mutant, "survived", "", told["ran"], told["seconds"])
        return Result(mutant, "killed", told.get("failed") or "import", told.get("ran", 0), told["seconds"])

    def _run(self, files: list[str], tests: Sequence[str] | None, cpu: float, wall: float) -> dict[str, Any]:
        job = {
            "files": files, "tests": tests, "measure": tests is None, "cpu": cpu, "wall": wall,
            "options": list(self.project.options), "told": str(self.told), "out": str(self.out),
        }  # fmt: skip
        if self.closed:
            raise Refused("the tree is closed")
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        told: dict[str, Any] = json.loads(self._answer())
        return told

    def _answer(self) -> str:
        assert self.process.stdout is not None
        answer = self.process.stdout.readline()
        if not answer:
            raise Refused("the process that runs the tests has ended")
        return answer
