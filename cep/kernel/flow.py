"""Definite assignment and missing results: a walk over the statements of one function.

The state is the set of locals assigned on every way to a place, or None where no way leads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.kernel.tree import (
    Assign,
    Break,
    Const,
    Continue,
    Discard,
    For,
    If,
    Local,
    Return,
    Stmt,
    Store,
    While,
    scalars,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cep.kernel.tree import Expr

Assigned = frozenset[str] | None


def check_flow(
    body: Iterable[Stmt], parameters: Iterable[str], *, returns: bool
) -> tuple[int, str] | None:
    """Return (line, message) of the first mistake, or None.

    A mistake is a read of a local that some way leaves unassigned, a statement no way leads to, or
    (with `returns`) an end of the function that is reached without a result; its line is 0.
    """
    flow = _Flow()
    end = flow.block(body, frozenset(parameters))
    if flow.problem is None and returns and end is not None:
        return 0, "the function can end without a result"
    return flow.problem


def _meet(left: Assigned, right: Assigned) -> Assigned:
    if left is None:
        return right
    return left if right is None else left & right


class _Flow:
    """The walk; `problem` is the first mistake found."""

    def __init__(self) -> None:
        self.problem: tuple[int, str] | None = None
        self._breaks: list[Assigned] = []

    def _mistake(self, line: int, message: str) -> None:
        if self.problem is None:
            self.problem = (line, message)

    def _read(self, state: Assigned, *exprs: Expr) -> None:
        for expr in exprs:
            for node in walk(expr):
                if isinstance(node, Local) and state is not None and node.name not in state:
                    self._mistake(node.line, f"{node.name!r} may be read before it is assigned")

    def block(self, body: Iterable[Stmt], state: Assigned) -> Assigned:
        for statement in body:
            if state is None:
                self._mistake(statement.line, "this statement can never run")
                return None
            state = self._statement(statement, state)
        return state

    def _statement(self, statement: Stmt, state: frozenset[str]) -> Assigned:
        match statement:
            case Assign(name=name, value=value):
                self._read(state, value)
                return state | {name}
            case Store(index=index, value=value):
                self._read(state, value, index)
                return state
            case Discard(arguments=arguments):
                self._read(state, *scalars(arguments))
                return state
            case Return(value=result):
                if result is not None:
                    self._read(state, result)
                return None
            case Break():
                self._breaks[-1] = _meet(self._breaks[-1], state)
                return None
            case Continue():
                return None
            case _:
                return self._compound(statement, state)

    def _compound(self, statement: If | While | For, state: frozenset[str]) -> Assigned:
        match statement:
            case If(condition=condition, body=body, orelse=orelse):
                self._read(state, condition)
                return _meet(self.block(body, state), self.block(orelse, state))
            case While(condition=condition, body=body):
                self._read(state, condition)
                broken = self._loop(body, state)
                forever = isinstance(condition, Const) and condition.value is True
                return broken if forever else state
            case For(name=name, start=start, stop=stop, body=body):
                self._read(state, start, stop)
                self._loop(body, state | {name})
                return state

    def _loop(self, body: Iterable[Stmt], state: frozenset[str]) -> Assigned:
        self._breaks.append(None)
        self.block(body, state)
        return self._breaks.pop()
