"""Of a large family of cases a fixed sample is run; ``pytest --trials 1000`` (any number) runs all of them."""

import zlib
from collections.abc import Callable, Iterable
from itertools import combinations, cycle, product

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
