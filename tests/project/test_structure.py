"""The house: dependencies point one way, circles only shrink, importing is cheap, everything public says what it is."""

import ast
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

import chainrule
from tests.support.loading import ROOT

SOURCE = Path(chainrule.__file__).parent
MODULES = {".".join(path.relative_to(SOURCE.parent).with_suffix("").parts): path for path in SOURCE.rglob("*.py")}
MODULES = {name.removesuffix(".__init__"): path for name, path in MODULES.items()}
TEXTS = {name: path.read_text(encoding="utf-8") for name, path in MODULES.items()}

# ---------------------------------------------------------------- (a) the direction of dependencies

#: packages from the bottom up: one imports only from floors below its own; two packages have floors of their own
FLOORS = {
    "chainrule": [
        ["errors"],
        ["system"],
        ["native"],
        ["network"],
        ["formula", "gradcheck", "train"],
        ["sheets", "render", "tables", "estimators"],
        ["explanation", "auditing", "storage", "distributed"],
        ["teaching"],
        ["view"],
        ["cli"],
        ["__main__"],
    ],
    "chainrule.auditing": [
        ["records", "model"],
        ["mistakes"],
        ["marking"],
        ["diagnosis"],
        ["report"],
        ["audit"],
        ["code"],
        ["code_audit"],
        ["functions"],
    ],
    "chainrule.sheets": [["names"], ["formulas"], ["writing"], ["setting"], ["lines"], ["header"]],
}
#: what never meets, whatever the floors: a trainer needs no auditor, and the auditor trains nothing
APART = [({"explanation", "auditing"}, {"train", "tables", "estimators", "distributed", "storage"})]
SKLEARN = {"train", "tables", "estimators", "distributed"}
#: circles of modules, imports for type checkers counted; the list may only shrink
CIRCLES: list[set[str]] = [
    {"network.backward", "network.forward", "network.network"},
]
#: classes that are meant to have one name: the estimators of one machine and of a cluster
PAIRS = {"MLPClassifier", "MLPRegressor"}
LONGEST = 400  # lines of a module


