"""A stranger's backward pass called on drawn networks, in every usual layout, and what came back."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from chainrule.errors import InputError
from chainrule.gradcheck.code.drawn import CodeCase
from chainrule.gradcheck.code.instance import Weights, fill, kept_gradients, kept_values
from chainrule.gradcheck.code.roles import KNOWN, Role, roles_of, told
from chainrule.gradcheck.code.source import CodeSource, exception_words, load, progress
from chainrule.gradcheck.code.values import CallLayout, CallValues, layouts
from chainrule.gradcheck.given.containers import TakenApart, leaves

ADAPTER = "an adapter, def adapter(network, x, y): …, which calls it and returns the gradients"
MOST = 1_000_000  # numbers that may come back
RUNS = 8  # layouts that are kept
MADE, FORWARD, BACKWARD, RETURNED = range(4)  # how far a call came
#: parameters whose own default is kept
_OWN_DEFAULT = ("activation", "rate", "one", "sizes", "depth")


class CodeTask(NamedTuple):
    """``FILE.py:NAME`` or a function, as ``load`` takes it, and what it is tried on.

    Attributes:
        cases: the last has one size all over: no shape can fail to fit. It is for code that fails on all others.
        seconds: in which to look for layouts.
    """

    code: Any
    cases: tuple[CodeCase, ...]
    seconds: float


class CodeSet(NamedTuple):
    """A set that may be the gradients: ``returned``, ``kept`` as attributes, or the ``steps`` that weights took."""

    kind: str
    taken: TakenApart


@dataclass(frozen=True, eq=False)
class Returned:
    """What came back of one call.

    Attributes:
        sets: what may be the gradients, the likeliest first.
        loss: the one number beside the gradients.
        forward: values of its forward pass by name.
    """

    sets: tuple[CodeSet, ...]
    loss: float | None = None
    forward: TakenApart | None = None


@dataclass(frozen=True, eq=False)
class CodeRun:
    """A function under one layout.

    Attributes:
        called: how, in words. single: with the first example of each case alone. biased: it has biases.
        results: for each case what came back, or what failed, in words; "" where it was not tried.
    """

    called: str
    single: bool
    biased: bool
    results: tuple[Returned | str, ...]


@dataclass(frozen=True, eq=False)
class CodeRuns:
    """All layouts under which a function ran; ``title``: its file and name."""

    title: str
    runs: tuple[CodeRun, ...]


@dataclass(frozen=True, eq=False)
class _Callee:
    """A function with the roles of its parameters."""

    name: str
    function: Callable[..., Any]
    parameters: tuple[inspect.Parameter, ...]
    roles: dict[str, Role]

    @property
    def unknown(self) -> list[str]:
        """Parameters that are not understood and that it needs."""
        return [p.name for p in self.parameters if p.name not in self.roles and p.default is p.empty]

    @property
    def kinds(self) -> set[str]:
        """The kinds of its roles."""
        return {role.kind for role in self.roles.values()}


def _callee(name: str, function: Any, depth: int, constructor: bool = False) -> _Callee:
    """A function with its roles; of a method without ``self``."""
    function = getattr(function, "__func__", function)
    try:
        own = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        own = []
    own = own[1:] if "." in name else own
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    named = tuple(p for p in own if p.kind not in several)
    roles = roles_of([p.name for p in named], depth, constructor=constructor)
    alone = [n for n, role in roles.items() if role == Role("W") and Role("b") not in roles.values()]
    roles |= {n: Role("params") for n in alone}  # all in one: weights
    return _Callee(name, function, named, roles)


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
    depth = task.cases[0].network.depth
    callees = [_callee(name, function, depth) for name, function in source.backward()]
    fitting = [callee for callee in callees if not callee.unknown and (callee.kinds & {"x", "y"} or "." in callee.name)]
    if not fitting:
        callee = min(callees, key=lambda one: len(one.unknown))
        raise InputError(
            source.title, f"parameters such as {KNOWN}, or {ADAPTER}",
            f"{', '.join(callee.unknown) or 'no examples'} of {callee.name}, not understood (understood: "
            f"{told([p.name for p in callee.parameters], callee.roles)})",
        )  # fmt: skip
    best: InputError | None = None
    for callee in sorted(fitting, key=_likelihood):
        try:
            return _of_callee(source, callee, task)
        except InputError as error:
            best = best or error
    assert best is not None
    raise best


def _likelihood(callee: _Callee) -> tuple[bool, bool, int]:
    """The likelier backward pass sorts first: an adapter, what says so, what takes most."""
    own = callee.name.rpartition(".")[2].lower()
    return (own != "adapter", not own.startswith(("back", "l_model_back")), -len(callee.parameters))


def _given_kinds(callee: _Callee) -> set[str]:
    """The kinds of what a call is given; an object is given its weights."""
    return callee.kinds | ({"W", "b"} if "." in callee.name else set())


def _of_callee(source: CodeSource, callee: _Callee, task: CodeTask) -> CodeRuns:
    """One function in each layout.

    Raises:
        InputError: it runs in none: what it said where it came furthest.
    """
    title = replace(source, name=callee.name).title
    runs: list[CodeRun] = []
    failures: list[tuple[_Failed, str, CallLayout, Call]] = []
    *usual, square = task.cases
    began = time.monotonic()
    passed: _Callee | None = None
    for forward, layout, call in _calls(source, callee, task):
        if passed is not None and forward is not passed:
            break  # what its own forward pass gives is what it is judged by
        late = time.monotonic() - began > task.seconds
        if len(runs) == RUNS or (late and failures) or (runs and layout.single and not _may_be_single(callee)):
            break
        results: list[Returned | str] = []
        called = layout.words(_given_kinds(callee) | (forward.kinds if forward is not None else set()))
        biased = True
        for number, case in enumerate(usual):
            try:
                returned, biased = call(case, layout)
                results.append(returned)
                passed = passed or forward
            except _Failed as error:
                passed = passed or (forward if error.rank[0] > FORWARD else None)
                results.append(str(error))
                failures.append((error, called, layout, call))
            if number == 1 and not any(isinstance(result, Returned) for result in results):
                break
        if any(isinstance(result, Returned) for result in results):
            runs.append(CodeRun(called, layout.single, biased, tuple(results)))
    if not runs:
        rank = max(failed.rank for failed, _, _, _ in failures)
        furthest = [one for one in failures if one[0].rank == rank]
        for failed, called, layout, call in furthest[:RUNS]:
            with suppress(_Failed):
                returned, biased = call(square, layout)
                results = [str(failed), *[""] * (len(usual) - 1), returned]
                runs.append(CodeRun(called, layout.single, biased, tuple(results)))
        if not runs:
            failed, called, _, _ = furthest[0]
            raise failed.refusal(title, called)
    return CodeRuns(title, tuple(runs))


def _may_be_single(callee: _Callee) -> bool:
    """Whether a function that took a batch may be meant for one example: its ``x`` is no ``X``."""
    return any(role.kind == "x" and name.islower() and name in ("x", "xi", "a0", "input")
               for name, role in callee.roles.items())  # fmt: skip


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


Call = Callable[[CodeCase, CallLayout], tuple[Returned, bool]]


def _calls(source: CodeSource, callee: _Callee, task: CodeTask) -> Iterator[tuple[_Callee | None, CallLayout, Call]]:
    """Every layout with a way to call the function in it; with each forward pass of the file, and without one."""
    depth = task.cases[0].network.depth
    owner = source.space.get(callee.name.rpartition(".")[0]) if "." in callee.name else None
    needs = bool(callee.kinds & {"cache", "yhat"}) or owner is not None
    passes = [_callee(name, f, depth) for name, f in source.forward(callee.name)] if needs else []
    kinds = _given_kinds(callee)
    if owner is not None:
        kinds |= _callee(f"{callee.name}.__init__", owner.__init__, depth, True).kinds & {"y"}
    usable: Sequence[_Callee | None] = [one for one in passes if not one.unknown]
    alone = Role("params") in callee.roles.values() and any(
        name.lower() in ("weights", "w", "ws", "thetas", "theta") for name in callee.roles
    )
    for forward in [*usable, None]:
        more = forward.kinds if forward is not None else set()
        for layout in layouts(task.cases[0], kinds | more, alone):
            yield forward, layout, _caller(source, callee, forward, owner, depth)


def _caller(source: CodeSource, callee: _Callee, forward: _Callee | None, owner: Any, depth: int) -> Call:
    file = source.file

    def call(case: CodeCase, layout: CallLayout) -> tuple[Returned, bool]:
        weights, stage, biased = Weights(), MADE, layout.holder != "weights"
        if owner is None and not callee.kinds & {"b", "params", "network", "cache"}:
            biased = False
        try:
            made: Any = None
            first: tuple[Any, ...] = ()
            values = CallValues(case if biased else case.unbiased, layout)
            if owner is not None:
                start = _callee(f"{callee.name}.__init__", owner.__init__, depth, constructor=True)
                if start.unknown:
                    raise InputError(owner.__name__, f"a constructor that is understood, or {ADAPTER}",
                                     f"{', '.join(start.unknown)} not understood")  # fmt: skip
                made = owner(**_arguments(start, values, {}))
                if not fill(made, values, weights):
                    biased, values = False, CallValues(case.unbiased, layout)
                    fill(made, values, weights)
                first = (made,)
            stage, passed, own = FORWARD, None, dict[str, Any]()
            if forward is not None:
                passed = forward.function(*first, **_arguments(forward, values, {}))
                own = _of_forward(passed)
            stage = BACKWARD
            given = _arguments(callee, values, own)
            _keep(given, callee, weights)
            result = callee.function(*first, **given)
            stage = RETURNED
            found = _returned(result, made, weights)
            if forward is None and callee.kinds & {"a", "h", "yhat", "cache"} and _is_turned(found, values):
                stage = FORWARD
                raise InputError("its gradients", "shapes as of its weights", "transposed ones")
        except InputError as error:
            raise _Failed((stage, 0), str(error), error) from None
        except BaseException as error:
            raise _Failed((stage, progress(error, file)), exception_words(error, file)) from None
        names = vars(made) if made is not None else own.get("cache")
        forward_values = kept_values(names, depth) | ({"yhat": own["yhat"]} if "yhat" in own else {})
        try:
            taken = TakenApart(tuple(leaves(forward_values))) if forward_values else None
        except InputError:
            taken = None
        return replace(found, forward=taken), biased

    return call


def _of_forward(passed: Any) -> dict[str, Any]:
    """What a forward pass gave, as the values of the roles yhat and cache."""
    if isinstance(passed, tuple):
        arrays = [part for part in passed if isinstance(part, np.ndarray)]
        others = [part for part in passed if isinstance(part, (dict, list, tuple))]
        return ({"yhat": arrays[0]} if arrays else {}) | {"cache": others[-1] if others else passed}
    if isinstance(passed, np.ndarray):
        return {"yhat": passed}
    return {} if passed is None else {"cache": passed}


def _arguments(callee: _Callee, values: CallValues, own: dict[str, Any]) -> dict[str, Any]:
    """The value of each parameter: of the stranger's own forward pass where there is one."""
    given = {}
    for parameter in callee.parameters:
        role = callee.roles.get(parameter.name)
        if role is None or (role.kind in _OWN_DEFAULT and parameter.default is not parameter.empty):
            continue
        given[parameter.name] = own[role.kind] if role.kind in own else values.of(role)
    return given


