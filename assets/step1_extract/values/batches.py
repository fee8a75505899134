"""A batch as the driver gave it becomes one of the lake's types, row for row; nothing is ever dropped (R1, R19).

A value that cannot be read as its role's type becomes null, and the row says so in `unreadable` and keeps what it was
in `source_row`. Which rule that breaks is decided at landing, in SQL.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from assets.step1_extract.values.mapped_values import (
    DELETED,
    composite_id,
    ended_at,
    is_in,
    is_yes,
    read_epoch,
    read_epochs,
    reader_of_amount,
    reader_of_id,
)
from assets.step1_extract.values.not_deleted import NEVER, is_never
from assets.step1_extract.values.values import (
    ARROW_TYPES,
    ISO_8601,
    RawBatch,
    python_values,
    read_boolean,
    read_column,
    read_id,
    read_instant,
    text_or_bytes,
)
from warehouse.configuration.roles import Composite, Mapped, Unit
from warehouse.configuration.streams import DELETED_AT, INSTEAD_OF, ROLES, Kind, Role

LONGEST_KEPT_TEXT = 1000  # characters of each value of a quarantined row
DEFECTS = [pa.field("unreadable", pa.list_(pa.string())), pa.field("source_row", pa.string())]


def schema(kind: Kind) -> pa.Schema:
    """Return the columns of a readable batch: every role of the kind, `unreadable` and `source_row`."""
    return pa.schema([pa.field(role.name, ARROW_TYPES[role.type]) for role in ROLES[kind]] + DEFECTS)


def read_batch(raw: RawBatch, kind: Kind, zone: str, tables: Mapping[str, Mapped | Composite]) -> pa.RecordBatch:
    """Give a raw batch the types of its kind.

    Args:
        raw: columns named as `Stream.inputs`, values as the driver gave them; a role that is not mapped is absent.
        kind: the kind of the stream.
        zone: the IANA zone of instants that carry none (R1).
        tables: how roles are read that are not mapped by a name alone.

    Returns:
        A batch of `schema(kind)`, row for row; an id whose driver says that it is a UUID stays one.
    """
    columns = list(raw.schema.names if isinstance(raw, pa.RecordBatch) else raw.columns)
    unreadable: dict[str, np.ndarray] = {}
    arrays = []
    for role in ROLES[kind]:
        if role.name in tables:
            values, is_unreadable = _read_mapped(raw, role, zone, tables[role.name])
        elif role.name in columns:
            values, is_unreadable = read_column(raw, role, zone)
        else:
            values, is_unreadable = pa.nulls(len(raw), ARROW_TYPES[role.type]), np.zeros(len(raw), dtype=bool)
        arrays.append(values)
        if is_unreadable.any():
            unreadable[role.name] = is_unreadable
    names = [role.name for role in ROLES[kind]]
    for label, role_name in INSTEAD_OF.items():
        if label in columns:
            started = arrays[names.index("started_at")] if label == "duration" else None
            index = names.index(role_name)
            arrays[index], is_unreadable = _read_instead(raw, label, tables.get(label), started)
            if is_unreadable.any():
                unreadable[role_name] = is_unreadable
    ids = {
        role.name: arrays[index] for index, role in enumerate(ROLES[kind]) if role.name in tables and role.type == "id"
    }
    arrays += _defects(raw, unreadable, ids)
    fields = [field.with_type(values.type) for field, values in zip(schema(kind), arrays, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _read_mapped(raw: RawBatch, role: Role, zone: str, table: Mapped | Composite) -> tuple[pa.Array, np.ndarray]:
    """Read a role that is mapped by a table or by several columns."""
    kind = ARROW_TYPES[role.type]
    if isinstance(table, Composite):
        rows = zip(*(_objects(raw, f"{role.name}{suffix}") for suffix in table.inputs), strict=True)
        return _each(rows, lambda parts: composite_id(parts, read_id), kind)
    if table.value is not None:
        return pa.array([table.value] * len(raw), type=kind), np.zeros(len(raw), dtype=bool)
    if table.unit is not None and isinstance(raw, pa.RecordBatch) and not table.never:
        column = raw.column(role.name)
        if pa.types.is_integer(column.type):
            return read_epochs(column, table.unit)
    values = _objects(raw, role.name)
    if role.type == "boolean":
        highest = _objects(raw, f"{role.name}.of") if table.of else [None] * len(raw)
        return _each(zip(values, highest, strict=True), lambda pair: is_yes(table, *pair), kind)
    read = _reader_of(role, zone, table)
    return _each(values, lambda value: None if value is None or is_in(value, table.never) else read(value), kind)


def _reader_of(role: Role, zone: str, table: Mapped) -> Callable[[object], object]:
    if role.type == "amount":
        return reader_of_amount(table)
    if role.type == "id":
        return reader_of_id(table, read_id)
    if table.unit is None:
        return lambda value: NEVER if role.name == DELETED_AT and is_never(value) else read_instant(value, zone)
    return partial(_read_epoch_or_text, unit=table.unit)


def _read_epoch_or_text(value: object, unit: Unit) -> datetime:
    """Read a number since 1970; SQLite may have text in a column of numbers."""
    if isinstance(value, str) and ISO_8601.fullmatch(value):
        return read_instant(value, "UTC")
    return read_epoch(value, unit)


def _read_instead(
    raw: RawBatch, label: str, table: Mapped | Composite | None, started: pa.Array | None
) -> tuple[pa.Array, np.ndarray]:
    """Read what becomes a role: the length of a session its end, a flag that says yes an instant long ago."""
    values, kind = _objects(raw, label), ARROW_TYPES["instant"]
    if started is not None and isinstance(table, Mapped) and table.unit is not None:
        unit = table.unit
        return _each(zip(started.to_pylist(), values, strict=True), lambda pair: ended_at(pair[0], pair[1], unit), kind)

    def read(value: object) -> datetime | None:
        if isinstance(table, Mapped) and (table.true or table.false):
            return DELETED if is_in(value, table.true) else None
        return DELETED if value is not None and read_boolean(value) else None

    return _each(values, read, kind)


def _each(values: Iterable[Any], read: Callable[[Any], object], kind: pa.DataType) -> tuple[pa.Array, np.ndarray]:
    """Read values one by one; what cannot be read is null, and marked."""
    parsed: list[object] = []
    unreadable: list[bool] = []
    for value in values:
        try:
            parsed.append(read(value))
            unreadable.append(False)
        except ValueError:
            parsed.append(None)
            unreadable.append(True)
    return pa.array(parsed, type=kind), np.array(unreadable, dtype=bool)


def _objects(raw: RawBatch, label: str) -> list[object]:
    """Return a raw column as Python's values; texts of a database that does not know what they say come as bytes."""
    if isinstance(raw, pd.DataFrame):
        values: list[object] = raw[label].tolist()
        return values
    return [text_or_bytes(value) for value in python_values(raw.column(label))]


