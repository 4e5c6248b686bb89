"""Every construct the grammar accepts and this version does not run: one row each, and one way to say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cep.errors import Span
    from cep.plan.bind.report import Report
    from cep.plan.expressions import Expr


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a construct is refused: code, its name in rule text, what to write instead."""

    code: str
    construct: str
    hint: str = ""


_SECOND_RULE = "write a second rule that reads the output stream of the first"

# Key: class of the AST node, or class and the field or value that makes it special.
REFUSED: dict[str, Refusal] = {
    # statements
    "CreateFunction.aggregate": Refusal("CEP301", "CREATE AGGREGATE FUNCTION"),
    "ExplainWhy": Refusal(
        "CEP301", "EXPLAIN WHY of a rule without MATCH ( .. )", "it tells of the runs of a MATCH"
    ),
    # streams
    "CreateStream.schemaless": Refusal(
        "CEP310", "* over a stream without columns", "name the fields"
    ),
    "PrimaryKey": Refusal("CEP310", "PRIMARY KEY"),
    "ColumnDefinition.primary_key": Refusal("CEP310", "PRIMARY KEY"),
    "ColumnDefinition.default": Refusal(
        "CEP310",
        "DEFAULT in a table with a file, or in one that no rule writes",
        "use COALESCE(..) in the rule",
    ),
    "ColumnDefinition.computed": Refusal(
        "CEP310",
        "a computed column of a table with a file, or of one that no rule writes",
        "compute it in the rule",
    ),
    "Option.retain": Refusal("CEP310", "the option retain"),
    "TypeName": Refusal("CEP309", "this type"),
    "Annotation.on_error": Refusal("CEP310", "@on_error"),
    "Annotation.warmup": Refusal("CEP310", "@warmup"),
    "Annotation.ttl": Refusal(
        "CEP310",
        "@ttl anywhere but with GROUP BY without a window and EMIT CHANGES or EMIT ON CHANGE OF",
        "group by a window, or leave it out",
    ),
    "Ttl.collects": Refusal("CEP310", "@ttl with an aggregate that keeps its values"),
    "Annotation.peers": Refusal("CEP310", "@peers"),
    # queries
    "Insert.star": Refusal("CEP302", "a star beside a list of columns", "write the columns out"),
    "Select.from_": Refusal("CEP302", "SELECT without FROM"),
    "Select.group_by": Refusal(
        "CEP302",
        "GROUP BY without a window",
        "add a window, GROUP BY .., TUMBLE(10s), or EMIT CHANGES",
    ),
    "View.having": Refusal(
        "CEP302",
        "HAVING in a view that groups without a window",
        "ask for it where the view is read",
    ),
    "Select.group_over": Refusal("CEP302", "OVER beside GROUP BY", _SECOND_RULE),
    "TableName.as_of": Refusal("CEP303", "FOR SYSTEM_TIME AS OF outside a join with a table"),
    # windows
    "Descriptor": Refusal("CEP304", "a window over a column that is not the event time"),
    "Frame.following": Refusal("CEP304", "a frame that ends after or before this row"),
    "WindowSpec.order_by": Refusal(
        "CEP304", "OVER ordered by anything but the event time", "leave ORDER BY out"
    ),
    # expressions
    "InTable": Refusal(
        "CEP306",
        "IN over a table in HAVING, in a condition of a pattern or incident, or over a join or window table function",
        "write a subquery: FROM (SELECT *, k IN t AS known FROM s) ..",
    ),
    "Exists": Refusal(
        "CEP306",
        "EXISTS in HAVING, in a condition of a pattern or incident, or over a join or window table function",
        "it asks for rows of a table: SELECT EXISTS (SELECT * FROM t WHERE t.key = s.k) AS known FROM s",
    ),
    "Binary.regexp": Refusal("CEP306", "REGEXP", "use LIKE"),
    "Call.later": Refusal("CEP305", "this function"),
    "Call.distinct": Refusal("CEP305", "DISTINCT in a condition of MATCH_RECOGNIZE"),
    "Recognize.collects": Refusal(
        "CEP305", "an aggregate that keeps its values, in MATCH_RECOGNIZE", "use MATCH ( .. )"
    ),
    # patterns
    "Quantified.combine": Refusal(
        "CEP307",
        "COMBINE without an upper limit under AFTER MATCH SKIP NONE where runs cannot share their events",
        "let no condition read a binding, give the loop a limit such as {1,3}, or leave AFTER MATCH out",
    ),
    "Fork.max_runs": Refusal("CEP307", "@max_runs with ->> or COMBINE", "make WITHIN shorter"),
    "Fork.grows": Refusal("CEP307", "EMIT CHANGES or ON CLOSE with ->> or COMBINE"),
    "Fork.distinct": Refusal(
        "CEP307", "DISTINCT, or an aggregate that keeps its values, with ->> or COMBINE"
    ),
    # clauses of MATCH
    "Match.partition": Refusal(
        "CEP312",
        "PARTITION BY anything but columns that all streams have, or a named expression over one stream",
        "give the key a name: PARTITION BY UPPER(k) AS key",
    ),
    # MATCH_RECOGNIZE
    "Recognize.edge_gap": Refusal("CEP307", "a gap on an edge of MATCH_RECOGNIZE", "use WITHIN"),
    "Recognize.stream": Refusal("CEP312", "several streams in MATCH_RECOGNIZE", "use MATCH ( .. )"),
    "Recognize.gap": Refusal("CEP312", "GAP beside -> or RELAXED", "use WITHIN"),
    "Recognize.starts": Refusal("CEP312", "STARTS in MATCH_RECOGNIZE", "use MATCH ( .. )"),
    # output
    "Emit.changes": Refusal(
        "CEP308", "EMIT CHANGES over any window but TUMBLE", "write TUMBLE(10s), or leave it out"
    ),
    "Emit.changes_every": Refusal(
        "CEP308", "EMIT CHANGES EVERY without MATCH", "write EMIT EVERY 10s"
    ),
    "Emit.on_close": Refusal("CEP308", "EMIT ON CLOSE"),
    "Emit.on_expiry": Refusal("CEP308", "EMIT ON EXPIRY"),
    "Emit.on_change": Refusal("CEP308", "EMIT ON CHANGE OF"),
    "Emit.every": Refusal("CEP308", "EMIT EVERY"),
    "Emit.final": Refusal("CEP308", "EMIT FINAL without a window", "leave it out"),
    "Emit.on_match": Refusal("CEP308", "EMIT ON MATCH without MATCH", "leave it out"),
}

# Functions and aggregates the language has and this version does not.
LATER_FUNCTIONS = frozenset([
    "approx_quantile",
    "topk",
    "collect",
    "histogram",
    "events",
    "lead",
    "rank",
    "dense_rank",
    "ntile",
])


def refuse(report: Report, key: str, span: Span, *, name: str = "", hint: str = "") -> Expr:
    """Report a construct of the table as not supported; `name` replaces its name in the message.

    Errors: the code of the row.
    """
    row = REFUSED[key]
    message = f"{name or row.construct} is not supported yet"
    return report.add(row.code, message, span, hint or row.hint)
