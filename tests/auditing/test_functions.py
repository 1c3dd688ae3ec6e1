"""``audit_code``: three networks of strangers, right and with planted mistakes, and code that does something else.

The code is called in this process, where it can do no harm; ``tests/system/test_alone.py`` has the process of its own.
"""

import sys
import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.auditing import functions
from chainrule.auditing.code_audit.question import CodeQuestion
from chainrule.auditing.functions import audit_file
from chainrule.errors import InputError
from chainrule.system.workers import Lost
from tests.support import networks
from tests.support.sample import one_in

FOLDER = Path(networks.__file__).parent
CACHES = ("caches.py", "model_backward", CodeQuestion((4, 5, 6, 3), "relu", "sigmoid", "binary_cross_entropy", "mean"))
PARAMS = ("params.py", "SmallClassifier.loss", CodeQuestion((4, 5, 3), "relu", "softmax", "cross_entropy", "mean"))
LISTS = ("lists.py", "Layers.backprop", CodeQuestion((4, 5, 3), "sigmoid", "sigmoid", "half_squared_error"))


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """No process is started."""
    monkeypatch.setattr(functions, "run_alone", lambda function, task, **_: function(task))
    monkeypatch.setattr(sys, "path", list(sys.path))


def audited(path, name, question, old="", new=""):
    """The audit of a stranger's file, in which one piece of text is another."""
    text = (FOLDER / name[0]).read_text()
    assert not old or text.count(old) == 1
    file = path / f"own_{name[0]}"
    file.write_text(text.replace(old, new) if old else text)
    return audit_file(f"{file}:{name[1]}", question)


@pytest.mark.parametrize(
    ("stranger", "called"),
    [
        (CACHES, "examples in columns, x (d, n), W (out, in), b (m, 1)"),
        (PARAMS, "examples in rows, x (n, d), W (in, out), b (m,), y as class numbers"),
        (LISTS, "one example at a time, x (d, 1), W (out, in), b (m, 1)"),
    ],
)
def test_a_right_backward_pass_is_right_on_every_network(tmp_path, stranger, called):
    audit = audited(tmp_path, stranger[:2], stranger[2])
    assert audit.ok
    assert audit.called.startswith(called.split(", parameters")[0])
    assert len(audit.cases) == 4
    assert all(case.audit.ok for case in audit.cases)
    sizes = {(*case.sizes, case.examples) for case in audit.cases[1:3]}
    assert all(len(set(one)) == len(one) or stranger is LISTS for one in sizes)
    arrays = 2 * (len(stranger[2].layers) - 1)
    assert all(len(case.audit.lines) == arrays for case in audit.cases)


