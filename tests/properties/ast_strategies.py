"""Hypothesis strategies for every node of the AST, as deep as asked; only what rule text can say."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

from cep.lang import ast
from cep.types import MAX_I64

Strategy = st.SearchStrategy[Any]

ODD_NAMES = (
    "value", "key", "first", "LAST", "next", "order", "FROM", "select", "not", "Match", "any", "permute", "stream", "no",
    "if", "end", "current", "unbounded", "distinct", "table", "descriptor", "when", "between", "strict", "until",
    "within", "x y", "é", 'a"b', "`", "a.b", "late", "primary", "watermark", "column", "true", "null", "running", "--", ";",
)  # fmt: skip

NAME = (
    st.sampled_from(["a", "b", "ts"]) | st.sampled_from(ODD_NAMES) | st.text(min_size=1, max_size=4)
)
DOTTED = NAME | st.sampled_from(["a.b.c", "match.order", ".", "a..b", "if.x y"])
TEXT = st.text(max_size=8)
COUNT = st.integers(0, 1_000_000)
FLAG = st.booleans()
DURATION = st.builds(ast.Duration, st.integers(0, MAX_I64) | st.sampled_from([0, 1, 90_000_000]))
PARAMETER = st.builds(ast.Parameter, st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,5}", fullmatch=True))
LENGTH = DURATION | PARAMETER
NUMBER = st.builds(ast.Number, st.integers(0, MAX_I64) | st.floats(min_value=0.0, allow_nan=False))


def one(*values: Any) -> Strategy:
    return st.sampled_from(values)


def maybe(strategy: Strategy) -> Strategy:
    return st.none() | strategy


def some(strategy: Strategy, least: int = 1, most: int = 3) -> Strategy:
    return st.lists(strategy, min_size=least, max_size=most).map(tuple)


def any_number(strategy: Strategy) -> Strategy:
    return some(strategy, 0, 2)


# ---------------------------------------------------------------- expressions

TYPE = st.recursive(
    st.builds(ast.TypeName, NAME, some(COUNT, 0, 2)),
    lambda inner: st.builds(ast.TypeName, NAME, st.just(()), some(inner)),
    max_leaves=3,
)
BINARY = one(
    "or", "and", "eq", "ne", "lt", "le", "gt", "ge", "like", "not_like", "regexp", "is_distinct",
    "is_not_distinct", "add", "sub", "concat", "mul", "div", "mod",
)  # fmt: skip
LEAF = (
    NUMBER
    | st.builds(ast.Text, TEXT)
    | st.builds(ast.Boolean, FLAG)
    | st.just(ast.Null())
    | LENGTH
    | st.builds(ast.Name, NAME)
)


@cache
def expression(depth: int) -> Strategy:
    if depth <= 0:
        return LEAF
    e = expression(depth - 1)
    return (
        LEAF
        | st.builds(ast.Member, e, NAME)
        | st.builds(ast.MemberStar, e)
        | st.builds(ast.Index, e, e)
        | st.builds(ast.ArrayLiteral, any_number(e))
        | st.builds(ast.Unary, one("not", "neg", "pos"), e)
        | st.builds(ast.Binary, BINARY, e, e)
        | st.builds(ast.Is, e, one("null", "true", "false", "unknown"), FLAG)
        | st.builds(ast.Between, e, e, e, FLAG)
        | st.builds(ast.In, e, some(e), FLAG)
        | st.builds(ast.InTable, e, DOTTED, FLAG)
        | st.builds(ast.Exists, query(depth - 1))
        | st.builds(ast.Case, maybe(e), some(st.tuples(e, e)), maybe(e))
        | st.builds(ast.Cast, e, TYPE, FLAG)
        | call(depth)
    )


@cache
def call(depth: int) -> Strategy:
    e = expression(depth - 1)
    tail = {
        "mode": maybe(one("running", "final")),
        "filter": maybe(e),
        "over": maybe(NAME | window_spec(depth - 1)),
    }
    return (
        st.builds(ast.Call, NAME, any_number(argument(depth - 1)), **tail)
        | st.builds(ast.Call, NAME, star=st.just(True), **tail)
        | st.builds(ast.Call, NAME, some(e), distinct=st.just(True), **tail)
    )


@cache
def argument(depth: int) -> Strategy:
    return expression(depth) | st.builds(ast.NamedArgument, NAME, expression(depth))


@cache
def window_spec(depth: int) -> Strategy:
    bound = st.builds(
        ast.FrameBound, one("unbounded_preceding", "unbounded_following", "current_row")
    ) | st.builds(ast.FrameBound, one("preceding", "following"), expression(depth))
    frame = st.builds(ast.Frame, one("range", "rows"), bound, maybe(bound))
    return st.builds(
        ast.WindowSpec,
        any_number(partition_item(depth)),
        any_number(sort_item(depth)),
        maybe(frame),
    )


@cache
def partition_item(depth: int) -> Strategy:
    return st.builds(ast.PartitionItem, expression(depth), maybe(NAME))


@cache
def sort_item(depth: int) -> Strategy:
    return st.builds(
        ast.SortItem, expression(depth), maybe(one("asc", "desc")), maybe(one("first", "last"))
    )


# ---------------------------------------------------------------- patterns


@cache
def primary(depth: int) -> Strategy:
    e = expression(depth - 1)
    atom = st.builds(ast.Atom, NAME, maybe(DOTTED), maybe(e))
    if depth <= 0:
        return atom
    p = pattern(depth - 1)
    return (
        atom
        | st.builds(ast.Group, p)
        | st.just(ast.Empty())
        | st.builds(ast.Excluded, p)
        | st.builds(ast.Anchor, FLAG)
        | st.builds(ast.Permute, some(p))
        | st.builds(ast.AnyOf, COUNT, some(p))
    )


@cache
def factor(depth: int) -> Strategy:
    p = primary(depth)
    bounds = st.tuples(COUNT, COUNT).map(sorted).map(tuple) | one(
        (0, None), (1, None), (0, 1), (3, None)
    )
    tail = st.tuples(
        one("greedy", "reluctant", "possessive"),
        maybe(one("strict", "relaxed", "combine")),
        maybe(expression(depth - 1)),
    )
    quantified = st.tuples(p, bounds, tail).map(lambda t: ast.Quantified(t[0], *t[1], *t[2]))
    return p | quantified | st.builds(ast.Absent, p, maybe(LENGTH))


@cache
def pattern(depth: int) -> Strategy:
    adjacent = factor(depth) | st.builds(ast.Adjacent, some(factor(depth), 2))
    any_order = adjacent | st.builds(ast.AnyOrder, some(adjacent, 2))
    choice = any_order | st.builds(ast.Choice, some(any_order, 2))
    edge = st.builds(ast.Edge, FLAG, maybe(LENGTH), maybe(LENGTH))
    step = st.tuples(edge, choice)
    followed = st.tuples(choice, some(step)).map(
        lambda t: ast.Followed((t[0], *(s[1] for s in t[1])), tuple(s[0] for s in t[1]))
    )
    return choice | followed


# ---------------------------------------------------------------- tables


@cache
def match_options(depth: int) -> dict[str, Strategy]:
    e = expression(depth - 1)
    skip = st.builds(ast.Skip, one("past_last", "to_next", "none")) | st.builds(
        ast.Skip, one("to_first", "to_last", "to_variable"), NAME
    )
    define = st.builds(ast.Define, NAME, e) | st.builds(ast.Define, NAME, maybe(e), DOTTED)
    return {
        "partition_by": any_number(partition_item(depth - 1)),
        "order_by": any_number(sort_item(depth - 1)),
        "within": maybe(LENGTH),
        "within_events": maybe(COUNT),
        "gap": maybe(LENGTH),
        "skip": maybe(skip),
        "starts": maybe(one("first", "last", "each")),
        "subsets": any_number(st.builds(ast.Subset, NAME, some(NAME))),
        "defines": any_number(define),
        "alias": maybe(NAME),
    }


@cache
def table_primary(depth: int) -> Strategy:
    e = expression(depth - 1)
    name = st.builds(ast.TableName, DOTTED, maybe(e), maybe(NAME))
    if depth <= 0:
        return name
    table_argument = st.builds(ast.TableArgument, DOTTED, maybe(NAME))
    descriptor = st.builds(ast.Descriptor, some(NAME), maybe(NAME))
    args = some(table_argument | descriptor | argument(depth - 1))
    options = match_options(depth)
    measure = st.builds(ast.Measure, e, NAME)
    rows = one("one", "all", "all_show_empty", "all_omit_empty", "all_unmatched")
    below = table_primary(depth - 1)
    return (
        name
        | st.builds(ast.Derived, query(depth - 1), maybe(NAME))
        | st.builds(ast.TableFunction, DOTTED, args, FLAG, maybe(NAME))
        | st.builds(ast.Match, maybe(below), pattern(depth - 1), **options)
        | st.builds(
            ast.MatchRecognize, below, pattern(depth - 1), measures=any_number(measure), rows=maybe(rows), **options
        )
    )  # fmt: skip


@cache
def table(depth: int) -> Strategy:
    if depth <= 0:
        return table_primary(depth)
    kind = one("inner", "left", "right", "full", "asof", "left_asof")
    parts = (table(depth - 1), table_primary(depth - 1), kind, expression(depth - 1))
    return (
        table_primary(depth)
        | st.builds(ast.Join, *parts, maybe(LENGTH))
        | st.builds(ast.Join, *parts, before=LENGTH, after=LENGTH)
    )


# ---------------------------------------------------------------- queries


@cache
def output(depth: int) -> Strategy:
    e = expression(depth)
    return (
        st.builds(ast.Emit, one("final", "on_close", "on_match", "on_expiry"))
        | st.builds(ast.Emit, st.just("changes"), maybe(LENGTH))
        | st.builds(ast.Emit, st.just("on_change"), columns=some(e))
        | st.builds(
            ast.Emit, st.just("every"), LENGTH, maybe(one("snapshot", "last", "first", "all"))
        )
        | st.builds(ast.Suppress, some(e), LENGTH)
        | st.builds(ast.RateLimit, COUNT, LENGTH, any_number(e))
        | st.builds(ast.OutTime, e)
    )


@cache
def select(depth: int) -> Strategy:
    e = expression(depth)
    item = st.just(ast.Star()) | st.builds(ast.SelectItem, e, maybe(NAME))
    if depth <= 0:
        return st.builds(ast.Select, some(item), maybe(table(depth)))
    return st.builds(
        ast.Select,
        some(item),
        maybe(table(depth)),
        maybe(e),
        any_number(e),
        maybe(e),
        maybe(e),
        any_number(st.builds(ast.NamedWindow, NAME, window_spec(depth - 1))),
        any_number(sort_item(depth - 1)),
        maybe(COUNT),
        any_number(output(depth - 1)),
        FLAG,
        any_number(st.builds(ast.CommonTable, NAME, query(depth - 1))),
    )


@cache
def query(depth: int) -> Strategy:
    template = st.builds(ast.Apply, DOTTED, any_number(argument(depth)), any_number(output(depth)))
    single = select(depth) | template
    if depth <= 0:
        return single
    return single | st.builds(ast.Union, query(depth - 1), single)


# ---------------------------------------------------------------- statements


@cache
def insert(depth: int) -> Strategy:
    return st.builds(ast.Insert, query(depth)) | st.builds(
        ast.Insert, query(depth), DOTTED, any_number(NAME), FLAG
    )


@cache
def element(depth: int) -> Strategy:
    e = expression(depth)
    return (
        st.builds(ast.ColumnDefinition, NAME, TYPE, FLAG, FLAG, maybe(e), maybe(e))
        | st.builds(ast.Watermark, NAME, e)
        | st.builds(ast.LateInto, DOTTED)
        | st.builds(ast.Tiebreak, some(e))
        | st.builds(ast.PrimaryKey, some(NAME))
    )


@cache
def incident_clause(depth: int) -> Strategy:
    e = expression(depth)
    item = st.builds(ast.SetItem, NAME, e)
    emit = (
        st.builds(ast.EmitItem, one("opened", "updated", "closed"))
        | st.builds(ast.EmitItem, st.just("updated"), LENGTH)
        | st.builds(ast.EmitItem, st.just("updated"), on_change=some(NAME))
    )
    kind = one("open", "update", "close")
    return (
        st.builds(ast.IncidentOn, kind, DOTTED, maybe(NAME), maybe(e), any_number(item))
        | st.builds(ast.CloseWhen, e)
        | st.builds(ast.CloseAfter, LENGTH, FLAG)
        | st.builds(ast.Cooldown, LENGTH)
        | st.builds(ast.IncidentEmit, some(emit))
        | st.builds(ast.IncidentInto, DOTTED)
    )


def _test(depth: int) -> Strategy:
    rows = some(some(expression(depth)))
    given = st.builds(ast.Given, DOTTED, some(NAME), rows)
    expect = st.builds(ast.Expect, DOTTED, some(NAME), rows) | st.builds(ast.Expect, DOTTED)
    return st.builds(ast.Test, DOTTED, some(given), some(expect), maybe(TEXT))


def _objects(depth: int) -> list[Strategy]:
    e = expression(depth)
    annotations = any_number(st.builds(ast.Annotation, NAME, any_number(argument(depth))))
    options = any_number(st.builds(ast.Option, TEXT, e))
    elements = maybe(some(element(depth)))
    common = {"annotations": annotations, "or_replace": FLAG}
    version = maybe(TEXT | one("2", "1.50"))
    body, timeouts, state = insert(depth), any_number(insert(depth)), maybe(one("keep", "reset"))
    table = (DOTTED, elements, options)
    return [
        st.builds(ast.CreateStream, *table, if_not_exists=FLAG, **common),
        st.builds(ast.CreateTable, *table, maybe(query(depth)), if_not_exists=FLAG, **common),
        st.builds(ast.CreateView, DOTTED, query(depth), **common),
        st.builds(
            ast.CreateRule, DOTTED, body, timeouts, version, state, if_not_exists=FLAG, **common
        ),
        st.builds(ast.CreateIncident, DOTTED, some(NAME), some(incident_clause(depth)), **common),
    ]


def statements(depth: int) -> list[Strategy]:
    """Return a strategy for each kind of statement."""
    e = expression(depth)
    parameter = st.builds(ast.FunctionParameter, NAME, TYPE)
    kind = one("stream", "column") | TYPE
    template_parameter = st.builds(ast.TemplateParameter, NAME, kind, maybe(e))
    objects = one("rule", "stream", "table", "view", "incident", "function", "template")
    return [
        *_objects(depth),
        _test(depth),
        insert(depth),
        st.builds(ast.CreateFunction, NAME, any_number(parameter), TYPE, NAME, TEXT, FLAG, FLAG),
        st.builds(ast.CreateTemplate, NAME, some(template_parameter), query(depth), FLAG),
        st.builds(ast.Param, NAME, TYPE, maybe(e)),
        st.builds(ast.Module, DOTTED),
        st.builds(ast.Import, TEXT, maybe(NAME)),
        st.builds(ast.SetOption, DOTTED, e),
        st.builds(ast.Drop, objects, DOTTED, FLAG),
        st.builds(ast.RuleState, one("pause", "resume"), DOTTED),
        st.builds(ast.ExplainRule, DOTTED),
        st.builds(ast.ExplainWhy, DOTTED, FLAG, any_number(e), maybe(st.tuples(e, e))),
        st.builds(ast.ExplainQuery, insert(depth)),
    ]


def statement(depth: int) -> Strategy:
    """Return a strategy for any statement."""
    return st.one_of(statements(depth))
