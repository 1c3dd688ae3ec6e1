"""What every command here shares: options, progress, a table in Markdown, a plot, JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
COLOURS = {
    "chainrule": "#0b5fa5", "chainrule estimator": "#6baed6", "scikit-learn": "#f2a33a", "PyTorch": "#d1495b",
    "JAX": "#3c9d76",
}  # fmt: skip


def options(doc: str) -> argparse.ArgumentParser:
    """The options that all commands have."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print all numbers as JSON instead of the table")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "docs" / "benchmarks", metavar="FOLDER",
        help="where the Markdown and the plot go (default: docs/benchmarks)",
    )  # fmt: skip
    return parser


def names(known: Sequence[str]) -> Callable[[str], list[str]]:
    """An argument's type: some of these names, with commas between them."""

    def read(text: str) -> list[str]:
        found = [part.strip() for part in text.split(",") if part.strip()]
        if wrong := [name for name in found if name not in known]:
            raise argparse.ArgumentTypeError(f"no {wrong[0]!r}; there are {', '.join(known)}")
        return found

    return read


def at_least(least: int) -> Callable[[str], int]:
    """An argument's type: a whole number from ``least`` up."""

    def read(text: str) -> int:
        if not text.isdigit() or int(text) < least:
            raise argparse.ArgumentTypeError(f"a whole number from {least} up, not {text!r}")
        return int(text)

    return read


def run(main: Callable[[], None]) -> None:
    """Call a command's ``main``; Ctrl-C ends it with one line."""
    try:
        main()
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped: nothing was written.\n")
        sys.exit(130)


def say(message: str) -> None:
    """A line on the standard error."""
    sys.stderr.write(f"{message}\n")


class Progress:
    """A line on the standard error that says what runs and how much of the whole is done."""

    def __init__(self, parts: int) -> None:
        self.parts, self.part, self.start, self.name = parts, 0, time.monotonic(), ""
        self.live = sys.stderr.isatty()

    def next(self, name: str) -> None:
        """A further part begins."""
        self.part, self.name = self.part + 1, name
        if not self.live:
            sys.stderr.write(f"[{self.part}/{self.parts}] {name}, {time.monotonic() - self.start:.0f} s so far\n")
        self("")

    def __call__(self, text: str) -> None:
        if self.live:
            spent = time.monotonic() - self.start
            line = f"[{self.part}/{self.parts}] {self.name}  {text}  ({spent:.0f} s)"
            sys.stderr.write(f"\r\033[K{line[:110]}")
            sys.stderr.flush()

    def end(self) -> None:
        """Clear the line."""
        if self.live:
            sys.stderr.write("\r\033[K")


# ---------------------------------------------------------------- what the numbers were measured with


WORK = """import time
done, end = 0, time.perf_counter() + 1.0
while time.perf_counter() < end:
    done += sum(range(1000)) > 0
print(done)"""


def worth(cores: int) -> float:
    """How many times the work of one process ``cores`` of them do at once.

    On a machine that is shared it can be far less than ``cores``, and the load does not show it.
    """

    def done(count: int) -> int:
        at_once = [subprocess.Popen([sys.executable, "-c", WORK], stdout=subprocess.PIPE) for _ in range(count)]
        return sum(int(process.communicate()[0]) for process in at_once)

    return done(cores) / max(1, done(1))


def machine(packages: Sequence[str]) -> dict[str, Any]:
    """The kind of machine, the versions, and how busy it was; call it first, and ``after`` last."""
    versions = {}
    for name in packages:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    cores = (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()) or 1
    return {
        "cores": cores, "architecture": platform.machine(), "system": platform.system(),
        "python": platform.python_version(), "worth_before": round(worth(cores), 2),
        "versions": versions, "load_before": round(load, 2), "command": _command(),
    }  # fmt: skip


def after(where: dict[str, Any]) -> dict[str, Any]:
    """``machine`` with what the cores were worth when all was measured."""
    return {**where, "worth_after": round(worth(where["cores"]), 2)}


def _command() -> str:
    words, skip = [f"python benchmarks/{Path(sys.argv[0]).name}"], False
    for word in sys.argv[1:]:
        if not skip and word != "--json" and not word.startswith("--out"):
            words.append(word)
        skip = word == "--out"
    return " ".join(words)


def told(where: dict[str, Any]) -> str:
    """``machine`` and ``after`` as a sentence, with a warning where others had the machine too."""
    versions = ", ".join(f"{name} {version}" for name, version in where["versions"].items())
    text = (
        f"Measured by `{where['command']}` on {where['cores']} cores ({where['architecture']}, {where['system']}), "
        f"Python {where['python']}, {versions}. Absolute times move from machine to machine and from run to run."
    )
    first, last = where["worth_before"], where["worth_after"]
    text += f" {where['cores']} processes at once did {first} times the work of one before the run, {last} after it."
    if min(first, last) < 0.85 * where["cores"]:
        text += "\n\n**Others had a part of the cores: do not trust these times.**"
    if where["load_before"] > 0.5:
        text += f"\n\n**The machine was busy (load {where['load_before']} before the run): do not trust these times.**"
    return text


# ---------------------------------------------------------------- numbers and tables


def number(value: float | None) -> str:
    """Three digits, or - for None."""
    if value is None:
        return "-"
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:.{digits}f}" if abs(value) >= 0.1 else f"{value:.2g}"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns also line up as text; the first column is text, the others numbers."""
    lines = [list(head), *map(list, rows)]
    widths = [max(3, *(len(line[i]) for line in lines)) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        first, *others = cells
        return "| " + " | ".join([first.ljust(widths[0]), *map(str.rjust, others, widths[1:])]) + " |"

    rule = "|" + "|".join(["-" * (widths[0] + 2), *("-" * (w + 1) + ":" for w in widths[1:])]) + "|"
    return "\n".join([line(head), rule, *map(line, lines[1:])])


def write(arguments: argparse.Namespace, name: str, text: str, numbers: Any, figure: Callable[[], Any]) -> None:
    """Print the table or the JSON, and write NAME.md and NAME.png."""
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / f"{name}.md").write_text(text.rstrip() + "\n", encoding="utf-8")
    made = figure()
    made.savefig(arguments.out / f"{name}.png", dpi=130)
    print(json.dumps(numbers, indent=1) if arguments.json else text)


def canvas(rows: int, columns: int, size: tuple[float, float], title: str) -> tuple[Any, Any]:
    """A titled figure and its axes, a list of rows of axes."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False})
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    figure.suptitle(title, fontsize=13)
    return figure, axes


def plain(axis: Any) -> None:
    """Label a logarithmic axis 1, 2, 5, 10, ..., or only the tens if there are many."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 1000 else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axis.set_minor_locator(NullLocator())
