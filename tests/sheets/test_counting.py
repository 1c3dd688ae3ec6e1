"""How authors count units, weights and layers, on a sheet of two layers: each name's meaning is found and said."""

import pytest

from chainrule import InputError
from chainrule.auditing.audit import audit_text
from chainrule.sheets.header import parse_worksheet
from chainrule.sheets.lines import read_lines
from chainrule.sheets.names.naming import Naming
from chainrule.sheets.names.ways import suggested
from tests.auditing.test_slips import HEADER as TWO

ONE = (
    TWO.replace("y = [1.0, 0.0]", "y = [1.0]")
    .replace("W = [[0.5, -0.6], [0.7, 0.2]]", "W = [[0.5, -0.6]]")
    .replace("b = [0.3, 0.1]", "b = [0.3]")
)
THROUGH = "one index counts the units through the layers"
NODES = "one index counts all units through the layers, the inputs too"


@pytest.mark.parametrize(
    ("header", "lines", "notes"),
    [
        (TWO, "z^1 = [0.8, 0.5]; a^1 = [0.689974, 0.622459]; z^2 = [0.2715, 0.7075]; W^1 = [[0.1, 0.3], [-0.2, 0.4]]",
         ()),
        (TWO, "w^1_12 = 0.3; z^1_1 = 0.8", ("w^1_12 is W_112: w_ij goes to unit i from unit j",)),
        (TWO, "z_2 = [0.8, 0.5]; z_3 = [0.2715, 0.7075]; a_3 = [0.5675, 0.6698]",
         ("z_2 is a_1, z_3 is a_2, a_3 is yhat: layers are counted with the inputs as the first",)),
        (TWO, "z_21 = 0.8; a_21 = 0.689974; z_31 = 0.2715",
         ("z_21 is a_11, a_21 is h_11, z_31 is a_21: layers are counted with the inputs as the first",)),
        (TWO, "net_1 = 0.8; out_1 = 0.689974; net_3 = 0.2715; out_3 = 0.5675; net_4 = 0.7075",
         (f"net_1 is a_11, out_1 is h_11, net_3 is a_21, out_3 is yhat_1, net_4 is a_22: {THROUGH}",)),
        (TWO, "w_35 = 0.5; w_45 = -0.6; net_5 = w_35 h_3 + w_45 h_4 + b_5 = 0.2715",
         ("w_35 is W_211, w_45 is W_212: w_ij goes from unit i to unit j, counted through the layers, the inputs too",
          f"b_5 is b_21, h_3 is h_11, h_4 is h_12, net_5 is a_21: {NODES}")),
        (TWO, "w_31 = 0.1; w_32 = 0.3; net_3 = w_31 x_1 + w_32 x_2 + 0.1 = 0.8; w_54 = -0.6",
         ("w_31 is W_111, w_32 is W_112, w_54 is W_212: w_ij goes to unit i from unit j, counted through the layers, "
          "the inputs too", f"net_3 is a_11: {NODES}")),
        (TWO, "w31 = 0.1; w32 = 0.3; net3 = w31*x1 + w32*x2 + 0.1 = 0.8; w54 = -0.6",
         ("w31 is W_111, w32 is W_112, w54 is W_212: w_ij goes to unit i from unit j, counted through the layers, "
          "the inputs too", f"net3 is a_11: {NODES}", "x1 is x_1, x2 is x_2")),
        (TWO, "w_1 = 0.1; w_2 = 0.3; w_3 = -0.2; w_5 = 0.5; w_6 = -0.6",
         ("w_1 is W_111, w_2 is W_112, w_3 is W_121, w_5 is W_211, w_6 is W_212: the weights are numbered row by "
          "row",)),
        (TWO, "w_1 = 0.1; w_2 = -0.2; w_3 = 0.3; w_5 = 0.5; w_6 = 0.7",
         ("w_1 is W_111, w_2 is W_121, w_3 is W_112, w_5 is W_211, w_6 is W_221: the weights are numbered by the "
          "arrows, first all out of the first input",)),
        (TWO, "net_h1 = 0.8; out_h1 = 0.689974; net_o1 = 0.2715; out_o2 = 0.6698",
         ("net_h1 is a_11, out_h1 is h_11, net_o1 is a_21, out_o2 is yhat_2",)),
        (ONE, "net_o = 0.2715; out_o = 0.5675", ("net_o is a_2, out_o is yhat",)),
        (ONE, "yhat_o = 0.5675", ("yhat_o is yhat",)),
        (ONE, "a_2 = V_1 h_1 + V_2 h_2 + b_2 = 0.2715", ("V_1 is W_211, V_2 is W_212",)),
        (ONE, "dL/dv_1 = -0.0733", ("v_1 is W_211",)),
        (TWO, "dL/dV_11 = -0.0733; dL/dV_12 = -0.0661", ("V_11 is W_211, V_12 is W_212",)),
    ],
)  # fmt: skip
def test_what_names_mean_is_found_and_said(header, lines, notes):
    found = audit_text(header + lines.replace("; ", "\n"))
    assert {line.verdict for line in found.lines} <= {"right", "rounded"}
    assert found.notes == notes


