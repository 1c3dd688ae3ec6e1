"""Right derivations in every form that people write: all of it is read, and all of it is right."""

import tomllib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.auditing.audit import audit_text
from chainrule.formula.tree import Ref, Timed
from chainrule.network.names import Quantity
from tests.support import written as w
from tests.support.sample import draws
from tests.support.sheets import lines

few = draws(2)


def audited(sheet, lines):
    return audit_text(sheet.text(lines)).lines


def all_right(sheet, lines, count=None):
    found = audited(sheet, lines)
    assert [line for line in found if line.verdict not in w.RIGHT] == []
    assert len(found) == (len(sheet.claims) if count is None else count)


@pytest.mark.parametrize("form", w.LATEX_LINES)
@given(sheet=w.sheets(), data=st.data())
@few
def test_a_derivation_in_latex(form, sheet, data):
    array = data.draw(st.sampled_from(w.IN_LATEX))
    all_right(sheet, [w.written(claim, form, array, latex=True) for claim in sheet.claims])


@pytest.mark.parametrize("form", w.PLAIN_LINES)
@given(sheet=w.sheets(), data=st.data())
@few
def test_a_derivation_in_plain_text(form, sheet, data):
    array = data.draw(st.sampled_from(w.IN_PLAIN))
    all_right(sheet, [w.written(claim, form, array, latex=False) for claim in sheet.claims])


@pytest.mark.parametrize("array", w.ARRAYS)
@given(sheet=w.sheets(), data=st.data())
@few
def test_arrays(array, sheet, data):
    latex = array in w.IN_LATEX
    form = data.draw(st.sampled_from(("dollars", "display") if latex else ("plain", "list")))
    all_right(sheet, [w.written(claim, form, array, latex) for claim in sheet.claims])


def test_signs_of_an_update_behind_any_name_of_a_parameter():
    for update in w.UPDATES:
        for name in ("W_2", "b_1", "W^{(2)}", "b^{(1)}", r"\mathbf{W}^{(2)}"):
            (found,) = lines(update.format(name) + " = 0.5", sizes=(3, 2, 1))
            assert found.error == ""
            assert isinstance(found.parts[0].tree, Ref)
            assert found.parts[0].tree.name.after == 1, (update, name)


@pytest.mark.parametrize("update", w.UPDATES)
@given(sheet=w.sheets())
@few
def test_updates(update, sheet):
    all_right(sheet, [w.written(claim, "dollars", "list", True, update) for claim in sheet.claims])
    all_right(sheet, [w.written(claim, "plain", "list", False, update) for claim in sheet.claims])


def one_name_updated(name):
    return Ref(Timed(name, 1))


@pytest.mark.parametrize(
    "written", ["W_{new}^{(2)}", r"W_{\text{new}}^{(2)}", "W_{2,new}", r"W_{2,\text{new}}", "W_{new, 2}",
                "W^{(2)}_{new}", r"W^{(2)\prime}", "W_2^+", "W_2_new", r"\mathbf{W}^{(2)}_{\text{new}}", "W_2(t+1)"],
)  # fmt: skip
def test_a_sign_of_an_update_beside_the_layer(written):
    (found,) = lines(f"{written} = [[0.5, 0.3]]", sizes=(3, 2, 1))
    assert (found.parts[0].tree, found.error) == (one_name_updated(Quantity("W", 2)), "")


@pytest.mark.parametrize(("written", "name"), [
    ("w5_new", "w5'"), ("q_{new}", "q'"), (r"v_{\text{new}, 5}", "v_5'"), ("θ^{(t+1)}", "θ'"), ("new w5", "w5'"),
    ("v_5^+", "v_5'"), ("q_{11}^{new}", "q_11'"), ("u^{(2)}_{new}", "u^{(2)}'"),
])  # fmt: skip
def test_a_sign_of_an_update_behind_the_authors_own_name(written, name):
    (found,) = lines(f"{written} = 0.5", sizes=(3, 2, 1))
    assert (found.parts[0].tree, found.error) == (Ref(name), "")


@pytest.mark.parametrize("sign", w.ASSIGNED)
@given(sheet=w.sheets())
@few
def test_arrows_give_a_parameter_its_new_value(sign, sheet):
    written = [w.written(claim, "plain", "list", False, "{}") for claim in sheet.claims]
    arrows = [
        one.replace(" = ", f" {sign} ", 1) if claim.is_update else one
        for one, claim in zip(written, sheet.claims, strict=True)
    ]
    all_right(sheet, arrows)


