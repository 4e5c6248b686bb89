"""Which slots an aggregate reads, and what is added to them: the same in windows, frames and patterns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

from cep.aggregates import AGGREGATES
from cep.aggregates.slots import SLOT_KINDS
from cep.codegen import conditions, forms
from cep.codegen.scope import Value
from cep.codegen.texts import null_test, number_text
from cep.plan.expressions import Call, Literal
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cep.aggregates.contract import Formula
    from cep.codegen.scope import Scope
    from cep.plan.expressions import Aggregate, Expr


@dataclass(frozen=True, slots=True)
class SlotNeed:
    """A slot: its kind, the values added to it (columns and constants), and the rows they come from."""

    kind: str
    args: tuple[Expr, ...]
    filter: Expr | None


def formula_of(aggregate: Aggregate) -> Formula:
    """Return the formula of an aggregate; over the events of a pattern there is nothing before the first of them."""
    options = {name: literal.value for name, literal in aggregate.options}
    types = tuple(a.type for a in aggregate.args)
    function = AGGREGATES[aggregate.function.lower()]
    formula = function.formula(types, options, distinct=aggregate.distinct)
    return _without_earlier(formula) if aggregate.variables else formula


def _without_earlier(formula: Formula) -> Formula:
    """Return a formula with the slots of what lies before the frame (`carried`) as the constants they are when empty."""
    value, defined = formula.value, formula.defined
    uses = []
    for use in formula.uses:
        if not SLOT_KINDS[use.kind].carried:
            uses.append(use)
            continue
        for field in SLOT_KINDS[use.kind].fields:
            nothing = float(field.empty) if field.dtype == "f64" else field.empty
            name, empty = f"{{{use.name}.{field.name}}}", number_text(nothing)
            value, defined = value.replace(name, empty), defined.replace(name, empty)
    return replace(formula, uses=tuple(uses), value=value, defined=defined)


def slot_needs(aggregate: Aggregate, formula: Formula) -> dict[str, SlotNeed]:
    """Return the slots of a formula by the names it gives them."""
    options = dict(aggregate.options)
    values: dict[int | str, Expr] = {}
    for number, arg in enumerate(aggregate.args):
        wanted = formula.argument
        convert = wanted is not None and arg.type is not wanted
        values[number] = Call("to_double", (arg,), Type.DOUBLE, arg.span) if convert else arg
    for option in AGGREGATES[aggregate.function.lower()].options:
        values[option.name] = options.get(option.name, Literal(option.default, option.type))
    return {
        use.name: SlotNeed(
            use.kind,
            tuple(values[a] for a in use.args) if SLOT_KINDS[use.kind].argument else (),
            aggregate.filter,
        )
        for use in formula.uses
    }


def added_values(
    need_args: tuple[Expr, ...],
    need_filter: Expr | None,
    scope: Scope,
    fresh: Callable[[Type], str],
) -> tuple[list[str], tuple[str, ...]]:
    """Write the values of the present row to locals; return the tests for adding them, and their names.

    `fresh` makes the name of a local for a value of some type.
    """
    tests = [] if need_filter is None else [conditions.is_true(need_filter, scope)]
    names = []
    for argument in need_args:
        value = forms.settled(argument, scope)
        x = fresh(argument.type)
        scope.writer.line(f"{x} = {value.text}")
        names.append(x)
        if value.nullable:
            tests.append(f"not ({null_test(Value(x, argument.type))})")
    return tests, tuple(names)


def value_text(
    formula: Formula, slots: Mapping[str, Mapping[str, str]], *, start: str = "", end: str = ""
) -> tuple[str, str]:
    """Return the texts of a formula's value and of the condition that it is defined.

    slots: field to cell, by the names the formula gives its slots. start, end: kernel text of the
    instants between which the frame lies, us.
    """
    names = {name: SimpleNamespace(**cells) for name, cells in slots.items()}
    value = formula.value.format(start=start, end=end, **names)
    return value, formula.defined.format(start=start, end=end, **names)
