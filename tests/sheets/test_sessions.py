"""Sessions of Python pasted as text: what an expression printed is a claim."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.sheets.writing.sessions import with_claims
from tests.sheets.test_sentences import HEADER
from tests.support.sample import draws

VALUES = {"a_1": np.array([1.0, 1.5]), "h_1": np.array([0.731059, 0.817574]), "yhat": 0.525454, "L": 0.112597}
WAYS = (
    ">>> {name}\n{shown}", "In [3]: {name}\nOut[3]: {shown}", "In [3]: {name}\n\nOut[3]: {shown}\n",
    ">>> print({name})\n{text}", "print({name})\n{text}", 'print("value", {name})\nvalue {text}',
    "In [4]: {name}.round(4)\nOut[4]:\n{shown}", ">>> np.round({name}, 4)\n{shown}",
    'print("it is:", {name})  # a comment\nit is: {text}',
)  # fmt: skip


@draws(9)
@given(st.sampled_from(WAYS), st.sampled_from(sorted(VALUES)), st.sampled_from((0.0, 0.0731)), st.integers(3, 5))
def test_what_is_printed_is_a_claim(way, name, off, digits):
    value = np.round(VALUES[name] + off, digits)
    shown = repr(value) if isinstance(value, np.ndarray) else repr(float(value))
    audit = cr.audit(HEADER + way.format(name=name, shown=shown, text=str(value)))
    assert [line.name for line in audit.lines] == [name]
    assert (audit.lines[0].verdict == "wrong") == (off > 0), audit.lines[0]


def test_a_matrix_over_several_lines():
    session = ["In [4]: dW1", "Out[4]: ", "array([[-0.0093, -0.0186],", "       [ 0.0106,  0.0212]])", "", "In [5]: L"]
    assert with_claims(session) == ["dW1 = array([[-0.0093, -0.0186], [ 0.0106,  0.0212]])", "", "", "", "", ""]


@pytest.mark.parametrize(
    "written",
    [
        ">>> import numpy as np",
        ">>> x.shape\n(2,)", ">>> len(x)\n2", 'print(f"L = {L:.4f}")', ">>> def f(z): return z",
        ">>> a_1", "print the value\n0.5", ">>> for i in range(3): print(i)\n0\n1",
    ],
)  # fmt: skip
def test_code_without_a_value_claims_nothing(written):
    assert cr.audit(HEADER + written + "\n").lines == ()


def test_statements_of_a_session_are_read():
    audit = cr.audit(HEADER + ">>> a_1 = W_1 @ x + b_1\n>>> a_1\narray([1. , 1.6])\n")
    assert [line.verdict for line in audit.lines] == ["right", "wrong"]


def test_a_whole_number_with_a_point_claims_the_digits_of_the_others():
    assert cr.audit(HEADER + "a_1 = [1., 1.5]\na_1 = [1.3, 1.]\n").lines[1].verdict == "wrong"