@pytest.mark.parametrize(
    ("stranger", "old", "new", "first", "cause"),
    one_in(2, [
        (CACHES, 'dW = dZ @ cache["A_prev"].T / m', 'dW = dZ @ cache["A_prev"].T', "dL/dW_3", "batch_sum_vs_mean"),
        (CACHES, 'dW = dZ @ cache["A_prev"].T / m', 'dW = dZ @ cache["A_prev"].T / dZ.shape[0]', "dL/dW_3",
         "mean_over_wrong_axis"),
        (CACHES, 'dA * (caches[i - 2]["Z"] > 0)', "dA", "dL/dW_2", "hidden_derivative_missing"),
        (CACHES, 'dA * (caches[i - 2]["Z"] > 0)', 'dA * (caches[i - 1]["A_prev"] * 1)', "dL/dW_2",
         "relu_derivative_is_h"),
        (CACHES, 'cache["W"].T @ dZ', 'cache["W"] @ dZ', "dL/dW_2", "W_not_transposed_bwd"),
        (CACHES, "grads, dZ = {}, AL - Y", "grads, dZ = {}, (AL - Y) * AL * (1 - AL)", "dL/dW_3",
         "derivative_twice_bce"),
        (CACHES, "Z = W @ A_prev + b", "Z = W @ A_prev", "a_1", "bias_dropped"),
        (PARAMS, "d[hidden == 0] = 0", "", "dL/dW_1", "hidden_derivative_missing"),
        (PARAMS, "d /= n", "", "dL/dW_2", "batch_sum_vs_mean"),
        (PARAMS, "d[np.arange(n), y] -= 1", "d[np.arange(n), y - 1] -= 1", "dL/dW_2", "targets_shifted"),
        (PARAMS, '"b2": d.sum(axis=0)', '"b2": d.mean(axis=0)', "dL/db_2", "mean_twice"),
        (PARAMS, 'X.T @ d + reg * self.params["W1"]', 'X.T @ d + 0.5 * self.params["W1"]', "dL/dW_1",
         "penalty"),
        (PARAMS, 'd @ self.params["W2"].T', 'd @ self.params["W2"]', "dL/dW_1", "W_not_transposed_bwd"),
        (LISTS, "* slope(zs[-1])", "", "dL/db_2", "output_derivative_missing"),
        (LISTS, "* slope(zs[i - 1])", "* slope(hs[i])", "dL/db_1", "sigma_prime_of_activated"),
        (LISTS, "* slope(zs[i - 1])", "* sigma(zs[i - 1])", "dL/db_1", "sigma_for_sigma_prime"),
        (LISTS, "self.weights[i].T @ delta", "self.weights[i] @ delta", "dL/db_1", "W_not_transposed_bwd"),
    ]),
)  # fmt: skip
def test_a_planted_mistake_is_found_with_its_cause(tmp_path, stranger, old, new, first, cause):
    audit = audited(tmp_path, stranger[:2], stranger[2], old, new)
    assert not audit.ok
    assert audit.first_wrong.name == first
    assert any(cause in id for id in audit.first_wrong.mistakes), audit.first_wrong.mistakes


# ---------------------------------------------------------------- what parameters and classes there are

TANH = CodeQuestion((4, 5, 3), "tanh", "identity", "half_squared_error")
BACK = """
    d1 = d2 @ W2.T * (1 - h**2)
    return X.T @ d1, d1.sum(0), h.T @ d2, d2.sum(0)
"""


def written(path, text, question=TANH, name=""):
    file = path / "own.py"
    file.write_text(f"import numpy as np\n{text}")
    return audit_file(f"{file}{name and ':'}{name}", question)


@pytest.mark.parametrize(
    "text",
    [
        f"def backward(X, T, W1, b1, W2, b2):\n    h = np.tanh(X @ W1 + b1)\n    d2 = h @ W2 + b2 - T{BACK}",
        f"def backprop(W_hidden, W_out, b_hidden, b_out, inputs, targets):\n    X, W2 = inputs, W_out\n"
        f"    h = np.tanh(X @ W_hidden + b_hidden)\n    d2 = h @ W2 + b_out - targets{BACK}",
        f"def backward_prop(Z1, A1, Z2, A2, W1, W2, X, Y):\n    h, d2 = A1, (A2 - Y) / len(X){BACK}",
        f"def gradients(X, y, m, activations, weights, biases):\n    _, h, out = activations\n    W2 = weights[1]\n"
        f"    d2 = (out - y) / m{BACK}",
        f"def backward(model, cache, X, y):\n    h, W2, d2 = cache['a1'], model['W2'], cache['a2'] - y{BACK}",
        f"def grad(params, X, y, verbose=True):\n    (W1, b1), (W2, b2) = params\n    h = np.tanh(X @ W1 + b1)\n"
        f"    d2 = h @ W2 + b2 - y{BACK}",
        f"def loss(X, y, W0, b0, W1, b1):\n    W2, h = W1, np.tanh(X @ W0 + b0)\n    d2 = h @ W1 + b1 - y{BACK}",
    ],
)  # fmt: skip
def test_parameters_are_understood_by_their_names(tmp_path, text):
    audit = written(tmp_path, text)
    assert audit.ok
    assert all(case.audit is not None and len(case.audit.lines) == 4 for case in audit.cases)


