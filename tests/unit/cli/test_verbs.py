"""The command line: every verb with its options, exit codes, where output goes."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from cep.cli.main import main

RULES = """PARAM limit DOUBLE = 10.0;

CREATE STREAM s (ts TIMESTAMP NOT NULL, k STRING, x DOUBLE, WATERMARK FOR ts AS ts);

CREATE RULE hot AS
SELECT k, x
FROM s
WHERE x > $limit;
"""
TWO = (
    RULES
    + "CREATE STREAM t (ts TIMESTAMP, WATERMARK FOR ts AS ts);\nCREATE RULE q AS SELECT ts FROM t;\n"
)
# Five kinds: syntax, a near name, types, what is not supported, a window function in WHERE.
MISTAKES = """CREATE STREAM readings (ts TIMESTAMP NOT NULL, sensor STRING, room STRING, value DOUBLE, WATERMARK FOR ts AS ts);
CREATE RULE a AS SELEC room FROM readings;
CREATE RULE b AS SELECT rooom FROM readings;
CREATE RULE c AS SELECT room FROM readings WHERE value + room > 3;
CREATE RULE d AS SELECT l.room AS room FROM readings l
  JOIN readings r WITHIN 5m ON l.value > r.value;
CREATE RULE e AS SELECT room FROM readings WHERE AVG(value) OVER (PARTITION BY room RANGE 10s PRECEDING) > 3;
"""
ROWS = [{"ts": i, "k": "ab"[i % 2], "x": 5.0 * i} for i in range(6)]
FOUND = [{"k": r["k"], "x": r["x"]} for r in ROWS if r["x"] > 10]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.cep").write_text(RULES)
    (tmp_path / "two.cep").write_text(TWO)
    (tmp_path / "bad.cep").write_text(MISTAKES)
    lines = [json.dumps(row) for row in ROWS]
    (tmp_path / "s.jsonl").write_text("\n".join([*lines[:3], "{broken", *lines[3:]]) + "\n")
    (tmp_path / "p1.jsonl").write_text("\n".join(lines[:3]) + "\n")
    (tmp_path / "p2.jsonl").write_text("\n".join(lines[3:]) + "\n")
    return tmp_path


def rows(text: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in text.splitlines()]
    return [{n: row[n] for n in ("k", "x")} for row in found]


def cep(*words: str) -> int:
    return main([*words])


RUN = ("run", "r.cep", "--tier", "python", "--input")


def test_run_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert cep(*RUN, "s=s.jsonl", "--output", "hot=-") == 0
    out, err = capsys.readouterr()
    assert rows(out) == FOUND
    assert "hot: 3 matches" in err
    assert "s: 1 rejected, 0 late\n    s row " in err
    assert "\x1b" not in out + err
    assert "\r" not in err  # no terminal, no live line


def test_run_for_reading(capsys: pytest.CaptureFixture[str]) -> None:
    assert cep(*RUN, "s.jsonl", "--quiet") == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "1970-01-01 00:00:00.000  hot  k=b  x=15"
    assert len(out.splitlines()) == 3
    assert err == ""


def test_run_to_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--output", "hot=o.csv", "--rejects", "bad.jsonl", "--quiet", "--param", "limit=20")
    assert cep(*RUN, "s=s.jsonl", *words) == 0
    assert (folder / "o.csv").read_text().splitlines() == [
        "ts,k,x",
        "1970-01-01T00:00:00.000005Z,b,25.0",
    ]
    (bad,) = [json.loads(line) for line in (folder / "bad.jsonl").read_text().splitlines()]
    assert (bad["stream"], bad["seq"], bad["raw"]) == ("s", 3, "{broken")
    assert "not a JSON object" in bad["reason"]
    assert capsys.readouterr() == ("", "")


def test_run_over_a_glob_and_without_stream_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert cep(*RUN, "p?.jsonl", "--output", "-") == 0
    assert rows(capsys.readouterr().out) == FOUND


def test_run_over_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    content = (folder / "s.jsonl").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert cep("run", "r.cep", "--tier", "python", "--output", "-", "--quiet") == 0
    assert rows(capsys.readouterr().out) == FOUND


WRONG = [
    (("run", "none.cep"), 2, "cannot read rule file none.cep"),
    (("run", "bad.cep"), 2, "did you mean 'room'?"),
    ((*RUN, "none.jsonl"), 1, "cannot read none.jsonl"),
    ((*RUN, "none*.jsonl"), 1, "no file matches"),
    ((*RUN, "zz=s.jsonl"), 2, "unknown stream 'zz'"),
    ((*RUN, "zz=s.jsonl"), 2, "the rules read s"),
    (("run", "."), 2, "cannot read rule file .: Is a directory"),
    (("run", "/dev/null", "--input", "s.jsonl"), 2, "the rules read no stream"),
    ((*RUN, "s=s.jsonl", "--input", "s=p1.jsonl"), 2, "two inputs"),
    ((*RUN, "s.jsonl", "--output", "hat=-"), 2, "did you mean 'hot'?"),
    ((*RUN, "s.jsonl", "--output", "hot=o.xyz"), 1, "cannot tell the format"),
    ((*RUN, "s.jsonl", "--output", "hot=no/o.csv"), 1, "cannot write no/o.csv"),
    ((*RUN, "s.jsonl", "--rejects", "no/o.jsonl"), 1, "No such file"),
    ((*RUN, "s.jsonl", "--metrics", "nine"), 2, "HOST:PORT"),
    ((*RUN, "-", "--checkpoint", "ck"), 2, "that cannot be read again"),
    ((*RUN, "s.jsonl", "--output", "hot=-", "--checkpoint", "ck"), 2, "that cannot be cut back"),
    ((*RUN, "s.jsonl", "--checkpoint", "ck", "--every", "soon"), 2, "--every soon is no time"),
    ((*RUN, "s.jsonl", "--checkpoint", "r.cep/ck"), 1, "cannot write a checkpoint to r.cep/ck"),
    ((*RUN, "s.jsonl", "--metrics", ":99999"), 1, "cannot serve metrics"),
    ((*RUN, "s.jsonl", "--param", "limit=much"), 2, "limit"),
    ((*RUN, "s.jsonl", "--param", "lim=1"), 2, "did you mean 'limit'?"),
    (("run", "two.cep", "--input", "s.jsonl"), 2, "must name its stream"),
    (("run", "two.cep", "--input", "s=-", "--input", "t=-"), 2, "one stream only"),
    (("explain", "r.cep", "--rule", "hat"), 2, "did you mean 'hot'?"),
    (("explain", "r.cep", "--stage", "ast", "--format", "svg"), 2, "has no picture"),
    (("fmt", "none.cep"), 2, "cannot read"),
    (("fmt", "bad.cep"), 2, "CEP1"),
    (("check", "none.cep"), 2, "cannot read"),
]


@pytest.mark.parametrize(("words", "code", "text"), WRONG, ids=[" ".join(w[0][2:]) for w in WRONG])
def test_what_is_wrong(
    words: tuple[str, ...], code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == code
    out, err = capsys.readouterr()
    assert text in err
    assert "Traceback" not in err
    assert out == ""


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("fly",),
        ("run",),
        ("run", "r.cep", "--tier", "gpu"),
        ("run", "r.cep", "--param", "limit"),
        ("check", "r.cep", "--format", "xml"),
    ],
)
def test_usage(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert "usage: cep" in capsys.readouterr().err


def test_a_full_disk_fails_the_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "o.jsonl").symlink_to("/dev/full")
    assert cep(*RUN, "s.jsonl", "--output", "hot=o.jsonl", "--quiet") == 1
    assert "No space left" in capsys.readouterr().err


def test_check_lists_all_mistakes(capsys: pytest.CaptureFixture[str]) -> None:
    assert cep("check", "bad.cep") == 2
    text = capsys.readouterr().out
    assert "5 mistakes, " in text
    assert text.count("^") >= 5
    assert text.count("\n  hint: ") >= 4
    assert cep("check", "bad.cep", "--format", "json") == 2
    found = json.loads(capsys.readouterr().out)
    assert sorted(f["line"] for f in found if f["severity"] == "error") == [2, 3, 4, 6, 7]
    assert {f["file"] for f in found} == {"bad.cep"}
    assert all(f["message"] and f["code"].startswith("CEP") and f["column"] > 0 for f in found)
    assert cep("check", "bad.cep", "--format", "github") == 2
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("::error file=bad.cep,line=") for line in lines) == 5


def test_check_of_what_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert cep("check", "r.cep") == 0
    assert capsys.readouterr().out == "0 mistakes, 0 lints\n"
    assert cep("check", "r.cep", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out) == []
    assert cep("check", "r.cep", "--format", "github") == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("stage", ["tree", "ast", "plan", "optimized", "graph", "kernel"])
def test_explain_every_stage(stage: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cep("explain", "r.cep", "--stage", stage) == 0
    out, err = capsys.readouterr()
    assert "hot" in out
    assert err == ""


@pytest.mark.parametrize("form", ["mermaid", "dot", "svg"])
def test_explain_as_pictures(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cep("explain", "r.cep", "--format", form) == 0
    out = capsys.readouterr().out
    assert "hot" in out
    if form == "svg":
        ET.fromstring(out)


def test_fmt(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "r.cep"
    assert cep("fmt", "r.cep") == 0
    canonical = path.read_text()
    assert cep("fmt", "--check", "r.cep") == 0
    path.write_text("-- why\n" + RULES.replace("SELECT k, x\nFROM s\n", "select  k,x from s "))
    assert cep("fmt", "--check", "r.cep") == 1
    assert "would change r.cep" in capsys.readouterr().err
    assert cep("fmt", "r.cep") == 0
    assert path.read_text() == "-- why\n" + canonical
    capsys.readouterr()
    assert cep("fmt", "r.cep", "--check") == 0
    assert capsys.readouterr() == ("", "")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cep("version") == 0
    out = capsys.readouterr().out
    assert out.startswith("cep ")
    assert "numpy" in out


def outside(words: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run cep in a process of its own, through a shell."""
    code = "import sys; from cep.cli.main import main; sys.exit(main())"
    repository = Path(__file__).resolve().parents[3]
    environment = {**os.environ, "PYTHONPATH": str(repository), "PY": sys.executable, "CODE": code}
    words = f'cep() {{ "$PY" -c "$CODE" "$@"; }}; {words}'
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", words],
        capture_output=True,
        check=False,
        env=environment,
        **options,
    )


