"""An author's own commands of LaTeX are written out; what has no end is left as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.sheets.writing.macros import LONGEST, with_macros
from tests.support.clock import within
from tests.support.sample import draws
from tests.support.small_sheets import SmallSheet

DEFINED = (
    r"\newcommand{\NAME}[2]{BODY}", r"\newcommand\NAME[2]{BODY}", r"\renewcommand*{\NAME}[2]{BODY}",
    r"\def\NAME#1#2{BODY}", r"\providecommand{\NAME}[2]{BODY} % as ever",
)  # fmt: skip
LETTERS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=9)


@draws(4)
@given(st.sampled_from(DEFINED), LETTERS, st.integers(0, 99))
def test_a_derivative_of_ones_own(defined, letters, seed):
    name = f"zz{letters}"
    definition = defined.replace("NAME", name).replace("BODY", r"\frac{\partial #1}{\partial #2}")
    sheet = SmallSheet(seed)
    used = rf"$\{name}{{L}}{{h_{{11}}}}"
    found = sheet.verdicts(f"{definition}\n{used} = <<dL/dh_11>>$\n{used} = <<dL/dh_11!>>$")
    assert found[0] in ("right", "rounded")
    assert found[1] == "wrong"


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        (r"\newcommand{\yh}{\hat{y}}", r"\yh = \yh_1"), (r"\def\yh{\hat{y}}", r"\yh = \yh_1"),
        (r"\newcommand{\a}{\hat{y}}\newcommand{\yh}{\a}", r"\yh = \yh_1"),
        (r"\newcommand{\v}[1][y]{\hat{#1}}", r"\v = \v[y]_1"),
    ],
)  # fmt: skip
def test_commands_are_written_out(written, becomes):
    assert with_macros([written, becomes]) == ["", r"\hat{y} = \hat{y}_1"]


def test_other_commands_and_letters_behind_stay():
    assert with_macros([r"\def\a{x}", r"\ab \a b \alpha \a1"]) == ["", r"\ab x b \alpha x1"]
    assert with_macros([r"\alpha = 1", "a = 2"]) == [r"\alpha = 1", "a = 2"]


@pytest.mark.parametrize("length", [100, LONGEST + 1])
def test_a_definition_in_a_line_that_is_too_long_is_left(length):
    lines = [r"\newcommand{\a}{3}".ljust(length), r"$x = \a$"]
    assert with_macros(lines) == (lines if length > LONGEST else [" " * (length - len(lines[0].strip())), "$x = 3$"])


@pytest.mark.parametrize(
    "definition",
    [
        r"\def\a{\a\a}", r"\newcommand{\a}{\b}\newcommand{\b}{\a}", r"\newcommand{\a}[9]{#1}", r"\newcommand{\a}{",
        r"\def\a{" + "x" * 9_000 + "}",
    ],
)  # fmt: skip
def test_what_has_no_end_is_left(definition):
    with within(1):
        found = with_macros([definition, r"$\a = 3$", r"\a" * 4_000])
    assert all(len(line) < 30_000 for line in found)
