"""The house: dependencies point one way, importing is cheap, everything public says what it is."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import chainrule

SOURCE = Path(chainrule.__file__).parent
MODULES = {".".join(path.relative_to(SOURCE.parent).with_suffix("").parts): path for path in SOURCE.rglob("*.py")}
MODULES = {name.removesuffix(".__init__"): path for name, path in MODULES.items()}

# ---------------------------------------------------------------- (a) the direction of dependencies

#: from the bottom up; a unit (a module or a package) imports only from rows before its own
LAYERS = [
    ["errors", "files", "workers"],
    ["notation", "activations"],
    ["equations"],
    ["outputs", "checks"],
    ["losses"],
    ["formula", "render"],
    ["network"],
    ["jacobians"],
    ["forward"],
    ["backward"],
    ["forms", "numerical", "worksheet"],
    ["gradcheck"],
    ["explanation", "auditing", "train"],  # of one row: none imports another
    ["estimators"],
    ["storage"],
    ["view", "distributed"],
    ["cli"],
    ["__main__"],
]
ROW = {unit: row for row, units in enumerate(LAYERS) for unit in units}
SKLEARN = {"train", "estimators", "distributed"}
#: (where, what) of the only imports that point up: a network's two methods, inside the function
DECLARED = {
    ("network:Network.forward", "forward"),
    ("network:Network.backward", "forward"),
    ("network:Network.backward", "backward"),
}


def imports(name: str, source: str, modules: set[str], is_package: bool) -> list[tuple[str, str]]:
    """(qualified name of the function or class, full name of what it imports); not those for type checkers."""
    found: list[tuple[str, str]] = []

    def members(base: str, names: list[str]) -> list[str]:
        full = [f"{base}.{n}" if base == "chainrule" or f"{base}.{n}" in modules else base for n in names]
        return list(dict.fromkeys(full))

    def visit(node: ast.AST, where: str) -> None:
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for child in node.orelse:
                visit(child, where)
            return
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            where = f"{where}.{node.name}" if where else node.name
        if isinstance(node, ast.Import):
            found.extend((where, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = name.split(".")
                parts = parts[: len(parts) - node.level + is_package]
                base = ".".join([*parts, *([base] if base else [])])
            found.extend((where, full) for full in members(base, [alias.name for alias in node.names]))
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in (
            "import_module",
            "__import__",
        ):
            constant = node.args and isinstance(node.args[0], ast.Constant)
            found.append((where, str(node.args[0].value) if constant else "a module named at run time"))
        for child in ast.iter_child_nodes(node):
            visit(child, where)

    visit(ast.parse(source), "")
    return found


def violations(sources: dict[str, str]) -> tuple[list[str], set[tuple[str, str]]]:
    """What breaks the direction among modules (full name -> source), and the declared exceptions that were met.

    A package is a module that others are inside of.
    """
    names = set(sources)
    wrong, met = [], set()
    for name, source in sources.items():
        unit = name.split(".")[1] if "." in name else ""
        if unit and unit not in ROW:
            wrong.append(f"{name} is missing from the layers")
            continue
        is_package = not unit or any(other.startswith(name + ".") for other in names)
        for where, full in imports(name, source, names, is_package):
            what = f"{name}{':' if where else ''}{where} imports {full}"
            top, _, rest = full.partition(".")
            unseen = full == "a module named at run time" and (name, where) != ("chainrule", "__getattr__")
            if unseen or (top == "sklearn" and unit not in SKLEARN):
                wrong.append(what)
            elif top == "chainrule" and full != "chainrule.__version__":
                target = rest.split(".")[0]
                exception = (f"{unit}:{where}", target)
                if exception in DECLARED:
                    met.add(exception)
                elif target not in ROW or not unit or (target != unit and ROW[target] >= ROW[unit]):
                    wrong.append(what)
    return wrong, met


def test_dependencies_point_down():
    wrong, met = violations({name: path.read_text(encoding="utf-8") for name, path in MODULES.items()})
    assert wrong == []
    assert met == DECLARED


def test_the_lazy_table_is_what_type_checkers_see():
    tree = ast.parse(MODULES["chainrule"].read_text(encoding="utf-8"))
    seen = [node for block in tree.body if isinstance(block, ast.If) for node in block.body]
    declared = {(alias.asname, node.module) for node in seen for alias in node.names}
    assert declared == set(chainrule._PUBLIC.items())


CLEAN = {
    "chainrule": "def __getattr__(name):\n    from importlib import import_module\n    return import_module(T[name])",
    "chainrule.errors": "import numpy",
    "chainrule.network.network": "from chainrule import errors\nif TYPE_CHECKING:\n    from chainrule.network.forward import Forward",
    "chainrule.network.forward": "from chainrule.network.network import Network\nfrom . import errors",
    "chainrule.train": "from chainrule.train.loop import fit",
    "chainrule.train.loop": "import chainrule.network.forward\nfrom ..network import Network\nfrom sklearn import datasets",
    "chainrule.explanation": "from chainrule.network.forward import Forward",
    "chainrule.cli": "from chainrule import __version__\ndef run():\n    from chainrule.train.loop import fit",
}


def test_a_clean_sample_passes():
    assert violations(CLEAN) == ([], set())


@pytest.mark.parametrize(
    ("module", "source", "found"),
    [
        ("network", "from chainrule.network.forward import forward", "network imports chainrule.network.forward"),
        ("network", "import chainrule.network.forward", "network imports chainrule.network.forward"),
        ("network", "from chainrule import forward as f", "network imports chainrule.network.forward"),
        ("network", "from .forward import forward", "network imports chainrule.network.forward"),
        ("network", "from . import forward", "network imports chainrule.network.forward"),
        (
            "network",
            "def random():\n    from chainrule.network.forward import forward",
            "network:random imports chainrule.network.forward",
        ),
        (
            "network",
            "class Network:\n    def step(self):\n        import chainrule.network.forward",
            "network:Network.step imports",
        ),
        (
            "network",
            "if not TYPE_CHECKING:\n    from chainrule import forward",
            "network imports chainrule.network.forward",
        ),
        (
            "network",
            "try:\n    import numba\nexcept ImportError:\n    from chainrule import forward",
            "network imports",
        ),
        (
            "network",
            "if TYPE_CHECKING:\n    pass\nelse:\n    import chainrule.network.forward",
            "network imports chainrule.network.forward",
        ),
        (
            "network",
            "import importlib\nimportlib.import_module('chainrule.network.forward')",
            "network imports chainrule.network.forward",
        ),
        ("network", "m = __import__(name)", "network imports a module named at run time"),
        ("forward", "from chainrule import Network", "forward imports chainrule.Network"),
        ("forward", "import chainrule as cr", "forward imports chainrule"),
        ("explanation.x", "from chainrule.train.loop import fit", "explanation.x imports chainrule.train"),
        ("train.loop", "from ..explanation import steps", "train.loop imports chainrule.explanation"),
        ("train.loop", "from chainrule.cli import main", "train.loop imports chainrule.cli"),
        ("explanation.x", "from sklearn.datasets import load_iris", "explanation.x imports sklearn.datasets"),
        ("cli", "def run():\n    import sklearn", "cli:run imports sklearn"),
        ("helpers", "import numpy", "helpers is missing from the layers"),
        ("", "from chainrule.network.network import Network", "chainrule imports chainrule.network.network"),
    ],
)
def test_a_planted_violation_is_found(module, source, found):
    name = f"chainrule.{module}" if module else "chainrule"
    wrong, _ = violations({**CLEAN, name: source})
    assert len(wrong) == 1
    assert wrong[0].startswith(found if not module else f"chainrule.{found}")


def test_a_declared_exception_holds_only_where_it_is_declared():
    method = "class Network:\n    def forward(self):\n        from chainrule.network.forward import forward"
    assert violations({**CLEAN, "chainrule.network.network": method}) == ([], {("network:Network.forward", "forward")})
    elsewhere = violations({**CLEAN, "chainrule.errors": method})
    assert elsewhere == (["chainrule.errors:Network.forward imports chainrule.network.forward"], set())


# ---------------------------------------------------------------- (b) importing is cheap

HEAVY = {
    "sklearn",
    "scipy",
    "numba",
    "sympy",
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


def test_importing_costs_little_over_numpy():
    """Under 0.15 s of processor time, or, on a machine too busy to tell, less than NumPy itself takes there.

    The fastest of several runs each, taken in turn.
    """
    statements = ["import numpy", "import chainrule", ENGINE]
    runs = [[float(fresh(statement, "print(spent)")) for statement in statements] for _ in range(7)]
    numpy, bare, engine = (min(column) for column in zip(*runs, strict=True))
    assert bare - numpy < max(0.15, numpy)
    assert engine - numpy < max(0.15, numpy)


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


@pytest.mark.parametrize("name", sorted(MODULES))
def test_everything_public_has_a_docstring(name):
    assert undocumented(name, MODULES[name].read_text(encoding="utf-8")) == []


def test_a_missing_docstring_is_found():
    source = "'''M.'''\ndef f(): pass\nclass C:\n    '''C.'''\n    def m(self): pass\n    def _m(self): pass\n"
    assert undocumented("m", source) == ["m.f", "m.C.m"]
    assert undocumented("m", "x = 1") == ["m"]


ABSOLUTE = re.compile(r"(?<![\w.:/])(/(home|root|Users|usr|opt|mnt|tmp|var)/\w+|[A-Z]:\\\\?\w+)")
HERE = {str(SOURCE.parents[1]), str(Path.home()), sys.prefix} - {"/"}


@pytest.mark.parametrize("path", sorted(p for p in SOURCE.rglob("*") if p.suffix in {".py", ".js", ".css", ".html"}))
def test_no_source_names_a_place_on_a_machine(path):
    text = path.read_text(encoding="utf-8")
    assert ABSOLUTE.search(text) is None
    assert not [place for place in HERE if place in text]


@pytest.mark.parametrize("text", ["'/home/ada/data.csv'", r'"C:\Users\ada"', "open('/tmp/x')"])
def test_a_place_on_a_machine_is_found(text):
    assert ABSOLUTE.search(text)
