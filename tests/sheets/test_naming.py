"""What an author's names stand for: by the sheet itself, by the table [names], or not at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule.formula.tree import Timed
from chainrule.network.names import read
from tests.support.author_names import AUTHORS, claims, drawn
from tests.support.sample import seeds
from trials import derivations

RIGHT = ("right", "rounded")
FEW = settings(max_examples=max(1, settings.default.max_examples // 10))  # each is a whole sheet read in many ways
SIZES = st.tuples(st.integers(2, 3), st.integers(2, 3), st.integers(1, 3))


@pytest.mark.parametrize("style", AUTHORS)
@FEW
@given(sizes=SIZES, seed=st.integers(0, 2**32 - 1))
def test_a_right_derivation_is_right_in_any_authors_names(style, sizes, seed):
    network, x, y, header = drawn(sizes, seed)
    author = AUTHORS[style](sizes)
    found = list(claims(author, network, x, y))
    audit = cr.audit(header + "\n".join(text for _, text in found) + "\n")
    assert [(a.text, a.message) for a in audit.lines if a.verdict not in RIGHT] == []
    assert len(audit.lines) == len(found)
    for (name, text), line in zip(found[:-1], audit.lines, strict=False):
        assert line.quantity == read(name)[0], text
    assert isinstance(audit.lines[-1].quantity, Timed) or audit.lines[-1].quantity == read("W_111")[0]


@pytest.mark.parametrize("style", AUTHORS)
@FEW
@given(sizes=SIZES, seed=st.integers(0, 2**32 - 1), data=st.data())
def test_one_wrong_number_is_wrong_and_no_other_line_is(style, sizes, seed, data):
    network, x, y, header = drawn(sizes, seed)
    lines = [text for _, text in claims(AUTHORS[style](sizes), network, x, y)]
    at = data.draw(st.integers(0, len(lines) - 1))
    before, _, number = lines[at].rpartition(" = ")
    lines[at] = f"{before} = {float(number) + data.draw(st.sampled_from((0.31, -0.27, 1.5))):.5f}"
    audit = cr.audit(header + "\n".join(lines) + "\n")
    verdicts = [a.verdict for a in audit.lines]
    assert verdicts[at] == "wrong"
    assert {v for i, v in enumerate(verdicts) if i != at} <= {*RIGHT, "undecided"}


NETWORK = """+++
learning_rate = 0.3
hidden = "tanh"
output = "tanh"
loss = "squared_error"
x = [0.5, -0.2]
y = [1.0]
{names}[[layer]]
W = [[0.3, -0.1], [0.2, 0.4]]
b = [0.1, -0.2]
[[layer]]
W = [[0.5, -0.3]]
b = [0.2]
+++
"""


def audited(lines, names=""):
    return cr.audit(NETWORK.format(names=names) + lines + "\n").lines


def test_a_number_under_a_name_that_is_not_understood_is_never_right():
    assert [a.verdict for a in audited("z1 = 0.87")] == ["undecided"]
    wrong, follows = audited("z1 = 0.3*0.5 + (-0.1)*(-0.2) + 0.7 = 0.87\nh1 = tanh(z1) = 0.7014")
    assert (wrong.verdict, follows.verdict) == ("wrong", "follows")  # its terms show what z1 is
    assert wrong.message.startswith("0.7 stands where b_11 = 0.1")
    assert [a.verdict for a in audited("foo = 0.5\nbar_2 = 0.1 + 0.2 = 0.3")] == ["undecided", "undecided"]
    assert audited("bar_2 = 0.1 + 0.2 = 0.4")[0].verdict == "wrong"  # whatever it means


def test_a_table_of_names_says_what_they_stand_for():
    names = '[names]\nfoo = "a_11"\nu = "a"\nE = "L"\n'
    assert [a.verdict for a in audited("foo = 0.27\nu_12 = -0.18\nE = 0.4004", names)] == ["right", "right", "rounded"]
    assert [a.verdict for a in audited("foo = 0.4321", names)] == ["wrong"]


def test_an_authors_own_quantities_have_derivatives():
    lines = audited(
        "yhat_1 = 0.3672\ne_1 = yhat_1 - y_1 = -0.6328\nL = e_1^2 = 0.4004\ndL/de_1 = 2*e_1 = -1.2656\n"
        "dL/dyhat_1 = dL/de_1*de_1/dyhat_1 = -1.2656\ndL/de_1 = 3*e_1"
    )
    assert [a.verdict for a in lines] == ["rounded"] * 5 + ["wrong"]


def test_a_second_pass_is_held_against_the_new_weights():
    new = "dL/db_2 = -1.0948\nb_2' = 0.5284\nW_2' = [0.5866, -0.3585]\n"
    (*_, last) = audited(new + "W_1' = [[0.3764, -0.1306], [0.1523, 0.4191]]\nb_1' = [0.2528, -0.2954]\nyhat = 0.7112")
    assert last.verdict in RIGHT
    (*_, last) = audited(new + "W_1' = [[0.3764, -0.1306], [0.1523, 0.4191]]\nb_1' = [0.2528, -0.2954]\nyhat = 0.7312")
    assert last.verdict == "wrong"


def test_new_values_that_stand_under_the_old_name():
    lines = audited("dL/db_2 = -1.0948\nb_2 = 0.5284\nb_2 = 0.2")
    assert [a.verdict for a in lines] == ["rounded", "rounded", "right"]
    assert audited("b_2 = 0.5284")[0].verdict in ("wrong", "rounded")


@pytest.mark.parametrize("seed", seeds(2, 6))
def test_a_sample_of_the_trial_of_derivations(seed):
    how, claims_written, verdicts, odd = derivations.marked(1_000 + seed)
    assert odd == "", how
    assert verdicts.total() == claims_written


def test_the_trial_of_derivations_sees_a_wrong_line(monkeypatch):
    how, text, count = derivations.sheet(1_000)
    header, _, lines = text.rpartition("+++\n")
    monkeypatch.setattr(derivations, "sheet", lambda seed: (how, f"{header}+++\nyhat_1 = 5.2187\n\n{lines}", count))
    assert derivations.marked(0)[2]["wrong"] == 1


NEURON = """+++
x = 2.0
y = 0
output = sigmoid
loss = half_squared_error
w = 0.6
b = 0.9
+++
"""
TWO = """+++
x = [1, 2]
y = 1
hidden = sigmoid
output = sigmoid
loss = half_squared_error
W1 = [[0.5, 0.2], [-0.3, 0.8]]
b1 = [0.1, 0.2]
W2 = [[0.4, -0.6]]
b2 = 0.3
+++
"""


def verdicts(text):
    return [a.verdict for a in cr.audit(text).lines]


def test_of_one_layer_a_is_the_output_beside_z():
    lines = "z = w*x + b = 2.1\na = sigmoid(z) = 0.8909\ndL/da = a - y = 0.8909\nda/dz = a(1-a) = 0.0972\n"
    assert verdicts(NEURON + lines) == ["right", "rounded", "rounded", "rounded"]
    assert verdicts(NEURON + "z = wx + b = 2.1\na = sigmoid(z) = 0.8809\n") == ["right", "wrong"]


def test_letters_side_by_side_are_a_product_and_greek_letters_have_numbers():
    assert verdicts(TWO + "z1 = W1x + b1 = [1.0, 1.5]\nδ2 = -0.1183\n") == ["right", "rounded"]


def test_the_learning_rate_may_stand_in_a_line():
    step = "b_2' = 0.3 - 0.5*(-0.1183) = 0.3592\n"
    assert verdicts(TWO + "Take the learning rate 0.5.\n" + step) == ["rounded"]
    assert verdicts(TWO + "η = 0.5\n" + step) == ["right", "rounded"]
    assert verdicts(TWO + "η = 0.5\nb_2' = 0.3 - 0.5*(-0.1183) = 0.3952\n")[-1] == "wrong"
    assert verdicts(TWO + step) == ["rounded"]  # the numbers of an update show it
    (none,) = cr.audit(TWO + "b_2' = b_2 - eta*dL/db_2 = 0.3592\n").lines
    assert (none.verdict, none.message) == (
        "undecided", "no learning rate is given, neither in the header nor in a line",
    )  # fmt: skip


def test_a_vector_with_a_t_is_held_against_its_digits():
    assert verdicts(TWO + "h_1 = (0.73, 0.82)^T\n") == ["rounded"]
    assert verdicts(TWO + "u = W_2^T dL/da_2 = (9, 9)^T\n") == ["wrong"]


def test_what_nothing_shows_the_derivative_of_is_undecided():
    lines = "e_1 = 1/2*(yhat_1 - y_1)^2 = 0.1126\nde_1/dyhat_1 = yhat_1 - y_1 = -0.4746\nde_1/da_21 = -0.1183\n"
    assert verdicts(TWO + lines) == ["rounded", "rounded", "undecided"]


def test_a_name_for_the_probabilities_of_a_batch():
    head = "+++\nx = [[1, 2], [0, 1]]\ny = [1, 0]\noutput = softmax\nloss = ce\nW = [[0.5, 0.1], [-0.2, 0.3]]\n+++\n"
    assert verdicts(head + "P = softmax(z) = [[0.5744, 0.4256], [0.4502, 0.5498]]\n") == ["rounded"]
