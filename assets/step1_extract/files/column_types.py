"""DuckDB's types, brought to the few that a batch of rows has: whole numbers, fractions, text, bytes and instants.

What has no plain type in Arrow becomes its text, and is judged by its values like the text of a CSV file (R19).
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

from sqlalchemy import types

Type: TypeAlias = types.TypeEngine[Any]
TEXT, NULL = "VARCHAR", '"NULL"'
WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
PLAIN: Mapping[str, type[Type]] = {
    **dict.fromkeys(WHOLE, types.BigInteger),
    "BOOLEAN": types.Boolean,
    "DOUBLE": types.Double,
    TEXT: types.Text,
    "BLOB": types.LargeBinary,
    "DATE": types.Date,
    "TIMESTAMP": types.DateTime,
}
DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
WITH_ZONE = "TIMESTAMP WITH TIME ZONE"
NANOSECONDS = {"TIMESTAMP_NS", "TIMESTAMPTZ_NS"}
# The text of these is what they are; of anything else, a list or an interval, nobody knows what it means to a role.
SPELLED = re.compile(r"U?HUGEINT|UBIGINT|BIGNUM|UUID|ENUM\(.*\)|CHAR.*", re.DOTALL)


def plain_type(duck_type: str) -> str:
    """Return the type, as DuckDB spells it, in which a column is read."""
    if duck_type in PLAIN or duck_type == WITH_ZONE or DECIMAL.fullmatch(duck_type):
        return duck_type
    if duck_type.startswith("TIMESTAMP"):  # in other units
        return WITH_ZONE if "TIME ZONE" in duck_type or "TZ" in duck_type else "TIMESTAMP"
    return "DOUBLE" if duck_type == "FLOAT" else TEXT


def common_type(duck_types: Collection[str]) -> str:
    """Return the type in which a column is read that has several; text if no other holds all of its values."""
    plain = {plain_type(duck_type) for duck_type in duck_types if duck_type != NULL}
    if len(plain) <= 1:
        return plain.pop() if plain else TEXT
    return "BIGINT" if plain <= WHOLE else TEXT


def expression(column: str, duck_type: str, wanted: str) -> str:
    """Return the SQL that reads a column as a type.

    Args:
        column: as SQL.
        duck_type: its own type.
        wanted: as `common_type` has it.
    """
    if duck_type == NULL:
        return f"cast(null as {wanted})"
    if duck_type == "FLOAT":  # 0.1 is a tenth
        column, duck_type = f"cast(cast({column} as varchar) as double)", "DOUBLE"
    if duck_type == wanted:
        return column
    if duck_type in NANOSECONDS and wanted != TEXT:
        return _cut(f"cast({column} as timestamp_ns)", wanted)
    spelled = f"cast({column} as {wanted})"
    if wanted == TEXT and duck_type == "DOUBLE":  # 7.0 is 7 (R26)
        whole = f"cast(cast({column} as bigint) as varchar)"
        return f"case when {column} = trunc({column}) and abs({column}) < 1e15 then {whole} else {spelled} end"
    return spelled


def sql_type(duck_type: str, wanted: str) -> Type:
    """Return SQLAlchemy's type of a column that is read as `wanted`; NullType of one whose text is a guess."""
    if wanted == WITH_ZONE:
        return types.DateTime(timezone=True)
    if decimal := DECIMAL.fullmatch(wanted):
        return types.Numeric(int(decimal[1]), int(decimal[2]))
    if wanted == TEXT and duck_type not in {NULL, WITH_ZONE, *PLAIN} and not SPELLED.fullmatch(duck_type):
        is_known = duck_type == "FLOAT" or duck_type.startswith("TIMESTAMP") or DECIMAL.fullmatch(duck_type)
        return types.Text() if is_known else types.NullType()
    return PLAIN[wanted]()


def _cut(instant: str, wanted: str) -> str:
    """Cut nanoseconds off (R1): a cast of DuckDB 2.0 rounds, which may be into the next second, or the next day."""
    beyond = f"(epoch_ns({instant}) % 1000 + 1000) % 1000"
    cut = f"make_timestamp((epoch_ns({instant}) - {beyond}) // 1000)"
    cut = f"case when isfinite({instant}) then {cut} else cast({instant} as timestamp) end"
    return f"timezone('UTC', {cut})" if wanted == WITH_ZONE else cut
