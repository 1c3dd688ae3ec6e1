"""Fuzzers for all that is read from strangers: worksheets, formulas, NPZ, CSV, model files, checkpoints.

    python -m trials.fuzz --seconds 3600
    python -m trials.fuzz --kind worksheet --kind formula --seconds 60 --engine own

Each kind begins with the kept corpus (``tests/data/corpus``) and with whole files, and changes them: with atheris
(``pip install atheris``, libFuzzer by the coverage of chainrule) where it is installed, else with mutations of its own,
of which those stay that reach lines not reached before. A try must end with an answer or with an InputError, within
some seconds. What does not is written to ``--found`` and printed; the exit code is 1 then. The seed fixes the tries of
the own engine, but not how many fit into the time.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import CodeType
from typing import Any

from chainrule.errors import InputError
from trials import formats
from trials.resealed import resealed

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "tests" / "data" / "corpus"
LONGEST = 10.0  # seconds of processor time of a try; libFuzzer counts any time, and a slower one
LARGEST = 20_000  # bytes of a try
Target = Callable[[bytes], object]
Found = tuple[Counter[str], dict[str, tuple[bytes, str]]]  # counts; faults by place: input and traceback

_MARKS = r"""
\frac{ \sum_ \partial \sigma \begin{bmatrix} \left( ^{T} _{1} dL/dW_ dL/da_ yhat_ W_ h_ x_ softmax( exp( log( [[ ]] =
+++ [network] [[network.layer]] hidden output loss W= b= eta ' '{100} σ ŷ ∂ Σ → ⊙ 1e308 1e-320 10^(10^10) nan inf
{" "} __metadata__ dtype F64 BF16 "shape":[ , ; " ' NaN true null - / * ( )
"""
WORDS = (*_MARKS.split(), "9" * 40, "\x00", "\u202e", "\r\n", "\n\n", "\t", "PK\x03\x04")


# ---------------------------------------------------------------- what is tried


def of_file(form: formats.Format) -> Target:
    """Bytes as a file of a format."""

    def target(data: bytes) -> object:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder, f"file{form.ending}")
            place.write_bytes(data)
            return form.read(place)

    return target


def formula(data: bytes) -> object:
    """Bytes as the text of a graph, with numbers for what it needs."""
    from chainrule.explanation.graph.graph import Graph

    text = data.decode(errors="replace")
    graph = Graph(text)
    names = set(re.findall(r"[A-Za-z]\w*", text))
    values = {name: 0.5 + i for i, name in enumerate(sorted(names & {"x", "y", "x1", "x2", "w", "b"}))}
    last = text.split(";")[-1].partition("=")[0].strip()
    return str(graph.derivative(f"d{last}/dx", values))


FORMULAS = ("z = x^2*sin(y); w = log(z/x)", "y = 1/(1+exp(-x)); z = max(x, y)^3", "z = σ(w*x + b) - sqrt(abs(x))",
            "h = [x, 2*x]; z = sum(h*h)", "z = (x+1)^1000/(x-1)^999", "a = W x; z = |a|")  # fmt: skip


def kinds() -> dict[str, tuple[Callable[[], Target], Callable[[], list[bytes]]]]:
    """What reads the bytes of each kind, and whole ones to begin with; each made when it is needed."""
    found: dict[str, tuple[Callable[[], Target], Callable[[], list[bytes]]]] = {}

    def add(
        name: str, form: Callable[[], formats.Format], more: Callable[[bytes], Iterator[bytes]] | None = None
    ) -> None:
        def whole() -> list[bytes]:
            one = form().whole
            return [one, *([] if more is None else list(more(one)))]

        found[name] = (lambda: of_file(form()), whole)

    def published(_: bytes) -> Iterator[bytes]:
        for place in sorted(ROOT.glob("examples/published/*.md")):
            if place.stat().st_size <= LARGEST:
                yield place.read_bytes()

    def one(make: Callable[[], list[formats.Format]], name: str) -> Callable[[], formats.Format]:
        return lambda: next(form for form in make() if form.name == name)

    add("worksheet", one(formats.sheets, "worksheet"), published)
    found["formula"] = (lambda: formula, lambda: [text.encode() for text in FORMULAS])
    add("npz", one(formats.gradients, "gradients .npz"))
    add("csv", one(formats.tables, "table .csv"))
    add("gradients", one(formats.gradients, "gradients .json"))
    for name in ("model", "ensemble", "checkpoint"):
        add(name, one(formats.models, name), resealed)
    return found


# ---------------------------------------------------------------- one try


class TooSlow(BaseException):
    """A try took longer than ``LONGEST``."""


def attempt(target: Target, data: bytes) -> str:
    """What is wrong with a try, or ""."""

    def end(*_: object) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target(data)
    except InputError as error:
        return f"more than one line: {error}" if "\n" in str(error) else ""
    except KeyboardInterrupt:
        raise
    except BaseException:
        return traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return ""


def place_of(fault: str) -> str:
    """Where a traceback ends: tells one fault from others."""
    lines = re.findall(r'File "[^"]*?((?:chainrule|trials)/[^"]*)", line (\d+)', fault)
    return f"{':'.join(lines[-1]) if lines else ''} {fault.strip().splitlines()[-1].partition(':')[0]}"


# ---------------------------------------------------------------- the own engine


class Coverage:
    """Lines of chainrule that were reached, by ``sys.monitoring`` (Python 3.12 and later; before, none is known)."""

    def __init__(self) -> None:
        self.lines = 0
        self.tool = getattr(sys, "monitoring", None)

    def __enter__(self) -> Coverage:
        if self.tool is not None:
            self.tool.use_tool_id(self.tool.COVERAGE_ID, "fuzz")
            self.tool.register_callback(self.tool.COVERAGE_ID, self.tool.events.LINE, self._line)
            self.tool.set_events(self.tool.COVERAGE_ID, self.tool.events.LINE)
        return self

    def __exit__(self, *_: object) -> None:
        if self.tool is not None:
            self.tool.set_events(self.tool.COVERAGE_ID, 0)
            self.tool.free_tool_id(self.tool.COVERAGE_ID)

    def _line(self, code: CodeType, _: int) -> Any:
        self.lines += "chainrule" in code.co_filename
        return self.tool.DISABLE  # type: ignore[union-attr]


def mutated(corpus: list[bytes], rng: random.Random) -> bytes:
    """One of the corpus with some things changed."""
    data = bytearray(rng.choice(corpus))
    for _ in range(1 << rng.randrange(4)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(8):
            case 0 if data:
                data[at % len(data)] ^= 1 << rng.randrange(8)
            case 1:
                data[at:at] = rng.choice(WORDS).encode()
            case 2:
                del data[at : at + rng.randrange(1, 30)]
            case 3:
                data[at:at] = data[at : at + rng.randrange(1, 200)] * rng.choice((1, 1, 2, 50))
            case 4:
                other = rng.choice(corpus)
                cut = rng.randrange(len(other) + 1)
                data[at:] = other[cut:]
            case 5:
                data[at : at + 1] = bytes([rng.randrange(256)])
            case 6:
                data[at : at + rng.randrange(1, 8)] = str(
                    rng.choice((0, -1, 2**31, 2**63, 10**40, 0.5, 1e308))
                ).encode()
            case _:
                lines = bytes(data).split(b"\n")
                rng.shuffle(lines)
                data = bytearray(b"\n".join(lines))
    return bytes(data[:LARGEST])


def own_engine(name: str, seconds: float, seed: int) -> Found:
    """Mutations, of which those stay that reach new lines, until the time is over."""
    make, whole = kinds()[name]
    target, rng = make(), random.Random(f"{seed} {name}")
    corpus, counts, faults = [*kept(name), *whole()], Counter[str](), dict[str, tuple[bytes, str]]()
    until = time.monotonic() + seconds
    waiting = list(corpus)
    with Coverage() as coverage:
        while time.monotonic() < until:
            data = waiting.pop() if waiting else mutated(corpus, rng)
            before = coverage.lines
            fault = attempt(target, data)
            counts["tries"] += 1
            if coverage.lines > before and not fault and data not in corpus:
                corpus.append(data)
                counts["kept"] += 1
            if fault:
                counts["faults"] += 1
                faults.setdefault(place_of(fault), (data, fault))
        counts["lines"] = coverage.lines
    return counts, faults


def kept(name: str) -> list[bytes]:
    """The kept corpus of a kind: what was found once, and stays mended."""
    return [place.read_bytes() for place in sorted((CORPUS / name).glob("*"))]


# ---------------------------------------------------------------- atheris


def with_atheris(
    name: str, seconds: float, seed: int, found: Path
) -> tuple[Counter[str], dict[str, tuple[bytes, str]]]:
    """libFuzzer in a process of its own, begun again after each fault until the time is over."""
    counts, faults = Counter[str](), dict[str, tuple[bytes, str]]()
    until = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        for i, data in enumerate([*kept(name), *kinds()[name][1]()]):
            Path(folder, f"{i}").write_bytes(data)
        while (left := int(until - time.monotonic())) > 0:
            command = [sys.executable, "-m", "trials.fuzz", "--inside", name, str(left), str(seed), folder]
            ran = subprocess.run(command, capture_output=True, text=True, cwd=found, env=_environment(), check=False)
            done = re.findall(r"^(?:#(\d+)\s|stat::number_of_executed_units:\s*(\d+))", ran.stderr, re.MULTILINE)
            counts["tries"] += max((int(a or b) for a, b in done), default=0)
            covered = re.findall(r"cov: (\d+)", ran.stderr)
            counts["lines"] = max(counts["lines"], *map(int, covered or ["0"]))
            if ran.returncode == 0:
                break
            counts["faults"] += 1
            inputs = sorted(found.glob("*-*"), key=lambda place: place.stat().st_mtime)
            data = inputs[-1].read_bytes() if inputs else b""
            at = ran.stderr.find("Traceback")
            fault = ran.stderr[at : at + 6000] if at >= 0 else ran.stderr[-2000:]
            faults.setdefault(place_of(fault.partition("==")[0]), (data, fault))
            for place in inputs:
                place.unlink()
            seed += 1
    return counts, faults


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}


def inside_atheris(name: str, seconds: int, seed: int, folder: str) -> None:
    """What the process of libFuzzer does."""
    import atheris

    with atheris.instrument_imports(include=["chainrule"]):
        import chainrule.auditing.audit
        import chainrule.explanation.graph.graph
        import chainrule.storage  # noqa: F401
    target = kinds()[name][0]()

    def one(data: bytes) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with suppress(InputError):
                target(data)

    limits = {"max_total_time": seconds, "max_len": LARGEST, "timeout": 12 * int(LONGEST), "rss_limit_mb": 1500}
    options = [f"-{name}={value}" for name, value in (limits | {"seed": seed + 1, "print_final_stats": 1}).items()]
    atheris.Setup([sys.argv[0], *options, folder], one)
    atheris.Fuzz()


# ---------------------------------------------------------------- the command


def has_atheris() -> bool:
    """Whether it is installed."""
    from importlib.util import find_spec

    return find_spec("atheris") is not None


def main() -> int:
    """Fuzz, print what was found; the exit code."""
    if sys.argv[1:2] == ["--inside"]:
        name, seconds, seed, folder = sys.argv[2:]
        inside_atheris(name, int(seconds), int(seed), folder)
        return 0
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kind", action="append", choices=kinds(), help="usually all")
    parser.add_argument("--seconds", type=float, default=3600, help="of all kinds together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", choices=("atheris", "own"), default="atheris" if has_atheris() else "own")
    parser.add_argument("--found", type=Path, help="folder for inputs that end otherwise")
    asked = parser.parse_args()
    chosen = asked.kind or list(kinds())
    asked.found = asked.found or Path(tempfile.mkdtemp(prefix="fuzz-"))
    asked.found.mkdir(exist_ok=True)
    total = 0
    print(
        f"engine {asked.engine}, seed {asked.seed}\n{'kind':12}{'tries':>10}{'a second':>10}{'lines':>8}{'faults':>8}"
    )
    for name in chosen:
        share = asked.seconds / len(chosen)
        if asked.engine == "own":
            counts, faults = own_engine(name, share, asked.seed)
        else:
            counts, faults = with_atheris(name, share, asked.seed, asked.found)
        print(
            f"{name:12}{counts['tries']:10}{counts['tries'] / share:10.1f}{counts['lines']:8}{len(faults):8}",
            flush=True,
        )
        for where, (data, fault) in faults.items():
            place = asked.found / f"{name}-{hashlib.sha256(data).hexdigest()[:12]}"
            place.write_bytes(data)
            print(f"---\n{place}: {where}\n{fault[-1500:]}", flush=True)
        total += len(faults)
    return int(total > 0)


if __name__ == "__main__":
    sys.exit(main())
