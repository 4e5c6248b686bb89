"""Loading, the object cache, bindings and the background compiler."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from cep.cache import cache_root
from cep.errors import CepError
from cep.graph.kernel import Array, KernelSpec, Role
from cep.kernel import BackgroundCompiler, is_checked, load
from cep.kernel.llvm_tier import Counters
from cep.kernel.modules import Library
from cep.kernel.object_cache import ObjectCache
from tests.unit.kernel.kernels import spec_of

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """
def kernel(a: "i64[n]", x: "f64[n]") -> int:
    a[0] += 1
    x[0] = exp(x[0])
    return a[0]
"""


def _arrays() -> list[np.ndarray]:
    return [np.array([41]), np.array([0.0])]


@pytest.fixture
def cache(tmp_path: Path) -> ObjectCache:
    return ObjectCache(tmp_path / "cache")


def _fresh(text: str = "") -> KernelSpec:
    """Return a spec that no earlier test has left in the memory of the process."""
    gc.collect()
    return spec_of(f"# {text}\n{SOURCE}")


def test_a_hit_builds_no_ir_and_runs(cache: ObjectCache) -> None:
    spec = _fresh("hit")
    emitted = Counters.modules_emitted
    first = load(spec, tier="llvm", cache=cache)
    assert Counters.modules_emitted == emitted + 1
    assert not first.cache_hit
    del first
    gc.collect()
    second = load(spec, tier="llvm", cache=cache)
    assert Counters.modules_emitted == emitted + 1
    assert second.cache_hit
    arrays = _arrays()
    bound = second.bind(arrays)
    assert (bound.call_small(), bound.call_large()) == (42, 43)
    assert arrays[1][0] == np.e


def test_equal_kernels_share_machine_code(cache: ObjectCache) -> None:
    spec = _fresh("shared")
    first = load(spec, tier="llvm", cache=cache)
    for path in cache.folder.iterdir():
        path.unlink()
    emitted = Counters.modules_emitted
    second = load(spec, tier="llvm", cache=cache)
    assert second.cache_hit
    assert Counters.modules_emitted == emitted
    assert first.bind(_arrays()).call_small() == second.bind(_arrays()).call_small() == 42


def test_equal_kernels_share_their_python_function() -> None:
    spec = _fresh("shared in python")
    first, second = load(spec, tier="python"), load(spec, tier="python")
    assert not first.cache_hit
    assert second.cache_hit
    assert not load(spec, tier="python", checked=True).cache_hit
    left, right = first.bind(_arrays()), second.bind(_arrays())
    assert [left.call_small(), left.call_small(), right.call_small()] == [42, 43, 42]


def test_torn_and_foreign_files_are_misses(cache: ObjectCache) -> None:
    cache.write("key", b"object code")
    assert cache.read("key") == b"object code"
    (path,) = cache.folder.iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    assert cache.read("key") is None
    assert cache.read("other") is None


def test_the_folder_is_private_and_others_may_not_write_to_it(cache: ObjectCache) -> None:
    cache.write("key", b"x")
    assert cache.folder.stat().st_mode & 0o777 == 0o700
    cache.folder.chmod(0o722)
    assert cache.read("key") is None
    cache.write("more", b"y")
    assert len(list(cache.folder.iterdir())) == 1


def test_without_a_usable_folder_kernels_compile_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    loaded = load(_fresh("memory"), tier="llvm", cache=ObjectCache(tmp_path / "file"))
    assert not loaded.cache_hit
    assert loaded.bind(_arrays()).call_small() == 42


def test_old_files_are_removed(cache: ObjectCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cep.cache.MAX_FILES", 8)
    for number in range(9):
        cache.write(f"key{number}", b"x")
        os.utime(cache.folder / f"key{number}.o", (number, number))
    assert len(list(cache.folder.iterdir())) == 7
    assert cache.read("key0") is None
    assert cache.read("key8") == b"x"


def test_the_cache_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CEP_CACHE_DIR", "/one")
    assert str(cache_root()) == "/one"
    monkeypatch.delenv("CEP_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", "/two")
    assert str(cache_root()) == "/two/cep"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_root().parts[-2:] == (".cache", "cep")


def test_a_changed_library_module_is_a_miss(tmp_path: Path, cache: ObjectCache) -> None:
    source = "from cep.kernellib.outer import f\n" + SOURCE.replace("a[0] += 1", "a[0] = f(a[0])")
    (tmp_path / "outer.py").write_text(
        "from cep.kernellib.inner import STEP\ndef f(a: int) -> int:\n    return a + STEP\n"
    )
    arrays = (Array("a", "i64", Role.STATE), Array("x", "f64", Role.STATE))
    spec = KernelSpec("kernel", source, arrays)
    for step in (1, 5):
        (tmp_path / "inner.py").write_text(f"STEP = {step}\n")
        loaded = load(spec, tier="llvm", library=Library(tmp_path), cache=cache)
        assert not loaded.cache_hit
        assert loaded.bind(_arrays()).call_small() == 41 + step


@pytest.mark.parametrize("tier", ["python", "llvm"])
def test_update_replaces_one_array(tier: str) -> None:
    loaded = load(spec_of(SOURCE), tier=tier)
    assert loaded.tier == tier
    assert loaded.compile_seconds > 0
    bound = loaded.bind(_arrays())
    small, large = bound.call_small, bound.call_large
    assert small() == 42
    bound.update(0, np.array([10, 0, 0]))
    assert (small(), large()) == (11, 12)
    assert bound.arrays[0].tolist() == [12, 0, 0]


@pytest.mark.parametrize("tier", ["python", "llvm"])
def test_wrong_arrays_are_refused(tier: str) -> None:
    loaded = load(spec_of(SOURCE), tier=tier)
    a, x = _arrays()
    with pytest.raises(TypeError, match="takes 2 arrays, 1 given"):
        loaded.bind([a])
    with pytest.raises(TypeError, match="array 'x' of kernel 'kernel' is f64, not int64"):
        loaded.bind([a, a])
    bound = loaded.bind([a, x])
    with pytest.raises(TypeError, match="is i64, not int32"):
        bound.update(0, a.astype(np.int32))
    with pytest.raises(ValueError, match="one-dimensional and contiguous"):
        bound.update(0, np.zeros(8, np.int64)[::2])
    with pytest.raises(ValueError, match="one-dimensional and contiguous"):
        bound.update(0, np.zeros((2, 2), np.int64))


@pytest.mark.parametrize("way", ["call_small", "call_large"])
def test_a_call_outlives_everything_else(way: str) -> None:
    call = getattr(load(_fresh("lifetime"), tier="llvm").bind(_arrays()), way)
    gc.collect()
    filler = [np.ones(1) for _ in range(1000)]
    assert [call() for _ in range(3)] == [42, 43, 44]
    assert len(filler) == 1000


def test_read_only_inputs_are_allowed() -> None:
    source = 'def kernel(a: "i64[n]") -> int:\n    return a[1]\n'
    column = np.array([1, 2])
    column.flags.writeable = False
    assert [
        load(spec_of(source), tier=t).bind([column]).call_small() for t in ("python", "llvm")
    ] == [2, 2]


def test_large_calls_run_beside_python_threads() -> None:
    source = """
