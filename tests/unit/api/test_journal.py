"""Pushed events in a journal: durable before they are processed, replayed behind the last checkpoint."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import cep
from cep.engine.clock import ManualClock
from cep.errors import CepError

if TYPE_CHECKING:
    from pathlib import Path

RULES = """
CREATE STREAM s (ts TIMESTAMP, k STRING, v INT, WATERMARK FOR ts AS ts - 1s);
CREATE STREAM t (ts TIMESTAMP, k STRING, WATERMARK FOR ts AS ts);
CREATE RULE pair AS SELECT k, b.ts AS at FROM MATCH (a:s[v = 1] -> b:t PARTITION BY k WITHIN 10s);
CREATE RULE per AS SELECT k, COUNT(*) AS n FROM s GROUP BY k, TUMBLE(10s);
"""


def row(second: float, v: object = 1, k: object = "x") -> dict[str, object]:
    return {"ts": int(second * 1_000_000), "k": k, "v": v}


def heard(engine: cep.Engine) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for name in engine.outputs:
        engine.on(name)(lambda event: found.append({"stream": event.stream, **dict(event)}))
    return found


def push(engine: cep.Engine, clock: ManualClock) -> None:
    """Push by every way there is, with what cannot be read among it, and let a stream fall idle."""
    engine.send("s", row(1))
    engine.send("s", row(2, v="no number"))
    engine.send("s", {"ts": datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=3), "k": "ü"})
    engine.send_many("s", [row(4), row(5, 1, None), row(1.5), {"ts": [1]}])
    clock.forward(1_000_000)
    times = np.array([6, 7, 9], np.int64) * 1_000_000
    engine.send_batch("t", {"ts": times, "k": np.array(["x", "y", "z"])})
    engine.send_batch("s", {"ts": times, "k": np.array(["a", "a", "b"]), "v": np.array([1, 2, 3])})
    clock.forward(20_000_000)
    engine.tick()
    engine.send("t", {"ts": 15_000_000, "k": "x"})
    engine.advance(30_000_000)
    engine.send("s", row(31))
    engine.end("t")
    engine.flush()


@pytest.mark.parametrize("pushes", [0, 1, 3, 5, 9])
def test_a_replay_gives_what_was_given(tmp_path: Path, pushes: int) -> None:
    clock = ManualClock(50_000_000)
    with cep.Engine(RULES, raw_time=True, clock=clock) as engine:
        expected = heard(engine)
        push(engine, clock)
        errors = [(e.stream, e.seq, e.reason) for e in engine.errors]
        stats = engine.stats()
    clock = ManualClock(50_000_000)
    journal = tmp_path / "j.db"
    with cep.Engine(RULES, raw_time=True, clock=clock, journal=journal) as engine:
        found = heard(engine)
        push(engine, clock)
    assert found == expected
    folder = tmp_path / "ck"
    with cep.Engine(RULES, raw_time=True, journal=tmp_path / "part.db") as engine:
        copied(journal, tmp_path / "part.db", pushes)
        before = heard(engine)
        engine.replay()
        engine.checkpoint(folder)
    copied(journal, tmp_path / "part.db")
    with cep.Engine.restore(folder, raw_time=True, journal=tmp_path / "part.db") as engine:
        after = heard(engine)
        engine.replay()
        assert engine.replay() == 0
        assert [(e.stream, e.seq, e.reason) for e in engine.errors] == errors
        assert engine.stats()["streams"] == stats["streams"]
    assert before + after == expected


def copied(source: Path, target: Path, most: int = 1 << 60) -> None:
    """Copy the first steps of a journal."""
    with sqlite3.connect(source) as one, sqlite3.connect(target) as other:
        rows = one.execute(
            "SELECT number, content FROM steps WHERE number <= ?", (most,)
        ).fetchall()
        other.executemany("INSERT OR IGNORE INTO steps VALUES (?, ?)", rows)
    one.close()
    other.close()


def test_the_first_push_replays_what_is_there(tmp_path: Path) -> None:
    journal = tmp_path / "j.db"
    with cep.Engine(RULES, journal=journal) as engine:
        engine.send("s", row(1))
    with cep.Engine(RULES, raw_time=True, journal=journal) as engine:
        found = heard(engine)
        engine.send("t", row(2))
        engine.send("s", row(9))
        engine.send("t", row(9))
        assert found == [{"stream": "pair", "ts": 2_000_000, "k": "x", "at": 2_000_000}]


def test_checkpoints_trim_the_journal(tmp_path: Path) -> None:
    journal = tmp_path / "j.db"
    with cep.Engine(RULES, journal=journal) as engine:
        for second in range(30):
            engine.send("s", row(second))
            if second % 10 == 9:
                engine.checkpoint(tmp_path / "ck")
    with sqlite3.connect(journal) as db:
        assert db.execute("SELECT MIN(number), MAX(number) FROM steps").fetchone() == (21, 30)
    db.close()
    newest = max((tmp_path / "ck").iterdir())
    newest.write_bytes(b"")  # the one before it and the journal are enough
    with cep.Engine.restore(tmp_path / "ck", journal=journal) as engine:
        assert engine.replay() == 10
        assert engine.stats()["streams"]["s"]["events"] == 30


def test_the_journal_of_another_engine_is_refused(tmp_path: Path) -> None:
    with cep.Engine(RULES, journal=tmp_path / "j.db") as engine:
        engine.send("s", row(1))
        engine.checkpoint(tmp_path / "ck")
    with pytest.raises(CepError, match="CEP510: the journal ends at step 0"):
        cep.Engine.restore(tmp_path / "ck", journal=tmp_path / "new.db")
    (tmp_path / "text").write_text("this is no database, whatever its length may be" * 100)
    with pytest.raises(CepError, match="CEP510"):
        cep.Engine(RULES, journal=tmp_path / "text")


def test_a_journal_takes_pushes_only(tmp_path: Path) -> None:
    with cep.Engine(RULES, journal=tmp_path / "j.db") as engine:
        with pytest.raises(CepError, match="CEP403"):
            next(engine.read({"s": [row(1)]}))
        with pytest.raises(CepError, match="CEP401"):
            engine.send("nothing", row(1))
        assert engine.stats()["streams"]["s"]["events"] == 0


def test_threads_share_commits_and_keep_the_order_of_steps(tmp_path: Path) -> None:
    journal = tmp_path / "j.db"
    clock: Any = ManualClock(1)
    each = 40
    with cep.Engine(RULES, raw_time=True, clock=clock, journal=journal) as engine:
        found = heard(engine)

        def send(name: str) -> None:
            for number in range(each):
                engine.send("s", row(number / 10, 1, name))

        threads = [threading.Thread(target=send, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        engine.flush()
        assert engine.stats()["streams"]["s"]["events"] == 4 * each
    with cep.Engine(RULES, raw_time=True, clock=clock, journal=journal) as engine:
        again = heard(engine)
        assert engine.replay() == 4 * each + 1
    assert again == found


KILLED = """
import sys, cep
engine = cep.Engine(sys.argv[1], journal=sys.argv[2])
for second in range(1_000_000):
    engine.send("s", {"ts": second, "k": "x", "v": 1})
    print(second, flush=True)
"""


def test_what_send_returned_for_survives_a_kill(tmp_path: Path) -> None:
    rules, journal = tmp_path / "r.cep", tmp_path / "j.db"
    rules.write_text(RULES)
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(rules), str(journal)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    last = 0
    while last < 50:
        last = int(child.stdout.readline())
    os.kill(child.pid, signal.SIGKILL)
    rest = child.stdout.read().split()
    child.stdout.close()
    child.wait()
    last = int(rest[-1]) if rest else last
    with cep.Engine(RULES, journal=journal) as engine:
        assert engine.replay() - 1 in (last, last + 1)
