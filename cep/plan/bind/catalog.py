"""Statements about other statements: DROP, PAUSE and RESUME, SET, EXPLAIN, KEEP STATE, queries outside rules.

They act in text order on what stands before them. A query outside a rule is a rule that is called `query1`, ..; CREATE TABLE
t .. AS is the table and a rule `t$fill`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from cep.errors import nearest
from cep.lang import ast
from cep.plan.bind.membership import view_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cep.errors import Span
    from cep.plan.bind.report import Report

_KINDS: dict[str, type] = {
    "rule": ast.CreateRule,
    "stream": ast.CreateStream,
    "table": ast.CreateTable,
    "view": ast.CreateView,
    "incident": ast.CreateIncident,
    "function": ast.CreateFunction,
    "template": ast.CreateTemplate,
}
_RULES = (ast.CreateRule, ast.CreateIncident)
_VALUES = (ast.Number, ast.Text, ast.Duration)
MAX_RUNS = "engine.max_runs"


@dataclass(slots=True)
class Catalog:
    """Statements that declare something; rules that do not run; rules to explain, questions; values of SET."""

    statements: list[ast.Statement] = field(default_factory=list)
    paused: set[str] = field(default_factory=set)
    explained: list[str] = field(default_factory=list)
    questions: list[ast.ExplainWhy] = field(default_factory=list)
    max_runs: int | None = None


def settle(statements: Sequence[ast.Statement], report: Report) -> Catalog:
    """Return what is declared once all statements have acted.

    Errors: CEP208 SET of an unknown option, CEP216 its value, CEP237 a statement about something that is not declared,
    CEP238 KEEP STATE of another rule.
    """
    settling = _Settling(report)
    for node in statements:
        settling.take(node)
    return settling.found


@dataclass(slots=True)
class _Settling:
    report: Report
    found: Catalog = field(default_factory=Catalog)
    queries: int = 0
    explanations: int = 0

    def take(self, node: ast.Statement) -> None:
        """Let a statement act."""
        match node:
            case ast.Insert():
                self.queries += 1
                self._declare(ast.CreateRule(f"query{self.queries}", node, span=node.span))
            case ast.ExplainQuery():
                self.explanations += 1
                name = f"explained{self.explanations}"
                self._declare(ast.CreateRule(name, node.body, span=node.span))
                self.found.paused.add(name)
                self.found.explained.append(name)
            case ast.ExplainRule():
                if self._known(node.name, _RULES, "EXPLAIN RULE", node.span):
                    self.found.explained.append(node.name)
            case ast.ExplainWhy():
                if self._known(node.rule, _RULES, "EXPLAIN WHY", node.span):
                    self.found.questions.append(node)
            case ast.RuleState():
                self._state(node)
            case ast.Drop():
                self._drop(node)
            case ast.SetOption():
                self._set(node)
            case ast.CreateRule():
                self._check_kept(node)
                self._declare(node)
            case ast.CreateTable(query=query) if query is not None:
                self._table(node, query)
            case _:
                self._declare(node)

    def _declare(self, node: ast.Statement) -> None:
        """Add a statement; OR REPLACE takes the place of the one before it, whose queries are gone with it."""
        place = self._replaced(node) if getattr(node, "or_replace", False) else None
        if place is None:
            self.found.statements.append(node)
        else:
            self.found.statements[place] = node
        if isinstance(node, _RULES):
            self.found.paused.discard(node.name)
            if any(a.name.lower() == "disabled" for a in node.annotations):
                self.found.paused.add(node.name)

    def _replaced(self, node: ast.Statement) -> int | None:
        """Return where the statement stands that this one replaces, None if there is none."""
        kinds = _RULES if isinstance(node, _RULES) else (type(node),)
        name = getattr(node, "name", None)
        for place, earlier in enumerate(self.found.statements):
            if isinstance(earlier, kinds) and getattr(earlier, "name", None) == name:
                return place
        return None

    def _table(self, node: ast.CreateTable, query: ast.Query) -> None:
        """Declare a table with the rule that fills it; without columns it is a view that groups."""
        view = ast.CreateView(node.name, query, or_replace=node.or_replace, span=node.span)
        if node.elements is None and view_key(view):
            self._declare(view)
            return
        self._declare(replace(node, query=None))
        if node.elements is not None:
            body = ast.Insert(query, node.name, upsert=True, span=node.span)
            fill = f"{node.name}$fill"
            self._declare(ast.CreateRule(fill, body, or_replace=node.or_replace, span=node.span))

    def _known(self, name: str, kinds: Any, what: str, span: Span) -> bool:
        names = [n.name for n in self.found.statements if isinstance(n, kinds)]
        if name in names:
            return True
        hint = nearest(name, names) or "it must be declared before this statement"
        self.report.add("CEP237", f"{what}: there is no {name!r}", span, hint)
        return False

    def _state(self, node: ast.RuleState) -> None:
        if not self._known(node.name, _RULES, f"{node.action.upper()} RULE", node.span):
            return
        if node.action == "pause":
            self.found.paused.add(node.name)
        else:
            self.found.paused.discard(node.name)

    def _drop(self, node: ast.Drop) -> None:
        kind = _KINDS[node.kind]
        there = [
            s
            for s in self.found.statements
            if isinstance(s, kind) and getattr(s, "name", None) == node.name
        ]
        if not there:
            if not node.if_exists:
                self._known(node.name, kind, f"DROP {node.kind.upper()}", node.span)
            return
        self.found.statements = [s for s in self.found.statements if s not in there]
        self.found.paused.discard(node.name)
        self.found.explained = [n for n in self.found.explained if n != node.name]
        self.found.questions = [q for q in self.found.questions if q.rule != node.name]

    def _set(self, node: ast.SetOption) -> None:
        if node.name.lower() != MAX_RUNS:
            hint = nearest(node.name, [MAX_RUNS]) or f"the option is {MAX_RUNS}"
            self.report.add("CEP208", f"unknown option {node.name!r}", node.span, hint)
            return
        value = node.value.value if isinstance(node.value, ast.Number) else None
        if not isinstance(value, int) or value < 1:
            message = f"{MAX_RUNS} takes a number of runs, such as 1000"
            self.report.add("CEP216", message, node.value.span)
            return
        self.found.max_runs = value

    def _check_kept(self, node: ast.CreateRule) -> None:
        """Report KEEP STATE of a rule of another form than the one before it."""
        if node.state != "keep":
            return
        earlier = [
            s
            for s in self.found.statements
            if isinstance(s, ast.CreateRule) and s.name == node.name
        ]
        if earlier and _shape(earlier[-1].body) != _shape(node.body):
            message = f"{node.name} has another form than before: its state cannot be kept"
            hint = "literals and durations of conditions may change; write RESET STATE"
            self.report.add("CEP238", message, node.span, hint)


def _shape(node: Any) -> Any:
    """Return a query with all literals of its expressions alike (ruling 30)."""
    if isinstance(node, _VALUES):
        return type(node).__name__
    if isinstance(node, tuple):
        return tuple(_shape(part) for part in node)
    if is_dataclass(node) and not isinstance(node, type):
        parts = (_shape(getattr(node, f.name)) for f in fields(node) if f.name != "span")
        return (type(node).__name__, *parts)
    return node
