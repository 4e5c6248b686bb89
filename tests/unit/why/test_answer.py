"""What WHY says: one small story for each way a run can end, worked out by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cep.cli.main import main
from cep.errors import CepError
from cep.why import why

if TYPE_CHECKING:
    from pathlib import Path

    from cep.why import Answer

STREAM = (
    "CREATE STREAM s (ts TIMESTAMP, k STRING, kind STRING, x INT, WATERMARK FOR ts AS ts)"
    " WITH (ts_unit = 's');\n"
)


def ask(pattern: str, *events: tuple[int, str, int], rest: str = "", **options: Any) -> Answer:
    """Ask about a MATCH for key p; events: (second, kind, x), an event of key q after each."""
    rules = f"{STREAM}CREATE RULE r AS SELECT k FROM MATCH ({pattern} PARTITION BY k {rest});"
    rows: list[dict[str, Any]] = []
    for second, kind, x in events:
        rows.append({"ts": second, "k": "p", "kind": kind, "x": x})
        rows.append({"ts": second, "k": "q", "kind": "z", "x": 0})
    return why(rules, "r", {"s": rows}, **{"key": {"k": "p"}, **options})


def endings(answer: Answer) -> list[list[str]]:
    return [answer.reasons.ending(run) for run in answer.runs]


A, B, C = "a:s[kind = 'a']", "b:s[kind = 'b' AND x > a.x]", "c:s[kind = 'c']"


def test_a_match_and_what_it_skips() -> None:
    answer = ask(f"{A} -> {B}", (1, "a", 1), (2, "a", 3), (3, "b", 4))
    assert endings(answer) == [["match 1"], ["skipped by match 1"]]
    assert [[name for name, _ in run.bound] for run in answer.runs] == [["a", "b"], ["a"]]
    assert answer.counts() == {"matched": 1, "skip": 1}
    assert answer.furthest() == 2


def test_within_and_the_event_that_came_nearest() -> None:
    answer = ask(
        f"{A} -> {B}", (1, "a", 5), (2, "b", 4), (3, "z", 0), (30, "z", 0), rest="WITHIN 10s"
    )
    assert endings(answer) == [
        [
            "WITHIN 10s was over: it waited for b",
            "b: x > a.x (x = 4, a.x = 5) is FALSE, at 1970-01-01T00:00:02.000000Z",
        ]
    ]
    assert answer.runs[0].ending is not None
    assert answer.runs[0].ending.ts == 11_000_000
    assert answer.runs[0].ending.event is None


def test_a_strict_edge_names_what_does_not_hold() -> None:
    answer = ask(f"{A} {B}", (1, "a", 5), (2, "b", 4))
    assert endings(answer) == [[
        "this event had to be b and is not", "b: x > a.x (x = 4, a.x = 5) is FALSE"
    ]]  # fmt: skip


def test_a_guard_names_the_condition_that_holds() -> None:
    answer = ask(
        f"{A} -> NOT n:s[kind = 'n' AND x > a.x] -> {C}", (1, "a", 1), (2, "n", 1), (3, "n", 2)
    )
    text = "kind = 'n' AND x > a.x (kind = 'n', x = 2, a.x = 1)"
    assert endings(answer) == [[f"this event is what NOT forbids, n: {text}"]]


def test_an_absence_that_was_broken() -> None:
    answer = ask(f"{A} -> NOT n:s[kind = 'n'] FOR 10s", (1, "a", 1), (4, "n", 0))
    assert endings(answer) == [
        ["this event came before the time of NOT .. FOR was over, n: kind = 'n' (kind = 'n')"]
    ]


def test_a_gap_that_passed() -> None:
    answer = ask(f"{A} -[..2s]-> {C}", (1, "a", 1), (5, "c", 1))
    assert endings(answer) == [["the gap was over: it waited for c"]]


def test_a_run_that_lives() -> None:
    answer = ask(f"{A} -> {C}", (1, "a", 1))
    assert endings(answer) == [["still waits for c"]]
    assert answer.counts() == {"live": 1}


def test_matches_that_grow_close_by_events_and_at_the_end() -> None:
    stream = f"{STREAM}CREATE RULE r AS SELECT k FROM s MATCH (a[x > 0]+ PARTITION BY k WITHIN 2 EVENTS) EMIT ON CLOSE;"
    rows = [{"ts": t, "k": "p", "kind": "a", "x": 1} for t in (1, 2, 5)]
    answer = why(stream, "r", {"s": rows}, key={"k": "p"})
    assert endings(answer) == [["match 1"], ["match 2"]]
    assert [run.ending.ts for run in answer.runs if run.ending is not None] == [
        2_000_000,
        5_000_000,
    ]


def test_runs_that_give_way() -> None:
    last = ask(f"{A} -> {C}", (1, "a", 1), (2, "a", 2), rest="STARTS LAST")
    assert endings(last)[0] == ["a later start took its place (STARTS LAST)"]


def test_nothing_started() -> None:
    answer = ask(f"{A} -> {C}", (1, "c", 1), (2, "b", 7))
    assert answer.render().splitlines() == [
        "r for k = p: 0 matches, 0 runs, 2 events",
        "no event starts a run; the last one, 1970-01-01T00:00:02.000000Z kind = b:",
        "  a: kind = 'a' (kind = 'b') is FALSE",
    ]
    nobody = ask(f"{A} -> {C}", (1, "a", 1), key={"k": "w"})
    assert nobody.render().splitlines()[1] == "no event has this key"


def test_forks_have_their_own_events() -> None:
    answer = ask(
        f"{A} ->> {C}",
        (1, "a", 1),
        (2, "c", 2),
        (3, "c", 3),
        rest="AFTER MATCH SKIP NONE WITHIN 1m",
    )
    found = [[e.values["x"] for _, e in run.bound] for run in answer.runs if run.matched]
    assert sorted(found) == [[1, 2], [1, 3]]


def test_during_leaves_out_runs_of_other_times() -> None:
    events = [(1, "a", 1), (2, "c", 1), (100, "a", 1), (101, "c", 1)]
    answer = ask(f"{A} -> {C}", *events, during=(50_000_000, 200_000_000))
    assert [run.bound[0][1].ts for run in answer.runs] == [100_000_000]


def test_a_key_of_no_partition_is_refused() -> None:
    with pytest.raises(CepError, match="room is no key of the rule"):
        ask(f"{A} -> {C}", (1, "a", 1), key={"room": "x"})


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules, rows = tmp_path / "r.cep", tmp_path / "s.jsonl"
    rules.write_text(
        f"{STREAM}CREATE RULE r AS SELECT k FROM MATCH ({A} -> {B} PARTITION BY k WITHIN 10s);"
    )
    rows.write_text(
        '{"ts": 1, "k": "p", "kind": "a", "x": 1}\n{"ts": 2, "k": "q", "kind": "a", "x": 1}\n'
        '{"ts": 3, "k": "p", "kind": "b", "x": 2}\n'
    )
    command = ["why", str(rules), "--rule", "r", "--input", str(rows)]
    assert main([*command, "--key", "k=p"]) == 0
    assert "r for k = p: 1 match, 1 run, 2 events" in capsys.readouterr().out
    assert main([*command, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["ends"] == {"matched": 1, "within": 1}
    assert [run["end"]["reason"] for run in answer["runs"]] == ["matched", "within"]
    assert main([*command, "--during", "1970-01-01T00:00:12Z", "1970-01-01T00:01:00Z"]) == 0
    assert "r: 0 matches, 1 run" in capsys.readouterr().out


def test_the_statement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """EXPLAIN WHY [NOT] in a rule file is answered behind a run; WHY NOT does not tell the matches."""
    rules, rows = tmp_path / "r.cep", tmp_path / "s.jsonl"
    rule = f"CREATE RULE r AS SELECT k FROM MATCH ({A} -> {B} PARTITION BY k WITHIN 10s);\n"
    during = "DURING (TIMESTAMP('1970-01-01T00:00:00Z'), TIMESTAMP('1970-01-01T00:00:05Z'))"
    rules.write_text(f"{STREAM}{rule}EXPLAIN WHY NOT r FOR k = 'p' {during};\n")
    rows.write_text(
        '{"ts": 1, "k": "p", "kind": "a", "x": 1}\n{"ts": 3, "k": "p", "kind": "b", "x": 2}\n'
        '{"ts": 4, "k": "p", "kind": "a", "x": 1}\n{"ts": 60, "k": "p", "kind": "a", "x": 1}\n'
    )
    assert main(["run", str(rules), "--input", str(rows), "--quiet", "--tier", "python"]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "r for k = p: 1 match, 2 runs, 4 events",
        "furthest step: b (2 of 2)",
        "ended: 1 within",
        "",
        "run 2",
        "  a        1970-01-01T00:00:04.000000Z kind = a, x = 1",
        "  within   1970-01-01T00:00:14.000000Z: WITHIN 10s was over: it waited for b",
    ]
