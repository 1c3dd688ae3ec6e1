"""The auditor on published examples, on the notes' own, and line by line."""

import json

import numpy as np
import pytest

import chainrule
from chainrule.auditing.audit import audit_text, problem_of
from chainrule.auditing.mistakes import MISTAKES
from chainrule.auditing.model.problem import Problem, simulate
from chainrule.auditing.records import ACCEPTED
from chainrule.formula.tree import Timed
from chainrule.network.equation_table import EQUATIONS
from chainrule.network.names import read
from chainrule.sheets.header import parse_worksheet
from chainrule.teaching.author import Style, header, names, write
from tests.support.loading import ROOT, in_root, tool

PUBLISHED = ROOT / "examples" / "published"
DATA = {entry["id"]: entry for entry in json.loads((ROOT / "tests/data/published.json").read_text(encoding="utf-8"))}
SHEETS = json.loads((PUBLISHED / "values.json").read_text(encoding="utf-8"))

RIGHT = ACCEPTED
gallery = tool("gallery")


@pytest.fixture(scope="module")
def audits():
    with in_root():
        return gallery.sheets()


def values(audits):
    for name, sheet in SHEETS.items():
        lines = {line.number: line for line in audits[name].lines}
        for key, number in sheet["lines"].items():
            yield sheet["id"], key, lines[number], audits[name]


@pytest.mark.xdist_group("gallery")  # all published sheets are audited once
def test_at_least_148_of_the_151_published_values_get_the_verdict_of_the_collection(audits):
    found = list(values(audits))
    assert len(found) == 151
    off = {(id, key) for id, key, line, _ in found if line.verdict not in gallery.AGREES[DATA[id]["check"][key]]}
    assert off == set(gallery.ARGUED)
    assert len(found) - len(off) >= 148


@pytest.mark.xdist_group("gallery")
def test_every_reproduced_mistake_is_named(audits):
    words = {
        "updated_weights_used": "updated_weights_used",
        "decimal_slip x10": "decimal_slip",
        "arithmetic (operands differ from the printed ones)": "arithmetic",
        "sign_lost": "sign_lost",
        "derivative_formula_at_preactivation": "logits_in_softmax_jacobian",
    }
    seen = 0
    for id, key, line, audit in values(audits):
        if DATA[id]["check"][key] != "wrong_reproduced":
            continue
        seen += 1
        listed = next(e["mistake"] for e in DATA[id]["errors"] if key in e["names"])
        root = next((other for other in audit.lines if other.number == line.root), line)
        assert words[listed] in (*line.mistakes, *root.mistakes), (id, key, line.mistakes)
    assert seen == 8


def test_the_notes_own_example():
    audit = chainrule.audit(PUBLISHED / "notes_003.md")

    def line(start):
        return [a for a in audit.lines if a.text.startswith(start)]

    (a_1,) = line("a_1 = ")
    assert [(c.name, c.printed, c.needed, c.lines) for c in audit.contradictions] == [
        ("W_122", 0.2, -0.2, (a_1.number,))
    ]
    assert a_1.verdict == "undecided"
    last = line("dL/dW_212")[-1]
    assert last.verdict == "wrong"
    assert last.mistakes[0] == "softmax_cross_terms_dropped"
    assert last.claimed == -0.0652
    assert last.right == pytest.approx(-0.1304, abs=5e-5)
    (factor,) = line(r"\frac{da_{21}}{dW_{212}} = W_{212}")
    assert factor.verdict == "wrong"
    assert factor.mistakes == ("weight_times_gradient",)
    (slope,) = [a for a in audit.lines if "sigmoid}(a_{13}" in a.text]
    assert slope.verdict == "wrong"
    assert slope.mistakes == ("sigma_for_sigma_prime_hidden",)
    (square,) = [a for a in audit.lines if r"(y_2 - \hat{y}_1)^2" in a.text]
    assert square.verdict == "wrong"
    assert square.mistakes == ("index_slip",)
    assert "yhat_1 stands where yhat_2 should be" in square.message
    for name in ("h_1 = ", "a_2 = ", r"\hat{y} = "):
        assert all(a.verdict in RIGHT for a in line(name)), name


