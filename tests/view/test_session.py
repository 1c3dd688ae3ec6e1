"""The page's session: what it answers is what the library computes, and no question leaves it half changed."""

import contextlib
import json
import math
from itertools import pairwise
from typing import get_type_hints

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.errors import InputError
from chainrule.network import names
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.losses import LOSSES
from chainrule.network.names import NOTATIONS, Derivative, Quantity
from chainrule.network.outputs import OUTPUTS
from chainrule.sheets.header import parse_worksheet
from chainrule.view import descent, highlights, relevance
from chainrule.view.answers import ANSWERS
from chainrule.view.blocks import document_blocks
from chainrule.view.highlights import mark_at
from chainrule.view.session import Session
from chainrule.view.subject import Subject
from tests.support.page import large, worked_example
from tests.support.sample import in_turn
from tests.support.strategies import LOSS_OUTPUT, networks, targets_n_k


@pytest.fixture
def session():
    return Session(worked_example())


def subject_of(network, rng):
    """An example for a network; its loss is of one example, so the reduction does not matter."""
    y = None if network.loss == "identity" else targets_n_k(rng, network.loss, 1, network.sizes[-1])[0]
    return Subject.of(network, rng.normal(size=network.sizes[0]), y)


def simple(sizes, rng, hidden="tanh", output="identity", loss="squared_error", dtype=float):
    weights = [rng.normal(size=(m, j)).astype(dtype) for j, m in pairwise(sizes)]
    net = cr.Network(weights, [rng.normal(size=m).astype(dtype) for m in sizes[1:]], hidden, output, loss)
    return subject_of(net, rng)


def same(shown, value):
    """A number of an answer is the library's, to the last bit; what is not finite is null."""
    return shown is None if not math.isfinite(value) else shown == value


def everything(scene):
    """Every number of the drawing with its name."""
    for layer in scene["layers"]:
        for unit in layer["units"]:
            yield from (unit[part] for part in ("act", "pre", "bias") if unit[part] is not None)
    for weights in scene["weights"]:
        yield from weights["edges"]
    yield from scene["targets"]


def test_every_question_has_its_kind_of_answer():
    """Each answer is made by a function that is typed to give the record that the page's types are written from."""
    made = {kind: act for kind, act in vars(Session)["_answer"].dispatcher.registry.items() if kind is not object}
    assert {kind: get_type_hints(act)["return"] for kind, act in made.items()} == ANSWERS


# ---------------------------------------------------------------- the drawing


@given(networks(), st.sampled_from(NOTATIONS), st.integers(0, 2**32 - 1))
def test_every_number_of_the_drawing_is_that_of_the_backward_pass(network, notation, seed):
    s = subject_of(network, np.random.default_rng(seed))
    b = s.passes()
    scene = Session(s).ask({"kind": "scene", "notation": notation})
    assert scene["whole"]
    assert scene["L"]["value"] == float(b.L)
    seen = set()
    for item in everything(scene):
        name, written = names.find(item["name"], network.sizes)
        assert written == notation or "^" not in item["name"]
        assert same(item["value"], float(b[names.to_text(name)])), item
        seen.add(name)
        if name.symbol == "y":
            continue
        gradient = names.find(item["gradient_name"], network.sizes)[0]
        assert gradient == Derivative(names.LOSS, name)
        assert same(item["gradient"], float(b[names.to_text(gradient)])), item
    components = network.parameter_count + 2 * sum(network.sizes[1:]) + network.sizes[0]
    assert len(seen) == components + (0 if network.loss == "identity" else network.sizes[-1])
    for edge in scene["crossing"]:
        of, wrt = Quantity("yhat", None, (edge["to"],)), Quantity("a", network.depth, (edge["from"],))
        assert names.find(edge["name"], network.sizes)[0] == Derivative(of, wrt)
        assert edge["value"] == pytest.approx(float(b[names.to_text(Derivative(of, wrt))]), rel=1e-12, abs=1e-300)


