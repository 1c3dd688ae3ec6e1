"""Shared fixtures."""

import gc
import os
import signal
import sys
from pathlib import Path

# BLAS threads that have no work sleep at once: they would look for some where other tests run. Workers inherit it.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from chainrule.cli import main
from chainrule.render import charts, plots, training_plots
from chainrule.render.look import drawing
from tests.support import browser, sample
from tests.support.page import page, wide, wide_url, worked, worked_url  # noqa: F401  fixtures


def pytest_addoption(parser):
    parser.addoption(
        "--trials",
        type=int,
        default=0,
        help="networks that each Hypothesis test draws, with a fixed seed; families of cases are run as a whole",
    )


def pytest_configure(config):
    trials = config.getoption("--trials")
    # no database is kept: CI begins on a clean clone, and what a draw has found becomes a case of its own
    quiet = {"deadline": None, "suppress_health_check": list(HealthCheck), "print_blob": True}
    settings.register_profile("trials", max_examples=trials or 1, derandomize=True, **quiet)
    settings.register_profile("sample", max_examples=6, **quiet)
    settings.load_profile("trials" if trials else "sample")
    sample.everything = trials > 0
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items):
    """The tests that wait longest come first, then groups (of one browser, of one cluster), then all others."""
    for item in items:
        if "chromium" in item.fixturenames:
            item.add_marker(pytest.mark.xdist_group("browser"))
    items.sort(key=lambda item: (not item.get_closest_marker("slow_first"), not item.get_closest_marker("xdist_group")))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session):
    """What is imported by now stays: the garbage collector need not walk over it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def drawn():
    """Of tests about the pictures of a training and of its report: ``run`` draws them, which takes longer than it."""


@pytest.fixture
def drawn_but_lines(drawn, monkeypatch):
    """Of those that draw anything but the lines by epoch, which most of the time goes into."""
    without_lines(monkeypatch)


def without_lines(monkeypatch):
    monkeypatch.setattr(plots, "loss_curve", lambda history, path, title, loss_name: Path(path).write_bytes(b""))
    monkeypatch.setattr(training_plots, "lines_chart", lambda title, *_, **more: drawing("<svg></svg>", title))


@pytest.fixture
def run(request, monkeypatch, capsys, tmp_path):
    """Run a command line in a folder of its own: run("train", "digits") -> (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    if "drawn" not in request.fixturenames:
        without_lines(monkeypatch)
        monkeypatch.setattr(charts, "chart", lambda draw, words, *size, **more: drawing("<svg></svg>", words))
        monkeypatch.setattr(training_plots, "chart", charts.chart)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["chainrule", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


@pytest.fixture
def refused(run):
    """Run a command line that must be refused: exit code 2 and one line on standard error, which is returned."""

    def call(*arguments):
        code, out, err = run(*arguments)
        assert code == 2, (code, out, err)
        assert err.startswith("chainrule: error: ")
        assert err.count("\n") == 1
        assert err.endswith("\n")
        assert "expected" in err
        assert "got" in err
        return err

    return call


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# ---------------------------------------------------------------- a browser


@pytest.fixture(scope="session")
def chromium():
    """The system's Chromium, headless, one for each worker; without one, tests skip, or fail where CI is set.

    While it runs, no other test of the worker can call ``asyncio.run`` in the main thread: Playwright's loop is there.
    """
    path = browser.find_chromium()
    if path is None:
        no_browser = pytest.fail if os.environ.get("CI") else pytest.skip
        no_browser(f"no browser: none of {', '.join(browser.NAMES)} in PATH, and CHAINRULE_CHROMIUM is not set")
    with browser.launched(path) as opened:
        yield opened


@pytest.fixture
def watch():
    """What goes wrong in the test's tabs, and what they ask for: ``browser.Watch``."""
    return browser.Watch()


@pytest.fixture
def new_tab(chromium, watch):
    """Open a page in a context of its own: new_tab(color_scheme="dark"); at the end trouble fails the test."""
    contexts = []

    def open_tab(**settings):
        context = chromium.new_context(**settings)
        context.set_default_timeout(browser.PATIENCE)
        watch.over(context)
        contexts.append(context)
        return context.new_page()

    yield open_tab
    for context in contexts:
        browser.settle(context)
        context.close()
    assert not watch.verdict(), watch.verdict()


@pytest.fixture
def tab(new_tab):
    """A fresh page; the test fails at its end if anything went wrong in it that ``watch.expect`` did not announce."""
    return new_tab()


@pytest.fixture(scope="session")
def kept_tab(chromium):
    """A tab for all tests that begin with the same page: to open one takes as long as to draw the page."""
    context = chromium.new_context()
    context.set_default_timeout(browser.PATIENCE)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """A folder that all workers of this run share; ``browser.once`` makes something in it."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def axe(shared):
    """axe(tab) tells the serious and critical violations of accessibility in the page, as text; empty is good.

    axe(tab, selector) tells those of a part of the page.
    """
    source = browser.axe_source(shared)
    return lambda tab, *part: browser.violations(tab, source, *part)


@pytest.fixture
def uncollected():
    """No garbage collection: Hypothesis is told of each, and a Ctrl-C that comes while it is told is lost."""
    gc.disable()
    yield
    gc.enable()
