"""The metrics page: served over HTTP, valid, of the documented names, without labels that grow."""

from __future__ import annotations

import shutil
import socket
import subprocess
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

import cep
from cep.metrics import METRICS, new_registry, page, serve

if TYPE_CHECKING:
    from pathlib import Path

RULES = """
CREATE STREAM s (ts TIMESTAMP, k STRING, x DOUBLE, WATERMARK FOR ts AS ts, LATE INTO l) WITH (ts_unit = 's');
CREATE RULE hot AS SELECT k, x FROM s WHERE x > 1;
CREATE RULE pair AS SELECT k FROM s MATCH (a[x > 10] -> b[x > 10] PARTITION BY k WITHIN 1h);
"""
HISTOGRAMS = {"cep_step_seconds", "cep_match_delay_seconds", "cep_checkpoint_seconds"}


def feed(engine: cep.Engine) -> None:
    events: list[Any] = [{"ts": i, "k": f"key {i}", "x": 20.0} for i in range(300)]
    engine.send_many("s", [*events, {"ts": 1, "k": "late"}, {"ts": "no"}, {}, 5])


def families(text: str) -> dict[str, Any]:
    return {f.name: f for f in text_string_to_metric_families(text)}


def value(text: str, name: str, **labels: str) -> float:
    found = [
        s.value
        for f in families(text).values()
        for s in f.samples
        if s.name == name and s.labels == labels
    ]
    assert len(found) == 1, (name, labels, found)
    return float(found[0])


def test_names_labels_and_values() -> None:
    registry = new_registry()
    with cep.Engine(RULES, tier="python", metrics=registry) as engine:
        before = page(registry)
        feed(engine)
        text = page(registry)
    names = set(families(text))
    assert names == METRICS.keys() | HISTOGRAMS | {"cep_build_info"}
    assert families(text)["cep_events"].type == "counter"
    for name, (_, help_text, _) in METRICS.items():
        assert families(text)[name].documentation == help_text
    lengths = [sum(len(f.samples) for f in families(t).values()) for t in (before, text)]
    assert lengths[1] <= lengths[0] + 10  # reasons of refused rows and streams written, never a key
    assert "key 7" not in text
    assert value(text, "cep_events_total", stream="s") == 304
    assert value(text, "cep_events_late_total", stream="s", reason="dropped") == 1
    assert value(text, "cep_events_rejected_total", stream="s", reason="value") == 1
    assert value(text, "cep_events_rejected_total", stream="s", reason="null") == 1
    assert value(text, "cep_events_rejected_total", stream="s", reason="syntax") == 1
    assert value(text, "cep_matches_total", rule="hot") == 300
    assert value(text, "cep_events_emitted_total", stream="hot") == 300
    assert value(text, "cep_events_emitted_total", stream="l") == 1
    assert value(text, "cep_runs_live", rule="pair") == 300
    assert value(text, "cep_watermark_timestamp_seconds", stream="s") == 299
    assert value(text, "cep_kernel_tier", rule="hot") == 0
    assert value(text, "cep_match_delay_seconds_count", rule="hot") == 300
    assert page(registry) == ""  # a closed engine is off the page


def test_a_registry_takes_one_engine() -> None:
    registry = new_registry()
    with cep.Engine(RULES, tier="python", metrics=registry):
        with pytest.raises(cep.CepError) as caught:
            cep.Engine(RULES, tier="python", metrics=registry)
        assert caught.value.code == "CEP407"
    with cep.Engine(RULES, tier="python", metrics=registry):
        assert "cep_events_total" in page(registry)


@pytest.fixture
def port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        number: int = taken.getsockname()[1]
    return number


def test_over_http(port: int) -> None:
    registry = serve("127.0.0.1", port)
    with cep.Engine(RULES, tier="python", metrics=registry) as engine:
        feed(engine)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
            assert answer.headers["Content-Type"].startswith("text/plain")
        assert value(text, "cep_events_total", stream="s") == 304
        with pytest.raises(cep.CepError) as caught:
            serve("127.0.0.1", port)
        assert caught.value.code == "CEP507"
    with pytest.raises(cep.CepError) as caught:
        serve("127.0.0.1", 99_999)
    assert caught.value.code == "CEP507"


@pytest.mark.needs_promtool
def test_promtool_finds_nothing() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    registry = new_registry()
    with cep.Engine(RULES, tier="python", metrics=registry) as engine:
        for _ in range(2):
            done = subprocess.run(
                [promtool, "check", "metrics"],
                input=page(registry).encode(),
                capture_output=True,
                check=False,
            )
            assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()
            feed(engine)


def test_checkpoints_are_measured(tmp_path: Path) -> None:
    registry = new_registry()
    with cep.Engine(RULES, tier="python", metrics=registry) as engine:
        before = page(registry)
        assert value(before, "cep_checkpoint_seconds_count") == 0
        assert not families(before)["cep_checkpoint_bytes"].samples
        feed(engine)
        engine.checkpoint(tmp_path)
        path = engine.checkpoint(tmp_path)
        text = page(registry)
    assert value(text, "cep_checkpoint_seconds_count") == 2
    assert value(text, "cep_checkpoint_bytes") == path.stat().st_size
    assert abs(value(text, "cep_checkpoint_timestamp_seconds") - path.stat().st_mtime) < 60