@pytest.mark.parametrize(("loss", "output", "dtype"), in_turn(LOSS_OUTPUT, [np.float64, np.float32]))
def test_every_loss_with_every_output_that_fits_opens(loss, output, dtype, rng):
    k = next(k for k in (3, 2, 1) if LOSSES[loss].fits(OUTPUTS[output], k))
    s = simple((2, 3, k), rng, "sigmoid", output, loss, dtype)
    asked = Session(s)
    scene = asked.ask({"kind": "scene"})
    assert (scene["loss"], scene["output"], asked.subject.network.dtype) == (loss, output, dtype)
    assert loss in scene["choices"]["loss"]
    assert output in scene["choices"]["output"]
    assert len(scene["targets"]) == (0 if loss == "identity" else k)
    assert [step["phase"] for step in asked.ask({"kind": "walk"})["steps"]][:4] == ["forward"] * 4
    moved = asked.ask({"kind": "descend", "steps": 3, "learning_rate": 0.01})
    assert (moved["now"], moved["steps"]) == (3, 3)
    for name in ("dL/dW_111", "dL/db_2", "yhat_1", "L"):
        asked.ask({"kind": "explain", "name": name})
    asked.ask({"kind": "paths", "name": "dL/dx_2"})


@pytest.mark.parametrize("sizes", [(1, 1), (1, 1, 1), (3, 1, 3), (2,) + (2,) * 12, (1, 20, 1)])
def test_narrow_deep_and_wide_shapes(sizes, rng):
    s = simple(sizes, rng)
    session = Session(s)
    scene = session.ask({"kind": "scene"})
    assert scene["sizes"] == list(sizes)
    assert len(scene["weights"]) == len(sizes) - 1
    steps = session.ask({"kind": "walk"})["steps"]
    updated = {"part": "loss", "layer": len(sizes) - 1, "unit": None, "from": None}
    assert steps[-1]["gives"] == updated
    *_, last = (step for step in steps if step["phase"] == "backward")
    assert last["gives"] == {"part": "act", "layer": 0, "unit": None, "from": None}
    for name in ("dL/dW_1", "dL/dx_1", f"a_{{{len(sizes) - 1},1}}"):
        assert session.ask({"kind": "explain", "name": name})["highlights"]


def test_extreme_logits_become_null_and_never_a_number_json_lacks():
    net = cr.Network([[[800.0], [-800.0]]], None, "sigmoid", "softmax", "cross_entropy")
    session = Session(Subject.of(net, [1.0], [0, 1]))
    scene = session.ask({"kind": "scene"})
    json.dumps(scene, allow_nan=False)
    assert scene["L"]["value"] == 1600.0
    assert scene["layers"][1]["units"][1]["act"]["gradient"] is None  # -1/0
    assert scene["layers"][1]["units"][1]["pre"]["gradient"] == -1.0  # by the declared pair
    for question in (
        {"kind": "walk"},
        {"kind": "explain", "name": "dL/dW_111"},
        {"kind": "paths", "name": "dL/dW_111"},
    ):
        json.dumps(session.ask(question), allow_nan=False)
    with pytest.raises(InputError, match="finite"):
        session.ask({"kind": "paths", "name": "dL/dyhat_2"})


# ---------------------------------------------------------------- units that matter


@given(networks(), st.data())
def test_what_goes_through_a_later_layer_adds_up_to_the_gradient(network, data):
    """And what goes through one unit is what the gradient loses where the unit passes nothing back."""
    s = subject_of(network, np.random.default_rng(data.draw(st.integers(0, 2**32 - 1))))
    b = s.passes()
    layer = data.draw(st.integers(1, network.depth))
    unit = data.draw(st.integers(1, network.sizes[layer]))
    before = data.draw(st.integers(1, network.sizes[layer - 1]))
    q = data.draw(st.sampled_from([Quantity("a", layer, (unit,)), Quantity("b", layer, (unit,))]))
    name = Derivative(names.LOSS, data.draw(st.sampled_from([q, Quantity("W", layer, (unit, before))])))
    found = relevance.contributions(b, name)
    assert [len(layer) for layer in found] == list(network.sizes)
    grad = float(b[f"dL/da_{{{layer},{unit}}}"])
    for i in range(layer + 1, network.depth + 1):
        largest = np.abs(found[i]).sum()
        assert found[i].sum() == pytest.approx(grad, rel=1e-9, abs=1e-9 * largest + 1e-12)


