"""Names of quantities: read, printed and held against a network, in both notations."""

import re
import unicodedata

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from chainrule import InputError
from chainrule.network.names import (
    LOSS,
    NOTATIONS,
    Derivative,
    Quantity,
    existing,
    find,
    read,
    resolve,
    shape,
    to_latex,
    to_text,
)

Q, D = Quantity, Derivative
calm = settings(deadline=None)  # a busy machine is no failure

#: every kind of name of the design: meaning, textbook, delta
NAMES = [
    (Q("x"), "x", "a^0"),
    (Q("x", None, (3,)), "x_3", "a^0_3"),
    (Q("x", None, (12,)), "x_12", "a^0_12"),
    (Q("y"), "y", "y"),
    (Q("yhat"), "yhat", "yhat"),
    (Q("yhat", None, (1,)), "yhat_1", "yhat_1"),
    (LOSS, "L", "L"),
    (Q("a", 2), "a_2", "z^2"),
    (Q("a", 2, (1,)), "a_21", "z^2_1"),
    (Q("a", 10), "a_10,", "z^10"),
    (Q("a", 10, (3,)), "a_10,3", "z^10_3"),
    (Q("h", 1), "h_1", "a^1"),
    (Q("h", 1, (3,)), "h_13", "a^1_3"),
    (Q("b", 2), "b_2", "b^2"),
    (Q("b", 2, (1,)), "b_21", "b^2_1"),
    (Q("W", 2), "W_2", "w^2"),
    (Q("W", 2, (1, 2)), "W_212", "w^2_21"),
    (Q("W", 2, (10, 3)), "W_2,10,3", "w^2_3,10"),
    (Q("W", 10), "W_10,", "w^10"),
    (D(LOSS, Q("a", 2)), "dL/da_2", "δ^2"),
    (D(LOSS, Q("a", 2, (1,))), "dL/da_21", "δ^2_1"),
    (D(LOSS, Q("h", 1, (3,))), "dL/dh_13", "dL/da^1_3"),
    (D(LOSS, Q("W", 2)), "dL/dW_2", "dL/dw^2"),
    (D(LOSS, Q("W", 2, (1, 2))), "dL/dW_212", "dL/dw^2_21"),
    (D(LOSS, Q("b", 2, (1,))), "dL/db_21", "dL/db^2_1"),
    (D(LOSS, Q("x")), "dL/dx", "dL/da^0"),
    (D(LOSS, Q("yhat", None, (1,))), "dL/dyhat_1", "dL/dyhat_1"),
    (D(Q("yhat", None, (1,)), Q("a", 2, (1,))), "dyhat_1/da_21", "dyhat_1/dz^2_1"),
    (D(Q("a", 2, (1,)), Q("W", 2, (1, 2))), "da_21/dW_212", "dz^2_1/dw^2_21"),
    (D(Q("h", 1, (3,)), Q("a", 1, (3,))), "dh_13/da_13", "da^1_3/dz^1_3"),
    (D(Q("a", 10), Q("a", 9)), "da_10,/da_9", "dz^10/dz^9"),
]

BIG = (130,) * 41  # a network that has every name drawn below


def _index(draw: st.DrawFn, symbol: str) -> tuple[int, ...]:
    unit = st.integers(1, 130)
    units = 2 if symbol == "W" else 1
    return draw(st.sampled_from([(), draw(st.tuples(*[unit] * units))]))


@st.composite
def quantities(draw: st.DrawFn, symbols: str = "x y yhat L a h b W") -> Quantity:
    symbol = draw(st.sampled_from(symbols.split()))
    if symbol == "L":
        return LOSS
    layer = draw(st.integers(1, 39)) if symbol in "ahbW" else None
    return Quantity(symbol, layer, _index(draw, symbol))


NAME = st.one_of(quantities(), st.builds(Derivative, quantities("yhat L a h"), quantities("x yhat a h b W")))


# ---------------------------------------------------------------- reading and printing


