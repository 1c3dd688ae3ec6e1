"""Of a large family of cases a fixed sample is run; ``pytest --trials 1000`` (any number) runs all of them."""

import zlib
from collections.abc import Callable, Iterable
from itertools import combinations, cycle, product

from hypothesis import settings

#: whether the whole of each family is run: set before the tests are collected
everything = False


def one_in(n: int, cases: Iterable, named: Callable = str, always: Iterable = ()) -> list:
    """Of the cases one in n, by their names, and those named in ``always``.

    A case is in or out whatever the others are: what is added or taken away does not change the rest of the sample.
    """
    cases, always = list(cases), set(always)
    if everything:
        return cases
    missing = always - set(map(named, cases))
    assert not missing, f"no cases: {missing}"
    return [c for c in cases if named(c) in always or zlib.crc32(named(c).encode()) % n == 0]


def covering(cases: Iterable[tuple], together: int = 1) -> list[tuple]:
    """Of tuples so many that every value of every place occurs, or every pair of values that occurs at all, and so on.

    Args:
        together: 1 for values, 2 for pairs of them.
    """
    cases = list(cases)
    if everything:
        return cases

    def has(case):
        return {
            tuple((i, values(case)[i]) for i in places) for places in combinations(range(len(values(case))), together)
        }

    def values(case):  # of a tuple, or of pytest.param
        return tuple(getattr(case, "values", case))

    left = set().union(*map(has, cases))
    chosen = []
    while left:
        best = max(cases, key=lambda case: len(has(case) & left))
        left -= has(best)
        chosen.append(best)
    return [case for case in cases if any(case is one for one in chosen)]


def in_turn(cases: Iterable[tuple], others: Iterable) -> list[tuple]:
    """Each case with one of the others, in turn: (a, b) with c is (a, b, c)."""
    if everything:
        return [(*case, other) for case, other in product(cases, others)]
    return [(*case, other) for case, other in zip(cases, cycle(others), strict=False)]


def half(cases: Iterable, *names: str) -> list:
    """Every other of what each member of a family is tried with, from the first or the second on by the member's names.

    So members that share a value have different halves.
    """
    cases = list(cases)
    return cases if everything else cases[zlib.crc32("".join(names).encode()) % 2 :: 2]


def draws(n: int) -> settings:
    """``@draws(n)``: what a Hypothesis test draws in the sample, where its draws are dear or it has many cases."""
    return settings() if everything else settings(max_examples=n)


def seeds(n: int, whole: int = 30) -> range:
    """The seeds of a test that draws by itself: n in the sample, so many where the whole is run."""
    return range(whole if everything else n)
