"""The codes of mistakes and lints of the binder, each with its meaning: the list for manual and tests."""

from __future__ import annotations

CODES: dict[str, str] = {
    # names
    "CEP201": "unknown stream",
    "CEP202": "unknown column",
    "CEP203": "unknown function",
    "CEP204": "unknown pattern variable",
    "CEP205": "unknown parameter",
    "CEP206": "unknown type",
    "CEP207": "unknown named window",
    "CEP208": "unknown option",
    "CEP209": "name declared twice",
    # types and constants
    "CEP211": "arguments of the wrong type",
    "CEP212": "values that cannot be compared",
    "CEP213": "condition is not BOOLEAN",
    "CEP214": "wrong number of arguments",
    "CEP215": "value is not a constant",
    "CEP216": "constant of the wrong type or out of range",
    "CEP217": "branches or columns of different types",
    # places
    "CEP220": "window function where none can stand",
    "CEP221": "aggregate where none can stand",
    "CEP222": "column is neither grouped nor aggregated",
    "CEP223": "clause has nothing to act on",
    "CEP224": "clauses that exclude each other",
    "CEP225": "function where it has no meaning",
    # streams and time
    "CEP230": "rules feed each other in a circle",
    "CEP231": "stream written with columns that do not fit",
    "CEP232": "stream cannot be read by a rule",
    "CEP233": "watermark expression of an unsupported form",
    "CEP234": "time is needed on a stream without WATERMARK",
    "CEP235": "output column ts is not a TIMESTAMP",
    # patterns
    "CEP240": "NOT where it cannot stand",
    "CEP241": "pattern that can match no event",
    "CEP242": "quantifier bounds that make no sense",
    "CEP243": "STARTS LAST on a first step that can loop",
    "CEP244": "variable defined twice",
    "CEP245": "variable without a stream",
    "CEP246": "partition key that does not fit every stream",
    "CEP247": "star over a pattern",
    "CEP248": "column of no particular event",
    "CEP249": "variable that has no event here",
    "CEP250": "absence that can never complete",
    # incidents
    "CEP260": "incident clause missing or repeated",
    "CEP261": "state column that OPEN does not declare",
    # not supported in this version
    "CEP301": "statement not supported yet",
    "CEP302": "query clause not supported yet",
    "CEP303": "table in FROM not supported yet",
    "CEP304": "window not supported yet",
    "CEP305": "function not supported yet",
    "CEP306": "expression not supported yet",
    "CEP307": "pattern construct not supported yet",
    "CEP308": "output control not supported yet",
    "CEP309": "type not supported yet",
    "CEP310": "stream clause, option or annotation not supported yet",
    "CEP311": "incident clause not supported yet",
    "CEP312": "MATCH clause not supported yet",
    # lints
    "CEP601": "pattern without a bound in time",
    "CEP602": "condition compares an event with itself",
    "CEP603": "condition is NULL for the first event of a loop",
    "CEP604": "strict loop over several streams",
    "CEP605": "WHERE over a match",
    "CEP606": "pattern without PARTITION BY",
    "CEP607": "step that never binds an event",
    "CEP608": "loop that can never take an event its next step leaves",
    "CEP609": "column ts that is not the event time",
    "CEP610": "annotation without effect",
    # our fault
    "CEP901": "a plan breaks its own rules",
}
