"""The numpy form of a selection: masks and columns, for what numpy computes exactly.

NULL, overflow and order follow the kernel form to the bit; an expression with a function that numpy does
not have exactly has no numpy form, and its selection runs as a kernel.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from cep.codegen.forms import can_fail
from cep.codegen.host import (
    BUILT_IN,
    HostText,
    call_of,
    compared,
    is_host_only,
    leaves,
    of_null,
    operands,
    signature_of,
    string_table,
    wants_host,
)
from cep.codegen.layout import kernel_dtype
from cep.codegen.scope import Leaf, Value
from cep.codegen.writer import Writer
from cep.functions import vector
from cep.graph.kernel import Computed
from cep.plan.explain_expressions import expression_text
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
)
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cep.codegen.select import Selection, SelectScope

LONG_TEXT = 300  # characters; what is longer stands in a temporary
_SIMPLE = re.compile(r"-?[\w.]+|columns\[\"\w+\"\]")
_DTYPES = {"i8": "int8", "i32": "int32", "i64": "int64", "f64": "float64"}
_NULLS = {Type.DOUBLE: "np.nan", Type.BOOLEAN: "-1", Type.NULL: "-1"}
_SIGNS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_COMPLEMENT = {"eq": "ne", "ne": "eq", "lt": "ge", "le": "gt", "gt": "le", "ge": "lt"}


class NotExactError(Exception):
    """An expression has no numpy form."""


def null_text(kind: Type) -> str:
    """Return the numpy text of NULL of a type."""
    return "-1" if kind.is_coded else _NULLS.get(kind, "NULL_I64")


class VectorForm:
    """Writes numpy text of expressions; arrays are those of the kernel's layout.

    rows: whether leaves are taken at the indices `rows` (after the filter) or are whole columns. lines:
    assignments of temporaries that the texts read. Text that is used twice, or is long, stands in one, so
    that the whole is about as long as the expression.
    """

    def __init__(self, scope: SelectScope) -> None:
        self.scope = scope
        self.rows = False
        self.taken: dict[str, None] = {}
        self.lines: list[str] = []
        self.errors: list[str] = []
        self._held: dict[int, Value] = {}

    def output(self, expr: Expr) -> str:
        """Return an output column of the right dtype and length; note where it is NULL by an expression error."""
        given = self.settled(expr)
        if isinstance(expr, Column | Meta):
            return given.text
        text = f"as_column({given.text}, n, np.{_DTYPES[kernel_dtype(expr.type)]})"
        if not can_fail(expr):
            return text
        made = Value(self.named(text), expr.type)
        known = [present(v) for v in map(self._leaf, leaves(expr)) if v.nullable]
        self.errors.append(_all([f"np.logical_not({present(made)})", *known]))
        return made.text

    def named(self, text: str) -> str:
        """Return a text that may be repeated: itself, or a temporary it is assigned to."""
        if _SIMPLE.fullmatch(text):
            return text
        name = f"t{len(self.lines) + 1}"
        self.lines.append(f"{name} = {text}")
        return name

    def short(self, text: str) -> str:
        """Return the text, or a temporary if it is long."""
        return text if len(text) <= LONG_TEXT else self.named(text)

    def atom(self, given: Value) -> Value:
        """Return a value whose text may be repeated."""
        return replace(given, text=self.named(given.text))

    @contextmanager
    def _holding(self, exprs: Iterable[Expr]) -> Iterator[None]:
        """Put expressions into temporaries, which stand for them inside the `with`."""
        fresh = [expr for expr in exprs if id(expr) not in self._held]
        for expr in fresh:
            self._held[id(expr)] = self.atom(self.value(expr))
        yield
        for expr in fresh:
            del self._held[id(expr)]

    def value(self, expr: Expr) -> Value:
        """Return the text of a column, or of a number that stands for all rows.

        Raises:
            NotExactError: the expression has no numpy form.
        """
        held = self._held.get(id(expr))
        if held is not None:
            return held
        match expr:
            case Literal():
                return self._literal(expr)
            case Column() | Meta():
                return self._leaf(expr)
            case Bound() | State() | Aggregate():
                raise NotExactError
            case Call() | Case():
                given = self._hosted(expr) or self._computed(expr)
                return replace(given, text=self.short(given.text))
            case _:
                assert_never(expr)

    def settled(self, expr: Expr) -> Value:
        """Return the text of a column with computed infinities made NULL."""
        given = self.value(expr)
        if not given.infinite:
            return given
        return Value(f"finite({given.text})", given.type)

    def mask(self, expr: Expr, *, wanted: bool) -> str:
        """Return the text of a mask of the rows where an expression is TRUE (FALSE)."""
        if isinstance(expr, Literal):
            return f"np.bool_({expr.value is wanted})"
        hosted = self._hosted(expr)
        form = _MASKS.get(expr.function) if isinstance(expr, Call) and hosted is None else None
        if form is not None and isinstance(expr, Call):
            return self.short(form(self, expr, wanted))
        return f"({(hosted or self.value(expr)).text} == {int(wanted)})"

    def _literal(self, expr: Literal) -> Value:
        if expr.value is None:
            return Value(null_text(expr.type), expr.type)
        if expr.type.is_coded:
            cell = self.scope.layout.constant(str(expr.value))
            text = cell.replace("constants", 'tables["constants"]')
        else:
            text = repr(int(expr.value) if isinstance(expr.value, bool) else expr.value)
        return Value(f"({text})" if text.startswith("-") else text, expr.type, nullable=False)

    def _leaf(self, leaf: Leaf) -> Value:
        given = self.scope.leaf(leaf)
        array = given.text.partition("[")[0]
        return Value(self.array(array), given.type, given.nullable)

    def array(self, name: str) -> str:
        """Return the text of an input array, at the rows that passed once they are known."""
        if not self.rows:
            return f'columns["{name}"]'
        self.taken[name] = None
        return name

    def _hosted(self, expr: Expr) -> Value | None:
        """Return a string table's cells or a computed column, None if the expression is computed here."""
        if not isinstance(expr, Call | Case) or not wants_host(expr):
            return None
        cells = string_table(expr, self.scope)
        if cells is not None:
            name = self.scope.layout.string_map(cells.table)
            codes = self.value(cells.leaf).text
            null = self._literal(cells.null).text
            return Value(f'look_up(tables["{name}"], {codes}, {null})', expr.type)
        if not isinstance(expr, Call) or not is_host_only(expr):
            return None
        if not leaves(expr):
            return self._literal(Literal(of_null(expr), expr.type))
        text = HostText()
        source = text.of(expr)
        columns = tuple(leaf.name for leaf in leaves(expr) if isinstance(leaf, Column))
        if len(columns) != len(text.leaves):
            raise NotExactError
        names = tuple(leaf.name for leaf in text.leaves if isinstance(leaf, Column))
        constants = tuple(text.constants)
        computed = Computed(0, source, names, constants, expr.type.value, call_of(expr))
        return Value(self.array(self.scope.layout.computed(computed)), expr.type)

    def _computed(self, expr: Call | Case) -> Value:
        if isinstance(expr, Case):
            return self._case(expr)
        special = _SPECIAL.get(expr.function)
        if special is not None:
            return special(self, expr)
        if expr.function in BUILT_IN:
            return self._truth(expr)
        signature = signature_of(expr)
        if signature.numpy is None or signature.variadic:
            raise NotExactError
        values = [
            self.value(a) if number in signature.carries else self.settled(a)
            for number, a in enumerate(expr.args)
        ]
        return Value(
            signature.numpy.format(*(v.text for v in values)),
            expr.type,
            nullable=not signature.total or any(v.nullable or v.infinite for v in values),
            infinite=signature.infinite or any(values[i].infinite for i in signature.carries),
        )

    def _truth(self, expr: Expr) -> Value:
        with self._holding(compared(expr)):
            true, false = self.mask(expr, wanted=True), self.mask(expr, wanted=False)
        return Value(f"np.where({true}, 1, np.where({false}, 0, -1))", Type.BOOLEAN)

    def _branch(self, expr: Expr, kind: Type) -> Value:
        if isinstance(expr, Literal) and expr.value is None:
            return Value(null_text(kind), kind)
        return self.settled(expr)

    def _case(self, expr: Case) -> Value:
        result = self._branch(expr.otherwise, expr.type)
        for condition, then in reversed(expr.whens):
            given = self._branch(then, expr.type)
            text = f"np.where({self.mask(condition, wanted=True)}, {given.text}, {result.text})"
            result = Value(self.short(text), expr.type, given.nullable or result.nullable)
        return result

    def _coalesce(self, call: Call) -> Value:
        result = self._branch(call.args[-1], call.type)
        for arg in reversed(call.args[:-1]):
            given = self.atom(self._branch(arg, call.type))
            text = f"np.where({present(given)}, {given.text}, {result.text})"
            whole = Value(self.short(text), call.type, result.nullable)
            result = whole if given.nullable else given
        return result

    def _nullif(self, call: Call) -> Value:
        equal = Call("eq", call.args, Type.BOOLEAN)
        null = Literal(None, call.type)
        with self._holding(a for a in call.args[:1] if isinstance(a, Call | Case)):
            return self._case(Case(((equal, null),), call.args[0], call.type))

    def _if(self, call: Call) -> Value:
        condition, then, otherwise = call.args
        return self._case(Case(((condition, then),), otherwise, call.type))

    def compare(self, name: str, left: Value, right: Value) -> str:
        """Return the mask of rows where neither side is NULL and `left name right`."""
        if "NULL" in (left.type.value, right.type.value):
            return "np.bool_(False)"
        left, right = self.atom(left), self.atom(right)
        if left.type is Type.STRING and name not in ("eq", "ne"):
            self.scope.layout.ranks()
            texts = [f'look_up(tables["ranks"], {v.text}, -1)' for v in (left, right)]
            tests = [present(v) for v in (left, right) if v.nullable]
            return _all([*tests, f"({texts[0]} {_SIGNS[name]} {texts[1]})"])
        test = f"({left.text} {_SIGNS[name]} {right.text})"
        if left.type is Type.DOUBLE:
            tested: tuple[Value, ...] = (left, right) if name == "ne" else ()
        else:
            tested = {
                "eq": (left,) if right.nullable else (),
                "ne": (left, right),
                "lt": (left,),
                "le": (left,),
                "gt": (right,),
                "ge": (right,),
            }[name]
        return _all([*(present(v) for v in tested if v.nullable), test])


