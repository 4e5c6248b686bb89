"""IN over a table and EXISTS anywhere but between the ANDs of WHERE: what a table says of a row, as a column of it.

Below the query stands a rule that joins its stream with the table and gives all columns and the answer, `$asked1`, `$asked2`, ..; no name in a
file can be the same, and stars pass these columns over. In a query that groups the answer belongs to its rows: it may stand in
WHERE, in GROUP BY, inside an aggregate, and where an expression of GROUP BY is said again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from cep.plan.bind.aggregates import find_aggregate
from cep.plan.bind.membership import TableTest, parts_of, table_test, with_table
from cep.plan.bind.names import HIDDEN, item_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.plan.bind.membership import TableShape
    from cep.plan.bind.report import Report


def with_answers(
    node: ast.Select,
    tables: dict[str, TableShape],
    hide: Callable[[ast.Select], str],
    report: Report,
) -> ast.Select:
    """Return a query that asks no table: its stream has the answers as columns; `hide` makes a rule of a query.

    Errors: CEP236 no such table, CEP258 IN over a table whose key has several columns. What cannot be a join stays
    and is refused where it stands.
    """
    if not isinstance(node.from_, ast.TableName):
        return node
    answers = _Answers(node.from_, tables, hide, report)
    where, group_by = answers.of(node.where), answers.of(node.group_by)
    further = answers.inside_aggregates if group_by else answers.of
    items = tuple(_named(item, further(item)) for item in node.items)
    return replace(
        node,
        where=where,
        group_by=group_by,
        items=items,
        having=further(node.having),
        order_by=further(node.order_by),
        qualify=answers.of(node.qualify),
        windows=answers.of(node.windows),
        from_=answers.source,
    )


def _named(old: Any, new: Any) -> Any:
    """Return an item of the select list with the name it had before."""
    if new == old or not isinstance(old, ast.SelectItem) or old.alias is not None:
        return new
    return replace(new, alias=item_name(old.value))


@dataclass(slots=True)
class _Answers:
    """The answers a query needs so far: `known`, by question; `source`: the stream that has them."""

    source: ast.TableName
    tables: dict[str, TableShape]
    hide: Callable[[ast.Select], str]
    report: Report
    known: dict[ast.Expression, ast.Expression] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)

    def of(self, node: Any) -> Any:
        """Return an expression, or what holds expressions, with answers for questions."""
        if isinstance(node, ast.InTable | ast.Exists):
            return self._answer(node)
        return parts_of(node, self.of)

    def inside_aggregates(self, node: Any) -> Any:
        """Return an expression over groups: questions are answered in aggregates, or if GROUP BY asked them."""
        if isinstance(node, ast.InTable | ast.Exists):
            return self.known.get(node, node)
        if isinstance(node, ast.Call) and find_aggregate(node) is not None:
            return self.of(node)
        return parts_of(node, self.inside_aggregates)

    def _answer(self, node: ast.InTable | ast.Exists) -> ast.Expression:
        if node not in self.known:
            test = table_test(node, self.source, self.tables, self.report)
            if test is None:
                return node
            wrong = ast.Boolean(False, node.span)  # noqa: FBT003
            self.known[node] = wrong if isinstance(test, str) else self._asked(test)
        return self.known[node]

    def _asked(self, test: TableTest) -> ast.Expression:
        """Make the rule that asks; return the column with its answer."""
        span = test.condition.span
        owner = ast.Name(self.source.alias or self.source.name, span)
        join, key = with_table(self.source, test, self.tables[test.table])
        answer: ast.Expression = ast.Is(key, "null", test.keeps, span)
        if test.asked is not None:
            unknown = ast.Is(test.asked, "null", span=span)
            answer = ast.Case(None, ((unknown, ast.Null(span)),), answer, span)
        name = f"{HIDDEN}asked{len(self.names) + 1}"
        items = [ast.SelectItem(ast.MemberStar(owner, span), span=span)]
        items += [
            ast.SelectItem(ast.Member(owner, n, span), alias=n, span=span) for n in self.names
        ]
        items.append(ast.SelectItem(answer, alias=name, span=span))
        stream = self.hide(ast.Select(tuple(items), join, span=span))
        self.source = ast.TableName(stream, alias=owner.name, span=self.source.span)
        self.names.append(name)
        return ast.Name(name, span)
