"""The native library is built where there is a compiler, and what is installed says for which machine it is."""

import importlib.util
import os
import subprocess
import sys
import tarfile
import zipfile

import pytest

from tests.support.loading import ROOT, tool

pytest.importorskip("hatchling")
native, wheels = tool("native"), tool("wheels")


def _hook_module():
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


hatch_build = _hook_module()


@pytest.fixture(autouse=True)
def _nothing_asked_for(monkeypatch):
    for name in ("CXX", hatch_build.PLAIN, hatch_build.READY, hatch_build.TAG):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def hook(monkeypatch):
    """The hook in a tree whose compiler and library are made up."""
    made = native.__class__("native")
    made.compiler, made.build = lambda: ["c++"], lambda command, into: into.write_text(" ".join(command))
    made.build_here = lambda command, into: made.build(command, into)
    made.name_of, made.FOLDER, made.NONE = native.name_of, native.FOLDER, native.NONE
    monkeypatch.setattr(hatch_build, "_native", lambda root: made)
    hook = hatch_build.NativeBuildHook(str(ROOT), {}, None, None, str(ROOT), "wheel")
    hook.made = made
    return hook


def data_of(hook, version="standard"):
    data = {"force_include": {}}
    hook.initialize(version, data)
    hook.finalize(version, data, "")
    assert hook.folder is None or not hook.folder.exists()
    return data


@pytest.fixture
def shell(tmp_path):
    """A compiler that is a script of the shell."""
    if os.name == "nt":
        pytest.skip("no shell")

    def script(text):
        path = tmp_path / "compiler"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return [str(path)]

    return script


# ---------------------------------------------------------------- the compiler


def test_a_compiler_that_cannot_is_refused(shell, monkeypatch):
    assert not native._can(shell("exit 1"))
    assert not native._can(["a-compiler-that-is-not-there"])
    assert native._can(shell("exit 0"))
    monkeypatch.setattr(native, "_commands", lambda: [["a-compiler-that-is-not-there"], shell("exit 0")])
    assert native.compiler() == shell("exit 0")
    monkeypatch.setattr(native, "_commands", lambda: [["a-compiler-that-is-not-there"]])
    assert native.compiler() is None
    monkeypatch.setattr(native, "_commands", lambda: [shell("exit 1"), native.zig("x86_64-linux-gnu")])
    assert native.compiler() == native.zig("x86_64-linux-gnu")  # without a trial, which would take minutes


def test_the_trial_asks_for_what_the_library_needs(shell, tmp_path):
    native._can(shell(f'for word; do last="$word"; done; cp "$last" "{tmp_path}/seen"; exit 1'))
    seen = (tmp_path / "seen").read_text()
    for needed in ("vector_size", "__builtin_shufflevector", "std::thread"):
        assert needed in seen