def test_what_an_earlier_unit_adds_is_its_slope_times_its_value(rng):
    s = simple((3, 4, 4, 2), rng)
    b = s.passes()
    found = relevance.contributions(b, names.read("dL/da_32")[0])
    for i, symbol in ((2, "h_2"), (1, "h_1"), (0, "x")):
        for j in range(s.network.sizes[i]):
            h = f"{symbol}{j + 1}" if i else f"x_{j + 1}"
            expected = float(b[f"da_32/d{h}"]) * float(b.forward.h[i][0, j])
            assert found[i][j] == pytest.approx(expected, rel=1e-12)
    for asked in (None, names.read("y_1")[0], names.read("yhat_2")[0], names.read("h_1")[0]):  # no one unit before L
        for i, whole in enumerate(relevance.contributions(b, asked)):
            inner = (b.grad_x, *b.grad_h, b.grad_yhat)[i][0]
            assert whole == pytest.approx(inner * b.forward.h[i][0])


def test_a_wide_network_shows_what_matters_and_sums_the_rest():
    s = large((30, 20, 3))
    session, b = Session(s), s.passes()
    scene = session.ask({"kind": "scene", "focus": "dL/dW_{1,7,11}"})
    assert not scene["whole"]
    found = relevance.contributions(b, names.read("dL/dW_{1,7,11}")[0])
    for layer, values in zip(scene["layers"], found, strict=True):
        units = [unit["unit"] for unit in layer["units"]]
        adds = {unit["unit"]: unit["adds"] for unit in layer["units"]}
        assert all(adds[u] == values[u - 1] for u in units)
        if layer["rest"] is None:
            assert len(units) == layer["size"]
            continue
        assert layer["rest"]["count"] + len(units) == layer["size"]
        assert layer["rest"]["adds"] + sum(adds.values()) == pytest.approx(values.sum())
        assert layer["rest"]["largest"] <= min((abs(values[u - 1]) for u in units if u not in (7, 11)), default=0.0)
    assert 11 in [unit["unit"] for unit in scene["layers"][0]["units"]]
    assert 7 in [unit["unit"] for unit in scene["layers"][1]["units"]]
    for weights in scene["weights"]:  # edges and rest make up the whole pre-activation
        i = weights["layer"]
        for rest in weights["rest"]:
            m = rest["to"]
            drawn = sum(
                e["value"] * float(b.forward.h[i - 1][0, e["from"] - 1]) for e in weights["edges"] if e["to"] == m
            )
            bias = float(s.network.biases[i - 1][m - 1])
            assert drawn + rest["adds"] + bias == pytest.approx(float(b.forward.a[i - 1][0, m - 1]))


# ---------------------------------------------------------------- the walk


@given(networks(), st.sampled_from(NOTATIONS), st.integers(0, 2**32 - 1))
def test_the_walk_gives_every_quantity_once_with_its_value(network, notation, seed):
    s = subject_of(network, np.random.default_rng(seed))
    b = s.passes()
    walk = cr.explanation.walk.walk(network, s.x, s.y, notation)
    texts = [names.to_text(step.quantity) for step in walk.steps if isinstance(step.quantity, Quantity | Derivative)]
    assert len(texts) == len(set(texts))
    depth = network.depth
    due = ["L", "yhat", "dL/dx"]
    due += [f"{name}_{i}" for i in range(1, depth + 1) for name in ("a", "dL/da", "dL/dW", "dL/db")]
    due += [f"{d}h_{i}" for i in range(1, depth) for d in ("", "dL/d")]
    assert set(due) <= set(texts)
    for step in walk.steps:
        if not isinstance(step.quantity, Quantity | Derivative):
            continue
        value = b[names.to_text(step.quantity)]
        by_whole_weights = isinstance(step.quantity, Derivative) and step.quantity.wrt.symbol == "W"
        due_value = value.T if notation == "delta" and by_whole_weights else value  # w^l is W_l^T
        assert np.shape(step.value) == np.shape(due_value)
        np.testing.assert_allclose(step.value, due_value, rtol=1e-9, atol=1e-12)
    answer = Session(s).ask({"kind": "walk", "notation": notation})
    phases = [step["phase"] for step in answer["steps"]]
    assert phases == sorted(phases, key=["forward", "loss", "backward", "update"].index)
    assert all(step["means"].endswith(".") and step["block"]["block"] == "equation" for step in answer["steps"])
    before = [step for step in answer["steps"] if step["phase"] != "update"]
    assert [step["name"] for step in before] == [step.name for step in walk.steps]