def kernel(a: "i64[n]") -> int:
    total = 1
    for i in range(a[0]):
        total = wrap_mul(total, 6364136223846793005) ^ i
    return total
"""
    bound = load(spec_of(source), tier="llvm").bind([np.array([60_000_000])])
    results: list[int] = []
    worker = threading.Thread(target=lambda: results.append(bound.call_large()))
    worker.start()
    turns = 0
    while worker.is_alive():
        turns += 1
        worker.join(0)
    assert results == [bound.call_small()]
    assert turns > 10


def test_checked_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_checked()
    monkeypatch.setenv("CEP_CHECKED", "1")
    assert is_checked()
    assert load(spec_of(SOURCE), tier="python").checked
    assert not load(spec_of(SOURCE), tier="python", checked=False).checked
    monkeypatch.setenv("CEP_CHECKED", "0")
    assert not is_checked()


def test_background_compile_puts_the_kernel_into_a_box(cache: ObjectCache) -> None:
    compiler = BackgroundCompiler(cache=cache)
    boxes = [compiler.submit(_fresh(f"box {n}")) for n in range(3)]
    assert all(box.wait(30.0) for box in boxes)
    for box in boxes:
        assert box.done
        assert box.failure is None
        assert box.loaded is not None
        assert box.loaded.tier == "llvm"
        assert box.loaded.bind(_arrays()).call_small() == 42
    compiler.close()
    compiler.close()
    with pytest.raises(RuntimeError, match="closed"):
        compiler.submit(_fresh("late"))


def test_a_background_failure_is_readable_and_the_thread_goes_on(cache: ObjectCache) -> None:
    compiler = BackgroundCompiler(cache=cache)
    arrays = (Array("a", "i64", Role.STATE),)
    bad = compiler.submit(
        KernelSpec("kernel", 'def kernel(a: "i64[n]") -> int:\n    return a\n', arrays)
    )
    good = compiler.submit(_fresh("after a failure"))
    assert bad.wait(30.0)
    assert good.wait(30.0)
    compiler.close()
    assert isinstance(bad.failure, CepError)
    assert bad.failure.span.line == 2
    assert bad.loaded is None
    assert good.loaded is not None


def test_threads_load_the_same_and_different_kernels_at_once(cache: ObjectCache) -> None:
    specs = [_fresh(f"threads {n % 3}") for n in range(6)]
    results: list[int] = []

    def work(spec: KernelSpec) -> None:
        results.append(load(spec, tier="llvm", cache=cache).bind(_arrays()).call_small())

    threads = [threading.Thread(target=work, args=(s,)) for s in specs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [42] * 6


def test_a_process_may_end_while_kernels_are_being_compiled(tmp_path: Path) -> None:
    code = f"""
from cep.graph.kernel import Array, KernelSpec, Role
from cep.kernel import BackgroundCompiler
compiler = BackgroundCompiler()
arrays = (Array("a", "i64", Role.STATE), Array("x", "f64", Role.STATE))
for n in range(50):
    compiler.submit(KernelSpec("kernel", f"# {{n}}\\n" + {SOURCE!r}, arrays))
"""
    environment = {**os.environ, "CEP_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert done.returncode == 0
    assert len(list(tmp_path.rglob("*.o"))) < 50


def test_without_llvmlite_the_python_tier_remains() -> None:
    code = f"""
import sys
sys.modules["llvmlite"] = None
from cep.errors import CepError
from cep.graph.kernel import Array, KernelSpec, Role
from cep.kernel import load
arrays = (Array("a", "i64", Role.STATE), Array("x", "f64", Role.STATE))
spec = KernelSpec("kernel", {SOURCE!r}, arrays)
load(spec, tier="python")
try:
    load(spec, tier="llvm")
except CepError as problem:
    sys.exit(0 if problem.code == "CEP902" else 2)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_door_does_not_load_llvmlite() -> None:
    code = "import sys, cep.kernel; sys.exit('llvmlite' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
