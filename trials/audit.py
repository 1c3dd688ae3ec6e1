"""Large trials of the auditor, with fixed seeds; the tests run a sample of each.

    python -m trials.audit right --sheets 10000
    python -m trials.audit planted --networks 200
    python -m trials.audit pairs --sheets 2000
    python -m trials.audit code --networks 50
    python -m trials.audit chance --count 2000
    python -m trials.audit class --sheets 1000

Each prints a table and exits with 1 where its bar is missed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from chainrule.auditing.audit import audit_text
from chainrule.auditing.code import audit_gradients
from chainrule.auditing.marking.conventions import scales
from chainrule.auditing.mistakes import MISTAKES, Mistake, layers_of
from chainrule.auditing.model.claims import Reading
from chainrule.auditing.model.problem import Problem
from chainrule.auditing.records import ACCEPTED
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.losses import LOSSES
from chainrule.network.network import Network
from chainrule.network.outputs import OUTPUTS
from chainrule.teaching.author import Style, WrittenLine, header, names, write

PAIRS = [
    (loss.name, output.name)
    for loss in LOSSES.values()
    for output in OUTPUTS.values()
    if any(loss.fits(output, k) for k in (1, 2, 3))
]


# ---------------------------------------------------------------- networks that a person might set


@dataclass(frozen=True)
class Spec:
    """What a network is before it has numbers: enough to say whether a mistake makes sense in it."""

    sizes: tuple[int, ...]
    hidden: tuple[str, ...]
    output: str
    loss: str
    reduction: str
    rate: float
    n: int | None

    @property
    def stand_in(self) -> SimpleNamespace:
        """Looks like a Problem to the conditions of the table of mistakes."""
        depth, output = len(self.sizes) - 1, OUTPUTS[self.output].rule
        rules = [None, *(ACTIVATIONS[name] for name in self.hidden), output]
        network = SimpleNamespace(
            loss=self.loss, output=self.output, reduction=self.reduction, biases=[np.ones(m) for m in self.sizes[1:]]
        )
        n = self.n or 1
        return SimpleNamespace(
            network=network, sizes=self.sizes, depth=depth, rule=lambda i: rules[i], rate=self.rate,
            learning_rate=self.rate, n=n, coefficients=np.ones(n),
        )  # fmt: skip


def spec(rng: np.random.Generator, depth: int, square: bool, n: int | None = None) -> Spec:
    """Every activation, output, loss and reduction comes up; widths from 1 to 4."""
    loss, output = PAIRS[rng.integers(len(PAIRS))]
    k = [k for k in (1, 2, 3) if LOSSES[loss].fits(OUTPUTS[output], k)]
    width = int(rng.integers(2, 4))
    sizes = [width] * (depth + 1) if square else [int(s) for s in rng.integers(1, 5, depth + 1)]
    if sizes[-1] not in k:
        sizes[-1] = int(k[rng.integers(len(k))])
    hidden = tuple(str(rng.choice(list(ACTIVATIONS))) for _ in range(depth - 1))
    reduction = "mean" if rng.random() < 0.5 else "sum"
    return Spec(tuple(sizes), hidden, output, loss, reduction, float(rng.choice([0.05, 0.1, 0.2, 0.3, 0.5, 0.9])), n)


def problem_of(rng: np.random.Generator, s: Spec) -> Problem:
    """A network of that kind with numbers of one decimal, none of them 0."""
    weights = [numbers(rng, (m, j)) for j, m in pairwise(s.sizes)]
    biases = [numbers(rng, (m,)) for m in s.sizes[1:]]
    network = Network(weights, biases, s.hidden or "sigmoid", s.output, s.loss, s.reduction)
    x = numbers(rng, (s.sizes[0],) if s.n is None else (s.n, s.sizes[0]))
    return Problem.of(network, x, targets(rng, s.loss, s.output, s.sizes[-1], s.n), rate=s.rate)


def problem(rng: np.random.Generator, depth: int, square: bool, n: int | None = None) -> Problem:
    """Any network of that depth."""
    return problem_of(rng, spec(rng, depth, square, n))


def numbers(rng: np.random.Generator, shape: tuple[int, ...], decimals: int = 1) -> np.ndarray:
    """Numbers from -1 to 1, none of them 0."""
    drawn = rng.uniform(0.1, 1.0, shape).round(decimals) * rng.choice((-1, 1), shape)
    return drawn + 0.0


def targets(rng: np.random.Generator, loss: str, output: str, k: int, n: int | None) -> np.ndarray:
    low, high = LOSSES[loss].target_range
    rows = 1 if n is None else n
    if (low, high) == (0.0, 1.0):
        y = np.eye(k)[rng.integers(0, k, rows)] if output == "softmax" else rng.integers(0, 2, (rows, k)).astype(float)
        if k == 1 and output == "softmax":
            y = np.ones((rows, 1))
    elif low == 0.0:
        y = rng.integers(0, 4, (rows, k)).astype(float)
    else:
        y = rng.uniform(-1, 1, (rows, k)).round(1)
    return y[0] if n is None else y


def sheet(p: Problem, lines: list[WrittenLine] | list[str], network: Network | None = None) -> str:
    """The text of a sheet."""
    x, y = (p.x[0], p.y[0]) if p.single else (p.x, p.y)
    body = "\n".join(line if isinstance(line, str) else line.line for line in lines)
    return header(network or p.network, x, y, learning_rate=p.learning_rate) + "\n" + body + "\n"


# ---------------------------------------------------------------- right sheets


def readings(rng: np.random.Generator, p: Problem) -> Iterator[tuple[str, Style]]:
    """The conventions that could be held on this problem."""
    style = Style()
    yield "none", style
    for id, _, factor in scales(p):
        yield id, replace(style, reading=Reading(scale=factor))
    yield "delta", replace(style, delta=True)
    yield "minus_delta", replace(style, delta=True, reading=Reading(minus_delta=True))
    yield "swapped", replace(style, reading=Reading(swapped=True))
    yield "rows", replace(style, rows=True)
    yield "biases_kept", replace(style, reading=Reading(update_biases=False))
    if all(W.shape[0] == W.shape[1] for W in p.network.weights):
        yield "transposed", replace(style, reading=Reading(transposed=True, swapped=True))


def right_sheet(seed: int) -> tuple[str, list[tuple[str, str, str]]]:
    """One right sheet: the convention it holds, and the lines that are accused."""
    id, text = right_text(seed)
    audit = audit_text(text)
    return id, [(line.text, line.verdict, text) for line in audit.lines if line.verdict in ("wrong", "unreadable")]


def right_text(seed: int) -> tuple[str, str]:
    """The convention that a drawn right sheet holds, and its text."""
    rng = np.random.default_rng((1, seed))
    p = problem(
        rng, int(rng.integers(1, 5)), bool(rng.random() < 0.3), None if rng.random() < 0.8 else int(rng.integers(2, 4))
    )
    ways = list(readings(rng, p))
    id, style = ways[rng.integers(len(ways))]
    style = replace(
        style,
        digits=int(rng.integers(2, 7)),
        significant=bool(rng.random() < 0.5),
        cut=str(rng.choice(["never", "always", "sometimes"])),
        carry=bool(rng.random() < 0.5),
        components=_some(rng),
    )
    if style.reading.update_biases is False:
        p = replace(p, update_biases=False)
    again = bool(rng.random() < 0.3)
    wanted = names(p, again=again)
    if id == "none":
        wanted = [name for name in wanted if rng.random() < 0.8]
    return id, sheet(p, write(p, wanted, style, rng))


def _some(rng: np.random.Generator) -> Callable[[object], bool]:
    share = float(rng.choice([0.0, 0.0, 0.5, 1.0]))
    return lambda name: bool(rng.random() < share)


# ---------------------------------------------------------------- planted mistakes


@dataclass(frozen=True)
class Outcome:
    """What became of one planted mistake."""

    id: str
    layer: int
    shown: bool
    root: bool = False
    first: bool = False
    named: bool = False
    detail: str = ""


def planted(id: str, kind: str, layer: int, seed: int) -> Outcome:
    """One sheet with one mistake; the problem is drawn until the mistake makes sense in it."""
    drawn = planted_lines(id, kind, layer, seed)
    return Outcome(id, layer, False) if drawn is None else outcome(id, layer, *drawn)


def planted_lines(id: str, kind: str, layer: int, seed: int) -> tuple[Problem, list[WrittenLine], int] | None:
    """A problem, the lines of a sheet with one mistake, and at which it first shows; None where it does not show."""
    mistake = next(m for m in MISTAKES if (m.id, m.kind) == (id, kind))
    rng = np.random.default_rng((2, sum(map(ord, id + kind)), layer, seed))
    p = fitting(rng, mistake, layer)
    if p is None:
        return None
    style = Style(digits=4, significant=True, carry=bool(rng.random() < 0.5), components=_some(rng))
    wanted = names(p)
    state = int(rng.integers(2**31))
    share = style.components
    chosen = {n: share(n) for n in _plain_names(wanted)}
    style = replace(style, components=lambda name: chosen.get(name, False))
    right = write(p, wanted, style, np.random.default_rng(state))
    lines = write(p, wanted, style, np.random.default_rng(state), [mistake.at(layer)])
    exact = replace(style, carry=False)
    pairs = (write(p, wanted, exact, np.random.default_rng(state), wrong) for wrong in ((), [mistake.at(layer)]))
    apart = [differs(a, b) for a, b in zip(*pairs, strict=True)]
    changed = [i for i, (a, b) in enumerate(zip(right, lines, strict=True)) if a.text != b.text and apart[i]]
    return (p, lines, changed[0]) if changed else None


def differs(right: WrittenLine, wrong: WrittenLine) -> bool:
    """Whether the mistake changes a line by a unit of the last digit or more, before any rounding."""
    unit = 10.0 ** -(3 - np.floor(np.log10(np.maximum(np.abs(right.printed), 1e-300))))
    return bool((np.abs(right.value - wrong.value) > np.where(right.printed == 0, 0, unit)).any())


def outcome(id: str, layer: int, p: Problem, lines: list[WrittenLine], root: int) -> Outcome:
    text = sheet(p, lines)
    audit = audit_text(text)
    wrong = [i for i, line in enumerate(audit.lines) if line.verdict not in (*ACCEPTED, "follows")]
    first = audit.lines[wrong[0]] if wrong else None
    mistakes = first.mistakes if first is not None else ()
    at_root = bool(wrong) and wrong[0] == root
    named = at_root and id in mistakes[:3]
    detail = (
        ""
        if named and mistakes[0] == id
        else (
            f"{id}@{layer} root {lines[root].label}: "
            + "; ".join(f"{audit.lines[i].name} {audit.lines[i].verdict} {audit.lines[i].mistakes}" for i in wrong[:3])
            + (f" conv {[c.id for c in audit.conventions]}" if audit.conventions else "")
            + "\n"
            + text
        )
    )
    return Outcome(id, layer, True, at_root, named and mistakes[0] == id, named, detail)


def _plain_names(wanted: list) -> list:
    return [n.name if hasattr(n, "after") else n for n in wanted]


def fitting(
    rng: np.random.Generator, mistake: Mistake, layer: int, depths: tuple[int, int] = (1, 4), batch: bool = False
) -> Problem | None:
    """A problem in which the mistake makes sense at that layer; None where 400 draws have none."""
    for attempt in range(400):
        batch = batch or attempt == 200  # what makes no sense in one example may in several
        depth = int(rng.integers(max(layer, depths[0]), depths[1] + 1))
        drawn = spec(rng, depth, bool(rng.random() < 0.6), int(rng.integers(2, 6)) if batch else None)
        if layer in layers_of(mistake.kind, depth) and mistake.fits(drawn.stand_in, layer):
            return problem_of(rng, drawn)
    return None


def places() -> list[tuple[str, str, int]]:
    """Every mistake of the table at every layer up to 4 at which it can be made."""
    found = []
    for m in MISTAKES:
        layers = [0] if m.kind == "L" else [1, 2, 3, 4]
        found += [(m.id, m.kind, layer) for layer in layers]
    return found


# ---------------------------------------------------------------- two mistakes in one sheet


def pair(seed: int) -> tuple[bool, bool, str]:
    """One sheet with two different mistakes at different lines: whether both show, and whether both are found."""
    rng = np.random.default_rng((3, seed))
    p = problem(rng, int(rng.integers(2, 5)), bool(rng.random() < 0.6))
    choices = [(m, i) for m in MISTAKES for i in layers_of(m.kind, p.depth) if m.fits(p, i) and m.kind != "L"]
    first, second = (choices[i] for i in rng.choice(len(choices), 2, replace=False))
    if first[0].id == second[0].id or (first[0].kind, first[1]) == (second[0].kind, second[1]):
        return False, False, ""
    style = Style(digits=4, significant=True, carry=bool(rng.random() < 0.5))
    wanted, exact = names(p), replace(style, carry=False)
    wrong = [m.at(i) for m, i in (first, second)]
    plain = [write(p, wanted, exact, np.random.default_rng(0), w) for w in ((), wrong[:1], wrong[1:], wrong)]
    # each shows where it is made: the first line that it changes, with the other one made or not
    at = []
    for alone, other in ((plain[1], plain[2]), (plain[2], plain[1])):
        own = [i for i, (a, b) in enumerate(zip(plain[0], alone, strict=True)) if differs(a, b)]
        both = [i for i, (a, b) in enumerate(zip(other, plain[3], strict=True)) if differs(a, b)]
        at.append(own[0] if own and both and own[0] == both[0] else None)
    if None in at or at[0] == at[1]:
        return False, False, ""
    lines = write(p, wanted, style, np.random.default_rng(0), wrong)
    text = sheet(p, lines)
    audit = audit_text(text)
    found = all(
        audit.lines[i].verdict not in (*ACCEPTED, "follows") and m.id in audit.lines[i].mistakes[:3]
        for i, (m, _) in zip(at, (first, second), strict=True)
    )
    detail = (
        ""
        if found
        else "\n".join(
            [f"{[(m.id, i) for m, i in (first, second)]} at {[lines[i].label for i in at]}"]
            + [f"  {a.name} {a.verdict} {a.mistakes}" for a in audit.lines if a.verdict not in (*ACCEPTED, "follows")]
            + [text]
        )
    )
    return True, found, detail


# ---------------------------------------------------------------- numbers that are wrong for no reason


def by_chance(seed: int) -> tuple[bool, bool, str]:
    """One sheet with one random wrong number: whether it shows, and whether a cause is named for it."""
    digits, line, text = tampered_text(seed)
    wrong = [line for line in audit_text(text).lines if line.verdict == "wrong"]
    causes = [id for line in wrong for id in line.mistakes if id not in NO_CAUSE]
    detail = "; ".join(f"{a.text} {a.mistakes} {a.message}" for a in wrong)
    return bool(wrong), bool(causes), f"{digits} digits, {line}: {detail}"


def tampered_text(seed: int) -> tuple[int, str, str]:
    """The digits of a drawn sheet, the line of it with a random wrong number, and its text."""
    rng = np.random.default_rng((6, seed))
    p = problem(rng, int(rng.integers(1, 4)), bool(rng.random() < 0.3))
    digits, apart = int(rng.integers(2, 6)), bool(rng.random() < 0.5)
    style = Style(digits=digits, significant=bool(rng.random() < 0.5), carry=bool(rng.random() < 0.5),
                  components=lambda name: apart)  # fmt: skip
    wanted = names(p)
    count = len(write(p, wanted, style, rng))
    at, drawn, line = int(rng.integers(count)), float(rng.uniform(-2, 2)), iter(range(count))

    def tamper(symbol: object, value: np.ndarray) -> np.ndarray | None:
        if next(line) != at:
            return None
        wrong = np.array(value)
        wrong[tuple(int(rng.integers(s)) for s in wrong.shape)] = drawn * max(float(np.abs(value).max()), 0.01)
        return wrong

    lines = write(p, wanted, style, rng, tamper=tamper)
    return digits, lines[at].line, sheet(p, lines)


#: what is said of a wrong line where no mistake is named
NO_CAUSE = ("inconsistent_with_own_line", "arithmetic")


# ---------------------------------------------------------------- mistakes around the equations


def tampered(id: str, seed: int) -> Outcome:
    """One sheet with a structural mistake in one line."""
    rng = np.random.default_rng((4, sum(map(ord, id)), seed))
    batch = id == "batch_sum_vs_mean"
    p = problem(rng, int(rng.integers(1, 4)), bool(rng.random() < 0.4), int(rng.integers(2, 4)) if batch else None)
    style = Style(digits=4, significant=True, carry=bool(rng.random() < 0.5))
    again = id in ("stale_forward_value", "grad_not_reset")
    wanted = names(p, again=again)
    right = write(p, wanted, style, np.random.default_rng(0))
    choices = [i for i, w in enumerate(wanted) if _suits(id, w, right[i], p)]
    if not choices:
        return Outcome(id, 0, False)
    at = int(rng.choice(choices))
    by_label = {line.label: line for line in right}

    def tamper(symbol: object, value: np.ndarray) -> np.ndarray | None:
        if symbol != wanted[at]:
            return None
        before = by_label.get(right[at].label.rstrip("'"))
        return changed_value(id, value, p, rng, before, wanted[at])

    lines = write(p, wanted, style, np.random.default_rng(0), tamper=tamper)
    if lines[at].text == right[at].text or not differs(right[at], lines[at]):
        return Outcome(id, 0, False)
    return outcome(id, 0, p, lines, at)


STRUCTURAL = (
    "decimal_slip",
    "digit_transposition_or_copy",
    "sign_lost",
    "stale_forward_value",
    "gradient_of_output_not_loss",
    "grad_not_reset",
)


def _suits(id: str, name: object, line: WrittenLine, p: Problem) -> bool:
    kind, time = line.place.node.kind, line.place.time
    if id == "stale_forward_value":
        return time == 1 and kind in ("a", "h")
    if id == "grad_not_reset":
        return time == 1 and kind in ("dW", "db")
    if id == "gradient_of_output_not_loss":
        return time == 0 and kind in ("dW", "db") and p.network.loss != "identity"
    return kind not in ("W", "b") or time == 1


def changed_value(
    id: str, value: np.ndarray, p: Problem, rng: np.random.Generator, before: WrittenLine | None, name: object
) -> np.ndarray | None:
    value = np.array(value)
    at = tuple(int(rng.integers(s)) for s in value.shape)
    if id == "decimal_slip":
        value[at] *= 10.0 ** int(rng.choice([-1, 1]))
        return value
    if id == "sign_lost":
        value[at] *= -1
        return value
    if id == "digit_transposition_or_copy":
        if not value[at]:
            return None
        mantissa, exponent = f"{value[at]:.3e}".split("e")
        digits = [c for c in mantissa if c.isdigit()]
        i = int(rng.integers(0, 3))
        digits[i], digits[i + 1] = digits[i + 1], digits[i]
        sign = "-" if mantissa.startswith("-") else ""
        value[at] = float(f"{sign}{digits[0]}.{''.join(digits[1:])}e{exponent}")
        return value
    if id == "stale_forward_value":
        return None if before is None else before.printed.reshape(value.shape)
    if id == "grad_not_reset":
        return None if before is None else value + before.printed.reshape(value.shape)
    from chainrule.auditing.model.replay import Replay
    from chainrule.network.names import Derivative, Quantity

    total = sum(Replay(p).read(Derivative(Quantity("yhat", None, (o,)), name.wrt)) for o in range(1, p.sizes[-1] + 1))
    return np.asarray(total)[0]


# ---------------------------------------------------------------- arrays of somebody's code


def coded(id: str, kind: str, layer: int, seed: int) -> Outcome:
    """One backward pass with one mistake, handed over as arrays: all of them, or only those of the parameters."""
    mistake = next(m for m in MISTAKES if (m.id, m.kind) == (id, kind))
    rng = np.random.default_rng((5, sum(map(ord, id + kind)), layer, seed))
    p = fitting(rng, mistake, layer, (2, 5), batch=bool(rng.random() < 0.7))
    if p is None:
        return Outcome(id, layer, False)
    whole = bool(rng.random() < 0.5)
    wanted = [n for n in names(p, update=False) if hasattr(n, "of") and (whole or n.wrt.symbol in "Wb")]
    style = Style(carry=False)
    right, lines = (write(p, wanted, style, rng, w) for w in ((), [mistake.at(layer)]))
    changed = [
        i for i, (a, b) in enumerate(zip(right, lines, strict=True)) if not np.allclose(a.value, b.value, 1e-4, 1e-9)
    ]
    if not changed or not all(np.isfinite(line.value).all() for line in lines):
        return Outcome(id, layer, False)
    given = {line.label: line.value for line in lines}
    audit = audit_gradients(p.network, p.x, p.y, given, learning_rate=p.learning_rate)
    if audit.ok and audit.conventions:  # minus the gradient, or the rate times it, all over
        return Outcome(id, layer, False)
    wrong = [line for line in audit.lines if line.verdict not in (*ACCEPTED, "follows")]
    root = bool(wrong) and wrong[0].name == lines[changed[0]].label
    mistakes = wrong[0].mistakes if root else ()
    named, first = id in mistakes[:3], mistakes[:1] == (id,)
    detail = (
        ""
        if first
        else f"{id}@{layer} {p.network} root {lines[changed[0]].label}: "
        + "; ".join(f"{line.name} {line.verdict} {line.mistakes}" for line in wrong[:3])
    )
    return Outcome(id, layer, True, root, first, named, detail)


# ---------------------------------------------------------------- running


def _tampered(job: tuple[str, int]) -> Outcome:
    return tampered(*job)


def _coded(job: tuple[str, str, int, int]) -> Outcome:
    return coded(*job)


def _planted(job: tuple[str, str, int, int]) -> Outcome:
    return planted(*job)


def spread(work: Callable, jobs: list, processes: int) -> Iterator:
    if processes == 1:
        yield from map(work, jobs)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(work, jobs, chunksize=16)


def main() -> int:
    """Run one trial."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("trial", choices=["right", "planted", "structural", "pairs", "code", "chance", "class"])
    parser.add_argument("--sheets", "--count", type=int, default=10_000, help="of right, pairs, chance and class")
    parser.add_argument("--networks", type=int, default=200, help="for each mistake at each layer")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", default="", help="mistakes whose id has this in it")
    parser.add_argument("--show", type=int, default=5, help="print so many that went wrong")
    a = parser.parse_args()
    if a.trial == "right":
        return right_trial(a)
    if a.trial == "pairs":
        return pairs_trial(a)
    if a.trial == "chance":
        return chance_trial(a)
    if a.trial == "class":
        return class_trial(a)
    if a.trial == "structural":
        jobs = [(id, seed) for id in STRUCTURAL if a.only in id for seed in range(a.networks)]
        return table(a, spread(_tampered, jobs, a.processes))
    jobs = [(*place, seed) for place in places() if a.only in place[0] for seed in range(a.networks)]
    if a.trial == "code":
        backward = [job for job in jobs if job[1] in ("dh", "da", "g'", "J", "dW", "db")]
        return table(a, spread(_coded, backward, a.processes))
    return table(a, spread(_planted, jobs, a.processes))