STEPS = """
class Net:
    def __init__(self, x, y):
        self.x, self.y = x, y
        self.weights1, self.weights2 = np.ones((4, 5)), np.ones((5, 3))

    def feedforward(self):
        self.h = np.tanh(self.x @ self.weights1)
        self.output = self.h @ self.weights2

    def backprop(self):
        e = self.y - self.output
        back = e @ self.weights2.T
        self.weights2 += 0.5 * self.h.T @ e
        self.weights1 += 0.5 * self.x.T @ (back * (1 - self.h**2))
"""
OBJECTS = """
class Dense:
    def __init__(self, inputs, units, last):
        self.W, self.b, self.last = np.ones((units, inputs)), np.zeros(units), last

    def forward(self, x):
        self.x, self.out = x, x @ self.W.T + self.b
        self.out = self.out if self.last else np.tanh(self.out)
        return self.out

    def backward(self, grad):
        grad = grad if self.last else grad * (1 - self.out**2)
        self.dW, self.db = grad.T @ self.x, grad.sum(0)
        return grad @ self.W


class Net:
    def __init__(self, sizes):
        self.layers = [Dense(j, m, i == len(sizes) - 2) for i, (j, m) in enumerate(zip(sizes, sizes[1:]))]

    def backward(self, X, y):
        for layer in self.layers:
            X = layer.forward(X)
        grad = (X - y) / len(y)
        for layer in self.layers[::-1]:
            grad = layer.backward(grad)
"""


def test_a_step_of_the_weights_stands_for_the_gradient(tmp_path):
    audit = written(tmp_path, STEPS)
    assert audit.ok
    assert "It is given no biases: those of the networks are 0" in audit.notes
    assert "shape" in audit.cases[1].error  # 4, 5 and 3 stand in the code
    wrong = written(tmp_path, STEPS.replace(" * (1 - self.h**2)", ""))
    assert wrong.first_wrong.name == "dL/dW_1"


def test_gradients_that_layers_keep_are_read(tmp_path):
    assert written(tmp_path, OBJECTS, name="Net").ok
    wrong = written(tmp_path, OBJECTS.replace("(1 - self.out**2)", "(1 - self.out)"), name="Net.backward")
    assert wrong.first_wrong.mistakes[0] == "one_minus_h"


def test_what_was_not_said_is_found_out(tmp_path):
    text = f"def backward(X, y, W1, b1, W2, b2):\n    h = np.tanh(X @ W1 + b1)\n    d2 = 2 * (h @ W2 + b2 - y){BACK}"
    audit = written(tmp_path, text, CodeQuestion((4, 5, 3), output="identity"))
    assert audit.ok
    assert audit.notes == (
        "Its hidden activation is tanh", "Its loss is squared_error", "Its loss is the sum over the examples",
    )  # fmt: skip
    held = written(tmp_path, text, CodeQuestion((4, 5, 3), "tanh", "identity", "squared_error", "mean"))
    assert held.first_wrong.mistakes[0] == "batch_sum_vs_mean"


HEADS = {  # what comes out, and dL/da of the last layer
    "softmax": ("np.exp(a) / np.exp(a).sum(1, keepdims=True)", "p - y", 3),
    "sigmoid": ("1 / (1 + np.exp(-a))", "p - y", 1),
    "several sigmoids": ("1 / (1 + np.exp(-a))", "(p - y) * p * (1 - p)", 3),
    "identity": ("a", "p - y", 2),
    "one number": ("a", "2 * (p - y)", 1),
    "tanh": ("np.tanh(a)", "(p - y) * (1 - p**2)", 2),
}
ANY_HEAD = """
import numpy as np
def backward(X, y, W1, b1, W2, b2):
    h = np.tanh(X @ W1 + b1)
    a = h @ W2 + b2
    p = {}
    da = ({}) / len(X)
    dh = da @ W2.T * (1 - h**2)
    return X.T @ dh, dh.sum(0), h.T @ da, da.sum(0)
"""