@pytest.mark.parametrize(
    ("highest", "ways"),
    [(6, [("nodes", "from_nodes", "nodes"), ("nodes", "nodes", "nodes")]), (4, [("through", "unit", "through")]),
     (5, [])],
)  # fmt: skip
def test_the_highest_number_of_a_unit_says_how_they_are_counted(highest, ways):
    """Of two inputs, two units and two outputs: as (units, weights, biases)."""
    naming = Naming((2, 2, 2))
    lines = read_lines(["net_3 = 0.2", f"net_{highest} = 0.1"], 1, (2, 2, 2), naming, 1)
    found = suggested(naming, {operand for line in lines for operand in line.operands})
    assert [(way.units, way.weights, way.biases) for way in found if way.units != "inputs"] == ways


@pytest.mark.parametrize(
    ("line", "biases", "layers"),
    [("net_1 = 0.5 + b_1", "shared", {1}), ("net_3 = b_2 + b_1", "shared", {1, 2}), ("net_1 = 0.5", "shared", set()),
     ("net_1 = 0.5 + b_1", "through", set())],
)  # fmt: skip
def test_a_bias_of_a_whole_layer_is_shared_where_its_name_is_used(line, biases, layers):
    naming = Naming((2, 2, 2), units="through", biases=biases, shared=frozenset({1, 2}))
    (read,) = read_lines([line], 1, (2, 2, 2), naming, 1)
    assert naming.shared_by(set(read.operands)) == layers


def test_without_a_header_a_is_what_comes_out_of_a_unit_where_nothing_else_is():
    given = "x = [1, 2]\ny = [1, 0]\nW_1 = [[0.1, 0.3], [-0.2, 0.4]]\nb_1 = [0.1, -0.1]\n"
    given += "W_2 = [[0.5, -0.6], [0.7, 0.2]]\nb_2 = [0.3, 0.1]\nSigmoid activations, squared error.\n"
    found = audit_text(f"{given}a_1 = [0.689974, 0.622459]\na_2 = [0.5675, 0.6698]\n")
    assert [line.verdict for line in found.lines] == ["rounded", "rounded"]
    assert "a_1 is h_1, a_2 is yhat" in found.notes


@pytest.mark.parametrize(
    "given",
    [
        "W = [[0.1, 0.3], [-0.2, 0.4]]\nb_1 = 0.1\nb_2 = -0.1\nw = [0.5, -0.6]\nc = 0.3\n",
        "w_11 = 0.1, w_12 = 0.3, w_21 = -0.2, w_22 = 0.4\nb_1 = 0.1, b_2 = -0.1\nv_1 = 0.5, v_2 = -0.6\nc = 0.3\n",
        "w_11 = 0.1, w_12 = 0.3, w_21 = -0.2, w_22 = 0.4\nb_1 = 0.1, b_2 = -0.1\nv_1 = 0.5, v_2 = -0.6\nc_1 = 0.3\n",
    ],
)
def test_parameters_by_other_letters_in_the_last_layer(given):
    network = parse_worksheet(f"x_1 = 1, x_2 = 2\ny = 1\n{given}Sigmoid, squared error.\nyhat = 0.5675\n").network
    assert [W.tolist() for W in network.weights] == [[[0.1, 0.3], [-0.2, 0.4]], [[0.5, -0.6]]]
    assert [b.tolist() for b in network.biases] == [[0.1, -0.1], [0.3]]


@pytest.mark.parametrize(("said", "count", "sizes"), [("[2, 2, 1]", 6, (2, 2, 1)), ("[3, 1]", 9, (2, 3, 1))])
def test_sizes_that_are_said_with_the_inputs_or_without(said, count, sizes):
    weights = "".join(f"w{i} = 0.{i}\n" for i in range(1, count + 1))
    header = f"+++\nx = [1.0, 2.0]\ny = [1.0]\nsizes = {said}\n{weights}loss = mse\n+++\nL = 1\n"
    assert parse_worksheet(header).network.sizes == sizes


@pytest.mark.parametrize("names", ["w1 w2 w3 w4 w5", "w_12 w_34 w_99"])
def test_numbers_that_make_no_weights_are_refused(names):
    weights = "".join(f"{name} = 0.5\n" for name in names.split())
    with pytest.raises(InputError, match="weights whose names say where each goes"):
        parse_worksheet(f"+++\nx = [1.0, 2.0]\ny = [1.0]\n{weights}loss = mse\n+++\nL = 1\n")
