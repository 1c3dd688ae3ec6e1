"""A sheet that goes on: a second pass with the new parameters, another example, one example of a batch.

From such a line on the sheet is about another problem: the parameters so far, and the inputs and targets that a line
gives. What the author has written of the parameters stands.
"""

from __future__ import annotations

import copy
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.auditing.marking.dependencies import bad_above
from chainrule.auditing.marking.mark import Mark
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.claims import LineClaim, Reader
from chainrule.auditing.model.problem import Node, Problem, shape_of
from chainrule.errors import InputError
from chainrule.formula import tree as t
from chainrule.network.arrays import Array
from chainrule.network.names import Derivative, Quantity
from chainrule.sheets.lines import Line
from chainrule.system.patterns import regex

OTHER_EXAMPLE = "the sheet gives other inputs or targets above: what it says of a further example is not called wrong"
ONE_OF_BATCH = "it has the size of one example of the batch, and no example that it can be about has this value"
EARLIER = "it is the value of an earlier pass: nothing shows that the line is about that"
_OF_EXAMPLES = ("a", "h", "y", "g'", "J", "da", "dh")


def goes_on(state: SheetState, time: int, x: Array | None = None, y: Array | None = None) -> None:
    """From here on the sheet is about the parameters after so many updates, 0 or 1, and about these examples."""
    before = as_it_stands(state)
    for mark in state.recent:
        state.views[id(mark.claim.line)] = before
    state.turns.append(before)
    state.turned_at = len(state.marks)
    state.updates += time
    nodes = [(kind, i) for kind in ("W", "b") for i in range(1, state.problem.depth + 1)]
    network = state.problem.network
    truth = {n: state.truth.replay(0).get(Node(*n, time)) for n in nodes}
    layers = range(1, state.problem.depth + 1)
    network = network._with(tuple(truth["W", i] for i in layers), tuple(truth["b", i] for i in layers))
    problem = replace(
        state.problem, network=network, x=state.problem.x if x is None else x, y=state.problem.y if y is None else y
    )
    writers = {}
    for n in nodes:
        node = Node(*n, time)
        writers[Node(*n), 0] = list(state.lines_of(node, time) or bad_above(state, node, time))
    _over(state, problem)
    worlds = [(state.printed, before.printed)]
    worlds += [] if state.own is state.printed else [(state.own, before.own)]
    for world, old in worlds:
        for n in nodes:
            value = old.replay(0).get(Node(*n, time))
            world.replay(0).write(Node(*n), value, np.ones(value.shape, dtype=bool))
    state.writers = writers


def as_it_stands(state: SheetState) -> SheetState:
    """The state as it is now, for what is said later of its lines."""
    kept = copy.copy(state)
    kept.reader = Reader(state.problem, state.reading, state.unit)
    return kept


def _over(state: SheetState, problem: Problem) -> None:
    """Let the state be about another problem, of which the author has said nothing."""
    state.be_about(problem)
    state.claimed, state.adopted, state.kept = {}, [], {}
    for name in ("worlds", "more_worlds", "given"):
        state.__dict__.pop(name, None)


def is_complete(state: SheetState) -> bool:
    """Whether every parameter to which the sheet gives new values has got one since the last pass."""
    got = {m.place.name for m in state.recent if m.place is not None and _is_parameter(m) and m.place.time}
    if not got:
        return False
    whole = {name.subject.whole for name in got if not name.subject.index}
    return all(name in got or name.whole in whole for name in _parameters(state))


def _is_parameter(mark: Mark) -> bool:
    return mark.node is not None and mark.node.kind in ("W", "b")


def _parameters(state: SheetState) -> set[Quantity]:
    """The parameters that lines of the sheet are about."""
    if state.parameters is None:
        state.parameters = set()
        for line in state.lines:
            name = _subject(line)
            if isinstance(name, Quantity) and name.symbol in ("W", "b"):
                with suppress(InputError):
                    found = state.reader.resolved(name)
                    assert isinstance(found, Quantity)
                    state.parameters.add(found)
    return state.parameters


def _subject(line: Line) -> Any:
    tree = line.parts[0].tree if line.parts else None
    tree = tree.item if isinstance(tree, t.Transpose) else tree
    name = tree.name if isinstance(tree, t.Ref) else None
    return name.name if isinstance(name, t.Timed) else name


# ---------------------------------------------------------------- another example