# ---------------------------------------------------------------- asking


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize(
    "name",
    ["dL/dW_212", "dL/dW_{2,1,2}", "∂L/∂W_212", " dL / dW_212 ", "dL/dw^2_21", "∂L/∂w^{2}_{21}", "W_212", "w^2_21"],
)
def test_a_name_in_any_spelling(session, name, notation):
    answer = session.ask({"kind": "explain", "name": name, "notation": notation})
    due = cr.explain(session.subject.network, [2, 5, 3, 3], [1, 0], "dL/dW_212", notation)
    marked = due.document(mark_at(session.subject.network.depth))
    assert answer["name"] == due.name
    assert answer["value"] == due.value
    assert answer["blocks"] == [block.model_dump() for block in document_blocks(marked)]
    assert answer["highlights"] == [{"part": "weight", "layer": 2, "unit": 1, "from": 2}]
    assert answer["paths"]


def test_the_target_is_given_and_says_so(session):
    answer = session.ask({"kind": "explain", "name": "y_2"})
    assert (answer["name"], answer["value"], answer["paths"]) == ("y_2", 0.0, False)
    assert answer["highlights"] == [{"part": "target", "layer": 2, "unit": 2, "from": None}]


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("name", ["dL/dW_131", "dL/dx_2", "dL/dh_13", "dL/dyhat_1", "dL/db_22"])
def test_the_paths_of_a_number(session, name, notation):
    answer = session.ask({"kind": "paths", "name": name, "top": 50, "notation": notation})
    net = session.subject.network
    assert answer["total"] == pytest.approx(float(net.backward([2, 5, 3, 3], [1, 0])[name]))
    assert sum(path["product"] for path in answer["paths"]) == pytest.approx(answer["total"])
    for path in answer["paths"]:
        assert path["stops"][-1]["part"] == "loss"
        assert len(path["stops"]) == len(path["latex"]) == len(path["nodes"])


def test_which_names_have_paths(session):
    def has(name):
        return session.ask({"kind": "explain", "name": name})["paths"]

    assert [has(n) for n in ("dL/db_11", "dL/dh_1", "dL/dW_2", "h_11", "L", "dyhat_1/da_21", "x_1")] == [
        True, False, False, False, False, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "question",
    [
        None, [], "scene", 3, {}, {"kind": "nothing"}, {"kind": 3}, {"kind": "scene", "more": 1},
        {"kind": "scene", "notation": "other"}, {"kind": "scene", "focus": "foo"}, {"kind": "scene", "focus": "x" * 61},
        {"kind": "explain"}, {"kind": "explain", "name": 3}, {"kind": "explain", "name": "dL/dW_999"},
        {"kind": "explain", "name": ""}, {"kind": "explain", "name": "<script>alert(1)</script>"},
        {"kind": "explain", "name": "dL/dy_1"}, {"kind": "paths", "name": "dL/dW_1"}, {"kind": "paths", "name": "h_1"},
        {"kind": "paths", "name": "dL/dx_1", "top": -1}, {"kind": "paths", "name": "dL/dx_1", "top": 51},
        {"kind": "audit"}, {"kind": "audit", "text": 1}, {"kind": "change", "values": {"a_11": 1.0}},
        {"kind": "change", "values": {"W_212": "1"}}, {"kind": "change", "values": {"W_212": float("nan")}},
        {"kind": "change", "values": {"W_2": 1.0}}, {"kind": "change", "values": {"W_219": 1.0}},
        {"kind": "change", "values": {"x_1": 1e400}}, {"kind": "change", "hidden": ["none such"]},
        {"kind": "change", "hidden": ["relu", "relu"]}, {"kind": "change", "output": "none such"},
        {"kind": "change", "output": "identity", "loss": "cross_entropy"}, {"kind": "change", "loss": "none such"},
        {"kind": "change", "loss": "cross_entropy", "values": {"y_1": 2.0}},
        {"kind": "descend", "steps": 0, "learning_rate": 0.1}, {"kind": "descend", "steps": 1001, "learning_rate": 0.1},
        {"kind": "descend", "steps": 1, "learning_rate": float("inf")},
        {"kind": "descend", "steps": True, "learning_rate": 1},
        {"kind": "rewind", "step": -1}, {"kind": "rewind", "step": 3}, {"kind": "rewind", "step": 0.5},
        {"kind": "open", "text": ""}, {"kind": "open", "text": "+++\n+++\n"}, {"kind": "open", "text": "no header"},
        {"kind": "exercise", "ask": "none such"}, {"kind": "exercise", "seed": -1}, {"kind": "exercise", "digits": 13},
    ],
)  # fmt: skip
def test_a_bad_question_has_one_line_and_changes_nothing(session, question):
    session.ask({"kind": "descend", "steps": 2, "learning_rate": 0.5})
    before = session.ask({"kind": "scene"})
    with pytest.raises(InputError) as error:
        session.ask(question)
    assert "\n" not in str(error.value)
    assert "expected" in str(error.value)
    assert session.ask({"kind": "scene"}) == before