def right_trial(a: argparse.Namespace) -> int:
    held, accused = Counter(), Counter()
    shown = 0
    for id, lines in spread(right_sheet, list(range(a.sheets)), a.processes):
        held[id] += 1
        accused[id] += bool(lines)
        for text, verdict, whole in lines[:1]:
            if shown < a.show:
                shown += 1
                print(f"--- {id} {verdict}: {text}\n{whole}")
    for id in sorted(held):
        print(f"{id:24}{held[id]:7}{accused[id]:7}")
    print(f"{'sheets':24}{a.sheets:7}{sum(accused.values()):7} with a line called wrong or unreadable")
    return int(bool(sum(accused.values())))


def pairs_trial(a: argparse.Namespace) -> int:
    shown = found = missed = 0
    for shows, both, detail in spread(pair, list(range(a.sheets)), a.processes):
        shown, found = shown + shows, found + both
        if shows and not both and missed < a.show:
            missed += 1
            print("---", detail)
    share = found / max(shown, 1)
    print(f"two mistakes: {shown} sheets of {a.sheets} in which both show, both found in {found} ({share:.3f})")
    return int(found < 0.9 * shown)


def chance_trial(a: argparse.Namespace) -> int:
    shown = named = 0
    for shows, cause, detail in spread(by_chance, list(range(a.sheets)), a.processes):
        shown, named = shown + shows, named + cause
        if cause and named <= a.show:
            print("---", detail)
    share = named / max(shown, 1)
    print(f"a random wrong number shows in {shown} sheets of {a.sheets}; a cause is named in {named} ({share:.4f})")
    return int(share > 0.01)


