"""The bytes of a checkpoint and the folder of checkpoints: damage, newer versions, and a disk that fails."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import pytest

from cep.errors import CepError
from cep.state.checkpoint_file import VERSION, DamagedError, decode, encode
from cep.state.checkpoints import Checkpoints
from cep.state.disk import Disk

if TYPE_CHECKING:
    from pathlib import Path

SLOW = {"ci": 2_000, "full": 100_000}[os.environ.get("CEP_TEST_SIZE", "full")]
ARRAYS = {
    "rule/r/0/run_start": np.arange(40, dtype=np.int64),
    "rule/r/0/run_state": np.array([1, -1, 3], np.int8),
    "rule/r/0/sum": np.array([0.5, np.nan, np.inf]),
    "stream/s/reasons": np.zeros(0, np.uint8),
    "clock/s": np.array([-(2**63), 2**63 - 1], np.int64),
}
META = {"rules": [["r.cep", "CREATE RULE r ü \ud800"]], "inputs": {"s": [["in.jsonl", 17]]}}


def same(found: tuple[dict[str, np.ndarray], dict[str, object]] | None) -> bool:
    """Whether what was read is what was written, array by array."""
    assert found is not None
    arrays, meta = found
    assert meta == META
    assert list(arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        assert arrays[name].tobytes() == array.tobytes()
    return True


def test_what_was_written_is_read() -> None:
    assert same(decode(encode(ARRAYS, META)))
    assert decode(encode({}, {})) == ({}, {})


def mutated(content: bytes, seed: int) -> bytes:
    """Return the bytes with a few of them flipped, cut, doubled or moved."""
    draw = random.Random(seed)
    found = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 5))):
        at, length = draw.randrange(len(found)), draw.choice((1, 2, 8, 64))
        match draw.randrange(5):
            case 0:
                found[at] ^= 1 << draw.randrange(8)
            case 1:
                del found[at:]
            case 2:
                del found[at : at + length]
            case 3:
                found[at:at] = draw.randbytes(length)
            case _:
                found[at:at] = found[: draw.randrange(len(found))]
        if not found:
            found = bytearray(b"\0")
    return bytes(found)


def resigned(content: bytes) -> bytes:
    """Return the bytes with a checksum that fits what stands before it."""
    body = content[:-16]
    return body + blake2b(body, digest_size=16).digest()


def _is_read_or_refused(seed: int, folder: Path) -> None:
    content = encode(ARRAYS, META)
    damaged = mutated(content, seed)
    try:
        assert same(decode(damaged)), seed
        assert damaged == content, seed
    except DamagedError:
        pass
    with contextlib.suppress(DamagedError, CepError):  # CepError: a flipped version
        arrays, _ = decode(resigned(damaged))
        assert sum(a.nbytes for a in arrays.values()) <= len(damaged), seed
    (folder / "checkpoint-0000000001").write_bytes(content)
    (folder / "checkpoint-0000000002").write_bytes(damaged)
    assert same(Checkpoints(folder).latest()), seed


def test_damaged_bytes_are_refused_and_the_one_before_is_read(tmp_path: Path) -> None:
    for seed in range(150):
        _is_read_or_refused(seed, tmp_path)


@pytest.mark.slow
def test_many_damaged_checkpoints(tmp_path: Path) -> None:
    for seed in range(1_000, 1_000 + SLOW):
        _is_read_or_refused(seed, tmp_path)


def test_every_cut_and_every_byte_is_seen() -> None:
    content = encode({"a": np.arange(3)}, {})
    for end in range(len(content)):
        with pytest.raises(DamagedError):
            decode(content[:end])
        flipped = bytearray(content)
        flipped[end] ^= 0x40
        with pytest.raises(DamagedError):
            decode(bytes(flipped))


def test_a_newer_version_is_refused_by_name(tmp_path: Path) -> None:
    content = bytearray(encode(ARRAYS, META))
    content[8:12] = (VERSION + 1).to_bytes(4, "little")
    (tmp_path / "checkpoint-0000000001").write_bytes(encode(ARRAYS, META))
    (tmp_path / "checkpoint-0000000002").write_bytes(resigned(bytes(content)))
    with pytest.raises(CepError, match=f"CEP509.*format {VERSION + 1}"):
        Checkpoints(tmp_path).latest()


def test_lengths_are_not_believed() -> None:
    content = encode({"a": np.arange(3)}, {})
    head = json.dumps({"name": "a", "dtype": "<i8", "shape": [3]}).encode()
    huge = json.dumps({"name": "a", "dtype": "<i8", "shape": [9]}).encode()
    assert len(head) == len(huge)
    with pytest.raises(DamagedError, match="beyond the end"):
        decode(resigned(content.replace(head, huge)))
    with pytest.raises(DamagedError, match="dtype"):
        decode(resigned(content.replace(b'"<i8"', b'"|O8"')))


def test_two_are_kept_and_what_is_unfinished_is_passed_over(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path / "made" / "here")
    assert kept.latest() is None
    for _ in range(4):
        path, size = kept.save(ARRAYS, META)
        assert path.stat().st_size == size
    (kept.folder / "checkpoint.unfinished").write_bytes(b"half of")
    (kept.folder / "notes.txt").write_text("of someone else")
    names = sorted(p.name for p in kept.folder.iterdir() if p.name.startswith("checkpoint-"))
    assert names == ["checkpoint-0000000003", "checkpoint-0000000004"]
    assert same(kept.latest())


class FailingDisk(Disk):
    """Fails its n-th call, counted from 0, after it has done half of a write."""

    def __init__(self, failing: int, number: int) -> None:
        self.calls = 0
        self._failing = failing
        self._number = number

    def _call(self) -> None:
        self.calls += 1
        if self.calls - 1 == self._failing:
            raise OSError(self._number, os.strerror(self._number))

    def write(self, path: Path, content: bytes) -> None:
        if self.calls == self._failing:
            super().write(path, content[: len(content) // 2])
        self._call()
        super().write(path, content)

    def sync(self, path: Path) -> None:
        self._call()
        super().sync(path)

    def rename(self, old: Path, new: Path) -> None:
        self._call()
        super().rename(old, new)

    def remove(self, path: Path) -> None:
        self._call()
        super().remove(path)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS])
def test_whatever_call_fails_the_last_good_one_stays(tmp_path: Path, number: int) -> None:
    disk = FailingDisk(-1, number)
    Checkpoints(tmp_path / "count").save(ARRAYS, META)
    Checkpoints(tmp_path / "count").save(ARRAYS, META)
    Checkpoints(tmp_path / "count", disk).save(ARRAYS, META)
    assert disk.calls == 5  # write, sync, rename, sync of the folder, remove
    for failing in range(disk.calls):
        folder = tmp_path / str(failing)
        Checkpoints(folder).save({"old": np.arange(1)}, {})
        Checkpoints(folder).save(ARRAYS, META)
        newer = {"newer": np.arange(2)}
        with pytest.raises(CepError, match="CEP508") as caught:
            Checkpoints(folder, FailingDisk(failing, number)).save(newer, {})
        assert os.strerror(number) in str(caught.value)
        found = Checkpoints(folder).latest()
        assert found is not None
        if failing < 3:  # before the rename the new one does not count, after it it does
            assert same(found)
        else:
            assert list(found[0]) == ["newer"]
        Checkpoints(folder).save(ARRAYS, META)  # and the next one is written
        assert same(Checkpoints(folder).latest())
        assert len([p for p in folder.iterdir() if p.name.startswith("checkpoint-")]) <= 3
