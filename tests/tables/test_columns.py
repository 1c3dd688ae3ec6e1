"""Rows of a table as a network takes them."""

import numpy as np
import pyarrow as pa
import pytest

from chainrule.tables.columns import rows_of
from chainrule.tables.decision import fit_target
from chainrule.tables.summary import fit_inputs


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("target", ["kind", "size"])
def test_no_rows_have_the_shapes_and_types_of_rows(target, dtype):
    table = pa.table({"a": [1.0, 2.0, 4.0], "b": ["x", "y", "x"], "kind": ["p", "q", "p"], "size": [0.5, 1.5, 2.5]})
    inputs, answer = fit_inputs(table, ["a", "b"], np.arange(3)), fit_target(table, target, None)
    some, none = rows_of(table, inputs, answer, dtype), rows_of(table.slice(0, 0), inputs, answer, dtype)
    for of_some, of_none in ((some.x, none.x), (some.y, none.y)):
        assert of_none.shape == (0, *of_some.shape[1:])
        assert of_none.dtype == of_some.dtype
