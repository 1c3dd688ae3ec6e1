"""Ways in which a wrong array is explained, the simplest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from chainrule.auditing.diagnosis import by_digits, by_pattern
from chainrule.auditing.diagnosis.bench import GRADIENTS, LEAST, Bench, Tried
from chainrule.auditing.diagnosis.by_curve import solved_curves
from chainrule.auditing.diagnosis.by_equation import value_of_line
from chainrule.auditing.diagnosis.by_factors import products
from chainrule.auditing.diagnosis.by_masks import other_masks
from chainrule.auditing.diagnosis.by_pairs import pairs
from chainrule.auditing.diagnosis.by_pattern import Pattern
from chainrule.auditing.diagnosis.by_shares import of_examples
from chainrule.auditing.diagnosis.by_solved_targets import solved_targets
from chainrule.auditing.diagnosis.by_step import stepped
from chainrule.auditing.diagnosis.by_units import moved_units
from chainrule.auditing.diagnosis.origins import PRODUCT, Origin, as_number, explained
from chainrule.auditing.diagnosis.reach import Reached, found_at, reached
from chainrule.auditing.marking.mark import Candidate, Mark
from chainrule.auditing.mistakes.code.factors import Factor
from chainrule.auditing.mistakes.unknowns import UNKNOWNS
from chainrule.auditing.model.problem import Node, name_of
from chainrule.auditing.model.replay import Rule, Wrong
from chainrule.auditing.records import Found
from chainrule.network.arrays import Array

Level = Callable[[Bench], Iterator[Candidate]]

#: what gives by its form what a likelier mistake gives as well: named only where no other is
LATE = frozenset({
    "a_for_slope", "activation_in_path", "bias_from_weights", "changed_in_place", "class_for_output", "dh_for_da",
    "error_times_output", "gradient_of_other_layer", "h_for_da", "input_sign_alone", "kink_by_parts",
    "layer_skipped", "slope_sign_alone",
    "minus_target_alone", "missed_paths_last_only", "one_minus_slope", "one_minus_square_of_a",
    "other_activation_slope", "other_layers_gradient", "other_loss", "outputs_shifted", "product_rule_half",
    "slope_at_gradient", "slope_at_input", "slope_of_other_layer", "slope_times_a", "slope_times_h", "slope_twice",
    "softmax_diagonal_missing", "softmax_for_its_jacobian", "weights_reshaped", "weights_reversed", "whole_numbers",
})  # fmt: skip


# ---------------------------------------------------------------- the levels


def _single(bench: Bench) -> Iterator[Candidate]:
    """Mistakes of the table."""
    count = max(len(bench.tried), 1)
    for one in bench.tried:
        if bench.gives(one.value):
            yield _of_row(bench, one, bench.accident(one.value, count))


def _everywhere(bench: Bench) -> Iterator[Candidate]:
    """Mistakes of the table made at every layer."""
    for one in bench.everywhere:
        if bench.gives(one.value):
            chance = bench.accident(one.value, len(bench.tried) + len(bench.everywhere))
            found = found_at(bench.state, one.reached.mistake, one.reached.node, one.value)
            yield Candidate(_in_every_layer(found, one), one.wrong, True, one.reached.distance, chance=chance)


def _in_every_layer(found: Found, one: Tried) -> Found:
    words = f"{one.reached.mistake.says(None)}, in every layer i"
    return replace(found, words=words, wrong="", right="")


def _own_line(bench: Bench) -> Iterator[Candidate]:
    """What the array is as a whole: signs lost, zeros, entries elsewhere."""
    yield from _factor(bench, known=True)
    yield from by_digits.whole(bench.state, bench.mark, bench.written, bench.chance)
    yield from _empty(bench, masked=False)
    for pattern in by_pattern.moved(bench.written, bench.own):
        if bench.gives(pattern.value):
            yield of_pattern(bench.mark, pattern, bench.accident(pattern.value, pattern.tries))


def _shares(bench: Bench) -> Iterator[Candidate]:
    """Examples that do not count, or more than once."""
    for shares in of_examples(bench.state.problem, bench.place, bench.written, bench.world):
        for node, distance in bench.linear:
            wrong = Wrong(node.kind, node.layer, shares.rule)
            yield _made(bench, shares.id, shares.words, shares.value, wrong, node, distance, 0.0)


def _unknown(bench: Bench) -> Iterator[Candidate]:
    """Mistakes with a number that is solved."""
    for family in UNKNOWNS:
        for one in reached(bench.state.problem, bench.place, bench.world, (family,)):
            ends = [bench.with_mistake(family.at_number(c), one.node, one.without)[0] for c in (0.0, 1.0)]
            if ends[0] is None or ends[1] is None:
                continue
            solved = bench.line(ends[0], ends[1] - ends[0])
            mistake = None if solved is None else family.solved(bench.state.problem, solved)
            if mistake is None or solved is None or bench.too_free(one.node, solved):
                continue
            value, wrong = bench.with_mistake(mistake, one.node, one.without)
            if value is not None and bench.gives(value):
                chance = bench.accident(value, len(UNKNOWNS), unknown=1)
                yield _of_row(bench, Tried(Reached(mistake, *one[1:]), wrong, value), chance)


def _targets(bench: Bench) -> Iterator[Candidate]:
    """Other targets, solved."""
    for targets in solved_targets(bench):
        value = value_of_line(bench.place, bench.written, bench.world.other(targets.wrong))
        if value is not None and bench.gives(np.asarray(value)):
            distance = 0 if targets.node == bench.node else 1
            yield _made(bench, targets.id, targets.words, value, targets.wrong, targets.node, distance, 0.0)


def _number(bench: Bench) -> Iterator[Candidate]:
    """A constant factor that has no origin known here."""
    yield from _factor(bench, known=False)


def _factors(bench: Bench) -> Iterator[Candidate]:
    """One or two factors of the backward equations changed."""
    for one in products(bench, LATE):
        ids, words = "+".join(f.id for f in one.changed), "; and ".join(_says(bench, f) for f in one.changed)
        yield _made(bench, ids, words, one.value, one.wrong, one.node, one.distance, one.chance)


def _two(bench: Bench) -> Iterator[Candidate]:
    """A mistake of the table and beside it a factor with an origin, or a penalty."""
    problem, count = bench.state.problem, max(len(bench.tried), 1)
    if int((~bench.written.fits).sum()) < LEAST:
        return
    for one in bench.tried:
        factor = bench.ratio(one.value)
        if factor is not None and bench.gives(factor * one.value):
            for origin in explained(problem, bench.node, bench.own, factor, bench.chance.relative):
                if origin.rank < PRODUCT:
                    chance = bench.accident(factor * one.value, 40.0 * count)
                    yield _both(bench, one, origin, factor * one.value, chance)
    yield from _with_penalty(bench)


def _with_penalty(bench: Bench) -> Iterator[Candidate]:
    """A mistake, or a factor, and a penalty at the array itself."""
    kind, layer = bench.node.kind, bench.node.layer
    if kind not in ("dW", "db") or bench.value.size < LEAST + 2:
        return
    network = bench.state.problem.network
    parameter = (network.weights if kind == "dW" else network.biases)[layer - 1]
    if parameter.shape != bench.value.shape or not parameter.any() or not np.isfinite(bench.own).all():
        return
    family = next(family for family in UNKNOWNS if family.kind == kind and family.id.startswith("l2_penalty"))
    at = Reached(family.at_number(0.0), bench.node, 0, ())
    for one in bench.tried:
        if one.reached.node.kind == kind:
            continue
        solved = bench.line(one.value, parameter)
        mistake = None if solved is None else family.solved(bench.state.problem, solved)
        if mistake is None or solved is None:
            continue
        penalty = mistake.says(layer)
        value = one.value + solved * parameter
        if bench.gives(value):
            origin = Origin(mistake.id, solved, penalty)
            yield _both(bench, one, origin, value, bench.accident(value, len(bench.tried), unknown=1))
    pair = np.stack([bench.own.ravel(), parameter.ravel()], axis=1)
    (factor, added), *_ = np.linalg.lstsq(pair, bench.value.ravel(), rcond=None)
    value = factor * bench.own + added * parameter
    mistake = family.solved(bench.state.problem, float(added))
    if mistake is None or not bench.gives(value):
        return
    for origin in explained(bench.state.problem, bench.node, bench.own, float(factor), bench.chance.relative):
        words = f"{origin.words}; and {mistake.says(layer)}"
        wrong = Wrong(kind, layer, _sum_rule(float(factor), mistake.rule))
        chance = bench.accident(value, 40.0, unknown=1)
        yield _made(bench, f"{origin.id}+{mistake.id}", words, value, wrong, at.node, 0, chance)


def _curves(bench: Bench) -> Iterator[Candidate]:
    """Mistakes with a number that is solved step by step."""
    for tried, tries, everywhere in solved_curves(bench):
        one = _of_row(bench, tried, bench.accident(tried.value, tries, unknown=1))
        yield replace(one, found=_in_every_layer(one.found, tried)) if everywhere else one


def _units(bench: Bench) -> Iterator[Candidate]:
    """Units that have what belongs to others on the way back."""
    for units in moved_units(bench):
        value = value_of_line(bench.place, bench.written, bench.world.other(units.wrong))
        if value is not None and bench.gives(np.asarray(value)):
            chance = bench.accident(value, units.tries)
            yield _made(bench, "units_moved", units.words, value, units.wrong, units.node, 1, chance)


def _empty(bench: Bench, masked: bool) -> Iterator[Candidate]:
    for pattern in by_pattern.empty(bench.written, bench.node.kind in ("da", "dh")):
        if (pattern.id == "masked") == masked:
            yield of_pattern(bench.mark, pattern, 0.0)


def _masks(bench: Bench) -> Iterator[Candidate]:
    """Entries that are 0 for no reason known; other units let through on the way back than forward."""
    yield from _empty(bench, masked=True)
    for masks in other_masks(bench):
        yield _made(bench, "other_mask", masks.words, masks.value, masks.wrong, masks.node, 1, masks.chance)


def _after_a_step(bench: Bench) -> Iterator[Candidate]:
    """The gradient of weights that have made a step already."""
    for step in stepped(bench):
        found = Found(step.id, bench.mark.claim.subject, step.words, value=step.value)
        yield Candidate(found, None, True, 0, structural=True, chance=bench.accident(step.value, 3.0, unknown=1))


def _pairs(bench: Bench) -> Iterator[Candidate]:
    """Two mistakes of the table."""
    for pair in pairs(bench, LATE):
        found, other = (found_at(bench.state, *one.reached[:2], pair.value) for one in (pair.first, pair.second))
        both, words = f"{found.id}+{other.id}", f"{found.words}; and {other.words}"
        found = replace(found, id=both, words=words, wrong="", right="")
        yield Candidate(found, pair.wrong, True, pair.first.reached.distance, chance=pair.chance)


LEVELS: tuple[Level, ...] = (
    _single, _everywhere, _shares, _own_line, _unknown, _targets, _number, _two, _units, _factors, _after_a_step,
    _curves, _masks, _pairs,
)  # fmt: skip
#: those that take long: not of large networks, and only of the arrays before as they are
LONG: tuple[Level, ...] = (_factors, _units, _after_a_step, _curves, _masks, _pairs)


# ---------------------------------------------------------------- pieces


def _factor(bench: Bench, known: bool) -> Iterator[Candidate]:
    """The array is what is due times one number."""
    factor = bench.ratio(bench.own)
    if factor is None or not bench.gives(factor * bench.own) or (known and bench.node.kind not in GRADIENTS):
        return
    value = factor * bench.own
    found = explained(bench.state.problem, bench.node, bench.own, factor, bench.chance.relative)
    told = int((bench.own != 0).sum()) >= LEAST
    if known:
        causes = [(origin, bench.accident(value, 60.0)) for origin in found if told or not origin.rank]
    else:
        causes = [(as_number(factor), bench.accident(value, 1.0, unknown=1))] if told else []
    for origin, chance in causes:
        for node, distance in bench.linear:
            wrong = Wrong(node.kind, node.layer, _times(factor))
            yield _made(bench, origin.id, origin.words, value, wrong, node, distance, chance)


def _says(bench: Bench, factor: Factor) -> str:
    """What was done to a factor, in the names of the arrays."""
    return factor.says(bench.node.layer, bench.state.notation == "delta")


def _times(factor: float) -> Rule:
    return lambda r, q: r.right(q) * factor


def _times_rule(factor: float, rule: Rule) -> Rule:
    return lambda r, q: rule(r, q) * factor


def _sum_rule(factor: float, rule: Rule) -> Rule:
    return lambda r, q: rule(r, q) + (factor - 1.0) * r.right(q)


def _of_row(bench: Bench, one: Tried, chance: float) -> Candidate:
    mistake, node, distance, _ = one.reached
    found = found_at(bench.state, mistake, node, one.value)
    return Candidate(found, one.wrong, True, distance, chance=chance)


def _both(bench: Bench, one: Tried, origin: Origin, value: Array, chance: float) -> Candidate:
    mistake, node, distance, _ = one.reached
    found = found_at(bench.state, mistake, node, value)
    words = f"{found.words}; and {origin.words}"
    found = replace(found, id=f"{found.id}+{origin.id}", words=words, wrong="", right="")
    linear = node.kind in ("g'", "J", "da", "dh", "dW", "db")
    wrong = Wrong(node.kind, node.layer, _times_rule(origin.factor, mistake.rule)) if linear else None
    return Candidate(found, wrong, True, distance, chance=chance)


def _made(
    bench: Bench, id: str, words: str, value: Array, wrong: Wrong, node: Node, distance: int, chance: float
) -> Candidate:
    where = name_of(node, bench.state.problem.depth, bench.state.notation)
    return Candidate(Found(id, where, words, value=value), wrong, True, distance, chance=chance)


def all_zeros(bench: Bench) -> Iterator[Candidate]:
    """An array of nothing but 0: itself, or a gradient that it comes from."""
    for pattern in by_pattern.empty(bench.written, bench.node.kind in ("da", "dh")):
        for node, distance in bench.linear:
            wrong = Wrong(node.kind, node.layer, _times(0.0))
            yield _made(bench, pattern.id, pattern.words, pattern.value, wrong, node, distance, 0.0)


def of_pattern(mark: Mark, pattern: Pattern, chance: float) -> Candidate:
    """What an array looks like, as what explains it."""
    found = Found(pattern.id, mark.claim.subject, pattern.words, value=pattern.value)
    return Candidate(found, None, True, 0, structural=True, chance=chance)