# ---------------------------------------------------------------- auditing


def test_the_audit_is_that_of_the_library(session):
    lines = "h_1 = [0.95, 0.80, 0.89, 0.91]\ndL/dW_212 = dL/dyhat_1*dyhat_1/da_21*h_12 = -0.0652\nL = 0.2"
    text = session.ask({"kind": "sheet", "text": lines})["text"]
    due = cr.auditing.audit.audit_text(text)
    found = session.ask({"kind": "audit", "text": lines})
    assert [line["verdict"] for line in found["lines"]] == [line.verdict for line in due.lines]
    assert [line["number"] for line in found["lines"]] == [1, 2, 3]
    assert [line["asks"] for line in found["lines"]] == [None, "dL/dW_212", None]
    first, path, _ = found["lines"]
    assert (first["fault"], first["highlights"]) == (None, [{"part": "act", "layer": 1, "unit": None, "from": None}])
    assert path["fault"]["id"] == "softmax_cross_terms_dropped"
    assert path["highlights"] == [
        {"part": "weight", "layer": 2, "unit": 1, "from": 2},
        {"part": "crossing", "layer": 2, "unit": 2, "from": 1},  # the path that was left out
    ]


@pytest.mark.parametrize(
    "line",
    ["dL/dW_212 = 1", "w^2_21' = 1", "∂L/∂w^2_21 = 1", r"$\frac{\partial L}{\partial W_{212}} = 1$", "E_1 = y_1 = 1"],
)
def test_a_line_is_about_its_quantity_however_it_is_written(session, line):
    (one,) = session.ask({"kind": "audit", "text": line})["lines"]
    assert one["asks"] == ("dL/dW_212" if "L" in line else None)
    assert one["highlights"][:1] == ([] if "E" in line else [{"part": "weight", "layer": 2, "unit": 1, "from": 2}])


@pytest.mark.parametrize(
    ("mistake", "at", "line", "missed"),
    [
        ("missed_paths_first_only", "dL/dh_1", "dL/dh_13", [("weight", 2, 2, 3)]),
        ("missed_paths_first_only", "dL/dh_1", "dL/dW_1", [("weight", 2, None, None)]),
        ("missed_last_path", "dL/dh_1", "dL/dh_13", [("weight", 2, 2, 3)]),
        ("missed_paths_diagonal", "dL/dh_1", "dL/dh_12", [("weight", 2, 1, 2)]),
        ("softmax_cross_terms_dropped", "dyhat/da_2", "dL/da_21", [("crossing", 2, 2, 1)]),
        ("softmax_cross_terms_dropped", "dyhat/da_2", "dL/dW_131", [("crossing", 2, None, None)]),
        ("factor_2", "dL/dyhat", "dL/dyhat_1", []),
        ("missed_last_path", None, "dL/dh_13", []),
    ],
)
def test_the_paths_that_a_mistake_leaves_out(mistake, at, line, missed):
    sizes = (4, 4, 2)
    read = [None if text is None else names.find(text, sizes)[0] for text in (at, line)]
    found = highlights.missed_paths(mistake, *read, sizes)
    assert [(p.part, p.layer, p.unit, p.from_) for p in found] == missed


