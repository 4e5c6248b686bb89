"""Pictures of automata: what stands on the edges, in the boxes and in the title; nothing overlaps."""

from __future__ import annotations

import itertools
import re

import pytest

from cep.compile import compile_rules
from cep.errors import SourceText
from cep.explain import explain

STREAMS = (
    "CREATE STREAM r (ts TIMESTAMP, room STRING, kind STRING, value DOUBLE, ok BOOLEAN, "
    "WATERMARK FOR ts AS ts);\n"
)
WARM = "kind = 'warm' AND room <> 'the kitchen' AND value > a.value + 10 AND value < 90"

PICTURES = {
    "a:r[kind = 'hot'] -> b:r[kind = 'hot' AND value > a.value + 1] -> NOT n:r[kind = 'smoke'] FOR 30s": [
        "start -> a: a: kind = 'hot'",
        "a -> b: b: kind = 'hot' / AND value > a.value + 1.0",
        "b -> killed: NOT n: kind = 'smoke'",
        "b -> b_quiet: no n for 30s",
    ],
    "a:r -> NOT n:r[ok] -> b:r[NOT ok]": [
        "start -> a: a",
        "a -> b: b: NOT ok",
        "a -> killed: NOT n: ok",
    ],
    "f:r[NOT ok]{3,4} -> g:r[ok]": [
        "start -> f_below: f: NOT ok",
        "f_below -> f_below: f: NOT ok",
        "f_below -> f_open: f number 3: NOT ok",
        "f_open -> g: g: ok",
        "f_open -> f: f number 4: NOT ok",
        "f -> g: g: ok",
    ],
    "(a:r[ok] -> b:r[NOT ok]){2,4} -> c:r[value > 1]": [
        "start -> a_rounds_below: a: ok",
        "a_rounds_below -> b_rounds_below: b: NOT ok",
        "b_rounds_below -> a_rounds_open: a, round 2: ok",
        "a_rounds_open -> b_rounds_open: b: NOT ok",
        "b_rounds_open -> c: c: value > 1.0",
        "b_rounds_open -> a_rounds_open: a: ok",
        "b_rounds_open -> a_rounds_full: a, round 4: ok",
        "a_rounds_full -> b_rounds_full: b: NOT ok",
        "b_rounds_full -> c: c: value > 1.0",
    ],
    "a:r[ok] & b:r[value > 1] & NOT n:r[value > 9] -> c:r[NOT ok]": [
        "start -> a_b_missing: a: ok",
        "start -> a_b_missing: b: value > 1.0",
        "a_b_missing -> a_b_missing: a: ok",
        "a_b_missing -> a_b: a, the last missing: ok",
        "a_b_missing -> a_b_missing: b: value > 1.0",
        "a_b_missing -> a_b: b, the last missing: / value > 1.0",
        "a_b_missing -> killed: NOT n: value > 9.0",
        "a_b -> c: c: NOT ok",
    ],
    "a:r[ok] (b:r[value > 1] | c:r[value > 2])": [
        "start -> a: a: ok",
        "a -> b: b, the next event: value > 1.0",
        "a -> b: c, the next event: value > 2.0",
        "a -> killed: any other event",
    ],
    f"a:r[ok] -> b:r[{WARM}]+ -> c:r[NOT ok]": [
        "start -> a: a: ok",
        "a -> b_open: b: kind = 'warm' / AND room <> 'the kitchen' / AND value > a.value + 10.0 "
        "/ AND value < 90.0",
        "b_open -> c: c: NOT ok",
        "b_open -> b_open: b",
    ],
}


def text_of(pattern: str) -> str:
    return (
        f"{STREAMS}CREATE RULE p AS SELECT room FROM MATCH ({pattern} PARTITION BY room WITHIN 5m);"
    )


@pytest.mark.parametrize("pattern", PICTURES)
def test_edges(pattern: str) -> None:
    drawn = compile_rules([SourceText("p.cep", text_of(pattern))]).graph.rules[0].automaton
    assert drawn is not None
    labels = [f"{e.source} -> {e.target}: {' / '.join(e.label.splitlines())}" for e in drawn.edges]
    assert labels == PICTURES[pattern]
    names = [state.name for state in drawn.states]
    assert len(names) == len(set(names))
    assert {name for e in drawn.edges for name in (e.source, e.target)} <= set(names)
    assert any(state.accepting for state in drawn.states)
    assert drawn.clauses == ("PARTITION BY room", "WITHIN 5m")


def test_boxes_of_a_loop_say_how_often() -> None:
    text = text_of("f:r[NOT ok]{3,4} -> g:r[ok]")
    drawn = compile_rules([SourceText("p.cep", text)]).graph.rules[0].automaton
    assert drawn is not None
    waiting = [state for state in drawn.states[1:] if not state.accepting]
    boxes = [state.label.splitlines()[:2] for state in waiting]
    assert boxes == [["f", "1 to 2 bound"], ["f", "3 bound"], ["f", "4 bound"]]


@pytest.mark.parametrize("pattern", PICTURES)
def test_nothing_overlaps(pattern: str) -> None:
    svg = explain([SourceText("p.cep", text_of(pattern))], rule="p", format="svg")
    number = r"([\d.-]+)"
    shape = rf'class="(?:box|label)" x="{number}" y="{number}" width="{number}" height="{number}"'
    found = [tuple(map(float, m)) for m in re.findall(shape, svg)]
    assert len(found) > 3
    for (x, y, w, h), (x2, y2, w2, h2) in itertools.combinations(found, 2):
        assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y
