"""The page for tests, pictures and benchmarks: served by a real server in a thread of this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import pytest

from chainrule import Network
from chainrule.sheets.header import read_worksheet
from chainrule.view.session import Session
from chainrule.view.subject import Subject
from tests.support import browser
from tests.support.loading import ROOT

EXAMPLE = ROOT / "examples" / "worked_example.md"


@contextmanager
def served(subject: Subject) -> Iterator[str]:
    """The address of the page on a subject; each tab has its own session."""
    from chainrule.view.server import create_app, listen, served_hosts, server_of

    with listen("127.0.0.1", 0) as listener:
        hosts = served_hosts("127.0.0.1", listener.getsockname()[1])
        server = server_of(create_app(Session(subject), hosts=hosts))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.005)
        try:
            yield f"http://{hosts[0]}/"
        finally:
            server.should_exit = True
            thread.join(10)


def worked_example() -> Subject:
    """The example of the notes."""
    return Subject.of_worksheet(read_worksheet(EXAMPLE))


def large(sizes: tuple[int, ...] = (784, 256, 10), seed: int = 3) -> Subject:
    """A wide network with an example."""
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(m, j)) / np.sqrt(j) for j, m in pairwise(sizes)]
    net = Network(weights, [np.zeros(m) for m in sizes[1:]], "relu", "softmax", "cross_entropy")
    y = np.eye(sizes[-1])[min(3, sizes[-1] - 1)]
    return Subject.of(net, rng.random(sizes[0]), y, title=f"A {'-'.join(map(str, sizes))} network")


# ---------------------------------------------------------------- in the browser


def open_page(tab, address, state="walk=all"):
    """The page, drawn: everything is shown, or what another state says."""
    tab.goto("about:blank")  # from the same page, with another state, the browser would not leave it
    tab.goto(f"{address}#{state}" if state else address)
    tab.locator("svg.network").wait_for()
    return tab


def by_key(page, key):
    """A box or a line of the drawing, such as ``pre:1:3`` or ``weight:2:1:3``."""
    return page.locator(f'[data-key="{key}"]')


def label(page, key):
    """What a screen reader says of a box or a line."""
    return by_key(page, key).get_by_role("button").get_attribute("aria-label")


def keys(page, selector):
    """The keys of what a selector finds."""
    return set(page.eval_on_selector_all(selector, "all => all.map(one => one.dataset.key)"))


def lit(page):
    """The keys of what is lit."""
    return keys(page, "g.lit")


def shown(locator):
    """The number that is written there."""
    return float(locator.text_content().replace("−", "-").replace("∂", "").strip())


def wait_for_name(page, name):
    """Until the page answers to this name."""
    from playwright.sync_api import expect

    expect(page.get_by_label("Name")).to_have_value(name)


# ---------------------------------------------------------------- fixtures; conftest.py has them for all tests


@pytest.fixture(scope="session")
def worked():
    """The example of the notes, read once."""
    return worked_example()


@pytest.fixture(scope="session")
def worked_url(worked):
    """Where it is served."""
    with served(worked) as address:
        yield address


@pytest.fixture(scope="session")
def wide():
    """A 784-256-10 network."""
    return large()


@pytest.fixture(scope="session")
def wide_url(wide):
    """Where it is served."""
    with served(wide) as address:
        yield address


@pytest.fixture
def page(kept_tab, watch, worked_url):
    """The page on the example of the notes, drawn anew in the tab that such tests share; at the end trouble fails."""
    watch.over(kept_tab.context)
    kept_tab.mouse.move(0, 0)
    yield open_page(kept_tab, worked_url)
    browser.settle(kept_tab.context)
    watch.off(kept_tab.context)
    assert not watch.verdict(), watch.verdict()
