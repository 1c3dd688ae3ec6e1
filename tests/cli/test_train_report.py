"""``chainrule train --report``: what the page says."""

import base64
import re
import shlex
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from chainrule.storage import load_model, read_table
from tests.support.loading import ROOT
from tests.support.training import IRIS


class Page(HTMLParser):
    """What a browser would load and run, the words, the cells of tables."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.sources, self.rows, self.pictures, self.words = [], [], [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.sources += [value for name, value in attributes if name in ("src", "href")]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data):
        self.words += data
        if self.rows and self.rows[-1] and self.tags[-1] in ("td", "th"):
            self.rows[-1][-1] += data

    def table(self, *header):
        start = next(i for i, row in enumerate(self.rows) if tuple(row[: len(header)]) == header)
        width = len(self.rows[start])
        found = []
        for row in self.rows[start + 1 :]:
            if len(row) != width or row[0] in ("part", "class", "row", "setting", "fold", "true class"):
                break
            found.append(row)
        return found

    @property
    def drawn(self):
        heads = "data:image/svg+xml;base64,"
        return [base64.b64decode(s.removeprefix(heads)).decode() for s in self.sources if s.startswith(heads)]


def page(tmp_path, name="r.html"):
    return Page((tmp_path / name).read_text(encoding="utf-8"))


def test_report_of_classes(run, drawn, tmp_path):
    code, out, _ = run("train", "digits", "--epochs", 5, "--report", "r.html", "--cv", 2)
    assert code == 0
    assert "report in r.html" in out
    accuracy = re.search(r"test accuracy (\S+) \((\d+) of 360\)", out)
    found = page(tmp_path)
    parts = {row[0]: row for row in found.table("part")}
    assert parts["test"][1:4] == ["360", accuracy[1], accuracy[2]]
    assert all(source.startswith("data:image/") for source in found.sources)
    assert "script" not in found.tags
    classes = found.table("class")
    assert [row[0] for row in classes] == list("0123456789")
    assert sum(int(row[2]) for row in classes) == int(accuracy[2])
    assert len(found.drawn) == 7
    cells = re.findall(r'id="cell-(\d)-(\d)".*?>(\d+)</text>', found.drawn[6], re.S)
    assert sum(int(count) for i, j, count in cells if i == j) == int(accuracy[2])
    assert sum(int(count) for _, _, count in cells) == 360
    assert [row[0] for row in found.table("fold")] == ["1", "2", "mean", "standard deviation"]
    assert "chainrule train digits --epochs 5 --report r.html --cv 2" in found.words


def test_worst_examples_are_those_of_the_highest_loss(run, tmp_path):
    assert run("train", "iris", "--epochs", 10, "--report", "r.html")[0] == 0
    rows = page(tmp_path).table("row", "true", "predicted")
    table, model = read_table("iris"), load_model(tmp_path / "iris.safetensors")
    y, yhat = model.target.apply(table), model.forward(table)
    losses = -np.log(yhat[np.arange(150), y])
    _, test = model.split.parts(y)
    expected = test[np.argsort(-losses[test])][:15] + 1
    assert [int(row[0]) for row in rows] == expected.tolist()
    for row in rows:
        i = int(row[0]) - 1
        assert row[1] == table["target"][i].as_py()
        assert row[2] == model.target.classes[yhat[i].argmax()]
        assert float(row[3]) == pytest.approx(yhat[i].max(), rel=0.01)
        assert float(row[5]) == pytest.approx(losses[i], rel=0.01)
        assert float(row[6]) == pytest.approx(table.column(0)[i].as_py())


def test_report_of_numbers(run, drawn_but_lines, tmp_path):
    code, out, _ = run("train", "diabetes", "--epochs", 8, "--report", "r.html", "--validation", 0.2)
    assert code == 0
    r2, rmse = re.search(r"R² (\S+), RMSE (\S+) ", out).groups()
    found = page(tmp_path)
    parts = {row[0]: row for row in found.table("part")}
    assert list(parts) == ["training", "validation", "test"]
    assert float(parts["test"][2]) == pytest.approx(float(r2), abs=1e-4)
    assert float(parts["test"][3]) == pytest.approx(float(rmse), rel=1e-3)
    worst = found.table("row", "true", "predicted", "error")
    errors = [abs(float(row[3])) for row in worst]
    assert len(worst) == 15
    assert errors == sorted(errors, reverse=True)
    assert "Nothing amiss was found." in found.words


def test_report_without_rows_kept_aside_says_what_it_shows(run, tmp_path):
    assert run(*IRIS, "--epochs", 2, "--test", 0, "--report", "r.html")[0] == 0
    assert "The worst of the 150 training rows" in page(tmp_path).words


def test_strangers_words_stay_words(run, drawn, tmp_path, rng):
    evil = ["<script>alert(1)</script>", "日本 $x^", '\\frac{1}{ & "q"\'']
    columns = {"<b>x</b>": rng.normal(size=90), "y<img src=x>": [evil[i % 3] for i in range(90)]}
    columns |= {"kind": [["<i>", "</td>", "$"][i % 3] for i in range(90)]}
    pa.csv.write_csv(pa.table(columns), tmp_path / "$a$<u>.csv")
    arguments = ("train", "$a$<u>.csv", "--target", "y<img src=x>", "--epochs", 2, "--report", "r.html")
    code, _, err = run(*arguments)
    assert code == 0, err
    found = page(tmp_path)
    assert {"script", "b", "i", "u"} & set(found.tags) == set()
    assert all(source.startswith("data:image/") for source in found.sources)
    assert "<script>alert(1)</script>" in found.words
    assert all("<script" not in picture for picture in found.drawn)
    assert {row[0] for row in found.table("class")} == set(evil)


@pytest.mark.parametrize("classes", [2, 31, 70])
def test_reports_of_few_and_of_many_classes(run, drawn_but_lines, tmp_path, rng, classes):
    y = np.arange(3 * classes) % classes
    pa.csv.write_csv(pa.table({"x": rng.normal(size=3 * classes), "y": [f"c{i}" for i in y]}), tmp_path / "d.csv")
    code, _, err = run("train", "d.csv", "--target", "y", "--epochs", 1, "--test", 0, "--report", "r.html")
    assert code == 0, err
    found = page(tmp_path)
    assert ("… and 10 more classes." in found.words) == (classes == 70)
    assert ("number" in {row[0] for row in found.rows if row}) == (classes > 30)


README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"<!-- train: (\w+) -->\n```sh\nchainrule (.*?)\n```\n\n```text\n(.*?)```", README, re.S)


def test_commands_of_the_readme_are_found():
    assert [name for name, _, _ in COMMANDS] == ["report"]


@pytest.mark.parametrize(("command", "printed"), [c[1:] for c in COMMANDS], ids=[c[0] for c in COMMANDS])
def test_command_of_the_readme_prints_what_it_says(run, command, printed):
    """Digits may differ by rounding on another machine."""
    code, out, err = run(*shlex.split(command))
    assert code == 0, err
    digits = r"\d+(\.\d+)?"
    assert re.sub(digits, "#", out) == re.sub(digits, "#", printed)
    scores = [[float(a) for a in re.findall(r"accuracy (\d\.\d+)", text)] for text in (out, printed)]
    assert min(scores[0]) > 0.9
    assert scores[0] == pytest.approx(scores[1], abs=0.03)
