"""The host form of an expression: Python text over `v[..]`, for computed columns and string tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, assert_never

from cep.codegen.scope import Hosted, Leaf, Scope, Value, refused
from cep.functions import FUNCTIONS
from cep.graph.kernel import StringMap
from cep.plan.explain_expressions import function_text
from cep.plan.expressions import (
    Aggregate,
    Bound,
    Call,
    Case,
    Column,
    Expr,
    Literal,
    Meta,
    State,
    children,
)
from cep.types import Type

if TYPE_CHECKING:
    from cep.functions import Signature

# Written by the kernel forms themselves, without a template.
BUILT_IN = frozenset({
    *("eq", "ne", "lt", "le", "gt", "ge", "is_distinct", "and", "or", "not"),
    *("is_null", "is_true", "is_false", "coalesce", "nullif", "if"),
})
LOGIC = frozenset({"and", "or", "not", "is_true", "is_false"})  # of conditions
CONDITIONS = LOGIC | {"eq", "ne", "lt", "le", "gt", "ge", "is_distinct", "is_null"}
ASSOCIATIVE = frozenset({"and", "or", "concat"})
MOST_NESTED = 16  # branches of a CASE written as nested Python
MANY_EQUALITIES = 4  # from so many on, one look-up beats the comparisons
ORDERS = frozenset({"lt", "le", "gt", "ge"})


def signature_of(call: Call) -> Signature:
    """Return the signature of a bound call; a call without one is our own mistake."""
    signature = FUNCTIONS[call.function].signature(tuple(a.type for a in call.args))
    if signature is None:
        msg = f"call without a signature: {call}"
        raise AssertionError(msg)
    return signature


def leaves(expr: Expr) -> tuple[Leaf, ...]:
    """Return the distinct leaves of an expression in order; an aggregate is a leaf."""
    found: dict[Leaf, None] = {}
    stack: list[Expr] = [expr]
    while stack:
        node = stack.pop()
        match node:
            case Literal():
                continue
            case Call() | Case():
                stack.extend(reversed(children(node)))
            case Column() | Bound() | State() | Meta() | Aggregate():
                found[node] = None
            case _:
                assert_never(node)
    return tuple(found)


def is_host_only(call: Call) -> bool:
    """Whether a call by itself has no kernel form."""
    if call.function in BUILT_IN:
        return False
    if call.function == "date_trunc":
        return not isinstance(call.args[0], Literal)
    return signature_of(call).kernel is None


def operands(call: Call) -> list[Expr]:
    """Return the operands of nested calls of one associative operator (AND, OR, ||), flattened, in order."""
    found: list[Expr] = []
    stack: list[Expr] = [*reversed(call.args)]
    while stack:
        node = stack.pop()
        if isinstance(node, Call) and node.function == call.function:
            stack.extend(reversed(node.args))
        else:
            found.append(node)
    return found


def compared(expr: Expr) -> list[Expr]:
    """Return the computed values that a condition compares: text of both its forms has each of them twice."""
    found: list[Expr] = []
    stack = [expr]
    while stack:
        node = stack.pop()
        if not isinstance(node, Call) or node.function not in CONDITIONS:
            found.append(node)
        elif node.function in LOGIC:
            stack.extend(reversed(node.args))
        else:
            found.extend(node.args)
    return [node for node in found if isinstance(node, Call | Case)]


def wants_host(expr: Expr) -> bool:
    """Whether an expression contains something better done on the host where the leaves allow it.

    Functions of strings, their order, and long lists such as `kind IN ('a', 'b', 'c', 'd')`.
    """
    stack: list[Expr] = [expr]
    n_equalities = 0
    while stack:
        node = stack.pop()
        if isinstance(node, Call) and node.function == "eq" and node.args[0].type is Type.STRING:
            n_equalities += 1
            if n_equalities == MANY_EQUALITIES:
                return True
        if isinstance(node, Call) and (
            is_host_only(node) or (node.function in ORDERS and node.args[0].type is Type.STRING)
        ):
            return True
        if isinstance(node, Call | Case):
            stack.extend(children(node))
    return False


@dataclass(slots=True)
class HostText:
    """Python text of an expression being written: the leaves it reads as `v[..]`, its constants `c[..]`."""

    leaves: list[Leaf] = field(default_factory=list)
    constants: list[object] = field(default_factory=list)

    def of(self, expr: Expr) -> str:
        """Return the Python text of an expression."""
        match expr:
            case Literal():
                return self._constant(expr.value)
            case Call():
                name = signature_of(expr).host or expr.function
                args = operands(expr) if expr.function in ASSOCIATIVE else expr.args
                return f"f[{name!r}]({', '.join([self.of(a) for a in args])})"
            case Case() if len(expr.whens) > MOST_NESTED:
                pairs = [f"({self.of(c)}, {self.of(r)})" for c, r in expr.whens]
                chosen = f"({', '.join(pairs)}, (True, {self.of(expr.otherwise)}))"
                return f"[r for t, r in {chosen} if t is True][0]"
            case Case():
                text = self.of(expr.otherwise)
                for condition, result in reversed(expr.whens):
                    text = f"({self.of(result)} if {self.of(condition)} is True else {text})"
                return text
            case Column() | Bound() | State() | Meta() | Aggregate():
                if expr not in self.leaves:
                    self.leaves.append(expr)
                return f"v[{self.leaves.index(expr)}]"
            case _:
                assert_never(expr)

    def _constant(self, value: object) -> str:
        if value is None:
            return "None"
        # `True` and `1` are equal, but not the same constant.
        for number, known in enumerate(self.constants):
            if type(known) is type(value) and known == value:
                return f"c[{number}]"
        self.constants.append(value)
        return f"c[{len(self.constants) - 1}]"


@dataclass(frozen=True, slots=True)
class StringCells:
    """An expression of one string as cells of a table: which table, of which leaf, and its value for NULL."""

    table: StringMap
    leaf: Leaf
    null: Literal


def string_table(expr: Expr, scope: Scope) -> StringCells | None:
    """Return the table over codes that stands for an expression of one string, or None if it is none."""
    found = leaves(expr)
    if len(found) != 1 or not found[0].type.is_coded or isinstance(found[0], Meta):
        return None
    leaf = found[0]
    columns = scope.string_columns(leaf)
    if columns is None:
        if expr.type.is_coded:
            return None
        columns = ()  # the host fills every code
    text = HostText()
    source = text.of(expr)
    table = StringMap(source, columns, tuple(text.constants), expr.type.value)
    return StringCells(table, leaf, Literal(of_null(expr), expr.type))


def of_null(expr: Expr) -> Any:
    """Return the value of an expression whose leaves are all NULL."""
    match expr:
        case Literal():
            return expr.value
        case Call():
            name = signature_of(expr).host or expr.function
            args = operands(expr) if expr.function in ASSOCIATIVE else expr.args
            return FUNCTIONS[name].scalar(*[of_null(a) for a in args])
        case Case():
            for condition, then in expr.whens:
                if of_null(condition) is True:
                    return of_null(then)
            return of_null(expr.otherwise)
        case _:
            return None


def host_value(expr: Expr, scope: Scope) -> Value:
    """Return a value computed by the host: from a table over codes, or as a computed input column.

    Errors: CEP320 where a side is neither the row at hand nor a single string.
    """
    table = string_table(expr, scope)
    if table is not None:
        return looked_up(table, scope)
    if not leaves(expr):
        from cep.codegen.forms import literal

        return literal(Literal(of_null(expr), expr.type), scope)
    text = HostText()
    source = text.of(expr)
    columns = tuple(leaf for leaf in text.leaves if isinstance(leaf, Column))
    if len(columns) != len(text.leaves):
        name = function_text(expr.function) if isinstance(expr, Call) else "this expression"
        what = f"{name} over captured or aggregated values"
        raise refused(
            what, expr, "compute it in a rule before, or in the SELECT list of a rule after"
        )
    return scope.computed(Hosted(source, columns, tuple(text.constants), expr.type, call_of(expr)))


def call_of(expr: Expr) -> str:
    """Return the name of the function of which an expression is nothing but a call over distinct columns."""
    if not isinstance(expr, Call) or FUNCTIONS[expr.function].rows is None:
        return ""
    plain = all(isinstance(a, Column) for a in expr.args)
    return expr.function if plain and len({*expr.args}) == len(expr.args) else ""


def looked_up(cells: StringCells, scope: Scope) -> Value:
    """Return a cell of a string table; the code -1 has no cell."""
    from cep.codegen.forms import atom, literal

    code = scope.leaf(cells.leaf)
    name = scope.layout.string_map(cells.table)
    kind = Type(cells.table.type_name)
    text = atom(code, scope).text
    cell = f"{name}[{text}]"
    if not code.nullable:
        return Value(cell, kind)
    return Value(f"({cell} if {text} >= 0 else {literal(cells.null, scope).text})", kind)
