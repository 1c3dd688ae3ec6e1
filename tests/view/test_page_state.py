"""The page in a real browser: nothing false is said, and nothing that was done is lost."""

import re

import pytest
from playwright.sync_api import expect

import chainrule as cr
from chainrule.sheets.header import parse_worksheet
from chainrule.view import server
from chainrule.view.session import Session
from chainrule.view.subject import Subject
from tests.support.page import by_key, open_page, served, wait_for_name, worked_example
from tests.support.page_model import Model, agrees, number
from trials import page as trial

# ---------------------------------------------------------------- numbers


VALUES = [131.176, -1e-10, 12345.678, 99999.9, 1e-300]


@pytest.mark.parametrize("value", VALUES)
def test_a_number_in_its_box(tab, value):
    """At least three digits, none before the point made 0, inside its box; for the pointer and the focus all."""
    net = cr.Network([[[value]], [[value]]], [[value], [0.0]], "identity", "identity", "squared_error")
    with served(Subject.of(net, [value], [value])) as address:
        page = open_page(tab, address)
        for key in ("act:0:1", "bias:1:1", "target:2:1"):
            box = by_key(page, key)
            assert agrees(box.locator(".value").text_content(), value)
            shape, text = box.locator(".shape").bounding_box(), box.locator(".value").bounding_box()
            assert text["x"] >= shape["x"]
            assert text["x"] + text["width"] <= shape["x"] + shape["width"]
            for point in (box.hover, box.get_by_role("button").focus):
                page.mouse.move(0, 0)
                point()
                assert number(page.locator(".readout").text_content().split(",")[0].split(" = ")[1]) == value
        tag = page.locator('[data-tag="weight:1:1:1"]')
        assert agrees(tag.text_content(), value)
        pill, text = tag.locator("rect").bounding_box(), tag.locator("text").bounding_box()
        assert pill["x"] <= text["x"]
        assert text["x"] + text["width"] <= pill["x"] + pill["width"]


@pytest.mark.parametrize(("typed", "said"), [("2,5", 'got "2,5"'), ("", "nothing typed"), ("1e999", 'got "1e999"')])
def test_what_is_no_number_changes_nothing(page, typed, said):
    page.get_by_role("tab", name="Change").click()
    box = page.get_by_label("W_131", exact=True)
    before, stands = by_key(page, "loss").locator("title").text_content(), box.input_value()
    box.fill(typed)
    expect(page.locator(".field-said:visible")).to_contain_text(said)
    expect(page.locator(".field-said:visible")).to_contain_text(f"W_131 stays {stands}")
    box.blur()
    expect(box).to_have_value(stands)
    assert by_key(page, "loss").locator("title").text_content() == before
    box.hover()
    page.mouse.wheel(0, 300)
    expect(box).to_have_value(stands)


# ---------------------------------------------------------------- lines


def test_lines_are_judged_by_the_network_that_they_were_written_for(page, worked):
    model = Model(page, worked)
    model.lines, model.about = "dL/dW_212 = -0.13\nL = 0.1055\na_21 = 7", model.network()
    page.get_by_role("tab", name="Audit").click()
    page.get_by_label("Your lines").fill(model.lines)
    model.compare()
    page.get_by_role("tab", name="Train").click()
    page.get_by_role("button", name="1 step", exact=True).click()
    model.ask(kind="descend", steps=1, learning_rate=0.5)
    model.compare()
    panel = page.get_by_role("tabpanel", name="Audit")
    expect(panel).to_contain_text("written for: the network as it was opened. The drawing shows another")
    expect(page.locator(".about")).to_contain_text("now: step 1 of gradient descent")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the worksheet").click()
    saved = parse_worksheet(download.value.path().read_text(encoding="utf-8"), "saved")
    assert (saved.network.flat == worked.network.flat).all()
    page.get_by_role("button", name="Judge them by the one shown").click()
    model.about = model.network()
    model.compare()
    assert panel.get_by_text("The drawing shows another").count() == 0


# ---------------------------------------------------------------- nothing is lost


