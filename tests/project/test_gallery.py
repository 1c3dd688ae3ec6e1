"""``docs/auditing.md`` and ``docs/published/`` are what ``tools/gallery.py`` writes."""

import pytest

from tests.support.loading import ROOT, in_root, tool

pytestmark = pytest.mark.xdist_group("gallery")  # all published sheets are audited once
gallery = tool("gallery")


@pytest.fixture(scope="module")
def written():
    with in_root():
        return gallery.written()


def test_the_pages_are_what_the_tool_writes(written):
    assert len(written) == len(list(gallery.PUBLISHED.glob("*.md"))) + 1 == 13
    for path, text in written.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run python tools/gallery.py"


def test_every_disagreement_is_argued(written):
    page = written[ROOT / "docs" / "auditing.md"]
    assert page.count("\n- **") == len(gallery.ARGUED) == 3
