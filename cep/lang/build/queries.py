"""Builds queries: SELECT and its clauses, tables, MATCH and MATCH_RECOGNIZE, output control."""

from __future__ import annotations

from typing import Any

from cep.lang import ast
from cep.lang.build.base import Base, identifier, present
from cep.lang.build.clauses import SELECT_ORDER, Clause, by_keyword

OUTPUT_CLAUSES = (ast.Emit, ast.Suppress, ast.RateLimit, ast.OutTime)


def _keep(keyword: str) -> Any:
    """Return a callback for a clause whose content is its only child."""

    def build(self: Base, meta: Any, children: list[Any]) -> Clause:
        return Clause(keyword, children[0], self.span(meta))

    return build


def _list(keyword: str) -> Any:
    """Return a callback for a clause whose content are all its children."""

    def build(self: Base, meta: Any, children: list[Any]) -> Clause:
        return Clause(keyword, tuple(children), self.span(meta))

    return build


def _word(value: str) -> Any:
    def build(_: Base, __: Any, ___: list[Any]) -> str:
        return value

    return build


class QueryRules(Base):
    """Rules of the grammar's sections on queries, row pattern recognition, MATCH and output control."""

    # ------------------------------------------------------------ SELECT

    from_clause = _keep("FROM")
    where = _keep("WHERE")
    group_by = _keep("GROUP BY")
    having = _keep("HAVING")
    qualify = _keep("QUALIFY")
    windows = _list("WINDOW")
    order_by = _list("ORDER BY")
    partition_by = _list("PARTITION BY")
    distinct = _word("distinct")

    def limit(self, meta: Any, children: list[Any]) -> Clause:
        """LIMIT n."""
        return Clause("LIMIT", self.count(children[0]), self.span(meta))

    def select_q(self, meta: Any, children: list[Any]) -> Any:
        """SELECT with its clauses, or APPLY."""
        if len(children) == 1 and isinstance(children[0], ast.Apply):
            return children[0]
        with_, distinct, items, *clauses = children
        listed = [
            Clause("EMIT", c, c.span) if isinstance(c, OUTPUT_CLAUSES) else c for c in clauses
        ]
        found = by_keyword(self, listed, SELECT_ORDER, frozenset({"EMIT"}))
        return ast.Select(
            items,
            found.get("FROM"),
            found.get("WHERE"),
            found.get("GROUP BY", ()),
            found.get("HAVING"),
            found.get("QUALIFY"),
            found.get("WINDOW", ()),
            found.get("ORDER BY", ()),
            found.get("LIMIT"),
            tuple(found.get("EMIT", ())),
            distinct=distinct is not None,
            with_=with_ or (),
            span=self.span(meta),
        )

    def union_all(self, meta: Any, children: list[Any]) -> ast.Union:
        """A UNION ALL b."""
        return ast.Union(children[0], children[1], self.span(meta))

    def select_list(self, _: Any, children: list[Any]) -> tuple[Any, ...]:
        """Items with commas."""
        return tuple(children)

    def star(self, meta: Any, _: list[Any]) -> ast.Star:
        """*."""
        return ast.Star(self.span(meta))

    def item(self, meta: Any, children: list[Any]) -> ast.SelectItem:
        """Expression [AS name]."""
        value, alias = children
        return ast.SelectItem(value, identifier(str(alias)) if alias else None, self.span(meta))

    def sort_item(self, meta: Any, children: list[Any]) -> ast.SortItem:
        """Expression [ASC] [NULLS FIRST]."""
        value, direction, nulls = children
        first_or_last: Any = str(nulls).lower() if nulls else None
        return ast.SortItem(value, direction, first_or_last, self.span(meta))

    asc = _word("asc")
    desc = _word("desc")

    def named_win(self, meta: Any, children: list[Any]) -> ast.NamedWindow:
        """Name AS (spec)."""
        return ast.NamedWindow(identifier(str(children[0])), children[1], self.span(meta))

    def with_cte(self, _: Any, children: list[Any]) -> tuple[Any, ...]:
        """WITH a AS (..), b AS (..)."""
        return tuple(children)

    def cte(self, meta: Any, children: list[Any]) -> ast.CommonTable:
        """Name AS (query)."""
        return ast.CommonTable(identifier(str(children[0])), children[1], self.span(meta))

    def apply_template(self, meta: Any, children: list[Any]) -> ast.Apply:
        """APPLY t(args) and its output control."""
        name, *rest = present(children)
        output = tuple(c for c in rest if isinstance(c, OUTPUT_CLAUSES))
        args = tuple(c for c in rest if not isinstance(c, OUTPUT_CLAUSES))
        return ast.Apply(name, args, output, self.span(meta))

    # ------------------------------------------------------------ tables

    def alias(self, _: Any, children: list[Any]) -> str:
        """[AS] name."""
        return identifier(str(children[0]))

    def table_name(self, meta: Any, children: list[Any]) -> ast.TableName:
        """Stream or table."""
        name, as_of, alias = children
        return ast.TableName(name, as_of, alias, self.span(meta))

    def as_of(self, _: Any, children: list[Any]) -> Any:
        """FOR SYSTEM_TIME AS OF t."""
        return children[0]

    def derived(self, meta: Any, children: list[Any]) -> ast.Derived:
        """(query) AS name."""
        query, alias = children
        return ast.Derived(query, alias, self.span(meta))

    def table_func(self, meta: Any, children: list[Any]) -> ast.TableFunction:
        """f(args)."""
        name, *args, alias = children
        return ast.TableFunction(name, tuple(args), alias=alias, span=self.span(meta))

    def std_func(self, meta: Any, children: list[Any]) -> ast.TableFunction:
        """TABLE(f(args))."""
        name, *args, alias = children
        return ast.TableFunction(
            name, tuple(args), standard=True, alias=alias, span=self.span(meta)
        )

    def tf_table(self, meta: Any, children: list[Any]) -> ast.TableArgument:
        """TABLE t."""
        return ast.TableArgument(children[-1], span=self.span(meta))

    def tf_ntable(self, meta: Any, children: list[Any]) -> ast.TableArgument:
        """DATA => TABLE t."""
        return ast.TableArgument(children[-1], identifier(str(children[0])), self.span(meta))

    def tf_desc(self, meta: Any, children: list[Any]) -> ast.Descriptor:
        """DESCRIPTOR(c)."""
        return ast.Descriptor(children[0], span=self.span(meta))

    def tf_ndesc(self, meta: Any, children: list[Any]) -> ast.Descriptor:
        """TIMECOL => DESCRIPTOR(c)."""
        return ast.Descriptor(children[1], identifier(str(children[0])), self.span(meta))

    inner = _word("inner")
    left = _word("left")
    right = _word("right")
    full = _word("full")
    asof = _word("asof")
    left_asof = _word("left_asof")

    def within_both(self, _: Any, children: list[Any]) -> tuple[Any, Any, Any]:
        """WITHIN d."""
        return children[0], None, None

    def within_sides(self, _: Any, children: list[Any]) -> tuple[Any, Any, Any]:
        """WITHIN (a BEFORE, b AFTER)."""
        return None, children[0], children[1]

    def join(self, meta: Any, children: list[Any]) -> ast.Join:
        """A JOIN b WITHIN d ON c."""
        left, kind, right, within, condition = children
        both, before, after = within or (None, None, None)
        return ast.Join(left, right, kind, condition, both, before, after, self.span(meta))

    # ------------------------------------------------------------ MATCH and MATCH_RECOGNIZE

    measures = _list("MEASURES")
    pattern_cl = _keep("PATTERN")
    after_match = _keep("AFTER MATCH")
    define = _list("DEFINE")
    subset = _list("SUBSET")
    within_time = _keep("WITHIN")
    gap_clause = _keep("GAP")

    def within_events(self, meta: Any, children: list[Any]) -> Clause:
        """WITHIN n EVENTS."""
        return Clause("WITHIN EVENTS", self.count(children[0]), self.span(meta))

    def _starts(self, meta: Any, which: str) -> Clause:
        return Clause("STARTS", which, self.span(meta))

    def starts_first(self, meta: Any, _: list[Any]) -> Clause:
        """STARTS FIRST."""
        return self._starts(meta, "first")

    def starts_last(self, meta: Any, _: list[Any]) -> Clause:
        """STARTS LAST."""
        return self._starts(meta, "last")

    def starts_each(self, meta: Any, _: list[Any]) -> Clause:
        """STARTS EACH."""
        return self._starts(meta, "each")

    def one_row(self, meta: Any, _: list[Any]) -> Clause:
        """ONE ROW PER MATCH."""
        return Clause("ROWS PER MATCH", "one", self.span(meta))

    def all_rows(self, meta: Any, children: list[Any]) -> Clause:
        """ALL ROWS PER MATCH."""
        kind = children[0] if children else None
        return Clause("ROWS PER MATCH", kind or "all", self.span(meta))

    show_empty = _word("all_show_empty")
    omit_empty = _word("all_omit_empty")
    with_unmatched = _word("all_unmatched")

    def measure(self, meta: Any, children: list[Any]) -> ast.Measure:
        """Expression AS name."""
        return ast.Measure(children[0], identifier(str(children[1])), self.span(meta))

    def _skip(self, meta: Any, kind: str, children: list[Any]) -> ast.Skip:
        variable = identifier(str(children[0])) if children else None
        return ast.Skip(kind, variable, self.span(meta))  # type: ignore[arg-type]

    def past_last(self, meta: Any, children: list[Any]) -> ast.Skip:
        """PAST LAST ROW."""
        return self._skip(meta, "past_last", children)

    def to_next(self, meta: Any, children: list[Any]) -> ast.Skip:
        """TO NEXT ROW."""
        return self._skip(meta, "to_next", children)

    def to_first(self, meta: Any, children: list[Any]) -> ast.Skip:
        """TO FIRST v."""
        return self._skip(meta, "to_first", children)

    def to_last(self, meta: Any, children: list[Any]) -> ast.Skip:
        """TO LAST v."""
        return self._skip(meta, "to_last", children)

    def to_var(self, meta: Any, children: list[Any]) -> ast.Skip:
        """TO v."""
        return self._skip(meta, "to_variable", children)

    def no_skip(self, meta: Any, children: list[Any]) -> ast.Skip:
        """NONE."""
        return self._skip(meta, "none", children)

    def subset_item(self, meta: Any, children: list[Any]) -> ast.Subset:
        """U = (A, B)."""
        return ast.Subset(identifier(str(children[0])), children[1], self.span(meta))

    def def_cond(self, meta: Any, children: list[Any]) -> ast.Define:
        """V AS condition."""
        return ast.Define(identifier(str(children[0])), children[1], span=self.span(meta))

    def def_stream(self, meta: Any, children: list[Any]) -> ast.Define:
        """V AS STREAM s WHERE c."""
        name, stream, condition = children
        return ast.Define(identifier(str(name)), condition, stream, self.span(meta))

    def part_item(self, meta: Any, children: list[Any]) -> ast.PartitionItem:
        """Key [AS name]."""
        value, alias = children
        return ast.PartitionItem(value, identifier(str(alias)) if alias else None, self.span(meta))

    def match_opt(self, _: Any, children: list[Any]) -> Clause:
        """An option of MATCH."""
        return children[0]  # type: ignore[no-any-return]

    def _shared(self, found: dict[str, Any]) -> dict[str, Any]:
        return {
            "partition_by": found.get("PARTITION BY", ()),
            "within": found.get("WITHIN"),
            "within_events": found.get("WITHIN EVENTS"),
            "gap": found.get("GAP"),
            "skip": found.get("AFTER MATCH"),
            "starts": found.get("STARTS"),
            "subsets": found.get("SUBSET", ()),
            "defines": found.get("DEFINE", ()),
            "order_by": found.get("ORDER BY", ()),
        }

    def match_short(self, meta: Any, children: list[Any]) -> ast.Match:
        """[source] MATCH (pattern options)."""
        source, pattern, *options, alias = children
        found = by_keyword(self, options, None, frozenset())
        return ast.Match(source, pattern, **self._shared(found), alias=alias, span=self.span(meta))

    def match_rec(self, meta: Any, children: list[Any]) -> ast.MatchRecognize:
        """Source MATCH_RECOGNIZE (clauses)."""
        source, *clauses, alias = children
        found = by_keyword(self, clauses, None, frozenset())
        if "PATTERN" not in found:
            msg = "MATCH_RECOGNIZE without PATTERN"
            raise self.mistake("CEP104", msg, self.span(meta), "add PATTERN (A B ...)")
        return ast.MatchRecognize(
            source,
            found["PATTERN"],
            measures=found.get("MEASURES", ()),
            rows=found.get("ROWS PER MATCH"),
            **self._shared(found),
            alias=alias,
            span=self.span(meta),
        )

    # ------------------------------------------------------------ output control

    def emit(self, meta: Any, children: list[Any]) -> ast.Emit:
        """EMIT mode."""
        mode, every, kind, columns = children[0]
        return ast.Emit(mode, every, kind, columns, self.span(meta))

    def emit_final(self, _: Any, __: list[Any]) -> tuple[Any, ...]:
        """FINAL, ON WINDOW CLOSE."""
        return "final", None, None, ()

    def emit_changes(self, _: Any, children: list[Any]) -> tuple[Any, ...]:
        """CHANGES [EVERY d]."""
        return "changes", children[0] if children else None, None, ()

    def emit_on_close(self, _: Any, __: list[Any]) -> tuple[Any, ...]:
        """ON CLOSE."""
        return "on_close", None, None, ()

    def emit_on_match(self, _: Any, __: list[Any]) -> tuple[Any, ...]:
        """ON MATCH."""
        return "on_match", None, None, ()

    def emit_on_expiry(self, _: Any, __: list[Any]) -> tuple[Any, ...]:
        """ON EXPIRY."""
        return "on_expiry", None, None, ()

    def emit_on_change(self, _: Any, children: list[Any]) -> tuple[Any, ...]:
        """ON CHANGE OF (columns)."""
        return "on_change", None, None, children[0]

    def emit_mode(self, _: Any, children: list[Any]) -> tuple[Any, ...]:
        """EVERY d [kind]."""
        return "every", children[0], children[1], ()

    snapshot = _word("snapshot")
    last = _word("last")
    first = _word("first")
    all = _word("all")

    def suppress(self, meta: Any, children: list[Any]) -> ast.Suppress:
        """SUPPRESS BY (columns) FOR d."""
        return ast.Suppress(children[0], children[1], self.span(meta))

    def rate_limit(self, meta: Any, children: list[Any]) -> ast.RateLimit:
        """LIMIT n PER d [BY (columns)]."""
        count, per, columns = children
        return ast.RateLimit(self.count(count), per, columns or (), self.span(meta))

    def out_time(self, meta: Any, children: list[Any]) -> ast.OutTime:
        """TIMESTAMP e."""
        return ast.OutTime(children[0], self.span(meta))