@given(sheet=w.sheets(outputs=(1,)), rule=st.sampled_from(("=", "←", "→", ":=")))
@few
def test_numbers_alone_update_a_parameter(sheet, rule):
    """The old number stands in the difference; a wrong new one is still found."""
    network = sheet.network
    (b,), gradient = network.biases[1].tolist(), float(next(c for c in sheet.claims if c.name == "dL/da_2").parts[1][0])
    new = round(b - 0.5 * gradient, 4)
    written = [f"dL/db_2 = {gradient:.4f}", f"b_2 {rule} {b} - 0.5*({gradient:.4f}) = {new:.4f}"]
    all_right(sheet, written, 2)
    assert (
        audited(sheet, [written[0], f"b_2 {rule} {b} - 0.5*({gradient:.4f}) = {new + 0.3:.4f}"])[1].verdict == "wrong"
    )
    (old,) = audited(sheet, [f"b_2 = {b}"])
    assert old.verdict in w.RIGHT


@pytest.mark.parametrize("sign", w.SIGNS)
@given(sheet=w.sheets())
@few
def test_signs_of_equality(sign, sheet):
    written = [w.written(claim, "plain", "list", False) for claim in sheet.claims]
    all_right(sheet, [one.replace(" = ", f" {sign} ") for one in written])


@pytest.mark.parametrize("between", w.BETWEEN)
@given(sheet=w.sheets(), latex=st.booleans())
@few
def test_claims_joined_by_words(between, sheet, latex):
    written = [w.written(claim, "dollars" if latex else "plain", "list", latex) for claim in sheet.claims]
    all_right(sheet, [between.join(written[at : at + 2]) for at in range(0, len(written), 2)])


VECTORS = {"list": "list", "tuple": "tuple", "column": "bmatrix", "print-out": "print-out"}


@pytest.mark.parametrize("sign", [" ", " * ", r" \cdot ", " · "])
@given(sheet=w.sheets(outputs=(1,)), arrays=st.tuples(*[st.sampled_from(list(VECTORS.values()))] * 2))
@few
def test_a_product_of_two_vectors_where_one_number_is_due(sign, sheet, arrays):
    h, a = (next(c.parts[1] for c in sheet.claims if c.name == name) for name in ("h_1", "a_2"))
    (W,), (b,) = sheet.network.weights[1], sheet.network.biases[1]
    W = np.asarray(W)
    line = f"a_2 = {w.array_written(W, arrays[0])}{sign}{w.array_written(h, arrays[1])} + {b} = {a[0]:.4f}"
    all_right(sheet, [line], 1)
    all_right(sheet, [line.rpartition(" = ")[0]], 1)
    (wrong,) = audited(sheet, [line.replace(f" = {a[0]:.4f}", f" = {a[0] + 0.3:.4f}")])
    assert wrong.verdict == "wrong"


@pytest.mark.parametrize("sign", ["⊗", r"\otimes"])
@given(sheet=w.sheets(), arrays=st.tuples(*[st.sampled_from(list(VECTORS.values()))] * 2))
@few
def test_the_outer_product_where_a_matrix_is_due(sign, sheet, arrays):
    da, dW = (next(c.parts[-1] for c in sheet.claims if c.name == name) for name in ("dL/db_1", "dL/dW_1"))
    x = np.asarray(tomllib.loads(sheet.header.replace("+++", ""))["network"]["x"])
    numbers = f"{w.array_written(da, arrays[0])} {sign} {w.array_written(x, arrays[1])}"
    all_right(sheet, [f"dL/dW_1 = dL/da_1 {sign} x = {w.array_written(dW, 'list')}", f"dL/dW_1 = {numbers}"], 2)
    ones = np.ones_like(da)
    all_right(sheet, [f"dL/db_1 = {w.array_written(da, 'list')} {sign} {w.array_written(ones, 'list')}"], 1)


@given(sheet=w.sheets())
@few
def test_functions_of_a_layer(sheet):
    a, h = (next(c.parts[-1] for c in sheet.claims if c.name == name) for name in ("a_1", "h_1"))
    for function in ("f_1", "g_1", "f^{(1)}", "f^{[1]}", "σ_1", r"\sigma^{(1)}", "f", "σ", "g"):
        all_right(sheet, [f"h_1 = {function}(a_1)", f"h_1 = {function}({w.array_written(a, 'list')})",
                          f"h_1 = {function}(a_1) = {w.array_written(h, 'list')}"], 3)  # fmt: skip
    for slope in ("f'_1", "f_1'", r"f^{(1)\prime}", "f'^{(1)}", "g_1'"):
        all_right(sheet, [f"dL/da_1 = dL/dh_1 ⊙ {slope}(a_1)", f"dh_1/da_1 = {slope}(a_1)"], 2)


@pytest.mark.parametrize(
    "prose",
    [
        "We use the learning rate of $\\eta$ and the loss $L$.", "The **output** comes to **0.65**.",
        "where $h_1$ is the hidden layer and $W_2$ its weights", "| Step | Formula | Value |", "|---|---|---|",
        "## 2. Backward pass", "1. First we go forward", "```python", "[", "]", "$$", r"\begin{align*}", r"\hline",
        "So far $W_2$ and $b_2$ were used.", "Schritt 3: jetzt rückwärts", "• Ableitung der Kostenfunktion",
    ],
)  # fmt: skip
def test_prose_is_no_claim_and_takes_none(prose):
    found = lines("a_1 = [1, 2]", prose, "", prose, "h_1 = [1, 2]", sizes=(2, 2, 1))
    assert [(line.number, len(line.parts), line.error) for line in found] == [(1, 2, ""), (5, 2, "")]


