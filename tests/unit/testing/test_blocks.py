"""TEST statements: run from Python, by `cep test`, and by pytest."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cep.cli.main import main
from cep.errors import SourceText
from cep.testing import load_tests, run_test

RULES = """\
CREATE STREAM s (ts TIMESTAMP, k STRING, v DOUBLE, took DURATION, WATERMARK FOR ts AS ts) WITH (ts_unit = 'ms');
CREATE RULE hot AS INSERT INTO alerts SELECT k, v / 3 AS third, took FROM s WHERE v > 3;
TEST 'one is hot' OF hot
  GIVEN s (ts, k, v, took) VALUES (0s, 'a', 1.0, 5s), (1500ms, 'b', 10, 2m)
  EXPECT alerts (ts, k, third, took) VALUES (1500ms, 'b', 3.3333333333333, 2m);
TEST OF hot
  GIVEN s (ts, k, v) VALUES (0s, 'a', NULL), (TIMESTAMP('1970-01-01T00:00:02Z'), 'b', -1)
  EXPECT NO alerts;
"""
WRONG = """\
TEST 'expects too much' OF hot
  GIVEN s (ts, k, v) VALUES (0s, 'a', 9.0), (1s, 'b', 12.0), (0s, 'late', 1.0)
  EXPECT alerts (k, third) VALUES ('a', 3.0), ('c', 4.0);