def imports(name: str, source: str, modules: set[str], is_package: bool) -> list[tuple[str, str, bool]]:
    """(name of the function or class, full name of what it imports, whether only for type checkers)."""
    found: list[tuple[str, str, bool]] = []
    calls = "import_module" in source or "__import__" in source  # else none stands in an expression

    def members(base: str, names: list[str]) -> list[str]:
        full = [f"{base}.{n}" if base == "chainrule" or f"{base}.{n}" in modules else base for n in names]
        return list(dict.fromkeys(full))

    def visit(node: ast.AST, where: str, typing: bool) -> None:
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for child in node.body:
                visit(child, where, True)
            for child in node.orelse:
                visit(child, where, typing)
            return
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            where = f"{where}.{node.name}" if where else node.name
        if isinstance(node, ast.Import):
            found.extend((where, alias.name, typing) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = name.split(".")
                parts = parts[: len(parts) - node.level + is_package]
                base = ".".join([*parts, *([base] if base else [])])
            found.extend((where, full, typing) for full in members(base, [alias.name for alias in node.names]))
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in (
            "import_module",
            "__import__",
        ):
            constant = node.args and isinstance(node.args[0], ast.Constant)
            found.append((where, str(node.args[0].value) if constant else "a module named at run time", typing))
        for child in ast.iter_child_nodes(node):
            if calls or not isinstance(child, ast.expr):
                visit(child, where, typing)

    visit(ast.parse(source), "", False)
    return found


def all_imports(sources: dict[str, str]) -> list[tuple[str, str, str, bool]]:
    """(module, where in it, full name of what it imports, whether only for type checkers), the version aside."""
    names = set(sources)
    packages = {"chainrule", *(name.rpartition(".")[0] for name in names)}
    found = []
    for name, source in sources.items():
        is_package = name in packages
        found += [(name, *one) for one in imports(name, source, names, is_package) if one[1] != "chainrule.__version__"]
    return found


def floor_of(full: str, house: str) -> int | None:
    """The floor of a module in one of the houses of ``FLOORS``; None where the house does not name it."""
    unit = full.removeprefix(f"{house}.").split(".")[0]
    return next((i for i, units in enumerate(FLOORS[house]) if unit in units), None)


def unit_of(full: str) -> str:
    """The package, or module at the top, that a module is in; the top itself is nameless."""
    return full.split(".")[1] if "." in full else ""


def violations(sources: dict[str, str]) -> list[str]:
    """What breaks the direction among modules (full name -> source). A package is a module others are inside of."""
    modules = [name for name in sources if name != "chainrule"]
    wrong = [f"{name} is on no floor" for name in modules if floor_of(name, "chainrule") is None]
    for name, where, full, typing in all_imports(sources):
        unit, target = unit_of(name), unit_of(full)
        what = f"{name}{':' if where else ''}{where} imports {full}"
        if (full == "a module named at run time" and (name, where) != ("chainrule", "__getattr__")) or (
            full.split(".")[0] == "sklearn" and unit not in SKLEARN
        ):
            wrong.append(what)
        elif full.split(".")[0] != "chainrule" or (name == "chainrule" and typing):
            continue
        elif unit != target:
            own, other = floor_of(name, "chainrule"), floor_of(full, "chainrule")
            meets = any(unit in some and target in others for some, others in APART)
            if own is None or other is None or other >= own or meets:
                wrong.append(what)
        else:
            for house in FLOORS:
                inside = name.startswith(f"{house}.") and full.startswith(f"{house}.") and house != "chainrule"
                if inside and name.split(".")[: house.count(".") + 2] != full.split(".")[: house.count(".") + 2]:
                    own, other = floor_of(name, house), floor_of(full, house)
                    if own is None or other is None or other >= own:
                        wrong.append(what)
    return wrong


def circles(sources: dict[str, str]) -> list[set[str]]:
    """Sets of modules that import each other, directly or not, imports for type checkers counted."""
    graph: dict[str, set[str]] = defaultdict(set)
    for name, _, full, _ in all_imports(sources):
        if full in sources and full != name:
            graph[name].add(full)
    reach: dict[str, set[str]] = {}
    for name in graph:
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            new = graph.get(waiting.pop(), set()) - seen
            seen |= new
            waiting += new
        reach[name] = seen
    found: list[set[str]] = []
    for name in sorted(graph):
        circle = {other for other in reach[name] if name in reach.get(other, ())}
        if circle and circle not in found:
            found.append(circle)
    return found


def doubles(sources: dict[str, str]) -> dict[str, list[str]]:
    """Names of classes that more than one module defines, with the modules."""
    where: dict[str, list[str]] = defaultdict(list)

    def visit(node: ast.AST, name: str) -> None:
        if isinstance(node, ast.ClassDef):
            where[node.name].append(name)
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.expr):  # no class stands in one
                visit(child, name)

    for name, source in sources.items():
        visit(ast.parse(source), name)
    return {name: modules for name, modules in where.items() if len(modules) > 1}


def too_long(sources: dict[str, str]) -> list[str]:
    """Modules with more lines than one thing needs."""
    return [name for name, source in sources.items() if source.count("\n") > LONGEST]


def test_dependencies_point_down():
    assert violations(TEXTS) == []


def test_circles_are_those_declared():
    assert circles(TEXTS) == [{f"chainrule.{name}" for name in circle} for circle in CIRCLES]


def test_no_two_classes_have_one_name():
    assert set(doubles(TEXTS)) == PAIRS


def test_no_module_is_too_long():
    assert too_long(TEXTS) == []


def test_the_lazy_table_is_what_type_checkers_see():
    tree = ast.parse(TEXTS["chainrule"])
    seen = [node for block in tree.body if isinstance(block, ast.If) for node in block.body]
    declared = {(alias.asname, node.module) for node in seen for alias in node.names}
    assert declared == set(chainrule._PUBLIC.items())


CLEAN = {
    "chainrule": "def __getattr__(name):\n    from importlib import import_module\n    return import_module(T[name])",
    "chainrule.errors": "import numpy\nclass InputError: pass",
    "chainrule.network": "",
    "chainrule.network.network": "from chainrule import errors\nclass Network: pass",
    "chainrule.network.forward": "from chainrule.network.network import Network\nfrom .. import errors",
    "chainrule.train": "from chainrule.train.loop import fit",
    "chainrule.train.loop": "import chainrule.network.forward\nfrom ..network import forward\nimport sklearn",
    "chainrule.explanation": "from chainrule.network.forward import Forward",
    "chainrule.auditing": "",
    "chainrule.auditing.model": "from chainrule import errors",
    "chainrule.auditing.marking": "from chainrule.auditing.model import x",
    "chainrule.cli": "from chainrule import __version__\ndef run():\n    from chainrule.train.loop import fit",
}


def test_a_clean_sample_passes():
    assert violations(CLEAN) == []
    assert circles(CLEAN) == []
    assert doubles(CLEAN) == {}
    assert too_long(CLEAN) == []


