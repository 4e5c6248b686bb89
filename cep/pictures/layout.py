"""Places for the boxes and labels of a diagram: layers from left to right, no two boxes overlap.

Source: Sugiyama, Tagawa, Toda (1981), "Methods for visual understanding of hierarchical system structures":
layers by longest path, dummy nodes for long edges, order within a layer by the barycentre of neighbours.
A label is a node of its own in the layer between its ends, so that labels never cover boxes either.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cep.pictures.diagram import Arrow, Box, Diagram

CHARACTER_WIDTH = 6.7  # px of a 12 px sans-serif letter, on the wide side
LINE_HEIGHT = 16.0
PADDING = 12.0
LAYER_GAP = 34.0
ROW_GAP = 22.0
MARGIN = 24.0
LOOP_HEIGHT = 26.0
SWEEPS = 8


@dataclass(slots=True)
class Place:
    """A laid out rectangle, px: a box, the label of an arrow, or a bend of a long arrow (no size)."""

    lines: tuple[str, ...]
    layer: int
    width: float
    height: float
    above: float = 0.0  # room kept above the rectangle for a loop and its label
    x: float = 0.0
    y: float = 0.0
    neighbours: list[Place] = field(default_factory=list)

    @property
    def middle(self) -> float:
        """Vertical centre."""
        return self.y + self.height / 2


@dataclass(slots=True)
class Route:
    """The places an arrow passes, from its source to its target; `label` is one of them or None."""

    arrow: Arrow
    stops: list[Place]
    label: Place | None


@dataclass(slots=True)
class Layout:
    """All places, px; `width` and `height` of the whole picture."""

    boxes: dict[str, Place]
    routes: list[Route]
    loops: list[Arrow]
    width: float
    height: float


def text_width(lines: tuple[str, ...]) -> float:
    """Return the width of the longest line, px."""
    return max((len(line) for line in lines), default=0) * CHARACTER_WIDTH


def lay_out(diagram: Diagram) -> Layout:
    """Return places for all boxes and labels of a diagram."""
    layers = _layers(diagram)
    loops = [a for a in diagram.arrows if a.source == a.target]
    boxes = {box.name: _box_place(box, 2 * layers[box.name], loops) for box in diagram.boxes}
    columns: dict[int, list[Place]] = {}
    for place in boxes.values():
        columns.setdefault(place.layer, []).append(place)
    routes = [
        _route(arrow, boxes, columns) for arrow in diagram.arrows if arrow.source != arrow.target
    ]
    _order(columns)
    return _coordinates(columns, boxes, routes, loops)


def _box_place(box: Box, layer: int, loops: list[Arrow]) -> Place:
    mine = [a for a in loops if a.source == box.name]
    above = sum(LOOP_HEIGHT + LINE_HEIGHT * len(a.lines) for a in mine)
    widest = max([text_width(box.lines), *(text_width(a.lines) for a in mine)])
    return Place(
        box.lines, layer, widest + 2 * PADDING, len(box.lines) * LINE_HEIGHT + PADDING, above
    )


def _layers(diagram: Diagram) -> dict[str, int]:
    """Return the longest distance of each box from the left; arrows that close a cycle do not count."""
    forward: dict[str, list[str]] = {box.name: [] for box in diagram.boxes}
    for arrow in diagram.arrows:
        if arrow.source != arrow.target and not _reaches(forward, arrow.target, arrow.source):
            forward[arrow.source].append(arrow.target)
    layers = dict.fromkeys(forward, 0)
    for _ in layers:
        for source, targets in forward.items():
            for target in targets:
                layers[target] = max(layers[target], layers[source] + 1)
    return layers


def _reaches(forward: dict[str, list[str]], start: str, goal: str) -> bool:
    waiting, seen = [start], {start}
    while waiting:
        name = waiting.pop()
        if name == goal:
            return True
        for follower in forward[name]:
            if follower not in seen:
                seen.add(follower)
                waiting.append(follower)
    return False


def _route(arrow: Arrow, boxes: dict[str, Place], columns: dict[int, list[Place]]) -> Route:
    source, target = boxes[arrow.source], boxes[arrow.target]
    step = 1 if target.layer >= source.layer else -1
    between = list(range(source.layer + step, target.layer, step)) or [source.layer + 1]
    stops = [source]
    label = None
    for layer in between:
        if label is None and arrow.lines:
            stop = Place(
                arrow.lines,
                layer,
                text_width(arrow.lines) + PADDING,
                len(arrow.lines) * LINE_HEIGHT + PADDING / 2,
            )
            label = stop
        else:
            stop = Place((), layer, 0.0, 0.0)
        columns.setdefault(layer, []).append(stop)
        stops.append(stop)
    stops.append(target)
    for left, right in itertools.pairwise(stops):
        left.neighbours.append(right)
        right.neighbours.append(left)
    return Route(arrow, stops, label)


def _order(columns: dict[int, list[Place]]) -> None:
    """Order each layer by the mean row of its neighbours, in sweeps to the right and back."""
    layers = sorted(columns)
    for sweep in range(SWEEPS):
        rows = {id(p): i for column in columns.values() for i, p in enumerate(column)}
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            columns[layer].sort(key=lambda place: _barycentre(place, rows))
            rows.update({id(p): i for i, p in enumerate(columns[layer])})


def _barycentre(place: Place, rows: dict[int, int]) -> float:
    if not place.neighbours:
        return rows[id(place)]
    return sum(rows[id(n)] for n in place.neighbours) / len(place.neighbours)


def _coordinates(
    columns: dict[int, list[Place]],
    boxes: dict[str, Place],
    routes: list[Route],
    loops: list[Arrow],
) -> Layout:
    x = MARGIN
    for layer in sorted(columns):
        widest = max(p.width for p in columns[layer])
        for place in columns[layer]:
            place.x = x + (widest - place.width) / 2
        x += widest + LAYER_GAP
        _stack(columns[layer], [0.0] * len(columns[layer]))
    for sweep in range(SWEEPS):
        for layer in sorted(columns, reverse=sweep % 2 == 1):
            _stack(columns[layer], [_wanted(place) for place in columns[layer]])
    everything = [place for column in columns.values() for place in column]
    top = min((p.y - p.above for p in everything), default=0.0)
    for place in everything:
        place.y += 2 * MARGIN - top
    bottom = max((p.y + p.height for p in everything), default=0.0)
    return Layout(boxes, routes, loops, x - LAYER_GAP + MARGIN, bottom + MARGIN)


def _wanted(place: Place) -> float:
    """Return the centre a place would have if it were alone: the mean of its neighbours'."""
    if not place.neighbours:
        return place.middle
    return sum(n.middle for n in place.neighbours) / len(place.neighbours)


def _stack(column: list[Place], wanted: list[float]) -> None:
    """Put the places of a layer as near to the wanted centres as their order and sizes allow.

    Source: pool adjacent violators (Barlow et al. 1972), on centres less the room of those above.
    """
    room = 0.0
    offsets = []
    for place in column:
        room += place.above
        offsets.append(room + place.height / 2)
        room += place.height + ROW_GAP
    pools: list[tuple[float, int]] = []  # mean position, number of places
    for centre, offset in zip(wanted, offsets, strict=True):
        mean, count = centre - offset, 1
        while pools and pools[-1][0] > mean:
            other, others = pools.pop()
            mean = (mean * count + other * others) / (count + others)
            count += others
        pools.append((mean, count))
    positions = [mean for mean, count in pools for _ in range(count)]
    for place, offset, position in zip(column, offsets, positions, strict=True):
        place.y = position + offset - place.height / 2
