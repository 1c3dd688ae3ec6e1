"""Letters for units, names for the loss and the rate, new values, rows of units: right ones pass, wrong ones do not."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from tests.support.sample import draws
from tests.support.small_sheets import SmallSheet

SEEDS = st.integers(0, 2**32 - 1)
FEW = draws(1)
RIGHT = {"right", "rounded"}
FORMULAS = (
    r"$\delta_k = (o_k - y_k) o_k (1 - o_k)$", r"$\delta_j = h_j (1 - h_j) \sum_k w_{kj} \delta_k$",
    r"$\frac{\partial L}{\partial w_{kj}} = \delta_k h_j$", r"$\frac{\partial L}{\partial w_{ji}} = \delta_j x_i$",
    r"$\frac{\partial L}{\partial h_j} = \sum_k \delta_k w_{kj}$", r"$z_k = \sum_j w_{kj} h_j + b_k$",
)  # fmt: skip
WRONG_FORMULAS = (
    r"$\delta_k = (o_k + y_k + 1) o_k (1 - o_k)$", r"$\frac{\partial L}{\partial w_{kj}} = \delta_k h_j^2$",
    r"$\frac{\partial L}{\partial h_j} = 2 \sum_k \delta_k w_{kj}$",
)  # fmt: skip
NUMBERS = (
    r"$\frac{\partial L}{\partial h_{11}} = \sum_{k=1}^{1} \frac{\partial L}{\partial z_k} W_{k1} = <<dL/dh_11>>$",
    r"$\frac{\partial L}{\partial h_{12}} = \sum_k (o_k - y_k) o_k (1 - o_k) W_{k2} = <<dL/dh_12>>$",
    "dE/dW_211 = <<dL/dW_211>>", "dCost/db_2 = <<dL/db_2>>", "dLoss/dh_11 = <<dL/dh_11>>", "∂J/∂W_2 = <<dL/dW_2>>",
    "w_1^{[2]} = <<W_211>>", "w_2^{[2]} = <<W_212>>", "$W_2^{[2]} = <<W_212>>$",
)  # fmt: skip
RULES = (
    "$h'(a) = 1 - h(a)^2$", r"$\frac{d}{dz} \sigma(z) = \sigma(z) (1 - \sigma(z))$", r"$f(u) = \max(0, u)$",
    "tanh'(u) = 1 - tanh(u)^2", "φ'(v) = φ(v)(1 - φ(v))",
)  # fmt: skip
NEW = (
    "W_211 new", "W_211 nuevo", "W_211 neu", "W_211(neu)", "W_211 (new)", "W_211 updated", "W_211 (t+1)", "W_211(t+1)",
    "new W_211", "$W_{211}^{new}$", "W_211 (updated)", "W_211 aktualisiert", "W_{211} New", "W_211(n+1)",
)  # fmt: skip
RATES = (r"\gamma", r"\alpha", r"\varepsilon", r"\epsilon", r"\mu", r"\eta", "γ", "α", "ε", "μ", "lr", "l")


class Sheet(SmallSheet):
    """With the weights under their names, and with a value after an update: ``<<W_211'>>``."""

    rate = 0.25

    def value(self, name):
        if re.fullmatch(r"W_[0-9]{3}'?", name):
            layer, unit, source = (int(c) - 1 for c in name[2:5])
            old = self.weights[layer][unit, source]
            return old - self.rate * self.backward.grad_W[layer][unit, source] if name.endswith("'") else old
        return super().value(name)

    def audited(self, texts):
        header = self.header.replace("+++\n", f"+++\nlearning_rate = {self.rate}\n", 1)
        return cr.audit(header + self.filled("\n".join(texts)) + "\n").lines


@FEW
@given(seed=SEEDS)
def test_formulas_for_any_unit(seed):
    found = Sheet(seed).audited(FORMULAS)
    assert {line.text: line.verdict for line in found if line.verdict not in RIGHT} == {}
    assert len(found) == len(FORMULAS)
    wrong = Sheet(seed).audited(WRONG_FORMULAS)
    assert [line.verdict for line in wrong] == ["undecided"] * len(WRONG_FORMULAS)


@FEW
@given(seed=SEEDS)
def test_numbers_in_sums_and_by_other_names(seed):
    sheet = Sheet(seed)
    assert {line.text: line.verdict for line in sheet.audited(NUMBERS) if line.verdict not in RIGHT} == {}
    wrong = sheet.audited([text.replace(">>", "!>>") for text in NUMBERS])
    assert {line.text: line.verdict for line in wrong if line.verdict in RIGHT} == {}


@pytest.mark.parametrize("text", RULES)
def test_rules_for_any_number_accuse_nobody(text):
    assert {line.verdict for line in Sheet(5, "tanh").audited([text])} <= {*RIGHT, "undecided"}


def test_new_values():
    sheet = Sheet(8)
    texts = [f"{name} = <<W_211>> - 0.25 * <<dL/dW_211>> = <<W_211'>>" for name in NEW]
    texts = [text.replace("$ = ", " = ") + "$" if text.startswith("$") else text for text in texts]
    assert {line.text: line.verdict for line in sheet.audited(texts) if line.verdict not in RIGHT} == {}
    wrong = sheet.audited([text.replace("'>>", "'!>>") for text in texts])
    assert {line.text: line.verdict for line in wrong if line.verdict in RIGHT} == {}


@pytest.mark.parametrize("letter", RATES)
def test_letters_for_the_learning_rate(letter):
    sheet = Sheet(8)
    for text in (f"W_211' = W_211 - {letter} * dL/dW_211", f"W_211 <- W_211 - {letter} dL/dW_211 = <<W_211'>>"):
        assert sheet.audited([text])[0].verdict in RIGHT
    wrong = f"W_211' = W_211 + {letter} * dL/dW_211"
    assert [line.verdict for line in sheet.audited([wrong])] == ["wrong"]


@pytest.mark.parametrize("text", ["L = -log(yhat + ε) = 0.3", "a_1 = γ * x + b_1"])
def test_other_letters_are_none(text):
    (found,) = Sheet(8).audited([text])
    assert found.verdict in ("unreadable", "undecided")


def test_two_letters_are_no_rate():
    (found,) = Sheet(8).audited(["W_211' = W_211 - γ * ε * dL/dW_211"])
    assert found.verdict not in RIGHT


@pytest.mark.parametrize("unit", ["o1", "o_1", "unit o1", "$o_1$"])
@pytest.mark.parametrize("heads", ["unit | net | out | δ", "Neuron | input | output | delta", "node | z | a | error"])
def test_a_row_for_each_unit(unit, heads):
    table = [f"| {heads} |", "|---|---|---|---|", f"| {unit} | <<a_2>> | <<yhat>> | <<dL/da_2>> |"]
    found = Sheet(8).audited(table)
    assert len(found) == 3
    assert {line.verdict for line in found} <= {*RIGHT, "undecided"}
    assert sum(line.verdict in RIGHT for line in found) >= 2
    wrong = Sheet(8).audited([line.replace(">>", "!>>") for line in table])
    assert not {line.verdict for line in wrong} & RIGHT
