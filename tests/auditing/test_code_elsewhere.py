"""Code whose weights, biases, penalties and steps stand elsewhere than usual: who is right is not accused."""

import sys

import pytest

from chainrule.auditing import functions
from chainrule.auditing.code_audit.question import CodeQuestion
from chainrule.auditing.functions import audit_file
from chainrule.errors import InputError

RATES = (0.05, 0.3, 1.0, 0.007)


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """No process is started."""
    monkeypatch.setattr(functions, "run_alone", lambda function, task, **_: function(task))
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.fixture
def audited(tmp_path):
    def audit(text, layers=(4, 5, 3), hidden="tanh", **rules):
        file = tmp_path / "elsewhere.py"
        file.write_text("import numpy as np\n" + text)
        rules = {"output": "identity", "loss": "half_squared_error", "reduction": "sum"} | rules
        return audit_file(str(file), CodeQuestion(layers, hidden, **rules))

    return audit


#: the body of a right pass with rows and weights (in, out), after which all gradients are there
BODY = """
    h = np.tanh(X @ W1 + b1)
    e = h @ W2 + b2 - y
    d = e @ W2.T * (1 - h * h)
    dW1, db1, dW2, db2 = X.T @ d, d.sum(0), h.T @ e, e.sum(0)
"""
GIVEN = "def backward(X, y, W1, b1, W2, b2{more}):" + BODY
SLOPE = " * (1 - h * h)"


def test_biases_may_be_named_as_the_weights_of_an_input_that_is_1(audited):
    for W, b, V, c in (("W1", "w01", "W2", "w02"), ("w", "w0", "v", "v0"), ("V", "v0", "W", "w0")):
        text = f"def backward(X, y, {W}, {b}, {V}, {c}):\n    W1, b1, W2, b2 = {W}, {b}, {V}, {c}\n{BODY}"
        audit = audited(f"{text}    return {{{W!r}: dW1, {b!r}: db1, {V!r}: dW2, {c!r}: db2}}\n")
        assert audit.ok
        assert len(audit.audit.lines) == 4


def test_weights_are_set_where_the_module_has_them(audited):
    start = "W1, b1, W2, b2 = np.ones((4, 5)), 0, np.ones((5, 3)), 0\n"
    for text in (start, "", "params = {}\n"):
        own = "    W1, b1, W2, b2 = (params[name] for name in ('W1', 'b1', 'W2', 'b2'))\n" if "params" in text else "\n"
        right = f"{text}def backward(X, y):\n{own}{BODY}    return dW1, db1, dW2, db2\n"
        assert audited(right).ok
    assert audited(right.replace(SLOPE, "")).first_wrong.mistakes[0] == "hidden_derivative_missing"
    stepped = f"def backward(X, y):\n    global W1, b1, W2, b2\n{BODY}    W1 -= 0.1 * dW1\n    b1 = b1 - 0.1 * db1\n"
    assert audited(f"{start}{stepped}    W2 = W2 - 0.1 * dW2\n    b2 = b2 - 0.1 * db2\n").ok


def test_code_without_weights_is_refused_and_not_accused(audited):
    with pytest.raises(InputError, match="expected weights, as parameters") as refused:
        audited("def backward(X, y):\n    return X.T @ y, y.sum(0)\n")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("in_out", [True, False])
def test_weights_may_hold_the_biases(audited, first, in_out):
    turn = "" if in_out else ".T"
    ones, rest = ("np.c_[np.ones(len({})), {}]", "[1:]") if first else ("np.c_[{1}, np.ones(len({0}))]", "[:-1]")
    text = f"""
def backward(X, y, W1, W2):
    V1, V2 = W1{turn}, W2{turn}
    x = {ones.format("X", "X")}
    u = np.tanh(x @ V1)
    h = {ones.format("u", "u")}
    e = h @ V2 - y
    d = e @ V2{rest}.T * (1 - u * u)
    return (x.T @ d){turn}, (h.T @ e){turn}
"""
    audit = audited(text)
    assert audit.ok
    assert len(audit.audit.lines) == 4


def test_one_vector_may_hold_all(audited):
    text = """
def cost(nn_params, input_layer_size, hidden_layer_size, num_labels, X, y, lambda_=0.0):
    at = hidden_layer_size * (input_layer_size + 1)
    T1 = nn_params[:at].reshape(hidden_layer_size, input_layer_size + 1)
    T2 = nn_params[at:].reshape(num_labels, hidden_layer_size + 1)
    x = np.c_[np.ones(len(X)), X]
    u = np.tanh(x @ T1.T)
    h = np.c_[np.ones(len(X)), u]
    e = h @ T2.T - y
    d = e @ T2[:, 1:] * (1 - u * u)
    return (e * e).sum() / 2, np.r_[(d.T @ x).ravel(), (e.T @ h).ravel()]
def backward(*args):
    pass
"""
    assert audited(text.replace("def cost", "def cost_gradient").replace("def backward(*args):\n    pass\n", "")).ok


