"""The three forms of the notes agree: whole gradients over drawn networks, and each equation by itself."""

import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import chainrule
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.equation_table import EQUATIONS
from chainrule.network.outputs import OUTPUTS
from tests.support.sample import draws
from tests.support.strategies import LOSS_OUTPUT, UNITS, assert_agree, cases, generators, loss_output_of, sums_of_paths

FORMS = ("component", "vector", "batch")

#: the equations of the notes -> the notes that they are taken from
SOURCES = {
    "forward.pre": ("003", "004"),
    "forward.act": ("003", "004"),
    "backward.out": ("001", "003", "004"),
    "backward.hidden": ("000", "001", "004"),
    "backward.pre": ("001", "004"),
    "backward.weight": ("001", "002"),
    "backward.bias": ("001", "002"),
    "update": ("002",),
    "chain": ("004",),
}


# ---------------------------------------------------------------- whole gradients


def assert_forms_agree(case):
    batch = chainrule.gradients(case.network, *case.args)
    paths = sums_of_paths(case.network.backward(*case.args))
    for form in ("component", "vector"):
        found = chainrule.gradients(case.network, *case.args, form=form)
        assert found.keys() == batch.keys()
        assert_agree(found, batch, 1e-12, paths)


@pytest.mark.parametrize(("loss", "output"), LOSS_OUTPUT)
@draws(2)
@given(data=st.data())
def test_the_forms_agree_for_every_loss_and_output(loss, output, data):
    assert_forms_agree(data.draw(cases(loss_output_of(loss, output))))


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@draws(4)
@given(data=st.data())
def test_the_forms_agree_for_every_activation_also_on_its_kink(hidden, data):
    case = data.draw(cases(hidden=hidden, elements="halves"))
    later = case.network.forward(case.x).a[1:]  # not exact: rounding could put a unit on either side of a kink
    assume(all(np.abs(a).min() > 1e-9 for a in later))
    assert_forms_agree(case)


def test_a_unit_on_the_kink_has_one_convention_in_every_form():
    for hidden, slope in (("relu", 0.0), ("leaky_relu", 0.01)):
        network = chainrule.Network([[[1.0]], [[1.0]]], None, hidden, "identity", "half_squared_error")
        for form in FORMS:
            assert chainrule.gradients(network, [0.0], [-1.0], form=form)["dL/da_1"] == pytest.approx([slope])


@pytest.mark.parametrize("form", FORMS)
def test_softmax_of_large_preactivations_is_finite_in_every_form(form):
    """exp(800) is not: each form has to take the largest from all."""
    network = chainrule.Network([[[800.0], [799.0]]], None, output="softmax", loss="squared_error")
    p = 1 / (1 + np.exp(-1.0))
    q = 1 - p
    slope = 2 * p * q * ((p - 1) - q)
    found = chainrule.gradients(network, [1.0], [1.0, 0.0], form=form)
    np.testing.assert_allclose(found["dL/da_1"], [slope, -slope], rtol=1e-12)


def test_the_forms_name_every_gradient_and_an_unknown_form_is_an_error():
    network = chainrule.Network.random([3, 4, 2], seed=0)
    names = {f"dL/d{symbol}_{i}" for symbol in "Wba" for i in (1, 2)} | {"dL/dh_1", "dL/dx"}
    assert chainrule.gradients(network, [1, 2, 3], 0, form="vector").keys() == names
    with pytest.raises(chainrule.InputError, match="form: expected component, vector or batch; got 'matrix'"):
        chainrule.gradients(network, [1, 2, 3], 0, form="matrix")


# ---------------------------------------------------------------- each equation by itself


def by_form(equation_id):
    return tuple(getattr(EQUATIONS[equation_id], form) for form in FORMS)


def forward_pre(draw, n, m, j):
    component, vector, batch = by_form("forward.pre")
    W, H, b = draw(m, j), draw(n, j), draw(m)
    one = [[component(W[r].tolist(), h.tolist(), float(b[r])) for r in range(m)] for h in H]
    return one, [vector(W, h, b) for h in H], batch(W, H, b)


def forward_act(draw, n, m, j):
    component, vector, batch = by_form("forward.act")
    A, softmax = draw(n, m), OUTPUTS["softmax"].value
    for row in ACTIVATIONS.values():
        same([[component(row.g, float(a)) for a in each] for each in A], batch(row.g, A))
    powers = [[float(np.exp(a)) for a in each] for each in A]
    one = [[p / sum(each) for p in each] for each in powers]
    return one, [vector(softmax, each) for each in A], batch(softmax, A)


def forward_loss(draw, n, m, j):
    component, vector, batch = by_form("forward.loss")
    c, losses = draw(n), draw(n)
    return component(c.tolist(), losses.tolist()), vector(c, losses), batch(c, losses)


def backward_loss(draw, n, m, j):
    component, vector, batch = by_form("backward.loss")
    c, slopes = draw(n), draw(n, m)
    one = [[component(c[e], float(slope)) for slope in slopes[e]] for e in range(n)]
    return one, [vector(c[e], slopes[e]) for e in range(n)], batch(c, slopes)


def backward_jacobian(draw, n, m, j):
    component, vector, batch = by_form("backward.jacobian")
    yhat = OUTPUTS["softmax"].value(draw(n, m))
    one = [[[component(p[o], p[u], o == u) for u in range(m)] for o in range(m)] for p in yhat.tolist()]
    return one, [vector(p) for p in yhat], batch(yhat)