def test_a_saved_sheet_opens_again_as_it_was(session):
    session.ask({"kind": "audit", "text": ""})
    session.ask({"kind": "descend", "steps": 1, "learning_rate": 0.5})
    text = session.ask({"kind": "sheet", "text": "L = 0.03\n"})["text"]
    sheet = parse_worksheet(text, "saved")
    assert np.array_equal(sheet.network.flat, session.subject.network.flat)
    other = Session(worked_example())
    assert other.ask({"kind": "open", "text": text, "file": "saved.md"})["L"] == session.descent.losses[1]
    assert [line for line in other.ask({"kind": "scene"})["lines"] if line] == ["L = 0.03"]


MOVES = st.one_of(
    st.builds(lambda name, value: {"kind": "change", "values": {name: value}},
              st.sampled_from(["W_111", "w^2_11", "x_1", "y_1", "b_11"]), st.floats(-3, 3)),
    st.builds(lambda steps, rate: {"kind": "descend", "steps": steps, "learning_rate": rate},
              st.integers(1, 5), st.floats(0, 0.5)),
    st.builds(lambda step: {"kind": "rewind", "step": step}, st.integers(0, 5)),
    st.sampled_from([{"kind": "change", "loss": "identity"}, {"kind": "change", "loss": "squared_error"}]),
    st.just({"kind": "change", "hidden": ["sigmoid"]}),
)  # fmt: skip


@given(st.lists(MOVES, max_size=12), st.lists(MOVES, max_size=12), st.booleans())
def test_lines_are_judged_by_the_network_that_they_were_written_for(before, after, given_about):
    """Whatever is done meanwhile; and what a record of the network gives back is that network, bit for bit."""
    session = Session(simple((2, 2, 1), np.random.default_rng(1)))

    def do(moves):
        for move in moves:
            with contextlib.suppress(InputError):  # no such step, no target
                session.ask(move)

    do(before)
    there, lines = session.subject, f"L = {float(session.subject.passes().L)!r}\na_21 = 77"
    about = {"about": session.ask({"kind": "scene"})["network"]} if given_about else {}
    due = session.ask({"kind": "audit", "text": lines})
    sheet = session.ask({"kind": "sheet", "text": lines})
    do(after)
    assert session.ask({"kind": "audit", "text": lines, **about}) == due
    assert [line["verdict"] for line in due["lines"]] == ["right", "wrong"]
    assert session.ask({"kind": "sheet", "text": lines, **about}) == sheet
    now, state = session.subject, session.ask({"kind": "scene"})["network"]
    other = Session(simple((2, 2, 1), np.random.default_rng(1)))
    other.ask({"kind": "restore", "network": json.loads(json.dumps(state))})
    assert np.array_equal(other.subject.network.flat, now.network.flat)
    assert repr(other.subject.network) == repr(now.network)
    assert [*other.subject.x, *other.subject.targets] == [*now.x, *now.targets]
    assert other.ask({"kind": "scene"}) == session.ask({"kind": "scene"})
    other.ask({"kind": "restore", "network": about.get("about", state)})
    if about:
        assert np.array_equal(other.subject.network.flat, there.network.flat)


def test_a_record_of_another_network_is_refused(session):
    state = session.ask({"kind": "change", "values": {"W_111": 9.0}})["network"]
    other = Session(simple((4, 4, 2), np.random.default_rng(1)))
    with pytest.raises(InputError, match="address: expected the network that the address was made with"):
        other.ask({"kind": "restore", "network": state})
    many = [{"change": {}, "steps": [{"count": 60_000, "learning_rate": 0.1}]}] * 2
    with pytest.raises(InputError, match="at most 100000 in all"):
        other.ask({"kind": "restore", "network": {"stretches": many}})
    other.ask({"kind": "restore", "network": state | {"of": ""}})  # one that a person wrote
    assert other.subject.network.weights[0][0, 0] == 9.0


# ---------------------------------------------------------------- changing


