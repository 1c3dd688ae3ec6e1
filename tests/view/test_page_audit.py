"""The page in a real browser: one's own lines audited, exercises, worksheets; and what strangers write stays words."""

import subprocess
import sys

import pytest
from playwright.sync_api import expect

import chainrule as cr
from chainrule.auditing.audit import audit_text
from chainrule.sheets.header import read_worksheet
from chainrule.teaching.author import header
from chainrule.teaching.exercise import exercise
from chainrule.view.subject import Subject
from tests.support.loading import ROOT
from tests.support.page import keys, lit, open_page, served

LINES = """a_1 = W_1*x + b_1 = [2.9, 1.4, 2.1, 2.3]
h_1 = sigma(a_1) = [0.95, 0.80, 0.89, 0.91]
dL/dyhat_1 = -2(y_1 - yhat_1) = -0.46
dh_13/da_13 = sigmoid(a_13)
dL/dW_212 = dL/dyhat_1*dyhat_1/da_21*h_12 = -0.0652
dL/dh_13 = dL/da_21*W_213
W_212 is a weight
L = 0.1055"""


def write(page, lines):
    """Type lines into the panel; wait until they are judged."""
    page.get_by_role("tab", name="Audit").click()
    page.get_by_label("Your lines").fill(lines)


def test_each_line_gets_its_verdict_and_its_message(page, worked):
    write(page, LINES)
    due = audit_text(header(worked.network, worked.x, worked.y, "", 0.5) + "\n" + LINES).lines
    items = page.locator(".verdict")
    expect(items).to_have_count(len(due))
    first = due[0].number
    for i, line in enumerate(due):
        expect(items.nth(i).locator(".badge")).to_contain_text(line.verdict)
        expect(items.nth(i)).to_have_attribute("value", str(line.number - first + 1))
        text = items.nth(i).text_content()
        assert line.message in text
        assert all(part.message in text for part in line.parts)
    assert "first 3 lines are right" in page.get_by_role("tabpanel", name="Audit").get_by_role("status").text_content()


def test_verdicts_come_as_one_types(page):
    write(page, "")
    page.get_by_label("Your lines").press_sequentially("a_11 = 2.8")
    expect(page.locator(".verdict .badge")).to_contain_text("wrong")
    page.get_by_label("Your lines").press("Backspace")
    page.get_by_label("Your lines").press("9")
    expect(page.locator(".verdict .badge")).to_contain_text("right")


def test_what_is_at_fault_lights_up(page):
    """Under the pointer, with the focus on a verdict, and while the line is being written."""
    write(page, LINES)
    items = page.locator(".verdict")
    expect(items).to_have_count(7)
    faults = {
        3: {"pre:1:1", "pre:1:2", "pre:1:3", "pre:1:4", "act:1:1", "act:1:2", "act:1:3", "act:1:4"},
        4: {"weight:2:1:2", "crossing:2:2:1"},  # the path that was left out
        5: {"act:1:3", "weight:2:2:3"},
    }
    for i, places in faults.items():
        items.nth(i).hover()
        assert lit(page) == places
        page.mouse.move(5, 5)
        assert lit(page) == set()
        items.nth(i).focus()
        assert lit(page) == places
        page.get_by_label("Your lines").focus()
    box = page.get_by_label("Your lines")
    box.press("ControlOrMeta+Home")
    assert lit(page) == set()
    box.evaluate("(box, at) => box.setSelectionRange(at, at)", LINES.index("dL/dW_212"))
    box.press("ArrowRight")
    assert lit(page) == faults[4]


def test_a_verdict_leads_to_where_the_number_comes_from(page):
    write(page, "dL/dW_212 = -0.0652")
    page.get_by_role("button", name="Show where it comes from").click()
    page.locator(".sum").wait_for()
    assert page.get_by_role("tab", name="Ask").get_attribute("aria-selected") == "true"
    assert keys(page, ".asked") == {"weight:2:1:2"}


def test_the_lines_of_the_notes(tab):
    """The tour's last part: the notes' own lines, as they are published, with their four mistakes."""
    path = ROOT / "examples" / "published" / "notes_003.md"
    due = cr.audit(path)
    with served(Subject.of_worksheet(read_worksheet(path))) as address:
        page = open_page(tab, address)
        page.get_by_role("tab", name="Audit").click()
        items = page.locator(".verdict")
        expect(items).to_have_count(len(due.lines))
        badges = [text.split()[1] for text in page.locator(".badge").all_text_contents()]
        assert badges == [line.verdict for line in due.lines]
        assert badges.count("wrong") >= 4
        text = page.locator(".verdicts").text_content()
        assert "only one path through the softmax is taken" in text
        assert "yhat_1 stands where yhat_2 should be" in text
        assert due.contradictions[0].words.partition(", line")[0] in text  # the page counts lines below the header


# ---------------------------------------------------------------- exercises and worksheets


