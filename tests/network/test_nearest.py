"""A mistyped name is answered with the nearest that exists."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.errors import nearest
from chainrule.network import names
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.losses import LOSSES
from chainrule.network.outputs import OUTPUTS

SIZES = (2, 3, 2)
WHOLE = [name for name in names.of_backward(SIZES) if "_" in name]


@given(st.sampled_from(WHOLE), st.sampled_from(["", "{}", "[]", "-", " "]))
def test_a_quantity_that_is_spelled_otherwise_is_told(name, signs):
    written = name.replace("_", signs[:1]) + signs[1:]
    try:
        names.read(written)
    except cr.InputError:
        with pytest.raises(cr.InputError, match=rf"did you mean '{name}'\?"):
            names.find(written, SIZES)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("dW2", "dL/dW_2"), ("dL/dW212", "dL/dW_212"), ("db1", "dL/db_1"), ("a21", "a_21"), ("h^1", "h_1"), ("X", "x")],
)
def test_short_forms_and_components_too(written, meant):
    with pytest.raises(cr.InputError, match=rf"did you mean '{meant}'\?"):
        cr.explain(cr.Network.random(SIZES, seed=0), [1, 2], 1, written)


def test_a_large_network_is_not_listed_whole():
    with pytest.raises(cr.InputError, match=r"did you mean 'dL/dW_2'\?"):
        names.find("dL/dW2", (784, 512, 10))


@pytest.mark.parametrize(("field", "known"), [("hidden", ACTIVATIONS), ("output", OUTPUTS), ("loss", LOSSES)])
@given(st.data())
def test_rules_of_a_network_are_told(field, known, data):
    name = data.draw(st.sampled_from([name for name in known if len(name) > 3]))
    at = data.draw(st.integers(0, len(name) - 1))
    written = data.draw(st.sampled_from([name[:at] + name[at + 1 :], name.upper(), name.replace("_", "-"), name + "s"]))
    assume(written not in known)
    with pytest.raises(cr.InputError, match=rf"{field}.*got '{written}' \(did you mean '{name}'\?\)"):
        cr.Network.random(SIZES, **{field: written})


def test_nothing_is_guessed_that_is_not_near():
    assert nearest("qqq", LOSSES) is None
    assert nearest("", LOSSES) is None
    assert nearest(None, LOSSES) is None
    assert nearest("huber", []) is None
    with pytest.raises(cr.InputError, match=r"got 'mse'$"):
        cr.Network.random(SIZES, loss="mse")
