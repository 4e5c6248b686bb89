"""The rewrites, one function a file: each takes a rule's node and returns an equal, cheaper one."""
