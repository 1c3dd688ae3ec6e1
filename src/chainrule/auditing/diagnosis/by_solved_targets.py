"""The targets that a wrong gradient at the output was made with, solved from it, and what they look like."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import NamedTuple

import numpy as np

from chainrule.auditing.diagnosis.bench import Bench
from chainrule.auditing.diagnosis.by_equation import value_of_line
from chainrule.auditing.mistakes.code.targets import by_error, error_scale, one_hot, paired, with_targets
from chainrule.auditing.mistakes.unknowns import told
from chainrule.auditing.model.problem import Node
from chainrule.auditing.model.replay import Rule, Wrong
from chainrule.network.arrays import Array

NEAR = 1e-5  # of a target
MOST_OUTPUTS = 5  # whose orders are all tried
MOST_SHUFFLED = 7  # examples whose orders are all tried
SPARE = 4  # entries that must agree
MOST_TOLD = 8  # examples that are named one by one


class Targets(NamedTuple):
    """Targets that give the array, made at a node of the output."""

    id: str
    words: str
    node: Node
    wrong: Wrong


def solved_targets(bench: Bench) -> Iterator[Targets]:
    """What was taken for y, where that can be told."""
    problem, last, kind = bench.state.problem, bench.state.problem.depth, bench.node.kind
    if bench.node.layer != last or bench.place.index or bench.written.flipped or not problem.y.any():
        return
    straight = problem.network.output == "identity"
    if paired(problem, last):
        at = Node("da", last)
    elif by_error(problem, last):
        at = Node("dh", last)
    else:
        return
    if kind in ("dW", "db"):
        yield from _permuted(problem.y, at)
    yield from _straight(bench, at)
    replay = bench.world.replay(0)
    yhat, errors = np.asarray(replay.get(Node("h", last))), bench.value
    if kind == "dW" and (at.kind == "da" or straight):
        errors = _errors(bench.value, np.asarray(replay.get(Node("h", last - 1))))
        if not errors.size:
            yield from _shuffled(bench, at)
    elif kind != at.kind and not (kind == "da" and straight):
        return
    if errors.size != yhat.size:
        return
    errors = errors.reshape(yhat.shape)
    with np.errstate(all="ignore"):
        found = yhat - errors / error_scale(problem)
    said = _said(found, problem.y, one_hot(problem)) if np.isfinite(found).all() else None
    if said is not None:
        yield _at(at, *said)


def _at(node: Node, id: str, words: str, targets: Array) -> Targets:
    return Targets(id, words, node, Wrong(node.kind, node.layer, _with(targets)))


def _permuted(y: Array, node: Node) -> Iterator[Targets]:
    """The outputs in every other order, where they are few."""
    outputs = range(y.shape[1])
    for order in permutations(outputs) if len(outputs) <= MOST_OUTPUTS else ():
        if order != tuple(outputs):
            which = np.array(order)
            words = f"outputs have the targets of others: those of {_list(which)}"
            yield _at(node, "targets_of_other_outputs", words, y[:, which])


def _straight(bench: Bench, node: Node) -> Iterator[Targets]:
    """c y + d for y, both solved."""
    y, taken = bench.state.problem.y, []
    for targets in (0.0 * y, y, 1.0 + 0.0 * y):
        wrong = Wrong(node.kind, node.layer, _with(targets))
        value = value_of_line(bench.place, bench.written, bench.world.other(wrong))
        if value is None:
            return
        taken.append(np.asarray(value, dtype=float).ravel())
    sides = np.stack([taken[1] - taken[0], taken[2] - taken[0]], axis=1)
    weight = 1.0 / bench.room.ravel()
    if min(len(sides), y.size) < SPARE or not np.isfinite(sides).all() or not np.isfinite(weight).all():
        return
    left = (bench.value.ravel() - taken[0]) * weight
    (c, d), _, rank, _ = np.linalg.lstsq(sides * weight[:, None], left, rcond=None)
    if rank == len((c, d)) and abs(c) > NEAR and abs(d) > NEAR and abs(c - 1) > NEAR:
        smoothed = ": labels are smoothed, which the loss is not told" if 0 < c < 1 else ""
        words = f"the targets are {told(float(c))} y + {told(float(d))}, where y is due{smoothed}"
        yield _at(node, "targets_rescaled", words, c * y + d)


def _shuffled(bench: Bench, node: Node) -> Iterator[Targets]:
    """The targets in every other order of the examples, where these are few, by what each pair gives for dL/dW."""
    y, inputs = bench.state.problem.y, np.asarray(bench.world.replay(0).get(Node("h", node.layer - 1)))
    n = len(y)
    if not SPARE <= n <= MOST_SHUFFLED or bench.value.size < SPARE:
        return
    scale = error_scale(bench.state.problem)
    each = -np.einsum("ik,ij->ikj", scale * np.ones_like(y), inputs)  # of a target k of example i
    left = bench.value - bench.own + np.einsum("ik,ikj->kj", y, each)
    table = np.einsum("lk,ikj->ilkj", y, each)  # example i with the target of l
    orders = np.array(list(permutations(range(n))))
    given = table[np.arange(n)[None, :], orders].sum(1)
    fits = (np.abs(given - left) <= bench.room).all(axis=(1, 2))
    for order in orders[fits][:1]:
        words = f"examples have the targets of others: those of {_list(order)}"
        yield _at(node, "targets_of_other_examples", words, y[order])


def _with(targets: Array) -> Rule:
    return with_targets(lambda p: targets)


def _errors(value: Array, inputs: Array) -> Array:
    """The error of each example from dL/dW, where the inputs tell them apart; else nothing."""
    if not np.isfinite(inputs).all() or np.linalg.matrix_rank(inputs) < len(inputs):
        return np.zeros(0)
    return np.asarray(np.linalg.lstsq(inputs.T, value.T, rcond=None)[0])


def _said(found: Array, y: Array, classes: bool) -> tuple[str, str, Array] | None:
    """(id, words, targets) of targets that are no accident."""
    tidy = np.where(np.abs(found - np.round(found, 4)) <= NEAR, np.round(found, 4), found)
    apart = np.abs(found[:, None, :] - y[None, :, :]).max(2) <= NEAR
    if classes and apart.any(1).all():
        mine, right = found.argmax(1), y.argmax(1)
        read = {c: set(mine[right == c]) for c in np.unique(right)}
        if all(len(one) == 1 for one in read.values()) and len(read) > 1:
            each = ", ".join(f"{int(c) + 1} as {int(*one) + 1}" for c, one in read.items() if int(*one) != c)
            return "classes_mixed_up", f"the targets have the classes mixed up: class {each}", np.round(found)
    if len(y) > 1 and apart.any(1).all():
        which = apart.argmax(1)
        return "targets_of_other_examples", f"examples have the targets of others: those of {_list(which)}", y[which]
    columns = np.abs(found[:, :, None] - y[:, None, :]).max(0) <= NEAR
    if y.shape[1] > 1 and columns.any(1).all():
        which = columns.argmax(1)
        return "targets_of_other_outputs", f"outputs have the targets of others: those of {_list(which)}", y[:, which]
    if found.size > 2 and np.ptp(found) <= NEAR:
        return "targets_constant", f"every target is taken as {float(tidy.mean()):.6g}", np.full_like(y, tidy.mean())
    return None


def _list(which: Array) -> str:
    shown = [str(int(i) + 1) for i in which[:MOST_TOLD]]
    return ", ".join(shown) + (", …" if len(which) > MOST_TOLD else "")
