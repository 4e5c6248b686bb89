"""The program of a MATCH_RECOGNIZE as a picture: states and labelled edges for `cep explain`.

Edges out of a state stand in the order of preference and are numbered where there are several.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.graph import graph
from cep.plan.explain_expressions import expression_text
from cep.times import format_duration

if TYPE_CHECKING:
    from cep.pattern.recognize.program import Program, RowMove
    from cep.plan.recognition import Recognize

START = "start"
MOST_STATES = 200  # a picture of more is of no use: loops with large bounds are written out


def recognize_picture(node: Recognize, program: Program) -> graph.Automaton | None:
    """Return the program as states and edges ready to be drawn; None if it is too large for a picture."""
    if len(program.states) > MOST_STATES:
        return None
    names = _names(node, program)
    states = []
    edges = []
    explained: set[int] = set()
    for number, state in enumerate(program.states):
        accepting = "\nmatch" if state.accepting else ""
        excluded = " (not shown)" if state.excluded else ""
        label = f"{names[number]}{excluded}{accepting}"
        states.append(graph.AutomatonState(names[number], label, state.accepting))
        for place, move in enumerate(state.moves, 1):
            rank = f"{place}. " if len(state.moves) > 1 else ""
            text = rank + _label(node, program, move, explained)
            edges.append(graph.AutomatonEdge(names[number], names[move.target], text))
            if move.wait >= 0 and move.wait != number:
                edges.append(graph.AutomatonEdge(names[number], names[move.wait], "any other row"))
    return graph.Automaton(tuple(states), tuple(edges), _clauses(node))


def _names(node: Recognize, program: Program) -> list[str]:
    """Return a unique name for every state: the variable, numbered where it stands at several places."""
    found: list[str] = []
    counts: dict[str, int] = {}
    for number, state in enumerate(program.states):
        if number <= program.anchored:
            name = START if number == 0 else f"{START} of key"
        elif state.variable < 0:
            target = program.states[state.moves[0].target].variable
            name = f"wait for {node.variables[target].name}"
        else:
            name = node.variables[state.variable].name
        counts[name] = counts.get(name, 0) + 1
        found.append(name if counts[name] == 1 else f"{name} {counts[name]}")
    return found


def _label(node: Recognize, program: Program, move: RowMove, explained: set[int]) -> str:
    """Return the text of a move: its variable, its condition the first time, what must not come before it."""
    number = program.states[move.target].variable
    variable = node.variables[number]
    text = variable.name
    if number not in explained and variable.condition is not None:
        text += f": {expression_text(variable.condition)}"
    explained.add(number)
    if move.guards:
        text += f", no {' or '.join(node.variables[n].name for n in move.guards)} before"
    return text


def _clauses(node: Recognize) -> tuple[str, ...]:
    """Return what holds for the pattern as a whole."""
    found = [f"PARTITION BY {', '.join(node.partition)}"] if node.partition else []
    if node.within_us is not None:
        found.append(f"WITHIN {format_duration(node.within_us)}")
    if node.within_events is not None:
        found.append(f"WITHIN {node.within_events} EVENTS")
    if node.gap_us is not None:
        found.append(f"GAP {format_duration(node.gap_us)}")
    skip = f"{node.skip.kind.upper().replace('_', ' ')} {node.skip.variable}".rstrip()
    found.append(f"SKIP {skip}")
    return tuple(found)