@pytest.mark.parametrize(
    ("module", "source", "found"),
    [
        ("errors", "from chainrule.network.forward import forward", "errors imports chainrule.network.forward"),
        ("errors", "import chainrule.network.forward", "errors imports chainrule.network.forward"),
        ("errors", "from chainrule import network as f", "errors imports chainrule.network"),
        ("errors", "from .network.forward import forward", "errors imports chainrule.network.forward"),
        ("errors", "from . import network", "errors imports chainrule.network"),
        ("network.network", "def random():\n    from chainrule.train import x", "network.network:random imports"),
        (
            "network.network",
            "class Network:\n    def step(self):\n        import chainrule.train.loop",
            "network.network:Network.step imports",
        ),
        ("errors", "if not TYPE_CHECKING:\n    from chainrule import network", "errors imports chainrule.network"),
        ("errors", "if TYPE_CHECKING:\n    from chainrule import network", "errors imports chainrule.network"),
        ("errors", "try:\n    import scipy\nexcept ImportError:\n    from chainrule import network", "errors imports"),
        ("errors", "if TYPE_CHECKING:\n    pass\nelse:\n    import chainrule.network", "errors imports"),
        (
            "errors",
            "import importlib\nimportlib.import_module('chainrule.network')",
            "errors imports chainrule.network",
        ),
        ("network.network", "m = __import__(name)", "network.network imports a module named at run time"),
        ("network.forward", "from chainrule import Network", "network.forward imports chainrule.Network"),
        ("network.forward", "import chainrule as cr", "network.forward imports chainrule"),
        ("explanation.x", "from chainrule.train.loop import fit", "explanation.x imports chainrule.train"),
        ("auditing.marking.x", "from chainrule.tables import y", "auditing.marking.x imports chainrule.tables"),
        ("train.loop", "from ..explanation import steps", "train.loop imports chainrule.explanation"),
        ("train.loop", "from chainrule.cli import main", "train.loop imports chainrule.cli"),
        ("explanation.x", "from sklearn.datasets import load_iris", "explanation.x imports sklearn.datasets"),
        ("cli", "def run():\n    import sklearn", "cli:run imports sklearn"),
        ("helpers", "import numpy", "helpers is on no floor"),
        ("", "from chainrule.network import Network", "chainrule imports chainrule.network"),
        ("auditing.model.x", "from chainrule.auditing.marking import y", "auditing.model.x imports"),
        ("auditing.model.x", "from ..marking import y", "auditing.model.x imports chainrule.auditing.marking"),
    ],
)
def test_a_planted_violation_is_found(module, source, found):
    name = f"chainrule.{module}" if module else "chainrule"
    wrong = violations({**CLEAN, name: source})
    assert len(wrong) == 1
    assert wrong[0].startswith(found if not module else f"chainrule.{found}")


@pytest.mark.parametrize(
    "planted",
    [
        "from chainrule.network.forward import Forward",
        "def forward(self):\n    from chainrule.network.forward import forward",
        "if TYPE_CHECKING:\n    from chainrule.network.forward import Forward",
        "from . import forward",
    ],
)
def test_a_planted_circle_is_found(planted):
    found = circles({**CLEAN, "chainrule.network.network": planted})
    assert found == [{"chainrule.network.network", "chainrule.network.forward"}]


def test_a_planted_long_way_round_is_found():
    way = {"chainrule.train.a": "import chainrule.train.b", "chainrule.train.b": "import chainrule.train.c"}
    assert circles({**CLEAN, **way, "chainrule.train.c": ""}) == []
    assert circles({**CLEAN, **way, "chainrule.train.c": "from . import a"}) == [
        {f"chainrule.train.{x}" for x in "abc"}
    ]


def test_a_planted_second_class_is_found():
    planted = {**CLEAN, "chainrule.train.loop": "def f():\n    class Network: pass"}
    assert doubles(planted) == {"Network": ["chainrule.network.network", "chainrule.train.loop"]}


def test_a_planted_long_module_is_found():
    assert too_long({**CLEAN, "chainrule.train.loop": "\n" * LONGEST}) == []
    assert too_long({**CLEAN, "chainrule.train.loop": "\n" * (LONGEST + 1)}) == ["chainrule.train.loop"]


# ---------------------------------------------------------------- (b) importing is cheap

