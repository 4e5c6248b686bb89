"""The worked cases of MATCH (language.md, section 6) on the kernel itself, in both tiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cep.codegen.match.kernel import match_kernel
from cep.types import Type
from tests.unit.codegen.match_host import Host
from tests.unit.codegen.match_rules import absent, aggregate, call, match, number, sequence, step, v

if TYPE_CHECKING:
    from cep.plan.expressions import Expr
    from cep.plan.nodes import Match

LETTERS = "abcdfhlnsux"


def is_(letter: str) -> Expr:
    return call("eq", v(), number(LETTERS.index(letter)))


def rule(pattern, letters: str, **more) -> Match:
    counts = {f"n_{name}": aggregate("count", name) for name in letters if name != "n"}
    return match(pattern, {name: is_(name) for name in letters}, measures=counts, **more)


def run(node: Match, events: str, tier: str) -> list[str]:
    """Feed `a@0 b@5` and return each match as `start-end@T` with the counts of its variables."""
    host = Host(node, match_kernel(node).spec, tier)
    rows = []
    for place, text in enumerate(events.split()):
        letter, _, ts = text.partition("@")
        value = float(LETTERS.index(letter[0]))
        rows.append((0, int(ts) if ts else place, {"k": "x", "v": value}))
    out = host.feed(rows, clock=2**63 - 1)
    return [
        f"{o['start']}-{o['end']}@{o['T']} "
        + "".join(name[2:] * count for name, count in o.items() if name.startswith("n_"))
        for o in out
    ]


CASES = [
    ("a -> b", sequence(step("a"), step("b")), "ab", {}, "a c b b", ["0-2@2 ab"]),
    ("earliest", sequence(step("a"), step("b")), "ab", {}, "a a b", ["0-2@2 ab"]),
    ("last", sequence(step("a"), step("b")), "ab", {"starts": "last"}, "a a b", ["1-2@2 ab"]),
    ("none", sequence(step("a"), step("b")), "ab", {"skip": "none"}, "a a b", ["0-2@2 ab", "1-2@2 ab"]),
    ("a -> c", sequence(step("a"), step("c")), "ac", {}, "a c a b c a d c b",
     ["0-1@1 ac", "2-4@4 ac", "5-7@7 ac"]),
    ("f{3,} -> s", sequence(step("f", 3, None), step("s")), "fs", {}, "f x f f x f s", ["0-6@6 ffffs"]),
    ("guard", sequence(step("a"), absent("n"), step("b")), "abn", {}, "a n b a b n", ["3-4@4 ab"]),
    ("absence at d", sequence(step("a"), absent("n", 10)), "an", {}, "a@0 n@10", []),
    ("absence past d", sequence(step("a"), absent("n", 10)), "an", {}, "a@0 n@11", ["0-0@10 a"]),
    ("two absences", sequence(step("a"), absent("n", 10)), "an", {}, "a@0 a@5 n@100",
     ["0-0@10 a", "5-5@15 a"]),
    ("h{3,}", step("h", 3, None), "h", {}, "h h h h h", ["0-2@2 hhh"]),
    ("within", sequence(step("a"), step("b")), "ab", {"within": 10}, "a@0 b@10", ["0-10@10 ab"]),
    ("within passed", sequence(step("a"), step("b")), "ab", {"within": 10}, "a@0 b@11", []),
    ("same ts", sequence(step("a"), step("b")), "ab", {}, "a@0 b@0", ["0-0@0 ab"]),
    ("same ts, other order", sequence(step("a"), step("b")), "ab", {}, "b@0 a@0", []),
    ("optional", sequence(step("a"), step("b", 0, 1), step("c")), "abc", {}, "a b c a c",
     ["0-2@2 abc", "3-4@4 ac"]),
    ("clock restarts", sequence(step("a", 1, None), absent("n", 10)), "an", {"starts": "first"},
     "a@0 a@8 a@15 n@40", ["0-15@25 aaa"]),
    ("strict", sequence(step("a"), step("b"), edges=("strict",)), "ab", {}, "a x b a b", ["3-4@4 ab"]),
    ("absence then step", sequence(step("a"), absent("n", 10), step("b")), "abn", {},
     "a@0 b@5 b@12", ["0-12@12 ab"]),
]  # fmt: skip


@pytest.mark.parametrize("tier", ["python", "llvm"])
@pytest.mark.parametrize(("name", "pattern", "letters", "more", "events", "expected"), CASES)
def test_worked_case(name, pattern, letters, more, events, expected, tier):
    assert run(rule(pattern, letters, **more), events, tier) == expected


def test_absence_with_self_as_guard():
    """`a -> NOT again FOR 10` on a1@0 a2@5 a3@9 a4@30."""
    node = match(
        sequence(step("a"), absent("again", 10)),
        {"a": is_("a"), "again": is_("a")},
    )
    host = Host(node, match_kernel(node).spec)
    rows = [(0, ts, {"k": "x", "v": 0.0}) for ts in (0, 5, 9, 30)]
    assert [(o["start"], o["T"]) for o in host.feed(rows, clock=2**63 - 1)] == [(9, 19), (30, 40)]


def test_next_step_wins_over_the_loop():
    """`lo -> up+ -> hi` where hi also fits up: (lo u2 u3 hi=u15)."""
    node = match(
        sequence(step("lo"), step("up", 1, None), step("hi")),
        {
            "lo": call("lt", v(), number(1)),
            "up": call("gt", v(), number(1)),
            "hi": call("gt", v(), number(10)),
        },
        measures={"n": aggregate("count", "up"), "top": aggregate("max", "up")},
    )
    host = Host(node, match_kernel(node).spec)
    rows = [(0, n, {"k": "x", "v": value}) for n, value in enumerate((0.0, 2.0, 3.0, 15.0, 20.0))]
    (out,) = host.feed(rows)
    assert (out["start"], out["end"], out["n"], out["top"]) == (0, 3, 2, 3.0)


def test_null_keys_are_in_no_partition():
    node = rule(sequence(step("a"), step("b")), "ab")
    host = Host(node, match_kernel(node).spec)
    assert host.feed([(0, 0, {"k": None, "v": 0.0}), (0, 1, {"k": None, "v": 1.0})]) == []
    assert host.register("null_keys") == 2
    assert Type.STRING.null == -1


def test_a_flood_of_one_key_is_not_quadratic():
    """`f{5,} -> s`: every failure starts a run, and every run takes every failure, counted together."""
    node = rule(sequence(step("f", 5, None), step("s")), "fs", skip="none")
    host = Host(node, match_kernel(node).spec)
    n = 20_000
    rows = [(0, ts, {"k": "x", "v": float(LETTERS.index("f"))}) for ts in range(n)]
    rows.append((0, n, {"k": "x", "v": float(LETTERS.index("s"))}))
    out = host.feed(rows)
    assert [o["n_f"] for o in out] == list(range(n, 4, -1))
    assert host.register("runs_live") == 4
