"""Draws pieces of rule text: streams with their columns, conditions, values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

T = TypeVar("T")

# DOUBLEs whose last digits depend on how they are computed are FUZZY: shown, never compared.
NUMBERS = {"DOUBLE": ("0.5", "1", "2.5", "5", "10"), "INT": ("0", "1", "2", "3")}
KINDS = ("x", "y", "z")


@dataclass
class Stream:
    """A stream as the rules see it: its name, its columns with their types, its time column.

    changes: of EMIT CHANGES, which no pattern reads.
    """

    name: str
    columns: dict[str, str]
    time: str = "ts"
    changes: bool = False

    def of(self, *types: str) -> list[str]:
        """Return the columns of some types, time column excluded."""
        return [n for n, t in self.columns.items() if t in types and n != self.time]


@dataclass
class Draw:
    """Random choices, and the constructs they led to."""

    random: Random
    tags: set[str] = field(default_factory=set)
    parameters: dict[str, str] = field(default_factory=dict)

    def pick(self, items: Sequence[T]) -> T:
        """Return one item; the first ones are the simplest."""
        return items[self.random.randrange(len(items))]

    def some(self, items: Sequence[T], low: int, high: int) -> list[T]:
        """Return low to high different items in their order."""
        count = min(self.random.randint(low, high), len(items))
        chosen = set(self.random.sample(range(len(items)), count))
        return [x for i, x in enumerate(items) if i in chosen]

    def chance(self, probability: float) -> bool:
        """Return TRUE so often."""
        return self.random.randrange(100) < probability * 100

    def tag(self, *names: str) -> None:
        """Note constructs."""
        self.tags.update(names)

    def seconds(self, *amounts: int) -> str:
        """Return a duration out of a list of seconds."""
        return f"{self.pick(amounts)}s"


def conditions(d: Draw, stream: Stream, before: str = "") -> str:
    """Return a condition over a stream: one or two comparisons. `before` qualifies the columns."""
    first = condition(d, stream, before)
    if not d.chance(0.25):
        return first
    second = condition(d, stream, before)
    operator = d.pick(("AND", "OR"))
    d.tag(f"expression {operator}")
    if d.chance(0.5):
        d.tag("expression NOT")
        return f"NOT ({first} {operator} {second})"
    return f"({first} {operator} {second})"


def condition(d: Draw, stream: Stream, before: str = "") -> str:
    """Return a comparison of one column with a constant."""
    name = d.pick(stream.of("STRING", "INT", "DOUBLE", "BOOLEAN") or [stream.time])
    column = before + name
    match stream.columns[name]:
        case "STRING":
            return _text_condition(d, column, key=name == "k")
        case "BOOLEAN":
            return d.pick((column, f"NOT {column}", f"{column} IS NOT TRUE"))
        case "TIMESTAMP":
            return f"{column} IS NOT NULL"
        case kind:
            return _number_condition(d, column, kind)


def _text_condition(d: Draw, column: str, *, key: bool) -> str:
    one = "a" if key else d.pick(KINDS)
    form = d.pick(("=", "<>", "IN", "LIKE", "function", "IS NULL"))
    d.tag(f"expression {form}")
    match form:
        case "IN":
            return f"{column} IN ('{one}', 'y', 'b')"
        case "LIKE":
            return f"{column} LIKE '{d.pick((one + '%', '_', '%' + one))}'"
        case "function":
            return d.pick((f"UPPER({column}) = '{one.upper()}'", f"LENGTH({column}) = 1"))
        case "IS NULL":
            return f"{column} IS NOT NULL"
        case _:
            return f"{column} {form} '{one}'"


def _number_condition(d: Draw, column: str, kind: str) -> str:
    constant = d.pick(NUMBERS[kind])
    form = d.pick((">", ">=", "<", "=", "BETWEEN", "COALESCE", "math", "parameter", "CASE", "/"))
    d.tag(f"expression {form if form.isalpha() else 'comparison'}")
    match form:
        case "BETWEEN":
            return f"{column} BETWEEN {constant} AND 5"
        case "COALESCE":
            return f"COALESCE({column}, 3) > {constant}"
        case "math":
            return d.pick((f"ABS({column} - 3) < 2.5", f"{column} * 2 + 1 > {constant}"))
        case "parameter":
            d.parameters["limit"] = "PARAM limit DOUBLE = 2.0;"
            return f"{column} > $limit"
        case "CASE":
            return f"CASE WHEN {column} > {constant} THEN TRUE ELSE {column} IS NULL END"
        case "/":
            return f"10 / {column} > 1.7"
        case _:
            return f"{column} {form} {constant}"


def value(d: Draw, stream: Stream) -> tuple[str, str]:
    """Return an expression over a stream and its type."""
    name = d.pick(stream.of("STRING", "INT", "DOUBLE", "BOOLEAN") or [stream.time])
    kind = stream.columns[name]
    if d.chance(0.5):
        return name, kind
    match kind:
        case "INT":
            d.tag("expression arithmetic", "expression CAST")
            return d.pick((
                (f"{name} + 1", "INT"),
                (f"DIV({name}, 2)", "INT"),
                (f"{name} % 3", "INT"),
                (f"CAST({name} AS DOUBLE)", "DOUBLE"),
                (f"CAST({name} AS STRING)", "STRING"),
            ))
        case "DOUBLE":
            d.tag("expression arithmetic", "expression math")
            return d.pick((
                (f"{name} * 2 - 1", "DOUBLE"),
                (f"FLOOR({name})", "DOUBLE"),
                (f"GREATEST({name}, 2)", "DOUBLE"),
                (f"CASE WHEN {name} > 2 THEN 1 WHEN {name} > 1 THEN 2 END", "INT"),
                (f"COALESCE({name}, -1)", "DOUBLE"),
            ))
        case "STRING":
            d.tag("expression text")
            return d.pick((
                (f"UPPER({name})", "STRING"),
                (f"{name} || '!'", "STRING"),
                (f"LENGTH({name})", "INT"),
            ))
        case "TIMESTAMP":
            d.tag("expression time")
            return d.pick(((f"{name} + 5s", "TIMESTAMP"), (name, "TIMESTAMP")))
        case _:
            return name, kind
