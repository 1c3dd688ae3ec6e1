"""What can have been rounded only once is rounded or cut; what goes on with an author's rounded numbers is right."""

import math
from decimal import ROUND_DOWN, Decimal

from hypothesis import assume, example, given
from hypothesis import strategies as st

from chainrule.auditing.audit import audit_text
from chainrule.auditing.marking.roundings import MANY, roundings_of
from chainrule.auditing.records import ACCEPTED
from chainrule.formula.grammar import parse
from tests.support.sample import draws

LINEAR = "x = {x}, y = 10, w = {w}, linear, L = (yhat - y)^2\nyhat = {written}"
CHAIN = "x = {x}, t = 1, w1 = {w1}, b1 = {b1}, w2 = {w2}, b2 = {b2}, sigmoid, E = 1/2 (y - t)^2\n"
tenths = st.integers(-30, 30).filter(bool).map(lambda n: Decimal(n).scaleb(-1))
few = draws(4)


def last(text):
    return audit_text(text).lines[-1]


def sigmoid(value):
    return 1 / (1 + math.exp(-value))


@few
@given(tenths, tenths, st.integers(2, 5), st.sampled_from((-1, 1)))
@example(Decimal(2), Decimal(3), 2, 1)
@example(Decimal("0.3"), Decimal("2.0"), 4, -1)  # 0.3*2.0 is 0.6 and a little as floats have it
def test_a_product_of_exact_numbers_that_needs_no_rounding_is_wrong_by_one_in_its_last_digit(x, w, decimals, sign):
    exact = (x * w).quantize(Decimal(1).scaleb(-decimals))
    assert last(LINEAR.format(x=x, w=w, written=exact)).verdict in ACCEPTED
    off = exact + Decimal(sign).scaleb(-decimals)
    assume(off * exact > 0)
    assert last(LINEAR.format(x=x, w=w, written=off)).verdict == "wrong"


@few
@given(st.integers(11, 99), st.integers(101, 999), st.booleans())
def test_a_product_that_is_rounded_may_be_cut_as_well(x, w, cut):
    x, w = Decimal(x).scaleb(-1), Decimal(w).scaleb(-2)
    exact = x * w
    written = exact.quantize(Decimal("0.01"), rounding=ROUND_DOWN) if cut else round(exact, 2)
    assert last(LINEAR.format(x=x, w=w, written=written)).verdict in ACCEPTED


@few
@given(tenths, tenths, tenths, tenths, tenths, st.integers(3, 5))
@example(*map(Decimal, ("2", "0.5", "0.3", "0.8", "0.1")), 4)
def test_an_own_rounded_number_is_put_in_without_a_result(x, w1, b1, w2, b2, decimals):
    h = round(sigmoid(float(w1 * x + b1)), decimals)
    z = round(float(w2) * h + float(b2), decimals)
    y = sigmoid(z)
    assume(0.05 < y < 0.95)
    text = CHAIN.format(x=x, w1=w1, b1=b1, w2=w2, b2=b2)
    text += f"h1 = {h:.{decimals}f}\nz2 = {w2}*{h:.{decimals}f} + {b2} = {z:.{decimals}f}\n"
    text += f"y = 1/(1+e^(-({z:.{decimals}f})))\ny = {y:.{decimals}f}"
    assert {line.verdict for line in audit_text(text).lines} <= {*ACCEPTED}


def test_what_is_put_in_without_a_result_and_is_another_number_is_wrong():
    text = CHAIN.format(x=2, w1=0.5, b1=0.3, w2=0.8, b2=0.1) + "h1 = 0.7858\nz2 = 0.7286\nyhat = 1/(1+e^(-0.7826))"
    line = last(text)
    assert line.verdict == "wrong"
    assert "0.7826 stands where" in line.message


@few
@given(st.integers(1, 9), st.sampled_from((-2, -1, 1, 2)))
@example(5, 1)
def test_numbers_that_are_written_out_give_what_stands_behind_them(tenth, off):
    """z = 0.w * 0.hhh in three decimals: the digits of h can move it by no more than half of a tenth's share."""
    w = Decimal(tenth).scaleb(-1)
    text = f"x = 1, y = 1, w_1 = {w}, w_2 = {w}, sigmoid, L = (yhat - y)^2\n"
    hidden = round(sigmoid(float(w)), 3)
    z = Decimal(f"{hidden:.3f}") * w
    written = round(z, 3)
    line = last(text + f"h = {hidden:.3f}\nz_2 = {w} * {hidden:.3f} = {written}")
    assert line.verdict in ACCEPTED
    moved = written + Decimal(off).scaleb(-3)
    gap = abs(moved - z)
    line = last(text + f"h = {hidden:.3f}\nz_2 = {w} * {hidden:.3f} = {moved}")
    if gap > Decimal("0.001") + w * Decimal("0.0006"):
        assert line.verdict == "wrong"


