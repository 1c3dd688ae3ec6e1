"""Paths by dynamic programming equal all paths written out, one by one, wherever that can be done."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.formula import evaluate, parse
from chainrule.network.names import read
from chainrule.render.blocks import DisplayFormula
from tests.support.strategies import networks, targets_n_k

MOST = 20_000  # paths that are written out


def all_paths(network, x, y, name):
    """The product of every path, by plain enumeration: one unit of each layer, and one output for softmax."""
    b = network.backward(x, y)
    f, wrt = b.forward, read(name)[0].wrt
    depth, sizes = network.depth, network.sizes
    layer = {"x": 0, "yhat": depth}.get(wrt.symbol, wrt.layer)
    softmax = network.output == "softmax"
    jacobian = network.output_rule.jacobian(f.a[-1], f.yhat)[0]
    from_a = wrt.symbol in "Wba"
    first = f.h[wrt.layer - 1][0, wrt.index[1] - 1] if wrt.symbol == "W" else 1.0

    def slope(i, unit):
        """dh/da of a unit; 1 where the softmax has edges of its own."""
        if i == depth:
            return 1.0 if softmax else jacobian[unit, unit]
        return network.activations[i - 1].dg(f.a[i - 1])[0, unit]

    found = []
    for later in itertools.product(*(range(sizes[i]) for i in range(layer + 1, depth + 1))):
        units = (wrt.index[0] - 1, *later)
        product = first * (slope(layer, units[0]) if from_a else 1.0)
        for i, (u, v) in enumerate(itertools.pairwise(units), layer + 1):
            product *= network.weights[i - 1][v, u] * slope(i, v)
        if softmax and (from_a or layer < depth):
            found += [product * jacobian[o, units[-1]] * b.grad_yhat[0, o] for o in range(sizes[-1])]
        else:
            found.append(product * b.grad_yhat[0, units[-1]])
    return [float(product) for product in found]


def count_of(network, name):
    wrt = read(name)[0].wrt
    layer = {"x": 0, "yhat": network.depth}.get(wrt.symbol, wrt.layer)
    count = math.prod(network.sizes[i] for i in range(layer + 1, network.depth + 1))
    return count * (network.sizes[-1] if network.output == "softmax" and wrt.symbol != "yhat" else 1)


@given(networks(), st.data())
def test_dynamic_programming_equals_enumeration(network, data):
    """Total, count, the ten largest, the absolute sum, the number alive."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    x, y = rng.normal(size=network.sizes[0]), targets_n_k(rng, network.loss, 1, network.sizes[-1])[0]
    names = ["dL/dx_1", f"dL/db_{network.depth}1", "dL/dW_111", "dL/da_11", "dL/dyhat_1", f"dL/dW_{network.depth}11"]
    names += ["dL/dh_11"] if network.depth > 1 else []
    name = data.draw(st.sampled_from(names))
    if count_of(network, name) * network.sizes[-1] > MOST:
        name = f"dL/dW_{network.depth}11"
    p = cr.paths(network, x, y, name, top=10)
    every = all_paths(network, x, y, name)
    absolute = sum(abs(product) for product in every)
    floor = 1e-12 * absolute
    assert p.count == len(every)
    assert math.isclose(p.total, sum(every), rel_tol=1e-9, abs_tol=floor)
    assert math.isclose(p.total, network.backward(x, y)[name], rel_tol=1e-9, abs_tol=floor)
    assert math.isclose(p.absolute, absolute, rel_tol=1e-9)
    largest = sorted(map(abs, every), reverse=True)[:10]
    np.testing.assert_allclose([abs(path.product) for path in p.paths], largest, rtol=1e-9, atol=1e-300)
    assert len({path.nodes for path in p.paths}) == len(p.paths)
    for path in p.paths:
        assert math.isclose(path.product, math.prod(path.factors), rel_tol=1e-12, abs_tol=1e-300)
        assert len(path.edges) == len(path.factors) == len(path.nodes) - 1
        assert path.nodes[-1] == "L"
        for edge, factor in zip(path.edges, path.factors, strict=True):
            b = network.backward(x, y)
            assert math.isclose(b[edge], factor, rel_tol=1e-9, abs_tol=1e-300), edge
    if absolute:
        assert math.isclose(p.share, sum(largest) / absolute, rel_tol=1e-9)
        assert math.isclose(p.cancellation, abs(p.total) / absolute, rel_tol=1e-9, abs_tol=1e-9)


def test_the_notes_two_paths_and_four():
    from tests.explanation.test_examples import NOTES_NET as net

    p = cr.paths(net, [2, 5, 3, 3], [1, 0], "dL/dW_212")
    assert p.count == 2
    assert [round(path.product, 4) for path in p.paths] == [-0.0652, -0.0652]
    assert p.cancellation == pytest.approx(1)
    four = cr.paths(net, [2, 5, 3, 3], [1, 0], "dL/dW_131")
    assert four.count == 4
    assert four.total == pytest.approx(0.003159356763654178)


