"""The report of a training in a browser: what it says is what the records say, and everybody can read it."""

import contextlib
import io
import json
import math
import sys

import numpy as np
import pytest
from PIL import Image

from chainrule.cli import main
from chainrule.cli.train.report import _sleepers
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.network import Network
from chainrule.render.blocks import Heading, line
from chainrule.render.training_page import Cells, Predictions, _of_predictions
from chainrule.storage import load_model, read_table
from chainrule.train.health import MANY_DEAD
from tests.support import browser
from tests.support.sample import in_turn

SIDES = ("light", "dark")
CELLS = """picture => Object.fromEntries([...new DOMParser().parseFromString(atob(picture.src.split(",")[1]),
    "image/svg+xml").querySelectorAll("[id^=cell-]")].map(cell => [cell.id, Number(cell.textContent)]))"""
BODY = "getComputedStyle(document.body)"


def trained(shared, name, *options):
    """The folder of a real training of three epochs, made by the first worker that wants it."""

    def train():
        with pytest.MonkeyPatch.context() as patch:
            fresh = shared / f"{name}-fresh"
            fresh.mkdir(exist_ok=True)
            patch.chdir(fresh)
            files = ("--report", "r.html", "--history", "h.jsonl")
            patch.setattr(sys, "argv", ["chainrule", "train", "digits", "--epochs", "3", *files, *options])
            with contextlib.suppress(SystemExit):
                main()
            fresh.rename(shared / name)

    return browser.once(shared / name, train)


@pytest.fixture(scope="session")
def good(shared):
    return trained(shared, "good")


@pytest.fixture(scope="session")
def bad(shared):
    """A learning rate at which relu dies and sigmoid is driven to its ends."""
    return trained(shared, "bad", "--optimizer", "sgd", "--learning-rate", "10", "--activation", "sigmoid,relu")


def history(folder):
    return [json.loads(line) for line in (folder / "h.jsonl").read_text(encoding="utf-8").splitlines()]


def rows(tab, name):
    """The cells of the table in the box of that name, by row."""
    table = tab.get_by_role("region", name=name).get_by_role("table", name=name)
    return [row.locator("th, td").all_inner_texts() for row in table.locator("tbody tr").all()]


def picture(tab, start):
    """The only picture whose words begin so."""
    return tab.locator(f'img[alt^="{start}"]')


def test_what_the_page_says_is_what_the_records_say(tab, watch, good):
    tab.goto((good / "r.html").as_uri())
    table, model = read_table("digits"), load_model(good / "digits.safetensors")
    y, yhat = model.target.apply(table), model.forward(table)
    _, test = model.split.parts(y)
    guess, losses = yhat.argmax(axis=1), -np.log(yhat[np.arange(len(y)), y])
    right = int((guess == y)[test].sum())

    scores = {part: cells for part, *cells in rows(tab, "Scores")}
    assert scores["test"][:3] == ["360", f"{right / 360:.4f}", str(right)]
    drawn = picture(tab, "Confusion matrix of the 360 test rows").evaluate(CELLS)
    pairs = [f"cell-{i}-{j}" for i, j in zip(y[test], guess[test], strict=True)]
    assert drawn == {cell: pairs.count(cell) for cell in pairs}
    assert f"{right} of 360 right" in picture(tab, "Confusion").get_attribute("alt")

    worst = rows(tab, "The worst of the 360 test rows")
    expected = test[np.argsort(-losses[test], kind="stable")][:15]
    assert [int(row[0]) for row in worst] == (expected + 1).tolist()
    for row, i in zip(worst, expected, strict=True):
        assert row[1:3] == [model.target.classes[y[i]], model.target.classes[guess[i]]]
        assert float(row[5]) == pytest.approx(losses[i], rel=0.01)
    assert tab.get_by_text("Nothing amiss was found.").is_visible()

    epochs = history(good)
    words = picture(tab, "loss (cross_entropy) by epoch.").get_attribute("alt")
    assert f"training: from {epochs[0]['loss']:.4g} in epoch 1 to {epochs[-1]['loss']:.4g} in epoch 3" in words
    words = picture(tab, "accuracy by epoch.").get_attribute("alt")
    assert f"from {epochs[0]['accuracy']:.4f} in epoch 1 to {epochs[-1]['accuracy']:.4f} in epoch 3" in words
    for title, key in (("norm of the gradient", "grad_norm"), ("step / weights", "update_ratio")):
        words = picture(tab, f"{title} by epoch.").get_attribute("alt")
        for layer, function in enumerate(("relu", "relu", "softmax")):
            first, last = (f"{epochs[e]['health'][layer][key]:.2g}" for e in (0, -1))
            assert f"layer {layer + 1} ({function}): from {first} in epoch 1 to {last} in epoch 3" in words

    assert tab.title() == tab.get_by_role("heading", level=1).inner_text() == "digits: prediction of target"
    assert tab.get_by_role("main").count() == 1
    assert tab.locator("html").get_attribute("lang") == "en"
    assert tab.locator("script").count() == 0
    assert set(watch.requests) == {(good / "r.html").as_uri()} | {u for u in watch.requests if u.startswith("data:")}


