"""The typed plan of a rule: names resolved, types known; the binder makes it, rewrites improve it."""
