"""The typed plan of a rule: names resolved, types known; the binder makes it, rewrites improve it."""

from __future__ import annotations

from cep.plan.explain import explain_text

__all__ = ["explain_text"]
