"""The automaton of a rule as a picture: states and labelled edges for `cep explain`."""

from __future__ import annotations

from cep.graph import graph
from cep.pattern.automaton import DEAD, Automaton, Move, State

START = "start"
KILLED = "killed"


def picture(automaton: Automaton) -> graph.Automaton:
    """Return the automaton as states and edges, in order of preference, ready to be drawn."""
    states = [graph.AutomatonState(START, _waits(automaton.starts))]
    edges = [_edge(automaton, START, move) for move in automaton.starts]
    killed = False
    for state in automaton.states:
        label = "match" if state.accepting else _waits(state.moves)
        states.append(graph.AutomatonState(state.name, label, state.accepting))
        for move in state.moves:
            edges += _edges(automaton, state, move)
        edges += _other_edges(automaton, state)
        killed = killed or any(edge.target == KILLED for edge in _other_edges(automaton, state))
    if killed:
        states.append(graph.AutomatonState(KILLED, "run ends"))
    return graph.Automaton(tuple(states), tuple(edges))


def _waits(moves: tuple[Move, ...]) -> str:
    names = dict.fromkeys(move.variable for move in moves)
    return "waits for " + " or ".join(names) if names else "waits for a deadline"


def _edge(automaton: Automaton, source: str, move: Move) -> graph.AutomatonEdge:
    mark = " (next event)" if move.strict else ""
    return graph.AutomatonEdge(source, automaton.states[move.target].name, move.variable + mark)


def _edges(automaton: Automaton, state: State, move: Move) -> list[graph.AutomatonEdge]:
    """Return the edge of a move, and a second one for a loop that reaches its limit."""
    if move.limit is None:
        return [_edge(automaton, state.name, move)]
    limit = graph.AutomatonEdge(
        state.name, automaton.states[move.at_limit].name, f"{move.variable} number {move.limit}"
    )
    if move.target == DEAD:
        return [limit]
    return [_edge(automaton, state.name, move), limit]


def _other_edges(automaton: Automaton, state: State) -> list[graph.AutomatonEdge]:
    """Return the edges that no bound event takes: guards, a deadline, a broken strict edge."""
    edges = [graph.AutomatonEdge(state.name, KILLED, f"not {name}") for name in state.guards]
    if state.accepting:
        return edges
    number = automaton.states.index(state)
    if state.absence is not None:
        target = automaton.states[state.satisfied].name
        label = f"no {' or '.join(automaton.absences[state.absence].variables)} until the deadline"
        edges.append(graph.AutomatonEdge(state.name, target, label))
    if state.skipped == DEAD:
        edges.append(graph.AutomatonEdge(state.name, KILLED, "any other event"))
    elif state.skipped != number:
        target = automaton.states[state.skipped].name
        edges.append(graph.AutomatonEdge(state.name, target, "any other event"))
    return edges