@pytest.mark.parametrize(("name", "textbook", "delta"), NAMES)
def test_every_quantity_in_both_notations(name, textbook, delta):
    assert to_text(name) == str(name) == textbook
    assert to_text(name, "delta") == delta
    assert read(textbook) == (name, "textbook")
    assert resolve(read(delta)[0], BIG) == resolve(name, BIG)
    assert read(delta)[1] == ("delta" if "^" in delta else "textbook")


@calm
@given(NAME)
@example(Q("a", 10))
@example(Q("W", 9, (10, 10)))
@example(D(Q("a", 12), Q("W", 10)))
def test_textbook_text_is_read_as_the_name_it_was_printed_from(name):
    assert read(to_text(name)) == (name, "textbook")


@calm
@given(NAME)
@example(Q("x", None, (10,)))
@example(D(LOSS, Q("a", 10, (11,))))
def test_delta_text_is_read_as_the_name_it_was_printed_from(name):
    text = to_text(name, "delta")
    again, _ = read(text)
    assert resolve(again, BIG) == resolve(name, BIG)
    assert to_text(again, "delta") == text


@calm
@given(quantities())
def test_delta_with_depth_writes_yhat_as_the_last_activation(name):
    text = to_text(name, "delta", depth=40)
    assert "yhat" not in text
    assert resolve(read(text)[0], BIG) == resolve(name, BIG)


@calm
@given(quantities("x yhat a h b W"))
def test_commas_and_braces_may_always_be_written(name):
    numbers = [n for n in (name.layer, *name.index) if n is not None]
    comma = "," if len(numbers) == 1 else ""
    assume(numbers)
    assert read(f"{name.symbol}_{{{', '.join(map(str, numbers))}{comma}}}")[0] == name
    assert read(f"{name.symbol}_{','.join(map(str, numbers))}{comma}")[0] == name


@calm
@given(NAME)
def test_a_derivative_may_be_written_with_a_round_d(name):
    for notation in NOTATIONS:
        text = to_text(name, notation)
        assert read(text.replace("d", "∂"))[0] == read(text)[0]


WAYS = {
    "W_212": ["W_{212}", "W_{2,1,2}", "W_2,1,2", "w^{2}_{2,1}", "w^2_{21}", "w^2_2,1"],
    "W_2,10,3": ["W_{2, 10, 3}", "w^2_3,10"],
    "a_21": ["a_{21}", "a_ 2 1", "z^{2}_{1}", "z^2_1"],
    "a_10,": ["a_{10,}", "z^{10}"],
    "x": ["a^0", "h_0", "h_{0}"],
    "x_3": ["x_{3}", "a^0_3", "h_03", "h_{0,3}"],
    "yhat": ["ŷ", unicodedata.normalize("NFD", "ŷ")],
    "yhat_1": ["ŷ_1", "ŷ_{1}", unicodedata.normalize("NFD", "ŷ_1")],
    "dL/dW_212": ["∂L/∂W_{2,1,2}", "∂L/∂w^{2}_{21}", " dL / dW_212 "],
    "dyhat_1/da_21": ["∂ŷ_1/∂a_{21}", "d yhat_1 / d a_21", "dŷ_1/dz^2_1"],
    "dL/da_2": ["δ^2", "delta^2", "dL/dz^2"],
    "dL/da_21": ["δ^2_1", "delta^{2}_{1}", "∂L/∂z^2_1"],
    "dL/da_12,3": ["δ^{12}_3", "delta^12_3"],
}


@pytest.mark.parametrize(("plain", "written"), [(plain, way) for plain, ways in WAYS.items() for way in ways])
def test_other_ways_to_write_a_name(plain, written):
    assert resolve(read(written)[0], BIG) == read(plain)[0]


@pytest.mark.parametrize("text", ["x_12", "y_12", "yhat_12", "ŷ_12", "z^1_12", "a^1_12", "δ^1_12", "b^1_12"])
def test_two_digits_are_one_index_where_only_one_is_possible(text):
    name = read(text)[0]
    assert (name.wrt if isinstance(name, Derivative) else name).index == (12,)


