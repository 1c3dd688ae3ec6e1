"""The table of mistakes: its words and equations for any layer, in both notations."""

import re

import numpy as np
import pytest

from chainrule import Network
from chainrule.auditing.mistakes import MISTAKES, applicable
from chainrule.auditing.mistakes.table import Mistake, anywhere
from chainrule.auditing.model.interval import Interval
from chainrule.auditing.model.problem import Node, Problem
from chainrule.auditing.model.replay import Replay
from chainrule.network.equation_table import EQUATIONS
from chainrule.render.from_tex import from_tex
from trials import audit as trials

PLANTED = Mistake(
    "planted",
    "dW",
    anywhere,
    lambda r, q: r.right(q),
    "<a i-1> stands where <h i-1> is due, in layer <i>",
    r"<W^T i+1> <da i+1> <h^T i-1> + <W_mj i> <a i> / <i>",
    r"<W i> <dh i> <dW i> <db i> <a_m i> <b i>",
)


def test_names_in_a_template_are_in_the_notation_of_the_sheet():
    assert PLANTED.says(2) == "a_1 stands where h_1 is due, in layer 2"
    assert PLANTED.says(2, delta=True) == "z^1 stands where a^1 is due, in layer 2"
    assert PLANTED.says() == "a_i-1 stands where h_i-1 is due, in layer i"
    assert PLANTED.latex(2) == (
        r"W_{3}^T \nabla_{a_{3}} L h_{1}^T + W_{2,m,j} a_{2} / 2",
        r"W_{2} \nabla_{h_{2}} L \nabla_{W_{2}} L \nabla_{b_{2}} L a_{2,m} b_{2}",
    )
    assert PLANTED.latex(2, delta=True) == (
        r"w^{3} \delta^{3} (a^{1})^T + w^{2}_{jm} z^{2} / 2",
        r"(w^{2})^T \nabla_{a^{2}} L \left(\frac{\partial L}{\partial w^{2}}\right)^T \nabla_{b^{2}} L z^{2}_{m} b^{2}",
    )


@pytest.mark.parametrize("delta", [False, True])
def test_every_mistake_says_what_it_is_at_any_layer(delta):
    for mistake in MISTAKES:
        for layer in (1, 12):
            said = (mistake.says(layer, delta), *mistake.latex(layer, delta))
            assert all(said), mistake.id
            assert not any(re.search("<[dahWbi]|i>", text) for text in said), mistake.id
            for latex in said[1:]:
                assert latex.count("{") == latex.count("}"), mistake.id
                from_tex(latex)
        assert mistake.right in EQUATIONS or not re.fullmatch("[a-z]+[.][a-z]+", mistake.right), mistake.right


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: f"{m.id}-{m.kind}")
def test_every_mistake_can_be_made_and_changes_something(mistake):
    rng = np.random.default_rng(7)
    changed = []
    for layer in (0, 1, 2, 3):
        p = trials.fitting(rng, mistake, layer)
        if p is None:
            continue
        node, made = Node(mistake.kind, layer, int(mistake.kind in ("W", "b"))), (mistake.at(layer),)
        right, wrong = Replay(p).get(node), Replay(p, wrong=made).get(node)
        assert np.shape(right) == np.shape(wrong)
        assert Replay(p, intervals=True, wrong=made).get(node).touches(Interval.of(wrong))[~np.isnan(wrong)].all()
        changed.append(not np.allclose(right, wrong, equal_nan=True))
    assert any(changed)


# ---------------------------------------------------------------- what each computes, written out

Y = np.array([1.0, 0.0])


def problem(hidden, output, loss, y=Y):
    net = Network.random([2, 2, len(y)], hidden, output, loss, seed=1)
    net = Network(net.weights, [[0.1, -0.2], np.linspace(0.3, 0.4, len(y))], hidden, output, loss)
    return Problem.of(net, [0.5, -1.0], y, rate=0.5)


def gate(p):
    return p * (1 - p)


