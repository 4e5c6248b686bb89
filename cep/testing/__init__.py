"""Tests of rules: TEST statements of rule files, run by `cep test` and by pytest."""

from __future__ import annotations

from cep.testing.blocks import Difference, Outcome, load_tests, may_have_tests, run_test

__all__ = ["Difference", "Outcome", "load_tests", "may_have_tests", "run_test"]