@pytest.mark.parametrize("head", one_in(4, HEADS))
def test_an_output_that_is_not_said_is_found_out(tmp_path, head):
    """Nobody is accused for what he did not say; a mistake in front of it is found all the same."""
    out, delta, units = HEADS[head]
    file = tmp_path / "net.py"
    text = ANY_HEAD.format(out, delta)
    file.write_text(text)
    audit = audit_file(f"{file}:backward", CodeQuestion((4, 5, units)))
    assert audit.ok, audit.notes
    file.write_text(text.replace(" * (1 - h**2)", ""))
    wrong = audit_file(f"{file}:backward", CodeQuestion((4, 5, units), "tanh"))
    assert wrong.first_wrong.name == "dL/dW_1"
    assert any("output is not said" in note for note in wrong.notes)


def test_forward_values_are_given_of_a_hidden_activation_that_is_said(tmp_path):
    text = f"def backward(X, Y, A1, A2, W2):\n    h, d2 = A1, A2 - Y{BACK}"
    assert written(tmp_path, text).ok
    with pytest.raises(InputError, match=r"hidden: .* own.py:backward is given forward values; got none"):
        written(tmp_path, text, CodeQuestion((4, 5, 3), output="identity"))


def test_a_loss_that_comes_back_says_which_is_meant(tmp_path):
    text = (
        "def loss(X, y, W1, b1, W2, b2):\n    h = np.tanh(X @ W1 + b1)\n    e = h @ W2 + b2 - y\n    d2 = e / len(X)\n"
        "    d1 = d2 @ W2.T * (1 - h**2)\n"
        "    return {L}, {{'W1': X.T @ d1, 'b1': d1.sum(0), 'W2': h.T @ d2, 'b2': d2.sum(0)}}\n"
    )
    assert written(tmp_path, text.format(L="(e**2).sum() / 2 / len(X)")).notes == ()
    told = written(tmp_path, text.format(L="(e**2).sum()"))
    assert told.ok
    assert told.notes[0].startswith("The number beside its gradients is ")


ONE_UNIT = """
def gradient(X, y, w, b):
    dw, db = np.zeros(len(w)), 0.0
    for i in range(len(X)):
        error = 1 / (1 + np.exp(-(X[i] @ w + b))) - y[i]
        if np.ndim(error):
            raise TypeError("a number is due")
        for j in range(len(w)):
            dw[j] += error * X[i, j]
        db += error
    return db / len(X), dw / len(X)
"""


def test_one_unit_may_have_a_vector_and_a_number(tmp_path):
    question = CodeQuestion((4, 1), output="sigmoid")
    audit = written(tmp_path, ONE_UNIT, question)
    assert audit.ok
    assert audit.called == "examples in rows, x (n, d), W (d,), b a number, y (n,)"
    assert audit.notes == ()
    wrong = written(tmp_path, ONE_UNIT.replace("return db / len(X)", "return db"), question)
    assert (wrong.first_wrong.name, wrong.first_wrong.mistakes[0]) == ("dL/db_1", "batch_sum_vs_mean")


def test_of_several_functions_the_backward_pass_is_taken(tmp_path):
    others = "def sigmoid_grad(z): return z\ndef loss(X, y, W1, b1, W2, b2): return missing(X)\n"
    text = f"def gradient(X, y, W1, b1, W2, b2):\n    h = np.tanh(X @ W1 + b1)\n    d2 = h @ W2 + b2 - y{BACK}"
    assert written(tmp_path, others + text).title == "own.py:gradient"


