"""Pattern nodes of the AST, loosest operator first: sequence, choice, any order, juxtaposition, quantifier."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from typing import Literal as OneOf

from cep.errors import NO_SPAN, Span

if TYPE_CHECKING:
    from cep.lang.ast.expressions import Duration, Expression, Parameter


@dataclass(frozen=True, slots=True)
class Atom:
    """A step: `v`, `v[condition]`, `v:stream`, `v:stream[condition]`."""

    variable: str
    stream: str | None = None
    condition: Expression | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Edge:
    """`->`, `->>` (`any_match`), `-[low..high]->`."""

    any_match: bool = False
    low: Duration | Parameter | None = None
    high: Duration | Parameter | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Followed:
    """`A -> B -> C`: edges[i] stands between parts[i] and parts[i + 1]."""

    parts: tuple[Pattern, ...]
    edges: tuple[Edge, ...]
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """`A | B | C`."""

    parts: tuple[Pattern, ...]
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AnyOrder:
    """`A & B & C`."""

    parts: tuple[Pattern, ...]
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Adjacent:
    """`A B C`: juxtaposition."""

    parts: tuple[Pattern, ...]
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Quantified:
    """A part with a quantifier (`low`..`high`, high None: no limit), a loop mode, an UNTIL condition.

    A part with only a mode or UNTIL has low = high = 1.
    """

    part: Pattern
    low: int = 1
    high: int | None = 1
    kind: OneOf["greedy", "reluctant", "possessive"] = "greedy"
    mode: OneOf["strict", "relaxed", "combine"] | None = None
    until: Expression | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Absent:
    """`NOT part`, `NOT part FOR duration`."""

    part: Pattern
    duration: Duration | Parameter | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Group:
    """`( pattern )`."""

    part: Pattern
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Empty:
    """`()`."""

    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Excluded:
    """`{- pattern -}`."""

    part: Pattern
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Anchor:
    """`^` or `$`."""

    end: bool
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Permute:
    """`PERMUTE(A, B, ..)`."""

    parts: tuple[Pattern, ...]
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """`ANY n OF (A, B, ..)`."""

    count: int
    parts: tuple[Pattern, ...]
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


Pattern = (
    Atom
    | Followed
    | Choice
    | AnyOrder
    | Adjacent
    | Quantified
    | Absent
    | Group
    | Empty
    | Excluded
    | Anchor
    | Permute
    | AnyOf
)
