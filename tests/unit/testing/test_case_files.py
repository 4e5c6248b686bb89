"""`.test` files run by `cep test`: what passes, how a failure is shown, what is malformed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cep.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """# shared
--- rules
CREATE STREAM s (ts TIMESTAMP, k STRING, v DOUBLE, WATERMARK FOR ts AS ts, LATE INTO lost) WITH (ts_unit = 'ms');
"""
GOOD = (
    HEAD
    + """=== a pattern over a restart
--- rules
CREATE RULE r AS SELECT a.v AS x, b.v AS y FROM s MATCH (a[v > 1] -> b[v > a.v] PARTITION BY k);
--- input s
ts    k  v
0s    x  2
1s    x  3
--- output r
ts  x  y
1s  2  3
--- restart
--- input s
ts   k  v
2s   x  5
--- watermark s 10s
--- input s
ts   k  v
3s   x  9
11s  x  6
--- late s
ts  v
3s  9
--- end
--- output r
x  y
5  6
=== nothing comes
--- rules
CREATE RULE r AS SELECT v FROM s WHERE v > 5;
--- input s
ts  v
0s  NULL
--- end
--- output r
=== a mistake
--- rules
CREATE RULE r AS SELECT w FROM s;
--- error CEP202 at 2:25
"""
)
WRONG = (
    HEAD
    + """=== other rows
--- rules
CREATE RULE r AS SELECT v FROM s WHERE v > 5;
--- input s
ts  v
0s  6
--- end
--- output r
v
7
=== a mistake elsewhere
--- rules
CREATE RULE r AS SELECT w FROM s;
--- error CEP202 at 9:9
=== no mistake
--- rules
CREATE RULE r AS SELECT v FROM s;
--- error CEP202 at 1:1
=== no such column
--- rules
CREATE RULE r AS SELECT v FROM s;
--- input s
ts  w
0s  1
=== no such output
--- rules
CREATE RULE r AS SELECT v FROM s;
--- output t
=== no number
--- rules
CREATE RULE r AS SELECT v FROM s;
--- input s
ts  v
0s  x
"""
)


@pytest.mark.parametrize("tier", ["python", "llvm"])
def test_cases_that_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str], tier: str) -> None:
    (tmp_path / "good.test").write_text(GOOD)
    assert main(["test", str(tmp_path), "--tier", tier]) == 0
    out = capsys.readouterr().out
    assert "good.test:4  a pattern over a restart\n" in out
    assert out.endswith("3 passed, 0 failed\n")


def test_failures_say_where_and_what(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "wrong.test"
    path.write_text(WRONG)
    assert main(["test", "--json", str(path)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["passed"], found["failed"]) == (0, 6)
    rows, elsewhere, none, column, output, number = [t["failure"] for t in found["tests"]]
    assert rows.splitlines() == [
        f"in one go: {path}:11: stream r: 1 rows expected (-), 1 got (+)",
        "    v",
        "  - 7.0",
        "  + 6.0",
    ]
    assert elsewhere.startswith("expected CEP202 at 9:9, got\nrules:2:25: CEP202: unknown column")
    assert none == "expected CEP202 at 1:1, but the rules have no mistake"
    assert column == "line 25: there is no column w"
    assert output.endswith(":31: no rule writes stream 't'")
    assert "x" in number


@pytest.mark.parametrize(
    "text", [b"--- nosuch\n", b"\xff\xfe", b"=== a\n--- rules\n--- input\n--- end\n"]
)
def test_malformed_files(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: bytes) -> None:
    (tmp_path / "bad.test").write_bytes(text)
    assert main(["test", str(tmp_path)]) == (1 if text[:1] == b"=" else 2)
    out, err = capsys.readouterr()
    assert "bad.test" in out + err
    assert "Traceback" not in out + err
