"""The page of an audit: what it says, that it fits, and that a stranger's text stays text."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from chainrule.auditing.audit import audit_text
from chainrule.auditing.records import Contradiction, Convention, Found
from chainrule.auditing.report.document import Audit
from chainrule.auditing.report.records import LineAudit, PartAudit
from chainrule.auditing.report.wording import array, name_part, number
from chainrule.render.blocks import Code, Math
from chainrule.render.json import to_json

CROSS = Found(
    "softmax_cross_terms_dropped",
    "dL/da_2",
    "only the unit's own derivative of the softmax is taken; the cross terms are left out",
    r"\frac{\partial L}{\partial a_m} = \frac{\partial L}{\partial \hat{y}_m} \hat{y}_m (1 - \hat{y}_m)",
    r"\nabla_{a_{2}} L = J_O^T \nabla_{\hat{y}} L",
    -0.0652,
)
TRANSPOSED = Found(
    "W_not_transposed_bwd", "dL/dh_1", "W_2 stands where its transpose is due", r"W_{2} \nabla_{a_{2}} L"
)
A1 = np.array([2.9, 1.4, 2.1, 2.3])
RIGHT = LineAudit(21, "a_1 = [2.9, 1.4, 2.1, 2.3]", "a_1", A1, A1, None, "right", digits=1)
ROUNDED = LineAudit(22, "h_12 = 0.80", "h_12", 0.80, 0.80218388, (0.7858, 0.8176), "rounded", digits=2)
WRONG = LineAudit(
    24,
    "dL/dW_212 = dL/dyhat_1 * dyhat_1/da_21 * da_21/dW_212 = -0.0652",
    "dL/dW_212",
    -0.0652,
    -0.13037670618,
    (-0.13041, -0.13034),
    "wrong",
    (
        PartAudit("dL/dyhat_1 * dyhat_1/da_21 * da_21/dW_212", "formula", "wrong", "one of two paths", (CROSS,)),
        PartAudit("-0.0652", "value", "wrong"),
    ),
    (CROSS,),
    "the product is right, but the loss depends on a_21 by yhat_2 too",
    digits=4,
)
FOLLOWS = LineAudit(25, "W_212' = 0.83", "W_212'", 0.83, 0.865188, (0.82, 0.84), "follows", root=24, digits=2)
UNDECIDED = LineAudit(26, "h_11 * 0 = 0", "dL/dh_1", 0.0, 0.1, None, "undecided", (), (CROSS, TRANSPOSED),
                      "a carried 0 has made the line trivial", digits=0)  # fmt: skip
UNREADABLE = LineAudit(27, "??? = €", "", None, None, None, "unreadable", message="'?' at column 1 is not known here")
SHEET = Audit(
    "sheet.md",
    "Worked example",
    "Network(4-4-2, hidden=sigmoid, output=softmax, loss=squared_error, mean, float64)",
    (RIGHT, ROUNDED, WRONG, FOLLOWS, UNDECIDED, UNREADABLE),
    (Convention("no_half", "the loss is written without the factor 1/2", (21, 22)),),
    (Contradiction("W_122", 0.2, -0.2, (21,), "W_122 = 0.2 is given; the lines need -0.2"),),
)
HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[a](javascript:alert(1))", "`x` ``y`` $z$ | w",
    "```\n# h", "\x1b[31mred\x1b[0m\x07\x00", "\u202eabc", "\\input{/etc/passwd} $\\alpha$ % #", "a" * 500, "[" * 300,
    "😀 日本 é", "\ud800",
    "&lt;b&gt; &amp;", "- x\n- y", "1. x", "=1+1", "{{x}} ${x}", "| a | b |\n|---|---|", "](x) ![i](http://x)",
]  # fmt: skip


def with_lines(*lines):
    return replace(SHEET, lines=lines, conventions=(), contradictions=())


def test_the_page_says_what_is_right_so_far_what_is_not_and_what_follows():
    text = str(SHEET)
    flat = " ".join(text.split())
    assert text.startswith("Worked example\n══════════════\nNetwork(4-4-2")
    assert "The first 2 lines are right, of 6. The first that is wrong is line 24, dL/dW_212." in flat
    assert "1 later line is off only because of it, and would be right with it mended." in flat
    assert "Line 26 cannot be decided. Line 27 cannot be read." in flat
    assert "• The loss is written without the factor 1/2 (lines 21 and 22)" in text
    assert "• W_122 = 0.2 is given; the lines need -0.2 (line 21)" in text
    for row in (
        "21    ✓ right",
        "22    ≈ right, rounded",
        "24    ✗ wrong",
        "25    → follows from line 24",
        "26    ? undecided",
    ):
        assert f"  {row}" in text
    assert "The product is right, but the loss depends on a_21 by yhat_2 too" in flat
    assert "Probably only the unit's own derivative of the softmax is taken; the cross terms are left out." in flat
    assert "what seems to be done: dL/da_m = dL/dyhat_m yhat_m (1 - yhat_m)" in flat
    assert "what it should be: dL/da_2 = J_O^T dL/dyhat" in flat
    assert "Written is -0.0652; it should be -0.1304." in flat
    assert "From your own lines before it, anything from -0.13041 to -0.13034 would do." in flat
    assert "2 mistakes give this line; the likeliest first:" in flat
    assert re.search(r"25 +W_212' +0\.83 +0\.87", text)


def test_what_was_said_is_not_said_again():
    formula = WRONG.parts[0].text
    why = f"is wrong: {CROSS.words}; due is -0.1304, by yours -0.13041 to -0.13034."
    told = replace(WRONG, message=f"The formula {formula} {why}", brief=f"The formula {why}")
    flat = " ".join(str(with_lines(told)).split())
    assert "Probably" not in flat
    assert "Written is" not in flat
    assert "From your own" not in flat
    assert "The formula is wrong: only the unit's own" in flat
    assert "the value -0.0652" not in flat
    two = replace(UNDECIDED, message=f"several fit: {CROSS.words}; or {TRANSPOSED.words}; due is 0.1")
    flat = " ".join(str(with_lines(two)).split())
    assert flat.count("cross terms") == 1
    assert "• the second: W_2 dL/da_2" in flat


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ((), "No line claims anything"),
        ((RIGHT,), "The only line is right."),
        ((RIGHT, ROUNDED), "All 2 lines are right."),
        ((WRONG,), "The first that is wrong is line 24, dL/dW_212."),
        ((RIGHT, UNDECIDED), "The first line is right, of 2. No line is shown to be wrong. Line 26 cannot be decided."),
        ((RIGHT, WRONG, replace(WRONG, number=29)), "Line 29 has a mistake too."),
    ],
)
def test_the_summary_of_other_sheets(lines, words):
    assert words in " ".join(str(with_lines(*lines)).split())


def test_lines_that_follow_from_one_that_follows_count_for_its_root():
    later = replace(FOLLOWS, number=30, root=25)
    assert "2 later lines are off only because of it" in " ".join(str(with_lines(WRONG, FOLLOWS, later)).split())


def test_a_wrong_formula_in_a_line_that_is_right_is_shown():
    parts = (PartAudit("h_12", "formula", "wrong", "", (TRANSPOSED,)), PartAudit("0.80", "value", "right"))
    text = str(with_lines(replace(ROUNDED, parts=parts)))
    assert "✗ the formula h_12 is wrong" in text
    assert "✓ the value 0.80 is right" in text


def test_of_an_array_the_entries_that_are_off_are_told():
    claimed = np.arange(12.0).reshape(3, 4)
    right = claimed.copy()
    right[1, 2] += 0.5
    a = LineAudit(1, "x", "dL/dW_1", claimed, right, None, "wrong", digits=2, fits=claimed == right)
    assert "Not right: 6.00 at entry 2, 3 (it should be 6.50); the rest is." in " ".join(str(with_lines(a)).split())
    other = replace(a, right=right.T)
    assert "Written has the shape 3 x 4, it should have 4 x 3" in " ".join(str(with_lines(other)).split())
    every = replace(a, right=-1 - right, fits=np.zeros((3, 4), dtype=bool))
    assert "It should be [[-1.00," in str(with_lines(every))


def test_every_form_shows_the_verdict_by_word_and_sign():
    for text in (str(SHEET), SHEET.to_markdown(), SHEET.to_html()):
        for words in (
            "✓ right",
            "≈ right, rounded",
            "✗ wrong",
            "→ follows from line 24",
            "? undecided",
            "? unreadable",
        ):
            assert words in text
    latex = SHEET.to_latex(standalone=True)
    assert r"$\checkmark$ right" in latex
    assert r"\texttt{a\_1 = [2.9,\allowbreak{} 1.4" in latex


def test_lines_fit_a_terminal():
    wide = replace(RIGHT, text="a_1 = [" + ", ".join(["0.123456"] * 100) + "]")
    longer = replace(WRONG, text="x" * 3000, message="y" * 200, claimed=np.ones(300), right=np.zeros(300))
    for audit in (SHEET, with_lines(wide, longer)):
        assert max(map(len, str(audit).split("\n"))) <= 80


class Reader(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.text = set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        assert not any(name.startswith("on") or "javascript" in (value or "") for name, value in attrs)

    def handle_data(self, data):
        self.text.append(data)


@pytest.mark.parametrize("words", HOSTILE)
def test_a_strangers_text_stays_text(words):
    found = replace(CROSS, words=words, where=words)
    parts = (PartAudit(words, "formula", "wrong", words),) * 2
    line = replace(WRONG, text=words, name=words, message=words, parts=parts, found=(found,))
    several = replace(line, verdict="undecided", found=(found, found))
    follows = replace(FOLLOWS, name=words, text=words)
    given = {"conventions": (Convention("x", words),), "contradictions": (Contradiction("x", 0.0, 1.0, (), words),)}
    audit = replace(SHEET, title=words, path=words, lines=(RIGHT, line, several, follows), **given)
    text = str(audit)
    assert all(sign.isprintable() or sign == "\n" for sign in text)
    assert max(map(len, text.split("\n"))) <= 80
    reader = Reader()
    reader.feed(audit.to_html())
    ours = Reader()
    ours.feed(SHEET.to_html())
    assert reader.tags <= ours.tags | {"p"}
    markdown = audit.to_markdown()
    assert not re.search(r"(?<!\\)<(script|img|b)", re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", markdown, flags=re.S))
    assert "\x1b" not in markdown + audit.to_latex() + audit.to_html()
    assert r"\input{" not in audit.to_latex()
    json.loads(to_json("audit", audit.to_dict()).encode("utf-8", "replace"))


def test_the_data_is_plain_and_whole():
    told = json.loads(to_json("audit", SHEET.to_dict()))
    assert {k: told[k] for k in ("schema", "kind", "title", "first_wrong", "ok")} == {
        "schema": "chainrule/1", "kind": "audit", "title": "Worked example", "first_wrong": 24, "ok": False,
    }  # fmt: skip
    wrong = told["lines"][2]
    assert wrong["claimed"] == -0.0652
    assert wrong["accepted"] == [-0.13041, -0.13034]
    assert wrong["mistakes"] == ["softmax_cross_terms_dropped"]
    assert wrong["parts"][0]["kind"] == "formula"
    assert told["lines"][0]["claimed"] == [2.9, 1.4, 2.1, 2.3]
    assert told["contradictions"][0]["needed"] == -0.2
    assert {"network", "score", "rounding", "notes", "conventions"} < set(told)


@pytest.mark.parametrize(
    ("value", "decimals", "written"),
    [(0.13037, 4, "0.1304"), (-0.0, 2, "0.00"), (1.3e-17, 4, "0.0000"), (-1e-17, None, "0"), (1e-7, 2, "1e-7"),
     (2.0, None, "2"), (np.inf, 2, "inf"), (3.0, 0, "3"),
     (1e15, 2, "1e15"), (0.5, 10**6, "0.500000000000")],
)  # fmt: skip
def test_numbers_are_written_as_the_line_writes_them(value, decimals, written):
    assert number(value, decimals) == written


def test_long_arrays_are_shortened():
    assert array(np.arange(20.0), 0) == "[0, 1, 2, 3, 4, 5, … 13 more, 19]"


def test_names_are_formulas_where_they_are_names():
    assert name_part("dL/dW_212") == Math("dL/dW_212", r"\frac{\partial L}{\partial W_{212}}")
    assert name_part("W_212'") == Math("W_212'", "W_{212}'")
    assert name_part("yhat_1'{10000}") == Math("yhat_1'{10000}", r"\hat{y}_{1}'^{(10000)}")
    assert name_part(r"$\frac{\partial L}{\partial W_{212}}$") == name_part("dL/dW_212")
    assert name_part("e_1") == Code("e_1")
    for deep in ("\\hat" + "_" * 90, "\\" + "{" * 10**5, "\\frac" * 16):
        assert isinstance(name_part(deep), Code)
    assert name_part("") == ""
    assert SHEET.document().blocks


def test_a_sheet_of_very_many_lines_makes_a_page_of_bounded_length():
    many = with_lines(
        *(replace(WRONG, number=n) for n in range(2000)), *[replace(FOLLOWS, number=n) for n in range(2000)]
    )
    assert len(many.to_html()) < 600_000
    assert "… and 3600 more lines." in str(many)
    assert "… and 1940 more lines." in str(many)


def test_remarks_on_lines_that_are_right_are_short():
    drifts = replace(ROUNDED, message="right from your rounded lines; from exact numbers it is 0.81")
    cut = replace(RIGHT, verdict="truncated", message="the digits are cut, not rounded")
    text = str(with_lines(drifts, cut))
    assert "• line 22, h_12: right from your rounded lines; from exact numbers it is 0.81" in text
    assert "• line 21, a_1: the digits are cut, not rounded" in text
    assert "A closer look" not in text
    held = replace(with_lines(drifts, cut), conventions=(Convention("truncates", "digits are cut", (21,)),))
    assert "a_1: the digits" not in str(held)


@pytest.mark.parametrize(
    ("message", "sentence"),
    [("the sum is off", "The sum is off."), ("a_1 should be 2", "a_1 should be 2."), ("yhat is due", "yhat is due."),
     ("dL/da_1 is due", "dL/da_1 is due."), ("a carried 0", "A carried 0."), ("why?", "Why?")],
)  # fmt: skip
def test_messages_are_sentences(message, sentence):
    assert f"\n{sentence}\n" in str(with_lines(replace(UNREADABLE, message=message))) + "\n"


@pytest.mark.parametrize("written", ["0.5571", "[0.5571]"])
def test_an_array_of_one_number_is_told_as_a_number(written):
    header = "+++\nx = [1]\ny = [0]\noutput = sigmoid\nloss = mse\nW = [[0.5]]\n+++\n"
    audit = audit_text(f"{header}yhat = {written}\n")
    assert audit.lines[0].message.startswith("yhat should be 0.6225")
    assert "the rest is" not in str(audit)
