"""Background compile: one thread that turns specs into machine code while the python tier runs."""

from __future__ import annotations

import atexit
import queue
import threading
from typing import TYPE_CHECKING

from cep.kernel.loading import load
from cep.kernel.modules import LIBRARY

if TYPE_CHECKING:
    from cep.graph.kernel import KernelSpec
    from cep.kernel.loading import LoadedKernel
    from cep.kernel.modules import Library
    from cep.kernel.object_cache import ObjectCache


class CompileBox:
    """One place for one result; the engine looks at it between batches.

    `loaded` is the kernel once it is compiled, `failure` what went wrong; at most one is set, once.
    Reading them needs no lock.
    """

    __slots__ = ("_finished", "failure", "loaded", "spec")

    def __init__(self, spec: KernelSpec) -> None:
        self.spec = spec
        self.loaded: LoadedKernel | None = None
        self.failure: Exception | None = None
        self._finished = threading.Event()

    @property
    def done(self) -> bool:
        """Whether there is a result or a failure."""
        return self._finished.is_set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the result; return whether it is there."""
        return self._finished.wait(timeout_s)

    def finish(self, loaded: LoadedKernel | None, failure: Exception | None) -> None:
        """Put the result in; called once, by the compile thread."""
        self.loaded, self.failure = loaded, failure
        self._finished.set()


class BackgroundCompiler:
    """Compiles kernels one after the other in a thread that starts with the first `submit`.

    The thread is a daemon; `close` (also called at interpreter exit) lets the running compile end.
    """

    def __init__(
        self,
        *,
        checked: bool | None = None,
        library: Library = LIBRARY,
        cache: ObjectCache | None = None,
    ) -> None:
        self._checked = checked
        self._library = library
        self._cache = cache
        self._boxes: queue.SimpleQueue[CompileBox | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, spec: KernelSpec) -> CompileBox:
        """Queue a kernel; return the box its machine code will be in."""
        box = CompileBox(spec)
        with self._lock:
            if self._closed:
                msg = "the compiler is closed"
                raise RuntimeError(msg)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="cep-compile", daemon=True)
                self._thread.start()
                atexit.register(self.close)
        self._boxes.put(box)
        return box

    def close(self) -> None:
        """Stop after the compile that is running; queued boxes get a failure. May be called twice."""
        with self._lock:
            self._closed = True
            thread, self._thread = self._thread, None
        if thread is not None:
            self._boxes.put(None)
            thread.join()
            atexit.unregister(self.close)

    def _run(self) -> None:
        while (box := self._boxes.get()) is not None:
            if self._closed:
                box.finish(None, RuntimeError("the compiler was closed"))
                continue
            try:
                loaded = load(
                    box.spec,
                    tier="llvm",
                    checked=self._checked,
                    library=self._library,
                    cache=self._cache,
                )
            except Exception as problem:  # whatever it is, the engine reads it
                box.finish(None, problem)
            else:
                box.finish(loaded, None)
