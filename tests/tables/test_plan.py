"""The plan of a training, and the parts of a table's rows."""

import numpy as np
import pyarrow as pa
import pytest

from chainrule import InputError
from chainrule.tables.columns import Column, Inputs
from chainrule.tables.plan import Plan
from chainrule.tables.prepared import prepare
from chainrule.tables.table_model import Split, apart


def test_a_share_of_the_rows_is_put_aside():
    rows = np.arange(100, 110)
    left, kept = apart(rows, 0.25, 0, None)
    assert (len(left), len(kept)) == (7, 3)  # rounded up
    assert sorted([*left, *kept]) == rows.tolist()
    again = apart(rows, 0.25, 0, None)
    assert (left.tolist(), kept.tolist()) == (again[0].tolist(), again[1].tolist())
    assert kept.tolist() != apart(rows, 0.25, 1, None)[1].tolist()


def test_no_share_is_no_row():
    rows = np.arange(5)
    left, kept = apart(rows, 0.0, 0, None)
    assert (left.tolist(), kept.tolist()) == ([0, 1, 2, 3, 4], [])


def test_each_class_is_parted_in_proportion():
    labels = np.array([0] * 12 + [2] * 4)
    for seed in range(5):
        _, kept = apart(np.arange(16), 0.25, seed, labels)
        assert np.bincount(labels[kept], minlength=3).tolist() == [3, 0, 1]


@pytest.mark.parametrize("labels", [[0] * 9 + [1], [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]])
def test_classes_that_cannot_be_parted_are_parted_as_they_come(labels):
    """One row of a class cannot be in both parts, and a part of three rows has no place for five classes."""
    left, kept = apart(np.arange(10), 0.3, 0, labels)
    assert (len(left), len(kept)) == (7, 3)
    assert kept.tolist() == apart(np.arange(10), 0.3, 0, None)[1].tolist()


@pytest.mark.parametrize(("count", "share"), [(1, 0.2), (2, 0.6), (0, 0.5)])
def test_too_few_rows_for_two_parts(count, share):
    with pytest.raises(InputError, match=f"data: expected rows enough for a validation part of {share:g} and"):
        apart(np.arange(count), share, 0, None, "validation")
    assert [len(part) for part in apart(np.arange(2), 0.5, 0, None)] == [1, 1]


def test_a_split_gives_the_same_parts_again():
    one, other = (Split(20, 0.2, 3).parts(None) for _ in range(2))
    assert [part.tolist() for part in one] == [part.tolist() for part in other]
    assert (len(one[0]), len(one[1])) == (16, 4)


def test_the_share_that_is_watched():
    assert Plan().validation_share == 0.0
    assert Plan(patience=3).validation_share == 0.1
    assert Plan(patience=3, validation=0.3).validation_share == 0.3
    assert Plan(validation=0.3).validation_share == 0.3


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ({"test": 1.0}, "test: expected a share from 0 to below 1; got 1.0"),
        ({"test": -0.1}, "test: expected a share from 0 to below 1; got -0.1"),
        ({"validation": 1.0}, "validation: expected a share from 0 to below 1"),
        ({"patience": 0}, "patience: expected"),
        ({"patience": 2, "validation": 0.0}, "early stopping: expected a validation share above 0; got 0"),
        ({"class_weight": "equal"}, "class weight: expected balanced; got 'equal'"),
        ({"epochs": 3, "warmup": 3.0}, "warmup: expected fewer epochs than the 3 of the training; got 3"),
        ({"epochs": 0}, "epochs: expected"),
    ],
)
def test_a_plan_that_does_not_fit(plan, says):
    with pytest.raises(InputError, match=says):
        Plan(**plan).check()


def test_plans_at_their_limits_fit():
    Plan(test=0.0, epochs=3, warmup=2.9).check()
    Plan(patience=1, class_weight="balanced").check()


@pytest.mark.parametrize(
    ("schedule", "at", "factor"),
    [
        ("constant", 20, 1.0),
        ("cosine", 20, 0.0),
        ("linear", 20, 0.0),
        ("exponential", 20, 0.01),
        ("exponential", 10, 0.1),
    ],
)
def test_schedules_end_with_the_training(schedule, at, factor):
    recipe = Plan(schedule=schedule, epochs=20).recipe()
    assert recipe.schedule.multipliers(np.array([at])) == pytest.approx([factor], abs=1e-12)


def test_columns_give_an_input_or_one_for_each_category():
    inputs = Inputs((Column("size"), Column("colour", categories=("blue", "red"))))
    assert inputs.names == ["size", "colour=blue", "colour=red"]


def test_the_first_number_that_the_loss_does_not_take_is_named():
    table = pa.table({"a": [1.0, 2.0, 3.0, 4.0], "t": [2.0, -1.0, -3.0, 5.0]})
    with pytest.raises(InputError, match=r"values from 0 to inf; got -1$"):
        prepare(table, "t", Plan(loss="poisson", test=0.0))
