"""``examples/`` and ``docs/explaining.md`` are what the commands print."""

import re

import pytest

from tests.support.loading import ROOT, in_root, tool

examples = tool("examples")


@pytest.fixture(scope="module")
def written():
    with in_root():
        return examples.written()


def test_files_are_what_the_commands_print(written):
    assert len(written) == len(examples.EXAMPLES) + 3
    for path, text in written.items():
        assert path.read_text(encoding="utf-8") == text, path.name


@pytest.mark.parametrize("name", [n for n in examples.EXAMPLES if n.endswith(".txt")])
def test_pages_fit_a_terminal_of_80_columns(written, name):
    for line in written[ROOT / "examples" / name].splitlines():
        assert len(line) <= 80, line


def test_the_notes_numbers_are_there(written):
    def text(name):
        return written[ROOT / "examples" / name]

    assert "= -0.13038" in text("dL_dW_212.txt")
    assert "= 0.0031594" in text("dL_dW_131.txt")
    assert text("paths_dL_dW_212.txt").count("= -0.065188") == 2
    assert "4 paths lead to the loss; their sum is 0.0031594" in text("paths_dL_dW_131.txt")
    assert "dL/dw^1 = a^0*(δ^1)^T" in text("delta_dL_dw_1.txt")
    assert "dL/dh_1 = W_2^T*dL/da_2" in text("vector_dL_dh_1.txt")
    assert "dL/da_1 = dL/dh_1 ⊙ g'(a_1)" in text("vector_dL_da_1.txt")
    assert "dL/dW_1 = dL/da_1*x^T" in text("matrix_dL_dW_1.txt")
    assert "dz/dx = -1/x" in text("toy_graph.txt")


def test_the_html_page_needs_nothing_from_outside(written):
    page = written[ROOT / "examples" / "dL_dW_212.html"]
    assert "<math" in page
    assert not re.search(r"<script|https?://(?!www\.w3\.org)|src=|@import|url\(", page)


def test_the_latex_document_is_whole(written):
    page = written[ROOT / "examples" / "dL_dW_212.tex"]
    assert page.startswith("\\documentclass")
    assert page.endswith("\\end{document}\n")
    assert page.count(r"\begin{aligned}") == page.count(r"\end{aligned}") > 5
