"""Lines of worksheets: claims and prose, blocks and lists, errors with their place, limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule import InputError
from chainrule.formula import latex, text
from chainrule.formula.tree import Array, Ref, children
from chainrule.network.names import Quantity
from chainrule.sheets.lines import LARGEST, MOST_LINES, read_lines
from tests.support.clock import within
from tests.support.sample import draws, one_in
from tests.support.sheets import SIZES, error, line, lines, number, tree

# ---------------------------------------------------------------- lines, claims and prose


def parts(written, **options):
    return [[part.text for part in line.parts] for line in lines(written, **options)]


@pytest.mark.parametrize(
    "prose",
    [
        "Now the output.", "", "   ", "So the loss is what we wanted = good", "W_{212} influences a_{21}", "3.", "$$",
        "----", "a_21", "# Part 1", "yhat ← a_2 ← h_1", r"$L \leftarrow \hat{y} \leftarrow a_2$",
        "The network, with W_1[2][2] as printed", "l = no. of hidden layer", "Activation = sigmoid",
        r"$\therefore \frac{dL}{db_{212}} =$ Substitute values calculated in forward pass and get the update values.",
        r"$$W_2 \text{ matrix} \rightarrow 4 \times 2 \text{ or } 2 \times 4$$", "\x00\x01", "====", "= 3",
    ],
)  # fmt: skip
def test_prose_is_left_out(prose):
    assert lines(prose) == ()


@pytest.mark.parametrize(
    "written",
    [
        "1. {}", "2) {}", "(3) {}", "a) {}", "• {}", "- {}", "* {}", "1st. {}", "• 2nd {}", "> {}", "∴ {}",
        r"\therefore {}", "=> {}", "→ {}", r"\Rightarrow {}",
        "${}$", "$${}$$", r"\({}\)", r"\[{}\]", r"\begin{{aligned}} {} \end{{aligned}}", r"$$\boxed{{{}}}$$",
        r"{} \\", "{}.", "{},", r"\quad {}",
        "`{}`", "**{}**", "- **{}**", "**So:** {}",
        r"\textcircled{{1}} {}", "① {}", "So {}", "Hence, {}", "Step 1: {}", "{} (rounded)",
        "{}, which is small enough",
        r"$${} \quad \text{{for the first output}}$$", "{}. That was easy.", r"{} \tag{{1}}",
    ],
)  # fmt: skip
def test_what_surrounds_a_claim_is_left_out(written):
    (found,) = lines(written.format("yhat_1 = 0.34"))
    assert found.error == ""
    assert [part.text for part in found.parts] == ["yhat_1", "0.34"]
    assert found.text == "yhat_1 = 0.34"


def test_signs_of_equality():
    arrows = ("←", "⟵", r"\leftarrow", r"\gets", "<-")
    for sign in ("=", "≈", ":=", "==", r"\approx", r"\simeq", "&=", "&\\approx", "≡", *arrows):
        assert parts(f"yhat_1 {sign} 0.34") == [["yhat_1", "0.34"]]


@pytest.mark.parametrize(
    "written",
    ["**dL/dW_1** = 0.3", "- **dL/dW_1** = **0.3**", "**dL/dW_1**=0.3", "1. **$dL/dW_1$** = 0.3"],
)
def test_bold_around_a_part_is_left_out(written):
    (found,) = lines(written)
    assert found.error == ""
    assert [part.text for part in found.parts] == ["dL/dW_1", "0.3"]


@pytest.mark.parametrize("sign", [":=", "←", r"\leftarrow", r"\gets", "<-"])
def test_an_update_in_place(sign):
    assert [text(part.tree) for part in line(f"W_1 {sign} W_1 - eta*dL/dW_1").parts] == ["W_1", "W_1 - eta*dL/dW_1"]


def test_several_claims_on_a_line():
    assert parts("yhat_1 = 0.34; yhat_2 = 0.19") == [["yhat_1", "0.34"], ["yhat_2", "0.19"]]
    assert parts("yhat_1 = 0.34, yhat_2 = 0.19") == [["yhat_1", "0.34"], ["yhat_2", "0.19"]]
    assert parts(r"x = [2 \ 5 \ 3 \ 3] \quad y = [1, 0]") == [["x", r"[2 \ 5 \ 3 \ 3]"], ["y", "[1, 0]"]]
    assert parts("a_1 = [1, 2], h_1 = max(0, a_1)") == [["a_1", "[1, 2]"], ["h_1", "max(0, a_1)"]]
    assert parts("x_1 = 2 => x_2 = 3") == [["x_1", "2"], ["x_2", "3"]]
    assert parts("L = sum_{i=1}^{2} y_i, y_1 = 1") == [["L", "sum_{i=1}^{2} y_i"], ["y_1", "1"]]


def test_a_line_that_begins_with_equal_goes_on():
    (found,) = lines("prose", "a_21 = W_211 h_11 + b_21", "  = 0.5*0.2", "", "and so", "$$= 0.1$$", first=10)
    assert found.number == 11
    assert [part.text for part in found.parts] == ["a_21", "W_211 h_11 + b_21", "0.5*0.2", "0.1"]
    assert found.text == "a_21 = W_211 h_11 + b_21 = 0.5*0.2 = 0.1"
    assert parts("dL/dW_212\n= -0.13") == [["dL/dW_212", "-0.13"]]
    assert parts("dL/dW_212 =\n  -0.13") == [["dL/dW_212", "-0.13"]]


def test_what_nobody_filled_in():
    for written in ("a_21 =", "a_21 ←", "a_21 = ?", "a_21 = ____", "a_21 = …"):
        first, second = lines(written, "yhat_1 = 0.3")
        assert "expected a number or a formula" in first.error
        assert second.error == ""


def test_blocks_of_latex_over_several_lines():
    block = r"""$$