def test_a_planted_bad_training_is_told(tab, bad):
    tab.goto((bad / "r.html").as_uri())
    sigmoid, relu, _ = history(bad)[-1]["health"]
    assert relu["dead"] >= MANY_DEAD * relu["units"]
    assert sigmoid["saturated"] > 0.5
    told = tab.get_by_role("listitem").all_inner_texts()
    assert any(f"layer 2: {relu['dead']} of 64 units are never active" in said for said in told), told
    assert any(
        f"layer 1: {sigmoid['saturated']:.0%} of its sigmoid units' values are saturated" in said for said in told
    )
    dead = picture(tab, "dead units by epoch.").get_attribute("alt")
    assert f"{relu['dead'] / 64:.0%}" in dead.partition("layer 2 (relu): ")[2]
    assert "layer 1" not in dead
    saturated = picture(tab, "saturated units by epoch.").get_attribute("alt")
    assert f"{sigmoid['saturated']:.0%}" in saturated.partition("layer 1 (sigmoid): ")[2]
    assert "layer 2" not in saturated


@pytest.mark.parametrize(("classes", "below"), [(("a", "b"), ["Most common mistakes", "Class by class"]), ((), [])])
def test_the_worst_rows_are_a_part_of_their_own(classes, below):
    truth = np.array([0, 1, 1, 0])
    told = Predictions(
        "the 4 test rows", "kind", classes, truth, truth[::-1] * [1, 1, 0, 1], Cells(("row",), (("1",),))
    )
    headings = [block for block in _of_predictions(told) if isinstance(block, Heading)]
    assert headings[-1] == Heading(2, line("The worst of the 4 test rows"))
    assert [block.line for block in headings if block.level == 3] == [line(words) for words in below]


def test_layers_whose_units_die_and_saturate_are_those_that_findings_are_about():
    for name in ACTIVATIONS:
        dying, saturating = _sleepers(Network.random([2, 3, 1], name, "identity", "squared_error", seed=0))
        assert (dying == (1,)) == ACTIVATIONS[name].one_sided
        assert (saturating == (1,)) == (name in ("sigmoid", "tanh"))


@pytest.mark.parametrize(("side", "width"), in_turn([(side,) for side in SIDES], [360, 1920]))
def test_anybody_can_read_it(new_tab, axe, good, side, width):
    tab = new_tab(color_scheme=side, viewport={"width": width, "height": 800})
    tab.goto((good / "r.html").as_uri())
    assert axe(tab) == ""
    assert browser.sideways(tab) == 0
    paper = json.loads(tab.evaluate(f"{BODY}.backgroundColor").replace("rgb(", "[").replace(")", "]"))
    assert (sum(paper) < 200) == (side == "dark")
    drawn = tab.locator(".drawings img").all()
    assert len(drawn) == 7
    for each in drawn:
        shown, natural = each.evaluate("i => [i.clientWidth, i.naturalWidth]")
        assert 11 / 0.75 * shown / natural > 10  # pixels of letters
    shot = Image.open(io.BytesIO(drawn[0].screenshot())).convert("RGB")
    assert math.dist(shot.getpixel((shot.width - 2, shot.height - 2)), paper) < 4  # a picture is on the page's paper
    ink = [np.ptp([sum(shot.getpixel((x, y))) for x in range(0, shot.width, 2)]) for y in range(0, shot.height, 3)]
    assert max(ink) > 300  # and is seen on it


def test_wide_tables_scroll_in_their_own_box_by_keys(new_tab, good):
    tab = new_tab(viewport={"width": 360, "height": 800})
    tab.goto((good / "r.html").as_uri())
    box = tab.get_by_role("region", name="The worst of the 360 test rows")
    assert box.evaluate("b => b.scrollWidth > b.clientWidth")
    box.focus()
    tab.keyboard.press("ArrowRight")
    tab.wait_for_function("b => b.scrollLeft > 0", arg=box.element_handle())
    head = box.get_by_role("columnheader")
    assert head.evaluate_all("all => all.every(cell => cell.scope === 'col')")
    assert box.get_by_role("rowheader").count() == 15
