"""A graph as a picture: nodes in layers from left to right, values above them and gradients below (SVG)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TypeAlias

from chainrule.errors import InputError
from chainrule.render.blocks import visible
from chainrule.render.look import colours

MOST_SPOTS = 400
HALF, ROW, BETWEEN, GAP, MARGIN = 18, 84, 30, 56, 20  # pixels: half a node, rows, passing edges, columns, around
LETTER = 7.4  # pixels that a letter is wide
SWEEPS = 12

Point: TypeAlias = tuple[int, int, int]  # a node: itself twice and its layer; where an edge passes: from, to, layer


@dataclass(frozen=True)
class Spot:
    """A node of a picture: its name, its operation, its numbers, and the nodes that lead to it."""

    name: str
    operation: str
    value: str
    gradient: str
    uses: tuple[int, ...]

    @property
    def width(self) -> float:
        """Pixels that its words need."""
        return max(2.0 * HALF, 16 + LETTER * max(map(len, (self.name, self.operation))))

    @property
    def room(self) -> float:
        """Pixels that it needs with its numbers."""
        return max(self.width, LETTER * max(map(len, (self.value, self.gradient))))


def picture(title: str, legend: tuple[str, str], spots: Sequence[Spot]) -> str:
    """The picture as SVG.

    Args:
        legend: what stands above the nodes, and what below.
        spots: each after those it uses.

    Raises:
        InputError: more nodes than can be seen.
    """
    if len(spots) > MOST_SPOTS:
        raise InputError("picture of the graph", f"at most {MOST_SPOTS} nodes", str(len(spots)))
    layers = _layers(spots)
    chains = _chains(spots, layers)
    columns = _ordered(layers, chains)
    heights = _heights(columns, chains)
    centres, width = _centres(spots, columns)
    lowest = max(heights.values()) + ROW / 2
    width = max(width, 2 * MARGIN + LETTER * sum(map(len, legend)) + 60)
    places = {point: (centres[point[2]], heights[point]) for column in columns for point in column}
    colour = colours()
    size = f"{width:.0f} {lowest + MARGIN + 20:.0f}"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" width="{size.split()[0]}" '
        f'height="{size.split()[1]}" role="img" font-family="DejaVu Sans, Verdana, sans-serif" font-size="12" '
        f'text-anchor="middle"><title>{escape(visible(title))}</title>'
    )
    drawn = [head, f'<rect width="100%" height="100%" fill="{colour["paper"]}"/>']
    for chain in chains:
        drawn.append(
            _edge([places[point] for point in chain], spots[chain[0][0]], spots[chain[-1][0]], colour["quiet"])
        )
    drawn += [_node(spot, *places[i, i, layers[i]], colour) for i, spot in enumerate(spots)]
    above, below = (escape(visible(words)) for words in legend)
    drawn.append(
        f'<text x="{MARGIN}" y="{lowest + 18:.0f}" text-anchor="start">'
        f'<tspan fill="{colour["good"]}">above: {above}</tspan>'
        f'<tspan fill="{colour["bad"]}" dx="18">below: {below}</tspan></text>'
    )
    return "".join((*drawn, "</svg>\n"))


# ---------------------------------------------------------------- where things stand


def _layers(spots: Sequence[Spot]) -> list[int]:
    """The layer of each node: after all that it uses; an input stands right before what uses it first."""
    layers: list[int] = []
    for spot in spots:
        layers.append(1 + max((layers[used] for used in spot.uses), default=-1))
    first: dict[int, int] = {}
    for spot, layer in zip(spots, layers, strict=True):
        for used in spot.uses:
            first[used] = min(first.get(used, layer), layer)
    return [first[i] - 1 if not spot.uses and i in first else layers[i] for i, spot in enumerate(spots)]


def _chains(spots: Sequence[Spot], layers: Sequence[int]) -> list[list[Point]]:
    """Each edge with the layers that it passes."""
    found = []
    for to, spot in enumerate(spots):
        for source in dict.fromkeys(spot.uses):
            passed = [(source, to, layer) for layer in range(layers[source] + 1, layers[to])]
            found.append([(source, source, layers[source]), *passed, (to, to, layers[to])])
    return found


def _neighbours(chains: Sequence[Sequence[Point]]) -> tuple[dict[Point, list[Point]], dict[Point, list[Point]]]:
    before: dict[Point, list[Point]] = {}
    after: dict[Point, list[Point]] = {}
    for chain in chains:
        for left, right in pairwise(chain):
            after.setdefault(left, []).append(right)
            before.setdefault(right, []).append(left)
    return before, after


def _ordered(layers: Sequence[int], chains: Sequence[Sequence[Point]]) -> list[list[Point]]:
    """The points of each layer from top to bottom, so that few edges cross: each near the middle of its neighbours."""
    columns: list[list[Point]] = [[] for _ in range(max(layers) + 1)]
    points = dict.fromkeys(
        [*((i, i, layer) for i, layer in enumerate(layers)), *(p for chain in chains for p in chain)]
    )
    for point in points:
        columns[point[2]].append(point)
    before, after = _neighbours(chains)
    best, fewest = [list(column) for column in columns], _crossings(columns, after)
    for sweep in range(SWEEPS):
        near = before if sweep % 2 == 0 else after
        for column in columns if sweep % 2 == 0 else reversed(columns):
            rank = {point: i for other in columns for i, point in enumerate(other)}
            own = {point: rank[point] for point in column}
            column.sort(key=lambda p: sum(rank[q] for q in near[p]) / len(near[p]) if near.get(p) else own[p])
        crossings = _crossings(columns, after)
        if crossings < fewest:
            best, fewest = [list(column) for column in columns], crossings
    return best


def _crossings(columns: Sequence[Sequence[Point]], after: dict[Point, list[Point]]) -> int:
    total = 0
    for column, following in pairwise(columns):
        rank = {point: i for i, point in enumerate(following)}
        ends = [sorted(rank[q] for q in after.get(point, ())) for point in column]
        for i, one in enumerate(ends):
            total += sum(a > b for other in ends[i + 1 :] for a in one for b in other)
    return total


def _heights(columns: Sequence[Sequence[Point]], chains: Sequence[Sequence[Point]]) -> dict[Point, float]:
    """How far down each point stands: near its neighbours, with room between those of a layer."""
    before, after = _neighbours(chains)
    found = {point: float(i * ROW) for column in columns for i, point in enumerate(column)}
    for sweep in range(2 * SWEEPS):
        for column in columns if sweep % 2 == 0 else reversed(columns):
            wanted = []
            for point in column:
                near = [*before.get(point, ()), *after.get(point, ())]
                wanted.append(sum(found[other] for other in near) / len(near) if near else found[point])
            stands = [wanted[0]]
            for i in range(1, len(column)):
                is_node = column[i][0] == column[i][1] or column[i - 1][0] == column[i - 1][1]
                stands.append(max(wanted[i], stands[-1] + (ROW if is_node else BETWEEN)))
            shift = sum(a - b for a, b in zip(wanted, stands, strict=True)) / len(column)
            found.update((point, y + shift) for point, y in zip(column, stands, strict=True))
    top = min(found.values())
    return {point: y - top + MARGIN + ROW / 2 for point, y in found.items()}


def _centres(spots: Sequence[Spot], columns: Sequence[Sequence[Point]]) -> tuple[list[float], float]:
    """The middle of each column, and the width of all."""
    x, found = float(MARGIN), []
    for column in columns:
        room = max((spots[source].room for source, to, _ in column if source == to), default=0.0)
        found.append(x + room / 2)
        x += room + GAP
    return found, x - GAP + MARGIN


# ---------------------------------------------------------------- what is drawn


def _edge(points: list[tuple[float, float]], source: Spot, to: Spot, colour: str) -> str:
    """A curve from a node to the next, through the places between, with a head."""
    points = [
        (points[0][0] + source.width / 2, points[0][1]),
        *points[1:-1],
        (points[-1][0] - to.width / 2 - 2, points[-1][1]),
    ]
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x, y), (u, v) in pairwise(points):
        middle = (x + u) / 2
        path += f" C{middle:.1f} {y:.1f} {middle:.1f} {v:.1f} {u:.1f} {v:.1f}"
    x, y = points[-1]
    head = (
        f'<path d="M{x - 8:.1f} {y - 4:.1f} L{x:.1f} {y:.1f} L{x - 8:.1f} {y + 4:.1f}" fill="none" stroke="{colour}"/>'
    )
    return f'<path d="{path}" fill="none" stroke="{colour}"/>{head}'


def _node(spot: Spot, x: float, y: float, colour: dict[str, str]) -> str:
    left, top = x - spot.width / 2, y - HALF
    box = (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{spot.width:.1f}" height="{2 * HALF}" rx="10" '
        f'fill="{colour["panel"]}" stroke="{colour["ink"]}"/>'
    )
    both = bool(spot.name and spot.operation)
    words = [
        (spot.name, y - 2 if both else y + 4, "ink"),
        (spot.operation, y + 12 if both else y + 4, "quiet"),
        (spot.value, top - 5, "good"),
        (spot.gradient, top + 2 * HALF + 14, "bad"),
    ]
    return box + "".join(
        f'<text x="{x:.1f}" y="{height:.1f}" fill="{colour[which]}">{escape(visible(said))}</text>'
        for said, height, which in words
        if said
    )