def present(given: Value) -> str:
    """Return the mask of the rows where a value is not NULL."""
    match given.type:
        case Type.DOUBLE:
            return f"({given.text} == {given.text})"
        case kind if kind.is_coded or kind in (Type.BOOLEAN, Type.NULL):
            return f"np.greater_equal({given.text}, 0)"
        case _:
            return f"np.not_equal({given.text}, NULL_I64)"


def _all(masks: list[str]) -> str:
    return masks[0] if len(masks) == 1 else "(" + " & ".join(masks) + ")"


def _junction(form: VectorForm, call: Call, wanted: bool) -> str:  # noqa: FBT001
    sign = " & " if (call.function == "and") is wanted else " | "
    whole = ""
    for operand in operands(call):
        mask = form.mask(operand, wanted=wanted)
        whole = form.short(f"{whole}{sign}{mask}" if whole else mask)
    return f"({whole})"


def _not(form: VectorForm, call: Call, wanted: bool) -> str:  # noqa: FBT001
    return form.mask(call.args[0], wanted=not wanted)


def _is(form: VectorForm, call: Call, wanted: bool) -> str:  # noqa: FBT001
    if call.function == "is_null":
        there = present(form.atom(form.settled(call.args[0])))
        return f"np.logical_not({there})" if wanted else there
    mask = form.mask(call.args[0], wanted=call.function == "is_true")
    return mask if wanted else f"np.logical_not({mask})"


