"""A kernel as data: its source in the kernel language and the layout of the arrays it works on.

A kernel is one function of the kernel language (see `cep/kernel/README.md`). All of its arguments are
one-dimensional arrays, in the order of `KernelSpec.arrays`; its name is `KernelSpec.entry`. The host
(`cep/operators/`) allocates the arrays, fills in the inputs, calls the kernel and reads the outputs.

Protocol of a call: the kernel handles rows `ctl[ROW] .. ctl[N_ROWS] - 1` of its merged input in order;
before each row it fires everything of its own that is due before that row (windows with
`end <= ts`, inclusive deadlines `< ts`); after the last row it does the same up to `ctl[CLOCK]`
(windows with `end <= clock`, deadlines `< clock`). It returns `DONE`, or `1 + p` when pool `p` has no
room: the host grows that pool and calls again; the kernel goes on at `ctl[ROW]` and must not have
touched the row (or the timer) that did not fit. It never allocates and never raises.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Literal

Dtype = Literal["i64", "i32", "i8", "u8", "f64"]

# Cells of the control array `ctl` (i64). The host writes all but OUT, NEXT, ROW and ERRORS before a call.
ROW = 0  # next row to handle; the kernel keeps it up to date when it returns
N_ROWS = 1  # number of rows of the merged input
CLOCK = 2  # event time in us up to which timers fire after the rows; MAX_I64 at end of input
OUT = 3  # rows written to the OUTPUT arrays; the host resets it to 0 before a batch
NEXT = 4  # smallest clock at which this kernel has something to fire (MAX_I64: nothing pending)
ERRORS = 5  # expression errors (overflow, division by zero, ...) counted since the host reset it
FLUSH = 6  # 1 in the last call at end of input, after the clock has gone to MAX_I64
CONSECUTIVE = (
    7  # bit k: the SEQ array of input k holds the `seq` of row 0 only, rows are numbered on from it
)
CAPACITY = 8  # capacity of pool p stands in ctl[CAPACITY + p]

DONE = 0
MAX_I64 = 9223372036854775807
NULL_I64 = -9223372036854775808

# Values of the output column `out_cause` that are not the index of an input row.
CAUSE_WINDOW = -1  # phase 2 of the instant out_ts: a window closed
CAUSE_DEADLINE = -2  # phase 3 of the instant out_ts: an inclusive deadline passed
CAUSE_FLUSH = -3  # decided by the end of input

# Registers that count ends of runs, and why runs of a pattern end: expired by time, killed, dropped, matched.
# A run is counted in one of them: `runs_started` is their sum and `runs_live`.
RUN_ENDS = {
    "runs_matched": "matched",
    "runs_expired_within": "within",
    "runs_expired_gap": "gap",
    "runs_expired": "time",  # MATCH_RECOGNIZE: WITHIN or GAP
    "runs_killed_strict": "strict",
    "runs_killed_guard": "guard",
    "runs_killed_absence": "absence",
    "runs_killed_until": "until",
    "runs_killed_skip": "skip",
    "runs_killed_start": "start",  # STARTS LAST: another run took its place
    "runs_killed": "no_path",  # MATCH_RECOGNIZE: no way through the pattern is left
    "runs_dropped": "cap",  # @max_runs
}

# Arrays of the notes about runs that the kernel of an observed MATCH makes, i64: kind, run, what, state, row, instant.
NOTE_ARRAYS = ("note_kind", "note_run", "note_what", "note_state", "note_row", "note_ts")


class NoteKind(IntEnum):
    """What a note about a run says, and what its `what` is."""

    START = 0  # number of the variable
    TAKE = 1  # number of the variable
    FORK = 2  # the run it is a copy of
    END = 3  # number of the reason in RUN_ENDS


# Hidden output column i64 of a kernel with several output ports: by which one a row leaves.
PORT = "$port"


class Role(StrEnum):
    """What the host does with an array of a kernel."""

    CONTROL = "control"  # `ctl`, one per kernel, rewritten by the host for each call
    REGISTER = "register"  # `reg`, scalars of the kernel that outlive a call (part of the state)
    INPUT = "input"  # a column of the batch being processed (borrowed)
    TABLE = "table"  # string constants, functions of strings by code, ranks (owned by the host)
    STATE = "state"  # outlives a batch; in every snapshot
    OUTPUT = "output"  # a column of the output batch; row r is valid for r < ctl[OUT]


@dataclass(frozen=True, slots=True)
class Column:
    """Input: column `name` of input stream number `input`; row j of that stream's own batch."""

    input: int
    name: str