@pytest.mark.parametrize(
    ("output", "loss", "id", "kind", "layer", "expected"),
    [
        ("sigmoid", "half_squared_error", "bias_dropped", "a", 1, lambda v: v("W_1") @ v("x")),
        ("sigmoid", "half_squared_error", "W_transposed_fwd", "a", 2, lambda v: v("W_2").T @ v("h_1") + v("b_2")),
        ("sigmoid", "half_squared_error", "sigmoid_exp_sign", "h", 2, lambda v: 1 / (1 + np.exp(v("a_2")))),
        ("softmax", "cross_entropy", "softmax_without_exp", "h", 2, lambda v: v("a_2") / v("a_2").sum()),
        ("sigmoid", "half_squared_error", "half_missing_in_L", "L", 0, lambda v: ((v("yhat") - Y) ** 2).sum()),
        ("sigmoid", "squared_error", "mean_for_sum_outputs", "L", 0, lambda v: ((v("yhat") - Y) ** 2).mean()),
        ("softmax", "cross_entropy", "log_base_10", "L", 0, lambda v: -np.log10(v("yhat")[0])),
        ("sigmoid", "half_squared_error", "factor_2", "dh", 2, lambda v: 2 * (v("yhat") - Y)),
        ("sigmoid", "squared_error", "factor_2_missing", "dh", 2, lambda v: v("yhat") - Y),
        ("softmax", "cross_entropy", "ce_sign", "dh", 2, lambda v: Y / v("yhat")),
        ("sigmoid", "binary_cross_entropy", "ce_used_for_bce", "dh", 2, lambda v: -Y / v("yhat")),
        ("sigmoid", "binary_cross_entropy", "bce_second_term_sign", "dh", 2,
         lambda v: -Y / v("yhat") - (1 - Y) / (1 - v("yhat"))),
        ("softmax", "squared_error", "softmax_cross_terms_dropped", "J", 2, lambda v: np.diag(gate(v("yhat")))),
        ("softmax", "squared_error", "logits_in_softmax_jacobian", "J", 2,
         lambda v: np.diag(v("a_2")) - np.outer(v("a_2"), v("a_2"))),
        ("softmax", "squared_error", "output_derivative_missing", "J", 2, lambda v: np.eye(2)),
        ("sigmoid", "squared_error", "output_derivative_missing", "g'", 2, lambda v: np.ones(2)),
        ("sigmoid", "squared_error", "sigma_for_sigma_prime_hidden", "g'", 1, lambda v: v("h_1")),
        ("sigmoid", "squared_error", "sigmoid_rule_on_tanh", "g'", 1, lambda v: gate(v("h_1"))),
        ("sigmoid", "squared_error", "derivative_of_wrong_layer", "g'", 1, lambda v: gate(v("yhat"))),
        ("sigmoid", "squared_error", "a_times_1_minus_a", "g'", 2, lambda v: gate(v("a_2"))),
        ("sigmoid", "squared_error", "tanh_rule_on_sigmoid", "g'", 2, lambda v: 1 - v("yhat") ** 2),
        ("softmax", "cross_entropy", "y_minus_yhat", "da", 2, lambda v: Y - v("yhat")),
        ("softmax", "cross_entropy", "softmax_derivative_twice", "da", 2, lambda v: (v("yhat") - Y) * gate(v("yhat"))),
        ("softmax", "cross_entropy", "softmax_jacobian_twice", "da", 2,
         lambda v: (np.diag(v("yhat")) - np.outer(v("yhat"), v("yhat"))) @ (v("yhat") - Y)),
        ("sigmoid", "binary_cross_entropy", "derivative_twice_bce", "da", 2,
         lambda v: (v("yhat") - Y) * gate(v("yhat"))),
        ("sigmoid", "squared_error", "a_for_h_in_dW", "dW", 2, lambda v: np.outer(v("dL/da_2"), v("a_1"))),
        ("sigmoid", "squared_error", "own_output_for_input", "dW", 1,
         lambda v: np.outer(v("dL/da_1") * v("h_1"), [1, 1])),
        ("sigmoid", "squared_error", "divided_not_multiplied", "dW", 2, lambda v: np.outer(v("dL/da_2"), 1 / v("h_1"))),
        ("sigmoid", "squared_error", "bias_times_input", "db", 2, lambda v: v("dL/da_2") * v("h_1")),
        ("sigmoid", "squared_error", "W_not_transposed_bwd", "dh", 1, lambda v: v("W_2") @ v("dL/da_2")),
        ("sigmoid", "squared_error", "missed_paths_diagonal", "dh", 1, lambda v: np.diag(v("W_2")) * v("dL/da_2")),
        ("sigmoid", "squared_error", "missed_paths_first_only", "dh", 1, lambda v: v("W_2")[0] * v("dL/da_21")),
        ("sigmoid", "squared_error", "error_not_delta", "dh", 1, lambda v: v("W_2").T @ v("dL/dyhat")),
        ("sigmoid", "squared_error", "wrong_layer_weights", "dh", 1, lambda v: v("W_1").T @ v("dL/da_2")),
        ("sigmoid", "squared_error", "updated_weights_used", "dh", 1,
         lambda v: (v("W_2") - 0.5 * v("dL/dW_2")).T @ v("dL/da_2")),
        ("sigmoid", "squared_error", "update_sign", "W", 2, lambda v: v("W_2") + 0.5 * v("dL/dW_2")),
        ("sigmoid", "squared_error", "lr_twice", "b", 2, lambda v: v("b_2") - 0.25 * v("dL/db_2")),
    ],
)  # fmt: skip
def test_a_mistake_computes_what_it_says(output, loss, id, kind, layer, expected):
    p = problem("tanh", output, loss)
    b = p.network.backward([0.5, -1.0], Y)

    def value(name):
        return (b if name.startswith("d") else b.forward)[name]

    (mistake,) = {m for m, i in applicable(p, {kind}) if (m.id, i) == (id, layer)}
    node = Node(kind, layer, int(kind in ("W", "b")))
    found = Replay(p, wrong=(mistake.at(layer),)).get(node)
    np.testing.assert_allclose(found if kind in ("L", "W", "dW", "b", "db") else found[0], expected(value), rtol=1e-12)


@pytest.mark.parametrize("loss", ["half_squared_error", "squared_error"])
def test_the_mean_over_one_output_is_no_mistake(loss):
    ids = [{m.id for m, _ in applicable(problem("tanh", "sigmoid", loss, y))} for y in (Y, Y[:1])]
    assert ["mean_for_sum_outputs" in found for found in ids] == [True, False]
