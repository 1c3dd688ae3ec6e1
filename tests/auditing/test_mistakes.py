"""The table of mistakes: its words and equations for any layer, in both notations."""

import pytest

from chainrule.auditing.mistakes import MISTAKES
from chainrule.auditing.mistakes.table import Mistake, anywhere
from chainrule.render.from_tex import from_tex

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
            assert not any("<i" in text or " i>" in text for text in said), mistake.id
            for latex in said[1:]:
                assert latex.count("{") == latex.count("}"), mistake.id
                from_tex(latex)
