"""The browser of the tests itself: trouble in a page is seen, and axe finds what is planted."""

import pytest

from tests.support import browser

PAGE = """<!DOCTYPE html><html lang="en"><head><title>t</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'"></head>
<body><main><h1>t</h1>{}</main></body></html>"""


def test_a_quiet_page_passes(tab, watch):
    tab.set_content(PAGE.format(""))
    assert tab.inner_text("h1") == "t"
    assert watch.verdict() == ""


PICTURE = "<img src='http://{}/x.png' alt=''>"


@pytest.mark.parametrize(
    ("planted", "troubles"),
    [
        ("<script>console.error('oh')</script>", ["console: oh"]),
        ("<script>throw new Error('ah')</script>", ["exception: .*ah"]),
        (PICTURE.format("127.0.0.1:9"), ["console: .*Content Security Policy", "failed request: .* csp"]),
        (PICTURE.format("example.invalid"), ["Content Security Policy", " csp", "another machine: http://example"]),
    ],
)
def test_trouble_is_seen(tab, watch, planted, troubles):
    tab.set_content(PAGE.format(planted))
    browser.settle(tab.context)
    assert watch.verdict() == "\n".join(watch.seen) != ""
    for trouble in troubles:
        watch.expect(trouble)


def test_trouble_that_never_comes_is_told(watch):
    watch.expect("nothing of the kind")
    assert "never came" in watch.verdict()


def test_axe_finds_what_is_planted_under_a_strict_policy(tab, axe):
    tab.set_content(PAGE.format("<p>fine</p>"))
    assert axe(tab) == ""
    tab.set_content(PAGE.format("<button></button>"))
    assert "button-name" in axe(tab)