# ---------------------------------------------------------------- one line at a time

HEADER = """+++
learning_rate = 0.5
[network]
hidden = "sigmoid"
output = "sigmoid"
loss = "half_squared_error"
x = [1, 2]
y = [1, 0]
[[network.layer]]
W = [[0.1, 0.3], [-0.2, 0.4]]
b = [0.1, -0.1]
[[network.layer]]
W = [[0.5, -0.6], [0.7, 0.2]]
b = [0.3, 0.1]
+++
"""
# a_1 = [0.8, 0.5]; h_1 = [0.689974, 0.622459]; a_2 = [0.271512, 0.707474]; yhat = [0.567464, 0.669844]


def verdicts(*lines, head=HEADER):
    return [(a.verdict, a.mistakes) for a in audit_text(head + "\n".join(lines)).lines]


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("a_1 = [0.8, 0.5]", "right"),
        ("h_1 = [0.690, 0.622]", "rounded"),
        ("h_1 = [0.689, 0.622]", "truncated"),
        ("h_1 = [0.67, 0.62]", "wrong"),
        ("h_11 = 0.6899", "truncated"),
        ("h_12 = 0.623", "rounded"),  # one off in the last digit
        ("h_11 = 0.71", "wrong"),
        ("yhat_1 = 0.5675", "rounded"),
        ("a_99 = 1", "unreadable"),
        ("a_1 = [0.8, 0.5, 0.1]", "unreadable"),
        ("a_1 = foo + 1", "unreadable"),
        ("a_1 = W_1*x + b_1", "right"),
        ("a_1 = W_1*x", "wrong"),
        ("h_1 = sigma(a_1)", "right"),
        ("dL/da_2 = dL/dyhat ⊙ sigma'(a_2)", "right"),
        ("dL/dW_2 = dL/da_2*h_1^T", "right"),
        ("dL/dW_1 = dL/da_2*x^T", "wrong"),
        ("dL/dW_2 = h_1*dL/da_2^T", "undecided"),  # wrong, or dL/dW_ij goes from i to j
        ("dL/dh_11 = sum_m dL/da_{2,m}*W_{2,m,1}", "right"),
        ("a_11 = 0.1*1 + 0.3*2 + 0.1 = 0.8", "right"),
        ("a_11 = 0.1*1 + 0.3*2 + 0.1 = 0.9", "wrong"),
        ("e = 0.3", "undecided"),
    ],
)
def test_one_line(line, verdict):
    assert verdicts(line)[0][0] == verdict


def test_a_formula_that_holds_by_chance_is_undecided():
    """W_111 is b_11 here."""
    line = audit_text(HEADER + "a_11 = W_111*x_1 + W_112*x_2 + W_111").lines[0]
    assert (line.verdict, line.message) == ("undecided", "it holds at these numbers, but not at others")


def test_a_formula_can_be_wrong_and_the_number_right_and_the_reverse():
    right_number = audit_text(HEADER + "dL/dyhat_1 = y_1 - yhat_1 = -0.4325").lines[0]
    assert right_number.verdict == "wrong"
    assert [(p.kind, p.verdict) for p in right_number.parts] == [("formula", "wrong"), ("value", "rounded")]
    right_formula = audit_text(HEADER + "dL/dyhat_1 = yhat_1 - y_1 = 0.4325").lines[0]
    assert [(p.kind, p.verdict) for p in right_formula.parts] == [("formula", "right"), ("value", "wrong")]
    assert "sign_lost" in right_formula.mistakes or "error_sign" in right_formula.mistakes


def test_a_message_has_a_brief_form_where_the_line_has_one_formula():
    one = audit_text(HEADER + "dL/dyhat_1 = y_1 - yhat_1 = -0.4325").lines[0]
    assert one.message.startswith("the formula y_1 - yhat_1 is wrong: the error")
    assert one.brief == one.message.replace("the formula y_1 - yhat_1 is", "the formula is")
    two = audit_text(HEADER + "dL/dyhat_1 = y_1 - yhat_1 = -yhat_1 + y_1 = -0.4325").lines[0]
    assert two.message.startswith("the formula y_1 - yhat_1 is wrong: the error")
    assert two.brief == ""