def backward_slope(draw, n, m, j):
    component, vector, batch = by_form("backward.slope")
    A, rules = draw(n, m), [row.dg for row in ACTIVATIONS.values()]
    one = [[[component(dg, float(a)) for a in each] for each in A] for dg in rules]
    return one, [[vector(dg, each) for each in A] for dg in rules], [batch(dg, A) for dg in rules]


def backward_out(draw, n, m, j):
    component, vector, batch = by_form("backward.out")
    J, grad = draw(n, j, m), draw(n, j)
    one = [[component(grad[e].tolist(), J[e][:, c].tolist()) for c in range(m)] for e in range(n)]
    return one, [vector(J[e], grad[e]) for e in range(n)], batch(J, grad)


def backward_hidden(draw, n, m, j):
    component, vector, batch = by_form("backward.hidden")
    W, grad = draw(m, j), draw(n, m)
    one = [[component(g.tolist(), W[:, c].tolist()) for c in range(j)] for g in grad]
    return one, [vector(W, g) for g in grad], batch(W, grad)


def backward_pre(draw, n, m, j):
    component, vector, batch = by_form("backward.pre")
    grad, slope = draw(n, m), draw(n, m)
    one = [[component(g, s) for g, s in zip(grad[e], slope[e], strict=True)] for e in range(n)]
    return one, [vector(grad[e], slope[e]) for e in range(n)], batch(grad, slope)


def backward_weight(draw, n, m, j):
    component, vector, batch = by_form("backward.weight")
    grad, H = draw(n, m), draw(n, j)
    one = [[sum(component(grad[e, r], H[e, c]) for e in range(n)) for c in range(j)] for r in range(m)]
    return one, sum(vector(grad[e], H[e]) for e in range(n)), batch(grad, H)


def backward_bias(draw, n, m, j):
    component, vector, batch = by_form("backward.bias")
    grad = draw(n, m)
    one = [sum(component(grad[e, r]) for e in range(n)) for r in range(m)]
    return one, sum(vector(g) for g in grad), batch(grad)


def update(draw, n, m, j):
    component, vector, batch = by_form("update")
    W, grad = draw(m, j), draw(m, j)
    one = [[component(float(W[r, c]), float(grad[r, c]), 0.5) for c in range(j)] for r in range(m)]
    assert batch(1.0, 0.25, 2.0) == 0.5
    return one, [vector(W[r], grad[r], 0.5) for r in range(m)], batch(W, grad, 0.5)


def chain(draw, n, m, j):
    """All paths through two layers are the product of the two matrices."""
    component, vector, batch = by_form("chain")
    W, V = draw(n, m), draw(m, j)

    def paths(e, c):
        return [(W[e, r], V[r, c]) for r in range(m)]

    forms = [[[form(paths(e, c)) for c in range(j)] for e in range(n)] for form in (component, vector, batch)]
    same(forms[0], W @ V)
    assert component([]) == 0.0
    return forms


RUNS = {
    "forward.pre": forward_pre,
    "forward.act": forward_act,
    "forward.loss": forward_loss,
    "backward.loss": backward_loss,
    "backward.jacobian": backward_jacobian,
    "backward.slope": backward_slope,
    "backward.out": backward_out,
    "backward.hidden": backward_hidden,
    "backward.pre": backward_pre,
    "backward.weight": backward_weight,
    "backward.bias": backward_bias,
    "update": update,
    "chain": chain,
}


def same(one, other):
    """Equal to rounding: sums of up to 5 terms of size 1."""
    np.testing.assert_allclose(np.array(one), np.array(other), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("equation_id", EQUATIONS)
@draws(4)
@given(rng=generators(), n=st.sampled_from(UNITS), m=st.sampled_from(UNITS), j=st.sampled_from(UNITS))
def test_each_equation_is_the_same_in_its_three_forms(equation_id, rng, n, m, j):
    one, vectors, batch = RUNS[equation_id](lambda *shape: rng.normal(size=shape), n, m, j)
    same(one, vectors)
    same(vectors, batch)


# ---------------------------------------------------------------- the table


@pytest.mark.parametrize("equation_id", EQUATIONS)
def test_every_equation_says_what_it_is(equation_id):
    row = EQUATIONS[equation_id]
    assert row.id == equation_id
    assert row.title
    assert row.source == SOURCES.get(equation_id, row.source)
    assert row.source
    assert set(row.source) <= {"000", "001", "002", "003", "004"}
    for latex in (row.component_latex, row.latex, row.delta_latex):
        depth = 0
        for brace in re.findall(r"[{}]", re.sub(r"\\[{}]", "", latex)):
            depth += 1 if brace == "{" else -1
            assert depth >= 0, latex
        assert depth == 0, latex
        assert latex
    assert re.search(r"=|\\leftarrow", row.component_latex)
    shapes = re.findall(r"\(([^)]*)\)", row.shapes)
    assert all(set(axes.split(", ")) <= set("nmjok") for axes in shapes)
    assert shapes or row.shapes in ("any shape, the same on both sides", "numbers")


def test_the_table_holds_the_equations_of_the_notes():
    assert SOURCES.keys() <= EQUATIONS.keys()
