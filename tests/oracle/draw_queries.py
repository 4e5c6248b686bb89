"""Draws rules over one stream: SELECT .. WHERE, group windows, OVER; and their throttles."""

from __future__ import annotations

from tests.oracle.drawing import Draw, Stream, conditions, value

Rule = tuple[str, Stream]

AGGREGATES = ("COUNT", "SUM", "AVG", "MIN", "MAX", "STDDEV", "FIRST", "LAST", "INCREASE", "RATE", "RESETS")  # fmt: skip
CHANGES = ("DELTA", "DERIV", "SLOPE")
TEXT_AGGREGATES = ("MIN", "MAX", "FIRST", "LAST")
# The type of a result by the type of the argument; FUZZY is never compared.
RESULTS = {"COUNT": "INT", "RESETS": "INT", "AVG": "DOUBLE", "STDDEV": "FUZZY", "RATE": "FUZZY", "DERIV": "FUZZY", "SLOPE": "FUZZY"}  # fmt: skip


class Items:
    """A SELECT list that grows; names are unique."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.changes = False  # EMIT CHANGES of a window adds a column
        self.columns: dict[str, str] = {}

    def add(self, expression: str, kind: str, name: str = "") -> None:
        """Add an item, by default under the next free name."""
        name = name or f"o{len(self.texts)}"
        if name in self.columns:
            return
        self.texts.append(expression if expression == name else f"{expression} AS {name}")
        self.columns[name] = kind

    def stream(self, name: str, throttle: str) -> Stream:
        """Return the stream with these columns."""
        columns = dict(self.columns)
        if self.changes:
            columns["window_state"] = "STRING"
        if "SUPPRESS" in throttle:
            columns["suppressed"] = "INT"
        return Stream(name, {"ts": "TIMESTAMP", **columns})

    def __str__(self) -> str:
        return ", ".join(self.texts)


def throttle(d: Draw, items: Items) -> str:
    """Return SUPPRESS and LIMIT clauses, mostly none."""
    by = [n for n, t in items.columns.items() if t in ("STRING", "INT")]
    found = []
    if d.chance(0.12):
        d.tag("SUPPRESS")
        keys = ", ".join(d.some(by, 1, 2)) if by else ""
        if keys:
            found.append(f"SUPPRESS BY ({keys}) FOR {d.seconds(1, 3, 6)}")
    if d.chance(0.12):
        d.tag("LIMIT PER")
        keys = f" BY ({d.pick(by)})" if by and d.chance(0.7) else ""
        found.append(f"LIMIT {d.pick((1, 2, 3))} PER {d.seconds(2, 5, 10)}{keys}")
    if len(found) == 2 and d.chance(0.5):
        found.reverse()
    return "".join(f" {clause}" for clause in found)


def where(d: Draw, stream: Stream, probability: float) -> str:
    """Return a WHERE clause, or nothing."""
    if not d.chance(probability):
        return ""
    d.tag("WHERE")
    return f" WHERE {conditions(d, stream)}"


def draw_select(d: Draw, name: str, into: str, stream: Stream) -> Rule:
    """SELECT .. FROM .. WHERE."""
    d.tag("SELECT")
    if d.chance(0.2):
        d.tag("SELECT *")
        clauses = where(d, stream, 0.7)
        columns = dict(stream.columns)
        if "ts" not in columns:
            columns = {"ts": "TIMESTAMP", **columns}
        return rule(name, into, f"SELECT * FROM {stream.name}{clauses}"), Stream(
            into or name, columns
        )
    items = Items()
    source = _table_function(d, stream, items) if d.chance(0.2) else stream.name
    if "k" in stream.columns:
        items.add("k", stream.columns["k"], "k")
    for wanted, kind in (("v", "DOUBLE"), ("n", "INT")):
        if wanted in stream.columns and d.chance(0.6):
            items.add(wanted, kind, wanted)
    for _ in range(d.pick((1, 2, 3))):
        items.add(*value(d, stream))
    if d.chance(0.3) and "ts" in stream.columns:
        d.tag("an item named ts")
        items.add("ts + 3s", "TIMESTAMP", "ts")
    if d.chance(0.2) and stream.time != "ts":
        items.add(stream.time, "TIMESTAMP", "seen")
    clauses = where(d, stream, 0.7) + throttle(d, items)
    text = f"SELECT {items} FROM {source}{clauses}"
    return rule(name, into, text), items.stream(into or name, clauses)


def _table_function(d: Draw, stream: Stream, items: Items) -> str:
    """Return a window table function, and select some of its bounds."""
    bounds = ("window_start", "window_end", "window_time")
    if any(bound in stream.columns for bound in bounds):
        return stream.name
    d.tag("rows of windows")
    step = d.pick((1, 2, 3))
    name, lengths = d.pick((
        ("TUMBLE", (step,)),
        ("HOP", (step, step + d.pick((0, 1, 3)))),
        ("CUMULATE", (step, step * d.pick((1, 2, 4)))),
    ))
    parts = [f"TABLE {stream.name}", f"DESCRIPTOR({stream.time})"]
    parts += [f"INTERVAL '{n}' SECOND" for n in lengths]
    parts += ["INTERVAL '1' SECOND"] if d.chance(0.2) else []
    for bound in d.some(list(bounds), 1, 3):
        items.add(bound, "TIMESTAMP", bound)
    return f"TABLE({name}({', '.join(parts)}))"


def aggregates_of(d: Draw, stream: Stream, names: tuple[str, ...]) -> tuple[str, str]:
    """Return an aggregate call without OVER, and its type."""
    numbers = stream.of("INT", "DOUBLE")
    texts = stream.of("STRING")
    name = d.pick(names)
    d.tag(name)
    if name == "COUNT":
        column = d.pick([*numbers, *texts, *stream.of("BOOLEAN"), "*", "*", "*"])
        return f"COUNT({column})", "INT"
    if name in TEXT_AGGREGATES and texts and d.chance(0.25):
        d.tag("aggregates of texts")
        return f"{name}({d.pick(texts)})", "STRING"
    if not numbers:
        return "COUNT(*)", "INT"
    column = d.pick(numbers)
    kind = RESULTS.get(name, stream.columns[column])
    if d.chance(0.2):
        d.tag("aggregates of expressions")
        return (
            f"{name}({d.pick((f'{column} * 2', f'{column} + 1', f'COALESCE({column}, 1)'))})",
            kind,
        )
    return f"{name}({column})", kind


def having(d: Draw, stream: Stream) -> str:
    """Return a condition over aggregates."""
    numbers = stream.of("INT", "DOUBLE")
    forms = ["COUNT(*) > 1", "COUNT(*) >= 2", "COUNT(*) < 3"]
    if numbers:
        column = d.pick(numbers)
        forms += [f"SUM({column}) > 2", f"MAX({column}) > MIN({column})", f"COUNT({column}) >= 1"]
        forms += [f"INCREASE({column}) > 0", f"LAST({column}) >= FIRST({column})"]
    return d.pick(forms)


def draw_window(d: Draw, name: str, into: str, stream: Stream) -> Rule:
    """GROUP BY with a window, TUMBLE and HOP in both spellings, CUMULATE."""
    items = Items()
    keys = ["k"] if "k" in stream.columns and d.chance(0.75) else []
    for key in keys:
        items.add(key, stream.columns[key], key)
    by_event = d.chance(0.55)
    source, window = (stream.name, [_event_window(d, stream)]) if by_event else _window(d, stream)
    for bound in d.some(["window_start", "window_end"], 0, 2):
        items.add(bound, "TIMESTAMP", bound)
    for _ in range(d.pick((2, 3, 4, 5))):
        items.add(*aggregates_of(d, stream, AGGREGATES))
    if not by_event and d.chance(0.3):
        d.tag("COUNT(DISTINCT)")
        items.add(f"COUNT(DISTINCT {d.pick(stream.of('STRING', 'INT') or [stream.time])})", "INT")
    if d.chance(0.1):
        d.tag(*CHANGES[:1])
        items.add(*aggregates_of(d, stream, CHANGES))
    clauses = where(d, stream, 0.4) + f" GROUP BY {', '.join([*keys, *window])}"
    if d.chance(0.35):
        d.tag("HAVING")
        clauses += f" HAVING {having(d, stream)}"
    distinct, order = _ordering(d, items)
    if "TUMBLE" in str(window) and not distinct + order and d.chance(0.5):
        clauses += " EMIT CHANGES"
        items.changes = True
    clauses += order + throttle(d, items)
    text = f"SELECT {distinct}{items} FROM {source}{clauses}"
    return rule(name, into, text), items.stream(into or name, clauses)


def _event_window(d: Draw, stream: Stream) -> str:
    """Return a window that rows open and end."""
    kind = d.pick(("SESSION", "SESSION", "BATCH", "COUNT_WINDOW", "COUNT_WINDOW", "STATE_WINDOW"))
    d.tag(kind)
    match kind:
        case "SESSION":
            most = f", max => {d.seconds(2, 4, 7)}" if d.chance(0.5) else ""
            return f"SESSION({d.seconds(1, 2, 4)}{most})"
        case "BATCH":
            return f"BATCH(size => {d.seconds(2, 5, 8)}, count => {d.pick((1, 2, 3, 5))})"
        case "COUNT_WINDOW":
            return f"COUNT_WINDOW({d.pick((1, 2, 3))})"
        case _:
            return f"STATE_WINDOW({conditions(d, stream)}, {conditions(d, stream)})"


def _ordering(d: Draw, items: Items) -> tuple[str, str]:
    """Return DISTINCT, and ORDER BY with LIMIT n, where they are drawn."""
    if not d.chance(0.35):
        return "", ""
    d.tag("ORDER BY")
    names = list(items.columns)
    keys = [
        f"{name}{d.pick(('', ' DESC', ' ASC NULLS FIRST'))}" for name in names[: d.pick((1, 2))]
    ]
    limit = f" LIMIT {d.pick((1, 2, 5))}" if d.chance(0.6) else ""
    return ("DISTINCT " if d.chance(0.3) else ""), f" ORDER BY {', '.join(keys)}{limit}"


def _window(d: Draw, stream: Stream) -> tuple[str, list[str]]:
    """Return the FROM item and the window's part of GROUP BY."""
    size = d.pick((2, 4, 6, 10))
    kind = d.pick(("HOP", "TUMBLE", "CUMULATE", "HOP", "CUMULATE"))
    d.tag(kind)
    if kind == "TUMBLE":
        if d.chance(0.4):
            d.tag("table function")
            args = f"TABLE {stream.name}, DESCRIPTOR({stream.time}), INTERVAL '{size}' SECOND"
            return f"TABLE(TUMBLE({args}))", ["window_start", "window_end"]
        offset = f", offset => {d.seconds(1, 3)}" if d.chance(0.2) else ""
        return stream.name, [f"TUMBLE({size}s{offset})"]
    every = d.pick((1, 2, 3))
    if kind == "CUMULATE":
        offset = f", offset => {d.seconds(1, 3)}" if d.chance(0.2) else ""
        steps = d.pick((1, 2, 4))
        return stream.name, [f"CUMULATE(step => {every}s, size => {every * steps}s{offset})"]
    if d.chance(0.4):
        d.tag("table function")
        args = f"TABLE {stream.name}, DESCRIPTOR({stream.time}), INTERVAL '{every}' SECOND"
        return f"TABLE(HOP({args}, INTERVAL '{every * 3}' SECOND))", ["window_start", "window_end"]
    return stream.name, [f"HOP(size => {every * d.pick((1, 2, 4))}s, every => {every}s)"]


