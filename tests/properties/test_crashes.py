"""`cep run --checkpoint` killed at any time and started again: the outputs are those of a run that was not."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

RUNS = {"ci": 100, "full": 1_000}[os.environ.get("CEP_TEST_SIZE", "full")]
ROWS = 60_000
POINTS = ("after_write", "after_fsync", "after_rename")
RULES = """
CREATE STREAM s (ts TIMESTAMP, k STRING, kind STRING, v DOUBLE, WATERMARK FOR ts AS ts - 2s, LATE INTO old);
CREATE STREAM t (ts TIMESTAMP, k STRING, n INT, WATERMARK FOR ts AS ts);
CREATE RULE pair AS SELECT MATCH_ID() AS id, k, a.v AS x, b.n AS n
  FROM MATCH (a:s[kind = 'a' AND v > 5] -> b:t[n > 2] PARTITION BY k WITHIN 10s);
CREATE RULE per AS SELECT k, window_start, COUNT(*) AS n, AVG(v) AS m, COUNT(DISTINCT kind) AS kinds
  FROM s GROUP BY k, HOP(size => 30s, every => 10s);
CREATE RULE quiet AS SELECT k, a.v AS v FROM s MATCH (a[kind = 'b'] -> NOT n[kind = 'b'] FOR 3s PARTITION BY k);
CREATE RULE both AS SELECT s.k AS k, s.v AS v, t.n AS n FROM s JOIN t WITHIN 1s ON s.k = t.k WHERE s.v > 9;
CREATE INCIDENT high KEY (k) OPEN ON s WHERE v > 9.9 SET peak = v UPDATE ON s AS e WHERE e.v > peak SET peak = e.v
  CLOSE AFTER 20s IDLE EMIT OPENED, UPDATED, CLOSED;
"""
OUTPUTS = {
    "pair": "jsonl", "per": "csv", "quiet": "csv", "both": "jsonl", "high_events": "jsonl", "old": "jsonl",
}  # fmt: skip
# Kills its process when a checkpoint is at a point for the n-th time.
KILLER = """
import os, signal, sys
from cep.cli.main import main
from cep.state.disk import Disk
point, left = sys.argv[1], int(sys.argv[2])
def reached(self, name):
    global left
    left -= name == point
    if name == point and left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
Disk.reached = reached
sys.exit(main(sys.argv[3:]))
"""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with rules, inputs, and in `whole` what a run that is not interrupted writes."""
    folder = tmp_path_factory.mktemp("crash")
    draw = random.Random(7)
    (folder / "r.cep").write_text(RULES)
    now = 1_700_000_000_000_000
    with (folder / "s.jsonl").open("w") as one, (folder / "t.csv").open("w") as other:
        other.write("ts,k,n\n")
        for _ in range(ROWS):
            now += draw.randrange(200_000)
            late = draw.choice((0, 0, 0, 500_000, 3_000_000))
            row = {"ts": now - late, "k": draw.choice("abcdef"), "kind": draw.choice("abc")}
            one.write(json.dumps({**row, "v": round(draw.random() * 10, 3)}) + "\n")
            if draw.random() < 0.3:
                other.write(f"{now},{draw.choice('abcdef')},{draw.randrange(5)}\n")
    (folder / "whole").mkdir()
    assert subprocess.run(command(folder, "whole"), check=False).returncode == 0
    return folder


def command(folder: Path, name: str, *, runner: tuple[str, ...] = ("-m", "cep")) -> list[str]:
    words = [sys.executable, *runner, "run", str(folder / "r.cep"), "--quiet"]
    words += ["--input", f"s={folder}/s.jsonl", "--input", f"t={folder}/t.csv"]
    for stream, ending in OUTPUTS.items():
        words += ["--output", f"{stream}={folder}/{name}/{stream}.{ending}"]
    return words


def finished(folder: Path, name: str, kills: int, draw: random.Random) -> int:
    """Run until the end, killed so often; return how many runs were killed before their end."""
    (folder / name).mkdir()
    saving = ["--checkpoint", f"{folder}/{name}/ck", "--every", "20ms"]
    killed = 0
    for _ in range(kills):
        if draw.random() < 0.4:
            runner = ("-c", KILLER, draw.choice(POINTS), str(draw.choice((1, 1, 2, 5))))
            done = subprocess.run(command(folder, name, runner=runner) + saving, check=False)
            killed += done.returncode == -signal.SIGKILL
            continue
        child = subprocess.Popen(command(folder, name) + saving)
        time.sleep(draw.uniform(0.3, 2.5))
        child.send_signal(draw.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM)))
        killed += child.wait() != 0
    assert subprocess.run(command(folder, name) + saving, check=False).returncode == 0
    return killed


def check_story(folder: Path, seed: int, kills: int) -> int:
    killed = finished(folder, f"run{seed}", kills, random.Random(seed))
    for stream, ending in OUTPUTS.items():
        file = f"{stream}.{ending}"
        expected = (folder / "whole" / file).read_bytes()
        assert expected.count(b"\n") > 20, file
        assert (folder / f"run{seed}" / file).read_bytes() == expected, f"seed {seed}: {file}"
    return killed


def test_a_run_that_is_killed_twice_writes_the_same_bytes(story: Path) -> None:
    assert check_story(story, 1, 2)


@pytest.mark.slow
def test_runs_killed_at_random_times_and_at_every_point(story: Path) -> None:
    killed, seed = 0, 100
    while killed < RUNS:
        killed += check_story(story, seed, 5)
        seed += 1