@pytest.mark.parametrize(("name", "other"), [("W_212", "w^2_21"), ("b_13", "b^1_3"), ("x_2", "a^0_2"), ("y_1", "y_1")])
def test_a_number_is_changed_by_its_name_in_either_notation(session, name, other):
    whole = name.partition("_")[0]
    index = tuple(int(d) - 1 for d in name.partition("_")[2])
    s = worked_example()
    parts = {"x": s.x, "y": s.y, "W": s.network.weights[1], "b": s.network.biases[0]}
    before = session.subject.passes()
    for written in (name, other):
        session.ask({"kind": "rewind", "step": 0})
        session.ask({"kind": "change", "values": {written: 0.25}})
        now = session.subject
        changed = {"x": now.x, "y": now.y, "W": now.network.weights[1], "b": now.network.biases[0]}[whole]
        due = parts[whole].copy()
        due[index[1:] if whole in "Wb" else index] = 0.25
        assert np.array_equal(changed, due)
    assert float(session.subject.passes().L) != float(before.L)


@pytest.mark.parametrize("hidden", list(ACTIVATIONS))
def test_rules_are_changed(session, hidden):
    session.ask({"kind": "change", "hidden": [hidden], "output": "sigmoid", "loss": "binary_cross_entropy"})
    scene = session.ask({"kind": "scene"})
    net = session.subject.network
    assert ([*net.hidden], net.output, net.loss) == ([hidden], "sigmoid", "binary_cross_entropy")
    assert scene["L"]["value"] == float(net.backward([2, 5, 3, 3], [1, 0]).L)


def test_the_loss_without_targets_and_back(rng):
    subject = simple((2, 1), rng)
    one = Session(subject)
    one.ask({"kind": "change", "loss": "identity"})
    assert one.ask({"kind": "scene"})["targets"] == []
    with pytest.raises(InputError):
        one.ask({"kind": "change", "values": {"y_1": 1.0}})
    one.ask({"kind": "change", "loss": "squared_error"})
    assert [target["value"] for target in one.ask({"kind": "scene"})["targets"]] == [*subject.targets]
    bare = Session(Subject.of(cr.Network([[[1.0]]], None, "tanh", "identity", "identity"), [1.0], None))
    bare.ask({"kind": "change", "loss": "squared_error"})
    assert [target["value"] for target in bare.ask({"kind": "scene"})["targets"]] == [0.0]  # there were none


def test_a_page_of_its_own(session):
    session.ask({"kind": "change", "values": {"W_212": 9.0}})
    fork = session.fork()
    assert fork.subject.network.weights[1][0, 1] == 0.8
    fork.ask({"kind": "descend", "steps": 1, "learning_rate": 1.0})
    assert session.subject.network.weights[1][0, 1] == 9.0


# ---------------------------------------------------------------- gradient descent


def by_hand(network, x, y, rates):
    """The networks of the steps, one by one."""
    found = [network]
    for rate in rates:
        found.append(found[-1].step(found[-1].backward(x, y), rate))
    return found


@pytest.mark.parametrize("most", [10**9, 30 * 8 * 7, 1])
def test_any_step_again_bit_for_bit(monkeypatch, most, session):
    """However few of the networks are kept: all, seven, none but the start."""
    monkeypatch.setattr(descent, "MOST_BYTES", most)
    rates = [0.5] * 12 + [0.1] * 5
    due = by_hand(session.subject.network, [2, 5, 3, 3], [1, 0], rates)
    session.ask({"kind": "descend", "steps": 12, "learning_rate": 0.5})
    session.ask({"kind": "descend", "steps": 5, "learning_rate": 0.1})
    assert session.descent.losses == [float(net.backward([2, 5, 3, 3], [1, 0]).L) for net in due]
    for step in (17, 3, 12, 0, 13, 16, 1):
        moved = session.ask({"kind": "rewind", "step": step})
        assert (moved["now"], moved["steps"], moved["L"]) == (step, 17, session.descent.losses[step])
        assert np.array_equal(session.subject.network.flat, due[step].flat)
    session.ask({"kind": "rewind", "step": 5})
    session.ask({"kind": "descend", "steps": 2, "learning_rate": 0.3})
    other = by_hand(due[5], [2, 5, 3, 3], [1, 0], [0.3, 0.3])
    assert len(session.descent.losses) == 8
    assert np.array_equal(session.subject.network.flat, other[2].flat)
    session.ask({"kind": "rewind", "step": 6})
    assert np.array_equal(session.subject.network.flat, other[1].flat)