def with_given(state: SheetState, claim: LineClaim) -> bool:
    """Whether a line gives inputs or targets of a further example; from it on the sheet is about that one."""
    if not state.problem.single or state.exact or not _is_given(claim, ("x", "y")):
        return False
    assert claim.place is not None
    assert claim.numbers is not None
    array = state.problem.x if claim.place.node == Node("h", 0) else state.problem.y
    new = array.copy()
    try:
        new[(0, *claim.place.index)] = claim.numbers.value.reshape(new[(0, *claim.place.index)].shape)
    except (ValueError, IndexError):
        return False
    if not (np.abs(new - array) > 1e-9).any() or not _is_further(state, claim):
        return False
    is_input = claim.place.node == Node("h", 0)
    time = 1 if any(_is_parameter(m) and m.claim.time for m in state.recent) else 0
    goes_on(state, time, new if is_input else None, None if is_input else new)
    state.example = claim.line.example
    state.further = True
    return True


_TARGET = regex(r"(?:\\(?:text|mathrm)\s*\{)?(?:t|[Tt]arget|[Ll]abel)\}?(?:_\{?[0-9]{1,2}\}?)?")


def _is_given(claim: LineClaim, symbols: tuple[str, ...]) -> bool:
    """Whether a line gives numbers, and computes nothing, for a whole input or target or for a unit of one."""
    place = claim.place
    if place is None or claim.numbers is None or claim.formulas or claim.arithmetic or place.factor != 1:
        return False
    return isinstance(place.name, Quantity) and place.name.symbol in symbols and not place.time


def _is_further(state: SheetState, claim: LineClaim) -> bool:
    """Whether other inputs can be those of a further example: the sheet counts on, or has gone back already.

    Targets alone are none, but under a name that no output has: y is an output's as often.
    """
    if state.recent and all(_is_given(m.claim, ("x", "y")) for m in state.recent) and state.further:
        return True  # the rest of an example that has begun
    subjects = [_subject(line) for line in state.lines if abs(line.number - claim.line.number) < 3]
    if _TARGET.fullmatch(claim.subject.strip()) and any(m.value is not None for m in state.recent):
        return True
    if not any(isinstance(s, Quantity) and s.symbol == "x" for s in subjects):
        return False
    counts = any(m.claim.line.example != claim.line.example for m in state.marks) and claim.line.example > 1
    return counts or any(
        m.node is not None and (m.node.kind in ("dW", "db", "da", "dh") or (_is_parameter(m) and m.node.time))
        for m in state.recent
    )


# ---------------------------------------------------------------- one example of a batch


def examples_of(state: SheetState, claim: LineClaim) -> tuple[list[SheetState], bool]:
    """The single examples of a batch that a line can be about, and whether it can be about nothing else."""
    place, numbers = claim.place, claim.numbers
    if state.problem.n < 2 or place is None or place.node is None or numbers is None or state.exact:
        return [], False
    if place.node.kind not in (*_OF_EXAMPLES, "L", "dW", "db"):
        return [], False
    one = int(np.size(np.ones(shape_of(place.node, state.problem))[place.index]))
    only = place.node.kind in _OF_EXAMPLES and numbers.value.size == one
    label = claim.line.example
    if not only and (not label or numbers.value.size != one):
        return [], False
    if place.node.kind == "y" and not label:
        return [], False
    which = [label - 1] if 0 < label <= state.problem.n else range(state.problem.n) if only else []
    return [_example(state, k) for k in which], only


def _example(state: SheetState, k: int) -> SheetState:
    """The sheet about one example of a batch alone, and its own loss."""
    if k not in state.examples:
        header = state.header
        alone = replace(
            header, x=header.x[k : k + 1], y=header.y[k : k + 1], coefficients=np.ones(1), single=True
        )  # fmt: skip
        state.examples[k] = SheetState(
            alone, state.reading, state.lines, state.unit, state.both, state.exact, state.operands, state.effort
        )
    return state.examples[k]


def is_of_earlier_pass(state: SheetState, mark: Mark) -> bool:
    """Whether a number is the value that its quantity had in an earlier pass."""
    place, value = mark.place, mark.value
    if place is None or value is None or (isinstance(place.name, Derivative) and place.name.of.symbol != "L"):
        return False
    for old in state.turns:
        with suppress(InputError):
            due = np.asarray(old.truth.value(place), dtype=float)
            if due.size == value.numbers.value.size:
                gap = np.abs(due.reshape(value.numbers.value.shape) - value.numbers.value)
                if (gap <= value.numbers.unit).all():
                    return True
    return False
