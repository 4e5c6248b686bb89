"""Programs of row patterns: what may follow each state, by preference; their pictures."""

from __future__ import annotations

import pytest

from cep.errors import SourceText
from cep.lang import parse
from cep.lower import lower
from cep.pattern.recognize.program import Program, build_program
from cep.plan.binder import bind
from cep.plan.recognition import Recognize
from cep.plan.tree import source_of

STREAM = "CREATE STREAM s (ts TIMESTAMP, v INT, WATERMARK FOR ts AS ts);\n"


def node_of(pattern: str, clauses: str = "") -> Recognize:
    """Return the node of a rule with this pattern."""
    text = STREAM + (
        "CREATE RULE m AS SELECT * FROM s MATCH_RECOGNIZE (ORDER BY ts MEASURES 1 AS one "
        f"PATTERN ({pattern}) {clauses});"
    )
    plan = bind(parse(SourceText("t.cep", text)).statements).plan
    assert plan is not None
    node = plan.rules[0].root
    while not isinstance(node, Recognize):
        below = source_of(node)
        assert below is not None
        node = below
    return node


def program_of(pattern: str) -> tuple[Program, list[str]]:
    """Return the program of a pattern and, for each state, its moves by preference; `.` where it accepts."""
    node = node_of(pattern)
    program = build_program(node.pattern, {v.name: n for n, v in enumerate(node.variables)})
    places = ["" if s.variable < 0 else node.variables[s.variable].name for s in program.states]
    texts = []
    for state in program.states:
        moves = [places[m.target] + ("~" if m.wait >= 0 else "") for m in state.moves]
        texts.append(" ".join([*moves, *(["."] if state.accepting else [])]))
    return program, texts


MOVES = [
    ("A B", ["A", "B", "."]),
    ("A | B", ["A B", ".", "."]),
    ("A*", ["A .", "A ."]),
    ("A*?", [".", "."]),
    ("A+ B", ["A", "A B", "."]),
    ("A+? B", ["A", "B A", "."]),
    ("A? B", ["A B", "B", "."]),
    ("A{2,3}", ["A", "A", "A .", "."]),
    ("(A | B)+ C", ["A B", "A B C", "A B C", "."]),
    ("((A+)+ B)", ["A", "A B", "."]),
    # An iteration that binds no row ends the loop: leaving is preferred to a row.
    ("(A??)* B", ["B A", "B A", "."]),
    ("(A?)* B", ["A B", "A B", "."]),
    ("() | A", ["."]),
    ("A -> B", ["A", "B~", ".", "B~"]),
    ("A -> B? C", ["A", "B~ C~", "C", ".", "B~", "C~"]),
    ("A B{2} RELAXED", ["A", "B", "B~", ".", "B~"]),
]


@pytest.mark.parametrize(("pattern", "moves"), MOVES, ids=[p for p, _ in MOVES])
def test_moves_by_preference(pattern: str, moves: list[str]) -> None:
    _, found = program_of(pattern)
    assert found[: len(moves)] == moves


def test_the_first_row_of_a_key() -> None:
    program, found = program_of("^ A | B")
    assert program.anchored
    assert found[:2] == ["B", "A B"]


def test_what_leads_to_no_match_is_no_move() -> None:
    _, found = program_of("A ^ | B")
    assert found[0] == "B"


def test_the_picture_shows_preference_and_guards() -> None:
    text = STREAM + (
        "CREATE RULE m AS SELECT * FROM s MATCH_RECOGNIZE (ORDER BY ts MEASURES 1 AS one "
        "PATTERN (A+ -> NOT N -> B) WITHIN 1m DEFINE A AS v > 1, N AS v = 0, B AS v > A.v);"
    )
    plan = bind(parse(SourceText("t.cep", text)).statements).plan
    assert plan is not None
    picture = lower(plan).rules[0].automaton
    assert picture is not None
    assert [(s.name, s.accepting) for s in picture.states] == [
        ("start", False),
        ("A", False),
        ("B", True),
        ("wait for B", False),
    ]
    assert [(e.source, e.target, e.label) for e in picture.edges] == [
        ("start", "A", "A: v > 1"),
        ("A", "A", "1. A"),
        ("A", "B", "2. B: v > A.v, no N before"),
        ("A", "wait for B", "any other row"),
        ("wait for B", "B", "B, no N before"),
    ]
    assert picture.clauses == ("WITHIN 1m", "SKIP PAST LAST")