HEAVY = {
    "sklearn",
    "scipy",
    "mpmath",
    "matplotlib",
    "pyarrow",
    "pydantic",
    "typer",
    "rich",
    "lark",
    "starlette",
    "uvicorn",
    "dask",
    "distributed",
}
ENGINE = "import chainrule as cr; cr.Network, cr.Forward, cr.Backward, cr.gradients, cr.check_gradients, cr.InputError"


def fresh(statement: str, then: str) -> str:
    """What a fresh interpreter prints after running ``statement``."""
    code = f"import sys, time; start = time.process_time(); {statement}; spent = time.process_time() - start; {then}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    return run.stdout.strip()


def loaded(statement: str) -> set[str]:
    return HEAVY & set(fresh(statement, "print(*{m.partition('.')[0] for m in sys.modules})").split())


@pytest.mark.parametrize("statement", ["import chainrule", ENGINE])
def test_importing_loads_nothing_heavy(statement):
    assert loaded(statement) == set()
    assert loaded(f"{statement}; import rich, pydantic.version") == {"rich", "pydantic"}


def test_an_audit_loads_nothing_heavy_but_the_command_line():
    command = [
        sys.executable,
        "-X",
        "importtime",
        "-m",
        "chainrule",
        "audit",
        str(ROOT / "examples" / "worked_example.md"),
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    modules = {line.rpartition("|")[2].strip().partition(".")[0] for line in run.stderr.splitlines()}
    assert {"numpy", "chainrule"} <= modules
    assert HEAVY & modules == {"typer"}


def test_importing_costs_little_over_numpy():
    """Under 0.15 s of processor time, or, on a machine too busy to tell, less than NumPy itself takes there.

    The fastest of several runs each, taken in turn: of as many as it takes, at most of seven.
    """
    statements = ["import numpy", "import chainrule", ENGINE]
    numpy = bare = engine = float("inf")
    for _ in range(7):
        spent = [float(fresh(statement, "print(spent)")) for statement in statements]
        numpy, bare, engine = map(min, (numpy, bare, engine), spent)
        if max(bare, engine) - numpy < max(0.15, numpy):
            return
    raise AssertionError(f"NumPy {numpy} s, chainrule {bare} s, with its engine {engine} s")


def test_every_public_name_is_there_and_says_what_it_is():
    assert {"Network", "Forward", "Backward", "check_gradients", "gradients", "InputError"} <= set(chainrule.__all__)
    assert {"load", "save"} <= set(chainrule.__all__)
    for name in chainrule.__all__:
        assert len((getattr(chainrule, name).__doc__ or "").strip()) > 10, name
        assert name in dir(chainrule)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        chainrule.nothing  # noqa: B018


# ---------------------------------------------------------------- (c) documented, and tied to no machine


def undocumented(name: str, source: str) -> list[str]:
    """Public functions, classes and methods without a docstring, and the module itself."""
    tree = ast.parse(source)
    missing = [] if ast.get_docstring(tree) else [name]

    def visit(body: list[ast.stmt], inside: str) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name[0] != "_":
                if not ast.get_docstring(node):
                    missing.append(f"{inside}.{node.name}")
                if isinstance(node, ast.ClassDef):
                    visit(node.body, f"{inside}.{node.name}")

    visit(tree.body, name)
    return missing


def test_everything_public_has_a_docstring():
    assert [missing for name, text in TEXTS.items() for missing in undocumented(name, text)] == []


def test_a_missing_docstring_is_found():
    source = "'''M.'''\ndef f(): pass\nclass C:\n    '''C.'''\n    def m(self): pass\n    def _m(self): pass\n"
    assert undocumented("m", source) == ["m.f", "m.C.m"]
    assert undocumented("m", "x = 1") == ["m"]


ABSOLUTE = re.compile(r"(?<![\w.:/])(/(home|root|Users|usr|opt|mnt|tmp|var)/\w+|[A-Z]:\\\\?\w+)")
HERE = {str(SOURCE.parents[1]), str(Path.home()), sys.prefix} - {"/"}


def test_no_source_names_a_place_on_a_machine():
    for path in sorted(p for p in SOURCE.rglob("*") if p.suffix in {".py", ".js", ".css", ".html", ".h", ".cpp"}):
        text = path.read_text(encoding="utf-8")
        assert ABSOLUTE.search(text) is None, path
        assert not [place for place in HERE if place in text], path


@pytest.mark.parametrize("text", ["'/home/ada/data.csv'", r'"C:\Users\ada"', "open('/tmp/x')"])
def test_a_place_on_a_machine_is_found(text):
    assert ABSOLUTE.search(text)