def draw_over(d: Draw, name: str, into: str, stream: Stream) -> Rule:
    """OVER with frames, named windows and QUALIFY."""
    items = Items()
    if "k" in stream.columns:
        items.add("k", stream.columns["k"], "k")
    for wanted in stream.of("INT", "DOUBLE")[:1]:
        items.add(wanted, stream.columns[wanted], wanted)
    spec = _frame(d, stream)
    over, tail = f"({spec})", ""
    if d.chance(0.4):
        d.tag("WINDOW w")
        over, tail = "w", f" WINDOW w AS ({spec})"
    for _ in range(d.pick((1, 2, 3))):
        call, kind = aggregates_of(d, stream, (*AGGREGATES, *CHANGES, *CHANGES))
        other = f"({_frame(d, stream)})" if d.chance(0.3) else over
        items.add(f"{call} OVER {other}", kind)
    if d.chance(0.1):
        d.tag("COUNT(DISTINCT)")
        column = d.pick(stream.of("STRING", "INT") or [stream.time])
        items.add(f"COUNT(DISTINCT {column}) OVER {over}", "INT")
    if d.chance(0.4):
        d.tag("QUALIFY")
        tail += f" QUALIFY {_qualification(d, stream, over)}"
    clauses = where(d, stream, 0.4) + tail + throttle(d, items)
    text = f"SELECT {items} FROM {stream.name}{clauses}"
    return rule(name, into, text), items.stream(into or name, clauses)