@dataclass(frozen=True, slots=True)
class Computed:
    """Input: a column the host computes before the call from other columns of the same row.

    `source` is the text of a Python expression over `v[0] .. v[k-1]` (Python values of `columns`, None
    for NULL), `f` (functions by name, `cep.functions.FUNCTIONS[...].scalar`) and `c` (the constants);
    it yields a Python value or None. The host may memoise it per distinct tuple of values. `call` is the
    name of a function if `source` is nothing but its call with all the values in order.
    """

    input: int
    source: str
    columns: tuple[str, ...]
    constants: tuple[object, ...]
    type_name: str
    call: str = ""


@dataclass(frozen=True, slots=True)
class Merge:
    """Input: a column of the merged row sequence, in the total order of events.

    source: i8[n], number of the input stream of merged row i; row: i32[n], its row within that
    stream's batch; ts: i64[n], us, its instant T; phase: i8[n], 1-3, the phase of the instant it was made in.
    With a single input the merged sequence is that input's batch, row for row (row i is i, source is 0).
    """

    what: Literal["source", "row", "ts", "phase"]


@dataclass(frozen=True, slots=True)
class Seq:
    """Input: i64[rows of the input stream], each row's `seq`; one cell where bit `input` of CONSECUTIVE is set."""

    input: int


@dataclass(frozen=True, slots=True)
class Codes:
    """Table: i32[m], the string codes of constants, in order."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Numbers:
    """Table: constants of the rule, such as the program of a row pattern."""

    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StringMap:
    """Table over string codes: cell `code` holds the value of a function of that string.

    `source`, `constants`, `type_name` are as in `Computed`, over the single value `v[0]`. Every code that
    stands in one of `columns` of the batch (pairs of input number and column name) has its cell filled
    before the call; if `columns` is empty the cells of all codes are. The result is
    in-band: NULL is NaN, NULL_I64, -1.
    """

    source: str
    columns: tuple[tuple[int, str], ...]
    constants: tuple[object, ...]
    type_name: str


@dataclass(frozen=True, slots=True)
class Rank:
    """Table: i32[codes], rank of each string in code point order (for `<`, MIN, MAX of strings)."""


@dataclass(frozen=True, slots=True)
class ByCode:
    """State: i32 map indexed by string code (key slots); the host extends it with `fill` as codes appear."""


Source = Column | Computed | Merge | Seq | Codes | Numbers | StringMap | Rank | ByCode


@dataclass(frozen=True, slots=True)
class Array:
    """One argument of a kernel.

    STATE and OUTPUT arrays have `capacity(pool) * width` cells; new cells of STATE hold `fill`. STATE arrays with
    `source=ByCode()` and TABLE arrays are sized by the string table instead.
    """

    name: str
    dtype: Dtype
    role: Role
    pool: str = ""
    width: int = 1
    fill: int | float = 0
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Pool:
    """A capacity shared by arrays that grow together, by doubling.

    A `rehash` pool is an open-addressing index: on growth its arrays are made anew, filled with `fill`,
    and not copied; the kernel sees the new capacity, and rebuilds the index from its dense arrays.
    Capacities are powers of two. slots: the first of the three registers (`cep/kernellib/slots.py`) that say what
    of the pool is in use; once nothing is, the host may make it as small as it was. Empty: it never does.
    """

    name: str
    initial: int
    rehash: bool = False
    slots: str = ""


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """A column of the kernel's output batch: its name in the batch, its type, the array that holds it."""

    name: str
    type_name: str
    array: str


@dataclass(frozen=True, slots=True)
class KernelSpec:
    """One kernel: source, arguments, pools, registers.

    `source` is a module in the kernel language whose function `entry` is the kernel; it may import
    functions from `cep.kernellib` modules (`from cep.kernellib.ring import push`) and nothing else.
    `registers` names the cells of `reg` in order (all start at 0 unless in `register_init`); names with a
    meaning for metrics and stats: those of RUN_ENDS, runs_started runs_live keys_live windows_open null_keys incidents_open suppressed. `outputs` lists the
    output columns; two OUTPUT arrays always exist: `out_ts` i64 (T of the row) and `out_cause` i64 (index
    of the merged input row that caused it, or a CAUSE_ constant), both in pool "out".
    """

    entry: str
    source: str
    arrays: tuple[Array, ...]
    pools: tuple[Pool, ...] = ()
    registers: tuple[str, ...] = ()
    register_init: tuple[tuple[str, int], ...] = ()
    outputs: tuple[OutputColumn, ...] = ()
