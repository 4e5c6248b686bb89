"""Automata as text that a person can check: states in order, what each waits for, and its edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cep.graph.graph import Automaton, AutomatonEdge, AutomatonState


def automaton_text(automaton: Automaton) -> list[str]:
    """Return the lines of an automaton: its clauses, then each state with its edges in order of preference."""
    clauses = f": {', '.join(automaton.clauses)}" if automaton.clauses else ""
    lines = [f"automaton{clauses}"]
    titles = _titles(automaton.states)
    for state in automaton.states:
        lines.append(f"  {_state(state, titles[state.name])}")
        lines += [f"    {_edge(e, titles)}" for e in automaton.edges if e.source == state.name]
    return lines


def _titles(states: tuple[AutomatonState, ...]) -> dict[str, str]:
    """Return the title of each state; those that several states share get a number."""
    first = {state.name: state.label.partition("\n")[0] for state in states}
    titles: dict[str, str] = {}
    for name, title in first.items():
        alike = [n for n, t in first.items() if t == title]
        titles[name] = title if len(alike) == 1 else f"{title} #{alike.index(name) + 1}"
    return titles


def _state(state: AutomatonState, title: str) -> str:
    _, *notes = state.label.split("\n")
    if state.accepting and "match" not in (title, *notes) and not title.startswith("match"):
        notes.append("match")
    return f"[{title}]" + (f" {', '.join(notes)}" if notes else "")


def _edge(edge: AutomatonEdge, titles: dict[str, str]) -> str:
    return f"-> [{titles[edge.target]}]  {' '.join(edge.label.split())}"
