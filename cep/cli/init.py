"""`cep init`: a new folder with rules, a test of theirs and an input, which runs as it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cep.errors import error

if TYPE_CHECKING:
    import argparse

RULES = """\
-- Rooms that get hot, and the incident that follows each.

-- What comes in: one reading a row, in the order of time but for two seconds.
CREATE STREAM readings (
  ts TIMESTAMP NOT NULL,
  room STRING,
  value DOUBLE,
  WATERMARK FOR ts AS ts - 2s
);

-- `cep run --param limit=50 ..` sets another value.
PARAM limit DOUBLE = 40.0;

-- Three readings above the limit within a minute.
CREATE RULE hot_room AS
SELECT room, COUNT(h.*) AS readings, MAX(h.value) AS peak
FROM readings MATCH (h[value > $limit]{3} PARTITION BY room WITHIN 1m);

CREATE INCIDENT overheating KEY (room)
  OPEN ON hot_room AS h SET peak = h.peak
  UPDATE ON readings AS r WHERE r.value > peak SET peak = r.value
  CLOSE ON readings AS r WHERE r.value < $limit - 5
  CLOSE AFTER 10m IDLE
  EMIT OPENED, UPDATED, CLOSED
  INTO incidents;

TEST 'three hot readings' OF hot_room
  GIVEN readings (ts, room, value) VALUES (0s, 'r1', 41.0), (10s, 'r1', 45.5), (20s, 'r1', 44.0)
  EXPECT hot_room (room, readings, peak) VALUES ('r1', 3, 45.5);
"""
READINGS = (
    (0, "kitchen", 21.0), (5, "hall", 19.5), (10, "kitchen", 41.5), (20, "kitchen", 44.0), (25, "hall", 19.5),
    (30, "kitchen", 47.0), (40, "kitchen", 52.5), (55, "kitchen", 43.0), (65, "hall", 20.0), (70, "kitchen", 33.0),
)  # fmt: skip
README = """\
# {name}

    cep check rules.cep                                  # every mistake, with its place
    cep test                                             # the TEST statements of the rules
    cep run rules.cep --input readings=readings.jsonl    # the rules over the readings
    cep explain rules.cep                                # what becomes of the rules

`rules.cep` says what comes in and what is looked for, `readings.jsonl` is an input of one reading a line.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the folder."""
    parser.add_argument("folder", metavar="DIR", help="folder of the new project; made if missing")


def run(arguments: argparse.Namespace) -> int:
    """Write the files of the project; nothing that is there is written over.

    Raises:
        CepError: CEP504, one of the files is there, or the folder cannot be made.
    """
    folder = Path(arguments.folder)
    lines = (
        f'{{"ts": "2026-01-01T08:{s // 60:02}:{s % 60:02}Z", "room": "{room}", "value": {value}}}\n'
        for s, room, value in READINGS
    )
    files = {
        "rules.cep": RULES,
        "readings.jsonl": "".join(lines),
        "README.md": README.format(name=folder.resolve().name),
    }
    for name in files:
        if (folder / name).exists():
            msg = f"{folder / name} is there already"
            raise error("CEP504", msg, hint="give a folder of its own")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        msg = f"cannot make folder {folder}: {problem.strerror}"
        raise error("CEP504", msg) from None
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
        print(f"wrote {folder / name}")
    print(f"next: cd {folder} && cep run rules.cep --input readings=readings.jsonl")
    return 0
