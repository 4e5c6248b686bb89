"""Draws one MATCH with any of its operators together: parts within parts, conditions, options, endings.

What the language forbids together is drawn too: whoever draws asks the engine's binder and draws again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.oracle.drawing import Draw
from tests.oracle.strategies import Pair

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

STREAMS = """\
CREATE STREAM s (ts TIMESTAMP, kind STRING, k STRING, v INT, WATERMARK FOR ts AS ts);
CREATE STREAM q (ts TIMESTAMP, kind STRING, k STRING, kk STRING, v INT, WATERMARK FOR ts AS ts);
"""
DEPTH = 4
LONGEST = 7  # steps of a pattern
LOOPS = ("+", "*", "?", "{2}", "{1,3}", "{2,}", "{,2}", "++", "*+", "{2,3}+")
GAPS = ("-[..2s]->", "-[1s..3s]->", "-[2s..]->", "-[..4s]->", "-[0s..0s]->")
PLAIN = (
    ("kind = '{kind}'", 12),
    ("v > {n}", 3),
    ("kind <> '{kind}'", 2),
    ("kind IN ('{kind}', 'b')", 2),
    ("v IS NULL OR v < {n}", 1),
    ("", 2),
)
CAPTURES = (
    "v > {e}.v", "v <> {e}.v", "{e}.kind <> kind", "v >= SUM({e}.v)", "COUNT({e}.*) < 2",
    "v >= FIRST({e}.v)", "LAST({e}.v, 1, 0) <= v", "AVG({e}.v) < 2.5", "{e}.v IS NULL OR v > 1",
    "v >= MEDIAN({e}.v)", "COUNT(DISTINCT {e}.v) < 2", "RESETS({e}.v) = 0",
)  # fmt: skip
OF_LOOPS = (
    "v >= LAST({o}.v, 1, 0)", "COUNT({o}.*) < 4", "SUM({o}.v) < 6", "v >= FIRST({o}.v)",
    "MAX({o}.v) < 4", "SLOPE({o}.v) IS NULL OR v > 1",
    "COUNT(DISTINCT {o}.v) < 3", "MEDIAN({o}.v) < 3", "SUM(DISTINCT {o}.v) < 6",
    "INCREASE({o}.v) IS NULL OR INCREASE({o}.v) < 4", "MAD({o}.v) IS NULL OR MAD({o}.v) < 2",
)  # fmt: skip
EARLIER = ("v > PREV(v)", "PREV(kind) <> kind", "PREV(v, 2) IS NULL OR v < 3")
SKIPS = ("PAST LAST EVENT", "NONE", "NONE", "TO NEXT EVENT", "TO FIRST {x}", "TO LAST {x}")


@dataclass
class Variable:
    """A variable of a pattern: its name, whether it stands behind NOT or can bind several events."""

    name: str
    stream: str
    negated: bool = False
    loops: bool = False


@dataclass
class Drawing:
    """A pattern that grows.

    several: over two streams. forks, gaps: with `->>` and COMBINE, with gaps. defined: how often a condition stands
    in DEFINE. quantified: with loops. strict: with adjacency, PERMUTE, STRICT and PREV.
    """

    d: Draw
    several: bool = False
    forks: bool = False
    gaps: bool = False
    defined: float = 0.12
    quantified: bool = True
    strict: bool = True
    variables: list[Variable] = field(default_factory=list)
    defines: list[str] = field(default_factory=list)

    # ------------------------------------------------------------ parts

    def part(self, depth: int, *, loops: bool = False) -> str:
        """Return a part, in parentheses where it is more than a step."""
        d = self.d
        if depth <= 1 or self.size() >= LONGEST or d.chance(0.4):
            return self.step(loops=loops)
        kinds = ["sequence", "sequence", "|", "|", "&", "ANY"]
        kinds += ["adjacency", "PERMUTE"] if self.strict else []
        kinds += ["loop"] if self.quantified else []
        kind = d.pick(kinds)
        match kind:
            case "sequence":
                return f"({self.sequence(depth - 1, loops=loops)})"
            case "adjacency":
                d.tag("adjacency")
                parts = [self.part(depth - 1, loops=loops) for _ in range(2)]
                return f"({' '.join(parts)})"
            case "|":
                d.tag("|")
                parts = [self.part(depth - 1, loops=loops) for _ in range(d.pick((2, 2, 3)))]
                return f"({' | '.join(parts)})"
            case "loop":
                d.tag("quantified group")
                body = self.sequence(depth - 1, loops=True)
                text = f"({body}){self.quantifier(combine=True)}"
                if d.chance(0.25):
                    d.tag("UNTIL of a group")
                    text += f" UNTIL [{self.condition(Variable('', 's')) or 'v > 2'}]"
                return text
            case _:
                return self.any_order(kind)

    def size(self) -> int:
        """Return how many steps there are."""
        return len([v for v in self.variables if not v.negated])

    def any_order(self, kind: str) -> str:
        """Return an any-order group."""
        d = self.d
        d.tag(kind)
        count = d.pick((2, 2, 3)) if kind != "ANY" else 3
        steps = [self.atom() for _ in range(count)]
        if kind == "PERMUTE":
            return f"PERMUTE({', '.join(steps)})"
        if d.chance(0.3):
            steps[0] += "{2}"
        if kind == "ANY":
            return f"ANY {d.pick((1, 2, 2))} OF ({', '.join(steps)})"
        if d.chance(0.3):
            d.tag("& NOT")
            steps.append(f"NOT {self.atom(negated=True)}")
        return f"({' & '.join(steps)})"

    def sequence(self, depth: int, *, loops: bool = False) -> str:
        """Return parts with edges, some with NOT between."""
        d = self.d
        text = self.part(depth, loops=loops)
        for _ in range(d.pick((1, 1, 2))):
            edge = self.edge()
            if d.chance(0.15):
                d.tag("NOT")
                edge = f"-> NOT {self.atom(negated=True)} {edge}"
            elif d.chance(0.06):
                d.tag("NOT FOR in the middle")
                edge = f"-> NOT {self.atom(negated=True)} FOR {d.seconds(1, 2)} {edge}"
            text += f" {edge} {self.part(depth, loops=loops)}"
        return text

    def edge(self) -> str:
        """Return `->` or one like it."""
        d = self.d
        if self.gaps and d.chance(0.5):
            d.tag("gap")
            gap = d.pick(GAPS)
            if self.forks and d.chance(0.5):
                d.tag("gap on ->>")
                gap += ">"
            return gap
        if self.forks and d.chance(0.45):
            d.tag("->>")
            return "->>"
        d.tag("->")
        return "->"

    def step(self, *, loops: bool = False) -> str:
        """Return a step, often with a quantifier."""
        d = self.d
        if not self.quantified or not d.chance(0.3):
            return self.atom(loops=loops)
        quantifier = self.quantifier(combine=self.forks)
        several = quantifier.split()[0] != "?"
        text = self.atom(loops=loops or several, of_loop=several) + quantifier
        if several and d.chance(0.15):
            d.tag("UNTIL")
            text += f" UNTIL [{self.condition(self.variables[-1]) or 'v > 2'}]"
        return text

    def quantifier(self, *, combine: bool) -> str:
        """Return a quantifier with its mode."""
        d = self.d
        found = d.pick(LOOPS)
        combines = combine and self.forks
        modes = ["", "", "", " RELAXED", " COMBINE" if combines else ""]
        mode = d.pick(modes + ([" STRICT"] if self.strict else []))
        if found == "?":
            mode = ""
        d.tag("loop" + (" possessive" if len(found) > 1 and found[-1] == "+" else ""))
        if mode:
            d.tag(mode.strip())
        return found + mode

    # ------------------------------------------------------------ steps

    def atom(self, *, negated: bool = False, loops: bool = False, of_loop: bool = False) -> str:
        """Return a step: a new variable with its stream and condition."""
        d = self.d
        count = sum(v.negated == negated for v in self.variables)
        name = f"n{count}" if negated else "abcdefghijklmno"[count]
        variable = Variable(name, d.pick("sq") if self.several else "s", negated, loops)
        self.variables.append(variable)
        condition = self.condition(variable, of_loop=of_loop)
        stream = f":{variable.stream}" if self.several else ""
        if condition and d.chance(self.defined):
            d.tag("DEFINE")
            if self.several and d.chance(0.5):
                d.tag("DEFINE AS STREAM")
                self.defines.append(f"{name} AS STREAM {variable.stream} WHERE {condition}")
                return name
            self.defines.append(f"{name} AS {condition}")
            return name + stream
        return name + stream + (f"[{condition}]" if condition else "")

    def condition(self, variable: Variable, *, of_loop: bool = False) -> str:
        """Return a condition of a variable."""
        d = self.d
        plain = d.pick([text for text, weight in PLAIN for _ in range(weight)])
        parts = [f"({plain.format(kind=d.pick('aabbc'), n=d.pick((0, 1, 2)))})" if plain else ""]
        earlier = [v for v in self.variables if v is not variable and not v.negated]
        if earlier and d.chance(0.25):
            d.tag("condition reads captures")
            parts.append(f"({d.pick(CAPTURES).format(e=d.pick(earlier).name)})")
        if of_loop and not variable.negated and d.chance(0.25):
            d.tag("condition reads its loop")
            parts.append(f"({d.pick(OF_LOOPS).format(o=variable.name)})")
        if self.strict and not variable.negated and d.chance(0.07):
            d.tag("PREV")
            parts.append(f"({d.pick(EARLIER)})")
        return " AND ".join(p for p in parts if p).removeprefix("()")


def draw_pattern(random: Random) -> Pair:
    """Return a rule over one MATCH, and rows."""
    d = Draw(random)
    kind = d.pick(("plain",) * 5 + ("fork", "fork", "gap", "gap", "both"))
    forks, gaps = kind in ("fork", "both"), kind in ("gap", "both")
    drawing = Drawing(d, several=d.chance(0.3), forks=forks, gaps=gaps)
    pattern = drawing.sequence(d.pick((1, 2, DEPTH, DEPTH)))
    if d.chance(0.1):
        d.tag("NOT FOR first")
        pattern = f"NOT {drawing.atom(negated=True)} FOR {d.seconds(1, 2)} -> {pattern}"
    if d.chance(0.15):
        d.tag("NOT FOR last")
        pattern += f" -> NOT {drawing.atom(negated=True)} FOR {d.seconds(1, 2, 3)}"
    if drawing.several:
        d.tag("several streams")
    options = _options(drawing)
    source = "" if drawing.several else "s "
    items = _items(drawing, options)
    text = f"CREATE RULE m AS SELECT {items} FROM {source}MATCH (\n  {pattern}\n {options})"
    text += _ending(drawing)
    return Pair(
        f"{STREAMS}{text};",
        draw_arrivals(d, several=drawing.several, most=14 if drawing.forks else 36),
        frozenset(d.tags),
    )


def _options(drawing: Drawing) -> str:
    d = drawing.d
    found = [_partition(drawing)]
    roll = d.random.random()
    if roll < (0.8 if drawing.forks else 0.6):
        d.tag("WITHIN")
        found.append(f"WITHIN {d.seconds(3, 5, 8)}")
    elif roll < (1.0 if drawing.forks else 0.75):
        d.tag("WITHIN n EVENTS")
        found.append(f"WITHIN {d.pick((4, 7))} EVENTS")
    if d.chance(0.1):
        d.tag("GAP")
        found.append(f"GAP {d.seconds(1, 2)}")
    steps = [v.name for v in drawing.variables if not v.negated]
    if d.chance(0.5):
        skip = d.pick(SKIPS).format(x=d.pick(steps))
        d.tag("SKIP " + skip.rsplit(" ", 1)[0])
        found.append(f"AFTER MATCH SKIP {skip}")
    if d.chance(0.3):
        starts = d.pick(("EACH", "FIRST", "LAST"))
        d.tag(f"STARTS {starts}")
        found.append(f"STARTS {starts}")
    if len(steps) > 1 and d.chance(0.1):
        d.tag("SUBSET")
        found.append(f"SUBSET u = ({', '.join(d.some(steps, 2, 3))})")
    if drawing.defines:
        found.append(f"DEFINE {', '.join(drawing.defines)}")
    return " ".join(f for f in found if f)


def _partition(drawing: Drawing) -> str:
    d = drawing.d
    if not d.chance(0.5):
        return ""
    firsts = {v.stream: v.name for v in reversed(drawing.variables)}
    if len(firsts) == 2 and d.chance(0.4):
        d.tag("PARTITION BY a = b")
        return f"PARTITION BY {firsts['s']}.k = {firsts['q']}.kk AS k"
    d.tag("PARTITION BY")
    return "PARTITION BY k"


def _items(drawing: Drawing, options: str) -> str:
    d = drawing.d
    items = ["MATCH_START() AS st", "MATCH_END() AS en", "COUNT(*) AS n"]
    for v in drawing.variables:
        if v.negated:
            continue
        items.append(f"{v.name}.v AS v_{v.name}")
        if v.loops:
            form = d.pick((
                "COUNT({}.*)",
                "SUM({}.v)",
                "FIRST({}.v)",
                "MAX({}.v)",
                "LAST({}.v, 1, 0)",
                "MEDIAN({}.v)",
                "COUNT(DISTINCT {}.v)",
                "INCREASE({}.v)",
            ))
            items.append(f"{form.format(v.name)} AS a_{v.name}")
    if "SUBSET" in options:
        items += ["u.v AS u_v", "COUNT(u.*) AS u_n", "FIRST(u.v) AS u_first"]
    if d.chance(0.3):
        d.tag("CLASSIFIER")
        items.append("CLASSIFIER() AS c")
    if d.chance(0.2):
        items.append("MATCH_NUMBER() AS number")
    return ", ".join(items)


def _ending(drawing: Drawing) -> str:
    d = drawing.d
    if d.chance(0.15):
        d.tag("EMIT ON CLOSE")
        return " EMIT ON CLOSE"
    if d.chance(0.1):
        d.tag("EMIT CHANGES")
        return " EMIT CHANGES" + d.pick(("", " EVERY 2s"))
    if d.chance(0.25):
        d.tag("ON TIMEOUT")
        first = next(v for v in drawing.variables if not v.negated)
        items = f"MATCH_STEP() AS step, MATCH_START() AS st, {first.name}.v AS v"
        return f"\n ON TIMEOUT INSERT INTO late SELECT {items}"
    return ""


def draw_arrivals(
    d: Draw, *, several: bool, most: int = 36
) -> tuple[tuple[str, dict[str, Any]], ...]:
    """Return rows of s, or of s and q, with ties; few where runs fork, of which the model follows each."""
    now, rows = 0, []
    steps: Sequence[float] = d.pick(((0, 0.5, 1, 1), (0, 0, 1), (0.5, 1, 1, 3)))
    kinds = d.pick((("a", "b", "c"), ("a", "a", "b", "b", "c", "n", None)))
    nulls = d.chance(0.5)
    for _ in range(min(most, d.pick((12, 24, 36)))):
        now += int(d.pick(steps) * 1_000_000)
        name = d.pick("sq") if several else "s"
        row: dict[str, Any] = {
            "ts": now,
            "kind": d.pick(kinds),
            "k": d.pick(("x", "y", None) if nulls and d.chance(0.2) else ("x", "y")),
            "v": d.pick((0, 1, 2, 3, 4, *((None,) if nulls else ()))),
        }
        if name == "q":
            row["kk"] = d.pick(("x", "y"))
        rows.append((name, row))
    return tuple(rows)