def _frame(d: Draw, stream: Stream) -> str:
    """Return what stands in OVER ( .. )."""
    keys = [k for k in ("k", "kind") if k in stream.columns]
    partition = f"PARTITION BY {d.pick(keys)} " if keys and d.chance(0.8) else ""
    if d.chance(0.55):
        d.tag("OVER RANGE")
        return f"{partition}RANGE {d.seconds(1, 3, 5, 8)} PRECEDING"
    d.tag("OVER ROWS")
    if d.chance(0.3):
        return f"{partition}ROWS BETWEEN {d.pick((1, 2, 4))} PRECEDING AND CURRENT ROW"
    return f"{partition}ROWS {d.pick((1, 2, 4))} PRECEDING"


def _qualification(d: Draw, stream: Stream, over: str) -> str:
    numbers = stream.of("INT", "DOUBLE")
    if not numbers or d.chance(0.4):
        return f"COUNT(*) OVER {over} > {d.pick((1, 2))}"
    column = d.pick(numbers)
    return d.pick((
        f"{column} >= MAX({column}) OVER {over}",
        f"ABS(DELTA({column}) OVER {over}) > 1",
        f"SUM({column}) OVER {over} > 3",
        f"SLOPE({column}) OVER {over} > 0.0137",
    ))


def rule(name: str, into: str, query: str) -> str:
    """Return CREATE RULE."""
    insert = f"INSERT INTO {into} " if into else ""
    return f"CREATE RULE {name} AS {insert}{query};"
