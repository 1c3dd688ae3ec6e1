"""Whether a target is classes or numbers: by its values, how many differ, and how often they come again."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import InputError
from chainrule.tables.decision import decide_of, fit_target
from chainrule.tables.plan import Plan
from chainrule.tables.prepared import prepare
from tests.support.sample import draws


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (list(range(15)), "regression"),
        ([0, 1], "classification"),
        ([0, 1, 1], "classification"),
        ([0, 1, 2] * 3, "classification"),
        ([0, 1, 2] * 2, "regression"),
        (list(range(20)) * 3, "classification"),
        (list(range(21)) * 9, "regression"),
        ([0.0, 1.0, 1.0], "classification"),
        ([1.0, 2.0, None], "classification"),
        ([0.5, 1.0] * 40, "regression"),
        ([True, False], "classification"),
        (["a", "b", "a"], "classification"),
        (["1", "2", "?"] * 3, "classification"),
        (["12%", "9%", "?"] * 30, "regression"),
        ([f"{i}" for i in range(40)], "regression"),
    ],
)
def test_the_task(values, task):
    decided = decide_of(pa.table({"y": values}), "y", None)
    assert decided.target.task == task
    assert task in str(decided)


@draws(30)
@given(st.integers(1, 25), st.integers(1, 6), st.sampled_from([pa.int64(), pa.int8(), pa.float64(), pa.uint16()]))
def test_whole_numbers_are_one_thing_in_every_type(different, times, kind):
    table = pa.table({"y": pa.array([5 * i for i in range(different)] * times, pa.int64()).cast(kind)})
    if different == 1:
        with pytest.raises(InputError, match="at least two classes"):
            fit_target(table, "y", None)
        return
    few = different == 2 or (different <= 20 and times >= 3)
    assert fit_target(table, "y", None).task == ("classification" if few else "regression")
    assert fit_target(table, "y", "regression").task == "regression"


@pytest.mark.parametrize("task", [None, "classification"])
def test_names_are_no_classes(task):
    with pytest.raises(InputError, match=r"target y: expected classes that come again; got 200 different texts"):
        fit_target(pa.table({"y": [f"name {i}" for i in range(200)]}), "y", task)


def test_dates_are_no_classes():
    stamps = pa.array(range(200), pa.timestamp("s"))
    for task in (None, "classification", "regression"):
        with pytest.raises(InputError, match="target y: expected classes or numbers"):
            fit_target(pa.table({"y": stamps}), "y", task)


def test_labels_are_read_later_as_they_were_learnt():
    text = fit_target(pa.table({"y": ["01", "02", "01"]}), "y", None)
    assert (text.classes, text.kind) == (("01", "02"), "text")
    whole = fit_target(pa.table({"y": [1, 2, 2]}), "y", None)
    for column in ([1, 2], [1.0, 2.0], ["1", "2.0"], ["1", " 2"]):
        assert whole.apply(pa.table({"y": column})).tolist() == [0, 1]
    assert whole.known(pa.table({"y": ["1", "?", None]})).tolist() == [True, False, False]
    truth = fit_target(pa.table({"y": [True, False]}), "y", None)
    assert truth.apply(pa.table({"y": ["true", "FALSE"]})).tolist() == [1, 0]
    marks = fit_target(pa.table({"y": ["1", "?", "0", "1"]}), "y", None)
    assert (marks.classes, marks.known(pa.table({"y": ["?", "1"]})).tolist()) == (("0", "1"), [False, True])


def test_rows_without_a_target_are_in_no_part_and_it_is_said():
    rng = np.random.default_rng(0)
    cells = [None if i % 10 == 4 else f"{i % 2}" for i in range(60)]
    table = pa.table({"x": rng.normal(size=60), "y": cells})
    prepared = prepare(table, "y", Plan(test=0.25, patience=3))
    used = np.concatenate([prepared.train, prepared.validation, prepared.test])
    assert sorted(used) == [i for i in range(60) if i % 10 != 4]
    assert "target y: 6 rows without a value are left out (row 5)" in prepared.notes
    model = prepared.model
    assert model.part(table, "test")["x"].to_pylist() == table["x"].take(pa.array(prepared.test)).to_pylist()
    with pytest.raises(InputError, match="6 rows without a value of y, as in training"):
        model.part(table.set_column(1, "y", pa.array(["0", "1"] * 30)), "test")
    with pytest.raises(InputError, match="target y: expected a value in every row; got none in row 5"):
        prepare(table, "y", Plan(missing="refuse"))


@pytest.mark.parametrize("power", [-300, -13, 0, 200, 300])
def test_a_target_of_any_unit_is_learnt_alike(power):
    values = np.linspace(-2, 3, 20)
    table = pa.table({"x": values, "y": values * 10.0**power})
    target = prepare(table, "y", Plan(test=0)).model.target
    plain = prepare(pa.table({"x": values, "y": values}), "y", Plan(test=0)).model.target
    np.testing.assert_allclose(target.apply(table)[:, 0], plain.standardised(values), rtol=1e-9)
    np.testing.assert_allclose(target.restore(target.apply(table)), table["y"].to_numpy(), rtol=1e-12)


def test_a_target_that_is_not_standardised_and_too_large_is_refused_before_training():
    table = pa.table({"x": np.arange(9.0), "y": np.arange(9.0) * 1e200 + 0.5})
    with pytest.raises(InputError, match=r"target y: expected numbers up to .* in another unit; got 8e\+200"):
        prepare(table, "y", Plan(output="softplus", loss="half_squared_error"))
