"""`rules/fire_detection.cep` on the generated half hour: what must be said, and what must not."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import cep
from examples.fire_detection.generate import MINUTES, START, generate
from tests.oracle.comparison import differences
from tests.oracle.strategies import Pair
from tests.oracle.world import evaluate

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "rules" / "fire_detection.cep"
EXPECTED = ROOT / "examples" / "fire_detection" / "expected.jsonl"


def write(story, path):
    """Writes the readings as JSON lines and returns the path."""
    path.write_text("".join(json.dumps(row) + "\n" for row in story.rows))
    return path


@pytest.fixture(scope="module")
def story():
    return generate(1)


@pytest.fixture(scope="module")
def out(story, tmp_path_factory):
    path = write(story, tmp_path_factory.mktemp("story") / "readings.jsonl")
    return cep.run(RULES, {"readings": path})


def rows(out, stream):
    return out[stream].to_dicts()


def test_the_fire_is_opened_within_a_minute(out, story):
    opened = [row for row in rows(out, "incidents") if row["state"] == "opened"]
    assert [row["room"] for row in opened] == ["bedroom", "hall"]
    assert timedelta(0) < opened[0]["opened_at"] - story.ignited_at < timedelta(minutes=1)


def test_the_fire_is_updated_then_closed_when_quiet(out):
    lives = {}
    for row in rows(out, "incidents"):
        lives.setdefault(row["incident_id"], []).append(row)
    for life in lives.values():
        states = [row["state"] for row in life]
        assert states[0] == "opened"
        assert states[-1] == "closed"
        assert states.count("updated") == len(states) - 2 > 5
        assert [row["version"] for row in life] == list(range(1, len(life) + 1))
        assert life[-1]["closed_at"] - life[-1]["updated_at"] == timedelta(minutes=5)
        peaks = [row["peak"] for row in life]
        assert peaks == sorted(peaks)


def test_updates_come_at_most_every_ten_seconds(out):
    last = {}
    for row in rows(out, "incidents"):
        before = last.get(row["incident_id"])
        if row["state"] == "updated":
            assert (row["ts"] - row["opened_at"]).total_seconds() % 10 == 0
            assert before is None or row["ts"] > before
        last[row["incident_id"]] = row["ts"]


def test_toast_and_sunshine_are_no_fire(out):
    assert {row["room"] for row in rows(out, "smoke_signs")} == {"kitchen", "bedroom", "hall"}
    assert {row["room"] for row in rows(out, "spikes")} == {"bedroom", "hall"}
    assert {row["room"] for row in rows(out, "fire_suspected")} == {"bedroom", "hall"}


def test_the_unplugged_sensor_is_lost(out, story):
    lost = [row for row in rows(out, "sensor_lost") if row["ts"] < story.ignited_at]
    assert [row["sensor"] for row in lost] == [story.lost]
    assert lost[0]["ts"] - lost[0]["last_seen"] == timedelta(seconds=30)


def test_burnt_sensors_are_lost_and_counted(out, story):
    end = START + timedelta(minutes=MINUTES)
    burnt = [
        row["sensor"]
        for row in rows(out, "sensor_lost")
        if story.ignited_at < row["ts"] < end and row["room"] == story.burning
    ]
    assert burnt
    closed = {row["room"]: row for row in rows(out, "incidents") if row["state"] == "closed"}
    assert closed[story.burning]["lost"] == len(burnt)


def test_all_clear_closes_the_incident(story, tmp_path):
    readings = write(story, tmp_path / "readings.jsonl")
    at = (story.ignited_at + timedelta(minutes=2)).isoformat()
    clear = tmp_path / "all_clear.jsonl"
    clear.write_text(json.dumps({"ts": at, "room": "bedroom"}) + "\n")
    out = cep.run(RULES, {"readings": readings, "all_clear": clear})
    closed = [row for row in rows(out, "incidents") if row["state"] == "closed"]
    assert closed[0]["room"] == "bedroom"
    assert closed[0]["closed_at"] == story.ignited_at + timedelta(minutes=2)


def test_the_expected_output(story, tmp_path):
    from cep.cli.main import main

    readings = write(story, tmp_path / "readings.jsonl")
    target = tmp_path / "incidents.jsonl"
    command = ["run", str(RULES), "--quiet", "--input", f"readings={readings}"]
    assert main([*command, "--output", f"incidents={target}"]) in {0, None}
    assert target.read_bytes() == EXPECTED.read_bytes()


@pytest.mark.parametrize("seed", range(2, 6))
def test_other_half_hours(seed, tmp_path):
    story = generate(seed)
    out = cep.run(RULES, {"readings": write(story, tmp_path / "readings.jsonl")})
    opened = [row for row in rows(out, "incidents") if row["state"] == "opened"]
    assert {row["room"] for row in opened} <= {"bedroom", "hall"}
    assert opened[0]["room"] == "bedroom"
    assert timedelta(0) < opened[0]["opened_at"] - story.ignited_at < timedelta(minutes=1)


@pytest.mark.slow
def test_the_model_tells_the_same_story(story):
    """The minutes around the ignition, row by row as the brute-force model has them."""
    begin = (story.ignited_at - timedelta(seconds=60)).isoformat()[:19]
    first = next(k for k, row in enumerate(story.rows) if row["ts"] >= begin)
    arrivals = tuple(
        ("readings", {**row, "ts": int(datetime.fromisoformat(row["ts"]).timestamp() * 1e6 + 0.5)})
        for row in story.rows[first : first + 3_000]
    )
    text = RULES.read_text(encoding="utf-8")
    expected = evaluate(text, arrivals)
    assert len(expected["incidents"]) > 5
    assert expected["fire_suspected"]
    assert not differences(Pair(text, arrivals, frozenset()))
