"""What is learnt of a column: in memory, in parts and added up the same; what cannot be learnt is refused."""

import datetime

import numpy as np
import pyarrow as pa
import pytest

from chainrule.errors import InputError
from chainrule.tables import summary
from chainrule.tables.decision import decide, fit_target
from chainrule.tables.plan import Plan
from chainrule.tables.prepared import prepare
from chainrule.tables.summary import ColumnSummary, fit_inputs

COLUMNS = {
    "real": lambda rng: rng.normal(40, 3, 90),
    "whole": lambda rng: rng.integers(0, 4, 90),
    "many": lambda rng: rng.permutation(90),
    "truth": lambda rng: rng.random(90) < 0.3,
    "text": lambda rng: rng.choice(["red", "green", "blue"], 90),
}


def summed(column, learnt, is_target):
    parts = [
        ColumnSummary.of("c", column[at : at + 20], learnt[at : at + 20], is_target) for at in range(0, len(column), 20)
    ]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


@pytest.mark.parametrize("name", COLUMNS)
def test_parts_add_up_to_the_whole(name, rng):
    column, learnt = COLUMNS[name](rng), rng.random(90) < 0.7
    whole = pa.table({"c": column})
    mine, theirs = summed(column, learnt, False).column(), fit_inputs(whole, ["c"], np.flatnonzero(learnt)).columns[0]
    assert mine.categories == theirs.categories
    np.testing.assert_allclose([mine.mean, mine.scale], [theirs.mean, theirs.scale], rtol=1e-12)
    found = summed(column, learnt, True)
    assert decide(found, None).target.classes == fit_target(whole, "c", None).classes
    for label, rows in found.labels.items():
        assert rows == sum(str(value) == label for value in column[learnt])


@pytest.mark.parametrize(
    ("name", "task"),
    [("real", "regression"), ("whole", "classification"), ("many", "regression"), ("truth", "classification"),
     ("text", "classification")],
)  # fmt: skip
def test_the_task_is_seen_from_the_column(name, task, rng):
    column = COLUMNS[name](rng)
    assert decide(summed(column, np.full(90, True), True), None).target.task == task


def test_mean_and_scale_are_numpys_to_the_last_bit(rng):
    values, train = rng.normal(7, 2, 1000), rng.permutation(1000)[:800]
    column = fit_inputs(pa.table({"c": values}), ["c"], train).columns[0]
    assert (column.mean, column.scale) == (values[train].mean(), values[train].std())


@pytest.mark.parametrize("values", [[True, False, True, True], [1, 0, 1, 1]])
def test_truth_values_and_whole_numbers_may_be_numbers(values):
    answer = ColumnSummary.of("c", pa.array(values), np.full(4, True), True)
    assert decide(answer, "regression").target.mean == 0.75
    assert (answer.low, answer.high) == (0.0, 1.0)
    plan = Plan(task="regression", output="sigmoid", loss="binary_cross_entropy", hidden=(), test=0)
    assert prepare(pa.table({"x": [1.0, 2.0, 3.0, 4.0], "c": values}), "c", plan).model.target.task == "regression"


def test_dates_are_no_target_unless_they_are_taken_as_text():
    days = pa.array([datetime.date(2024, 1, 1 + i % 2) for i in range(6)])
    with pytest.raises(InputError, match=r"target c: expected classes or numbers .*; got dates"):
        fit_target(pa.table({"c": days}), "c", None)
    text = fit_target(pa.table({"c": days}), "c", None, {"c": "text"})
    assert text.classes == ("2024-01-01", "2024-01-02")
    assert text.apply(pa.table({"c": days})).tolist() == [0, 1] * 3


def test_zero_of_either_sign_is_one_label():
    answer = ColumnSummary.of("c", pa.array([0.0, -0.0, 1.0]), np.full(3, True), True)
    assert answer.labels == {"0": 2, "1": 1}


@pytest.mark.parametrize(
    ("first", "second"), [(["a", "b"], [1, 2]), ([True, False], [1, 2]), ([1.5, 2.5], [True, False])]
)
def test_a_column_is_of_one_kind_throughout(first, second):
    one, other = (ColumnSummary.of("c", pa.array(part), np.full(2, True), True) for part in (first, second))
    with pytest.raises(InputError, match=r"text throughout, or numbers|numbers, as in 2 of 4 cells"):
        (one + other).column()


def test_whole_numbers_and_others_are_numbers_together():
    one, other = (ColumnSummary.of("c", pa.array(part), np.full(2, True), True) for part in ([1, 2], [1.5, 2.0]))
    assert decide(one + other, None).target.task == "regression"


@pytest.mark.parametrize(("name", "labels"), [("real", 0), ("whole", 0), ("many", 0), ("truth", 0), ("text", 3)])
def test_of_inputs_only_text_has_labels(name, labels, rng):
    assert len(ColumnSummary.of("c", pa.array(COLUMNS[name](rng)), np.full(90, True), False).labels) == labels


def test_too_many_categories_are_refused_and_not_all_kept(monkeypatch):
    monkeypatch.setattr(summary, "MOST_CATEGORIES", 10)
    names = pa.array([f"name {i}" for i in range(100)])
    found = ColumnSummary.of("c", names, np.full(100, True), True)
    assert len((found + found).labels) == 12
    with pytest.raises(InputError, match="at most 10 categories; got more"):
        found.column()
    with pytest.raises(InputError, match="at most 10 classes; got more"):
        decide(found, None)


@pytest.mark.parametrize(("values", "row"), [([1.0, None, 2.0], 2), (["a", "b", None], 3), ([True, None, False], 2)])
def test_a_missing_value_is_named_with_its_row_where_it_is_refused(values, row):
    found = ColumnSummary.of("c", pa.array(values), np.full(3, True))
    with pytest.raises(InputError, match=f"column 'c': expected a value in every row; got none in row {row}"):
        found.column("refuse")
    assert found.column().gaps
    with pytest.raises(InputError, match=f"column 'c': expected a value in every row; got none in row {row}"):
        fit_target(pa.table({"c": [*values, *values[::-1]]}), "c", None).apply(pa.table({"c": values}))