@pytest.mark.parametrize(
    ("name", "notation", "depth", "latex"),
    [
        ("a_21", "textbook", None, "a_{21}"),
        ("a_21", "delta", None, "z^{2}_{1}"),
        ("yhat_1", "textbook", None, r"\hat{y}_{1}"),
        ("yhat_1", "delta", 2, "a^{2}_{1}"),
        ("x", "delta", None, "a^{0}"),
        ("W_2,10,3", "textbook", None, "W_{2,10,3}"),
        ("W_2,10,3", "delta", None, "w^{2}_{3,10}"),
        ("dL/dW_212", "textbook", None, r"\frac{\partial L}{\partial W_{212}}"),
        ("dL/dW_212", "delta", None, r"\frac{\partial L}{\partial w^{2}_{21}}"),
        ("dL/da_2", "textbook", None, r"\frac{\partial L}{\partial a_{2}}"),
        ("dL/da_2", "delta", None, r"\delta^{2}"),
        ("dyhat_1/da_21", "delta", 2, r"\frac{\partial a^{2}_{1}}{\partial z^{2}_{1}}"),
        ("dL/da_10,", "textbook", None, r"\frac{\partial L}{\partial a_{10}}"),
    ],
)
def test_latex(name, notation, depth, latex):
    assert to_latex(read(name)[0], notation, depth) == latex


# ---------------------------------------------------------------- names that are none


NONE = "q_1 A_1 w_21 z_1 delta_2 δ x^2 W^2 dL dL/ d/da_1 L/W_212 dL/W_212 dL/dW_2/dx dL/dW^2 W_{2,1,2 W_2,1,2} W_-1"
MORE = "a_1.5 W_,1 yhat' a_2+1 __class__ δ^2/δ^1 a_² ∂ d/d"


@pytest.mark.parametrize("text", ["", " ", "a_1 + a_2", *NONE.split(), *MORE.split()])
def test_an_unknown_name_is_told_what_names_look_like(text):
    with pytest.raises(InputError, match=re.escape(f"name {text!r}")) as caught:
        read(text)
    assert all(known in str(caught.value) for known in ("x_3", "a_21", "yhat_1", "W_212", "dL/dW_212", "δ^2", "w^2_21"))


TOLD = {
    "W_2,10,3": ["W_2103", "W_21012", "W_2,10"],  # missing commas
    "commas are needed": ["a_210", "h_1012"],
    "a_10,": ["a_10", "dL/da_10"],
    "with no unit index (the whole) or with 2": ["W_21", "w^2_1", "dL/dW_21"],
    "a_1": ["a", "a_{}"],  # no layer
    "W_1": ["W", "dL/dW"],
    "counted from 1": ["x_0", "a_20", "a_0", "W_0", "W_2,0,1", "z^1_0", "w^2_10"],
    "at most 3 indices": ["W_2,1,2,1", "W_2121"],  # too many
    "at most 2 indices": ["a_2,1,1", "w^2_211"],
    "at most 1 ind": ["x_1,2", "yhat_1,2", "z^2_1,1"],
    "at most 0 indices": ["L_1"],
}