def test_the_address_holds_everything(page, new_tab, worked, worked_url):
    """Over a reload, in another tab, and by Back and Forward of the browser."""
    page.locator('[data-name="W_212"]').dispatch_event("click")
    page.locator(".sum").wait_for()
    page.get_by_label("W_212 =").fill("0.25")
    page.get_by_label("W_212 =").blur()
    page.get_by_role("tab", name="Train").click()
    page.get_by_label("Learning rate").fill("0.125")
    page.get_by_role("button", name="10 steps").click()
    expect(page.locator("[role=tabpanel]:visible .status")).to_contain_text("Step 10 of 10")
    page.get_by_role("button", name="z, a, δ").click()
    wait_for_name(page, "dL/dw^2_21")
    page.get_by_role("tab", name="Audit").click()
    page.get_by_label("Your lines").fill("L = 0.5\nδ^2_1 = 1; # & = ?")
    page.wait_for_timeout(300)
    held = page.url
    assert re.search(r"set=W_212:0.25&descend=10x0.125&step=10&ask=dL/dw%5E2_21", held)
    session = Session(worked_example())
    session.ask({"kind": "change", "values": {"W_212": 0.25}})
    session.ask({"kind": "descend", "steps": 10, "learning_rate": 0.125})
    due = session.ask({"kind": "scene", "notation": "delta"})

    def is_there(tab):
        expect(tab.get_by_label("Your lines")).to_have_value("L = 0.5\nδ^2_1 = 1; # & = ?")
        expect(by_key(tab, "loss").locator("title")).to_have_text(f"L = {due['L']['value']!r}")
        expect(tab.get_by_label("Name")).to_have_value("dL/dw^2_21")
        expect(tab.get_by_label("Learning rate")).to_have_value("0.125")
        assert tab.title() == "Worked example"

    page.reload()
    is_there(page)
    other = new_tab()
    other.goto(held)
    is_there(other)
    page.go_back()
    expect(page.get_by_label("Your lines")).not_to_have_value(re.compile("L = 0.5"))
    expect(page.get_by_label("Name")).to_have_value("dL/dw^2_21")
    for name in ("dL/dW_212",) * 2:
        page.go_back()
        expect(page.get_by_label("Name")).to_have_value(name)
    expect(by_key(page, "weight:2:1:2").locator("title")).to_have_text(re.compile("^W_212 = 0.25,"))
    for _ in range(3):
        page.go_forward()
    is_there(page)
    page.get_by_role("button", name="Back to what was opened").click()
    expect(by_key(page, "loss").locator("title")).to_have_text(f"L = {float(worked.passes().L)!r}")
    page.get_by_role("button", name="Undo").click()
    is_there(page)


def test_what_is_too_long_for_an_address(page):
    """It is kept over a reload all the same."""
    lines = "L = 1\n" + "These are words, and there are many of them. " * 6000
    page.get_by_role("tab", name="Audit").click()
    page.get_by_label("Your lines").fill(lines)
    page.wait_for_timeout(400)
    assert len(page.url) < 1000
    page.reload()
    expect(page.get_by_label("Your lines")).to_have_value(lines)


def test_an_address_that_cannot_be_read_is_one_sentence(tab, worked_url):
    cases = {"set=W_111:abc": "expected a number in set", "notation=none": "notation=none", "step=4": "step"}
    cases |= {"set=W_999:1": "W_999", "of=000000000000&set=W_111:1": "address"}
    for state, words in cases.items():
        page = open_page(tab, worked_url, state)
        expect(page.locator(".problem[role=alert]").first).to_contain_text(words)
        assert by_key(page, "weight:1:1:1").locator("title").text_content().startswith("W_111 = 0.1")


def test_a_program_that_stops_and_comes_back(tab, watch, worked, monkeypatch):
    """Lines are saved without it; when it is there again, the page goes on where it was."""
    apps = []
    create = server.create_app
    monkeypatch.setattr(server, "create_app", lambda *a, **more: apps.append(create(*a, **more)) or apps[-1])
    watch.expect("404|ERR_FAILED|ERR_INTERNET")
    with served(worked) as address:
        page = open_page(tab, address)
        page.get_by_role("tab", name="Train").click()
        page.get_by_role("button", name="10 steps").click()
        expect(page.locator("[role=tabpanel]:visible .status")).to_contain_text("Step 10 of 10")
        page.get_by_role("tab", name="Audit").click()
        page.get_by_label("Your lines").fill("L = 0.01")
        expect(page.locator(".verdict")).to_have_count(1)
        page.wait_for_timeout(200)
        tab.context.set_offline(True)
        page.get_by_label("Your lines").fill("L = 0.01\nL = 0.02")
        expect(page.locator(".verdicts")).to_contain_text("does not answer")
        with page.expect_download() as download:
            page.get_by_role("button", name="Save the worksheet").click()
        text = download.value.path().read_text(encoding="utf-8")
        assert [line for line in parse_worksheet(text, "saved").lines if line] == ["L = 0.01", "L = 0.02"]
        apps[0].state.pages.pages.clear()  # started anew, it knows no page
        tab.context.set_offline(False)
        page.locator('[data-name="W_212"]').dispatch_event("click")
        page.locator(".sum").wait_for()
        session = Session(worked)
        session.ask({"kind": "descend", "steps": 10, "learning_rate": 0.5})
        loss = session.ask({"kind": "scene"})["L"]["value"]
        expect(by_key(page, "loss").locator("title")).to_have_text(f"L = {loss!r}")


def test_leaving_with_unsaved_lines_asks(page):
    asked = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.get_by_role("tab", name="Audit").click()
    page.get_by_label("Your lines").fill("L = 1")
    page.goto("about:blank")
    assert asked == ["beforeunload"]


def test_random_acts(chromium):
    """A sample of ``python -m trials.page``."""
    trial.run(chromium, 2, 12, seed=1)
