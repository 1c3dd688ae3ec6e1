"""``chainrule graph``, as it is typed: what each line gives, and a file with a picture."""

import json
import sys
from xml.etree import ElementTree

import pytest

from chainrule.cli import main


@pytest.fixture
def graph(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["chainrule", "graph", *arguments])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["z=x^n", "--of", "dz/dx", "--at", "x=-2", "--at", "n=2"], "= -4\n"),
        (["u=sqrt(v); z=u+w", "--of", "dz/dw", "--at", "v=0", "--at", "w=1"], "dz/dw = 1\n"),
        (["z = relu(x)", "--of", "dz/dx", "--at", "x=0"], "taken as 0, by convention"),
        (["x=-2; y=5; z=-4; q=x+y; f=q*z", "--of", "df/dx"], "df/dq = z\n          = -4\n"),
        (["x=-2; y=5; z=-4; q=x+y; f=q*z", "--of", "df/dx"], "dq/dx = 1\n"),
        (["p=sigmoid(z); L=-ln(p)", "--of", "dL/dz", "--at", "z=0.3"], "= -0.42556\n"),
        (["u=x*w; z=max(0,u)", "--of", "dz/dw", "--at", "x=1", "--at", "w=2"], "= 1\n"),
        (["z=sinh(x)", "--of", "dz/dx"], "dz/dx = cosh(x)\n"),
        (["δ=x^2; z=δ*2", "--of", "dz/dx"], "dz/dx = 4*x\n"),
        (["z=x^3", "--of", "d2z/dx2", "--at", "x=2"], "= 12\n"),
        (["h = tanh(W x); L = sum(h)", "--of", "dL/dx", "--at", "W=[[1,2],[3,4]]", "--at", "x=[0,0]"], "= [4, 6]\n"),
        (["z = sin(x)*exp(x)*tanh(x)*log(x)*sqrt(x)*cos(x)", "--of", "dz/dx", "--formula"], "tanh(x)"),
    ],
)
def test_a_line_gives_what_is_due(graph, arguments, says):
    code, out, err = graph(*arguments)
    assert (code, err) == (0, "")
    assert says in out.replace("taken as 0,\nby", "taken as 0, by").replace("is\ntaken", "is taken")


def test_all_derivatives_as_a_table_as_data_and_as_a_picture(graph, tmp_path):
    lecture, file = "x=-2; y=5; z=-4; q=x+y; f=q*z", tmp_path / "graph.svg"
    code, out, _ = graph(lecture, "--all", "--out", str(file))
    assert code == 0
    assert "  q = x+y  3      -4\n" in out
    assert ElementTree.parse(file).getroot().tag.endswith("svg")
    code, out, _ = graph(lecture, "--all", "--json")
    data = json.loads(out)
    assert data["kind"] == "graph"
    assert [(node["name"], node["gradient"]) for node in data["nodes"]][-1] == ("f", 1.0)
    code, out, _ = graph(lecture, "--out", str(file), "--of", "dq/dx")
    assert (code, out) == (0, "") or "dq/dx" in out


def test_in_a_terminal_the_table_has_lines(graph, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    _, out, _ = graph("x=-2; q=x*3", "--all")
    assert "q = x*3" in out
    assert "│" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["z = x"], "--of: expected a derivative, such as dz/dx (or --all); got none"),
        (["z = x", "--of", "dz/dx", "--at", "x=[1,"], "a value such as x=2 or x=[1, 2]"),
        (["z = x", "--of", "dz/dx", "--at", 'x=["a"]'], "value of x_1: expected a number"),
        (["z = x", "--all", "--out", "graph.png"], "a file that ends with .svg"),
        (["z = x", "--all", "--of", "q"], "one that a formula gives: z"),
        (["z = x", "--all", "--out", "none_such/graph.svg"], "a file in a folder that exists"),
    ],
)
def test_what_does_not_fit_is_one_line(graph, arguments, says):
    code, out, err = graph(*arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert says in err