@pytest.mark.parametrize(("told", "text"), [(told, text) for told, texts in TOLD.items() for text in texts])
def test_wrong_indices_are_told_what_to_write(told, text):
    with pytest.raises(InputError, match=re.escape(told)) as caught:
        read(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("text", ["dL/dδ^2", "dL/ddelta^2", "dδ^2/dw^2", "∂δ^1_1/∂x"])
def test_delta_inside_a_derivative_is_refused(text):
    """δ is a derivative already: dL/dδ^2 must not be read as dL/dz^2."""
    with pytest.raises(InputError):
        read(text)


@pytest.mark.parametrize("text", ["x_" + "1" * 5000, "a_1," + "9" * 5000, "z^" + "1" * 5000])
def test_an_index_of_thousands_of_digits_is_an_input_error(text):
    with pytest.raises(InputError):
        read(text)


PIECES = "d ∂ / x yhat ŷ L a_ h_ W_ b_ z^ w^ δ^ delta^ _ { } , 0 1 2 12"


@calm
@given(st.lists(st.sampled_from(PIECES.split()), max_size=8))
def test_any_text_is_a_name_or_an_input_error(pieces):
    try:
        name, notation = read("".join(pieces))
    except InputError:
        return
    text = to_text(name, notation)
    assert to_text(read(text)[0], notation) == text


# ---------------------------------------------------------------- against a network


SIZES = (4, 3, 2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a_3", "a_2 (2)"),
        ("h_3", "h_1 (3)"),
        ("W_3", "W_1 (3 x 4)"),
        ("b_7", "b_2 (2)"),
        ("z^0", "x (4)"),
        ("w^0", "W_2 (2 x 3)"),
        ("x_5", "x, which is 4"),
        ("y_3", "y, which is 2"),
        ("yhat_3", "yhat, which is 2"),
        ("a_23", "a_2, which is 2"),
        ("h_14", "h_1, which is 3"),
        ("h_23", "yhat, which is 2"),
        ("b_14", "b_1, which is 3"),
        ("W_141", "W_1, which is 3 x 4"),
        ("W_115", "W_1, which is 3 x 4"),
        ("dL/dW_215", "W_2, which is 2 x 3"),
        ("dyhat_3/dx", "yhat, which is 2"),
        ("dL/dy", "with respect to one of x (4)"),
        ("dyhat/dL", "with respect to one of x (4)"),
        ("dy/dx", "a derivative of L, yhat, h_i or a_i"),
        ("dW_1/dx", "a derivative of L, yhat, h_i or a_i"),
    ],
)
def test_what_a_network_does_not_have_is_told_what_exists(text, told):
    with pytest.raises(InputError, match=re.escape(told)):
        resolve(read(text)[0], SIZES)


@pytest.mark.parametrize(
    ("text", "size"),
    [("x", (4,)), ("y", (2,)), ("yhat", (2,)), ("L", ()), ("W_1", (3, 4)), ("W_212", ()), ("b_1", (3,)), ("h_1", (3,))],
)
def test_shapes(text, size):
    assert shape(read(text)[0], SIZES) == size


def test_what_exists_is_listed_in_full_or_shortened():
    every = "x (4), W_1 (3 x 4), b_1 (3), a_1 (3), h_1 (3), W_2 (2 x 3), b_2 (2), a_2 (2), yhat (2), y (2), L"
    assert existing(SIZES) == every
    assert (existing(BIG).count("W_"), existing(BIG).count("…")) == (2, 1)
    assert "W_40, (130 x 130)" in existing(BIG)


def test_a_component_knows_its_whole():
    component = read("W_212")[0]
    assert component.is_component
    assert not component.whole.is_component
    assert component.whole == read("W_2")[0]


def test_a_name_that_is_read_is_only_resolved():
    for text in ("W_212", "dL/dh_1", "h_0", "δ^2_1"):
        assert find(read(text)[0], SIZES) == (find(text, SIZES)[0], "textbook")
    with pytest.raises(InputError, match="name W_9: expected one of"):
        find(read("W_9")[0], SIZES)


@pytest.mark.parametrize(
    ("text", "whole", "swapped", "subject", "layer"),
    [("x_3", "x", "x_3", "x_3", 0), ("yhat_1", "yhat", "yhat_1", "yhat_1", 2), ("y", "y", "y", "y", 2),
     ("L", "L", "L", "L", 2), ("h_13", "h_1", "h_13", "h_13", 1), ("W_213", "W_2", "W_231", "W_213", 2),
     ("dL/dW_213", "dL/dW_2", "dL/dW_231", "W_213", 2), ("dyhat_1/da_21", "dyhat_1/da_2", "dyhat_1/da_21", "a_21", 2)],
)  # fmt: skip
def test_a_name_knows_its_whole_its_subject_its_layer_and_its_weights_the_other_way_round(
    text, whole, swapped, subject, layer
):
    name = read(text)[0]
    assert name.whole == read(whole)[0]
    assert name.swapped == read(swapped)[0]
    assert name.swapped.swapped == name
    assert name.subject == read(subject)[0]
    assert name.subject.layer_in(2) == layer
    assert name.whole.at(name.subject.index) == name
