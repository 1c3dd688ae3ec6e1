"""``docs/worksheets.md`` cannot drift: what the audit says of its sheets is what stands there."""

import re

import pytest

import chainrule as cr
from chainrule.auditing.records import ACCEPTED
from tests.support.loading import ROOT
from tests.support.loading import tool as load_tool

PAGE = (ROOT / "docs/worksheets.md").read_text(encoding="utf-8")
TOOL = load_tool("worksheets")
EXAMPLES = [match.groups()[1:] for match in TOOL.EXAMPLE.finditer(PAGE)]
AUTHORS = dict(re.findall(r"<!-- author: ([\w -]+) -->\n~~~~markdown\n(.*?)~~~~\n", PAGE, re.DOTALL))


def test_sheets_are_found():
    assert [name for name, _, _ in EXAMPLES][:2] == ["homework", "header"]
    assert len(EXAMPLES) == PAGE.count("<!-- sheet: ")
    assert len(AUTHORS) == PAGE.count("<!-- author: ")


@pytest.mark.parametrize(("sheet", "printed"), [e[1:] for e in EXAMPLES], ids=[e[0] for e in EXAMPLES])
def test_the_audit_says_what_stands_there(sheet, printed):
    assert TOOL.told(sheet) == printed


@pytest.mark.parametrize("name", AUTHORS)
def test_sheets_in_authors_names_are_right(name):
    assert {line.verdict for line in cr.audit(AUTHORS[name]).lines} <= set(ACCEPTED)


def test_what_the_page_lists_is_what_there_is():
    assert "\nActivations: " in PAGE
    assert TOOL.with_names(PAGE) == PAGE
