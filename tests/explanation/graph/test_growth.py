"""What grows must not hurt: shared terms, long chains, deep formulas, huge exponents."""

import pytest

import chainrule as cr
from tests.support.clock import within

SECONDS = 4.0  # of processor time; each takes about a tenth of it, and what grows as it must not takes for ever


def chain(levels):
    lines = ["a0 = x", "b0 = 1 + x"]
    for i in range(1, levels + 1):
        lines += [f"a{i} = tanh(a{i - 1} + b{i - 1}*0.5)", f"b{i} = a{i - 1}*b{i - 1}"]
    return "; ".join(lines), f"db{levels}/dx"


def products(n):
    lines = ["y1 = x*x", "y2 = y1*x", *(f"y{i} = y{i - 1}*y{i - 2}" for i in range(3, n + 1))]
    return "; ".join(lines), f"dy{n}/dx"


def recurrent(steps):
    lines = ["h0 = 0", *(f"h{i} = tanh(u*h{i - 1} + w*x + b)" for i in range(1, steps + 1)), f"L = (h{steps} - y)^2/2"]
    return "\n".join(lines), "dL/du"


def fibonacci(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


LARGE = {
    "a shared chain": (*chain(20), {"x": 0.7}, 0.026497077345986594),
    "a longer one": (*chain(60), {"x": 0.7}, None),
    "products": (*products(200), {"x": 1.0}, float(fibonacci(202))),
    "a recurrent network": (*recurrent(200), {"u": 0.9, "w": 0.3, "x": 1.1, "b": 0.1, "y": 0.2}, 0.23100279033476823),
    "signs": ("z = " + "-" * 500 + "x", "dz/dx", {"x": 0.7}, 1.0),
    "quotients": ("z = " + "/".join(["x"] * 3000), "dz/dx", {"x": 0.9}, -2998 * 0.9**-2999),
    "quotients one by one": (
        "; ".join(["y0 = x", *(f"y{i} = 1.01/y{i - 1}" for i in range(1, 3001))]), "dy3000/dx", {"x": 0.9}, 1.0,
    ),
    "brackets": ("z = " + "sin(" * 900 + "x" + ")" * 900, "dz/dx", {"x": 0.0}, 1.0),
    "large powers": ("z = (x+1)^1000/(x-1)^999", "dz/dx", {"x": 3.0}, -5.346827949859474e303),
    "numbers that multiply": (
        "; ".join(["y0 = x", *(f"y{i} = 1e300*y{i - 1}*1e-300" for i in range(1, 1001))]), "dy1000/dx", {"x": 2.0}, 1.0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("which", LARGE)
def test_large_graphs_are_answered_at_once(which):
    source, of, at, due = LARGE[which]
    with within(SECONDS):
        found = cr.Graph(source).derivative(of, at)
        symbols = cr.Graph(source).derivative(of)
        str(found), str(symbols), found.to_dict()
    if due is not None:
        assert found.value == pytest.approx(due, rel=1e-13)
    assert found.numerical is None or found.numerical == pytest.approx(found.value, rel=1e-9)
    assert symbols.count == found.count


def test_paths_are_counted_exactly_and_the_largest_listed():
    source, of = products(200)
    found = cr.Graph(source).derivative(of, {"x": 1.0}, top=3)
    assert found.count == fibonacci(201)  # a path for each way to choose one of two factors
    assert len(found.paths) == 3


def test_the_largest_paths_are_those_of_all_paths():
    lines = ["v0 = x"]
    for i in range(1, 7):
        lines += [f"a{i} = {0.3 * i - 1}*v{i - 1}", f"b{i} = {1.7 - 0.4 * i}*v{i - 1}", f"v{i} = a{i} + b{i}"]
    graph = cr.Graph("; ".join(lines))
    every = graph.derivative("dv6/dx", {"x": 1.0}, top=10**6).paths
    few = graph.derivative("dv6/dx", {"x": 1.0}, top=5).paths
    assert len(every) == 64
    sizes = sorted((abs(path.value) for path in every), reverse=True)
    assert [abs(path.value) for path in few] == pytest.approx(sizes[:5])
    assert {path.nodes for path in few} <= {path.nodes for path in every}


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("z = x*10^(10^10)", "about 10^10000000000, too large"),
        ("z = x*10^(-(10^10))", "too small"),
        ("z = exp(exp(10*x))*x", "too large"),
    ],
)
def test_a_number_beyond_doubles_is_told_as_a_formula_and_its_size(source, says):
    found = cr.Graph(source).derivative("dz/dx", {"x": 1.0})
    assert found.value in (None, 0.0)
    assert found.formula
    assert says in found.notes[0]
    assert says in " ".join(str(found).split())


@pytest.mark.parametrize("source", ["z = x*10^(10^(10^10))", "z = exp(exp(exp(exp(x + 9))))", "z = sin(10^(10^10)*x)"])
def test_a_number_beyond_all_measure_is_refused(source):
    with pytest.raises(cr.InputError, match="expected a finite number"):
        cr.Graph(source).derivative("dz/dx", {"x": 1.0})


def test_a_long_formula_is_written_when_it_is_asked_for():
    graph = cr.Graph("z = sin(x)*exp(x)*tanh(x)*log(x)*sqrt(x)*cos(x)*atan(x)")
    assert graph.derivative("dz/dx").formula == ""
    assert "not written here" in str(graph.derivative("dz/dx"))
    assert "atan(x)" in graph.derivative("dz/dx", formula=True).formula
    source, of = chain(8)
    with pytest.raises(cr.InputError, match="a longer one"):
        cr.Graph(source).derivative(of, formula=True)