def test_help_loads_nothing_heavy() -> None:
    heavy = (
        "{'lark', 'llvmlite', 'numpy', 'pyarrow', 'pandas', 'prometheus_client', 'rich', 'msgspec'}"
    )
    code = (
        "import sys\nfrom cep.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        f"loaded = {heavy} & set(sys.modules)\nassert not loaded, loaded\n"
    )
    repository = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(repository)},
    )
    assert done.returncode == 0, done.stderr.decode()
    for verb in (b"run", b"check", b"explain", b"fmt", b"version"):
        assert verb in done.stdout


@pytest.mark.parametrize("output", ["--output -", ""])
def test_a_reader_that_leaves(folder: Path, output: str) -> None:
    lines = "".join(json.dumps({"ts": i, "k": "a", "x": 50.0}) + "\n" for i in range(50_000))
    (folder / "many.jsonl").write_text(lines)
    words = f"cep run r.cep --tier python --quiet {output} < many.jsonl | head -n 1"
    done = outside(words, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"\n") == 1


# ---------------------------------------------------------------- init, a span of time, EXPLAIN statements


def test_init_makes_a_project_that_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "new"]) == 0
    assert "next: cd new && cep run" in capsys.readouterr().out
    monkeypatch.chdir(folder / "new")
    assert main(["check", "rules.cep"]) == 0
    assert main(["fmt", "--check", "rules.cep"]) == 0
    assert main(["test"]) == 0
    capsys.readouterr()
    arguments = ["run", "rules.cep", "--input", "readings=readings.jsonl", "--quiet"]
    assert main([*arguments, "--output", "incidents=-"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(r["state"], r["peak"]) for r in found] == [
        ("opened", 47.0),
        ("updated", 52.5),
        ("closed", 52.5),
    ]


def test_init_writes_nothing_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "new").mkdir()
    (folder / "new" / "README.md").write_text("mine")
    assert main(["init", "new"]) == 1
    assert "README.md is there already" in capsys.readouterr().err
    assert [p.name for p in (folder / "new").iterdir()] == ["README.md"]