def test_what_is_tried_and_in_which_order(monkeypatch):
    monkeypatch.setattr(native.shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(native.importlib.util, "find_spec", lambda name: None)
    assert native._commands() == [["/bin/c++"], ["/bin/g++"], ["/bin/clang++"]]
    monkeypatch.setattr(native.importlib.util, "find_spec", lambda name: name)
    assert native._commands()[3:] == [native.zig(native.zig_target())]
    monkeypatch.setenv("CXX", "ccache g++")
    assert native._commands() == [["ccache", "g++"], native.zig(native.zig_target())]
    monkeypatch.delenv("CXX")
    monkeypatch.setattr(native.platform, "system", lambda: "Windows")
    assert native._commands()[0] == ["/bin/clang++"]  # GCC's AVX fails there


def test_a_failed_build_gives_the_compilers_words_and_leaves_no_file(shell, tmp_path):
    into = tmp_path / "made" / "_engine.so"
    with pytest.raises(RuntimeError, match="not today"):
        native.build(shell("echo not today >&2; exit 1"), into)
    assert not into.exists()


def test_where_the_parts_of_cpp_cannot_be_had_inside_they_are_linked_from_outside(shell, tmp_path):
    into = tmp_path / "made" / "_engine.so"
    command = shell(
        'case "$*" in *-static*) exit 1;; esac; while [ "$1" != -o ]; do shift; done; echo "$2" > "$2"; exit 0'
    )
    native.build(command, into, machine="x86_64", system="Linux")
    assert [path.name for path in into.parent.iterdir()] == ["_engine.so"]


def test_a_library_in_the_tree_is_compiled_again_only_where_what_it_is_made_from_has_changed(tmp_path, monkeypatch):
    built = []

    def build(command, into):
        built.append(list(command))
        into.write_text(f"library {len(built)}")

    monkeypatch.setattr(native, "build", build)
    for name in ("a.h", "b.cpp"):
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(native, "FOLDER", tmp_path)
    into = tmp_path / "_engine.so"
    changes = [
        lambda: None, lambda: (tmp_path / "a.h").write_text("other"), lambda: into.write_text("broken"), into.unlink,
        lambda: (tmp_path / "_engine.so.sha256").unlink(),
        lambda: monkeypatch.setattr(native, "FLAGS", (*native.FLAGS, "-O2")),
    ]  # fmt: skip
    for count, change in enumerate(changes, 1):
        change()
        native.build_here(["true"], into)
        native.build_here(["true"], into)
        assert len(built) == count
    native.build_here(["echo"], into)
    native.build_here(["echo"], into, again=True)
    assert built[-2:] == [["echo"], ["echo"]]


# ---------------------------------------------------------------- names and tags


@pytest.mark.parametrize(
    ("machine", "system", "libc", "target"),
    [
        ("x86_64", "Linux", "glibc", "x86_64-linux-gnu.2.17"),
        ("aarch64", "Linux", "", "aarch64-linux-musl"),
        ("ppc64le", "Linux", "glibc", "powerpc64le-linux-gnu"),
        ("arm64", "Darwin", "", "aarch64-macos.11.0"),
        ("AMD64", "Windows", "", "x86_64-windows-gnu"),
    ],
)
def test_zigs_names_of_machines(machine, system, libc, target):
    assert native.zig_target(machine, system, libc) == target


def test_names_of_libraries():
    assert [native.name_of(s) for s in ("Linux", "Darwin", "Windows", "FreeBSD")] == [
        "_engine.so", "_engine.dylib", "_engine.dll", "_engine.so",
    ]  # fmt: skip


def test_tags(monkeypatch):
    monkeypatch.setattr(hatch_build.sysconfig, "get_platform", lambda: "linux-x86_64")
    monkeypatch.setattr(hatch_build.platform, "system", lambda: "Linux")
    assert hatch_build._platform() == "linux_x86_64"
    monkeypatch.setattr(hatch_build.sysconfig, "get_platform", lambda: "win-amd64")
    monkeypatch.setattr(hatch_build.platform, "system", lambda: "Windows")
    assert hatch_build._platform() == "win_amd64"
    monkeypatch.setattr(hatch_build.sysconfig, "get_platform", lambda: "macosx-10.13-universal2")
    monkeypatch.setattr(hatch_build.platform, "system", lambda: "Darwin")
    monkeypatch.setattr(hatch_build.platform, "machine", lambda: "arm64")
    assert hatch_build._platform() == "macosx_11_0_arm64"


# ---------------------------------------------------------------- the hook


@pytest.mark.parametrize(
    ("compiler", "to_be_had", "environment", "needed"),
    [
        (["c++"], True, {}, []),
        (None, True, {}, ["ziglang>=0.17"]),
        (None, False, {}, []),
        (None, True, {"CHAINRULE_BUILD": "plain"}, []),
        (None, True, {"CHAINRULE_LIBRARY": "_engine.so", "CHAINRULE_TAG": "linux_x86_64"}, []),
    ],
)
def test_a_compiler_is_asked_for_where_there_is_none(hook, monkeypatch, compiler, to_be_had, environment, needed):
    hook.made.compiler = lambda: compiler
    monkeypatch.setattr(hatch_build, "_to_be_had", lambda: to_be_had)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert hook.dependencies() == needed


@pytest.mark.parametrize(("answers", "had"), [([0, 0], True), ([0, 1], False), ([1], True)])
def test_pip_is_asked_whether_the_compiler_can_be_had(monkeypatch, answers, had):
    """Without a pip, the builder is left to see."""
    left = iter(answers)
    monkeypatch.setattr(
        hatch_build.subprocess, "run", lambda *words, **how: subprocess.CompletedProcess(words, next(left))
    )
    assert hatch_build._to_be_had() is had


def test_the_wheel_holds_the_library_just_built_and_not_that_of_the_tree(hook, capfd):
    data = data_of(hook)
    ((source, place),) = data["force_include"].items()
    assert place == f"chainrule/native/{native.name_of()}"
    assert not source.startswith(str(ROOT))
    assert data["tag"] == f"py3-none-{hatch_build._platform()}"
    assert data["pure_python"] is False
    assert "native library is built by c++" in "".join(capfd.readouterr())


def test_without_a_library_the_wheel_is_for_every_machine(hook, monkeypatch, capfd):
    hook.made.compiler = lambda: None
    assert data_of(hook) == {"force_include": {}}
    assert "without its native library: no C++ compiler" in "".join(capfd.readouterr())
    monkeypatch.setattr(hatch_build, "_fits", lambda: False)
    assert data_of(hook) == {"force_include": {}}
    assert "32 bits" in "".join(capfd.readouterr())


def test_an_editable_installation_keeps_no_library_of_before(hook, tmp_path):
    hook.made.FOLDER = tmp_path
    data_of(hook, "editable")
    assert (tmp_path / native.name_of()).read_text() == "c++"
    hook.made.compiler = lambda: None
    data_of(hook, "editable")
    assert not any(tmp_path.iterdir())


def test_a_library_that_is_ready(hook, tmp_path, monkeypatch):
    ready = tmp_path / "made.dylib"
    ready.touch()
    monkeypatch.setenv("CHAINRULE_LIBRARY", str(ready))
    with pytest.raises(RuntimeError, match="expected both or neither"):
        data_of(hook)
    monkeypatch.setenv("CHAINRULE_TAG", "macosx_11_0_arm64")
    data = data_of(hook)
    assert data["force_include"] == {str(ready.resolve()): "chainrule/native/_engine.dylib"}
    assert data["tag"] == "py3-none-macosx_11_0_arm64"
    ready.unlink()
    with pytest.raises(RuntimeError, match="expected a file"):
        data_of(hook)


# ---------------------------------------------------------------- wheels


def wheel_by(folder, **environment):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, env=os.environ | environment, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel, [name for name in zipfile.ZipFile(wheel).namelist() if "_engine" in name]


def test_the_plain_wheel_is_for_every_machine(tmp_path):
    wheel, libraries = wheel_by(tmp_path, CHAINRULE_BUILD="plain")
    assert wheel.name.endswith("-py3-none-any.whl")
    assert libraries == []


@pytest.mark.parametrize("name", ["linux-arm64", "macos-arm64", "windows-x86_64"])
def test_a_wheel_of_another_machine(tmp_path, monkeypatch, name):
    """Its library is made up."""
    target = wheels.TARGETS[name]
    monkeypatch.setattr(wheels.native, "build", lambda command, into, **which: into.write_text(f"{which}"))
    wheel = wheels.make(target, tmp_path)
    (library,) = [name for name in zipfile.ZipFile(wheel).namelist() if "_engine" in name]
    assert library == f"chainrule/native/{native.name_of(target.system)}"
    assert wheel.name.endswith(f"-py3-none-{target.tag}.whl")
    metadata = next(n for n in zipfile.ZipFile(wheel).namelist() if n.endswith("WHEEL"))
    text = zipfile.ZipFile(wheel).read(metadata).decode()
    assert "Root-Is-Purelib: false" in text
    for one in target.tag.split("."):
        assert f"Tag: py3-none-{one}\n" in text


# ---------------------------------------------------------------- the source distribution


def test_the_source_distribution_has_what_builds_tests_and_documents_it(tmp_path):
    if not (ROOT / ".git").exists():
        pytest.skip("what belongs into it is known from a checkout alone")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (made,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(made) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    kept = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
    assert {name for name in kept if name} - names == set()
    assert not [name for name in names if "node_modules" in name or name.endswith((".so", ".dylib", ".dll"))]


# ---------------------------------------------------------------- how it is cited


def test_it_is_cited_by_its_version_and_licence():
    import tomllib

    import chainrule

    cited = dict(line.split(": ", 1) for line in (ROOT / "CITATION.cff").read_text().splitlines() if ": " in line)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert cited["version"] == chainrule.__version__
    assert cited["license"] == project["license"]
