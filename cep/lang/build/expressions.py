"""Builds expressions, types and durations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from cep.lang.build.base import CLAUSE_WORDS, Base, identifier, present, text_of
from cep.times import parse_duration
from cep.types import MAX_I64

if TYPE_CHECKING:
    from cep.errors import Span

_INTERVAL_UNITS = {
    "MICROSECOND": "us",
    "MILLISECOND": "ms",
    "SECOND": "s",
    "MINUTE": "m",
    "HOUR": "h",
    "DAY": "d",
    "WEEK": "w",
}
# Units of the calendar, in months.
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_MOST_MONTHS = 120_000
_LONGEST_NUMBER = 400


class Marker(str):
    """A word of the grammar that a parent rule looks at."""

    __slots__ = ()


def interval_us(amount: str, unit: str) -> int | None:
    """Return the us of `INTERVAL 'amount' unit`, None if it is none."""
    short = _INTERVAL_UNITS.get(unit.upper().removesuffix("S"))
    return None if short is None else parse_duration(amount.strip() + short)


def _binary(operator: str) -> Any:
    def build(self: Base, meta: Any, children: list[Any]) -> ast.Binary:
        left, right = children
        return ast.Binary(operator, left, right, self.span(meta))

    return build


class ExpressionRules(Base):
    """Rules of the grammar's section on expressions."""

    # ------------------------------------------------------------ literals

    def number(self, meta: Any, children: list[Any]) -> ast.Number:
        """NUMBER."""
        text = str(children[0])
        span = self.span(meta)
        if len(text) > _LONGEST_NUMBER:
            msg = f"a number of {len(text)} characters"
            raise self.mistake("CEP106", msg, span, f"at most {_LONGEST_NUMBER} are read")
        if text.isdigit():
            value = int(text)
            if value > MAX_I64:
                msg = f"{text} does not fit 64 bits"
                raise self.mistake(
                    "CEP106", msg, span, "write it with a fraction to make it a DOUBLE"
                )
            return ast.Number(value, span)
        return ast.Number(float(text), span)

    def string(self, meta: Any, children: list[Any]) -> ast.Text:
        """STRING."""
        return ast.Text(text_of(children[0]), self.span(meta))

    def true(self, meta: Any, _: list[Any]) -> ast.Boolean:
        """TRUE."""
        return ast.Boolean(True, self.span(meta))  # noqa: FBT003

    def false(self, meta: Any, _: list[Any]) -> ast.Boolean:
        """FALSE."""
        return ast.Boolean(False, self.span(meta))  # noqa: FBT003

    def null(self, meta: Any, _: list[Any]) -> ast.Null:
        """NULL."""
        return ast.Null(self.span(meta))

    def duration(self, meta: Any, children: list[Any]) -> ast.Duration:
        """DURATION."""
        us = parse_duration(str(children[0]))
        if us is None:
            msg = f"{children[0]} is not a duration"
            raise self.mistake(
                "CEP106", msg, self.span(meta), "write for example 1h30m, 10s or 250ms"
            )
        return ast.Duration(us, span=self.span(meta))

    def interval(self, meta: Any, children: list[Any]) -> ast.Duration:
        """INTERVAL 'n' UNIT."""
        text, unit, *to = present(children)
        span = self.span(meta)
        name = str(unit).upper().removesuffix("S")
        if not to and name in _MONTHS:
            return self._months(text_of(text), name, span)
        if to or name not in _INTERVAL_UNITS:
            msg = f"INTERVAL in {str(unit).upper()}{' TO ' + str(to[0]).upper() if to else ''}"
            hint = "units are " + ", ".join((*_INTERVAL_UNITS, *_MONTHS))
            raise self.mistake("CEP107", f"{msg} is not supported", span, hint)
        us = interval_us(text_of(text), str(unit))
        if us is None or us < 0:
            msg = f"{text} is not a number of {name}S"
            hint = "the sign stands before INTERVAL" if us else ""
            raise self.mistake("CEP106", msg, span, hint)
        return ast.Duration(us, span=span)

    def _months(self, amount: str, unit: str, span: Span) -> ast.Duration:
        """INTERVAL 'n' MONTH."""
        digits = amount.strip()
        months = int(digits) * _MONTHS[unit] if re.fullmatch(r"[0-9]{1,6}", digits) else 0
        if not 0 < months <= _MOST_MONTHS:
            msg = f"{amount!r} is not a number of {unit}S"
            raise self.mistake("CEP106", msg, span, "a whole number from 1 on, up to 10,000 years")
        return ast.Duration(0, months, span)

    def PARAM(self, token: Any) -> ast.Parameter:  # noqa: N802
        """$name."""
        return ast.Parameter(str(token)[1:], self.token_span(token))

    # ------------------------------------------------------------ names

    def column(self, meta: Any, children: list[Any]) -> ast.Name:
        """A bare name; clause words are refused, but not as arguments of an annotation."""
        token = str(children[0])
        if token.upper() in CLAUSE_WORDS:
            msg = f"a value is missing before {token.upper()}"
            hint = f'a column of this name is written "{token}"'
            self.refused.append(self.mistake("CEP103", msg, self.span(meta), hint))
        return ast.Name(identifier(token), self.span(meta))

    def qname(self, _: Any, children: list[Any]) -> str:
        """Dotted name."""
        return ".".join(identifier(str(c)) for c in children)

    def name_list(self, _: Any, children: list[Any]) -> tuple[str, ...]:
        """Names with commas."""
        return tuple(identifier(str(c)) for c in children)

    def field(self, meta: Any, children: list[Any]) -> ast.Member:
        """a.b."""
        return ast.Member(children[0], identifier(str(children[1])), self.span(meta))

    def var_star(self, meta: Any, children: list[Any]) -> ast.MemberStar:
        """a.*."""
        return ast.MemberStar(children[0], self.span(meta))

    def index(self, meta: Any, children: list[Any]) -> ast.Index:
        """a[i]."""
        return ast.Index(children[0], children[1], self.span(meta))

    def array(self, meta: Any, children: list[Any]) -> ast.ArrayLiteral:
        """[a, b]."""
        found = present(children)
        return ast.ArrayLiteral(found[0] if found else (), self.span(meta))

    def type(self, meta: Any, children: list[Any]) -> ast.TypeName:
        """A type: its name, numbers in brackets or types in angle brackets."""
        name, *rest = present(children)
        parameters = tuple(c for c in rest if isinstance(c, ast.TypeName))
        numbers = tuple(self.count(c) for c in rest if not isinstance(c, ast.TypeName))
        return ast.TypeName(identifier(str(name)), numbers, parameters, self.span(meta))

    # ------------------------------------------------------------ operators

    or_ = _binary("or")
    and_ = _binary("and")
    add = _binary("add")
    sub = _binary("sub")
    concat = _binary("concat")
    mul = _binary("mul")
    div = _binary("div")
    mod = _binary("mod")
    like = _binary("like")
    not_like = _binary("not_like")

    def regexp(self, meta: Any, children: list[Any]) -> ast.Binary:
        """X REGEXP y."""
        return ast.Binary("regexp", children[0], children[-1], self.span(meta))

    def not_(self, meta: Any, children: list[Any]) -> ast.Unary:
        """NOT x."""
        return ast.Unary("not", children[0], self.span(meta))

    def neg(self, meta: Any, children: list[Any]) -> ast.Unary:
        """-x."""
        return ast.Unary("neg", children[0], self.span(meta))

    def pos(self, meta: Any, children: list[Any]) -> ast.Unary:
        """+x."""
        return ast.Unary("pos", children[0], self.span(meta))

    def compare(self, meta: Any, children: list[Any]) -> ast.Binary:
        """X < y and the like."""
        left, operator, right = children
        return ast.Binary(operator.data, left, right, self.span(meta))

    def is_(self, meta: Any, children: list[Any]) -> ast.Is:
        """X IS [NOT] NULL | TRUE | FALSE | UNKNOWN."""
        operand, *words = present(children)
        what = str(words[-1]).lower()
        return ast.Is(operand, what, negated=len(words) > 1, span=self.span(meta))  # type: ignore[arg-type]

    def is_distinct(self, meta: Any, children: list[Any]) -> ast.Binary:
        """X IS [NOT] DISTINCT FROM y."""
        left, *word, right = present(children)
        return ast.Binary(
            "is_not_distinct" if word else "is_distinct", left, right, self.span(meta)
        )

    def between_(self, meta: Any, children: list[Any]) -> ast.Between:
        """X BETWEEN a AND b."""
        operand, low, high = children
        return ast.Between(operand, low, high, span=self.span(meta))

    def not_between(self, meta: Any, children: list[Any]) -> ast.Between:
        """X NOT BETWEEN a AND b."""
        operand, low, high = children
        return ast.Between(operand, low, high, negated=True, span=self.span(meta))

    def in_(self, meta: Any, children: list[Any]) -> ast.In:
        """X [NOT] IN (..)."""
        operand, *word, items = present(children)
        return ast.In(operand, items, negated=bool(word), span=self.span(meta))

    def in_table(self, meta: Any, children: list[Any]) -> ast.InTable:
        """X [NOT] IN table."""
        operand, *word, table = present(children)
        return ast.InTable(operand, table, negated=bool(word), span=self.span(meta))

    def exists(self, meta: Any, children: list[Any]) -> ast.Exists:
        """EXISTS (query)."""
        return ast.Exists(children[0], self.span(meta))

    def case_e(self, meta: Any, children: list[Any]) -> ast.Case:
        """CASE; an operand before the pairs and a value after them are told by the count."""
        operand, *middle, otherwise = children
        whens = tuple(zip(middle[::2], middle[1::2], strict=True))
        return ast.Case(operand, whens, otherwise, self.span(meta))

    def cast_e(self, meta: Any, children: list[Any]) -> ast.Cast:
        """CAST, TRY_CAST."""
        word, operand, kind = present(children)
        return ast.Cast(operand, kind, tries=str(word).upper() == "TRY_CAST", span=self.span(meta))

    def expr_list(self, _: Any, children: list[Any]) -> tuple[ast.Expression, ...]:
        """Expressions with commas."""
        return tuple(children)

    # ------------------------------------------------------------ calls and windows

    def count_star(self, _: Any, __: list[Any]) -> Marker:
        """f(*)."""
        return Marker("star")

    def distinct_args(self, _: Any, children: list[Any]) -> tuple[Marker, Any]:
        """f(DISTINCT a, b)."""
        return (Marker("distinct"), children[0])

    def call_args(self, _: Any, children: list[Any]) -> tuple[Any, ...]:
        """a, b, name => c."""
        return tuple(children)

    def named_arg(self, meta: Any, children: list[Any]) -> ast.NamedArgument:
        """Name => value."""
        return ast.NamedArgument(identifier(str(children[0])), children[1], self.span(meta))

    def running(self, _: Any, __: list[Any]) -> str:
        """RUNNING."""
        return "running"

    def final(self, _: Any, __: list[Any]) -> str:
        """FINAL."""
        return "final"

    def filter_cl(self, _: Any, children: list[Any]) -> Any:
        """FILTER (WHERE c)."""
        return children[0]

    def over_cl(self, _: Any, children: list[Any]) -> ast.WindowSpec | str:
        """OVER name, OVER (spec)."""
        found = children[0]
        return found if isinstance(found, ast.WindowSpec) else identifier(str(found))

    def call(self, meta: Any, children: list[Any]) -> ast.Call:
        """A function call."""
        mode, name, args, where, over = children
        star = distinct = False
        if isinstance(args, Marker):
            star, args = True, ()
        elif args and isinstance(args[0], Marker):
            distinct, args = True, args[1]
        return ast.Call(
            identifier(str(name)),
            args or (),
            star=star,
            distinct=distinct,
            mode=mode,
            filter=where,
            over=over,
            span=self.span(meta),
        )

    def win_spec(self, meta: Any, children: list[Any]) -> ast.WindowSpec:
        """PARTITION BY, ORDER BY, frame."""
        partition, order, frame = children
        return ast.WindowSpec(
            partition.items if partition else (),
            order.items if order else (),
            frame,
            self.span(meta),
        )

    def frame(self, meta: Any, children: list[Any]) -> ast.Frame:
        """RANGE or ROWS."""
        kind, *bounds = [c for c in present(children) if str(c).upper() not in ("BETWEEN", "AND")]
        high = bounds[1] if len(bounds) > 1 else None
        return ast.Frame(str(kind).lower(), bounds[0], high, self.span(meta))  # type: ignore[arg-type]

    def frame_bound(self, meta: Any, children: list[Any]) -> ast.FrameBound:
        """UNBOUNDED, CURRENT ROW, amount."""
        words = [str(c).upper() for c in children if not _is_node(c)]
        amount = next((c for c in children if _is_node(c)), None)
        if "CURRENT" in words:
            return ast.FrameBound("current_row", span=self.span(meta))
        side = "following" if "FOLLOWING" in words else "preceding"
        if "UNBOUNDED" in words:
            return ast.FrameBound(f"unbounded_{side}", span=self.span(meta))  # type: ignore[arg-type]
        return ast.FrameBound(side, amount, self.span(meta))  # type: ignore[arg-type]


def _is_node(child: Any) -> bool:
    return hasattr(child, "span")
