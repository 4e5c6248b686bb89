"""The rule files that people copy: each runs, and says what its header promises."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import cep
from cep.compile import compile_rules
from cep.errors import SourceText
from cep.testing import load_tests, run_test

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "rules"
START = datetime(2026, 1, 5, tzinfo=UTC)


def at(seconds):
    return START + timedelta(seconds=seconds)


def run(name, inputs):
    """Runs a rule file over rows given as lists of dicts; returns rows by output stream."""
    with cep.Engine(RULES / name) as engine:
        outputs = {}
        arrivals = [(row["ts"], stream, row) for stream, rows in inputs.items() for row in rows]
        for stream in OUTPUTS[name]:
            engine.on(stream)(outputs.setdefault(stream, []).append)
        for _, stream, row in sorted(arrivals, key=lambda arrival: arrival[0]):
            engine.send(stream, row)
        engine.flush()
    return outputs


OUTPUTS = {
    "brute_force.cep": ("alerts",),
    "heartbeat.cep": ("device_down", "outages"),
    "order_sla.cep": ("completed", "sla_breaches"),
    "overheating.cep": ("overheating",),
    "rates.cep": ("error_burst", "sudden_jump"),
    "fire_suspected.cep": ("spikes", "fire_suspected", "incidents"),
}


def files(*folders):
    paths = [path for folder in folders for path in sorted((ROOT / folder).glob("*.cep"))]
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.name)


@files("rules", "benchmarks/workloads")
def test_every_file_compiles_without_a_lint(path):
    assert compile_rules([SourceText(str(path), path.read_text())]).lints == ()


@files("rules")
def test_every_file_starts_with_its_use(path):
    text = path.read_text()
    assert text.startswith("-- ")
    assert "-- Use:" in text
    assert "-- Input:" in text
    assert "-- Output:" in text


def login(seconds, user, *, success):
    return {"ts": at(seconds), "user_id": user, "ip": f"10.0.0.{seconds}", "success": success}


def test_brute_force():
    rows = [login(k, "ann", success=False) for k in range(6)]
    rows += [login(10, "ann", success=True)]
    rows += [login(k, "bob", success=False) for k in range(4)] + [login(11, "bob", success=True)]
    (alert,) = run("brute_force.cep", {"logins": rows})["alerts"]
    assert (alert["user_id"], alert["failures"], alert["since"]) == ("ann", 6, at(0))
    assert alert["ip"] == "10.0.0.10"


def test_heartbeat():
    rows = [{"ts": at(k), "device": "pump"} for k in (0, 10, 20, 90, 100)]
    rows += [{"ts": at(k), "device": "fan"} for k in range(0, 101, 20)]
    out = run("heartbeat.cep", {"heartbeats": rows})
    first = out["device_down"][0]
    assert (first["device"], first["last_seen"], first.ts) == ("pump", at(20), at(50))
    outages = [(event["device"], event["state"], event.ts) for event in out["outages"]]
    assert outages[:2] == [("pump", "opened", at(50)), ("pump", "closed", at(90))]


def test_rates():
    counts = [(k * 30, k * 60.0) for k in range(11)]
    counters = [
        {"ts": at(s), "host": "web", "metric": "errors_total", "value": v} for s, v in counts
    ]
    readings = [
        {"ts": at(k * 5), "sensor": "s", "room": "r", "kind": "temperature", "value": v}
        for k, v in enumerate([20.0, 20.5, 21.0, 27.0, 27.1, 27.2])
    ]
    out = run("rates.cep", {"counters": counters, "readings": readings})
    assert all(event["host"] == "web" for event in out["error_burst"])
    assert out["error_burst"][0]["per_s"] == pytest.approx(2.0)
    assert [(event["value"], event["d"]) for event in out["sudden_jump"]] == [
        (27.0, 6.5),
        (27.1, pytest.approx(6.1)),
    ]


def test_order_sla():
    hour = 3600
    inputs = {
        "orders": [{"ts": at(k * hour), "order_id": name} for k, name in enumerate("abc")],
        "payments": [{"ts": at(3 * hour), "order_id": n} for n in "ac"],
        "dispatches": [{"ts": at(30 * hour), "order_id": "a"}],
    }
    out = run("order_sla.cep", inputs)
    (done,) = out["completed"]
    assert (done["order_id"], done["took"]) == ("a", timedelta(hours=30))
    late = [(e["order_id"], e["missing"], e["paid_at"], e.ts) for e in out["sla_breaches"]]
    assert late == [("b", "p", None, at(25 * hour)), ("c", "d", at(3 * hour), at(51 * hour))]


def test_overheating():
    rows = [reading(k * 20, "t1", "temperature", 81.0 + k) for k in range(5)]
    rows.append(reading(700, "t2", "temperature", 99.0))
    found = run("overheating.cep", {"readings": rows})["overheating"]
    assert [(e["state"], e["n"], e["peak"], e.ts) for e in found] == [
        ("opened", 3, 83.0, at(40)),
        ("updated", 4, 84.0, at(60)),
        ("updated", 5, 85.0, at(80)),
        ("closed", 5, 85.0, at(110)),
    ]
    assert len({e["id"] for e in found}) == 1
    assert {e.match_id for e in found} == {found[0]["id"]}


def reading(seconds, sensor, kind, value):
    return {"ts": at(seconds), "sensor": sensor, "room": "r1", "kind": kind, "value": value}


def test_fire_suspected():
    rows = []
    for k in range(20):
        rows.append(reading(k, "t1", "temperature", 30.0 + k))
        rows.append(reading(k, "t2", "temperature", 28.0 + k))
    rows.append(reading(20, "s1", "smoke", 0.3))
    out = run("fire_suspected.cep", {"readings": rows})
    (found,) = out["fire_suspected"]
    assert (found["room"], found["since"], found["smoke"]) == ("r1", at(11), 0.3)
    assert found["sensors"] == 2
    assert found["peak"] == 47.0
    states = [event["state"] for event in out["incidents"]]
    assert (states[0], states[-1]) == ("opened", "closed")
    assert out["incidents"][-1].ts == at(20 + 300)


@pytest.mark.parametrize("name", ["brute_force", "order_sla", "overheating"])
def test_the_tests_in_a_rule_file_hold(name: str) -> None:
    sources = [SourceText(name, (RULES / f"{name}.cep").read_text(encoding="utf-8"))]
    found = load_tests(sources)
    assert found
    for test in found:
        outcome = run_test(test, sources)
        assert outcome.passed, outcome.render()
