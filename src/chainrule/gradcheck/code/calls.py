"""A stranger's backward pass called on drawn networks, in every usual layout."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from chainrule.errors import InputError
from chainrule.gradcheck.code.callee import ADAPTER, Callee
from chainrule.gradcheck.code.drawn import CodeCase
from chainrule.gradcheck.code.instance import Weights, fill
from chainrule.gradcheck.code.returned import Returned, is_turned, of_forward, passed_values, returned
from chainrule.gradcheck.code.source import CodeSource, exception_words, load, progress
from chainrule.gradcheck.code.values import CallLayout, CallValues, layouts

RUNS = 8  # layouts that are kept
MADE, FORWARD, BACKWARD, RETURNED = range(4)  # how far a call came


class CodeTask(NamedTuple):
    """``FILE.py:NAME`` or a function, as ``load`` takes it, and what it is tried on.

    Attributes:
        cases: the last has one size all over: no shape can fail to fit. It is for code that is no use on all others.
        seconds: in which to look for layouts.
    """

    code: Any
    cases: tuple[CodeCase, ...]
    seconds: float


@dataclass(frozen=True, eq=False)
class CodeRun:
    """A function under one layout.

    Attributes:
        called: how, in words. single: with the first example of each case alone. biased: it has biases.
        fed: it was given forward values, or the name of the hidden activation.
        results: for each case what came back, or what failed, in words; "" where it was not tried, nothing at the end
            where it fails even if one size is all over.
        in_out: how its weights lie; None where it is given none in this layout.
        switched_off: parameters that are given 0 (or 1), in words.
        penalised: ``results`` where the code's own default says how large a penalty is, of code that returns a loss.
    """

    called: str
    single: bool
    biased: bool
    fed: bool
    results: tuple[Returned | str, ...]
    in_out: bool | None = None
    switched_off: tuple[str, ...] = ()
    penalised: tuple[Returned | str, ...] = ()


@dataclass(frozen=True, eq=False)
class CodeRuns:
    """All layouts under which a function ran; ``title``: its file and name."""

    title: str
    runs: tuple[CodeRun, ...]


def run_code(task: CodeTask) -> CodeRuns | InputError:
    """Find the function, and call it in each layout on every case."""
    try:
        try:
            return _runs(load(task.code, whole=False), task)
        except InputError as first:
            if not isinstance(task.code, str):
                raise
            try:
                return _runs(load(task.code, whole=True), task)
            except InputError as second:
                raise (second if "NameError" in str(first) else first) from None
    except InputError as error:
        return error


def _runs(source: CodeSource, task: CodeTask) -> CodeRuns:
    """The likeliest function that runs, in each layout.

    Raises:
        InputError: none is understood; none runs.
    """
    depth = task.cases[0].network.depth
    callees = [Callee.of(name, function, depth) for name, function in source.backward()]
    fitting = [callee for callee in callees if not callee.unknown and ("y" in callee.kinds or callee.method)]
    fitting = [callee for callee in fitting if callee.has_weights]
    if not fitting:
        raise min(callees, key=lambda one: len(one.unknown)).refusal(source.title)
    refused: list[InputError] = []
    for callee in sorted(fitting, key=lambda one: one.likelihood):
        try:
            return _of_callee(source, callee, task)
        except InputError as error:
            refused.append(error)
    raise refused[0]


def _of_callee(source: CodeSource, callee: Callee, task: CodeTask) -> CodeRuns:
    """One function in each layout.

    Raises:
        InputError: it runs in none: what it said where it came furthest.
    """
    title = replace(source, name=callee.name).title
    runs: list[CodeRun] = []
    failures: list[tuple[_Failed, _Way]] = []
    *usual, square = task.cases
    until = time.monotonic() + task.seconds
    passed: Callee | None = None
    for way in _ways(source, callee, task):
        if passed is not None and way.forward is not passed:
            break  # what its own forward pass gives is what it is judged by
        late = time.monotonic() > until and bool(failures or runs)
        if len(runs) == RUNS or late or (runs and way.layout.single and not callee.may_be_single):
            break
        results: list[Returned | str] = []
        biased = True
        for case in usual:
            try:
                found, biased = way.call(case)
                results.append(found)
                passed = passed or way.forward
            except _Failed as error:
                results.append(str(error))
                failures.append((error, way))
                passed = passed or (way.forward if error.rank[0] > FORWARD else None)
            if len(results) > 1 and all(isinstance(result, str) for result in results):
                break
        if not all(isinstance(result, str) for result in results):
            with suppress(_Failed):
                results.append(way.call(square)[0])
            runs.append(way.run(biased, tuple(results), tuple(_penalised(way, results, task.cases))))
    return CodeRuns(title, tuple(runs or _where_all_fits(title, failures, len(usual), square)))


def _penalised(way: _Way, results: Sequence[Returned | str], cases: Sequence[CodeCase]) -> Iterator[Returned | str]:
    """What comes back with the penalty that the code has of itself, where a loss says which."""
    sets = [part for result in results if not isinstance(result, str) for part in result]
    if not way.has_penalty or all(part.loss is None for part in sets):
        return
    for case, result in zip(cases, results, strict=False):
        try:
            yield result if isinstance(result, str) else way.call(case, penalty=True)[0]
        except _Failed as error:
            yield str(error)


def _where_all_fits(title: str, failures: list[tuple[_Failed, _Way]], count: int, square: CodeCase) -> list[CodeRun]:
    """What code gives where one size is all over, in the layouts in which it came furthest before.

    Raises:
        InputError: it fails there too.
    """
    rank = max(failed.rank for failed, _ in failures)
    furthest = [one for one in failures if one[0].rank == rank]
    runs = []
    for failed, way in furthest[:RUNS]:
        with suppress(_Failed):
            found, biased = way.call(square)
            runs.append(way.run(biased, (str(failed), *[""] * (count - 1), found)))
    if not runs:
        failed, way = furthest[0]
        raise failed.refusal(title, way.words)
    return runs


class _Failed(Exception):
    """A call without a result; ``rank``: how far it came; ``error``: of what it returned, where it ran."""

    def __init__(self, rank: tuple[int, int], words: str, error: InputError | None = None) -> None:
        super().__init__(words)
        self.rank, self.error = rank, error

    def refusal(self, title: str, called: str) -> InputError:
        """The sentence about it."""
        if self.error is not None:
            return InputError(f"{title}: {self.error.quantity}", self.error.expected, self.error.got)
        return InputError(title, "code that runs", f"{self}, with {called}")


# ---------------------------------------------------------------- one call


def _ways(source: CodeSource, callee: Callee, task: CodeTask) -> Iterator[_Way]:
    """Every layout; with each forward pass of the file where one may be needed, and without one."""
    case = task.cases[0]
    start = None
    if callee.method:
        name = callee.name.rpartition(".")[0]
        if not isinstance(owner := source.space.get(name), type):
            raise InputError(source.title, "a method of a class of the file", f"{callee.name} of another")
        start = Callee.of(name, owner, case.network.depth, constructor=True)
    forwards: list[Callee | None] = [None]
    if callee.method or callee.kinds & {"cache", "yhat"}:
        passes = [Callee.of(name, f, case.network.depth) for name, f in source.forward(callee.name)]
        forwards = [*(one for one in passes if not one.unknown), None]
    for forward in forwards:
        kinds = callee.kinds | (forward.kinds if forward is not None else set())
        kinds |= start.kinds & {"y"} if start is not None else set()
        for layout in layouts(case, kinds, callee.may_hold_weights, callee.may_hold_biases):
            yield _Way(source.file, callee, forward, start, layout, layout.words(kinds))


@dataclass(frozen=True, eq=False)
class _Way:
    """A layout, and what is called in it: a constructor, a forward pass where there is one, the backward pass."""

    file: str
    callee: Callee
    forward: Callee | None
    start: Callee | None
    layout: CallLayout
    words: str

    @property
    def fed(self) -> bool:
        """Whether forward values are given to it, not those of its own forward pass."""
        return self.forward is None and not self.callee.kinds.isdisjoint(("a", "h", "yhat", "cache", "activation"))

    @property
    def called(self) -> list[Callee]:
        """All that is called."""
        return [one for one in (self.start, self.forward, self.callee) if one is not None]

    @property
    def has_penalty(self) -> bool:
        """Whether the code has a penalty of itself that is switched off."""
        return any(one.has_penalty for one in self.called)

    def run(
        self, biased: bool, results: tuple[Returned | str, ...], penalised: tuple[Returned | str, ...] = ()
    ) -> CodeRun:
        """The record of it."""
        off = dict.fromkeys(words for one in self.called for words in one.switched_off)
        own = self.callee.kinds & {"W", "params"} and self.layout.holder != "network" and not self.layout.inside
        in_out = self.layout.in_out if own else None
        return CodeRun(self.words, self.layout.single, biased, self.fed, results, in_out, tuple(off), penalised)

    def call(self, case: CodeCase, penalty: bool = False) -> tuple[Returned, bool]:
        """What comes back for a case, and whether there are biases.

        Args:
            penalty: keep the penalty that the code has of itself.

        Raises:
            _Failed: whatever went wrong.
        """
        stage = [MADE]
        try:
            return self._called(case, stage.append, penalty)
        except InputError as error:
            raise _Failed((stage[-1], 0), str(error), error) from None
        except KeyboardInterrupt:  # in this process
            raise
        except BaseException as error:
            raise _Failed((stage[-1], progress(error, self.file)), exception_words(error, self.file)) from None

    def _called(self, case: CodeCase, reached: Callable[[int], None], penalty: bool) -> tuple[Returned, bool]:
        callee, weights = self.callee, Weights()
        named = self.layout.holder != "weights" and bool(callee.kinds & {"b", "params", "network", "cache", "flat"})
        biased = named or self.layout.inside
        values = CallValues(case if biased else case.unbiased, self.layout)
        made: Any = None
        first: tuple[Any, ...] = ()
        if self.start is not None:
            made = self._made(self.start, values, penalty)
            if not fill(made, values, weights):
                biased, values = False, CallValues(case.unbiased, self.layout)
                fill(made, values, weights)
            first = (made,)
        reached(FORWARD)
        own: dict[str, Any] = {}
        if self.forward is not None:
            with self.forward.in_its_module(values, Weights()):
                own = of_forward(self.forward.function(*first, **self.forward.arguments(values, None, penalty)))
        reached(BACKWARD)
        given = callee.arguments(values, own, penalty)
        callee.keep(given, weights)
        with callee.in_its_module(values, weights):
            result = callee.function(*first, **given)
            reached(RETURNED)
            found = returned(result, vars(made) if made is not None else callee.module, weights, made is not None)
        if self.fed and is_turned(found, values):
            reached(FORWARD)
            raise InputError("its gradients", "shapes as of its weights", "transposed ones")
        names = vars(made) if made is not None else own.get("cache")
        forward = passed_values(names, own, values)
        return tuple(one._replace(forward=forward) for one in found), biased

    def _made(self, start: Callee, values: CallValues, penalty: bool) -> Any:
        if start.unknown:
            got = f"{', '.join(start.unknown)} not understood"
            raise InputError(start.name, f"a constructor that is understood, or {ADAPTER}", got)
        return start.function(**start.arguments(values, None, penalty))
