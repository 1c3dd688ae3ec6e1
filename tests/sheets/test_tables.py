"""Tables with heads: each number is a claim about what its head, its row or both name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.sheets.writing.tables import with_heads
from tests.support.sample import draws
from tests.support.sheets import lines
from tests.support.small_sheets import SmallSheet

RIGHT = {"right", "rounded"}
NAMES = ("a_11", "a_12", "h_11", "h_12", "a_21", "yhat_1", "L", "dL/da_21", "dL/dW_212", "dL/dh_12", "dL/db_11")
EDGES = (
    ("| {} |", " | ", "|---|---|---|"), ("{}", " | ", "--- | --- | ---"), ("{}", "\t", ""), ("{}", "   ", ""),
    (r"{} \\", " & ", r"\hline"), ("| {} |", " | ", ""), ("{}", ",", ""),
)  # fmt: skip


@draws(7)
@given(st.integers(0, 999), st.sampled_from(EDGES), st.permutations(NAMES), st.integers(0, 2), st.booleans())
def test_a_name_over_each_number(seed, edges, names, wrong, dollars):
    row, edge, rule = edges
    heads = [f"${name}$" if dollars and edge != "," else name for name in names[:3]]
    values = [f"<<{name}{'!' if i == wrong else ''}>>" for i, name in enumerate(names[:3])]
    table = "\n".join(line for line in (row.format(edge.join(heads)), rule, row.format(edge.join(values))) if line)
    found = SmallSheet(seed).verdicts(table)
    assert [verdict in RIGHT for verdict in found] == [i != wrong for i in range(3)], found


@draws(6)
@given(st.integers(0, 999), st.sampled_from(EDGES[:5]), st.permutations(NAMES), st.integers(0, 2))
def test_a_name_before_each_number(seed, edges, names, wrong):
    row, edge, _ = edges
    rows = [row.format(edge.join((n, f"<<{n}{'!' if i == wrong else ''}>>"))) for i, n in enumerate(names[:3])]
    for head in ([row.format(edge.join(("quantity", "value")))], []):
        found = SmallSheet(seed).verdicts("\n".join(head + rows))
        assert [verdict in RIGHT for verdict in found] == [i != wrong for i in range(3)], found


def test_old_and_new_values_and_gradients():
    found = with_heads(["| w | old value | gradient | new | my note |", "|---|---|---|---|---|",
                        "| W_211 | 0.4 | -0.08 | 0.44 | 3 |"])  # fmt: skip
    assert found[2] == "W_211 = 0.4; dL/dW_211 = -0.08; W_211' = 0.44; my note of W_211 = 3"
    assert with_heads(["| h | value |", "| 1 | 0.7 |", "| 2 | 0.8 |"])[1:] == ["h_1 = 0.7", "h_2 = 0.8"]


@pytest.mark.parametrize("head", ["iteration", "Epoch", "step", "Epoche"])
def test_rows_of_passes_are_never_accused(head):
    sheet = SmallSheet(3)
    table = f"| {head} | h_11 | L |\n|---|---|---|\n| 1 | <<h_11>> | <<L>> |\n| 2 | 0.1 | 0.2 |\n| 3 | 0.3 | 0.1 |"
    found = cr.audit(sheet.header.replace("+++\nhidden", "+++\nlearning_rate = 0.5\nhidden") + sheet.filled(table))
    assert [line.verdict for line in found.lines][:2] == ["rounded", "rounded"]
    assert {line.verdict for line in found.lines[2:]} <= {"undecided", *RIGHT}
    assert len(found.lines) == 6


def test_rows_of_examples():
    assert (
        with_heads(["| x_1 | yhat |", "|---|---|", "| 1 | 0.5 |", "| 2 | 0.6 |"], 2)[2]
        == "x_1 = [1, 2]; yhat = [0.5, 0.6]"
    )
    assert with_heads(["| x_1 | yhat |", "|---|---|", "| 1 | 0.5 |", "| 2 | 0.6 |"], 1)[2].startswith("case: ")


def test_tables_with_decimal_commas():
    sheet = SmallSheet(5)
    table = sheet.filled("| h_11 | yhat_1 |\n|---|---|\n| <<h_11>> | <<yhat_1!>> |").replace("0.", "0,")
    assert [line.verdict in RIGHT for line in cr.audit(sheet.header + table).lines] == [True, False]


@pytest.mark.parametrize(
    "written",
    [
        "| Step | Formula | Value |\n|---|---|---|", "a | b\nc | d", "| 1 | 2 |\n| 3 | 4 |", "Name   Points\nAnn   3",
        "| x | |\n|---|---|", "one, two\nthree, four", "| Layer | Units |\n|---|---|\n| hidden | 2 |",
    ],
)  # fmt: skip
def test_other_tables_claim_nothing(written):
    assert lines(written, sizes=(2, 2, 1)) == ()


@draws(4)
@given(
    st.integers(0, 99), st.sampled_from(("\t", "  ", " | ", " ")), st.sampled_from(("L", "Error", "E_{total}", "loss")),
    st.sampled_from(("", "2\t")), st.integers(0, 2),
)  # fmt: skip
def test_a_number_in_dollars_beside_its_formula(seed, edge, loss, number, off):
    """It is the value that is claimed."""
    sheet = SmallSheet(seed)
    new = sheet.weights[1][0, 0] - 0.5 * sheet.value("dL/dW_211") + (0.0731 if off == 2 else 0.0)
    update = rf"$W_{{211}} \leftarrow W_{{211}} - 0.5 \cdot \frac{{\partial {loss}}}{{\partial W_{{211}}}}$"
    lines_written = (
        f"{number}$a_{{11}} = W_{{111}} x_1 + W_{{112}} x_2 + b_{{11}}${edge}$<<a_11{'!' if off == 1 else ''}>>$",
        f"{number}{update}{edge}${new:.4f}$",
    )
    header = sheet.header.replace("+++\nhidden", "+++\nlearning_rate = 0.5\nhidden")
    found = [a.verdict for a in cr.audit(header + sheet.filled("\n\n".join(lines_written))).lines]
    assert len(found) == 2
    for i, verdict in enumerate(found, 1):
        assert (verdict in RIGHT) == (i != off), found
        assert verdict in (*RIGHT, "undecided", "wrong")


@pytest.mark.parametrize("row", ["3 & ${}$ \\\\[1em]", "| 3 | ${}$ |", "3\t${}$", "$${}$$"])
@pytest.mark.parametrize("arrow", [r"\leftarrow", ":=", "←"])
def test_an_update_in_a_row_by_a_gradient_that_rounds_to_nothing(row, arrow):
    update = rf"W_{{111}} {arrow} W_{{111}} - 0.5 \cdot \frac{{\partial L}}{{\partial W_{{111}}}} = 0.5000"
    header = "+++\nlearning_rate = 0.5\noutput = 'sigmoid'\nloss = 'half_squared_error'\nx = [24]\ny = [1]\n"
    text = f"{header}[[layer]]\nW = [[0.5]]\n+++\n{row.format(update)}\n"
    assert {a.verdict for a in cr.audit(text).lines} <= RIGHT


@pytest.mark.parametrize(
    ("row", "verdict"), [("| first | (1) | 0.1 + 0.7 = 0.8 |", "undecided"), ("| 0.1 + 0.7 = 0.8 | x |", "right")]
)
def test_numbers_behind_the_head_of_a_row_claim_nothing_that_is_known(row, verdict):
    assert SmallSheet(1).verdicts(row) == [verdict]
