"""A batch as the driver gave it becomes one of the lake's types, row for row; nothing is ever dropped (R1, R19).

A value that cannot be read as its role's type becomes null, and the row says so in `unreadable` and keeps what it was
in `source_row`. Which rule that breaks is decided at landing, in SQL.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from assets.step1_extract.values.mapped_values import (
    DELETED,
    composite_id,
    ended_at,
    is_in,
    is_yes,
    read_epoch_or_text,
    reader_of_amount,
    reader_of_id,
)
from assets.step1_extract.values.not_deleted import NEVER, is_never
from assets.step1_extract.values.values import (
    ARROW_TYPES,
    RawBatch,
    each,
    python_values,
    read_boolean,
    read_column,
    read_date,
    read_id,
    read_instant,
    read_number,
    text_or_bytes,
)
from assets.step1_extract.values.whole_columns import each_distinct, epochs_but, read_scores
from warehouse.configuration.formats import InstantFormat
from warehouse.configuration.roles import Composite, Mapped, Unit
from warehouse.configuration.streams import DELETED_AT, INSTEAD_OF, ROLES_OF_TABLES, Role, TableKind, ValueType

LONGEST_KEPT_TEXT = 1000  # characters of each value of a quarantined row
DEFECTS = [pa.field("unreadable", pa.list_(pa.string())), pa.field("source_row", pa.string())]


def schema(kind: TableKind) -> pa.Schema:
    """Return the columns of a readable batch: every role of the kind, `unreadable` and `source_row`."""
    return pa.schema([pa.field(role.name, ARROW_TYPES[role.type]) for role in ROLES_OF_TABLES[kind]] + DEFECTS)


def read_batch(raw: RawBatch, kind: TableKind, zone: str, tables: Mapping[str, Mapped | Composite]) -> pa.RecordBatch:
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
    for role in ROLES_OF_TABLES[kind]:
        table = tables.get(role.name)
        if isinstance(table, Mapped) and table.date is not None:
            values, is_unreadable = read_column(raw, replace(role, type="date"), zone)
        elif table is not None:
            values, is_unreadable = _read_mapped(raw, role, zone, table)
        elif role.name in columns:
            values, is_unreadable = read_column(raw, role, zone)
        else:
            values, is_unreadable = pa.nulls(len(raw), ARROW_TYPES[role.type]), np.zeros(len(raw), dtype=bool)
        arrays.append(values)
        if is_unreadable.any():
            unreadable[role.name] = is_unreadable
    names = [role.name for role in ROLES_OF_TABLES[kind]]
    for label, role_name in INSTEAD_OF.items():
        if label in columns:
            started = arrays[names.index("started_at")] if label == "duration" else None
            index = names.index(role_name)
            arrays[index], is_unreadable = _read_instead(raw, label, tables.get(label), started)
            if is_unreadable.any():
                unreadable[role_name] = is_unreadable
    if kind == "daily" and "event_id" not in {*columns, *tables}:
        arrays[0], unreadable["event_id"] = _id_of_learner(arrays[1], tables.get("user_id"))
    in_order = enumerate(ROLES_OF_TABLES[kind])
    ids = {role.name: arrays[index] for index, role in in_order if role.name in tables and role.type == "id"}
    arrays += _defects(raw, unreadable, ids)
    fields = [field.with_type(values.type) for field, values in zip(schema(kind), arrays, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _read_mapped(raw: RawBatch, role: Role, zone: str, table: Mapped | Composite) -> tuple[pa.Array, np.ndarray]:
    """Read a role that is mapped by a table or by several columns."""
    kind = ARROW_TYPES[role.type]
    if isinstance(table, Composite):
        rows = zip(*(_objects(raw, f"{role.name}{suffix}") for suffix in table.inputs), strict=True)
        return each(rows, lambda parts: composite_id(parts, read_id), kind)
    if table.value is not None:
        return pa.array([table.value] * len(raw), type=kind), np.zeros(len(raw), dtype=bool)
    if isinstance(raw, pa.RecordBatch) and (at_once := _read_at_once(raw, role, table)) is not None:
        return at_once
    if role.type == "boolean" and table.of:
        pairs = zip(_objects(raw, role.name), _objects(raw, f"{role.name}.of"), strict=True)
        return each(pairs, lambda pair: is_yes(table, *pair), kind)
    read = _reader_of(role, zone, table, has_texts=isinstance(raw, pd.DataFrame))

    def read_value(value: object) -> object:
        return None if value is None or is_in(value, table.never) else read(value)

    if isinstance(raw, pa.RecordBatch) and not pa.types.is_temporal(raw.column(role.name).type):
        return each_distinct(raw.column(role.name), lambda value: read_value(text_or_bytes(value)), kind)
    return each(_objects(raw, role.name), read_value, kind)


def _read_at_once(raw: pa.RecordBatch, role: Role, table: Mapped) -> tuple[pa.Array, np.ndarray] | None:
    """Read a column without a loop, where it is of a type for which that can be done."""
    column = raw.column(role.name)
    if table.unit is not None and pa.types.is_integer(column.type):
        return epochs_but(column, table.unit, table.never)
    if table.at_least is not None:
        return read_scores(table, column, raw.column(f"{role.name}.of") if table.of else None)
    return None


def _reader_of(role: Role, zone: str, table: Mapped, *, has_texts: bool) -> Callable[[object], object]:
    readers: Mapping[ValueType, Callable[[object], object]] = {
        "boolean": lambda value: is_yes(table, value, None),
        "amount": reader_of_amount(table),
        "number": read_number,
        "date": read_date,
        "id": reader_of_id(table, read_id),
    }
    if role.type in readers:
        return readers[role.type]
    read: Callable[[object], datetime] = partial(read_instant, zone=zone)
    if table.format is not None:
        read = partial(_read_formatted, form=InstantFormat.of(table.format), zone=zone)
    elif table.unit is not None:
        read = partial(_read_text_or_epoch if has_texts else read_epoch_or_text, unit=table.unit)
    if role.name != DELETED_AT:
        return read
    return lambda value: NEVER if is_never(value) or is_in(value, (0,)) else read(value)


def _read_formatted(value: object, form: InstantFormat, zone: str) -> datetime:
    if not isinstance(value, str):
        raise ValueError("no text")  # noqa: TRY004 - unreadable, whatever its type
    return form.read(value, zone)


def _read_text_or_epoch(value: object, unit: Unit) -> datetime:
    """Read a number since 1970; SQLite may have text in a column of numbers, and its SQL takes that for text, too."""
    return read_instant(value, "UTC") if isinstance(value, str | bytes) else read_epoch_or_text(value, unit)


def _id_of_learner(learners: pa.Array, table: Mapped | Composite | None) -> tuple[pa.Array, np.ndarray]:
    """Return the id of totals by day that have none, and which lack it: on a date a learner has them once (R20).

    Without a learner there is no such id; marked, the row's reason is that its learner is missing (R19). A key of a
    lookup is the id as the source has it, without what stands before it in `user_id` (R26).
    """
    is_missing = pc.fill_null(pc.equal(learners, ""), fill_value=True)
    if isinstance(table, Mapped) and table.lookup is not None:
        learners = pc.utf8_slice_codeunits(learners, len(table.lookup.mark(table.prefix)))
    return learners, is_missing.to_numpy(zero_copy_only=False)


def _read_instead(
    raw: RawBatch, label: str, table: Mapped | Composite | None, started: pa.Array | None
) -> tuple[pa.Array, np.ndarray]:
    """Read what becomes a role: the length of a session its end, a flag that says yes an instant long ago."""
    values, kind = _objects(raw, label), ARROW_TYPES["instant"]
    if started is not None:
        unit = table.unit if isinstance(table, Mapped) else None
        return each(zip(started.to_pylist(), values, strict=True), lambda pair: ended_at(pair[0], pair[1], unit), kind)

    def read(value: object) -> datetime | None:
        if isinstance(table, Mapped) and (table.true or table.false):
            return DELETED if is_in(value, table.true) else None
        return DELETED if value is not None and read_boolean(value) else None

    return each(values, read, kind)


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
