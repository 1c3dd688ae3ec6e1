"""Intervals: each operation gives the least and the greatest that numbers inside can give, and nothing wider."""

import operator

import numpy as np
import pytest

from chainrule.auditing.model.interval import Interval, image

#: below 0, around it, above it, of no width, and with an end at 0
ENDS = [(-3.0, -2.0), (-1.0, 2.0), (0.5, 4.0), (2.0, 2.0), (0.0, 1.0), (-1.0, 0.0)]


def interval(low, high):
    return Interval(np.array(low, float), np.array(high, float))


def ends(found):
    return found.low.tolist(), found.high.tolist()


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv"])
@pytest.mark.parametrize("one", ENDS)
@pytest.mark.parametrize("other", ENDS)
def test_arithmetic_is_that_of_the_ends(name, one, other):
    operation = getattr(operator, name)
    a, b = interval(*one), interval(*other)
    if name == "truediv" and other[0] <= 0 <= other[1]:
        found = operation(a, b)
        assert (found.low, found.high) == ((0, 0) if one == (0, 0) else (-np.inf, np.inf))
        return
    corners = [operation(x, y) for x in one for y in other]
    for found in (
        operation(a, b),
        operation(one[0], b).hull(operation(one[1], b)),
        operation(a, Interval.of(other[0])),
    ):
        assert found.shape == ()
    assert ends(operation(a, b)) == (pytest.approx(min(corners)), pytest.approx(max(corners)))
    first = [operation(x, other[0]) for x in one]
    assert ends(operation(a, other[0])) == (pytest.approx(min(first)), pytest.approx(max(first)))
    right = [operation(one[0], y) for y in other]
    assert ends(operation(one[0], b)) == (pytest.approx(min(right)), pytest.approx(max(right)))


def test_the_negative_has_its_ends_turned():
    assert ends(-interval([1, -2], [3, 5])) == ([-3, -5], [-1, 2])


def random_intervals(rng, shape):
    a, b = rng.normal(size=(2, *shape))
    return Interval(np.minimum(a, b), np.maximum(a, b))


def extreme_products(a, b):
    """Entry by entry, the least and the greatest sum of products: each product by itself."""
    products = np.array([x[:, :, None] * y[None] for x in (a.low, a.high) for y in (b.low, b.high)])
    return products.min(axis=0).sum(axis=1), products.max(axis=0).sum(axis=1)


@pytest.mark.parametrize("exact", ["neither", "left", "right", "left array", "right array"])
def test_products_of_matrices(exact, rng):
    a, b = random_intervals(rng, (2, 3)), random_intervals(rng, (3, 4))
    if exact.startswith("left"):
        a = Interval.of(a.low)
    if exact.startswith("right"):
        b = Interval.of(b.low)
    low, high = extreme_products(a, b)
    found = (a.low if exact == "left array" else a) @ (b.low if exact == "right array" else b)
    np.testing.assert_allclose(found.low, low, rtol=1e-12)
    np.testing.assert_allclose(found.high, high, rtol=1e-12)


def test_nothing_is_known_of_0_times_infinity():
    wide = interval([-np.inf, 1.0], [np.inf, 2.0])
    with np.errstate(invalid="ignore"):  # as the replay has it
        found = wide * interval([0.0, 3.0], [0.0, 3.0]), wide * np.array([0.0, 3.0])
    for product in found:
        assert ends(product) == ([-np.inf, 3.0], [np.inf, 6.0])


def test_an_interval_of_no_width_is_known_to_be_exact():
    exact = Interval.of([[1.0, 2.0]])
    assert exact.exact
    assert exact.T.exact
    assert exact.T.shape == (2, 1)
    assert not interval([1.0], [1.0]).exact  # the same numbers, but nobody has looked
    assert Interval.of(exact) is exact
    assert (exact.ndim, exact.shape, exact.dtype, exact.middle.tolist()) == (2, (1, 2), float, [[1.0, 2.0]])
    assert interval([1.0], [2.0]).middle.tolist() == [1.5]
    assert not interval([[1.0, 2.0]], [[1.0, 3.0]]).T.exact


def test_parts_and_shapes():
    a = interval([[1, 2], [3, 4]], [[5, 6], [7, 8]])
    assert ends(a[0]) == ([1, 2], [5, 6])
    assert ends(a[1, 0]) == (3, 7)
    assert ends(a.T) == ([[1, 3], [2, 4]], [[5, 7], [6, 8]])
    assert ends(a.reshape((4,))) == ([1, 2, 3, 4], [5, 6, 7, 8])
    assert ends(a.sum()) == (10, 26)
    assert ends(a.sum(0)) == ([4, 6], [12, 14])


def test_hull_meet_and_choice():
    a, b = interval([0, 2], [1, 3]), interval([0.5, 5], [4, 6])
    assert ends(a.hull(b)) == ([0, 2], [4, 6])
    assert ends(a.meet(b)) == ([0.5, 5], [1, 3])  # the second is empty: its low is above its high
    assert ends(a.where(np.array([True, False]), b)) == ([0.5, 2], [4, 3])


@pytest.mark.parametrize(
    ("one", "other", "touch"),
    [
        ((0, 1), (1, 2), True), ((1, 2), (0, 1), True), ((0, 1), (1 + 1e-6, 2), False), ((1 + 1e-6, 2), (0, 1), False),
        ((0, 1), (1 + 1e-10, 2), True), ((0, 1e6), (1e6 + 1e-4, 2e6), True), ((0, 1e6), (1e6 + 1e-1, 2e6), False),
        ((-2e6, -1e6 - 1e-4), (-1e6, 0), True), ((0, 0), (1e-16, 1e-16), True), ((0, 0), (1e-14, 1e-14), False),
        ((-np.inf, np.inf), (5, 5), True), ((2, np.inf), (1, 1), False), ((1, 1), (2, np.inf), False),
    ],
)  # fmt: skip
def test_two_touch_where_they_have_a_number_in_common_to_rounding(one, other, touch):
    assert bool(interval(*one).touches(interval(*other))) == touch
    assert bool(interval(*other).touches(interval(*one))) == touch


def test_the_image_of_a_rule_that_turns():
    a = interval([-1.0, 1.0, -3.0, -3.0], [2.0, 3.0, -1.0, 4.0])
    assert ends(image(np.square, a, (0.0,))) == ([0, 1, 1, 0], [4, 9, 9, 16])
    assert ends(image(np.square, a)) == ([1, 1, 1, 9], [4, 9, 9, 16])  # without its turn it is taken for monotone
    assert ends(image(np.negative, a)) == ([-2, -3, 1, -4], [1, -1, 3, 3])