def saved(page):
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the worksheet").click()
    assert download.value.suggested_filename == "worksheet.md"
    return download.value.path().read_text(encoding="utf-8")


def test_an_exercise_from_its_beginning_to_the_saved_worksheet(page, tmp_path):
    page.get_by_role("tab", name="Audit").click()
    page.get_by_label("Exercise").select_option("forward")
    page.get_by_label("number").fill("12")
    page.get_by_role("button", name="New exercise").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Exercise 12")
    due = exercise((4, 4, 2), output="softmax", loss="squared_error", seed=12, learning_rate=0.5, ask="forward",
                      title="Exercise 12")  # fmt: skip
    lines = page.get_by_label("Your lines")
    expect(lines).not_to_have_value("")
    key = audit_text(due.key).lines
    lines.fill("\n".join(line.text for line in key))
    expect(page.locator(".verdict:is(.right, .rounded, .truncated)")).to_have_count(len(key))
    (tmp_path / "mine.md").write_text(saved(page), encoding="utf-8")
    audited = cr.audit(tmp_path / "mine.md")
    assert audited.ok
    assert len(audited.lines) == len(key)
    ran = subprocess.run(
        [sys.executable, "-m", "chainrule", "audit", "mine.md"], cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr


def test_a_worksheet_file_is_opened(page):
    path = ROOT / "examples" / "published" / "notes_003.md"
    page.get_by_role("tab", name="Audit").click()
    page.get_by_label("Open a worksheet").set_input_files(
        {"name": "no.md", "mimeType": "text/plain", "buffer": b"nothing"}
    )
    expect(page.locator(".problem[role=alert]").first).to_contain_text("no.md")
    page.get_by_label("Open a worksheet").set_input_files(path)
    expect(page.locator(".verdict")).to_have_count(len(cr.audit(path).lines))
    expect(page.locator(".problem[role=alert]").first).to_be_hidden()


# ---------------------------------------------------------------- words of strangers

BAD = '<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>'


def test_words_stay_words(tab, worked):
    bad = Subject.of(worked.network, worked.x, worked.y, title=BAD, lines=[f"{BAD} = 1", "L = 0.1"], note=BAD)
    with served(bad) as address:
        page = open_page(tab, address)
        assert page.get_by_role("heading", level=1).text_content() == BAD
        assert BAD in page.locator(".about").text_content()
        page.get_by_label("Name").fill(BAD[:60])
        page.get_by_role("button", name="Ask").click()
        expect(page.locator(".answer .problem")).to_contain_text("<img")
        write(page, f"{BAD} = 1\nL = {BAD}\n\\href{{javascript:hurt}}{{L}} = 1\ndL/dW_<b>212 = 1\nx_1 = {BAD}")
        expect(page.locator(".verdict").first).to_be_visible()
        expect(page.locator(".verdict code").last).to_have_text(f"x_1 = {BAD}")
        assert (
            page.locator(
                "[data-chainrule] img, [data-chainrule] script, [data-chainrule] b, [data-chainrule] a"
            ).count()
            == 0
        )
        assert BAD in saved(page)
        page.get_by_label("Open a worksheet").set_input_files(
            {
                "name": BAD.replace("/", ""),
                "mimeType": "text/plain",
                "buffer": f"+++\ntitle = '''{BAD}'''\n+++\n{BAD}".encode(),
            }
        )
        expect(page.locator(".problem[role=alert]").first).to_contain_text("<img")
        expect(page.locator(".behind")).to_have_count(0)
        assert page.evaluate("window.hurt") is None
        assert page.locator("[data-chainrule] img, [data-chainrule] script").count() == 0


# ---------------------------------------------------------------- for everyone


PANEL = "[role=tabpanel]:not([hidden])"


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1440, "light")])  # colours and layout do not meet
def test_no_serious_violation_in_any_state(new_tab, worked_url, axe, scheme, width):
    page = open_page(new_tab(viewport={"width": width, "height": 900}, color_scheme=scheme), worked_url)

    def fine(state, part="html"):
        """``part``: what is not as in the states before."""
        page.wait_for_timeout(200)  # the fading of the lights is over
        found = axe(page, part)
        assert not found, f"{state}: {found}"
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{state}: {wide} pixels too wide"

    fine("everything")
    page.get_by_role("button", name="Start").click()
    for _ in range(9):
        page.get_by_role("button", name="Forward").click()
    fine("walk")
    page.locator('[data-name="W_131"]').dispatch_event("click")
    page.locator(".paths li").first.focus()
    fine("ask, one path")
    page.get_by_role("tab", name="Change").click()
    fine("change", PANEL)
    page.get_by_role("tab", name="Train").click()
    page.get_by_role("button", name="10 steps").click()
    expect(page.locator("[role=tabpanel]:visible .status")).to_contain_text("Step 10")
    fine("train", PANEL)
    write(page, LINES)
    expect(page.locator(".verdict")).to_have_count(7)
    page.locator(".verdict").nth(4).focus()
    fine("audit", PANEL)