@pytest.mark.parametrize(
    ("span", "kept"),
    [
        (["--from", "1970-01-01T00:00:00.000004Z"], [4, 5]),
        (["--to", "1970-01-01T00:00:00.000005Z"], [3, 4]),
        (["--from", "1970-01-01T00:00:00.000004Z", "--to", "1970-01-01T00:00:00.000005Z"], [4]),
        (["--from", "2020-01-01T00:00:00Z"], []),
    ],
)
def test_run_reads_a_span_of_time(
    span: list[str], kept: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "r.cep", "--input", "s.jsonl", "--output", "hot=-", "--quiet", *span]) == 0
    assert rows(capsys.readouterr().out) == [{"k": "ab"[i % 2], "x": 5.0 * i} for i in kept]


def test_run_refuses_a_span_that_is_no_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "r.cep", "--input", "s.jsonl", "--quiet", "--from", "noon"]) == 2
    assert "CEP405" in capsys.readouterr().err


def test_run_prints_what_explain_statements_ask_for(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = "EXPLAIN RULE hot; EXPLAIN SELECT k FROM s WHERE x < 3;"
    (folder / "asked.cep").write_text(RULES + asked)
    assert main(["run", "asked.cep", "--input", "s.jsonl", "--output", "hot=-", "--quiet"]) == 0
    shown = capsys.readouterr()
    assert rows(shown.out) == FOUND
    assert shown.err.startswith("rule hot -> hot\n")
    assert "rule explained1 -> explained1\n" in shown.err


def test_run_goes_on_from_its_checkpoint(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    words = (*RUN, "s=p1.jsonl", "--output", "hot=hot.jsonl", "--checkpoint", "ck")
    assert main(words) == 0
    before = (folder / "hot.jsonl").read_bytes()
    changed = RULES.replace("CREATE RULE hot AS", "CREATE RULE hot VERSION 2 AS")
    assert changed != RULES
    (folder / "r.cep").write_text(changed)
    capsys.readouterr()
    assert main(words) == 0
    assert "going on from the last checkpoint in ck (changed, without state: hot)" in (
        capsys.readouterr().err
    )
    assert (folder / "hot.jsonl").read_bytes() == before
    for path in (folder / "ck").iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    assert main(words) == 1
    assert "no checkpoint in ck can be read" in capsys.readouterr().err


def test_diff_shows_the_rows_of_one_side(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    words = ("diff", "r.cep", "new.cep", "s.jsonl")
    (folder / "new.cep").write_text(RULES)
    assert main(words) == 0
    assert capsys.readouterr().out == "hot: 3 rows the same, 0 gone, 0 new\n"
    (folder / "new.cep").write_text(
        RULES.replace("x > $limit", "x > $limit + 5 OR x = 5")
        + "CREATE RULE all_of AS SELECT k FROM s;\n"
    )
    assert main((*words, "--most", "1")) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "hot: 2 rows the same, 1 gone, 1 new"
    assert out[1].startswith("  - {") and '"x":15' in out[1]  # noqa: PT018
    assert out[2].startswith("  + {") and '"x":5' in out[2]  # noqa: PT018
    assert out[3] == "all_of: 0 rows the same, 0 gone, 6 new"
    assert out[-1] == "  + and 5 more"
    assert main((*words, "--json", "--param", "limit=0")) == 1
    shown = json.loads(capsys.readouterr().out)
    assert shown["hot"] == {"same": 5, "gone": [], "new": []}
    assert len(shown["all_of"]["new"]) == 6
    for uri in ("-", "tail:s.jsonl"):
        assert main(("diff", "r.cep", "new.cep", f"s={uri}")) == 2
        assert f"s={uri} cannot be read so" in capsys.readouterr().err


def test_diff_counts_equal_rows(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    twice = "CREATE RULE again AS INSERT INTO hot SELECT k, x FROM s WHERE x = 15;"
    (folder / "new.cep").write_text(RULES + twice)
    code = main(("diff", "new.cep", "r.cep", "s=s.jsonl"))
    assert (code, capsys.readouterr().out.splitlines()[0][:9]) == (1, "hot: 3 ro")


PATTERN = """CREATE STREAM s (ts TIMESTAMP, k STRING, v DOUBLE, WATERMARK FOR ts AS ts);
CREATE RULE p AS SELECT a.v AS x FROM s
MATCH (a[v > 1] -> b[v > a.v]+ -> NOT n[v < 0] -> c[v = 9] PARTITION BY k WITHIN 10s GAP 5s);
CREATE RULE r AS SELECT * FROM s MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts MEASURES LAST(B.v) AS w
  ONE ROW PER MATCH AFTER MATCH SKIP PAST LAST ROW PATTERN (A B+ C?) DEFINE A AS v > 1, B AS v < PREV(v));
"""


def test_explain_shows_automata_as_text(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "p.cep").write_text(PATTERN)
    assert cep("explain", "p.cep", "--rule", "p") == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert lines[3:] == [
        "automaton: PARTITION BY k, WITHIN 10s",
        "[start] waits for a",
        "-> [a]  a: v > 1.0",
        "[a] waits for b",
        "-> [b]  b, within 5s: v > a.v",
        "-> [killed]  nothing for 5s",
        "[b] 1 or more bound, waits for c or b",
        "-> [match]  c, within 5s: v = 9.0",
        "-> [b]  b, within 5s: v > a.v",
        "-> [killed]  NOT n: v < 0.0",
        "-> [killed]  nothing for 5s",
        "[match]",
        "[killed] run ends",
    ]
    assert cep("explain", "p.cep", "--rule", "r") == 0
    out = capsys.readouterr().out
    assert "[A]\n         -> [B]  B: v < PREV(v, 1)\n" in out
    assert "[B] match\n         -> [B]  1. B\n         -> [C]  2. C\n" in out
    assert " of CPU" not in out
    assert cep("explain", "p.cep", "--details") == 0
    assert capsys.readouterr().out.count(" of state), ") == 2


def test_explain_of_nothing_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "empty.cep").write_text("")
    assert cep("explain", "empty.cep") == 0
    assert capsys.readouterr() == ("", "no rules in empty.cep\n")


def test_folders_and_files_that_cannot_be_made(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cep("init", "s.jsonl") == 1
    assert capsys.readouterr().err == "CEP504: cannot make folder s.jsonl: File exists\n"
    assert cep(*RUN, "s=s.jsonl", "--rejects", str(folder)) == 1
    assert f"CEP504: cannot write {folder}: Is a directory" in capsys.readouterr().err


def test_the_version_as_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert cep("--version") == 0
    assert capsys.readouterr().out.startswith("cep ")