PENALTIES = {
    "sum of squares": ("{r} * ((W1 ** 2).sum() + (W2 ** 2).sum())", "2 * {r} * {W}"),
    "half": ("0.5 * {r} * ((W1 ** 2).sum() + (W2 ** 2).sum())", "{r} * {W}"),
    "over n": ("{r} / (2 * len(X)) * ((W1 ** 2).sum() + (W2 ** 2).sum())", "{r} / len(X) * {W}"),
    "sizes": ("{r} * (np.abs(W1).sum() + np.abs(W2).sum())", "{r} * np.sign({W})"),
}


@pytest.mark.parametrize(("kind", "rate"), list(zip(PENALTIES, RATES, strict=True)))
def test_a_penalty_in_the_loss_is_due_in_the_gradients(audited, kind, rate):
    value, slope = PENALTIES[kind]
    for more, r in ((f", reg={rate}", "reg"), ("", str(rate))):
        end = f"    loss = (e * e).sum() / 2 + {value.format(r=r)}\n"
        dues = [slope.format(r=r, W=W) for W in ("W1", "W2")]

        def text(dues, end=end, more=more):
            plus = f"    return loss, [dW1 + {dues[0]}, db1, dW2 + {dues[1]}, db2]\n"
            return GIVEN.format(more=more) + end + plus

        right = audited(text(dues))
        assert right.ok
        assert any("penalty" in words for words in right.cautions)
    wrong = audited(text([f"3 * {due}" for due in dues]))
    assert not wrong.ok
    assert wrong.first_wrong.name == "dL/dW_2"


def test_a_penalty_that_nothing_shows_is_told_not_to_be_checked(audited):
    audit = audited(GIVEN.format(more=", reg=0.1") + "    return dW1 + reg * W1, db1, dW2 + reg * W2, db2\n")
    assert audit.ok
    assert "reg 0: what it does with another value is not checked" in " ".join(str(audit).split())


@pytest.mark.parametrize("in_out", [True, False])
def test_gradients_across_their_weights_are_wrong_where_they_would_be_subtracted(audited, in_out):
    right = "dW1, db1, dW2, db2" if in_out else "dW1.T, db1, dW2.T, db2"
    across = "dW1.T, db1, dW2.T, db2" if in_out else "dW1, db1, dW2, db2"
    text = (
        GIVEN.format(more="")
        if in_out
        else GIVEN.format(more="").replace("\n    h =", "\n    W1, W2 = W1.T, W2.T\n    h =")
    )
    assert audited(f"{text}    return {right}\n", (4, 4, 4)).ok
    told = audited(f"{text}    return {across}\n")
    assert told.ok
    assert any("lie across" in words for words in told.cautions)
    fixed = f"    assert X.shape[1] == y.shape[1] == W1.shape[1]\n    return {across}\n"
    wrong = audited(text + fixed, (4, 4, 4))
    assert not wrong.ok
    assert wrong.first_wrong.name == "dL/dW_2"


LAYERS = """
class Net:
    def __init__(self, input_size, hidden_size, output_size):
        self.W1, self.b1 = np.zeros((input_size, hidden_size)), np.zeros(hidden_size)
        self.W2, self.b2 = np.zeros((hidden_size, output_size)), np.zeros(output_size)
    def backward(self, X, y, lr=0.07):
        W1, b1, W2, b2 = self.W1, self.b1, self.W2, self.b2
"""


@pytest.mark.parametrize(
    ("of_b1", "fault"),
    [
        ("lr * db1", ""), ("lr * self.b1", "0.07 b_1"), ("lr * db1 * db1", "something else"),
        ("lr * (db1 + 0.1 * self.b1)", ""),
    ],
)  # fmt: skip
def test_what_is_subtracted_is_held_against_the_gradients(audited, of_b1, fault):
    body = BODY.replace("\n    ", "\n        ").rstrip()
    ends = (
        "self.dW1, self.db1, self.dW2, self.db2 = dW1, db1, dW2, db2", f"self.b1 = self.b1 - {of_b1}",
        "self.W1 = W1 - lr * (dW1 + 0.2 * W1)", "self.W2, self.b2 = W2 - lr * dW2, b2 - lr * db2",
    )  # fmt: skip
    audit = audited(LAYERS + body + "".join(f"\n        {end}" for end in ends) + "\n")
    assert audit.audit.ok
    assert audit.ok == (not fault)
    assert len(audit.faults) == bool(fault)
    assert fault in " ".join(audit.faults)


