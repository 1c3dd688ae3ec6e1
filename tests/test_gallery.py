"""``docs/auditing.md`` and ``docs/published/`` are what ``tools/gallery.py`` writes."""

import importlib.util
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
spec = importlib.util.spec_from_file_location("gallery", ROOT / "tools" / "gallery.py")
gallery = importlib.util.module_from_spec(spec)
spec.loader.exec_module(gallery)


@pytest.fixture(scope="module")
def written():
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        return gallery.written()
    finally:
        os.chdir(before)


def test_the_pages_are_what_the_tool_writes(written):
    assert len(written) == len(list(gallery.PUBLISHED.glob("*.md"))) + 1 == 13
    for path, text in written.items():
        assert path.read_text(encoding="utf-8") == text, path.name


def test_every_disagreement_is_argued(written):
    page = written[ROOT / "docs" / "auditing.md"]
    assert page.count("\n- **") == len(gallery.ARGUED) == 3