def _defects(raw: RawBatch, unreadable: dict[str, np.ndarray], ids: Mapping[str, pa.Array]) -> list[pa.Array]:
    """The columns `unreadable` (roles) and `source_row` (JSON), null where a row could be read.

    An id that is changed while it is read stands in the JSON as it was read, so that it can be found there.
    """
    roles: list[list[str] | None] = [None] * len(raw)
    rows: list[str | None] = [None] * len(raw)
    has_defect = np.logical_or.reduce(list(unreadable.values())) if unreadable else np.zeros(0, dtype=bool)
    for index in np.flatnonzero(has_defect).tolist():
        roles[index] = [role for role, mask in unreadable.items() if mask[index]]
        read = {name: values[index].as_py() for name, values in ids.items()}
        rows[index] = _row_json(raw, index, {name: value for name, value in read.items() if value is not None})
    return [pa.array(roles, type=DEFECTS[0].type), pa.array(rows, type=DEFECTS[1].type)]


def _row_json(raw: RawBatch, index: int, ids: dict[str, str]) -> str:
    if isinstance(raw, pd.DataFrame):
        row = raw.iloc[index].to_dict()
    else:
        row = {name: python_values(raw.column(name).slice(index, 1))[0] for name in raw.schema.names}
    return json.dumps({role: _text(value) for role, value in (row | ids).items()}, ensure_ascii=False)


def _text(value: object) -> str | None:
    if value is None:
        return None
    text = value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)
    return text[:LONGEST_KEPT_TEXT]
