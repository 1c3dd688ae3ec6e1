"""Draw the rooms of the package and write their table: ``python tools/architecture.py``.

Reads the imports of ``src/`` and writes ``docs/pictures/architecture.png`` (packages by floors, an arrow from each to
those that it uses; an arrow that follows from two others is left out) and the table in ``docs/architecture.md``.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "chainrule"
PAGE = ROOT / "docs" / "architecture.md"
PICTURE = ROOT / "docs" / "pictures" / "architecture.png"
TABLE = re.compile(r"(?<=<!-- rooms -->\n).*?(?=<!-- end -->)", re.DOTALL)
#: the stages that data pass through, by colour; other rooms serve them
STAGES = {
    "network": "#2b6cb0",
    "explanation": "#b7791f",
    "auditing": "#b7791f",
    "gradcheck": "#b7791f",
    "train": "#2f855a",
    "estimators": "#2f855a",
    "distributed": "#2f855a",
    "view": "#805ad5",
    "cli": "#805ad5",
}


def rooms() -> dict[str, str]:
    """Packages at the top, each with the first line of its docstring."""
    found = {}
    for init in sorted(SOURCE.glob("*/__init__.py")):
        first = (ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))) or "").split("\n")[0]
        found[init.parent.name] = first
    return found


def uses(names: set[str]) -> dict[str, set[str]]:
    """Which packages each package imports, imports for type checkers aside."""
    found: dict[str, set[str]] = defaultdict(set)
    for name in names:
        for path in (SOURCE / name).rglob("*.py"):
            for other in imported(ast.parse(path.read_text(encoding="utf-8"))):
                if other in names and other != name:
                    found[name].add(other)
    return found


def imported(node: ast.AST) -> set[str]:
    """The packages of chainrule that a module imports."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return set()
    parts: list[list[str]] = []
    if isinstance(node, ast.ImportFrom) and node.module:
        parts = [[*node.module.split("."), alias.name] for alias in node.names]
    elif isinstance(node, ast.Import):
        parts = [alias.name.split(".") for alias in node.names]
    found = {part[1] for part in parts if part[0] == "chainrule" and len(part) > 1}
    inner = (child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr))  # no import is in one
    return found.union(*map(imported, inner))


def floors(names: set[str], graph: dict[str, set[str]]) -> dict[str, int]:
    """Each package one above the highest of those that it uses."""
    found: dict[str, int] = {}

    def floor(name: str) -> int:
        if name not in found:
            found[name] = 1 + max((floor(other) for other in graph[name]), default=-1)
        return found[name]

    return {name: floor(name) for name in sorted(names)}


def reduced(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """The graph without the arrows that follow from others."""

    def reach(name: str) -> set[str]:
        return graph[name].union(*(reach(other) for other in graph[name]))

    return {name: {o for o in graph[name] if not any(o in reach(p) for p in graph[name] if p != o)} for name in graph}


def room_graph(names: dict[str, str]) -> dict[str, set[str]]:
    """What each package stands on directly."""
    found = uses(set(names))
    return reduced({name: found[name] for name in names})


def draw(height: dict[str, int], graph: dict[str, set[str]]) -> None:
    """The picture."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

    rows: dict[int, list[str]] = defaultdict(list)
    for name, floor in height.items():
        rows[floor].append(name)
    place: dict[str, tuple[float, float]] = {}
    for floor in sorted(rows):
        mean = {n: sum(place[o][0] for o in graph[n]) / len(graph[n]) if graph[n] else 0.0 for n in rows[floor]}
        order = sorted(rows[floor], key=lambda n: (mean[n], n))
        shift = sum(mean.values()) / len(mean)
        for i, name in enumerate(order):
            place[name] = (0.5 * shift + 2.3 * (i - (len(order) - 1) / 2), 1.35 * floor)
    figure, axes = plt.subplots(figsize=(11, 1.35 * len(rows) + 0.6))
    boxes = {}
    for name, (x, y) in place.items():
        boxes[name] = FancyBboxPatch(
            (x - 0.85, y - 0.28),
            1.7,
            0.56,
            boxstyle="round,pad=0.04",
            linewidth=1.4,
            edgecolor=STAGES.get(name, "#718096"),
            facecolor="white",
            zorder=2,
        )
        axes.add_patch(boxes[name])
        axes.text(x, y, name, ha="center", va="center", fontsize=12, color=STAGES.get(name, "#2d3748"), zorder=3)
    for name, others in graph.items():
        for other in sorted(others):
            (x, y), (to_x, to_y) = place[name], place[other]
            axes.add_patch(
                FancyArrowPatch(
                    (x, y - 0.33),
                    (to_x, to_y + 0.33),
                    arrowstyle="-|>",
                    mutation_scale=11,
                    color="#a0aec0",
                    connectionstyle="arc3,rad=0.04",
                    zorder=1,
                )
            )
    xs = [x for x, _ in place.values()]
    axes.set_xlim(min(xs) - 1.1, max(xs) + 1.1)
    axes.set_ylim(-0.6, 1.35 * (len(rows) - 1) + 0.6)
    axes.axis("off")
    figure.savefig(PICTURE, dpi=110, bbox_inches="tight")
    plt.close(figure)


def table(names: dict[str, str], height: dict[str, int], graph: dict[str, set[str]]) -> str:
    """The rooms from the top down: what each is for, and what it uses directly."""
    lines = ["| room | what is in it | stands on |", "|---|---|---|"]
    for name in sorted(names, key=lambda n: (-height[n], n)):
        on = ", ".join(sorted(graph[name]))
        lines.append(f"| `{name}/` | {names[name].replace('|', chr(92) + '|')} | {on} |")
    return "\n".join(lines) + "\n"


def page(text: str) -> str:
    """``docs/architecture.md`` with its table written anew."""
    names = rooms()
    graph = room_graph(names)
    return TABLE.sub(lambda _: table(names, floors(set(names), graph), graph), text)


def main() -> None:
    """Write both."""
    names = rooms()
    graph = room_graph(names)
    draw(floors(set(names), graph), graph)
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
