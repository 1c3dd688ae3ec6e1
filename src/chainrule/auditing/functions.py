"""``audit_code``: a stranger's backward pass, called on small random networks in a process of its own, and audited."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from threading import Event
from typing import Any

import numpy as np

from chainrule.auditing.code import audit_arrays
from chainrule.auditing.records import ACCEPTED
from chainrule.auditing.report.document import Audit
from chainrule.auditing.report.tried import CodeAudit, TriedCase
from chainrule.errors import InputError
from chainrule.gradcheck.code.calls import CodeRun, CodeRuns, CodeTask, run_code
from chainrule.gradcheck.code.drawn import CodeCase, drawn_cases
from chainrule.gradcheck.code.returned import CodeSet
from chainrule.gradcheck.code.source import beside, split_name
from chainrule.gradcheck.given.containers import TakenApart
from chainrule.network import checks
from chainrule.network.network import Network
from chainrule.system.alone import run_alone
from chainrule.system.workers import Lost

SECONDS = 30.0
EXPLAINED = 2  # wrong networks of which the cause is looked for, until one has it
#: output -> losses, the first of which it is usually meant with; which one the code has is found out
_LOSSES = {"softmax": ("cross_entropy",), "sigmoid": ("binary_cross_entropy",)}
_OUTPUTS = ("softmax", "sigmoid", "identity", "tanh")
_SQUARES = ("half_squared_error", "squared_error", "mean_squared_error")
_HIDDEN = ("sigmoid", "relu", "tanh")


@dataclass(frozen=True)
class CodeQuestion:
    """The networks on which code is tried; what is None is found out.

    Attributes:
        layers: units of each layer, the inputs first.
        hidden, output, loss, reduction: as of ``Network``.
        seed: of the numbers that are drawn. tolerance: as of ``audit_gradients``.
        seconds: after so many the process is ended.
    """

    layers: Sequence[int] = (4, 5, 3)
    hidden: str | Sequence[str] | None = None
    output: str | None = None
    loss: str | None = None
    reduction: str | None = None
    seed: int = 0
    seconds: float = SECONDS
    tolerance: float | None = None

    def _losses(self, output: str) -> tuple[str, ...]:
        if self.loss:
            return (self.loss,)
        return _LOSSES["softmax"] if output == "softmax" else (*_LOSSES.get(output, ()), *_SQUARES)

    def drawn(self) -> tuple[list[Network], tuple[CodeCase, ...]]:
        """Every network that may be meant, the likeliest first, and the cases.

        Raises:
            InputError: what no network has.
        """
        if not isinstance(self.layers, (Sequence, np.ndarray)) or isinstance(self.layers, str):
            raise InputError("layers", "units of each layer, the inputs first, such as [4, 5, 3]", repr(self.layers))
        single = len(self.layers) > 0 and self.layers[-1] == 1  # softmax of one unit is 1
        usual = _OUTPUTS[1:] if single else _OUTPUTS
        outputs = usual if self.output is None else (self.output,)
        rules = [(output, loss) for output in outputs for loss in self._losses(output)]
        hidden = _HIDDEN if self.hidden is None and len(self.layers) > 2 else (self.hidden or _HIDDEN[0],)
        reductions = ("mean", "sum") if self.reduction is None else (self.reduction,)
        if self.tolerance is not None:
            checks.not_negative("tolerance", self.tolerance)
        if not (np.isfinite(self.seconds) and self.seconds > 0):
            raise InputError("seconds", "a number above 0", str(self.seconds))
        networks: list[Network] = []
        for (out, loss), h, r in product(rules, hidden, reductions):
            try:
                networks.append(Network.random(self.layers, h, out, loss, r, seed=self.seed))
            except InputError:  # the loss that is asked for goes with other outputs
                if self.output is not None or (not networks and (out, loss) == rules[-1]):
                    raise
        return networks, drawn_cases(networks[0], self.seed)


def audit_code(
    code: str | os.PathLike[str] | Callable[..., Any],
    layers: Sequence[int] = (4, 5, 3),
    *,
    hidden: str | Sequence[str] | None = None,
    output: str | None = None,
    loss: str | None = None,
    reduction: str | None = None,
    seed: int = 0,
    seconds: float = SECONDS,
    tolerance: float | None = None,
) -> CodeAudit:
    """Call a backward pass on small random networks, and say which array of it is wrong first, and why.

    The code runs in a process of its own, which ends with its time; it is no sandbox. How it is called, its parameters
    say (docs/code.md); each usual layout is tried.

    Args:
        code: ``FILE.py:NAME``, a function, a method or a class: of a class a method ``backward``, ``backprop`` or
            ``loss``. It returns gradients as ``audit_gradients`` takes them, keeps them as attributes, or steps its
            weights.
        layers: units of each layer, the inputs first; besides, other sizes are tried.
        hidden, output, loss, reduction: as of ``Network``; where None, those that the code has are found among the
            usual ones.
        seed: of the networks and examples.
        seconds: that the code may take.
        tolerance: as of ``audit_gradients``.

    Raises:
        InputError: no such code; parameters that are not understood; code that fails, takes too long, or returns no
            gradients: one sentence with its line.

    >>> def backward(X, y, W1, b1, W2, b2):
    ...     h = np.tanh(X @ W1 + b1)
    ...     d2 = (h @ W2 + b2 - y) / len(X)
    ...     d1 = d2 @ W2.T
    ...     return {"dW1": X.T @ d1, "db1": d1.sum(0), "dW2": h.T @ d2, "db2": d2.sum(0)}
    >>> audit = cr.audit_code(backward, [4, 5, 3], hidden="tanh", output="identity")
    >>> audit.first_wrong.name, audit.first_wrong.mistakes
    ('dL/dW_1', ('hidden_derivative_missing',))
    """
    question = CodeQuestion(layers, hidden, output, loss, reduction, seed, seconds, tolerance)
    if isinstance(code, (str, os.PathLike)):
        return audit_file(os.fspath(code), question)
    if not callable(code):
        raise InputError("code", "FILE.py:NAME, a function or a class", type(code).__name__)
    networks, cases = question.drawn()
    task = CodeTask(None, cases, seconds / 2)
    from joblib import wrap_non_picklable_objects  # it is there with scikit-learn

    try:
        both = wrap_non_picklable_objects((code, beside(code)), keep_wrapper=False)
        task = task._replace(code=pickle.dumps(both))
    except Exception:  # whatever cannot be pickled
        with contextlib.redirect_stdout(io.StringIO()):
            runs = _checked(run_code(task._replace(code=code)), "")
        note = "It ran in this process, without limits: it cannot be sent to another"
        found = _judged(runs, cases, networks, question)
        return replace(found, notes=(*found.notes, note))
    answer = run_alone(run_code, task, seconds=seconds)
    return _judged(_checked(answer, getattr(code, "__qualname__", "the function")), cases, networks, question)


def audit_file(code: str, question: CodeQuestion, stop: Event | None = None) -> CodeAudit:
    """``audit_code`` of ``FILE.py:NAME``, which ends once ``stop`` is set. Raises as it does."""
    networks, cases = question.drawn()
    file, name = split_name(code)
    task = CodeTask(code, cases, question.seconds / 2)
    answer = run_alone(run_code, task, seconds=question.seconds, file=file, stop=stop)
    runs = _checked(answer, f"{os.path.basename(file)}{name and ':'}{name}")
    return _judged(runs, cases, networks, question)


def _checked(answer: Any, title: str) -> CodeRuns:
    if isinstance(answer, CodeRuns):
        return answer
    if isinstance(answer, InputError):
        raise answer
    reason = answer.reason if isinstance(answer, Lost) else "something else came back"
    raise InputError(title, "code that runs and ends", reason)


# ---------------------------------------------------------------- the verdict


@dataclass(frozen=True, eq=False)
class _CodeReading:
    """One way to take what came back: a layout, a part of what was returned, a network that may be meant."""

    run: CodeRun
    part: int
    network: Network

    def found(self, cases: Sequence[CodeCase]) -> Iterator[tuple[int, CodeSet]]:
        """Its part of what came back, by the place of each case."""
        for at, result in enumerate(self.run.results[: len(cases)]):
            if not isinstance(result, str) and self.part < len(result):
                yield at, result[self.part]

    def case(self, case: CodeCase) -> CodeCase:
        """A case as the code had it, under this network's rules."""
        case = case if self.run.biased else case.unbiased
        own, like = case.network, self.network
        network = Network(own.weights, own.biases, like.hidden, like.output, like.loss, like.reduction)
        return replace(case, network=network)

    def audit(self, case: CodeCase, part: CodeSet, tolerance: float | None, *, causes: bool = False) -> Audit:
        """The audit of one result; values of its forward pass go along where an array is wrong.

        Raises:
            InputError: what came back cannot be read.
        """
        case = self.case(case)
        rate = self.rate(case, part.taken) if part.kind == "steps" else None

        def audit(forward: TakenApart | None, causes: bool) -> Audit:
            x, y = self.examples(case)
            return audit_arrays(
                case.network, x, y, part.taken, forward=forward, learning_rate=rate, tolerance=tolerance, causes=causes
            )

        found = audit(None, False)
        if not found.ok and part.forward is not None:
            with contextlib.suppress(InputError):
                return audit(part.forward, causes)
        return audit(None, True) if causes and not found.ok else found

    def examples(self, case: CodeCase) -> tuple[Any, Any]:
        """x and y as the code had them."""
        return (case.x[0], case.y[0]) if self.run.single else (case.x, case.y)

    def loss(self, case: CodeCase) -> float:
        """L."""
        return float(self.case(case).network.backward(*self.examples(case)).L)

    def rate(self, case: CodeCase, given: TakenApart) -> float | None:
        """The rate of a step, by the size of its last weights."""
        due = case.network.backward(*self.examples(case)).grad_W[-1]
        steps = [leaf.value for leaf in given.leaves if leaf.value.size == due.size and leaf.name.startswith("W")]
        size = float(np.linalg.norm(due))
        return float(np.linalg.norm(steps[-1])) / size if steps and size else None