"""
REPLACED = """\
CREATE OR REPLACE RULE hot AS INSERT INTO alerts SELECT k, v / 3 AS third, took FROM s WHERE v > 300;
TEST 'after' OF hot GIVEN s (ts, k, v) VALUES (0s, 'a', 9.0) EXPECT NO alerts;
"""


def outcomes(text: str, tier: str = "python") -> list[tuple[str, bool, str]]:
    sources = [SourceText("r.cep", text)]
    found = []
    for test in load_tests(sources):
        outcome = run_test(test, sources, tier=tier)
        found.append((test.title, outcome.passed, outcome.render()))
    return found


@pytest.mark.parametrize("tier", ["python", "llvm"])
def test_tests_that_hold(tier: str) -> None:
    assert outcomes(RULES, tier) == [("one is hot", True, ""), ("test of hot", True, "")]


def test_a_failure_shows_both_tables_and_rows_that_were_not_read() -> None:
    *_, (title, passed, text) = outcomes(RULES + WRONG)
    assert (title, passed) == ("expects too much", False)
    assert text.splitlines() == [
        "r.cep:11:3",
        " 11 |   EXPECT alerts (k, third) VALUES ('a', 3.0), ('c', 4.0);",
        "    |   " + "^" * len("EXPECT alerts (k, third) VALUES ('a', 3.0), ('c', 4.0)"),
        "stream alerts: 2 rows expected (-), 2 got (+)",
        "    k  third",
        "    a  3.0",
        "  - c  4.0",
        "  + b  4.0",
        "a given row was not read: s: late",
    ]


def test_rules_are_as_they_stand_at_the_place_of_the_test() -> None:
    found = outcomes(RULES + REPLACED)
    assert [(title, passed) for title, passed, _ in found] == [
        ("one is hot", True),
        ("test of hot", True),
        ("after", True),
    ]


TWO_RULES = """\
CREATE STREAM s (ts TIMESTAMP, v DOUBLE, WATERMARK FOR ts AS ts);
CREATE RULE top AS INSERT INTO alerts SELECT v FROM doubled WHERE v > 3;
TEST 'only what stands' OF top GIVEN s (ts, v) VALUES (0s, 4.0) EXPECT alerts (v) VALUES (8.0);
CREATE RULE doubles AS INSERT INTO doubled SELECT v * 2 AS v FROM s;
CREATE RULE too AS INSERT INTO alerts SELECT v FROM s;
TEST 'both' OF too GIVEN s (ts, v) VALUES (0s, 4.0) EXPECT alerts (v) VALUES (4.0), (8.0);
PAUSE RULE too;
TEST 'paused' OF top GIVEN s (ts, v) VALUES (0s, 4.0) EXPECT alerts (v) VALUES (8.0);
RESUME RULE too;
"""


def test_rules_below_a_test_do_not_take_part_unless_those_above_read_them() -> None:
    found = outcomes(TWO_RULES)
    assert [title for title, passed, text in found if not passed or text] == []
    assert len(found) == 3


def test_rows_that_should_not_be_are_shown_with_all_columns() -> None:
    test = "TEST OF hot GIVEN s (ts, k, v) VALUES (1s, 'b', 9) EXPECT NO alerts;"
    *_, (_, passed, text) = outcomes(RULES + test)
    assert not passed
    assert text.splitlines()[-3:] == [
        "stream alerts: 0 rows expected (-), 1 got (+)",
        "    ts                           k  third  took",
        "  + 1970-01-01T00:00:01.000000Z  b  3.0    NULL",
    ]


def test_outcomes_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "r.cep").write_text(RULES + WRONG)
    assert main(["test", "--json", str(tmp_path)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["passed"], found["failed"]) == (2, 1)
    *_, wrong = found["tests"]
    assert (wrong["title"], wrong["line"], wrong["rejected"]) == (
        "expects too much",
        9,
        ["s: late"],
    )
    (difference,) = wrong["differences"]
    assert difference["got"] == [["a", "3.0"], ["b", "4.0"]]


def test_a_file_without_tests_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "r.cep").write_text("CREATE STREAM s (ts TIMESTAMP, WATERMARK FOR ts AS ts);")
    assert main(["test", str(tmp_path / "r.cep")]) == 0
    out, err = capsys.readouterr()
    assert out == "0 passed, 0 failed\n"
    assert err.startswith("no test in ")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "good.cep").write_text(RULES)
    (tmp_path / "none.cep").write_text("CREATE RULE broken AS SELECT;")
    assert main(["test", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert out.count("ok  ") == 2
    assert "good.cep:3  one is hot" in out
    assert out.endswith("2 passed, 0 failed\n")
    (tmp_path / "good.cep").write_text(RULES + WRONG)
    assert main(["test", str(tmp_path / "good.cep")]) == 1
    out = capsys.readouterr().out
    assert "FAIL" in out
    assert "- c  4.0" in out
    assert main(["test", str(tmp_path / "missing.cep")]) == 2
    (tmp_path / "notes.txt").write_text("TEST OF hot")
    assert main(["test", str(tmp_path / "notes.txt")]) == 2
    (tmp_path / "bad.cep").write_text("TEST OF nothing GIVEN s (ts) VALUES (1s) EXPECT NO t;")
    assert main(["test", str(tmp_path / "bad.cep")]) == 2


def test_several_files_as_one_rule_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head, _, tests = RULES.partition("TEST")
    (tmp_path / "a.cep").write_text(head)
    (tmp_path / "b.cep").write_text("TEST" + tests)
    assert main(["test", "--together", str(tmp_path)]) == 0
    assert capsys.readouterr().out.endswith("2 passed, 0 failed\n")


def test_pytest_collects_rule_files(tmp_path: Path) -> None:
    (tmp_path / "good.cep").write_text(RULES)
    (tmp_path / "wrong.cep").write_text(RULES + WRONG)
    (tmp_path / "without.cep").write_text("CREATE RULE broken AS SELECT;")
    (tmp_path / "prose.cep").write_text("the latest\ntest\nis no rule file")
    (tmp_path / "test_engine.py").write_text(
        "def test_it(cep_engine):\n"
        "    engine = cep_engine('CREATE STREAM s (ts TIMESTAMP, v INT, WATERMARK FOR ts AS ts);'\n"
        "                        'CREATE RULE r AS SELECT v FROM s WHERE v > 1;')\n"
        "    rows = engine.tables()\n"
        "    engine.send('s', {'ts': 1, 'v': 2})\n"
        "    engine.flush()\n"
        "    assert len(rows['r']) == 1\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cep",
            "-p",
            "cep.testing.pytest_plugin",
            "-q",
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
        env={"PYTHONPATH": str(Path(__file__).parents[3]), "PATH": "/usr/bin:/bin"},
    )
    assert "1 failed, 5 passed" in done.stdout, done.stdout + done.stderr
    assert "- c  4.0" in done.stdout
    assert "Traceback" not in done.stdout
