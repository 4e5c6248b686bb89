"""What an aggregate function states about itself: types, options, slots, and its value over the slots."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Where an aggregate stands: GROUP BY window, OVER frame, or over the bindings of a pattern.
Where = Literal["window", "over", "match"]

EVERYWHERE: frozenset[Where] = frozenset({"window", "over", "match"})
IN_FRAMES: frozenset[Where] = frozenset({"window", "over"})


@dataclass(frozen=True, slots=True)
class Option:
    """A constant of a call (`per => 1s`): its type and the value it has when it is left out.

    place: the argument it may stand for without its name (`PREDICT(x, 15m)`: 1), 0: always named.
    required: leaving it out is a mistake. low, high: the numbers allowed, both inclusive. words: the
    texts allowed, none: any.
    """

    name: str
    type: Type
    default: bool | int | float | str | None = None
    place: int = 0
    required: bool = False
    low: float | None = None
    high: float | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Use:
    """A slot an aggregate reads: the name it has in the formula, and its kind in `SLOT_KINDS`.

    args: what is added to it: arguments of the call by number, options by name.
    """

    name: str
    kind: str
    args: tuple[int | str, ...] = (0,)


@dataclass(frozen=True, slots=True)
class Formula:
    """The value of an aggregate as kernel text over the fields of its slots.

    Fields stand in braces: `{total.value} / {count.n}`; `{start}` and `{end}` are the instants (us)
    between which the frame lies. The aggregate is NULL unless `defined` holds; a DOUBLE value that is not
    finite becomes NULL and counts as an expression error, and so does NULL_I64 where `may_fail` is set.
    `total`: the aggregate is never NULL, of no samples neither. `argument` is the type every argument is
    converted to first, None: as it is. `functions` lists the routines of kernellib that it calls, as
    (module, name). `bounded`: the frame must have a length in time.
    """

    uses: tuple[Use, ...]
    value: str
    defined: str = ""
    argument: Type | None = None
    may_fail: bool = False
    total: bool = False
    functions: tuple[tuple[str, str], ...] = ()
    bounded: bool = False


# Options by name, with defaults filled in.
Options = dict[str, object]


@dataclass(frozen=True, slots=True)
class AggregateFunction:
    """One aggregate function.

    name: in lower case. results: type of the argument to type of the result. formulas: type of the
    argument to a function from the options to the formula; a key None is COUNT(*) (no argument).
    pair: of an aggregate with two arguments the formula by their types; `seconds`: types of the second.
    through: name of the scalar function that the argument goes through before it is added, empty: none.
    double_with: options (name, value) with which the result is DOUBLE whatever the argument.
    distinct_formula: by type of the argument (None: any) the formula with DISTINCT before it; empty: not allowed. where: where it may stand.
    """

    name: str
    results: Mapping[Type, Type]
    formula_of: Callable[[Type | None, Options], Formula]
    where: frozenset[Where] = EVERYWHERE
    options: tuple[Option, ...] = ()
    star: bool = False
    distinct_formula: Mapping[Type | None, Formula] = field(default_factory=dict)
    summary: str = ""
    seconds: frozenset[Type] = frozenset()
    pair: Callable[[Type, Type], Formula] | None = None
    double_with: tuple[tuple[str, object], ...] = ()
    through: str = ""

    @property
    def min_args(self) -> int:
        """Smallest number of arguments."""
        return 0 if self.star else self.max_args

    @property
    def max_args(self) -> int:
        """Largest number of arguments, without options."""
        return 1 if self.pair is None else 2

    @property
    def distinct(self) -> bool:
        """Whether DISTINCT may stand before the argument."""
        return bool(self.distinct_formula)

    def resolve(
        self,
        arg_types: tuple[Type, ...],
        where: Where,
        options: Mapping[str, object] | None = None,
    ) -> Type | None:
        """Return the type of the result, None if these arguments or this place are not allowed.

        COUNT(*) has no arguments.
        """
        if where not in self.where or not self.min_args <= len(arg_types) <= self.max_args:
            return None
        if not arg_types:
            return Type.INT
        if self.pair is not None and arg_types[1] not in self.seconds:
            return None
        result = self.results.get(arg_types[0])
        if result is not None and any((options or {}).get(n) == v for n, v in self.double_with):
            return Type.DOUBLE
        return result

    def formula(
        self,
        arg_types: tuple[Type, ...],
        options: Mapping[str, object] | None = None,
        *,
        distinct: bool = False,
    ) -> Formula:
        """Return the slots and the value for arguments that `resolve` accepts."""
        if distinct and self.distinct_formula:
            found = self.distinct_formula
            return found[arg_types[0] if arg_types[0] in found else None]
        if self.pair is not None:
            return self.pair(arg_types[0], arg_types[1])
        filled: Options = {option.name: option.default for option in self.options}
        filled.update(options or {})
        return self.formula_of(arg_types[0] if arg_types else None, filled)
