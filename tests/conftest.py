"""What all tests share: hypothesis profiles, sizes of long runs, and skips that count as failures in CI."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    import pytest

settings.register_profile(
    "cep",
    derandomize=True,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("cep")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why the run fails when tests were skipped and skips are not allowed."""
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped and os.environ.get("CEP_FAIL_ON_SKIP"):
        terminalreporter.write_line(f"{len(skipped)} skipped tests count as failures here")
        for report in skipped:
            terminalreporter.write_line(f"  {report.nodeid}: {report.longrepr}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail the run when something was skipped and `CEP_FAIL_ON_SKIP` is set."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if skipped and os.environ.get("CEP_FAIL_ON_SKIP") and exitstatus == 0:
        session.exitstatus = 1