def test_a_shape_that_is_wrong_where_sizes_differ_has_its_cause_named(tmp_path):
    text = f"def backward(X, y, W1, b1, W2, b2):\n    h = np.tanh(X @ W1 + b1)\n    d2 = h @ W2 + b2 - y{BACK}"
    audit = written(tmp_path, text.replace("d1.sum(0)", "d1.sum(1)"))
    assert not audit.ok
    assert audit.first_wrong.name == "dL/db_1"
    assert audit.first_wrong.mistakes[0] == "wrong_axis"
    assert "expected shape (5,) of dL/db_1; got shape (6,)" in audit.cases[0].error
    assert audit.cases[-1].sizes == (4, 4, 4)


def test_an_audit_of_code_is_a_page(tmp_path):
    wrong = written(tmp_path, OBJECTS.replace("(1 - self.out**2)", "1"), name="Net")
    for page in (str(wrong), wrong.to_markdown(), wrong.to_html(), wrong.to_latex(), wrong._repr_html_()):
        assert "Wrong in 4 of 4 random networks" in " ".join(page.split())
        assert "the derivative of the activation of layer 1 is left out" in " ".join(page.split())


def test_arrays_that_are_not_given_are_told(tmp_path):
    text = f"def backward(X, y, W1, b1, W2, b2):\n    h = np.tanh(X @ W1 + b1)\n    d2 = h @ W2 + b2 - y{BACK}"
    text = text.replace("return X.T @ d1, d1.sum(0), h.T @ d2, d2.sum(0)", "return {'dW1': X.T @ d1, 'db2': d2.sum(0)}")
    audit = written(tmp_path, text)
    assert audit.ok
    assert "It gives no dL/db_1, dL/dW_2" in audit.notes


def test_a_right_pass_in_a_layout_of_its_own_forward_is_the_one_that_counts(tmp_path):
    """With weights (in, out) a transpose that is missing would be right; the forward pass says that they are not."""
    text = (FOLDER / "caches.py").read_text().replace('cache["W"].T @ dZ', 'cache["W"] @ dZ')
    (tmp_path / "own.py").write_text(text)
    audit = audit_file(f"{tmp_path / 'own.py'}:model_backward", CACHES[2])
    assert not audit.ok
    assert audit.cases[0].error.startswith("line ")
    assert audit.cases[-1].sizes == (4, 4, 4, 4)


# ---------------------------------------------------------------- what cannot be judged


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def backward(foo, X, y, bar2): pass", "got foo of backward, not understood (understood: X (the inputs), y"),
        ("def backward(foo, X, y): pass", "def adapter(network, x, y)"),
        ("def backward(X, y, W1, W2, W3): pass", "got W3 of backward, not understood"),
        ("def backward(X, y, W1, b1, W2, b2): pass", "gradients by name, in a list or as a vector; got nothing"),
        ("def backward(X, y, W1, b1, W2, b2): return 'text'", "got 'text'"),
        ("def backward(X, y, W1, b1, W2, b2): return object()", "got object"),
        ("def backward(X, y, W1, b1, W2, b2): return W1 * np.nan", "expected finite numbers; got nan"),
        ("def backward(X, y, W1, b1, W2, b2):\n    raise SystemExit(2)", "line 3 of own.py: SystemExit: 2"),
        ("def backward(X, y, W1, b1, W2, b2):\n    return f(1)\ndef f(x):\n    return x.T", "line 5 of own.py: Attr"),
        ("def backward(X, y, W1, b1, W2, b2): return nothing", "NameError: name 'nothing'"),
        ("def backward(X, y, W1", "line 2: "),
        ("def train(X): pass", "a function backward, or FILE.py:NAME; got none; it has train"),
        ("def backward(X, y, W1, b1, W2, b2): return W1, b1, W2, b1.sum()", "summed over the units too"),
        (f"def backward(X, y, W1, b1, W2, b2):\n    h = np.tanh(X @ W1 + b1)\n    d2 = h @ W2 + b2 - y{BACK}".replace(
            "d1.sum(0)", "d1"), "it looks as if the sum over the"),
    ],
)  # fmt: skip
def test_what_cannot_be_judged_is_refused_in_one_sentence(tmp_path, text, told):
    with pytest.raises(InputError) as error:
        written(tmp_path, text)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_the_whole_file_runs_only_where_a_name_is_missing_else(tmp_path):
    text = f"def backward(X, y, W1, b1, W2, b2):\n    h = act(X @ W1 + b1)\n    d2 = h @ W2 + b2 - y{BACK}"
    assert written(tmp_path, f"{text}\nact = np.vectorize(np.tanh)").ok
    assert written(tmp_path, f"{text}\nact = np.tanh\nraise RuntimeError('a script')").ok
    with pytest.raises(InputError, match=r"line 7 of own.py: RuntimeError: a script"):
        written(tmp_path, f"{text}raise RuntimeError('a script')")


