"""Numbers of a line that are slips of the pen: which one is named, and what is said where nothing fits."""

import pytest

from chainrule.auditing.audit import audit_text

HEADER = """+++
[network]
hidden = "sigmoid"
output = "sigmoid"
loss = "half_squared_error"
x = [1.0, 2.0]
y = [1.0, 0.0]
[[network.layer]]
W = [[0.1, 0.3], [-0.2, 0.4]]
b = [0.1, -0.1]
[[network.layer]]
W = [[0.5, -0.6], [0.7, 0.2]]
b = [0.3, 0.1]
+++
"""
COARSE, FINE = "h_1 = [0.69, 0.6225]", "h_1 = [0.689974, 0.622459]"


def last(*lines):
    return audit_text(HEADER + "\n".join(lines)).lines[-1]


@pytest.mark.parametrize(
    ("before", "written", "says"),
    [
        (COARSE, "a_21 = 0.5*0.59 - 0.6*0.62 + 0.3 = 0.223", "0.59 stands where your h_11 = 0.69"),
        (FINE, "a_21 = 0.5*0.59 - 0.6*0.62 + 0.3 = 0.223", "0.59 stands where your h_11 = 0.689974"),
        (
            COARSE,
            "a_21 = 0.5*0.6900 - 0.6*0.6252 + 0.3 = 0.2699",
            "0.6252 stands where your h_12 = 0.6225 (digits swapped)",
        ),
        (COARSE, "a_21 = 0.5*0.96 - 0.6*0.62 + 0.3 = 0.408", "0.96 stands where your h_11 = 0.69 (digits swapped)"),
    ],
)
def test_a_number_that_stands_where_another_is_due(before, written, says):
    line = last(before, written)
    assert (line.verdict, line.mistakes) == ("wrong", ("digit_transposition_or_copy",))
    assert line.message.startswith(f"{says}, of line {line.number - 1}; a_21 should be 0.27")


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("a_21 = 0.5*0.69 + 0.6*0.62 + 0.3 = 1.017", "0.6 stands where W_212 = -0.6"),
        ("a_21 = 0.5*0.69 - 0.6*0.62 - 0.3 = -0.327", "-0.3 stands where b_21 = 0.3"),
    ],
)
def test_a_sign_that_is_lost_is_named_with_its_number(written, says):
    line = last(COARSE, written)
    assert (line.verdict, line.mistakes) == ("wrong", ("sign_lost",))
    assert line.message.endswith(f"probably {says}")


@pytest.mark.parametrize(
    ("written", "mistakes", "message"),
    [
        (
            "a_21 = 0.5*0.69 - 0.6*0.62 + 0.3 = 0.372",
            ("arithmetic",),
            "0.5*0.69 - 0.6*0.62 + 0.3 is 0.273, not 0.372; a_21 should be 0.272",
        ),
        (
            "a_21 = 0.9",
            ("inconsistent_with_own_line",),
            "a_21 should be 0.3; no mistake that is known here gives it",
        ),
        (
            "a_21 = W_211*h_11 = 0.9",
            ("inconsistent_with_own_line",),
            "the formula W_211*h_11 is wrong; it should be 0.3; no mistake that is known here gives it",
        ),
    ],
)
def test_where_no_slip_fits(written, mistakes, message):
    line = last(COARSE, written)
    assert (line.verdict, line.mistakes, line.message) == ("wrong", mistakes, message)


@pytest.mark.parametrize("written", ["dL/dW_211 = 0.1694", "dL/dW_1 = [[0.0263, 0.0525], [-0.0346, -0.0692]]"])
def test_the_derivative_of_an_output_where_that_of_the_loss_is_due(written):
    """Both are of yhat_1: by one weight, and by all of a layer."""
    line = last(written)
    assert (line.verdict, line.mistakes) == ("wrong", ("gradient_of_output_not_loss",))
    assert "dL/dyhat is missing" in line.message


def test_a_line_is_held_against_what_is_due_not_against_a_wrong_line_of_the_same_name():
    assert last("a_21 = 0.272", "a_21 = -0.272").mistakes == ("sign_lost",)
    assert last("a_21 = 0.9", "a_21 = -0.9").mistakes == ("inconsistent_with_own_line",)


# ---------------------------------------------------------------- names in formulas

RATE = HEADER.replace("[network]", "learning_rate = 0.5\n[network]", 1)