def _judged(
    runs: CodeRuns, cases: Sequence[CodeCase], networks: Sequence[Network], question: CodeQuestion
) -> CodeAudit:
    """One verdict over all cases, under the reading that fits best.

    Raises:
        InputError: nothing that came back can be read.
    """
    best: tuple[tuple[bool, bool, bool, int], _CodeReading] | None = None
    refused: list[InputError] = []
    read: dict[int, int] = {}  # run -> the part of what it returned that could be read
    if question.hidden is None and len(question.layers) > 2 and any(run.fed for run in runs.runs):
        due = f"the activation of the hidden layers: {runs.title} is given forward values"
        raise InputError("hidden", due, "none")
    for reading in _readings(runs, networks):
        if reading.run.single and best is not None and best[0][0] and not best[1].run.single:
            break  # what takes several examples is judged by them
        for at, part in reading.found(cases):
            if part.kind == "returned" and read.get(id(reading.run), reading.part) != reading.part:
                break
            try:
                found = reading.audit(cases[at], part, question.tolerance)
            except InputError as error:
                refused.append(error)
                continue
            is_usual = at < len(cases) - 1
            if part.kind == "returned" and is_usual:
                read[id(reading.run)] = reading.part
            said = part.loss is not None and _is_near(part.loss, reading.loss(cases[at]))
            rank = (is_usual, found.ok, said, sum(line.verdict in ACCEPTED for line in found.lines))
            if best is None or rank > best[0]:
                best = (rank, reading)
            if is_usual and found.ok and (said or part.loss is None):
                return _verdict(runs.title, reading, cases, networks[0], question)
            break
    if best is None:
        raise InputError(f"{runs.title}: {refused[0].quantity}", refused[0].expected, refused[0].got)
    return _verdict(runs.title, best[1], cases, networks[0], question)