def test_how_often_a_calculation_rounds():
    assert roundings_of(parse("0.5*0.622"), 0.001) == 0
    assert roundings_of(parse("0.5*0.6221 + 0.25"), 0.001) == 1
    assert roundings_of(parse("0.5*0.6221 + 0.3*0.1234"), 0.001) == 2
    assert roundings_of(parse("-0.794 - 0.1*1.5326"), 0.0001) == 1
    assert roundings_of(parse("1/(1 + exp(-0.7))"), 0.001) == 2
    assert roundings_of(parse("[0.5*0.6, 0.1]"), 0.001) >= MANY


@few
@given(st.integers(1, 8), st.integers(1, 8), st.integers(2, 9))
def test_an_update_of_another_weight_does_not_follow_from_a_wrong_gradient(a, b, off):
    text = (
        f"x1 = 1, x2 = 1, w1 = 0.{a}, w2 = 0.{b}, b = -0.4, y = 1, learning rate 0.1, sigmoid, L = 1/2 (y - yhat)^2\n"
    )
    p = round(sigmoid(a / 10 + b / 10 - 0.4), 2)
    gradient = (p - 1) * p * (1 - p)
    new = b / 10 - 0.1 * gradient
    text += f"yhat = {p:.2f}\ndL/dw1 = {gradient:.6f}\ndL/dw1 = {gradient * off:.6f}\nw2_new = {new:.7f}"
    lines = audit_text(text).lines
    assert lines[-2].verdict == "wrong"
    assert lines[-1].verdict in ACCEPTED


@few
@given(st.integers(1, 9), st.integers(1, 9), st.integers(3, 4))
def test_parts_of_the_loss_and_their_sum(a, b, decimals):
    text = f"""i1 = 1.44, i2 = 0.39; t1 = 0.8, t2 = 0.18
sigmoid. E = 1/2 (t - o)^2
w1 = 0.{a}, w2 = -0.66, w3 = 0.34, w4 = 0.{b}, b1 = 0.14
w5 = -0.13, w6 = 0.82, w7 = 0.59, w8 = -0.29, b2 = 0.46
"""
    h = [sigmoid(a / 10 * 1.44 - 0.66 * 0.39 + 0.14), sigmoid(0.34 * 1.44 + b / 10 * 0.39 + 0.14)]
    o = [sigmoid(-0.13 * h[0] + 0.82 * h[1] + 0.46), sigmoid(0.59 * h[0] - 0.29 * h[1] + 0.46)]
    o = [round(one, decimals) for one in o]
    parts = [round((t - one) ** 2 / 2, decimals) for t, one in zip((0.8, 0.18), o, strict=True)]
    text += "".join(f"out_o{k} = {one:.{decimals}f}\n" for k, one in enumerate(o, 1))
    text += f"E_o1 = 1/2*(0.8 - {o[0]:.{decimals}f})^2 = {parts[0]:.{decimals}f}\n"
    text += f"E_o2 = 1/2*(0.18 - {o[1]:.{decimals}f})^2 = {parts[1]:.{decimals}f}\n"
    text += f"E_total = E_o1 + E_o2 = {sum(parts):.{decimals}f}"
    verdicts = [line.verdict for line in audit_text(text).lines[-3:]]
    assert not {"wrong", "follows", "unreadable"} & {*verdicts}
    if min(parts) >= 0.003:  # of fewer digits it is no part that is told by its number
        assert set(verdicts) <= {*ACCEPTED}


def test_a_number_that_is_all_but_round_may_be_cut():
    """0.6 - 0.1 * 2.2e-9 is 0.59999 with five digits cut; 0.6 itself is not."""
    head = "+++\nlearning_rate = 0.1\noutput = 'identity'\nloss = 'half_squared_error'\nx = [{}]\ny = [0]\n"
    head += "[[layer]]\nW = [[0.6]]\nb = [0]\n+++\na_11 = {}\nW_11' = 0.59999\n"
    small = audit_text(head.format("6e-5", "0.000036")).lines[-1]
    assert small.verdict in ACCEPTED
    assert audit_text(head.format("0", "0")).lines[-1].verdict not in ACCEPTED
