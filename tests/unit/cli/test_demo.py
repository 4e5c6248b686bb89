"""`cep demo` and `cep bench`: the story is told, the runner is reached."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cep.cli.main import main

if TYPE_CHECKING:
    import pytest


def test_demo_tells_the_life_of_an_incident(capsys: pytest.CaptureFixture[str]) -> None:
    """Opened after the ignition, updated, closed; false alarms stay quiet; the metrics are shown."""
    assert main(["demo"]) == 0
    lines = capsys.readouterr().out.splitlines()
    states = [line.split()[1] for line in lines if line[2:3] == ":" and "suspected" not in line]
    assert states[0] == "OPENED"
    assert states[-1] == "CLOSED"
    assert states.count("OPENED") == states.count("CLOSED") >= 1
    assert "UPDATED" in states
    first = next(line for line in lines if "OPENED" in line)
    ignition = next(line for line in lines if line.startswith("ignition"))
    assert first[:8] > ignition.split()[3]
    assert any(line.strip().startswith("cep_events_total") for line in lines)


def test_another_seed_is_another_story(capsys: pytest.CaptureFixture[str]) -> None:
    """The story is computed, not recorded."""
    main(["demo", "--seed", "2"])
    second = capsys.readouterr().out
    main(["demo", "--seed", "3"])
    assert capsys.readouterr().out != second


def test_a_reader_that_leaves_sees_no_traceback() -> None:
    """Events are printed by a callback, whose exceptions the engine logs."""
    words = f"{sys.executable} -m cep demo | head -1"
    done = subprocess.run(
        words,
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert (done.stdout.count("\n"), done.stderr) == (1, "")
