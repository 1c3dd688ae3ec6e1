"""The page in JupyterLab: a notebook with two of them, used, closed, and its kernel started again.

    python -m trials.notebook     needs `pip install -e '.[test,lab]'` and Chromium

CI has no JupyterLab: it takes forty packages and a minute. A test does the same in both pages with a model in
JupyterLab's place, so the messages between page and widget are held there; the notebook around them is held here.
"""

import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from chainrule.view.session import Session
from tests.support import browser
from tests.support.notebook import RULES, W, subject, use_two_pages
from tests.support.page_records import Page, until
from trials import lab

CELLS = [
    f"import chainrule as cr\nnet = cr.Network({W}, **{RULES})\n"
    'first = cr.show(net, [1.0, 2.0], [1.0], title="First", learning_rate=0.5)\nfirst',
    'second = cr.show(net, [1.0, 3.0], [0.0], title="Second")\nsecond',
    "print(*(float(n.weights[0][0, 0]) for n in (net, first.session.subject.network, second.session.subject.network)))",
    "first.close()",
]


def run_cell(tab, number):
    cell = tab.locator(".jp-CodeCell").nth(number)
    cell.locator(".cm-content").click()
    tab.keyboard.press("Shift+Enter")
    return cell


def wait_for_kernel(tab):
    tab.locator(".jp-StatusBar-Widget, #jp-main-statusbar").get_by_text("| Idle").first.wait_for()


@contextmanager
def opened(tab, place):
    """A notebook, open in JupyterLab with its kernel running. All of it has ended when this has."""
    tab.set_default_timeout(lab.PATIENCE * 1000)
    with lab.jupyter(place) as (address, folder):
        try:
            (folder / "lesson.ipynb").write_text(lab.notebook(CELLS))
            tab.goto(address.format("lesson.ipynb"))
            wait_for_kernel(tab)
            server = [int(place.stem.partition("-")[2]) for place in (place / "run").glob("jpserver-*.json")]
            kernels = lab.children(server[0])
            assert kernels
            yield
        finally:
            tab.close()
    assert lab.gone([*server, *kernels])


def two_pages_in_a_notebook(tab):
    run_cell(tab, 0).locator("h1", has_text="First").wait_for()
    run_cell(tab, 1).locator("h1", has_text="Second").wait_for()
    first, second = use_two_pages(tab)
    assert tab.locator(".jp-Cell").count() == len(CELLS)

    numbers = run_cell(tab, 2).locator(".jp-OutputArea-output").inner_text().split()
    changed = float(first.subject.network.weights[0][0, 0])
    assert list(map(float, numbers)) == [0.1, changed, 0.1]

    run_cell(tab, 3)
    until(lambda: tab.locator(".chainrule.page").count() == 1, lab.PATIENCE)
    two = Page(tab.locator(".chainrule.page"))
    two.type_name("dL/dx")
    two.shows(second.ask({"kind": "explain", "name": "dL/dx"}))

    tab.get_by_role("menuitem", name="Kernel", exact=True).click()
    tab.get_by_text("Restart Kernel…", exact=True).click()
    tab.get_by_role("button", name="Confirm Kernel Restart").click()
    gone = two.root.get_by_text("The kernel that made this page has gone. Run the cell again.")
    for _ in range(40):  # until the restart has come through
        two.type_name("L")
        if gone.count():
            break
        tab.wait_for_timeout(250)
    assert gone.first.is_visible()
    wait_for_kernel(tab)
    run_cell(tab, 0).locator("h1", has_text="First").wait_for()
    again = Page(tab.locator(".chainrule.page", has_text="First"))
    again.type_name("L")
    again.shows(Session(subject()).ask({"kind": "explain", "name": "L"}))


def main():
    """Run the trial; the exit code."""
    path, watch = browser.find_chromium(), browser.Watch()
    if path is None:
        sys.exit("no browser")
    with tempfile.TemporaryDirectory() as folder, browser.launched(path) as chromium:
        context = chromium.new_context(viewport={"width": 1500, "height": 1000})
        watch.over(context)
        tab = context.new_page()
        with opened(tab, Path(folder)):
            two_pages_in_a_notebook(tab)
            browser.settle(context)
        context.close()
    print(watch.verdict() or "two pages in a notebook: all well")
    return int(bool(watch.verdict()))


if __name__ == "__main__":
    sys.exit(main())