def test_printed_products_give_what_they_say():
    net = cr.Network.random([4, 5, 5, 3], "gelu", seed=1)
    p = cr.paths(net, [1, -1, 2, 0.5], 1, "dL/dW_111")
    lines = [block.rights for block in p.document().blocks if isinstance(block, DisplayFormula)]
    assert len(lines) == 10
    for (_, numbers, product), path in zip(lines, p.paths, strict=True):
        assert f"{evaluate(parse(numbers.text), None):.5g}" == f"{float(product.text):.5g}" == f"{path.product:.5g}"


def test_counts_are_exact_whole_numbers_of_any_size():
    net = cr.Network.random([3, *[50] * 40, 2], "tanh", seed=0, loss="squared_error")
    p = cr.paths(net, [1, 2, 3], [0, 1], "dL/dx_1", top=3)
    assert p.count == 50**40 * 4
    assert isinstance(p.count, int)
    assert len(p.paths) == 3


def test_dead_units_are_counted_and_said():
    net = cr.Network([[[1.0], [-1.0]], [[1.0, 1.0]]], None, "relu", "identity", "half_squared_error")
    p = cr.paths(net, [1.0], [0.0], "dL/dx_1")
    assert (p.count, p.alive) == (2, 1)
    assert "1 of them with a factor 0" in " ".join(str(p).split())
    dead = cr.paths(net, [0.0], [0.0], "dL/dx_1")
    assert "cancellation" not in str(dead)
    assert (dead.total, dead.alive, dead.absolute, dead.share) == (0, 0, 0, 1)


def test_what_cancels_is_said():
    net = cr.Network([[[1.0], [1.0]], [[3.0, -2.0]]], None, "identity", "identity", "half_squared_error")
    words = " ".join(str(cr.paths(net, [1.0], [0.0], "dL/dx_1")).split())
    assert "2 paths lead to the loss; their sum is 1 • sum of their absolute products: 5" in words
    assert "cancellation |sum| / sum of |paths|: 0.2" in words


def test_a_probability_of_0_makes_output_and_loss_one_edge():
    net = cr.Network([[[1.0], [-1.0]]], None, output="softmax", loss="cross_entropy")
    p = cr.paths(net, [1000.0], 1, "dL/dx_1")
    assert p.direct
    assert p.total == net.backward([1000.0], 1)["dL/dx_1"]
    assert "one edge" in str(p)


@pytest.mark.parametrize("sizes", [[6, 5, 4, 3], [3, 3]])
@pytest.mark.parametrize("top", [0, 1, 7, 10_000])
def test_as_many_as_asked_or_as_there_are(sizes, top):
    net = cr.Network.random(sizes, "tanh", seed=0)
    p = cr.paths(net, np.ones(sizes[0]), 0, "dL/dx_1", top=top)
    assert len(p.paths) == min(top, p.count)


@pytest.mark.parametrize(
    ("name", "x", "says"),
    [
        ("dL/dW_1", [1.0, 2.0], "the derivative of L by one number"),
        ("dyhat_1/dx_1", [1.0, 2.0], "the derivative of L by one number"),
        ("a_11", [1.0, 2.0], "the derivative of L by one number"),
        ("dL/dx_3", [1.0, 2.0], "indices within x"),
        ("dL/dx_1", [[1.0, 2.0]], "one example"),
    ],
)
def test_questions_that_make_no_sense(name, x, says):
    with pytest.raises(cr.InputError, match=says):
        cr.paths(cr.Network.random([2, 2], seed=0), x, [0], name)


def test_from_an_output_there_is_one_path_whatever_the_shortcuts():
    net = cr.Network.random([2, 3, 2], seed=1)
    for shortcuts in (True, False):
        p = cr.paths(net, [1, 2], 0, "dL/dyhat_1", shortcuts=shortcuts)
        assert p.total == net.backward([1, 2], 0)["dL/dyhat_1"]
        assert p.paths[0].nodes == ("yhat_1", "L")
    sure = cr.Network([[[400.0, 0.0], [-400.0, 0.0]]])
    with pytest.raises(cr.InputError, match="a finite derivative"):
        cr.paths(sure, [2.0, 0.0], 1, "dL/dyhat_2")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("logit", [3.0, 9.0, 12.0, 15.0, 20.0, 34.0, 36.0, 38.0])
def test_near_a_probability_of_1_the_total_is_still_the_gradient(logit, dtype):
    net = cr.Network([[[1.0]]], None, output="sigmoid", loss="binary_cross_entropy").astype(dtype)
    p = cr.paths(net, [logit], [0.0], "dL/db_11")
    assert math.isclose(p.total, net.backward([logit], [0.0])["dL/db_11"], rel_tol=1e-8 if dtype == "float64" else 1e-2)
