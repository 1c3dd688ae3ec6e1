"""``docs/architecture.md`` is what ``tools/architecture.py`` reads from the imports."""

from tests.support.loading import ROOT, tool


def test_the_page_is_what_the_imports_say():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert tool("architecture").page(text) == text


def test_arrows_that_follow_from_others_are_left_out():
    architecture = tool("architecture")
    graph = {"a": {"b", "c"}, "b": {"c"}, "c": set()}
    assert architecture.reduced(graph) == {"a": {"b"}, "b": {"c"}, "c": set()}
    assert architecture.floors(set(graph), graph) == {"a": 2, "b": 1, "c": 0}
