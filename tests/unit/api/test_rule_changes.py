"""Rules that are added, replaced, paused, resumed and dropped while events flow."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

import cep
from cep.errors import CepError

if TYPE_CHECKING:
    from collections.abc import Iterator

STREAMS = """
CREATE STREAM s (ts TIMESTAMP, k STRING, v INT, WATERMARK FOR ts AS ts);
CREATE STREAM late (ts TIMESTAMP, k STRING, v INT, w INT, WATERMARK FOR ts AS ts - 5s);
"""
PAIR = "MATCH (a[v = 1] -> b[v = 2] PARTITION BY k WITHIN 10s)"
MAIN = STREAMS + f"CREATE RULE pair AS SELECT k, b.ts AS at FROM s {PAIR};"


class Running:
    """An engine, and all it has put out since the last look."""

    def __init__(self, rules: str, **options: object) -> None:
        self.engine = cep.Engine(rules, raw_time=True, **options)  # type: ignore[arg-type]
        self.seen: list[tuple[str, dict[str, object]]] = []
        self._known: set[str] = set()
        self.listen()

    def listen(self) -> None:
        """Hear outputs that are new."""
        for name in set(self.engine.outputs) - self._known:
            self._known.add(name)
            self.engine.on(name)(lambda event: self.seen.append((event.stream, dict(event))))

    def send(self, second: float, v: int, k: str = "x", stream: str = "s", **more: object) -> None:
        """Send an event."""
        self.engine.send(stream, {"ts": int(second * 1_000_000), "k": k, "v": v, **more})

    def taken(self, *columns: str) -> list[tuple[object, ...]]:
        """Return what came since the last look: the stream and these columns."""
        self.engine.check()
        found = [(name, *(row.get(c) for c in columns)) for name, row in self.seen]
        self.seen.clear()
        return found


@pytest.fixture(params=["python", "llvm", "auto"])
def running(request: pytest.FixtureRequest) -> Iterator[Running]:
    """An engine with one rule."""
    made = Running(MAIN, tier=request.param)
    with made.engine:
        yield made


def test_a_rule_is_added_and_the_others_go_on(running: Running) -> None:
    running.send(1, 1)
    changes = running.engine.add_rules("CREATE RULE twos AS SELECT k, v FROM s WHERE v = 2;")
    assert (changes.added, changes.kept, changes.reset, changes.removed) == (("twos",), (), (), ())
    running.listen()
    running.send(2, 2)
    assert sorted(running.taken("k")) == [("pair", "x"), ("twos", "x")]


def test_a_new_rule_sees_the_events_from_then_on(running: Running) -> None:
    running.send(1, 1)
    running.engine.add_rules(f"CREATE RULE again AS SELECT k FROM s {PAIR};")
    running.listen()
    running.send(2, 2)
    assert running.taken("k") == [("pair", "x")]
    running.send(3, 1)
    running.send(4, 2)
    assert sorted(running.taken("k")) == [("again", "x"), ("pair", "x")]


def test_a_rule_of_another_condition_starts_fresh_or_keeps_its_runs(running: Running) -> None:
    later = PAIR.replace("v = 2", "v = 3")
    running.send(1, 1)
    replace = "CREATE OR REPLACE RULE pair {} AS SELECT k, b.ts AS at FROM s {};"
    changes = running.engine.add_rules(replace.format("VERSION 2", later))
    assert changes.reset == ("pair",)
    running.send(2, 3)
    assert running.taken("k") == []
    running.send(3, 1)
    changes = running.engine.add_rules(replace.format("VERSION 3 KEEP STATE", PAIR))
    assert changes.kept == ("pair",)
    running.send(4, 2)
    assert running.taken("at") == [("pair", 4_000_000)]


def test_a_shorter_within_holds_for_runs_that_are_kept(running: Running) -> None:
    running.send(1, 1)
    running.send(5, 1, "y")
    short = PAIR.replace("10s", "2s")
    text = f"CREATE OR REPLACE RULE pair KEEP STATE AS SELECT k, b.ts AS at FROM s {short};"
    assert running.engine.add_rules(text).kept == ("pair",)
    running.send(6, 2)
    running.send(6.5, 2, "y")
    assert running.taken("k") == [("pair", "y")]
    assert running.engine.stats()["rules"]["pair"]["run_ends"]["within"] == 1


def test_the_same_text_keeps_state_unless_reset(running: Running) -> None:
    text = "CREATE OR REPLACE RULE pair {} AS SELECT k, b.ts AS at FROM s " + PAIR + ";"
    running.send(1, 1)
    changes = running.engine.add_rules(text.format(""))
    assert (changes.kept, changes.reset) == ((), ())
    running.send(2, 2)
    assert running.taken("k") == [("pair", "x")]
    running.send(3, 1)
    assert running.engine.add_rules(text.format("RESET STATE")).reset == ("pair",)
    running.send(4, 2)
    assert running.taken("k") == []
    running.send(5, 1)  # RESET STATE was meant once
    running.engine.add_rules("CREATE RULE other AS SELECT k FROM s WHERE v = 9;")
    running.send(6, 2)
    assert running.taken("k") == [("pair", "x")]


def test_a_failed_change_leaves_everything_as_it_was(running: Running) -> None:
    running.send(1, 1)
    other = PAIR.replace("a[v = 1]", "a[v = 1]+")
    for text, code in [
        ("CREATE RULE broken AS SELECT nothing FROM s;", "CEP202"),
        (
            f"CREATE OR REPLACE RULE pair KEEP STATE AS SELECT k, b.ts AS at FROM s {other};",
            "CEP238",
        ),
        ("CREATE OR REPLACE STREAM s (ts TIMESTAMP, k STRING, v INT, x INT, "
         "WATERMARK FOR ts AS ts);", "CEP408"),
        ("DROP STREAM s;", "CEP201"),
        ("PAUSE RULE nothing;", "CEP237"),
    ]:  # fmt: skip
        with pytest.raises(CepError) as caught:
            running.engine.add_rules(text)
        assert caught.value.problems[0].code == code
    running.send(2, 2)
    assert running.taken("k") == [("pair", "x")]


@pytest.mark.parametrize(
    ("items", "where", "size"),
    [("k, COUNT(*) AS n", "v > 0", 20), ("k, SUM(v * 2) AS n", "v > 0", 10), ("k, COUNT(*) AS n", "v < 0", 10)],
    ids=["window", "argument", "operator"],
)  # fmt: skip
def test_what_a_state_is_made_of_is_no_literal(items: str, where: str, size: int) -> None:
    text = "RULE w {} AS SELECT {} FROM s WHERE {} GROUP BY k, TUMBLE({}s);"
    first = "k, SUM(v * 1) AS n" if "SUM" in items else "k, COUNT(*) AS n"
    running = Running(STREAMS + "CREATE " + text.format("", first, "v > 0", 10))
    running.send(1, 1)
    with pytest.raises(CepError, match="its state cannot be kept"):
        running.engine.add_rules(
            "CREATE OR REPLACE " + text.format("KEEP STATE", items, where, size)
        )
    running.send(11, 1)
    assert running.taken("n") == [("w", 1)]


def test_pause_discards_and_resume_starts_anew(running: Running) -> None:
    running.send(1, 1)
    assert running.engine.pause("pair").removed == ("pair",)
    running.send(2, 2)
    running.send(3, 1)
    assert "pair" not in running.engine.stats()["rules"]
    assert running.engine.resume("pair").added == ("pair",)
    running.send(4, 2)
    assert running.taken("k") == []
    running.send(5, 1)
    running.send(6, 2)
    assert running.taken("k") == [("pair", "x")]


def test_a_rule_is_dropped_and_may_come_again(running: Running) -> None:
    running.engine.add_rules("CREATE RULE seen AS SELECT k FROM pair;")
    with pytest.raises(CepError, match="unknown stream 'pair'"):
        running.engine.drop_rule("pair")
    running.engine.drop_rule("seen")
    assert running.engine.drop_rule("pair").removed == ("pair",)
    assert "pair" not in running.engine.outputs
    running.engine.add_rules(f"CREATE RULE pair AS SELECT k, b.ts AS at FROM s {PAIR};")
    running.send(1, 1)
    running.send(2, 2)
    assert running.taken("k") == [("pair", "x")]
    with pytest.raises(CepError, match="there is no 'none'"):
        running.engine.drop_rule("none")


def test_an_incident_is_dropped_and_not_paused() -> None:
    rules = STREAMS + "CREATE INCIDENT hot KEY (k) OPEN ON s WHERE v > 5 CLOSE ON s WHERE v < 1;"
    running = Running(rules)
    running.send(1, 6)
    with pytest.raises(CepError, match="incident hot cannot be paused"):
        running.engine.pause("hot")
    running.send(2, 0)
    assert running.taken("state") == [("hot_events", "opened"), ("hot_events", "closed")]
    assert running.engine.drop_rule("hot").removed == ("hot",)
    running.send(3, 6)
    assert running.taken("state") == []


def test_rows_that_wait_reach_a_rule_that_came_meanwhile(running: Running) -> None:
    times, keys = np.array([1, 2, 9], np.int64) * 1_000_000, np.array(["a", "b", "c"])
    numbers = np.array([1, 2, 3], np.int64)
    batch = {"ts": times, "k": keys, "v": numbers, "w": numbers * 10}
    running.engine.send_batch("late", batch)  # no rule reads w so far, rows from 4 s on wait
    running.engine.add_rules("CREATE RULE w AS SELECT k, w FROM late;")
    running.listen()
    running.engine.flush()
    assert running.taken("k", "w") == [("w", "c", 30)]


def test_streams_that_meet_keep_the_slower_clock(running: Running) -> None:
    running.engine.add_rules(
        "CREATE STREAM t (ts TIMESTAMP, k STRING, v INT, WATERMARK FOR ts AS ts);"
    )
    running.send(50, 0)
    running.send(20, 1, stream="t")
    both = "CREATE RULE both AS SELECT a.k FROM MATCH (a:t -> b:s PARTITION BY k WITHIN 1m);"
    running.engine.add_rules(both)
    running.listen()
    running.send(30, 5, stream="t")
    running.send(60, 7)
    running.send(70, 0, stream="t")
    assert running.taken("k") == [("both", "x")]
    stats = running.engine.stats()["streams"]
    assert [stats[name]["late"] for name in "st"] == [0, 0]


def test_files_keep_their_columns(running: Running, tmp_path: object) -> None:
    sink = running.engine.write("pair", f"{tmp_path}/pair.jsonl")
    text = f"CREATE OR REPLACE RULE pair AS SELECT k FROM s {PAIR};"
    with pytest.raises(CepError, match="pair is being written with other columns"):
        running.engine.add_rules(text)
    sink.close()


def test_tables_of_files_are_read_again_for_new_rules(tmp_path: object) -> None:
    with open(f"{tmp_path}/rooms.csv", "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write("k,name\nx,kitchen\n")
    table = "CREATE TABLE rooms (k STRING PRIMARY KEY, name STRING)"
    table += f" WITH (source = '{tmp_path}/rooms.csv');"
    running = Running(STREAMS + table)
    named = (
        "CREATE RULE named AS SELECT s.k, rooms.name AS name FROM s JOIN rooms ON rooms.k = s.k;"
    )
    running.engine.add_rules(named)
    running.listen()
    running.send(1, 1)
    assert running.taken("name") == [("named", "kitchen")]


def test_a_rule_with_subqueries_is_replaced_as_a_whole() -> None:
    text = "RULE deep {} AS SELECT k, n FROM (SELECT k, COUNT(*) AS n FROM s WHERE v > {} GROUP BY k, TUMBLE(10s)) WHERE n > 1;"
    running = Running(STREAMS + "CREATE " + text.format("", 0))
    running.send(1, 5)
    changes = running.engine.add_rules("CREATE OR REPLACE " + text.format("KEEP STATE", 4))
    assert changes.kept == ("deep",)
    assert [n for n in running.engine.stats()["rules"] if n.startswith("deep")] == [
        "deep$1",
        "deep",
    ]
    running.send(2, 3)
    running.send(3, 5)
    running.send(11, 5)
    assert running.taken("n") == [("deep", 2)]


def test_rules_of_a_bounded_run_do_not_change() -> None:
    with cep.Engine(MAIN, bounded=True) as engine, pytest.raises(CepError, match="bounded run"):
        engine.pause("pair")


def test_names_are_names_whatever_is_in_them(running: Running) -> None:
    with pytest.raises(CepError, match="there is no"):
        running.engine.drop_rule('pair; DROP RULE pair; --"')
    assert "pair" in running.engine.outputs


def test_rules_change_while_threads_send() -> None:
    engine = cep.Engine(MAIN, raw_time=True)
    found: list[object] = []
    engine.on("pair")(found.append)
    rounds = 300

    def send() -> None:
        for number in range(rounds):
            engine.send("s", {"ts": 2 * number, "k": "x", "v": 1})
            engine.send("s", {"ts": 2 * number + 1, "k": "x", "v": 2})

    sender = threading.Thread(target=send)
    sender.start()
    for number in range(10):
        engine.add_rules(f"CREATE RULE r{number} AS SELECT k FROM s {PAIR};")
    sender.join()
    engine.check()
    assert len(found) == rounds
    engine.close()