def test_code_that_spoils_what_it_is_given_takes_no_step(audited):
    assert audited(GIVEN.format(more="") + "    W1 += 1\n    X *= 0\n    return dW1, db1, dW2, db2\n").ok


def test_new_weights_that_come_back_are_a_step(audited):
    text = GIVEN.format(more=", lr=0.05") + "    return W1 - lr * dW1, b1 - lr * db1, W2 - lr * dW2, b2 - lr * db2\n"
    assert audited(text).ok
    assert audited(text.replace(SLOPE, "")).first_wrong.name == "dL/dW_1"


@pytest.mark.parametrize(("first", "second"), [("relu", "tanh"), ("sigmoid", "relu")])
def test_each_layer_may_have_its_own_activation(audited, first, second):
    rules = {"relu": ("np.maximum({}, 0)", "({} > 0)"), "tanh": ("np.tanh({})", "(1 - {0} * {0})"),
             "sigmoid": ("1 / (1 + np.exp(-({})))", "{0} * (1 - {0})")}  # fmt: skip
    text = f"""
def backward(X, y, W1, b1, W2, b2, W3, b3):
    h = {rules[first][0].format("X @ W1 + b1")}
    g = {rules[second][0].format("h @ W2 + b2")}
    e = g @ W3 + b3 - y
    d2 = e @ W3.T * {rules[second][1].format("g")}
    d1 = d2 @ W2.T * {rules[first][1].format("h")}
    return X.T @ d1, d1.sum(0), h.T @ d2, d2.sum(0), g.T @ e, e.sum(0)
"""
    audit = audited(text, (4, 5, 6, 3), None)
    assert audit.ok
    assert f"Its hidden activations are {first}, {second}" in audit.notes
    wrong = audited(text.replace(f" * {rules[first][1].format('h')}", ""), (4, 5, 6, 3), None)
    assert wrong.first_wrong.mistakes[0] == "hidden_derivative_missing"


def test_where_no_usual_activation_fits_nobody_is_accused(audited):
    text = GIVEN.format(more="").replace("np.tanh", "np.sin").replace("1 - h * h", "np.cos(X @ W1 + b1)")
    with pytest.raises(InputError, match="activations of the hidden layers"):
        audited(text + "    return dW1, db1, dW2, db2\n", hidden=None)


def test_units_of_one_are_gradients_too(audited):
    text = GIVEN.format(more="") + "    return {'dW1': dW1, 'db1': db1, 'dW2': dW2, 'db2': db2}\n"
    assert audited(text, (1, 1, 1)).ok


@pytest.mark.parametrize("end", ["return X, dW1, db1, dW2, db2", "return dW1, db1, dW2, db2, X"])
def test_the_gradient_of_x_may_come_too(audited, end):
    audit = audited(GIVEN.format(more="") + f"    dX = d @ W1.T\n    {end.replace('X', 'dX')}\n")
    assert audit.ok
    assert len(audit.audit.lines) == 5


def test_gradients_in_a_list_of_the_module_are_found(audited):
    text = "grads = [None] * 4\n" + GIVEN.format(more="") + "    grads[:] = dW1, db1, dW2, db2\n"
    assert audited(text).ok


def test_weights_by_layer_in_an_object_are_set(audited):
    text = (
        "class Net:\n    def __init__(self, sizes):\n"
        "        self._W, self._b = {1: None, 2: None}, {1: None, 2: None}\n"
        "    def backward(self, X, y):\n        W1, b1, W2, b2 = self._W[1], self._b[1], self._W[2], self._b[2]"
    )
    assert audited(text + BODY.replace("\n    ", "\n        ").rstrip() + "\n        return dW1, db1, dW2, db2\n").ok


def test_the_gradients_beside_other_results_are_found(audited):
    text = GIVEN.format(more="") + (
        "    return {'loss': (e * e).sum() / 2, 'accuracy': 0.5, 'cache': {'h': h, 'n': 3},\n"
        "            'grads': {'dW1': dW1, 'db1': db1, 'dW2': dW2, 'db2': db2}}\n"
    )
    assert audited(text).ok


def test_minus_the_gradient_stands_in_the_headline(audited):
    audit = audited(GIVEN.format(more="") + "    return -dW1, -db1, -dW2, -db2\n")
    assert "right. All arrays are minus the gradient." in " ".join(str(audit).split())


def test_h_of_the_one_hidden_layer_is_an_array(audited):
    text = "def backward(X, y, h, W1, b1, W2, b2):" + BODY.replace("\n    h = np.tanh(X @ W1 + b1)", "")
    assert audited(text + "    return dW1, db1, dW2, db2\n").ok
