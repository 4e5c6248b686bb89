"""The node of MATCH_RECOGNIZE and what it is made of: row patterns, look-behind columns, measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Literal as OneOf

if TYPE_CHECKING:
    from cep.plan.expressions import Aggregate, Bound, Expr, Meta
    from cep.plan.nodes import Item, Scan, Variable
    from cep.schema import Schema

ALL_ROWS = ""  # name of the variable every row of a match belongs to (unqualified columns)
CLASSIFIER = "$classifier"  # column of every bound row: the name of the variable it is bound to


@dataclass(frozen=True, slots=True)
class RowStep:
    """One row bound to a variable."""

    variable: str


@dataclass(frozen=True, slots=True)
class RowSequence:
    """Parts one directly after the other."""

    parts: tuple[RowPattern, ...]


@dataclass(frozen=True, slots=True)
class RowChoice:
    """Alternatives, the preferred one first."""

    parts: tuple[RowPattern, ...]


@dataclass(frozen=True, slots=True)
class RowLoop:
    """A part `low` to `high` times (None: no limit), as often as possible or, reluctant, as rarely as possible.

    relaxed: rows may stand between its iterations.
    """

    part: RowPattern
    low: int
    high: int | None
    reluctant: bool = False
    relaxed: bool = False


@dataclass(frozen=True, slots=True)
class RowEmpty:
    """`()`: no row."""


@dataclass(frozen=True, slots=True)
class RowFirst:
    """`^`: the next row is the first row of its key since the rule started."""


@dataclass(frozen=True, slots=True)
class RowExcluded:
    """`{- part -}`: rows of the match that ALL ROWS PER MATCH leaves out."""

    part: RowPattern


@dataclass(frozen=True, slots=True)
class RowFollowed:
    """`->`: between its neighbours any rows may stand but such as fit one of `guards` (`-> NOT n ->`)."""

    guards: tuple[str, ...] = ()


RowPattern = (
    RowStep | RowSequence | RowChoice | RowLoop | RowEmpty | RowFirst | RowExcluded | RowFollowed
)


@dataclass(frozen=True, slots=True)
class Shifted:
    """A shifted column of every row: `column` of the row `offset` rows before it in the partition.

    A negative offset is the look-ahead of measures: of the row so many rows after it, NULL if that has not come when
    the match is decided. Expressions name it as a column of the input, `name` (it cannot be written in rule text).
    """

    name: str
    column: str
    offset: int


@dataclass(frozen=True, slots=True)
class RowMeasure:
    """A leaf that MEASURES reads; final: over the whole match also in ALL ROWS PER MATCH."""

    name: str
    value: Bound | Aggregate | Meta
    final: bool = False


@dataclass(frozen=True, slots=True)
class RowSkip:
    """AFTER MATCH SKIP; `variable` for to_first and to_last."""

    kind: OneOf["past_last", "to_next", "to_first", "to_last"]
    variable: str = ""


@dataclass(frozen=True, slots=True)
class Recognize:
    """MATCH_RECOGNIZE: the rows are matches (rows `one`) or the rows of matches.

    where: rows that exist for this node. partition: columns of the input, named alike in the output. subsets: variables
    of each named union; `ALL_ROWS` is the union of all. Conditions speak of the candidate as Column(0, name) and of
    bound rows as Bound and Aggregate; measures are leaves only (expressions over them stand in the Project
    above). Output columns: the keys, then with ALL ROWS `columns` of the row, then the measures; or, if there are any,
    `items` over them; hidden: the origin of the match as in `Match`. one_pass: it runs as a deterministic automaton if it
    has one.
    """

    inputs: tuple[Scan, ...]
    where: Expr | None
    partition: tuple[str, ...]
    pattern: RowPattern
    variables: tuple[Variable, ...]
    subsets: tuple[tuple[str, tuple[str, ...]], ...]
    shifted: tuple[Shifted, ...]
    within_us: int | None
    gap_us: int | None
    skip: RowSkip
    rows: OneOf["one", "all_show_empty", "all_omit_empty", "all_unmatched"]
    columns: tuple[str, ...]
    measures: tuple[RowMeasure, ...]
    schema: Schema
    items: tuple[Item, ...] = ()
    one_pass: bool = False
    within_events: int | None = None

    @property
    def looks_ahead(self) -> bool:
        """Whether some measure reads rows after those of the match (NEXT)."""
        return any(shift.offset < 0 for shift in self.shifted)

    def members(self, name: str) -> tuple[str, ...]:
        """Return the variables a variable, subset or `ALL_ROWS` stands for."""
        if name == ALL_ROWS:
            return tuple(v.name for v in self.variables)
        return dict(self.subsets).get(name, (name,))