def _readings(runs: CodeRuns, networks: Sequence[Network]) -> Iterator[_CodeReading]:
    for run in sorted(runs.runs, key=lambda run: run.single):
        parts = max(len(result) for result in run.results if not isinstance(result, str))
        for part, network in product(range(parts), networks):
            yield _CodeReading(run, part, network)


def _verdict(
    title: str, reading: _CodeReading, cases: Sequence[CodeCase], usual: Network, question: CodeQuestion
) -> CodeAudit:
    """The audits of all cases; of the last, where one size is all over, if no other can be read.

    Raises:
        InputError: that one does not say why.
    """
    tried: list[TriedCase] = []
    losses: list[tuple[float, float]] = []
    wrong: list[tuple[CodeCase, CodeSet]] = []
    refused: list[InputError] = []
    parts = dict(reading.found(cases))
    for at, (case, result) in enumerate(zip(cases, reading.run.results, strict=False)):
        is_last = at == len(cases) - 1
        if result == "" or (is_last and len(refused) < len(tried)):
            continue
        found, words = None, ""
        try:
            if isinstance(result, str):
                words = result
                raise InputError(title, "code that runs", f"{result}, with {reading.run.called}")
            if at not in parts:
                raise InputError(title, "the same arrays for each network", "others for this one")
            found = reading.audit(case, parts[at], question.tolerance)
        except InputError as error:
            refused.append(error)
        n = 1 if reading.run.single else len(case.x)
        tried.append(TriedCase(case.network.sizes, n, found, words or (str(refused[-1]) if found is None else "")))
        if found is not None:
            wrong += [] if found.ok else [(case, parts[at])]
            own = parts[at].loss
            losses += [] if own is None else [(own, reading.loss(case))]
    shown = next(case.audit for case in tried if case.audit is not None)
    for case, part in wrong[:EXPLAINED]:
        shown = reading.audit(case, part, question.tolerance, causes=True)
        if _is_explained(shown):
            break
    if len(refused) == len(tried) - 1 and tried[0].audit is None and not _is_explained(shown):
        raise refused[0]
    notes = (*_notes(reading, usual, losses), *_assumed(shown, question), *_missing(reading, shown))
    return CodeAudit(title, reading.run.called, tuple(tried), shown, notes)