def _comparison(form: VectorForm, call: Call, wanted: bool) -> str:  # noqa: FBT001
    name = call.function if wanted else _COMPLEMENT[call.function]
    left, right = (form.settled(a) for a in call.args)
    return form.compare(name, left, right)


def _distinct(form: VectorForm, call: Call, wanted: bool) -> str:  # noqa: FBT001
    left, right = (form.atom(form.settled(a)) for a in call.args)
    equal = f"({left.text} == {right.text})"
    if left.type is Type.DOUBLE:
        neither = f"np.logical_not({present(left)} | {present(right)})"
        equal = f"({equal} | {neither})"
    return f"np.logical_not({equal})" if wanted else equal


_MASKS: dict[str, Callable[[VectorForm, Call, bool], str]] = {
    "and": _junction,
    "or": _junction,
    "not": _not,
    "is_null": _is,
    "is_true": _is,
    "is_false": _is,
    "is_distinct": _distinct,
    **dict.fromkeys(_SIGNS, _comparison),
}

_SPECIAL: dict[str, Callable[[VectorForm, Call], Value]] = {
    "coalesce": VectorForm._coalesce,  # noqa: SLF001
    "nullif": VectorForm._nullif,  # noqa: SLF001
    "if": VectorForm._if,  # noqa: SLF001
}


