"""Draws rules over MATCH: steps, edges, loops, negations, options, SELECT lists."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.oracle.draw_queries import Items, Rule, rule, throttle
from tests.oracle.drawing import Draw, Stream, condition

LOOPS = ("+", "*", "?", "{2}", "{1,3}", "{2,}", "{,2}", "++", "+ STRICT", "{2,3} STRICT", "{2} STRICT")  # fmt: skip


@dataclass
class Step:
    """A step of the pattern: variable, stream, quantifier."""

    variable: str
    stream: Stream
    loop: str = ""

    @property
    def is_loop(self) -> bool:
        """Whether it can bind several events."""
        return self.loop not in ("", "?")

    @property
    def is_optional(self) -> bool:
        """Whether it can bind none."""
        return self.loop in ("*", "?", "{,2}")


def draw_match(d: Draw, name: str, into: str, streams: list[Stream]) -> Rule:
    """SELECT .. FROM .. MATCH ( .. )."""
    streams = [s for s in streams if not s.changes]
    keyed = [s for s in streams if s.columns.get("k") == "STRING"]
    by_key = bool(keyed) and d.chance(0.75)
    usable = keyed if by_key else streams
    single = len(usable) == 1 or d.chance(0.55)
    if single:
        usable = [d.pick(usable)]
    else:
        d.tag("MATCH over several streams")
    steps = _steps(d, usable)
    pattern = _pattern(d, steps, usable, single=single)
    options = _options(d, steps, by_key=by_key, absent="FOR" in pattern)
    items = _items(d, steps, by_key=by_key, single=single)
    source = f"{usable[0].name} " if single else ""
    where = ""
    if d.chance(0.06):
        d.tag("WHERE over a match")
        where = f" WHERE {condition(d, steps[0].stream, steps[0].variable + '.')}"
    emit = _emit(d, steps, items, ends="FOR" not in pattern) if "WITHIN" in options else ""
    limits = throttle(d, items)
    text = f"SELECT {items} FROM {source}MATCH ({pattern}{options}){where}{emit}{limits}"
    found = replace(items.stream(into or name, limits), changes="CHANGES" in emit)
    if "WITHIN" in options and "CHANGES" not in emit and d.chance(0.3):
        timeouts, ended = _timeouts(d, name, steps, by_key=by_key, single=single)
        text += timeouts
        found = d.pick((found, ended))
    return rule(name, into, text), found


def _emit(d: Draw, steps: list[Step], items: Items, *, ends: bool) -> str:
    """EMIT ON CLOSE or EMIT CHANGES; ends: the pattern ends with its last step."""
    if not d.chance(0.55):
        return ""
    if d.chance(0.8):
        items.add("MATCH_STATE()", "STRING", "state")
        items.add("MATCH_REASON()", "STRING", "reason")
    if d.chance(0.3):
        items.add("MATCH_NUMBER()", "INT", "number")
    loops = ends and steps[-1].loop not in ("", "{2}", "{2} STRICT")
    if not loops or d.chance(0.2):
        d.tag("EMIT ON CLOSE")
        return " EMIT ON CLOSE"
    every = f" EVERY {d.seconds(1, 2, 3)}" if d.chance(0.7) else ""
    d.tag("EMIT CHANGES")
    if every:
        d.tag("EMIT CHANGES EVERY")
    return f" EMIT CHANGES{every}"


def _timeouts(
    d: Draw, name: str, steps: list[Step], *, by_key: bool, single: bool
) -> tuple[str, Stream]:
    """ON TIMEOUT queries, and the stream of the last one."""
    d.tag("ON TIMEOUT")
    text = ""
    stream = Stream("", {})
    for number in range(d.pick((1, 1, 2))):
        items = _items(d, steps, by_key=by_key, single=single)
        items.add("MATCH_STEP()", "STRING", "step")
        target = f"{name}_late{number}" if d.chance(0.4) or number else ""
        into = f"INSERT INTO {target} " if target else ""
        where = ""
        if d.chance(0.2):
            where = f" WHERE {condition(d, steps[0].stream, steps[0].variable + '.')}"
        limits = throttle(d, items)
        text += f"\n  ON TIMEOUT {into}SELECT {items}{where}{limits}"
        stream = items.stream(target or f"{name}_timeout", limits)
    return text, stream


def _steps(d: Draw, usable: list[Stream]) -> list[Step]:
    count = d.pick((1, 2, 2, 2, 3, 3, 4))
    steps = [Step("abcd"[i], d.pick(usable)) for i in range(count)]
    for step in steps:
        if d.chance(0.35):
            step.loop = d.pick(LOOPS)
    if all(s.is_optional for s in steps):
        steps[-1].loop = ""
    for step in steps:
        if step.loop:
            kind = step.loop.split()[0]
            d.tag("loop {n,m}" if kind.startswith("{") else f"loop {kind}")
        if "STRICT" in step.loop:
            d.tag("loop STRICT")
    return steps


def _pattern(d: Draw, steps: list[Step], usable: list[Stream], *, single: bool) -> str:
    text = ""
    for number, step in enumerate(steps):
        if number:
            text += _edge(d, usable, steps[:number], single=single)
        text += _step(d, step, steps[:number], single=single)
    if d.chance(0.22):
        d.tag("NOT FOR at the end")
        guard = _negated(d, usable, steps, single=single)
        text += f" -> NOT {guard} FOR {d.seconds(1, 2, 3)}"
    return text


def _edge(d: Draw, usable: list[Stream], before: list[Step], *, single: bool) -> str:
    if d.chance(0.22):
        d.tag("adjacency")
        return " "
    d.tag("->")
    if d.chance(0.22):
        d.tag("NOT in the middle")
        return f" -> NOT {_negated(d, usable, before, single=single)} -> "
    return " -> "


def _negated(d: Draw, usable: list[Stream], before: list[Step], *, single: bool) -> str:
    stream = d.pick(usable)
    name = "x" if not before else f"x{len(before)}"
    owner = "" if single else f":{stream.name}"
    if d.chance(0.2):
        return f"{name}{owner}"
    text = condition(d, stream)
    numbers = stream.of("DOUBLE")
    earlier = [s for s in before if s.stream.of("DOUBLE")]
    if numbers and earlier and d.chance(0.25):
        d.tag("NOT reads a binding")
        step = d.pick(earlier)
        text = f"{numbers[0]} > {step.variable}.{step.stream.of('DOUBLE')[0]}"
    return f"{name}{owner}[{text}]"


def _step(d: Draw, step: Step, before: list[Step], *, single: bool) -> str:
    owner = "" if single else f":{step.stream.name}"
    parts = []
    if d.chance(0.8):
        parts.append(condition(d, step.stream))
    if (before or step.is_loop) and d.chance(0.4):
        parts.append(_binding(d, step, before))
    conditions = f"[{' AND '.join(p for p in parts if p)}]" if any(parts) else ""
    return f"{step.variable}{owner}{conditions}{step.loop}{_until(d, step, before)}"


def _until(d: Draw, step: Step, before: list[Step]) -> str:
    """Return the UNTIL of a loop, mostly none."""
    if not step.is_loop or not d.chance(0.2):
        return ""
    d.tag("UNTIL")
    parts = [condition(d, step.stream)]
    if d.chance(0.3):
        parts.append(_binding(d, step, before))
    return f" UNTIL [{' AND '.join(p for p in parts if p)}]"


def _binding(d: Draw, step: Step, before: list[Step]) -> str:
    """Return a condition that reads bindings: those of earlier steps, or of the loop itself."""
    own = step.stream.of("DOUBLE", "INT")
    if not own:
        return ""
    column = d.pick(own)
    forms = []
    if step.is_loop:
        loop = f"{step.variable}.{column}"
        forms += [
            f"{column} >= LAST({loop}, 1, 0)",
            f"{column} >= FIRST({loop})",
            f"COUNT({step.variable}.*) < 4",
            f"SUM({loop}) < 12",
            f"MAX({loop}) < 10",
            f"SUM({loop} * 2) <= 16",
            f"LAST({loop}, 2, 0) <= {column}",
            f"COUNT(DISTINCT {loop}) < 4",
            f"MEDIAN({loop}) < 9",
            f"INCREASE({loop}) IS NULL OR INCREASE({loop}) < 20",
        ]
    for earlier in before:
        for other in earlier.stream.of("DOUBLE", "INT")[:2]:
            name = f"{earlier.variable}.{other}"
            forms += [f"{column} > {name}", f"{column} <> {name}", f"{column} + 1 >= {name}"]
            if earlier.is_loop:
                forms += [f"{column} < SUM({name})", f"{column} >= MIN({name})"]
                forms += [f"COUNT({earlier.variable}.*) >= 2", f"AVG({name}) < 4.2"]
                forms += [f"{column} > FIRST({name})", f"LAST({name}, 1) IS NOT NULL"]
                forms += [f"{column} >= QUANTILE({name}, 0.25)", f"COUNT(DISTINCT {name}) > 1"]
    if not forms:
        return ""
    found = d.pick(forms)
    aggregate = any(
        found.split("(")[0].endswith(f)
        for f in ("SUM", "MAX", "COUNT", "MIN", "AVG", "MEDIAN", "INCREASE")
    )
    navigation = "LAST(" in found or "FIRST(" in found
    d.tag("condition reads an aggregate" if aggregate else "condition reads a binding")
    if navigation:
        d.tag("condition reads LAST or FIRST")
    return found


def _options(d: Draw, steps: list[Step], *, by_key: bool, absent: bool) -> str:
    found = ""
    if by_key:
        d.tag("MATCH PARTITION BY")
        found += " PARTITION BY k"
    if d.chance(0.7):
        d.tag("WITHIN")
        found += f" WITHIN {d.seconds(3, 4, 6, 12)}"
    if d.chance(0.4):
        skip = d.pick(("PAST LAST EVENT", "TO NEXT EVENT", "NONE"))
        d.tag(f"SKIP {skip}")
        found += f" AFTER MATCH SKIP {skip}"
    if d.chance(0.35):
        choices = ("EACH", "FIRST") if steps[0].loop else ("EACH", "FIRST", "LAST", "LAST")
        starts = d.pick(choices)
        d.tag(f"STARTS {starts}")
        found += f" STARTS {starts}"
    return found


def _items(d: Draw, steps: list[Step], *, by_key: bool, single: bool) -> Items:
    items = Items()
    if by_key:
        items.add("k", "STRING", "k")
    for step in steps:
        columns = step.stream.of("STRING", "INT", "DOUBLE", "BOOLEAN")
        for column in d.some(columns, 1, 2):
            items.add(f"{step.variable}.{column}", step.stream.columns[column])
        numbers = step.stream.of("INT", "DOUBLE")
        if step.is_loop and numbers:
            column = d.pick(numbers)
            name, kind = f"{step.variable}.{column}", step.stream.columns[column]
            d.tag("SELECT aggregates of a loop")
            items.add(f"COUNT({step.variable}.*)", "INT")
            form = d.pick(("SUM", "MIN", "MAX", "FIRST", "AVG", "LAST", "MEDIAN", "INCREASE"))
            items.add(f"{form}({name})", "DOUBLE" if form in ("AVG", "MEDIAN") else kind)
    if d.chance(0.25):
        d.tag("MATCH_ID")
        items.add("MATCH_ID()", "ID", "mid")
    _bare_items(d, items, steps, single=single)
    if d.chance(0.15):
        items.add("MATCH_DURATION()", "DURATION")
    if d.chance(0.25):
        d.tag("MATCH_START and MATCH_END")
        items.add("MATCH_START()", "TIMESTAMP", "began")
        items.add("MATCH_END()", "TIMESTAMP", "ended")
    first = steps[0].stream.of("DOUBLE")
    if first and "v" not in items.columns:
        items.add(f"{steps[0].variable}.{first[0]}", "DOUBLE", "v")
    return items


def _bare_items(d: Draw, items: Items, steps: list[Step], *, single: bool) -> None:
    """Add items without a variable: of the whole match, or of its last event."""
    columns = steps[0].stream.columns
    if d.chance(0.15):
        d.tag("SELECT COUNT(*) of a match")
        items.add("COUNT(*)", "INT")
    if single and d.chance(0.2):
        d.tag("SELECT a column of the last event")
        column = d.pick(steps[0].stream.of("STRING", "INT", "DOUBLE"))
        if column != "k":
            items.add(column, columns[column], f"last_{column}")
    shared = [
        n
        for n in steps[0].stream.of("DOUBLE", "INT")
        if all(s.stream.columns.get(n, columns[n]) == columns[n] for s in steps)
    ]
    if shared and d.chance(0.3):
        d.tag("SELECT aggregates of a bare column")
        column = d.pick(shared)
        items.add(f"{d.pick(('SUM', 'MIN', 'MAX'))}({column})", columns[column])