def _is_explained(audit: Audit) -> bool:
    """Whether of the first wrong array a cause is named, and others are right."""
    first = audit.first_wrong
    named = first is not None and first.mistakes[:1] not in ((), ("inconsistent_with_own_line",))
    return named and any(line.verdict in ACCEPTED for line in audit.lines)


def _assumed(shown: Audit, question: CodeQuestion) -> Iterator[str]:
    """Of wrong arrays: that another output may be meant, where nobody has said which."""
    if question.output is None and not shown.ok:
        yield "Its output is not said: of the usual ones that is taken under which most is right"


def _notes(reading: _CodeReading, usual: Network, losses: Sequence[tuple[float, float]]) -> Iterator[str]:
    network = reading.network
    if network.hidden != usual.hidden:
        yield f"Its hidden activation is {network.hidden[0]}"
    if network.output != usual.output:
        yield f"Its output is {network.output}"
    if network.loss != usual.loss:
        yield f"Its loss is {network.loss}"
    if network.reduction != usual.reduction:
        yield "Its loss is the sum over the examples"
    if reading.run.single:
        yield "It takes one example at a time: with several at once what it returns has other shapes"
    if not reading.run.biased:
        yield "It is given no biases: those of the networks are 0"
    off = [(own, due) for own, due in losses if not _is_near(own, due)]
    if off:
        yield f"The number beside its gradients is not the loss: {off[0][0]:.6g}, where {off[0][1]:.6g} is due"


def _missing(reading: _CodeReading, shown: Audit) -> Iterator[str]:
    """Gradients that it does not give: nothing is said of them."""
    given, symbols = {line.name for line in shown.lines}, "Wb" if reading.run.biased else "W"
    names = [f"dL/d{symbol}_{i}" for i in range(1, reading.network.depth + 1) for symbol in symbols]
    if missing := [name for name in names if name not in given]:
        yield f"It gives no {', '.join(missing)}"


def _is_near(own: float, due: float) -> bool:
    return abs(own - due) <= 1e-4 * abs(due)
