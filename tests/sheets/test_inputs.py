"""Where the text of a worksheet comes from."""

import io
import json
import os

import pytest

import chainrule as cr
from chainrule import InputError
from chainrule.sheets.header import read_worksheet
from chainrule.sheets.writing import inputs
from chainrule.sheets.writing.inputs import notebook_text, read_text

SHEET = '+++\nx = 1\ny = 1\noutput = "sigmoid"\nloss = "mse"\nW_1 = 2\n+++\na_1 = 2\nyhat = 0.881\n'


def notebook(*cells):
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4})


def markdown(text):
    return {"cell_type": "markdown", "source": text.splitlines(keepends=True)}


def printed(text):
    return {"cell_type": "code", "source": ["print()"], "outputs": [{"name": "stdout", "text": text}]}


CELLS = notebook(
    markdown(SHEET.rpartition("a_1")[0]),
    {"cell_type": "code", "source": ["1"], "outputs": [{"data": {"text/plain": ["a_1 = 2"]}}]},
    {"cell_type": "code", "source": ["1"], "outputs": [{"name": "stderr", "text": "a_1 = 7"}]},
    printed("yhat = 0.7\n"),
)


def test_a_text_a_file_a_pipe_and_standard_input_are_one(tmp_path, monkeypatch):
    path = tmp_path / "s.md"
    path.write_text(SHEET)
    end, start = os.pipe()
    os.write(start, SHEET.encode())
    os.close(start)
    pipe = f"/dev/fd/{end}"
    monkeypatch.setattr("sys.stdin", type("Input", (), {"buffer": io.BytesIO(SHEET.encode())})())
    audits = [cr.audit(SHEET), cr.audit(path), cr.audit(str(path)), cr.audit(pipe), cr.audit("-")]
    assert [a.path for a in audits] == ["worksheet", str(path), str(path), pipe, "standard input"]
    os.close(end)
    for audit in audits:
        assert [line.verdict for line in audit.lines] == ["right", "rounded"]


def test_a_notebook_gives_its_words_and_what_its_code_printed(tmp_path):
    path = tmp_path / "s.ipynb"
    path.write_text(CELLS)
    audit = cr.audit(path)
    assert [(line.name, line.verdict) for line in audit.lines] == [("a_1", "right"), ("yhat", "wrong")]
    assert audit.notes[-1] == (
        "lines are counted through the cells of the notebook: "
        "output of cell 2 from line 8, output of cell 4 from line 10"
    )


@pytest.mark.parametrize(
    "text", ["[]", '{"cells": 3}', '{"cells": [3]}', '{"cells": [{"cell_type": "markdown"}]}', "{"]
)
def test_what_is_no_notebook(text):
    with pytest.raises(InputError, match="n: expected a notebook with cells; got something else"):
        notebook_text(text, "n")


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"%PDF-1.7", "a PDF"), (b"\x89PNG\r\n", "a picture"), (b"PK\x03\x04", "a ZIP archive, such as a Word document")],
)
def test_other_kinds_of_files_are_named(tmp_path, data, kind):
    path = tmp_path / "s.md"
    path.write_bytes(data + b"\x00\xff")
    with pytest.raises(InputError, match=f"expected text or a notebook; got {kind}"):
        read_worksheet(path)


def test_sizes_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(inputs, "LARGEST", 100)
    path = tmp_path / "s.ipynb"
    path.write_text(notebook(markdown("a" * 120), {"cell_type": "code", "source": "b" * 500, "outputs": []}))
    with pytest.raises(InputError, match="at most 100 bytes in its cells"):
        read_text(path)
    monkeypatch.setattr(inputs, "LARGEST_NOTEBOOK", 300)
    with pytest.raises(InputError, match="at most 100 bytes; got "):
        read_text(path)


@pytest.mark.parametrize("name", ["no such\0name", "n" * 5000, ""])
def test_names_that_no_file_has(name):
    with pytest.raises(InputError, match="expected a file; got"):
        read_text(name)