# ---------------------------------------------------------------- functions


def forward(X, W1, b1, W2, b2):
    h = np.tanh(X @ W1 + b1)
    return h @ W2 + b2, {"A1": h}


def backward(cache, AL, X, Y, W2):
    d2 = (AL - Y) / len(X)
    d1 = d2 @ W2.T * (1 - cache["A1"] ** 2)
    return X.T @ d1, d1.sum(0), cache["A1"].T @ d2, d2.sum(0)


def test_a_function_is_called_with_the_forward_pass_beside_it():
    audit = cr.audit_code(backward, hidden="tanh", output="identity")
    assert audit.ok
    assert audit.title == "test_functions.py:backward"


class Base:
    def __init__(self, layer_sizes):
        self.weights = [np.zeros((j, m)) for j, m in pairwise(layer_sizes)]
        self.biases = [np.zeros(m) for m in layer_sizes[1:]]

    def backprop(self, inputs, labels):
        out, cache = forward(inputs, self.weights[0], self.biases[0], self.weights[1], self.biases[1])
        return backward(cache, out, inputs, labels, self.weights[1])


class Derived(Base):
    @staticmethod
    def gradients(X, y, W1, b1, W2, b2):
        out, cache = forward(X, W1, b1, W2, b2)
        return backward(cache, out, X, y, W2)


@pytest.mark.parametrize("code", [Base, Base.backprop, Base([2, 2, 2]).backprop, Derived, Derived.gradients])
def test_a_class_and_its_methods_are_called(code):
    audit = cr.audit_code(code, hidden="tanh", output="identity")
    assert audit.ok
    assert len(audit.audit.lines) == 4


def test_what_cannot_be_sent_runs_here_and_that_is_told():
    lock = threading.Lock()

    def held(X, y, W1, b1, W2, b2):
        with lock:
            out, cache = forward(X, W1, b1, W2, b2)
            return backward(cache, out, X, y, W2)

    audit = cr.audit_code(held, hidden="tanh", output="identity")
    assert audit.ok
    assert audit.notes[-1].startswith("It ran in this process, without limits")


@pytest.mark.parametrize(
    ("code", "more", "told"),
    [
        (3, {}, "code: expected FILE.py:NAME, a function or a class; got int"),
        ("mynet", {}, "code: expected a Python file and a name in it"),
        (backward, {"layers": 5}, "layers: expected units of each layer"),
        (backward, {"layers": [4]}, "sizes: expected at least two"),
        (backward, {"seconds": 0}, "seconds: expected a number above 0"),
        (backward, {"reduction": "max"}, "reduction: expected mean or sum"),
        (backward, {"hidden": "step"}, "hidden"),
        (len, {}, "not understood"),
    ],
)
def test_a_bad_question_is_refused(code, more, told):
    with pytest.raises(InputError) as error:
        cr.audit_code(code, **{"hidden": "tanh"} | more)
    assert told in str(error.value)


def test_a_process_that_ends_is_told(monkeypatch):
    monkeypatch.setattr(functions, "run_alone", lambda *_, **__: Lost("it took more than 3 s"))
    with pytest.raises(InputError, match="backward: expected code that runs and ends; got it took more than 3 s"):
        cr.audit_code(backward)
