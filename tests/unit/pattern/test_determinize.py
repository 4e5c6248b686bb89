"""Which row patterns have a deterministic automaton, and how large it is."""

from __future__ import annotations

import pytest

from cep.codegen.recognize.parts import conditions_of
from cep.errors import SourceText
from cep.lang import parse
from cep.pattern.recognize.determinize import Deterministic, determinize
from cep.pattern.recognize.possible import possible_results
from cep.pattern.recognize.program import build_program
from cep.plan.binder import bind
from cep.plan.recognition import Recognize
from cep.plan.tree import source_of

DISTINCT = "A AS v = 1, B AS v = 2, C AS v = 3"


def automaton_of(pattern: str, define: str, *, timed: bool = False) -> Deterministic | None:
    """Return the automaton of a pattern."""
    text = (
        "CREATE STREAM s (ts TIMESTAMP, v INT, WATERMARK FOR ts AS ts);\n"
        "CREATE RULE m AS SELECT * FROM s MATCH_RECOGNIZE (ORDER BY ts MEASURES 1 AS one "
        f"PATTERN ({pattern}) DEFINE {define});"
    )
    plan = bind(parse(SourceText("t.cep", text)).statements).plan
    assert plan is not None
    node = plan.rules[0].root
    while not isinstance(node, Recognize):
        below = source_of(node)
        assert below is not None
        node = below
    program = build_program(node.pattern, {v.name: n for n, v in enumerate(node.variables)})
    alone = [c for c in conditions_of(node) if c.alone]
    possible = possible_results([c.alone for c in alone])
    return determinize(program, tuple(c.number for c in alone), possible, timed=timed)


def states(automaton: Deterministic) -> list[str]:
    """Return the configurations: the states of their threads, `!` behind a complete match."""
    return [
        "".join(str(t.state) for t in c.threads) + "!" * c.complete
        for c in automaton.configurations
    ]


FOUND = [
    # Any row is an A: every row starts, until three rises in a row make the oldest start a match.
    ("A B{3,}", "B AS v > PREV(v)", ["", "1", "21", "321", "4!"]),
    ("A B", "A AS v = 1, B AS v = 2", ["", "1"]),
    ("A+ B", "A AS v = 1, B AS v = 2", ["", "1"]),
    ("A B* C", DISTINCT, ["", "1"]),
    ("A B | A C", DISTINCT, ["", "13"]),
    ("(A | B)+? C", DISTINCT, ["", "1"]),
    ("A B C?", "A AS v = 1, B AS v > 1, C AS v > 2", ["", "1", "2!"]),
    ("A -> B", "A AS v = 1, B AS v = 2", ["", "1"]),
    ("A -> NOT B -> C", DISTINCT, ["", "1"]),
]


@pytest.mark.parametrize(("pattern", "define", "expected"), FOUND, ids=[p for p, _, _ in FOUND])
def test_configurations(pattern: str, define: str, expected: list[str]) -> None:
    automaton = automaton_of(pattern, define)
    assert automaton is not None
    assert states(automaton) == expected


NONE = [
    ("A (B C)?", DISTINCT),  # after A B and no C the row of B would have to be read again
    ("A B | C", "A AS v > 1, B AS v > 2, C AS v > 3"),  # C is complete while A waits for B
    ("^ A B", "A AS v = 1, B AS v = 2"),
    ("A*", "A AS v = 1"),  # empty matches
    ("A{40} B", "B AS v = 2"),  # forty threads
    ("A B C D E F", "A AS v=1, B AS v=2, C AS v=3, D AS v=4, E AS v=5, F AS v=6"),
]


@pytest.mark.parametrize(("pattern", "define"), NONE, ids=[p for p, _ in NONE])
def test_no_automaton(pattern: str, define: str) -> None:
    assert automaton_of(pattern, define) is None


def test_time_ends_the_oldest_start() -> None:
    """A match that is complete is given; else the starts behind the oldest one stay, each a place further to the front."""
    automaton = automaton_of("A B{3,}", "B AS v > PREV(v)", timed=True)
    assert automaton is not None
    after = [
        (states(automaton)[e.target], [a.source for a in e.threads], e.gives)
        for e in automaton.expiries
    ]
    assert after == [("", [], False), ("1", [1], False), ("21", [1, 2], False), ("", [], True)]


def test_with_time_two_starts_in_one_state_are_two() -> None:
    """`A+ B`: every A starts, and stands where the A before it stands; the younger one lives longer."""
    define = "A AS v = 1, B AS v = 2"
    assert automaton_of("A+ B", define) is not None
    assert automaton_of("A+ B", define, timed=True) is None


POSSIBLE = [
    ("A AS v = 1, B AS v = 2", [True, True, True, False]),
    ("A AS v < 2, B AS v >= 2", [True, True, True, False]),
    ("A AS v <= 2, B AS 2 <= v", [True, True, True, True]),
    ("A AS v > 1 AND v < 3, B AS v > 5", [True, True, True, False]),
    ("A AS v = 1, B AS PREV(v) = 2", [True, True, True, True]),
    ("A AS v = 1 OR v = 2, B AS v = 3", [True, True, True, True]),
]


@pytest.mark.parametrize(("define", "expected"), POSSIBLE, ids=[d for d, _ in POSSIBLE])
def test_conditions_that_exclude_each_other(define: str, expected: list[bool]) -> None:
    text = (
        "CREATE STREAM s (ts TIMESTAMP, v INT, WATERMARK FOR ts AS ts);\n"
        "CREATE RULE m AS SELECT * FROM s MATCH_RECOGNIZE (ORDER BY ts MEASURES 1 AS one "
        f"PATTERN (A B) DEFINE {define});"
    )
    plan = bind(parse(SourceText("t.cep", text)).statements).plan
    assert plan is not None
    node = source_of(plan.rules[0].root)
    while not isinstance(node, Recognize):
        assert node is not None
        node = source_of(node)
    assert list(possible_results([c.alone for c in conditions_of(node)])) == expected