def test_a_descent_that_leaves_the_numbers_ends_before(rng):
    s = simple((2, 2, 1), rng, "identity")
    session = Session(s)
    with pytest.raises(InputError, match="smaller learning rate"):
        session.ask({"kind": "descend", "steps": 100, "learning_rate": 1e6})
    scene = session.ask({"kind": "scene"})
    assert 0 < scene["descent"]["now"] < 100
    assert all(math.isfinite(loss) for loss in scene["descent"]["losses"])
    assert scene["descent"]["now"] == len(scene["descent"]["losses"]) - 1
    assert session.ask({"kind": "rewind", "step": 0})["now"] == 0
    assert np.array_equal(session.subject.network.flat, s.network.flat)


def test_there_is_an_end_to_steps(monkeypatch, session):
    monkeypatch.setattr(descent, "MOST_STEPS", 10)
    session.ask({"kind": "descend", "steps": 10, "learning_rate": 0.1})
    with pytest.raises(InputError, match="at most 10 in all"):
        session.ask({"kind": "descend", "steps": 1, "learning_rate": 0.1})
    assert session.descent.now == 10


# ---------------------------------------------------------------- words of strangers


def test_words_are_kept_as_words():
    bad = "<img src=x onerror=alert(1)>"
    s = worked_example()
    s = Subject.of(s.network, s.x, s.y, title=bad, lines=[bad, "L = 0.1"], note=bad)
    session = Session(s)
    scene = session.ask({"kind": "scene"})
    assert (scene["title"], scene["note"], scene["lines"][0]) == (bad, bad, bad)
    with pytest.raises(InputError):
        session.ask({"kind": "explain", "name": bad})
    session.ask({"kind": "audit", "text": f"{bad}\n\\htmlClass{{x}}{{y}} = 1\nL = {bad}"})
    sheet = session.ask({"kind": "sheet", "text": bad})["text"]
    assert parse_worksheet(sheet, "again").title == bad


# ---------------------------------------------------------------- curves


@given(networks(), st.data())
def test_a_curve_goes_through_what_a_change_gives(network, data):
    """The loss at each of its points is that of the network with that number; its slope is the gradient."""
    session = Session(subject_of(network, np.random.default_rng(2)))
    scene = session.ask({"kind": "scene"})
    given_numbers = [unit["act"] for unit in scene["layers"][0]["units"]] + scene["targets"]
    given_numbers += [unit["bias"] for layer in scene["layers"][1:] for unit in layer["units"]]
    given_numbers += [edge for weights in scene["weights"] for edge in weights["edges"]]
    number = data.draw(st.sampled_from(given_numbers))
    curve = session.ask({"kind": "curve", "name": number["name"]})
    assert (curve["over"], curve["at"], curve["value"]) == (number["name"], number["value"], scene["L"]["value"])
    assert curve["slope"] == number["gradient"]
    for i in data.draw(st.lists(st.integers(0, len(curve["x"]) - 1), min_size=1, max_size=3)):
        try:
            moved = session.ask({"kind": "change", "values": {number["name"]: curve["x"][i]}})
        except InputError:
            assert curve["y"][i] is None
            continue
        assert curve["y"][i] == pytest.approx(moved["L"], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("rule", ["tanh", "relu", "softmax"])
def test_the_curve_of_a_unit(rng, rule):
    loss = "cross_entropy" if rule == "softmax" else "squared_error"
    s = simple(
        (3, 2, 2), rng, "sigmoid" if rule == "softmax" else rule, rule if rule == "softmax" else "identity", loss
    )
    b = s.passes()
    unit, layer = ("yhat_1", 2) if rule == "softmax" else ("h_11", 1)
    curve = Session(s).ask({"kind": "curve", "name": f"dL/d{unit}"})
    assert (curve["over"], curve["of"], curve["rule"]) == (f"a_{layer}1", unit, rule)
    assert curve["at"] == b.forward.a[layer - 1][0, 0]
    assert curve["value"] == b.forward.h[layer][0, 0]
    near = int(np.argmin(np.abs(np.array(curve["x"]) - curve["at"])))
    assert curve["y"][near] == pytest.approx(
        curve["value"] + curve["slope"] * (curve["x"][near] - curve["at"]), abs=0.05
    )