def class_trial(a: argparse.Namespace) -> int:
    """Seconds of ``chainrule grade`` for sheets of which a third is right, a third has a mistake, a third a slip."""
    drawn = places()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(a.sheets):
            kind = seed % 3
            wrong = planted_lines(*drawn[seed // 3 % len(drawn)], seed) if kind == 1 else None
            text = sheet(*wrong[:2]) if wrong else right_text(seed)[1] if kind < 2 else tampered_text(seed)[2]
            Path(folder, f"sheet{seed}.md").write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "chainrule", "grade", folder, "--processes", str(a.processes)]
        begin = time.perf_counter()
        code = subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode
        seconds = time.perf_counter() - begin
    print(f"{a.sheets} sheets: {seconds:.1f} s, exit code {code}")
    return int(code != 0 or seconds > 0.06 * a.sheets)


def table(a: argparse.Namespace, outcomes: Iterator[Outcome]) -> int:
    rows: dict[str, list[Outcome]] = defaultdict(list)
    shown = 0
    for o in outcomes:
        rows[o.id].append(o)
        if o.shown and not o.first and shown < a.show:
            shown += 1
            print("---", o.detail)
    total = [o for row in rows.values() for o in row if o.shown]
    print(f"{'mistake':32}{'shown':>7}{'root':>8}{'first':>8}{'named':>8}")
    for id, seen in [*((id, [o for o in row if o.shown]) for id, row in rows.items()), ("all", total)]:
        if seen:
            shares = [sum(getattr(o, key) for o in seen) / len(seen) for key in ("root", "first", "named")]
            print(f"{id:32}{len(seen):7}" + "".join(f"{s:8.3f}" for s in shares))
    return int(min(shares[0], shares[2]) < 0.97)


if __name__ == "__main__":
    sys.exit(main())
