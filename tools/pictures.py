"""Draw the pictures of the page for the README: ``python tools/pictures.py [FOLDER]``; needs Chromium.

Starts the page on the notes' example, drives it as a person would, and writes walk.png, ask.png and audit.png.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.support import browser  # noqa: E402  the root is in the path only now
from tests.support.page import open_page, served, worked_example  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Page

FOLDER = ROOT / "docs" / "pictures"
SIZE = {"width": 1440, "height": 900}
STEPS = 9  # of the walk: dL/dW_2
LINES = """h_1 = sigma(a_1) = [0.95, 0.80, 0.89, 0.91]
dyhat_1/da_21 = yhat_1*(1 - yhat_1) = 0.177
dL/dW_212 = dL/dyhat_1*dyhat_1/da_21*h_12"""


def walk(page: Page) -> None:
    """The step that gives the gradients of the last weights."""
    page.get_by_role("button", name="Start").click()
    page.locator("h1").click()
    for _ in range(STEPS):
        page.keyboard.press("ArrowRight")


def ask(page: Page) -> None:
    """The four paths of dL/dW_131."""
    page.get_by_label("Name").fill("dL/dW_131")
    page.get_by_label("Name").press("Enter")
    page.locator(".sum").wait_for()


def audit(page: Page) -> None:
    """The notes' line with the path that it leaves out."""
    page.get_by_role("tab", name="Audit").click()
    page.get_by_label("Your lines").fill(LINES)
    page.locator(".verdict.wrong").hover()


def main(folder: Path = FOLDER) -> None:
    """Write the pictures."""
    path = browser.find_chromium()
    assert path is not None, "no Chromium"
    folder.mkdir(parents=True, exist_ok=True)
    with browser.launched(path) as chromium, served(worked_example()) as address:
        for state in (walk, ask, audit):
            page = open_page(chromium.new_page(viewport=SIZE, color_scheme="light", reduced_motion="reduce"), address)
            state(page)
            page.wait_for_timeout(300)
            page.screenshot(path=folder / f"{state.__name__}.png")
            page.close()
            print(f"{state.__name__}.png")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
