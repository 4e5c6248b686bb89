"""The table of seeded faults, which `tests.mutants` runs.

A text to be replaced must stand exactly once in its file; where it no longer does, choose another place for the
same fault.
"""

from __future__ import annotations

from tests.faults.endings import ENDINGS
from tests.faults.expressions import EXPRESSIONS
from tests.faults.joins import CLAUSES, JOINS, ORDERED
from tests.faults.order import ORDER, TIME
from tests.faults.patterns import INCIDENTS, PATTERNS
from tests.faults.recognize import RECOGNIZE
from tests.faults.state import RESTART
from tests.faults.tables import TABLES
from tests.faults.windows import AGGREGATES, WINDOWS

FAULTS = (
    *TIME,
    *ORDER,
    *RESTART,
    *WINDOWS,
    *AGGREGATES,
    *PATTERNS,
    *ENDINGS,
    *CLAUSES,
    *JOINS,
    *TABLES,
    *ORDERED,
    *RECOGNIZE,
    *INCIDENTS,
    *EXPRESSIONS,
)
