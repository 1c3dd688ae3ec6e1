"""The table of mistakes: its words and equations for any layer, in both notations."""

import re

import numpy as np
import pytest

from chainrule.auditing.mistakes import MISTAKES
from chainrule.auditing.mistakes.table import Mistake, anywhere
from chainrule.auditing.model.interval import Interval
from chainrule.auditing.model.problem import Node
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
    r"<W^T i+1> <da i+1> <h^T i-1> + <W_mj i> <a i>",
    r"<W i> <dh i> <dW i> <db i> <a_m i> <b i>",
)


def test_names_in_a_template_are_in_the_notation_of_the_sheet():
    assert PLANTED.says(2) == "a_1 stands where h_1 is due, in layer 2"
    assert PLANTED.says(2, delta=True) == "z^1 stands where a^1 is due, in layer 2"
    assert PLANTED.says() == "a_i-1 stands where h_i-1 is due, in layer i"
    assert PLANTED.latex(2) == (
        r"W_{3}^T \nabla_{a_{3}} L h_{1}^T + W_{2,m,j} a_{2}",
        r"W_{2} \nabla_{h_{2}} L \nabla_{W_{2}} L \nabla_{b_{2}} L a_{2,m} b_{2}",
    )
    assert PLANTED.latex(2, delta=True) == (
        r"w^{3} \delta^{3} (a^{1})^T + w^{2}_{jm} z^{2}",
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
    for layer in (0, 1, 2, 3, 1, 2):
        p = trials.fitting(rng, mistake, layer)
        if p is None:
            continue
        node, made = Node(mistake.kind, layer, int(mistake.kind in ("W", "b"))), (mistake.at(layer),)
        right, wrong = Replay(p).get(node), Replay(p, wrong=made).get(node)
        assert np.shape(right) == np.shape(wrong)
        assert Replay(p, intervals=True, wrong=made).get(node).touches(Interval.of(wrong))[~np.isnan(wrong)].all()
        changed.append(not np.allclose(right, wrong, equal_nan=True))
    assert any(changed)
