"""The wheel holds the page: installed into an environment of its own, without Node, ``chainrule view`` shows it."""

import subprocess
import sysconfig
import zipfile

import pytest

from chainrule.native.library import FOLDER, NAMES
from chainrule.view.session import Session
from tests.support.loading import tool
from tests.support.page import worked_example
from tests.support.page_records import Page

fresh_install = tool("fresh_install")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this checkout, built without a download, with the library that its installation compiled."""
    native = next(path for name in NAMES if (path := FOLDER / name).exists())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAINRULE_LIBRARY", str(native))
        patch.setenv("CHAINRULE_TAG", sysconfig.get_platform().replace("-", "_").replace(".", "_"))
        return fresh_install.build_wheel(tmp_path_factory.mktemp("wheel"), isolated=False)


def test_the_page_is_in_the_wheel_and_nothing_of_its_workshop(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for name in (
        "view/static/index.html",
        "view/static/page.js",
        "view/static/page.css",
        "render/look.css",
        "py.typed",
    ):
        assert f"chainrule/{name}" in names
    assert {name.partition("/")[0] for name in names} == {"chainrule", names[-1].partition("/")[0]}
    assert [name for name in names if name.startswith("chainrule/native/_engine.")]
    assert not [name for name in names if name.endswith((".cpp", ".h"))]
    notices = {name.partition("/licenses/")[2] for name in names if "/licenses/" in name}
    assert notices == {"LICENSE", "LICENSES/katex.txt", "LICENSES/katex-fonts.txt"}
    assert not [name for name in names if "node_modules" in name or name.endswith((".ts", ".map", ".lock"))]


def test_it_shows_the_page_without_node(wheel, tab, tmp_path):
    """What chainrule depends on is seen from the environment of the tests; chainrule itself comes from the wheel."""
    commands = fresh_install.fresh_environment(tmp_path / "environment", wheel, "--no-deps", "--no-index")
    python = [commands / "python", "-c"]
    (packages,) = (tmp_path / "environment").rglob("site-packages")
    # at the end of the path, and as a plain folder: the editable install in it is not followed
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))
    found = subprocess.run([*python, "import chainrule; print(chainrule.__file__)"], capture_output=True, text=True)
    assert found.stdout.startswith(str(packages)), found
    process, address = fresh_install.start(commands, tmp_path)
    try:
        tab.goto(address)
        tab.locator("h1", has_text="Worked example").wait_for()
        session, page = Session(worked_example()), Page(tab.locator(".chainrule.page"))
        page.box("W_212").focus()
        page.keyboard.press("Enter")
        page.shows(session.ask({"kind": "explain", "name": "dL/dW_212"}))
        page.shows_paths(session.ask({"kind": "paths", "name": "dL/dW_212"}))
    finally:
        fresh_install.end(process)
