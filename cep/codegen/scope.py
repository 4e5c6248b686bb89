"""Scopes: where the leaves of an expression are found in a kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cep.codegen.layout import identifier
from cep.errors import CepError, error
from cep.plan.expressions import EVENT, Aggregate, Bound, Column, Expr, Meta, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cep.codegen.layout import Layout
    from cep.codegen.writer import Writer
    from cep.types import Type


@dataclass(frozen=True, slots=True)
class Value:
    """Kernel text of a value of a type, in-band.

    text: an expression that may stand anywhere (a name, a cell, a call or a text in parentheses).
    nullable: whether it can be NULL. infinite: a DOUBLE that may be an infinity standing for NULL, which
    `forms.settled` makes NULL.
    """

    text: str
    type: Type
    nullable: bool = True
    infinite: bool = False


@dataclass(frozen=True, slots=True)
class Hosted:
    """A value the host computes for each row; `text`, `constants`, `call` are as in `cep.graph.kernel.Computed`."""

    text: str
    columns: tuple[Column, ...]
    constants: tuple[object, ...]
    type: Type
    call: str = ""


Leaf = Column | Bound | State | Meta | Aggregate


class Scope:
    """Resolves the leaves of expressions to kernel text; base of every generator's scope.

    A generator makes a subclass and overrides what it has: `column`, `bound`, `state`, `meta`,
    `aggregate` return the `Value` of a leaf, writing statements to `self.writer` if they need any. The
    ones not overridden are our own mistake to ask for. `self.writer` may be assigned anew while a kernel is
    written in parts. held: by `id`, expressions that stand in a temporary while text with two of each is written.
    """

    def __init__(self, layout: Layout, writer: Writer) -> None:
        self.layout = layout
        self.writer = writer
        self.held: dict[int, Value] = {}

    def leaf(self, expr: Leaf) -> Value:
        """Return the value of a leaf."""
        match expr:
            case Column():
                return self.column(expr)
            case Bound():
                return self.bound(expr)
            case State():
                return self.state(expr)
            case Meta():
                return self.meta(expr)
            case Aggregate():
                return self.aggregate(expr)

    def column(self, column: Column) -> Value:
        """Return a column of the row at hand."""
        raise _missing(column)

    def bound(self, bound: Bound) -> Value:
        """Return a column of a bound event (patterns)."""
        raise _missing(bound)

    def state(self, state: State) -> Value:
        """Return a state column as it was before the clause (incidents)."""
        raise _missing(state)

    def meta(self, meta: Meta) -> Value:
        """Return a fact the engine knows."""
        raise _missing(meta)

    def aggregate(self, aggregate: Aggregate) -> Value:
        """Return the present result of an aggregate."""
        raise _missing(aggregate)

    def computed(self, hosted: Hosted) -> Value:
        """Return a value the host computes from columns of the row at hand (all of one input)."""
        raise _missing(hosted.columns[0] if hosted.columns else hosted.text)

    def string_columns(self, leaf: Leaf) -> tuple[tuple[int, str], ...] | None:
        """Return the input columns all codes of a STRING leaf come from, or None if that is not known.

        Tables over the leaf's codes are filled for these columns. A Column answers for itself; a captured
        or stored string names the columns it was taken from.
        """
        return ((leaf.input, leaf.name),) if isinstance(leaf, Column) else None


class RowScope(Scope):
    """Columns of the present row of input streams: cell `row` of each column's array.

    row: kernel text of the row's index in its own stream's batch. Columns that `load` was called for are
    locals (`v_value`, with several inputs `v1_value`) from then on.
    """

    def __init__(self, layout: Layout, writer: Writer, row: str = "j") -> None:
        super().__init__(layout, writer)
        self.row = row
        self._locals: dict[tuple[int, str], str] = {}

    def load(self, columns: Iterable[Column]) -> None:
        """Write one assignment for each column not loaded yet: `v_value = in_value[j]`."""
        for column in columns:
            if (column.input, column.name) in self._locals:
                continue
            prefix = "v_" if self.layout.n_inputs == 1 else f"v{column.input}_"
            local = prefix + identifier(column.name)
            while local in self._locals.values():
                local += "x"
            self.writer.line(f"{local} = {self._cell(column)}")
            self._locals[column.input, column.name] = local

    def forget(self) -> None:
        """Forget the loaded locals (call it where another row begins)."""
        self._locals.clear()

    def column(self, column: Column) -> Value:
        """Return the local of a loaded column, else its cell."""
        local = self._locals.get((column.input, column.name))
        text = local if local is not None else self._cell(column)
        return Value(text, column.type, nullable=not column.not_null)

    def computed(self, hosted: Hosted) -> Value:
        """Return the cell of a computed input column."""
        from cep.graph.kernel import Computed

        columns = hosted.columns
        number = columns[0].input if columns else 0
        if any(c.input != number for c in columns):
            what = "a function of the host over columns of two streams"
            raise refused(what, columns[0])
        source = Computed(
            number,
            hosted.text,
            tuple(c.name for c in columns),
            hosted.constants,
            hosted.type.value,
            hosted.call,
        )
        return Value(f"{self.layout.computed(source)}[{self.row}]", hosted.type)

    def _cell(self, column: Column) -> str:
        number = 0 if column.input == EVENT else column.input
        return f"{self.layout.column(number, column.name, column.type)}[{self.row}]"


def refused(what: str, expr: Expr | None = None, hint: str = "") -> CepError:
    """Return the error for an expression that has no kernel form (CEP320)."""
    span = getattr(expr, "span", None)
    text = f"{what} cannot be computed here"
    return (
        error("CEP320", text, span, hint) if span is not None else error("CEP320", text, hint=hint)
    )


def _missing(expr: object) -> AssertionError:
    return AssertionError(f"this scope has no {type(expr).__name__}: {expr}")
