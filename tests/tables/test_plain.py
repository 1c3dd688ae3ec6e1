"""Examples without preprocessing: a table of numbers, first the inputs, then the targets or one class number."""

import numpy as np
import pytest

from chainrule import InputError
from chainrule.tables.plain import plain_examples

TABLE = np.array([[0.5, 1.5, 2.0, 0.0, 1.0], [2.5, 3.5, 1.0, 1.0, 0.0]])


@pytest.mark.parametrize(
    ("columns", "outputs", "y", "kind"),
    [(5, 3, TABLE[:, 2:], "f"), (3, 3, [2, 1], "i"), (3, 1, TABLE[:, 2:3], "f"), (4, 2, TABLE[:, 2:4], "f")],
)
def test_inputs_then_targets_or_a_class_number(columns, outputs, y, kind):
    x, targets = plain_examples(TABLE[:, :columns], 2, outputs, "t.csv")
    assert x.tolist() == TABLE[:, :2].tolist()
    assert targets.tolist() == np.array(y).tolist()
    assert targets.dtype.kind == kind


def test_numbers_that_are_no_class_stay_what_they_are():
    assert plain_examples(TABLE[:, [0, 1, 0]], 2, 3, "t.csv")[1].tolist() == [0.5, 2.5]


@pytest.mark.parametrize(
    ("columns", "outputs", "due"),
    [(4, 3, "3 of targets or one of class numbers"), (2, 1, "1 of targets"), (1, 3, "2 columns of inputs")],
)
def test_another_number_of_columns_is_refused(columns, outputs, due):
    with pytest.raises(InputError, match=f"{due}.*got {columns} columns"):
        plain_examples(TABLE[:, :columns], 2, outputs, "t.csv")