@pytest.mark.parametrize(
    ("line", "name", "after"),
    [("a_11 = 0.8", "a_11", 0), ("z^1_1 = 0.8", "a_11", 0), ("h_2 = [0.57, 0.67]", "yhat", 0),
     ("δ^2 = [1, 1]", "dL/da_2", 0), ("dL/dw^2_21 = 1", "dL/dW_212", 0), ("dL/dW_2 = ", "dL/dW_2", 0),
     (r"\frac{\partial L}{\partial W_{212}} = 1", "dL/dW_212", 0), ("W_212' = 1", "W_212", 1), ("L'{25} = 1", "L", 25)],
)  # fmt: skip
def test_a_line_knows_what_it_claims_however_it_is_written(line, name, after):
    (found,) = audit_text(HEADER + line).lines
    assert found.quantity == (Timed(read(name)[0], after) if after else read(name)[0])


@pytest.mark.parametrize(("line", "quantity"), [("a_99 = 1", None), ("2*a_11 = 1.6", None), ("e_1 = 1 + 1 = 2", "e_1")])
def test_a_line_of_no_quantity_of_the_network_says_so(line, quantity):
    audit = audit_text(HEADER + line)
    assert audit.sizes == (2, 2, 2)
    assert audit.lines[0].quantity == quantity


def test_weights_counted_the_other_way_are_named_as_the_network_has_them():
    audit = audit_text(HEADER + "dL/dW_212 = 0.1022\ndL/dW_221 = -0.0661\nW_212' = 0.6489\n")
    assert "swapped" in {c.id for c in audit.conventions}
    assert [str(a.quantity) for a in audit.lines[:2]] == ["dL/dW_221", "dL/dW_212"]
    assert audit.lines[2].quantity == Timed(read("W_221")[0], 1)


def test_operands_product_and_result_are_checked_apart():
    sheet = HEADER + "h_11 = 0.690\na_21 = W_211*h_11 + W_212*h_12 + b_21 = {} = {}"
    cases = {
        ("0.5*0.690 - 0.6*0.622 + 0.3", "0.272"): ("rounded", ()),
        ("0.5*0.690 - 0.6*0.622 + 0.3", "0.372"): ("wrong", ("arithmetic",)),
        ("0.5*0.590 - 0.6*0.622 + 0.3", "0.222"): ("wrong", ("digit_transposition_or_copy",)),
    }
    for (operands, result), (verdict, mistakes) in cases.items():
        line = audit_text(sheet.format(operands, result)).lines[1]
        assert (line.verdict, line.mistakes) == (verdict, mistakes), (operands, result)


def test_what_follows_from_a_wrong_line_is_told_apart_from_a_second_mistake():
    lines = verdicts(
        "a_1 = [0.7, 0.6]",  # the biases left out
        "h_1 = [0.6682, 0.6457]",
        "a_2 = [0.2467, 0.6969]",
        "yhat = [0.5614, 0.3325]",  # the second is 1 - what it should be
    )
    assert [v for v, _ in lines] == ["wrong", "follows", "follows", "wrong"]
    assert lines[0][1][0] == "bias_dropped"


def test_a_zero_that_is_carried_earns_nothing():
    lines = verdicts(
        "dL/da_2 = [0.000, 0.000]", "dL/dW_2 = [[0.000, 0.000], [0.000, 0.000]]", "dL/db_2 = [0.000, 0.000]"
    )
    assert [v for v, _ in lines] == ["wrong", "undecided", "undecided"]


def test_several_mistakes_that_fit_are_all_named_and_what_would_decide_is_said():
    sheet = HEADER.replace("W = [[0.5, -0.6], [0.7, 0.2]]\nb = [0.3, 0.1]", "W = [[0.5, -0.6]]\nb = [0.3]")
    sheet = sheet.replace("y = [1, 0]", "y = [1]")
    line = audit_text(sheet + "dL/dyhat = [0.43]").lines[0]
    assert line.verdict == "wrong"
    assert set(line.mistakes) == {"error_sign", "sign_lost"}
    assert "the formula would" in line.message


