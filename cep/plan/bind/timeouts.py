"""ON TIMEOUT: queries over the runs of a MATCH that end by time (ruling 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.lang import ast
from cep.plan.bind.expressions import bind_condition
from cep.plan.bind.report import is_broken
from cep.plan.bind.select import bind_items, project, throttle
from cep.plan.nodes import Ended, Filter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cep.errors import Span
    from cep.plan.bind.environment import Environment
    from cep.plan.bind.match_select import MatchSelectScope
    from cep.plan.bind.report import Report
    from cep.plan.expressions import Expr
    from cep.plan.nodes import Item, Node
    from cep.schema import Schema

_EXCLUDED = {
    "from_": "FROM",
    "with_": "WITH",
    "group_by": "GROUP BY",
    "having": "HAVING",
    "qualify": "QUALIFY",
    "windows": "WINDOW",
}


def timeout_selects(queries: Sequence[ast.Query], report: Report) -> tuple[ast.Select, ...]:
    """Return the ON TIMEOUT queries that are a SELECT list with WHERE and output control.

    Errors: CEP224 anything else.
    """
    found = []
    for query in queries:
        if not isinstance(query, ast.Select):
            message = "ON TIMEOUT takes a SELECT over the variables of the pattern"
            report.add("CEP224", message, query.span)
            continue
        for clause, word in _EXCLUDED.items():
            if getattr(query, clause) not in (None, ()):
                message = f"{word} in ON TIMEOUT: it reads the runs of the MATCH above"
                hint = "write a second rule that reads the output stream of this one"
                report.add("CEP224", message, query.span, hint)
        for output in query.output:
            if isinstance(output, ast.Emit):
                message = "EMIT in ON TIMEOUT: a row comes when the run ends"
                report.add("CEP224", message, output.span, "leave it out")
        found.append(query)
    return tuple(found)


class BoundTimeout:
    """An ON TIMEOUT query whose names are resolved; `node` puts it on the runs that ended.

    Errors: those of select lists and conditions.
    """

    def __init__(
        self, select: ast.Select, scope: MatchSelectScope, environment: Environment
    ) -> None:
        self.select = select
        self.environment = environment
        scope.place = "SELECT"
        self.items: list[tuple[Item, Span]] | None = bind_items(
            select.items, scope, scope, environment.report
        )
        self.where: Expr | None = None
        if select.where is not None:
            scope.place = "WHERE"
            self.where = bind_condition(select.where, scope)

    @property
    def broken(self) -> bool:
        """Whether something in it is wrong (and reported)."""
        return self.items is None or (self.where is not None and is_broken(self.where))

    def node(self, schema: Schema) -> Node:
        """Return the query over rows of these columns, those of the rule's MATCH."""
        top: Node = Ended(schema)
        if self.where is not None:
            top = Filter(top, self.where, schema)
        top = project(self.items or (), top, None, self.environment.report)
        return throttle(self.select.output, top, frozenset(), self.environment)
