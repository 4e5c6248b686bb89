"""The end-to-end measurement: `cep run` with W1 and W4 from JSONL against decoding alone.

CPU time of the whole command (user and system, all threads), less that of the same command on an
empty file, against `msgspec.json.Decoder(Struct).decode_lines` over the same bytes in blocks.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.workloads.generate import columns, write

RULES = Path(__file__).parent / "workloads" / "end_to_end.cep"
BLOCK_BYTES = 1 << 20
LIMIT = 4.0


class Reading(msgspec.Struct):
    """One line of the input."""

    ts: int
    sensor: str
    room: str
    kind: str
    value: float


@dataclass(frozen=True, slots=True)
class EndToEnd:
    """CPU seconds of each repetition.

    Attributes:
        rows: input rows.
        run_seconds: `cep run` over the input.
        start_seconds: `cep run` over an empty input.
        decode_seconds: decoding the same bytes into structs.
        matches: output rows of W1 and W4.
    """

    rows: int
    run_seconds: tuple[float, ...]
    start_seconds: tuple[float, ...]
    decode_seconds: tuple[float, ...]
    matches: tuple[int, int]

    @property
    def ratio(self) -> float:
        """(run - start-up) / decoding, medians."""
        median = statistics.median
        work = median(self.run_seconds) - median(self.start_seconds)
        return work / median(self.decode_seconds)

    def to_dict(self) -> dict[str, Any]:
        """The result for JSON."""
        return {**asdict(self), "ratio": self.ratio}

    def text(self) -> str:
        """The result in two lines."""
        run, start, decode = (
            statistics.median(seconds)
            for seconds in (self.run_seconds, self.start_seconds, self.decode_seconds)
        )
        first, second = self.matches
        return (
            f"cep run, W1 and W4 from JSONL: {run - start:.3f} s for {self.rows:,} rows"
            f" (start-up {start:.3f} s taken off; matches {first:,} and {second:,})\n"
            f"msgspec decode_lines: {decode:.3f} s; ratio {self.ratio:.2f} (at most {LIMIT:g})"
        )


def decode(path: Path) -> int:
    """Decodes a JSONL file in blocks of whole lines and returns the number of rows."""
    decoder = msgspec.json.Decoder(Reading)
    rows, rest = 0, b""
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            block = rest + block
            end = block.rfind(b"\n") + 1
            rest = block[end:]
            rows += len(decoder.decode_lines(block[:end]))
    return rows + len(decoder.decode_lines(rest))


def command_seconds(source: Path, outputs: Path) -> float:
    """CPU seconds (user and system) of one `cep run` over `source`."""
    command = [sys.executable, "-m", "cep", "run", str(RULES), "--quiet", "--tier", "llvm"]
    command += ["--input", f"readings={source}"]
    for stream in ("w1", "w4"):
        command += ["--output", f"{stream}={outputs / f'{stream}.jsonl'}"]
    before = os.times()
    subprocess.run(command, check=True)
    after = os.times()
    user = after.children_user - before.children_user
    return user + after.children_system - before.children_system


def measure(rows: int, repetitions: int) -> EndToEnd:
    """Generates the input in a temporary directory and measures, sides interleaved.

    Raises:
        subprocess.CalledProcessError: `cep run` failed; its message is on stderr.
    """
    run, start, alone = [], [], []
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        _, source = write(columns(rows), directory / "readings")
        empty = directory / "empty.jsonl"
        empty.touch()
        for _ in range(repetitions):
            start.append(command_seconds(empty, directory))
            run.append(command_seconds(source, directory))
            before = time.process_time()
            decode(source)
            alone.append(time.process_time() - before)
        first, second = (
            len((directory / f"{stream}.jsonl").read_bytes().splitlines())
            for stream in ("w1", "w4")
        )
    return EndToEnd(rows, tuple(run), tuple(start), tuple(alone), (first, second))
