"""Means and spreads do not depend on the unit, and a column is constant only where its values are."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.tables.columns import Column, Inputs, standardised
from chainrule.tables.moments import Moments
from chainrule.tables.summary import fit_inputs, number_columns
from tests.support.sample import draws

VALUES = np.array([-1.5, 0.25, 3.0, 0.5, -0.125, 2.0])


def taken(values):
    return fit_inputs(pa.table({"c": values}), ["c"], np.arange(len(values))).apply(pa.table({"c": values}))


@pytest.mark.parametrize("power", [-1060, -700, -44, 0, 30, 660, 1021])
def test_standardising_does_not_depend_on_the_unit(power):
    found = taken(np.ldexp(VALUES, power))
    np.testing.assert_allclose(found, taken(VALUES), rtol=1e-12)


@draws(25)
@given(st.integers(-320, 300), st.floats(-9.9, 9.9), st.integers(0, 2**32))
def test_values_in_any_decimal_unit_are_standardised_alike(power, shift, seed):
    values = np.random.default_rng(seed).normal(shift, 1, 9)
    scaled = np.array([float(f"{v:.17g}e{power}") for v in values])
    assert len(set(scaled)) == 1 or abs(taken(scaled).std() - 1) < 1e-9
    if power > -300:
        np.testing.assert_allclose(taken(scaled), taken(values), rtol=1e-9, atol=1e-9)


def test_a_large_offset_makes_no_column_constant():
    values = 1e9 + np.arange(8.0)
    np.testing.assert_allclose(taken(values), taken(np.arange(8.0)), atol=1e-6)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e-320, 3e-13, 1e300, -7.0])
def test_a_constant_column_is_zeros(value):
    assert (taken(np.full(7, value)) == 0).all()
    (column,) = fit_inputs(pa.table({"c": np.full(7, value)}), ["c"], np.arange(7)).columns
    assert np.isfinite([column.mean, column.scale]).all()
    assert column.scale > 0


@draws(30)
@given(st.lists(st.integers(-330, 305), min_size=1, max_size=5), st.integers(0, 2**32))
def test_parts_add_up_in_any_units(powers, seed):
    rng = np.random.default_rng(seed)
    parts = [rng.normal(size=(4, 1)) * 10.0 ** max(power, -307) * 10.0 ** min(power + 307, 0) for power in powers]
    parts.append(np.zeros((2, 1)))
    total = Moments.of(parts[0])
    for part in parts[1:]:
        total = total + Moments.of(part)
    whole = Moments.of(np.concatenate(parts))
    assert (total.low, total.high, total.count) == (whole.low, whole.high, whole.count)
    for one, other in zip(total.own(), whole.own(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9 * float(whole.own()[1][0]))


def test_a_matrix_has_a_unit_for_each_column():
    matrix = np.column_stack([VALUES, VALUES * 1e-200, VALUES * 1e250])
    columns = number_columns(("a", "b", "c"), Moments.of(matrix))
    found = standardised(matrix, columns)
    np.testing.assert_allclose(found[:, 1:], found[:, :1].repeat(2, axis=1), rtol=1e-12)


def test_a_number_that_standardising_cannot_hold_is_named():
    inputs = Inputs((Column("c", 0.0, 1e-300),))
    with pytest.raises(ValueError, match=r"column 'c': expected numbers of about the size .*; got 1e\+20 in row 2"):
        inputs.apply(pa.table({"c": [0.0, 1e20]}))
