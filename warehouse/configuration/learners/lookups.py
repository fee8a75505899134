"""`lookup` of a `user_id`: ids of events that are another system's, and the table that says whose they are (R26).

Events land with the key, behind a mark that no learner's id has. So a key is nobody until the table says whose it is,
and a learner's own id is never taken for a key.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from warehouse.configuration.documents import role_table

MARK = "\x1f"  # with which an id of ours begins that is a key; of a source it is bad text
Name = Annotated[str, Field(min_length=1)]


class Lookup(BaseModel):
    """`{ source = "main", table = "id_map", key = "anonymous", value = "user_id" }`.

    Args:
        source: the name of the source that has the table.
        table: the table.
        key: its column of keys, which the events have.
        value: its column of learners' ids.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, strict=True)

    source: Name
    table: Name
    key: Name
    value: Name

    def mark(self, prefix: str) -> str:
        """Return what stands before every key of this table.

        Args:
            prefix: of the learners' ids, which are others under another prefix.
        """
        what = json.dumps([self.source, self.table, self.key, self.value, prefix])
        return f"{MARK}{hashlib.sha256(what.encode()).hexdigest()[:16]}{MARK}"


def lookup_source(stream: Mapping[str, Any]) -> str | None:
    """Return the source that the lookup of a stream names, as TOML has it; None without one."""
    lookup = role_table(stream, "user_id").get("lookup")
    source = lookup.get("source") if isinstance(lookup, dict) else None
    return source if isinstance(source, str) else None


def lookup_mistakes(streams: Mapping[str, Mapping[str, Any]], sources: Collection[str]) -> Iterator[str]:
    """Yield what is wrong about the lookups of streams.

    Args:
        streams: the tables of all streams, as TOML.
        sources: the names of the sources that there are.
    """
    for name, stream in streams.items():
        columns = stream.get("columns")
        for role, mapped in columns.items() if isinstance(columns, dict) else ():
            is_of_events = role == "user_id" and stream.get("kind") != "users"
            if isinstance(mapped, dict) and "lookup" in mapped and not is_of_events:
                yield f"streams.{name}.columns: {role} takes no lookup; only user_id of events does"
        source = lookup_source(stream)
        if source is not None and source not in sources:
            yield f'streams.{name}.columns: unknown source "{source}" of the lookup, there is no [sources.{source}]'
