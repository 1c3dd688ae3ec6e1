"""``audit_code``: three networks of strangers, right and with planted mistakes, and code that does something else.

The code is called in this process, where it can do no harm; ``tests/system/test_alone.py`` has the process of its own.
"""

from pathlib import Path

import pytest

from chainrule.auditing import functions
from chainrule.auditing.functions import CodeQuestion, audit_file
from tests.support import networks

FOLDER = Path(networks.__file__).parent
CACHES = ("caches.py", "model_backward", CodeQuestion((4, 5, 6, 3), "relu", "sigmoid", "binary_cross_entropy", "mean"))
PARAMS = ("params.py", "SmallClassifier.loss", CodeQuestion((4, 5, 3), "relu", "softmax", "cross_entropy", "mean"))
LISTS = ("lists.py", "Layers.backprop", CodeQuestion((4, 5, 3), "sigmoid", "sigmoid", "half_squared_error"))


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """No process is started."""
    monkeypatch.setattr(functions, "run_alone", lambda function, task, **_: function(task))


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
    [
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
    ],
)  # fmt: skip
def test_a_planted_mistake_is_found_with_its_cause(tmp_path, stranger, old, new, first, cause):
    audit = audited(tmp_path, stranger[:2], stranger[2], old, new)
    assert not audit.ok
    assert audit.first_wrong.name == first
    assert any(cause in id for id in audit.first_wrong.mistakes), audit.first_wrong.mistakes