@pytest.mark.parametrize(
    ("written", "mistake", "says"),
    [
        ("dL/dW_211 = dL/da_22*h_11", "index_slip", "dL/da_22 stands where dL/da_21 should be"),
        ("dL/dW_211 = dL/da_21*h_12", "index_slip", "h_12 stands where h_11 should be"),
        ("b_21' = b_21 - eta*dL/db_22", "index_slip", "dL/db_22 stands where dL/db_21 should be"),
        ("a_21' = W_211'*h_11' + W_212'*h_11' + b_21'", "index_slip", "h_11' stands where h_12' should be"),
        (
            "dL/dW_211 = dL/da_21'*h_11",
            "updated_value_used",
            "dL/da_21 after the update stands where the one before it should be",
        ),
        ("h_11 = sigma(a_11')", "updated_value_used", "a_11 after the update stands where the one before it should be"),
    ],
)
def test_a_name_that_stands_where_another_is_due(written, mistake, says):
    line = audit_text(RATE + written).lines[-1]
    assert (line.verdict, line.mistakes) == ("wrong", (mistake,))
    assert line.message.endswith(f"is wrong: {says}")


# ---------------------------------------------------------------- numbers of the header


def test_a_header_is_doubted_only_where_the_other_lines_do_not_speak_for_it():
    """With -0.1 for W_111 the first line would be right; what follows says which of the two numbers was used."""
    alone = audit_text(HEADER + "a_1 = [0.6, 0.5]")
    (doubt,) = alone.contradictions
    assert (doubt.name, doubt.printed, doubt.needed) == ("W_111", 0.1, -0.1)
    assert alone.lines[0].verdict == "undecided"
    kept = audit_text(HEADER + "a_1 = [0.6, 0.5]\nh_1 = [0.645656, 0.622459]")
    assert [c.name for c in kept.contradictions] == ["W_111"]
    against = audit_text(HEADER + "a_1 = [0.6, 0.5]\nh_1 = [0.689974, 0.622459]")
    assert against.contradictions == ()
    assert [line.verdict for line in against.lines] == ["wrong", "rounded"]


@pytest.mark.parametrize(
    ("written", "needed"), [("[0.260, 0.50]", 0.03), ("[2.60, 0.50]", 1.2), ("[-0.40, 0.50]", -0.3)]
)
def test_a_sign_a_point_or_digits_of_the_header_are_doubted(written, needed):
    (doubt,) = audit_text(HEADER + f"a_1 = {written}").contradictions
    assert (doubt.name, doubt.printed, doubt.needed) == ("W_112", 0.3, needed)


@pytest.mark.parametrize("written", ["yhat_1 = 0.567", "yhat_1 = 0.5675", "yhat = [0.57, 0.67]"])
def test_of_a_line_that_is_rounded_as_it_should_be_nothing_is_said(written):
    """0.567464 and 0.669843, from lines that are rounded."""
    line = last(COARSE, written)
    assert (line.verdict, line.message) == ("rounded", "")


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["z^2 = [0.8, 0.5]", "a^2 = [0.689974, 0.622459]", "z^3 = [0.2715, 0.7075]"],
         "z^2 is a_1, a^2 is h_1, z^3 is a_2: layers of units are counted with the inputs as the first, weights are "
         "not"),
        (["net_3 = 0.8", "out_3 = 0.689974", "net_5 = 0.2715"],
         "net_3 is a_11, out_3 is h_11, net_5 is a_21: one index counts all units through the layers, the inputs too"),
    ],
)  # fmt: skip
def test_how_names_are_counted_is_said(lines, says):
    assert audit_text(HEADER + "\n".join(lines)).notes == (says,)


@pytest.mark.parametrize(("written", "verdict"), [("0.8", "rounded"), ("0.8000", "undecided")])
def test_old_weights_in_the_place_of_new_ones_are_no_roundings_of_them(written, verdict):
    """0.1, 0.3 and 0.1 are now 0.0968, 0.2935 and 0.0968, which give 0.7805."""
    header = HEADER.replace("+++", "+++\nlearning_rate = 0.3", 1)
    (line,) = audit_text(f"{header}a_11' = 0.1*1 + 0.3*2 + 0.1 = {written}").lines
    assert line.verdict == verdict
    assert ("each of its numbers is exact" in line.message) is (verdict == "undecided")