\begin{aligned}
\delta^{(2)}_1 &= (y_1 - \hat{y}_1)
  \cdot h_{12} \\
&= -0.0652 \\
\hat{y}_1 &= 0.3
\end{aligned}
$$
L = 1"""
    found = lines(block)
    assert [[text(part.tree) for part in line.parts] for line in found] == [
        ["δ^2_1", "(y_1 - yhat_1)*h_12", "-0.0652"],
        ["yhat_1", "0.3"],
        ["L", "1"],
    ]
    assert [line.number for line in found] == [3, 6, 9]
    assert [line.notation for line in found] == ["delta", "textbook", "textbook"]


def test_matrices_over_several_lines():
    rows = Array((Array((number("1"), number("2"))), Array((number("3"), number("4")))))
    for written in ("W_2 = [[1, 2],\n       [3, 4]]", "W_2 = \\begin{bmatrix}\n1 & 2 \\\\\n3 & 4\n\\end{bmatrix}"):
        first, last = lines(written, "L = 1")
        assert first.parts[1].tree == rows
        assert last.text == "L = 1"


def test_a_block_that_is_never_closed_takes_no_other_line_with_it():
    assert [line.text for line in lines("$$ L = 1", "x_1 = 2")] == ["L = 1", "x_1 = 2"]
    assert len(lines("x = [1, 2", "y = [1, 0]")) == 2
    assert len(lines(r"\begin{aligned} L = 1", "x_1 = 2")) == 2


def test_the_subject_may_be_a_formula():
    assert text(line("-dL/dW_212 = -0.0221").parts[0].tree) == "-dL/dW_212"
    assert text(line("y_1 - yhat_1 = -0.17").parts[0].tree) == "y_1 - yhat_1"
    assert text(line("0.5*dL/dW_211 = 0.5*0.2 = 0.1").parts[0].tree) == "0.5*dL/dW_211"


def test_parts_are_as_written():
    (found,) = lines(r"$$\therefore \boxed{\mathbf{\hat{y}}_1 = \text{Softmax}(a_{2})_{}}$$")
    assert found.parts[0].text == r"\mathbf{\hat{y}}_1"


@pytest.mark.parametrize(
    ("written", "notation"),
    [
        ("L = a_21", "textbook"), ("L = z^2_1", "delta"), ("z^2 = 1", "delta"), ("L = δ_21", "textbook"),
        ("L = δ^2_1", "delta"),
        ("L = h^{(1)}_1", "textbook"), ("L = W^{(2)}_{12}", "delta"), ("L = yhat_1^2", "textbook"),
    ],
)  # fmt: skip
def test_the_notation_of_a_line(written, notation):
    assert line(written).notation == notation


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("L = foo", "line 3, column 5: unknown name 'foo'"),
        (r"  $L = 2 \cdot foo$", "line 3, column 16: unknown name 'foo'"),
        ("L = __import__", "line 3, column 5: '_' cannot be read here"),
        ("L = eval(1)", "line 3, column 5: unknown name 'eval'"),
        ("L = y_i", "line 3, column 5: index i has no number; a claim about this network needs numbers"),
        (r"\delta_j^l = 3", "line 3, column 1: index j has no number; a claim about this network needs numbers"),
        ("z^l = 3", "line 3, column 1: index l has no number; a claim about this network needs numbers"),
        ("L = 2 +", "line 3, column 8: expected a number, a name or a bracket; got the end"),
        ("L = 2 3", "line 3, column 7: expected an operator or the end; got '3'"),
        ("L = (2 + 3", "line 3, column 11: expected a closing bracket; got the end"),
        ("L = 2)", "line 3, column 6: expected an operator or the end; got ')'"),
        ("L = 2 # 3", "line 3, column 7: '#' cannot be read here"),
        (r"L = \foo{2}", r"line 3, column 5: '\\foo' cannot be read here"),
        ("L = a", "line 3, column 5: expected a layer, such as a_1; got none"),
        ("L = sigmoid''(a_1)", "line 3, column 5: unknown function \"sigmoid''\""),
        ("L = 2'", 'line 3, column 6: expected an operator or the end; got "\'"'),
        ("L = (2)'", "line 3, column 8: a prime stands behind a name, or behind a function before its bracket"),
        ("L = sum_{ij} x_i", "line 3, column 5: a sum runs over one letter, as in sum_{i=1}^{2} or sum_i"),
        ("L = sum_i 3", "line 3, column 5: nothing says how far the sum over i runs"),
        ("L = dδ^2_1/da_11", "line 3, column 5: δ is a derivative itself; within one stands z or a"),
        ("L = yhat^{(1)}", "line 3, column 5: yhat is the output, layer 2; got layer 1"),
        ("2*foo = 3", "line 3, column 3: unknown name 'foo'"),
        ("L = 1\x00", r"line 3, column 6: '\x00' cannot be read here"),
    ],
)
def test_an_error_names_line_and_column(written, said):
    found = lines("Prose.", "x_1 = 2", written)[-1]
    assert found.error == said
    assert found.number == 3
    assert any(part.tree is None for part in found.parts)


@pytest.mark.parametrize("written", ["W_2123", "a_211", "b_{212}", "W_02", "x_0", "w_{11}", "W_{1,2}", "a_{2,1,1}"])
def test_a_name_with_the_wrong_number_of_indices(written):
    assert error(written).startswith("line 1, column 5: expected")


def test_a_swapped_index_is_left_to_the_marker():
    assert tree("W_241") == Ref(Quantity("W", 2, (4, 1)))


def test_the_place_within_a_block():
    found = lines("$$", "L = 1 +", "  2 + foo", "$$")
    assert found[0].error == "line 3, column 7: unknown name 'foo'"


def test_the_other_parts_of_an_unreadable_line_are_read():
    (found,) = lines("L = foo = 0.3")
    assert [part.tree is None for part in found.parts] == [False, True, False]


# ---------------------------------------------------------------- limits

FLOODS = [
    "(" * 10_000 + "1" + ")" * 10_000, "[" * 19_000, r"\frac{" * 3_000, r"\mathbf{" * 2_400, r"\hat{" * 3_500,
        "9" * 1_000_000, "9" * 19_000, "-" * 19_000 + "1",
    "x_1/" * 4_000 + "1", "x_1/2*" * 3_000 + "1", "log " * 4_000 + "x_1", r"\sum_i " * 2_500 + "x_i",
        "x_1" + "^T" * 4_000, "x_1" + "'" * 9_000,
    "sum_{i=1}^{999999} 1", "sum_i sum_j sum_k sum_l sum_m sum_n sum_p x_i*x_j*x_k*x_l*x_m*x_n*x_p", "1, " * 6_000,
        "= 1 " * 4_000, "e^" * 9_000, "d/d" * 6_000,
    "W_1" * 6_000, "W_" + "1," * 9_000, "a_" + "i" * 18_000, "a" * 19_000, " " * 19_000 + "1", "3" + ", ab" * 4_000,
        "3" + ". ab cd" * 2_400, "1 = [" * 3_000,
    "𝑧" * 18_000 + "= 1", "$a$ = $b$ " * 900, "| $a$ " * 3_000 + "|", "[1;" * 5_000, "(1,2)" * 3_000,
    r"\," * 9_000 + "= 1", "a → " * 4_000, "0.5 com y " * 1_900 + "= 1", "_{new}" * 3_000 + "= 1",
    "new " * 4_000 + "= 1", "L[1]" * 4_000 + "= 1",
    r"1 \\ " * 3_000, "$" * 19_000, "·" * 18_000, "\\" * 18_000, "∑_" * 9_000, "_" * 18_000, "{" * 50 + "1" + "}" * 50,
]  # fmt: skip


@pytest.mark.parametrize("flood", one_in(2, FLOODS))
def test_a_line_that_floods_is_refused_quickly(flood):
    tree("1")  # the parser is there
    with within(1):
        for found in lines(f"L = {flood}"):
            assert found.parts or found.error
            for part in found.parts:
                if part.tree is not None:
                    assert depth(part.tree) < 300
                    text(part.tree), latex(part.tree)


def depth(node):
    deepest, rest = 0, [(node, 1)]
    while rest:
        node, at = rest.pop()
        deepest = max(deepest, at)
        rest += [(child, at + 1) for child in children(node)]
    return deepest


def test_the_limits_of_a_line():
    assert "at most 20000 characters can be read; got 20005" in error("1" * 20_001)
    assert "expected a number of at most 40 characters; got one of 41" in error("1" * 41)
    assert error("1" * 40) == ""
    assert "at most 60 brackets within brackets can be read" in error("(" * 61 + "1" + ")" * 61)
    assert error("(" * 59 + "1" + ")" * 59) == ""
    assert len(line("L = " + "(" * 30_000).text) < 300


def test_the_limits_of_a_sheet():
    with pytest.raises(InputError, match=f"at most {MOST_LINES} lines; got 5001"):
        read_lines(["L = 1"] * 5_001, 1, SIZES)
    with pytest.raises(InputError, match=f"at most {LARGEST} characters; got 10000004"):
        read_lines(["L = " + "(" * 10_000_000], 1, SIZES)
    with pytest.raises(InputError, match=f"at most {LARGEST} characters"):
        read_lines(["L = " + "(" * 5_000] * 2_000, 1, SIZES)


def test_an_ordinary_line_takes_little_time():
    sheet = [
        r"$$\frac{\partial L}{\partial W_{212}} = \frac{\partial L}{\partial \hat{y}_1} \cdot W_{211} h_{11} = -0.06$$"
    ] * 200
    read_lines(sheet, 1, SIZES)
    with within(200 * 0.002):
        assert len(read_lines(sheet, 1, SIZES)) == 200


# ---------------------------------------------------------------- any text

JUMBLE = r"""
\frac{ } dL/ d ∂ W_212 \hat{y} yhat_1 _ ^ { } ( ) [ ] = , ; $$ $ \begin{bmatrix} \end{bmatrix} & \\ + - * / 1 0.5 1e-4
a_21 h^{(2)} \sum_i sum_ log e^ ' '{3} ^T g' σ δ^2 \text{ \left( \right) \quad foo _i i \mathbf{ \underbrace{ }_{ ⊙ ½ ₁
² ∇_ \\[ . : ∴ eta word \prime ^{ \tag{
"""
PIECES = JUMBLE.split()


def checked(found):
    for claim in found:
        assert claim.parts or claim.error
        assert all(part.tree is not None or claim.error for part in claim.parts)
        assert claim.error == "" or claim.error.startswith("line ")


@given(st.lists(st.text(), max_size=4))
@draws(60)
def test_any_text_is_read_or_refused(written):
    checked(read_lines(written, 1, SIZES))
    checked(read_lines([f"L = {line}" for line in written], 1, SIZES))


@given(st.lists(st.lists(st.sampled_from([*PIECES, " "]), max_size=20).map("".join), max_size=3))
@draws(60)
def test_any_jumble_of_pieces_is_read_or_refused(written):
    checked(read_lines(written, 1, SIZES))
    checked(read_lines([f"L = {line}" for line in written], 1, SIZES))
