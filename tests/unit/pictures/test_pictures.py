"""Pictures: nothing overlaps, every box and arrow is in every format, and the formats are well formed."""

from __future__ import annotations

import json
import re
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cep.compile import compile_rules
from cep.explain import explain
from cep.pictures.diagram import Arrow, Box, Diagram, wrap
from cep.pictures.dot import to_dot
from cep.pictures.layout import Place, lay_out
from cep.pictures.mermaid import to_mermaid
from cep.pictures.svg import to_svg
from cep.rule_files import rule_sources

KINDS = st.sampled_from(["stream", "operator", "state", "accepting", "dead"])
TEXT = st.text(max_size=40)
LINES = st.lists(TEXT, min_size=1, max_size=3).map(tuple)


@st.composite
def diagrams(draw: st.DrawFn) -> Diagram:
    count = draw(st.integers(0, 8))
    boxes = tuple(Box(f"box {i}", draw(LINES), draw(KINDS)) for i in range(count))
    if not boxes:
        return Diagram(draw(TEXT), (), ())
    names = st.sampled_from([b.name for b in boxes])
    labels = st.just(()) | LINES
    arrows = draw(st.lists(st.builds(Arrow, names, names, labels), max_size=14))
    return Diagram(draw(TEXT), boxes, tuple(arrows))


def overlap(a: Place, b: Place) -> bool:
    apart = a.x + a.width <= b.x or b.x + b.width <= a.x
    above = a.y + a.height <= b.y - b.above or b.y + b.height <= a.y - a.above
    return not (apart or above)


@given(diagrams())
@settings(max_examples=150)
def test_boxes_and_labels_do_not_overlap(diagram: Diagram) -> None:
    layout = lay_out(diagram)
    places = list(layout.boxes.values()) + [r.label for r in layout.routes if r.label is not None]
    assert not [1 for a, b in combinations(places, 2) if overlap(a, b)]
    for place in places:
        assert place.x >= 0
        assert place.y - place.above >= 30  # below the title
        assert place.x + place.width <= layout.width + 1e-6
        assert place.y + place.height <= layout.height + 1e-6
    loops = sum(a.source == a.target for a in diagram.arrows)
    assert len(layout.loops) == loops
    assert len(layout.routes) == len(diagram.arrows) - loops


@given(diagrams())
@settings(max_examples=150)
def test_every_format_has_every_box_and_arrow(diagram: Diagram) -> None:
    root = ET.fromstring(to_svg(diagram))
    shapes = root.findall(".//{*}rect[@class='box']")
    assert len(shapes) == len(diagram.boxes)
    lines = [p for p in root.findall("{*}path") if p.get("marker-end")]
    assert len(lines) == len(diagram.arrows)
    mermaid = to_mermaid(diagram).split("\n")[:-1]
    assert json.loads(mermaid[1].removeprefix("title: ")) == diagram.title
    assert mermaid[3] == "flowchart LR"
    assert sum(" -->" in row for row in mermaid) == len(diagram.arrows)
    assert len(mermaid) == 4 + len(diagram.boxes) + len(diagram.arrows)
    for row in mermaid[4:]:
        for text in re.findall(r'"([^"]*)"', row):
            rest = text.replace("<br/>", "")
            assert not set(rest) & set('<>|`"')
            assert re.fullmatch(r"(?:[^#&]|#\d+;)*", rest)
    dot = to_dot(diagram)
    quoted = r'"(?:[^"\\]|\\.)*"'
    rows = dot.split("\n  ")[1:]
    assert sum(
        bool(re.match(rf"{quoted} -> {quoted} \[label={quoted}\];", r, re.S)) for r in rows
    ) == len(diagram.arrows)
    assert sum(
        bool(re.match(rf"{quoted} \[shape=\w+, label={quoted}\];", r, re.S)) for r in rows
    ) == len(diagram.boxes)


@given(st.text(max_size=100), st.integers(5, 40))
def test_wrapped_text_keeps_its_words(text: str, columns: int) -> None:
    lines = wrap(text, columns)
    assert all(len(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


STORY = rule_sources("rules/fire_detection.cep")


@pytest.mark.parametrize("form", ["svg", "mermaid", "dot"])
def test_the_fire_rules(form: str) -> None:
    graph = compile_rules(STORY).graph
    text = explain(STORY, format=form)
    for rule in graph.rules:
        assert rule.name in text
        assert rule.output in text
        if rule.automaton is None:
            continue
        picture = explain(STORY, rule=rule.name, format=form)
        if form == "svg":
            root = ET.fromstring(picture)
            assert len(root.findall(".//{*}rect[@class='box']")) == len(rule.automaton.states)
        elif form == "mermaid":
            assert picture.count(" -->") == len(rule.automaton.edges)
        else:
            assert picture.count(" [shape=") == len(rule.automaton.states)
            assert picture.count(" -> ") >= len(rule.automaton.edges)
