"""Which cause is named for a wrong line: the mistakes people make, none by accident, each once; two scales at once."""

import numpy as np
import pytest

from chainrule.auditing.audit import audit_text
from chainrule.auditing.diagnosis.by_pattern import observed
from chainrule.auditing.diagnosis.chance import Chance
from chainrule.auditing.marking.mark import NumberMark
from chainrule.auditing.model.digits import Numbers, apart, swapped_digits
from chainrule.auditing.records import ACCEPTED
from tests.auditing.test_slips import HEADER as TWO_OUTPUTS
from tests.support.sample import one_in, seeds
from trials import audit as trials


def header(output="sigmoid", loss="half_squared_error", x="[1, -2]", y="[1]", hidden="sigmoid", extra=""):
    return f"""+++
learning_rate = 0.5
[network]
hidden = "{hidden}"
output = "{output}"
loss = "{loss}"
{extra}
x = {x}
y = {y}
[[network.layer]]
W = [[0.3, 0.7], [-0.4, 0.6]]
b = [0.2, 0.1]
[[network.layer]]
W = [[0.9, -0.5]]
b = [0.3]
+++
"""


TWICE = "yhat - y has the derivative of the sigmoid in it already; it is applied once more"


def test_the_sigmoid_applied_once_more_has_one_sentence_in_two_lines_and_in_one():
    sheet = header(loss="binary_cross_entropy")
    two = audit_text(sheet + "dL/dyhat_1 = yhat_1 - y_1\n").lines
    one = audit_text(sheet + "dL/da_21 = (yhat_1 - y_1)*yhat_1*(1 - yhat_1)\n").lines
    for (line,) in (two, one):
        assert (line.verdict, line.mistakes) == ("wrong", ("derivative_twice_bce",))
        assert TWICE in line.message


@pytest.mark.parametrize(
    "written",
    ["dL/dh_11 = dL/da_21", "dL/da_11 = dL/da_21*h_11*(1 - h_11)", "dL/dW_111 = dL/da_21*h_11*(1 - h_11)*x_1"],
)
def test_weights_left_out_on_the_way_back_are_named_in_formulas(written):
    (line,) = audit_text(header() + written).lines
    assert (line.verdict, line.mistakes[0]) == ("wrong", "weights_left_out")


def test_a_mistake_that_shows_in_several_lines_is_told_as_one():
    audit = audit_text(header() + "dL/dh_11 = dL/da_21\ndL/da_12 = dL/da_21*h_12*(1 - h_12)\nh_11 = sigma(a_11)\n")
    assert [line.repeats for line in audit.lines] == [None, audit.lines[0].number, None]
    assert "1 of 3 lines is right." in str(audit)
    assert f"Line {audit.lines[1].number} repeats a mistake." in " ".join(str(audit).split())


COMMONEST = (
    "weights_left_out", "lr_ten_times", "lr_tenth", "one_minus_h", "one_minus_a_squared", "error_times_1_minus_error",
    "derivative_of_layer_before", "multiplied_not_divided", "divided_not_multiplied",
)  # fmt: skip


@pytest.mark.parametrize("id", one_in(4, COMMONEST))
def test_the_commonest_are_planted_and_named(id):
    places = [place for place in trials.places() if place[0] == id]
    outcomes = [trials.planted(*place, i % 2) for i, place in enumerate(places)]
    shown = [o for o in outcomes if o.shown]
    assert len(shown) > 1
    assert sum(not o.named for o in shown) <= 1, [o.detail for o in shown if not o.named]


# ---------------------------------------------------------------- chance


def written(value, due, unit):
    number = Numbers(np.array(value), np.array(unit), str(value))
    return NumberMark(number, np.array(due), False, "wrong", np.array(False), None)


def test_each_value_tried_takes_its_share_of_the_room():
    """Of three digits below 1 there are 2,000 numbers; each value tried is one of them."""
    chance = Chance(written(0.345, 0.678, 0.001))
    tries = [chance.of(np.array(value)) for value in (0.345, 0.111, 0.222)]
    assert tries == pytest.approx([1 / 2000, 2 / 2000, 3 / 2000])
    assert chance.of(np.array(0.345)) == pytest.approx(1 / 2000)  # it was the first
    assert chance.of(np.array(0.6781)) == pytest.approx(3 / 2000)  # what is due is no try
    assert chance.of(np.array(np.inf)) == 1