def test_the_accepted_range_is_what_the_authors_digits_allow():
    line = audit_text(HEADER + "h_1 = [0.69, 0.62]\na_2 = [0.27, 0.71]").lines[1]
    low, high = line.accepted
    assert (low <= line.right + 1e-9).all()
    assert (line.right <= high + 1e-9).all()
    assert (high - low > 1e-4).all()
    assert (high - low < 0.02).all()


def test_an_own_name_without_a_number_may_be_used():
    formula = "yhat_1 = 0.57\ne_1 = y_1 - yhat_1\nf_1 = e_1 * 2 = "
    assert [verdict for verdict, _ in verdicts(formula + "0.86")] == ["rounded", "right", "rounded"]
    assert verdicts(formula + "0.4")[-1][0] == "wrong"


def test_own_names_may_be_used_and_have_their_own_formula():
    lines = verdicts("yhat_1 = 0.5675", "e_1 = y_1 - yhat_1 = 0.4325", "dL/dyhat_1 = -e_1 = -0.4325", "e_2 = y_2 = 0.3")
    assert [v for v, _ in lines] == ["rounded", "rounded", "rounded", "wrong"]


def test_values_after_updates():
    net = chainrule.Network(
        [[[0.1, 0.3], [-0.2, 0.4]], [[0.5, -0.6], [0.7, 0.2]]],
        [[0.1, -0.1], [0.3, 0.1]],
        output="sigmoid",
        loss="half_squared_error",
    )
    x, y = [1.0, 2.0], [1.0, 0.0]
    for _ in range(25):
        net = net.step(net.backward(x, y), 0.5)
    L = net.backward(x, y)["L"]
    assert verdicts(f"L'{{25}} = {L:.6f}", f"yhat_1'{{25}} = {net.forward(x)['yhat_1']:.6f}") == [("rounded", ())] * 2
    assert verdicts(f"L'{{24}} = {L:.6f}")[0][0] == "wrong"
    assert verdicts("L'{1000000} = 0.1")[0][0] == "unreadable"


def test_weights_updated_too_early_in_every_one_of_many_updates():
    """The mistake is named where it gives the number, and nowhere else."""
    problem = problem_of(parse_worksheet(HEADER + "L = 0", "worksheet"))
    wrong = simulate(problem, 25, updated_first=True).backward([1.0, 2.0], [1.0, 0.0])["L"]
    assert verdicts(f"L'{{25}} = {wrong:.6f}") == [("wrong", ("updated_weights_used",))]
    assert verdicts(f"L'{{24}} = {wrong:.6f}") == [("wrong", ("inconsistent_with_own_line",))]


def test_the_right_network_of_any_kind_is_accused_of_nothing():
    rng = np.random.default_rng(0)
    net = chainrule.Network.random([2, 3, 2, 3], ["tanh", "elu"], "softmax", "cross_entropy", seed=3)
    net = chainrule.Network([W.round(1) for W in net.weights], None, net.hidden, net.output, net.loss)
    p = Problem.of(net, [0.5, -1.0], [0.0, 1.0, 0.0], rate=0.1)
    lines = write(p, names(p), Style(digits=3), rng)
    audit = audit_text(header(net, [0.5, -1.0], [0, 1, 0], learning_rate=0.1) + "\n" + "\n".join(x.line for x in lines))
    assert audit.ok
    assert audit.score == 1.0


def test_the_right_equations_of_the_table_of_mistakes_are_those_of_the_table_of_equations():
    seen = set()
    for mistake in MISTAKES:
        if mistake.right in EQUATIONS:
            seen.add(mistake.right)
            for delta in (False, True):
                right = mistake.latex(12, delta)[1]
                assert "12" in right or mistake.right == "backward.jacobian" or "_{L" in right or "^L" in right, right
                assert "<" not in right
    assert {"forward.pre", "backward.out", "backward.hidden", "backward.weight", "backward.bias", "update"} <= seen
    assert EQUATIONS["forward.pre"].at_layer(12) == "a_{12} = W_{12} h_{11} + b_{12}"
    assert EQUATIONS["backward.hidden"].at_layer(3, delta=True) == r"\nabla_{a^{3}} L = w^{4} \delta^{4}"
