"""From patterns to automata: states, order of moves, guards, absences, minimum completion."""

from __future__ import annotations

import pytest

from cep.pattern.automaton import DEAD
from cep.pattern.build import build
from cep.plan.nodes import Absent, AnyOrder, Atom, Choice, Repeat, Sequence

A, B, C = Atom("a"), Atom("b"), Atom("c")


def seq(*parts, edges=None):
    return Sequence(parts, edges or ("relaxed",) * (len(parts) - 1))


def shape(pattern):
    """Return `state: moves` lines of an automaton, in the order of its states."""
    automaton = build(pattern)
    lines = ["start: " + " ".join(automaton.states[m.target].name for m in automaton.starts)]
    for number, state in enumerate(automaton.states):
        words = []
        for move in state.moves:
            word = ("!" if move.strict else "") + move.variable
            if move.kind == "loop":
                word += "*" if move.limit is None else f"*{move.limit}"
            if move.kind == "round":
                word += "@" if move.limit is None else f"@{move.limit}"
            if move.fill is not None and move.fill.start is None:
                word += "&" + automaton.states[move.at_limit].name
            words.append(word)
        words += [f"not {name}" for name in state.guards]
        if state.absence is not None:
            words.append(f"then {automaton.states[state.satisfied].name}")
        if state.accepting:
            words.append("match")
        elif state.skipped == DEAD:
            words.append("or dies")
        elif state.skipped != number:
            words.append(f"or {automaton.states[state.skipped].name}")
        lines.append(f"{state.name}: " + " ".join(words))
    return lines


SHAPES = [
    (seq(A, B), ["start: a", "a: b", "b: match"]),
    (seq(A, B, edges=("strict",)), ["start: a", "a: !b or dies", "b: match"]),
    (
        seq(A, Repeat(B, 0, 1), C),
        ["start: a", "a: b c", "b: c", "c: match"],
    ),
    (
        seq(Repeat(A, 0, 1), B),
        ["start: a b", "a: b", "b: match"],
    ),
    (
        seq(Repeat(A, 3, None), B),
        ["start: a_below", "a_below: a*3", "a_open: b a*", "b: match"],
    ),
    (
        seq(Repeat(A, 2, 3), B),
        ["start: a_below", "a_below: a*2", "a_open: b a*3", "b: match", "a: b"],
    ),
    (Repeat(A, 3, None), ["start: a_below", "a_below: a*3", "a_open: match"]),
    (seq(A, Repeat(B, 0, None)), ["start: a", "a: match"]),
    (seq(A, Absent(("n",), None), B), ["start: a", "a: b not n", "b: match"]),
    (seq(A, Absent(("n",), 10)), ["start: a", "a: not n then a_quiet", "a_quiet: match"]),
    (
        seq(Repeat(A, 1, None), Absent(("n",), 10), B),
        ["start: a_open", "a_open: a* not n then a_quiet", "a_quiet: b", "b: match"],
    ),
    (
        seq(A, Repeat(B, 0, 1), Absent(("n",), None), C),
        ["start: a", "a: b c not n", "b: c not n", "c: match"],
    ),
    (
        seq(A, Repeat(B, 0, 1), C, edges=("strict", "relaxed")),
        ["start: a", "a: !b c or a_lapsed", "b: c", "c: match", "a_lapsed: c"],
    ),
    (
        seq(Repeat(A, 3, None, "strict"), B),
        ["start: a_below", "a_below: !a*3 or dies", "a_open: b !a* or a_open_lapsed", "b: match",
         "a_open_lapsed: b"],
    ),
    (
        seq(Repeat(A, 1, None, possessive=True), B),
        ["start: a_open", "a_open: a* b", "b: match"],
    ),
    (
        seq(AnyOrder((("a", 1), ("b", 2)), 2, ("n",)), C),
        ["start: a_b_missing a_b_missing", "a_b_missing: a&a_b b&a_b not n", "a_b: c", "c: match"],
    ),
    (
        AnyOrder((("a", 1), ("b", 1)), 2, strict=True),
        ["start: a_b_missing a_b_missing", "a_b_missing: !a&a_b !b&a_b or dies", "a_b: match"],
    ),
    (
        seq(A, AnyOrder((("a", 1), ("b", 2)), 1), C),
        ["start: a", "a: a b", "a_b: c", "a_b_missing: a&a_b b&a_b", "c: match"],
    ),
    (Choice((A, B)), ["start: a a", "a: match"]),
    (
        seq(A, Choice((B, seq(C, A))), C),
        ["start: a", "a: b c", "b: c", "c: a", "c_2: match"],
    ),
    (
        seq(Repeat(seq(A, B), 1, None), C),
        ["start: a", "a: b", "b: c a@", "c: match"],
    ),
    (
        seq(Repeat(seq(A, B), 2, 3), C),
        ["start: a_rounds_below", "a_rounds_below: b", "b_rounds_below: a@2", "a_rounds_open: b",
         "b_rounds_open: c a@3", "c: match", "a_rounds_full: b", "b_rounds_full: c"],
    ),
    (
        seq(Repeat(seq(A, Repeat(B, 1, None)), 2, 2), C),
        ["start: a_rounds_below", "a_rounds_below: b", "b_open_rounds_below: b* a@2",
         "a_rounds_full: b", "b_open_rounds_full: c b*", "c: match"],
    ),
    (
        seq(Repeat(seq(A, B), 2, 2, "strict"), C),
        ["start: a_rounds_below", "a_rounds_below: b", "b_rounds_below: !a@2 or dies",
         "a_rounds_full: b", "b_rounds_full: c", "c: match"],
    ),
    (
        seq(Repeat(seq(A, B), 1, None, possessive=True), C),
        ["start: a", "a: b", "b: a@ c", "c: match"],
    ),
    (
        seq(A, Repeat(seq(B, C), 0, 1), A),
        ["start: a", "a: b a", "b: c", "a_2: match", "c: a"],
    ),
    (
        seq(Repeat(Choice((A, B)), 1, None), C),
        ["start: a a", "a: c a@ b@", "c: match"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "expected"), SHAPES)
def test_shape(pattern, expected):
    assert shape(pattern) == expected


def test_nested_sequences_are_the_flat_one():
    flat = seq(A, B, C)
    assert build(seq(seq(A, B), C)) == build(flat) == build(seq(A, seq(B, C)))


def test_optional_steps_are_known():
    automaton = build(seq(A, Repeat(B, 0, 1), C))
    assert automaton.optional == (False, True, False)


def test_empty_pattern_is_our_mistake():
    with pytest.raises(ValueError, match="empty"):
        build(Repeat(A, 0, None))