def test_digits_that_may_be_cut_as_well_as_rounded_leave_more_room():
    assert Chance(written(0.345, 0.678, 0.001), both=True).of(np.array(0.111)) == pytest.approx(1.5 / 2000)


def test_other_targets_are_no_cause_where_few_digits_fit_them_by_accident():
    (coarse,) = audit_text(TWO_OUTPUTS + "dL/da_22 = -0.07").lines
    (fine,) = audit_text(TWO_OUTPUTS + "dL/da_22 = -0.0730").lines
    assert coarse.mistakes == ()
    assert "perhaps the targets y_1 and y_2 stand in each other's place" in coarse.message
    assert fine.mistakes == ("targets_swapped",)


@pytest.mark.parametrize("block", seeds(2, 3))
def test_a_random_number_has_no_cause(block):
    named = [trials.by_chance(1_000_000 + seed)[1] for seed in range(10 * block, 10 * (block + 1))]
    assert sum(named) <= 1


def test_the_cause_is_undecided_where_few_digits_are_given_and_what_would_decide_is_said():
    (coarse,) = audit_text(header() + "dL/da_21 = -0.38").lines
    (fine,) = audit_text(header() + "dL/da_21 = -0.384869").lines  # yhat - y
    (by_formula,) = audit_text(header() + "dL/da_21 = yhat_1 - y_1 = -0.38").lines
    assert (coarse.verdict, coarse.mistakes) == ("wrong", ())
    assert "the cause is undecided: perhaps the derivative of the output function is left out" in coarse.message
    assert coarse.message.endswith("one more digit, the line before or the formula would decide")
    assert fine.mistakes[0] == by_formula.mistakes[0] == "output_derivative_missing"


@pytest.mark.parametrize(("entry", "told"), [(0.2, True), (0.3, False)])  # 0.245 is due: 0.3 is off by 0.055
def test_rows_that_are_off_by_a_number_of_their_own_are_told_by_their_digits(entry, told):
    due, value = np.array([[0.1225, 10.0], [2.0, 4.0]]), np.array([[entry, 20.0], [6.0, 12.0]])
    mark = NumberMark(Numbers(value, np.full((2, 2), 0.1), ""), due, False, "wrong", np.zeros((2, 2), bool), None)
    says = "each row is what is due times a number of its own (2, 3, …): the unit's own factor is wrong, not its inputs"
    assert observed(mark, due) == (says if told else "")


# ---------------------------------------------------------------- numbers of messages


def test_numbers_of_a_message_differ_as_they_are_printed():
    assert apart(0.15, 0.154, 2) == "0.150"
    assert apart(1.0, 2.0, 1) == "1.0"
    rng = np.random.default_rng(5)
    for _ in range(200):
        value, other = rng.normal(), rng.normal() * 10.0 ** -rng.integers(0, 6)
        assert apart(value, value + other, 2) != f"{value + other:.2f}"


@pytest.mark.parametrize(
    ("claimed", "due", "swapped"),
    [(0.5279, 0.5297, True), (0.96, 0.69, True), (0.528, 0.5297, False), (0.55, 0.55, False), (0.1234, 0.1324, True)],
)
def test_digits_that_changed_places(claimed, due, swapped):
    unit = 10.0 ** -len(str(claimed)[2:])
    assert swapped_digits(claimed, due, unit) is swapped


# ---------------------------------------------------------------- two conventions at once


def test_two_scales_at_once_are_two_conventions():
    sheet = header(x="[[0.6, -1.0], [0.2, 0.9]]", y="[[0.0], [1.0]]", extra='reduction = "mean"')
    from chainrule.auditing.audit import problem_of
    from chainrule.sheets.header import parse_worksheet

    problem = problem_of(parse_worksheet(sheet, "sheet"))
    style = trials.Style(digits=5, reading=trials.Reading(scale=4.0))  # 2 for the 1/2, 2 for the two examples
    lines = trials.write(problem, trials.names(problem), style, np.random.default_rng(0))
    audit = audit_text(sheet + "\n".join(line.line for line in lines))
    assert [c.id for c in audit.conventions] == ["no_half", "sum_batch"]
    assert all(line.verdict in ACCEPTED for line in audit.lines)