def select_vector(selection: Selection, scope: SelectScope) -> str | None:
    """Return the text of a selection's numpy form, or None if it has none.

    The scope is that of the kernel, so that both forms read the same arrays.
    """
    form = VectorForm(scope)
    try:
        masks = [form.mask(c, wanted=True) for c in selection.conditions]
        before, form.lines = len(form.lines), [*form.lines]
        form.rows = bool(masks)
        outputs = [(item.name, form.output(item.value)) for item in selection.items]
        outputs += [(n, form.output(Column(0, n, kind))) for n, kind in selection.hidden]
    except NotExactError:
        return None
    conditions = [f"WHERE {expression_text(c)}" for c in selection.conditions]
    lines = form.lines[:before], form.lines[before:]
    body = _body(conditions, masks, tuple(form.taken), outputs, lines, form.errors).text()
    used = [name for name in vector.__all__ if re.search(rf"\b{name}\b", body)]
    imports = f"from cep.functions.vector import {', '.join(used)}\n\n\n" if used else ""
    return imports + body


def _body(
    conditions: list[str],
    masks: list[str],
    taken: tuple[str, ...],
    outputs: list[tuple[str, str]],
    lines: tuple[list[str], list[str]],
    errors: list[str],
) -> Writer:
    """Write the function `select`.

    taken: the columns that outputs read at the rows that pass. lines: the temporaries of masks, and of
    outputs. errors: masks of the rows where an output is NULL by an expression error.
    """
    writer = Writer()
    with (
        writer.block("def select(columns, tables, np):"),
        writer.block("with np.errstate(all='ignore'):"),
    ):
        for text in conditions:
            writer.comment(text)
        writer.line('n = len(columns["merge_ts"])')
        writer.lines(*lines[0])
        if masks:
            mask = " & ".join(masks)
            if "columns[" not in mask:
                mask = f"np.broadcast_to({mask}, (n,))"
            writer.lines(f"rows = np.flatnonzero({mask})", "n = len(rows)")
            writer.lines(*(f'{name} = columns["{name}"].take(rows)' for name in taken))
        else:
            writer.line("rows = None")
        writer.lines(*lines[1])
        writer.line("errors = " + (" + ".join(f"np.count_nonzero({e})" for e in errors) or "0"))
        writer.line("return errors, rows, {")
        for name, text in outputs:
            writer.line(f"    {name!r}: {text},")
        writer.line("}")
    return writer
