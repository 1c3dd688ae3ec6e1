"""Which mistake in code gives a wrong array: the simplest that explains it to its precision.

First single mistakes without an unknown number, then what the array looks like, then mistakes with one unknown that is
solved, then a factor or a penalty beside a mistake. The array's own equation comes before those it is computed from.
"""

from __future__ import annotations

from dataclasses import replace

from chainrule.auditing.diagnosis import by_pattern
from chainrule.auditing.diagnosis.alike import put_together
from chainrule.auditing.diagnosis.bench import Bench
from chainrule.auditing.diagnosis.by_equation import spares
from chainrule.auditing.diagnosis.by_span import right_factor
from chainrule.auditing.diagnosis.chance import Chance
from chainrule.auditing.diagnosis.levels import LATE, LEVELS, LONG, all_zeros
from chainrule.auditing.marking.mark import BAD, Candidate, Mark, NumberMark
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.claims import QuantityPlace
from chainrule.auditing.model.problem import Node
from chainrule.auditing.model.replay import Wrong
from chainrule.auditing.model.world import World
from chainrule.auditing.records import Found

MOST_WORLDS = 12  # ways of taking the arrays before this one
LARGE = 1e6  # parameters times examples beyond which few ways are tried
LONG_UPTO = 2e5  # and those that take long are not


def diagnose_array(state: SheetState, mark: Mark) -> Mark:
    """A wrong array with the mistakes that explain it, likeliest first."""
    written, place = mark.value, mark.place
    if written is None or place is None or place.node is None:
        return mark
    return replace(mark, candidates=tuple(_explained(state, mark, written, place, place.node)))


def _explained(state: SheetState, mark: Mark, written: NumberMark, place: QuantityPlace, node: Node) -> list[Candidate]:
    if not written.numbers.value.any():
        here = Bench(state, mark, written, place, node, state.own, Chance(written))
        return [c for c in all_zeros(here) if not _shows_elsewhere(here, c)]
    chance = Chance(written)
    benches = [Bench(state, mark, written, place, node, world, chance) for world in _worlds(state, mark.number)]
    doubtful: list[Candidate] = []
    small = state.problem.network.parameter_count * state.problem.n < LONG_UPTO
    for level in LEVELS:
        for bench in benches if level not in LONG else benches[:1] if small else ():
            found = [replace(c, contradicted=_shows_elsewhere(bench, c)) for c in level(bench)]
            if fitting := [c for c in found if not c.contradicted]:
                return sorted(fitting, key=lambda c: (_is_late(c), c.distance))
            doubtful = doubtful or found
    if doubtful:
        return doubtful
    where = by_pattern.observed(written, benches[0].own) or right_factor(benches[0])
    words = f"{where}; " if where else ""
    unknown = Found("inconsistent_with_own_line", mark.claim.subject, f"{words}no mistake that is known here gives it")
    return [Candidate(unknown, None, False, 0, structural=True)]


def settled(state: SheetState, mark: Mark) -> Mark:
    """A wrong array once all are marked: without mistakes that would show in a right one after it.

    Of what is left likelier mistakes are named, where there are any; where nothing is left, the next simplest.
    """
    left = [c for c in mark.candidates if c.wrong is None or not c.distance or spares(state, state.own.other(c.wrong))]
    if not left:
        left = list(diagnose_array(state, mark).candidates)
    likelier = [c for c in left if not _is_late(c)]
    return replace(mark, candidates=put_together(state.problem, likelier or left, _is_late))


def _is_late(candidate: Candidate) -> bool:
    return any(id in LATE for id in candidate.found.id.split("+"))


def _worlds(state: SheetState, number: int) -> list[World]:
    """The arrays before this one as they are; the other way round; with the mistakes found in them."""
    before = [adopted for adopted in state.adopted if adopted.mark.number < number]
    worlds = [state.own]
    if any(m.verdict in BAD for m in state.marks):
        worlds.append(state.own.other(long_way=True))
    firsts: dict[Mark, Wrong] = {}
    for adopted in before:
        firsts.setdefault(adopted.mark, adopted.wrong)
    if len(firsts) > 1:
        worlds.append(state.own.other(*firsts.values(), long_way=True))
    if state.problem.network.parameter_count * state.problem.n < LARGE:
        for adopted in before:
            others = [wrong for mark, wrong in firsts.items() if mark is not adopted.mark]
            worlds.append(state.own.other(adopted.wrong, long_way=True))
            if others:
                worlds.append(state.own.other(*others, adopted.wrong, long_way=True))
    elif len(firsts) == 1:
        worlds.append(state.own.other(*firsts.values(), long_way=True))
    return worlds[:MOST_WORLDS]


def _shows_elsewhere(bench: Bench, candidate: Candidate) -> bool:
    """Whether a mistake before the array would have shown in an array that is right."""
    if candidate.wrong is None or candidate.distance == 0:
        return False
    return not spares(bench.state, bench.world.other(candidate.wrong))
