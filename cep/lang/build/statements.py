"""Builds statements."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cep.lang import ast
from cep.lang.build.base import Base, identifier, present, text_of


class StatementRules(Base):
    """Rules of the grammar's sections on statements."""

    def start(self, _: Any, children: list[Any]) -> tuple[ast.Statement, ...]:
        """All statements."""
        return tuple(children)

    # ------------------------------------------------------------ modules, parameters, functions

    def module_decl(self, meta: Any, children: list[Any]) -> ast.Module:
        """MODULE m."""
        return ast.Module(children[0], self.span(meta))

    def import_decl(self, meta: Any, children: list[Any]) -> ast.Import:
        """IMPORT 'f' AS n."""
        path, alias = children
        return ast.Import(text_of(path), identifier(str(alias)) if alias else None, self.span(meta))

    def param_decl(self, meta: Any, children: list[Any]) -> ast.Param:
        """PARAM p TYPE = default."""
        name, kind, default = children
        return ast.Param(identifier(str(name)), kind, default, self.span(meta))

    def set_stmt(self, meta: Any, children: list[Any]) -> ast.SetOption:
        """SET a = b."""
        return ast.SetOption(children[0], children[1], self.span(meta))

    def agg(self, _: Any, __: list[Any]) -> str:
        """AGGREGATE."""
        return "aggregate"

    def or_replace(self, _: Any, __: list[Any]) -> str:
        """OR REPLACE."""
        return "or replace"

    def if_not_exists(self, _: Any, __: list[Any]) -> str:
        """IF NOT EXISTS."""
        return "if not exists"

    def if_exists(self, _: Any, __: list[Any]) -> str:
        """IF EXISTS."""
        return "if exists"

    def cols_typed(self, _: Any, children: list[Any]) -> tuple[ast.FunctionParameter, ...]:
        """A type, b type."""
        pairs = zip(children[::2], children[1::2], strict=True)
        return tuple(
            ast.FunctionParameter(
                identifier(str(n)), t, replace(t.span, start=self.token_span(n).start)
            )
            for n, t in pairs
        )

    def create_function(self, meta: Any, children: list[Any]) -> ast.CreateFunction:
        """CREATE [AGGREGATE] FUNCTION."""
        replace, aggregate, name, parameters, returns, language, body = children
        return ast.CreateFunction(
            identifier(str(name)),
            parameters or (),
            returns,
            identifier(str(language)),
            text_of(body),
            aggregate=aggregate is not None,
            or_replace=replace is not None,
            span=self.span(meta),
        )

    def t_stream(self, _: Any, __: list[Any]) -> str:
        """STREAM."""
        return "stream"

    def t_column(self, _: Any, __: list[Any]) -> str:
        """COLUMN."""
        return "column"

    def tkind(self, _: Any, children: list[Any]) -> Any:
        """A type."""
        return children[0]

    def tparam(self, meta: Any, children: list[Any]) -> ast.TemplateParameter:
        """Name kind = default."""
        name, kind, default = children
        return ast.TemplateParameter(identifier(str(name)), kind, default, self.span(meta))

    def create_template(self, meta: Any, children: list[Any]) -> ast.CreateTemplate:
        """CREATE TEMPLATE."""
        replace, name, *parameters, query = children
        return ast.CreateTemplate(
            identifier(str(name)),
            tuple(parameters),
            query,
            or_replace=replace is not None,
            span=self.span(meta),
        )

    # ------------------------------------------------------------ streams and tables

    def col_def(self, meta: Any, children: list[Any]) -> ast.ColumnDefinition:
        """A column and its options."""
        name, kind, *options = children
        found = dict(options)
        if len(found) < len(options):
            msg = f"an option of column {identifier(str(name))} stands twice"
            raise self.mistake("CEP104", msg, self.span(meta), "one is enough")
        return ast.ColumnDefinition(identifier(str(name)), kind, **found, span=self.span(meta))

    def not_null(self, _: Any, __: list[Any]) -> tuple[str, Any]:
        """NOT NULL."""
        return "not_null", True

    def primary_key(self, _: Any, __: list[Any]) -> tuple[str, Any]:
        """PRIMARY KEY."""
        return "primary_key", True

    def default_value(self, _: Any, children: list[Any]) -> tuple[str, Any]:
        """DEFAULT e."""
        return "default", children[0]

    def computed(self, _: Any, children: list[Any]) -> tuple[str, Any]:
        """AS (e)."""
        return "computed", children[0]

    def watermark_def(self, meta: Any, children: list[Any]) -> ast.Watermark:
        """WATERMARK FOR c AS e."""
        return ast.Watermark(identifier(str(children[0])), children[1], self.span(meta))

    def late_def(self, meta: Any, children: list[Any]) -> ast.LateInto:
        """LATE INTO s."""
        return ast.LateInto(children[0], self.span(meta))

    def tie_def(self, meta: Any, children: list[Any]) -> ast.Tiebreak:
        """TIEBREAK BY (c)."""
        return ast.Tiebreak(children[0], self.span(meta))

    def pk_def(self, meta: Any, children: list[Any]) -> ast.PrimaryKey:
        """PRIMARY KEY (c)."""
        return ast.PrimaryKey(children[0], self.span(meta))

    def option(self, meta: Any, children: list[Any]) -> ast.Option:
        """Name = value."""
        name, value = children
        plain = name if type(name) is str else text_of(name)  # else a token: a text in quotes
        return ast.Option(plain, value, self.span(meta))

    def with_opts(self, _: Any, children: list[Any]) -> tuple[ast.Option, ...]:
        """WITH (options)."""
        return tuple(present(children))

    def _created(self, children: list[Any]) -> tuple[dict[str, Any], list[Any]]:
        """Split off annotations and the words before the name."""
        annotations = tuple(c for c in children if isinstance(c, ast.Annotation))
        rest = [c for c in children if not isinstance(c, ast.Annotation)]
        return {"annotations": annotations}, rest

    def create_stream(self, meta: Any, children: list[Any]) -> ast.CreateStream:
        """CREATE STREAM."""
        common, (replace, exists, name, *elements, options) = self._created(children)
        found = tuple(present(elements))
        return ast.CreateStream(
            name,
            found or None,
            options,
            **common,
            or_replace=replace is not None,
            if_not_exists=exists is not None,
            span=self.span(meta),
        )

    def create_table(self, meta: Any, children: list[Any]) -> ast.CreateTable:
        """CREATE TABLE."""
        common, (replace, exists, name, *elements, options, query) = self._created(children)
        found = tuple(present(elements))
        return ast.CreateTable(
            name,
            found or None,
            options,
            query,
            **common,
            or_replace=replace is not None,
            if_not_exists=exists is not None,
            span=self.span(meta),
        )

    def create_view(self, meta: Any, children: list[Any]) -> ast.CreateView:
        """CREATE VIEW."""
        common, (replace, name, query) = self._created(children)
        return ast.CreateView(
            name, query, **common, or_replace=replace is not None, span=self.span(meta)
        )

    # ------------------------------------------------------------ rules

    def annotation(self, meta: Any, children: list[Any]) -> ast.Annotation:
        """@name(args); `@null_key(group)` and the like are words, not columns."""
        name, *args = present(children)
        span = self.span(meta)
        self.refused = [r for r in self.refused if not span.start <= r.span.start < span.end]
        return ast.Annotation(identifier(str(name)), tuple(args), span)

    def ann_arg(self, meta: Any, children: list[Any]) -> Any:
        """Value, or name = value."""
        if len(children) == 1:
            return children[0]
        found = present(children)
        if len(found) == 1:
            return found[0]
        return ast.NamedArgument(identifier(str(found[0])), found[1], self.span(meta))

    def version(self, _: Any, children: list[Any]) -> str:
        """VERSION v."""
        text = str(children[0])
        return text_of(text) if text.startswith("'") else text

    def keep_state(self, _: Any, __: list[Any]) -> str:
        """KEEP STATE."""
        return "keep"

    def reset_state(self, _: Any, __: list[Any]) -> str:
        """RESET STATE."""
        return "reset"

    def insert_into(self, _: Any, children: list[Any]) -> tuple[bool, str, tuple[str, ...]]:
        """INSERT INTO s (columns)."""
        word, target, columns = children
        return str(word).upper() == "UPSERT", target, columns or ()

    def insert_query(self, meta: Any, children: list[Any]) -> ast.Insert:
        """[INSERT INTO s] query."""
        into, query = children
        upsert, target, columns = into or (False, None, ())
        return ast.Insert(query, target, columns, upsert, self.span(meta))

    def timeout_query(self, _: Any, children: list[Any]) -> ast.Insert:
        """ON TIMEOUT query."""
        return children[0]  # type: ignore[no-any-return]

    def rule_body(self, _: Any, children: list[Any]) -> list[ast.Insert]:
        """Query and timeout queries."""
        return children

    def create_rule(self, meta: Any, children: list[Any]) -> ast.CreateRule:
        """CREATE RULE."""
        common, (replace, exists, name, version, state, body) = self._created(children)
        return ast.CreateRule(
            name,
            body[0],
            tuple(body[1:]),
            version,
            state,
            **common,
            or_replace=replace is not None,
            if_not_exists=exists is not None,
            span=self.span(meta),
        )

    def drop_stmt(self, meta: Any, children: list[Any]) -> ast.Drop:
        """DROP kind name."""
        kind, exists, name = children
        return ast.Drop(str(kind).lower(), name, exists is not None, self.span(meta))  # type: ignore[arg-type]

    def rule_state_stmt(self, meta: Any, children: list[Any]) -> ast.RuleState:
        """PAUSE RULE r, RESUME RULE r."""
        action, name = children
        return ast.RuleState(str(action).lower(), name, self.span(meta))  # type: ignore[arg-type]

    def explain_stmt(self, _: Any, children: list[Any]) -> Any:
        """EXPLAIN .."""
        return children[0]

    def explain_rule(self, meta: Any, children: list[Any]) -> ast.ExplainRule:
        """RULE r."""
        return ast.ExplainRule(children[0], self.span(meta))

    def explain_why(self, meta: Any, children: list[Any]) -> ast.ExplainWhy:
        """WHY [NOT] r FOR .. DURING .."""
        negated, rule, keys, *during = children
        window = tuple(present(during))
        return ast.ExplainWhy(
            rule,
            negated is not None,
            keys or (),
            window if len(window) == 2 else None,
            self.span(meta),
        )

    def explain_query(self, meta: Any, children: list[Any]) -> ast.ExplainQuery:
        """A query."""
        return ast.ExplainQuery(children[0], self.span(meta))

    # ------------------------------------------------------------ incidents

    def create_incident(self, meta: Any, children: list[Any]) -> ast.CreateIncident:
        """CREATE INCIDENT."""
        common, (replace, name, keys, *clauses) = self._created(children)
        return ast.CreateIncident(
            name,
            keys,
            tuple(clauses),
            **common,
            or_replace=replace is not None,
            span=self.span(meta),
        )

    def inc_source(self, _: Any, children: list[Any]) -> tuple[Any, ...]:
        """Stream AS alias WHERE c."""
        stream, alias, where = children
        return stream, identifier(str(alias)) if alias else None, where

    def _on(self, meta: Any, kind: str, children: list[Any]) -> ast.IncidentOn:
        (stream, alias, where), sets = children
        return ast.IncidentOn(kind, stream, alias, where, sets or (), self.span(meta))  # type: ignore[arg-type]

    def inc_open(self, meta: Any, children: list[Any]) -> ast.IncidentOn:
        """OPEN ON."""
        return self._on(meta, "open", children)

    def inc_update(self, meta: Any, children: list[Any]) -> ast.IncidentOn:
        """UPDATE ON."""
        return self._on(meta, "update", children)

    def inc_close_on(self, meta: Any, children: list[Any]) -> ast.IncidentOn:
        """CLOSE ON."""
        return self._on(meta, "close", children)

    def inc_close_when(self, meta: Any, children: list[Any]) -> ast.CloseWhen:
        """CLOSE WHEN c."""
        return ast.CloseWhen(children[0], self.span(meta))

    def inc_close_after(self, meta: Any, children: list[Any]) -> ast.CloseAfter:
        """CLOSE AFTER d [IDLE]."""
        return ast.CloseAfter(children[0], children[1] is not None, self.span(meta))

    def inc_cooldown(self, meta: Any, children: list[Any]) -> ast.Cooldown:
        """COOLDOWN d."""
        return ast.Cooldown(children[0], self.span(meta))

    def inc_emits(self, meta: Any, children: list[Any]) -> ast.IncidentEmit:
        """EMIT items."""
        return ast.IncidentEmit(tuple(children), self.span(meta))

    def inc_into(self, meta: Any, children: list[Any]) -> ast.IncidentInto:
        """INTO s."""
        return ast.IncidentInto(children[0], self.span(meta))

    def set_list(self, _: Any, children: list[Any]) -> tuple[ast.SetItem, ...]:
        """SET items."""
        return tuple(children)

    def set_item(self, meta: Any, children: list[Any]) -> ast.SetItem:
        """Column = e."""
        return ast.SetItem(identifier(str(children[0])), children[1], self.span(meta))

    def emit_opened(self, meta: Any, _: list[Any]) -> ast.EmitItem:
        """OPENED."""
        return ast.EmitItem("opened", span=self.span(meta))

    def emit_closed(self, meta: Any, _: list[Any]) -> ast.EmitItem:
        """CLOSED."""
        return ast.EmitItem("closed", span=self.span(meta))

    def emit_updated(self, meta: Any, _: list[Any]) -> ast.EmitItem:
        """UPDATED."""
        return ast.EmitItem("updated", span=self.span(meta))

    def emit_updated_every(self, meta: Any, children: list[Any]) -> ast.EmitItem:
        """UPDATED EVERY d."""
        return ast.EmitItem("updated", children[0], span=self.span(meta))

    def emit_updated_on(self, meta: Any, children: list[Any]) -> ast.EmitItem:
        """UPDATED ON CHANGE OF (columns)."""
        return ast.EmitItem("updated", on_change=children[0], span=self.span(meta))

    # ------------------------------------------------------------ tests in the rule file

    def test_stmt(self, meta: Any, children: list[Any]) -> ast.Test:
        """TEST 'title' OF rule."""
        title, rule, *parts = children
        given = tuple(p for p in parts if isinstance(p, ast.Given))
        expect = tuple(p for p in parts if isinstance(p, ast.Expect))
        return ast.Test(rule, given, expect, text_of(title) if title else None, self.span(meta))

    def given(self, meta: Any, children: list[Any]) -> ast.Given:
        """GIVEN s (columns) VALUES rows."""
        stream, columns, *rows = children
        return ast.Given(stream, columns, tuple(rows), self.span(meta))

    def expect_rows(self, meta: Any, children: list[Any]) -> ast.Expect:
        """EXPECT s (columns) VALUES rows."""
        stream, columns, *rows = children
        return ast.Expect(stream, columns, tuple(rows), self.span(meta))

    def expect_none(self, meta: Any, children: list[Any]) -> ast.Expect:
        """EXPECT NO s."""
        return ast.Expect(children[0], span=self.span(meta))

    def row(self, _: Any, children: list[Any]) -> tuple[ast.Expression, ...]:
        """(a, b)."""
        return children[0]  # type: ignore[no-any-return]
