"""The order of an epoch's rows: the library's is Python's, and every order is as likely as another."""

from collections import Counter
from itertools import pairwise
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from chainrule.native.library import library
from chainrule.train import order
from chainrule.train.order import _shuffled, key, places, row_order

WORDS = st.lists(st.integers(0, 2**130), min_size=1, max_size=4)
MASK = 2**64 - 1


@pytest.mark.skipif(library() is None, reason="needs the native library")
@given(st.integers(0, 3000) | st.just(70_000), WORDS)
def test_the_library_draws_as_python_does(count, words):
    assert np.array_equal(row_order(count, *words), _shuffled(places(count, key(*words))))


@given(st.integers(0, 300), WORDS)
def test_an_order_has_every_row_once(count, words):
    found = row_order(count, *words)
    assert found.dtype == np.int64
    assert sorted(found.tolist()) == list(range(count))


def test_without_the_library_the_order_is_the_same(monkeypatch):
    compiled = row_order(1000, 7, 3)
    monkeypatch.setattr(order, "library", lambda: None)
    assert np.array_equal(row_order(1000, 7, 3), compiled)


def test_the_draws_are_splitmix64s():
    """Its first numbers from seed 1234567, as its author's program prints them: https://prng.di.unimi.it/splitmix64.c."""
    numbers = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821]
    assert places(5, 1234567).tolist() == [(number >> 32) * (r + 1) >> 32 for r, number in enumerate(numbers)]


def test_a_word_of_any_size_counts_whole():
    seeds = [0, 1, 2**32, 2**63, 2**64 - 1, 2**64, 2**64 + 1, 2**128, 3**200]
    assert len({key(seed, epoch) for seed in seeds for epoch in range(1, 50)}) == 49 * len(seeds)
    assert all(0 <= key(seed) <= MASK for seed in seeds)
    assert key(np.int64(5), 1) == key(5, 1)


@pytest.mark.parametrize("count", [2, 3, 4, 5])
@pytest.mark.parametrize("varied", ["epoch", "seed", "both"])
def test_every_order_is_as_likely_as_another(count, varied):
    """Chi-square over the orders of some thousands of epochs, seeds, or seeds that move with their epochs."""
    words = {"epoch": lambda i: (9, i), "seed": lambda i: (i, 4), "both": lambda i: (i, i)}[varied]
    expected, orders = 50, factorial(count)
    seen = Counter(tuple(row_order(count, *words(i)).tolist()) for i in range(expected * orders))
    statistic = sum((seen[one] - expected) ** 2 / expected for one in seen) + expected * (orders - len(seen))
    assert 1e-4 < chi2.sf(statistic, orders - 1) < 1 - 1e-4


def test_where_a_row_lies_tells_nothing_of_its_number_or_of_the_last_epoch():
    places = np.array([np.argsort(row_order(400, 3, epoch)) for epoch in range(1, 61)])
    bound = 4.5 / np.sqrt(400)
    for one, two in pairwise(places):
        assert abs(np.corrcoef(one, two)[0, 1]) < bound
        assert abs(np.corrcoef(one, np.arange(400))[0, 1]) < bound
        assert abs(np.corrcoef(one[:-1], one[1:])[0, 1]) < bound
    assert np.abs(places.mean(axis=0) - 199.5).max() < 4.5 * 400 / np.sqrt(12 * 60)
