"""The sheets of ``examples/published/`` hold every published value, as printed, each on its line."""

import importlib.util
import json
import shutil

import pytest

from chainrule.sheets.header import read_worksheet
from tests.support.loading import ROOT

spec = importlib.util.spec_from_file_location("published", ROOT / "tools" / "published.py")
published = importlib.util.module_from_spec(spec)
spec.loader.exec_module(published)

EXAMPLES = json.loads(published.DATA.read_text(encoding="utf-8"))
VALUES = json.loads(published.VALUES.read_text(encoding="utf-8"))
CLAIMED = {example["id"]: example["claimed_text"] for example in EXAMPLES}


def test_every_value_is_on_the_line_that_is_said():
    count = 0
    for sheet, where in VALUES.items():
        lines = (published.FOLDER / sheet).read_text(encoding="utf-8").splitlines()
        for key, number in where["lines"].items():
            assert lines[number - 1].endswith(f" = {CLAIMED[where['id']][key]}"), (sheet, key)
            count += 1
    assert count == sum(map(len, CLAIMED.values())) == 151


def test_values_are_what_the_tool_finds():
    assert published.located(EXAMPLES) == (VALUES, [])


@pytest.mark.parametrize(
    ("sheet", "line", "planted", "fault"),
    [
        ("mazur.md", "W_221' = 0.511301270", "W_221' = 0.51130127", "the line has 0.51130127"),
        ("hmkcode.md", "W_111' = ", "W_131' = ", "(W_111') is on 0 lines"),
        ("nptel_2022.md", "yhat_2 = 0.139", "yhat_2 = 0.139\nyhat_2 = 0.139", "is on 2 lines"),
    ],
)
def test_the_tool_sees_a_planted_fault(tmp_path, monkeypatch, sheet, line, planted, fault):
    folder = tmp_path / "published"
    shutil.copytree(published.FOLDER, folder)
    text = (folder / sheet).read_text(encoding="utf-8")
    assert line in text
    (folder / sheet).write_text(text.replace(line, planted), encoding="utf-8")
    monkeypatch.setattr(published, "FOLDER", folder)
    assert any(fault in found for found in published.located(EXAMPLES)[1])


@pytest.mark.parametrize(
    ("key", "layers", "name"),
    [
        ("a1_1", 2, "a_11"),
        ("dL_dh2_1", 2, "dL/dyhat_1"),
        ("dL_dh1_1", 2, "dL/dh_11"),
        ("dyhat_da2_1", 2, "dyhat_1/da_21"),
        ("dh_da1_1", 2, "dh_11/da_11"),
        ("dL_da_2", 1, "dL/da_12"),
        ("W2_1_2_new", 2, "W_212'"),
        ("yhat_1_after_10000", 2, "yhat_1'{10000}"),
        ("neg_dL_da2_1", 2, "δ^2_1"),
        ("step_W1_2_3", 2, "-0.5*dL/dW_123"),
        ("sigmoid_L_after", 2, "L'"),
        ("q_3", 1, "yhat_3"),
    ],
)
def test_names_of_keys(key, layers, name):
    assert published.name_of(key, layers) == name


@pytest.mark.parametrize("sheet", [*published.SHEETS, "notes_003.md"])
def test_headers_are_networks(sheet):
    worksheet = read_worksheet(published.FOLDER / sheet)
    assert len(worksheet.x) == worksheet.network.sizes[0]
