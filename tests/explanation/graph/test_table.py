"""All derivatives in one table, and the picture of a graph."""

import itertools
import json
import re
from xml.etree import ElementTree

import pytest

import chainrule as cr
from chainrule.explanation.graph.picture import Spot, _crossings, _neighbours, _ordered, picture

LECTURE = "f = 1/(1 + exp(-(w0*x0 + w1*x1 + w2)))"
AT = {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}
SVG = "{http://www.w3.org/2000/svg}"


def test_the_circuit_of_the_lectures():
    found = cr.Graph("x = -2; y = 5; z = -4; q = x + y; f = q*z").gradients()
    assert {node.name: (node.value, node.gradient) for node in found.nodes} == {
        "x": (-2, -4), "y": (5, -4), "z": (-4, 3), "q": (3, -4), "f": (-12, 1),
    }  # fmt: skip


def test_operations_within_a_formula_are_nodes_too():
    found = cr.Graph(LECTURE).gradients("f", AT)
    rows = {node.shown: (node.value, node.gradient) for node in found.nodes}
    slope = 0.19661193324148185
    assert rows["w0*x0"] == pytest.approx((-2, slope))
    assert rows["exp(-w0*x0 - w1*x1 - w2)"] == pytest.approx((0.36787944117144233, -0.534446645388523))
    assert rows["x0"] == pytest.approx((-1, 2 * slope))
    assert rows["w2"] == pytest.approx((-3, slope))
    assert [node.operation for node in found.nodes if not node.name] == ["×", "×", "+", "−", "exp", "+ 1"]


def test_a_sum_of_one_number_is_no_operation():
    found = cr.Graph("z = tanh([x]^T*[y]) + sum([x])").gradients("z", {"x": 2, "y": 3})
    assert [node.shown for node in found.nodes if not node.name] == ["x*y", "tanh(x*y)"]


def test_each_row_is_the_derivative_asked_alone():
    graph = cr.Graph("a = w*x + b; h = tanh(a); c = h^2*w; L = softplus(c) + 0.5*w^2 + h*x")
    at = {"w": 0.6, "x": -1.2, "b": 0.3}
    for node in graph.gradients("L", at).nodes:
        if node.name and node.name != "L":
            assert node.gradient == graph.derivative(f"dL/d{node.name}", at).value


def test_without_values_the_derivatives_are_formulas():
    rows = {node.name: node.gradient_formula for node in cr.Graph("p = sigmoid(z); L = -ln(p)").gradients("L").nodes}
    assert rows["z"] == "sigmoid(z) - 1"
    assert rows["L"] == "1"


def test_what_is_not_defined_is_said_and_spoils_nothing_else():
    found = cr.Graph("u = sqrt(v); z = u + w").gradients("z", {"v": 0, "w": 1})
    rows = {node.name: node.gradient for node in found.nodes}
    assert rows == {"v": None, "w": 1.0, "u": 1.0, "z": 1.0}
    assert "not defined" in str(found)
    assert "By v it is not defined: 1/(2*sqrt(v))" in " ".join(found.notes)


def test_a_kink_is_told_and_a_large_graph_shows_its_variables():
    steps = "; ".join(f"h{i} = relu(u*h{i - 1} + w)" for i in range(1, 100))
    found = cr.Graph(f"h0 = 0; {steps}").gradients(at={"u": 0.5, "w": 0.0})
    assert [node.name for node in found.nodes if node.name.startswith("h")][-1] == "h99"
    assert all(node.name for node in found.nodes)
    assert "more kinks" in " ".join(found.kinks)


def test_the_record_is_data():
    found = cr.Graph("W = [[1, 2], [3, 4]]; x = [1, -1]; h = tanh(W x); L = sum(h^2)").gradients("L")
    data = json.loads(json.dumps(found.to_dict()))
    assert [node["name"] for node in data["nodes"]] == ["W", "x", "h", "L"]
    assert len(data["nodes"][0]["gradient"]) == 2
    assert found.to_latex()
    assert "data:image/svg+xml" in found.to_html()
    assert "data:image/svg+xml" in found._repr_html_()


@pytest.mark.parametrize("name", ["q", "dx"])
def test_an_unknown_variable_is_said(name):
    with pytest.raises(cr.InputError, match="one that a formula gives: z"):
        cr.Graph("z = x").gradients(name)


# ---------------------------------------------------------------- the picture


def boxes(svg):
    """(left, top, width, height) of the nodes."""
    rects = ElementTree.fromstring(svg).findall(f"{SVG}rect")[1:]
    return [tuple(float(rect.get(key)) for key in ("x", "y", "width", "height")) for rect in rects]


@pytest.mark.parametrize(
    "source",
    [
        LECTURE,
        "a = w*x + b; h = tanh(a); c = h^2*w; L = softplus(c) + 0.5*w^2 + h*x",
        "; ".join(["h0 = 0", *(f"h{i} = tanh(u*h{i - 1} + w)" for i in range(1, 20))]),
        "W = [[1, 2], [3, 4]]; h = tanh(W x); L = sum(h^2)*x_1",
    ],
)
def test_no_node_lies_on_another_or_outside(source):
    graph = cr.Graph(source)
    at = {"x": [0.5, 1]} if "W" in source else dict.fromkeys(graph.inputs, 0.4)
    svg = graph.gradients(at=at).to_svg()
    places = boxes(svg)
    width, height = (float(n) for n in re.search(r'viewBox="0 0 (\d+) (\d+)"', svg).groups())
    for left, top, w, h in places:
        assert left >= 0
        assert left + w <= width
        assert top >= 14  # the value above it is on the picture
        assert top + h + 14 <= height
    for (a, b, c, d), (left, top, w, h) in itertools.combinations(places, 2):
        assert a + c <= left or left + w <= a or b + d + 24 <= top or top + h + 24 <= b


def test_the_picture_says_what_stands_where_and_is_safe():
    svg = cr.Graph("z = x*2").gradients("z", {"x": 1.5}).to_svg()
    texts = ["".join(node.itertext()) for node in ElementTree.fromstring(svg).findall(f"{SVG}text")]
    assert {"x", "1.5", "2", "z", "× 2", "3", "1"} <= set(texts)
    assert texts[-1] == "above: valuebelow: dz/d(node)"
    bad = picture("<script>", ("<b>", "&"), [Spot("<x>", "", "1", "&", ())])
    assert "<script>" not in bad
    ElementTree.fromstring(bad)


def test_too_large_a_picture_is_refused():
    spots = [Spot(str(i), "", "", "", (i - 1,) if i else ()) for i in range(401)]
    with pytest.raises(cr.InputError, match="at most 400 nodes"):
        picture("", ("", ""), spots)


def test_edges_cross_only_where_they_must():
    """Two inputs and two sums, in the order in which they cross; then each input in both."""

    def crossings(edges):
        chains = [[(a, a, 0), (b, b, 1)] for a, b in edges]
        columns = _ordered([0, 0, 1, 1], chains)
        return _crossings(columns, _neighbours(chains)[1])

    assert crossings([(0, 3), (1, 2)]) == 0
    assert crossings([(0, 2), (0, 3)]) == 0
    assert crossings([(0, 2), (0, 3), (1, 2), (1, 3)]) == 1