@pytest.mark.parametrize(
    "prose",
    [
        "```python", "[", "]", "$$", r"\begin{align*}", r"\hline", "", "Substituting the values:", "and so",
        "Einsetzen:", "Therefore, with the numbers of the table above,", "which gives", "|---|---|---|",
    ],
)  # fmt: skip
def test_a_line_that_begins_with_equal_goes_on_behind_what_leads_to_it(prose):
    (found,) = lines("a_1 = W_1 x", prose, "= [1, 2]", "", prose, "= [1.0, 2.0]", sizes=(2, 2, 1))
    assert (len(found.parts), found.doubt) == (4, "")


@pytest.mark.parametrize(
    "prose",
    [
        "The **output** comes to **0.65**.", "## 2. Backward pass", "• Ableitung der Kostenfunktion",
        "The mean over both examples", "1. First we go forward",
    ],
)  # fmt: skip
def test_a_line_that_begins_with_equal_is_in_doubt_behind_other_words(prose):
    first, second = lines("a_1 = [1, 2]", prose, "= [3, 2]", "= [3.0, 2.0]", sizes=(2, 2, 1))
    assert (first.number, len(first.parts), first.doubt) == (1, 2, "")
    assert (second.number, len(second.parts), second.text) == (3, 3, "a_1 = [3, 2] = [3.0, 2.0]")
    assert "may not go on" in second.doubt


def test_words_in_a_gradient_are_names():
    written = (r"$\nabla loss(scores) = [0.1, 0.2]$", r"$\mathit{h1}^T \nabla loss(scores) = [0.3, 0.4]$")
    found = lines("loss = 0.5", "scores = [1, 2]", "h1 = [3, 4]", *written, sizes=(2, 2, 1))
    assert [line.error for line in found] == [""] * 5


@pytest.mark.parametrize(
    "gap",
    ["____", "?", r"\boxed{\;}", r"\boxed{}", r"\underline{\hspace{2cm}}", "…", r"\square", r"$\ldots$", "\\_\\_"],
)
def test_gaps(gap):
    first, second = lines(f"a_1 = {gap}", "h_1 = [1, 2]", sizes=(2, 2, 1))
    assert first.blank
    assert not second.blank


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("$a_1$ = $b_1$", [["a_1", "b_1"]]),
        ("$a_1 = 0.5$ - $h_1 = 0.3$", [["a_1", "0.5"], ["h_1", "0.3"]]),
        ("$a_1$ - $h_1$ = 0.3", [["a_1$ - $h_1", "0.3"]]),
        ("3. $= 0.5$", []),
        ("$a_1$ is what $h_1 = b_1$ needs", [["h_1", "b_1"]]),
        ("Loss: $L = 0.5$, target: $y = 1$.", [["L", "0.5"], ["y", "1"]]),
        ("$a_1 = 1$ and $h_1$ = 2 for both", [["a_1", "1"], ["h_1", "2"]]),
        ("$h_1 =\n [1, 2] +\n [0, 1]$ as above", [["h_1", "[1, 2] + [0, 1]"]]),
        ("| 1 | $a_1$ | 0.5 |", [["a_1", "0.5"]]),
        ("| $a_1 = 1$ | $h_1 = 2$ |", [["a_1", "1"], ["h_1", "2"]]),
        ("| the loss $L$ | 0.5 |", [["L", "0.5"]]),
        ("| output | $yhat$ | 0.5 |", [["yhat", "0.5"]]),
        ("| 1 | 0 | 1 | 0.5 |", []),
        ("| 0 | 1 |", []),
        ("1\t2\t3", []),
        ("L: 2", []),
        ("$$ a_1 = 1,\n\\qquad\nh_1 = 2 . $$", [["a_1", "1"], ["h_1", "2"]]),
        ("z_1: [0.27 -0.18]", [["z_1", "[0.27 -0.18]"]]),
        ("W_2 → [0.5, 0.3] und b_2 → 0.1", [["W_2", "[0.5, 0.3]"], ["b_2", "0.1"]]),
    ],
)  # fmt: skip
def test_what_is_joined_and_what_is_apart(written, parts):
    assert [[part.text for part in line.parts] for line in lines(written, sizes=(2, 2, 1))] == parts


def test_a_row_with_several_numbers_says_which_is_claimed_or_is_refused():
    (found,) = lines("| $w_5$ | 0.4 | 0.448 |", sizes=(2, 2, 1))
    assert "nothing says which of them is claimed" in found.error
    assert found.error.startswith("line 1, column 11: ")