def _keep(given: dict[str, Any], callee: _Callee, weights: Weights) -> None:
    """Remember the weights that are handed over, which the code may step."""
    for name, role in callee.roles.items():
        if role.kind in ("W", "b") and role.layer is not None:
            weights.keep(f"{role.kind}{role.layer}", given, name)
        elif role.kind in ("W", "b"):
            for i in range(len(given[name])):
                weights.keep(f"{role.kind}{i + 1}", given[name], i)
        elif role.kind == "params" and isinstance(given[name], dict):
            for key in given[name]:
                weights.keep(key, given[name], key)


def _returned(result: Any, made: Any, weights: Weights) -> Returned:
    """The readings of what came back: as it is, without its loss, a dictionary in it, the object's own gradients.

    Raises:
        InputError: nothing in it can be gradients.
    """
    found: list[CodeSet] = []
    refused: list[InputError] = []

    def add(value: Any, kind: str = "returned") -> None:
        try:
            taken = tuple(leaves(value))
        except InputError as error:
            refused.append(error)
            return
        if sum(leaf.value.size for leaf in taken) > MOST:
            raise InputError("the gradients", f"at most {MOST} numbers", "more")
        if any(leaf.value.size > 1 for leaf in taken):
            found.append(CodeSet(kind, TakenApart(taken)))

    kept = kept_gradients(vars(made)) if made is not None else {}
    loss = None
    if isinstance(result, (tuple, list)) and not all(map(_is_number, result)):
        numbers = [part for part in result if _is_number(part)]
        rest = [part for part in result if not _is_number(part)]
        dictionaries = [part for part in rest if isinstance(part, dict)]
        for part in dictionaries:
            add(part)
        if not dictionaries:
            add(result)
        if len(numbers) == 1 and (_is_number(result[0]) or _is_number(result[-1])):
            loss = float(numbers[0])
            if not dictionaries:
                add(rest[0] if len(rest) == 1 else rest)
    elif _is_number(result):
        loss = float(result)
    elif result is not None and (made is None or not isinstance(result, np.ndarray)):
        add(result)
    if kept:
        add(kept, "kept")
    changes = weights.changes()
    if changes:
        add(changes, "steps")
    if not found:
        raise refused[0] if refused else InputError(
            "what it returns", "gradients by name, in a list or as a vector",
            "nothing" if result is None else f"{type(result).__name__}, and no attribute such as dW1",
        )  # fmt: skip
    return Returned(tuple(found), loss)


def _is_turned(found: Returned, values: CallValues) -> bool:
    """Whether gradients have the shapes of the weights transposed; no forward pass says then how the weights lie."""
    shapes = {leaf.value.shape for leaf in found.sets[0].taken.leaves}
    due = {values.weights(i).shape for i in range(1, values.depth + 1)}
    return not shapes & due and bool(shapes & {shape[::-1] for shape in due})


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) or (isinstance(value, np.ndarray) and value.ndim == 0)
