"""Ids of matches and incidents: 16 hex digits that are a function of the rule and its first event."""

from __future__ import annotations

import json
from hashlib import blake2b

from cep.functions.function import Function


def match_id(rule: str, version: str, stream: str, seq: int, *keys: object) -> str:
    """Return the id of a match or incident.

    It is blake2b (8 bytes, hex) of the UTF-8 text of a JSON array without spaces: rule, version, the key
    values (TIMESTAMP and DURATION as us, NULL as null), the first bound event's stream name and `seq`.
    """
    text = json.dumps(
        [rule, version, list(keys), stream, seq], ensure_ascii=False, separators=(",", ":")
    )
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


FUNCTIONS = (
    Function(
        "match_id",
        (),
        match_id,
        strict=False,
        operator=True,
        doc="MATCH_ID() and incident_id: see ruling 7",
    ),
)
