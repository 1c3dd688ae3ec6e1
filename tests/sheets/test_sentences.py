"""Claims within sentences: words before a name are left out, and what they say of the claim is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from tests.support.sample import draws
from tests.support.sheets import lines

HEADER = """+++
hidden = "sigmoid"
output = "sigmoid"
loss = "half_squared_error"
x = [1, 2]
y = [1]
[[layer]]
W = [[0.5, 0.2], [-0.3, 0.8]]
b = [0.1, 0.2]
[[layer]]
W = [0.4, -0.6]
b = 0.3
+++
"""
RIGHT = {"h_11": "0.7311", "h_12": "0.8176", "a_21": "0.1019", "yhat_1": "0.5254", "L": "0.1126", "dL/da_21": "-0.1183"}
WRONG = {"h_11": "0.6411", "h_12": "0.9023", "a_21": "0.2413", "yhat_1": "0.6127", "L": "0.3126", "dL/da_21": "0.2183"}
LEADS = (
    "We find that", "So the output of the first hidden unit is", "This gives", "Therefore,", "The loss is then",
    "Plugging in the numbers, we obtain", "For the output we have", "Hence the error is", "Also erhalten wir",
    "Daraus folgt", "Damit ist der Fehler", "On obtient donc", "Ainsi, la perte vaut", "Luego obtenemos",
    "Entonces la salida es", "Portanto, temos", "A saída da rede é", "Quindi otteniamo", "The value of",
    "1. Thus we see that", "- It follows that", "**So** now we know that", "因此", "所以", "Итак,", "したがって、",
)  # fmt: skip
NO_CLAIMS = (
    "If we set {}, then the output would be lower.", "Suppose that {}", "A rate of 0.1 would give {}",
    "Here {} is wrong.", "We want {}", "The desired value is {}", "After 100 iterations, {}", "Wenn {} wäre",
    "For example, say {}", "The correct result is not {}", "Supposons que {}", "In the second pass we get {}",
)  # fmt: skip


def verdicts(*written):
    return [line.verdict for line in cr.audit(HEADER + "\n".join(written)).lines]


@draws(9)
@given(
    st.sampled_from(LEADS),
    st.sampled_from(sorted(RIGHT)),
    st.booleans(),
    st.sampled_from(("{}", "{}.", "{}, as before.")),
)
def test_a_claim_within_a_sentence_is_judged(lead, name, dollars, end):
    for numbers, due in ((RIGHT, {"right", "rounded"}), (WRONG, {"wrong"})):
        claim = f"{name} = {numbers[name]}"
        assert set(verdicts(f"{lead} {end.format(f'${claim}$' if dollars else claim)}")) <= due
    assert len(verdicts(f"{lead} {name} = 0.5")) == 1


@draws(9)
@given(st.sampled_from(NO_CLAIMS), st.sampled_from(sorted(RIGHT)), st.booleans())
def test_what_would_be_is_never_accused(sentence, name, dollars):
    claim = f"{name} = {WRONG[name]}"
    assert verdicts(sentence.format(f"${claim}$" if dollars else claim)) == ["undecided"]


@pytest.mark.parametrize(
    "written",
    [
        "The gradient of W_211 = 0.4", "The gradient with respect to $W_{211}$ = 0.4", "The input to h_11 = 0.7311",
        "The number of layers is L = 0.1126", "The sigmoid of h_11 = 0.7311", "the sum h_11 = 0.7311",
    ],
)  # fmt: skip
def test_words_that_change_what_a_name_means_leave_it_open(written):
    assert verdicts(written) == ["undecided"]


def test_several_claims_in_a_sentence():
    assert verdicts("This gives a_21 = 0.1019 and hence yhat_1 = 0.6127") == ["rounded", "wrong"]
    assert verdicts("With h_11 = 0.7311, the output is yhat_1 = 0.6127") == ["rounded", "wrong"]


def test_a_wrong_number_of_a_condition_is_not_gone_on_with():
    assert verdicts("If h_11 = 0.9, all is lost.", "a_21 = 0.1019") == ["undecided", "rounded"]


@pytest.mark.parametrize(
    "prose",
    [
        "The general rule is dL/dw_ij = delta_j * x_i", "so the loss is what we wanted = good",
        "see eq. (3) = chain rule",
        "The chain rule says dL/dW = dL/dyhat * dyhat/da * da/dW",
    ],
)  # fmt: skip
def test_rules_in_sentences_are_no_claims(prose):
    assert [line for line in lines(prose) if line.error] == []


@pytest.mark.parametrize(
    "written", ["so we get 0.5*1 + 0.2*2 + 0.1 = {}", "The derivative is yhat_1 (1 - yhat_1) = {}"]
)
def test_a_formula_within_a_sentence(written):
    right = "1.0" if "0.5" in written else "0.2494"
    assert verdicts(written.format(right))[0] in ("right", "rounded")
    assert verdicts(written.format("1.1" if "0.5" in written else "0.3494")) == ["wrong"]
