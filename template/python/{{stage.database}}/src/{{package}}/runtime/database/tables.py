"""The tables of a part of the schema, and the statements that read their rows and write them.

PostgreSQL gives and takes everything as text: so no driver changes a value on its way.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from . import rows
from .migrations import VERSIONS, State
from .rows import Value

PREPARE = (
    "SELECT set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO', true),"
    " set_config('IntervalStyle', 'postgres', true), set_config('bytea_output', 'hex', true),"
    " set_config('extra_float_digits', '1', true)"
)
"""How PostgreSQL writes values as text, until the end of the transaction."""
COLUMNS = {
    "postgresql": (
        "SELECT CAST(a.attname AS TEXT), format_type(a.atttypid, -1),"
        " CAST(coalesce(array_position(CAST(i.indkey AS int2[]), a.attnum) + 1, 0) AS BIGINT),"
        " CAST(a.attcollation AS BIGINT)"
        " FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary"
        " WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped"
        " AND a.attgenerated = '' ORDER BY a.attnum"
    ),
    "sqlite": "SELECT name || '', type || '', pk + 0, 1 FROM pragma_table_info(?)",
}
EXISTING = {
    "postgresql": (
        "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = current_schema()"
        " ORDER BY 1"
    ),
    "sqlite": (
        "SELECT name || '' FROM sqlite_master WHERE type = 'table'"
        " AND substr(name, 1, 7) <> 'sqlite_' ORDER BY 1"
    ),
}
READERS: dict[str, Callable[[str], Value]] = {
    "boolean": lambda text: text == "true",
    "smallint": int,
    "integer": int,
    "bigint": int,
    "real": float,
    "double precision": float,
    "bytea": lambda text: bytes.fromhex(text[2:]),
}
"""How the text is read that PostgreSQL writes for values of a type; others stay text."""
FORMS: dict[str, Callable[[str], str]] = {
    "numeric": rows.decimal,
    "decimal": rows.decimal,
    "timestamp": rows.time,
    "time": rows.time,
    "uuid": rows.uuid,
}
"""The one form of text that has several, by the first word of the type."""


class Refused(Exception):  # noqa: N818 - the message says what is refused, and why
    """Nothing was written or changed."""


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    name: str
    kind: str
    """Its type, as PostgreSQL calls it, or as it was declared to SQLite."""
    key: int
    """Its place in the primary key, from 1; 0 if it is not in it."""
    has_collation: bool

    @property
    def base(self) -> str:
        """The first word of its type."""
        return self.kind.lower().partition("(")[0].partition(" ")[0]

    def form(self, value: Value) -> Value:
        """Return a value in the form that its type has in PostgreSQL."""
        form = FORMS.get(self.base)
        return form(value) if form and isinstance(value, str) else value


@dataclass(frozen=True)
class Table:
    """A table of a database."""

    name: str
    columns: Sequence[Column]
    is_postgresql: bool

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def quoted(self) -> str:
        return self.quote(self.name)

    def quote(self, name: str) -> str:
        """Return a name as statements have it; those of psycopg have parameters with a %."""
        return _quote(name).replace("%", "%%") if self.is_postgresql else _quote(name)

    @property
    def place(self) -> str:
        """Its name as a parameter."""
        return _quote(self.name)

    @property
    def _values(self) -> str:
        form = "CAST({} AS TEXT)" if self.is_postgresql else "+{}"
        return ", ".join(form.format(self.quote(name)) for name in self.names)

    @property
    def select(self) -> str:
        """The statement that reads all rows, in the same order from every database."""
        key = sorted((each for each in self.columns if each.key), key=lambda each: each.key)
        order = ", ".join(self._ordered(column) for column in key or self.columns)
        return f"SELECT {self._values} FROM {self.quoted} ORDER BY {order}"  # noqa: S608 - names

    def _ordered(self, column: Column) -> str:
        value = self.quote(column.name)
        if not column.key:
            value = f"CAST({value} AS TEXT)"  # some types, such as json, have no order
        binary = '"C"' if self.is_postgresql else "BINARY"
        by_bytes = f" COLLATE {binary}" if column.has_collation or not column.key else ""
        return f"{value}{by_bytes} NULLS FIRST"

    def insert(self, count: int) -> str:
        """Return the statement that writes so many rows, and gives back what they have become."""
        names = ", ".join(map(self.quote, self.names))
        forms = [
            f"CAST(%s AS {column.kind.replace('%', '%%')})" if self.is_postgresql else "?"
            for column in self.columns
        ]
        row = f"({', '.join(forms)})"
        always = "OVERRIDING SYSTEM VALUE " if self.is_postgresql else ""
        return (
            f"INSERT INTO {self.quoted} ({names}) {always}VALUES {', '.join([row] * count)}"
            f" RETURNING {self._values}"
        )

    def read(self, found: Sequence[Any]) -> list[Value]:
        """Return the values of a row that was found."""
        read = _from_text if self.is_postgresql else _from_sqlite
        return [
            None if value is None else read(column, value)
            for column, value in zip(self.columns, found, strict=True)
        ]

    def parameters(self, values: Sequence[Value]) -> list[Any]:
        """Return the values of a row as the statement takes them."""
        if not self.is_postgresql:
            return list(values)
        pairs = zip(self.columns, values, strict=True)
        return [_to_text(column.form(value)) for column, value in pairs]

    def line(self, values: Sequence[Value]) -> bytes:
        """Write a row in the form that PostgreSQL would give to it, to compare it."""
        pairs = zip(self.columns, values, strict=True)
        return rows.line(self.names, [column.form(value) for column, value in pairs])


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _from_text(column: Column, text: str) -> Value:
    return READERS[column.kind](text) if column.kind in READERS else column.form(text)


def _from_sqlite(column: Column, value: Any) -> Value:
    """Text stays as it is: whoever wrote it wants to read it."""
    if column.base in ("boolean", "bool") and isinstance(value, int) and value in (0, 1):
        return bool(value)
    if column.base in ("numeric", "decimal", "json") and isinstance(value, int | float):
        return rows.decimal(f"{Decimal(repr(value)):f}")
    found: Value = value
    return found


def _to_text(value: Value) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, float):
        return rows.number(value)
    return None if value is None else str(value)


def prepare(connection: Connection) -> None:
    """Have values written in the same form, whatever the server's settings are."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(PREPARE)


def tables(connection: Connection, state: State) -> list[Table]:
    """Return the tables that a part says it has."""
    part = state.part
    if not part.tables:
        raise Refused(f"{part.name} declares no tables: list them in TABLES, beside its migrations")
    found = [_table(connection, name) for name in part.tables]
    for table in found:
        if "/" in table.name:
            raise Refused(f"{part.name} has the table {table.name}, which no file can be called")
        if not (table.columns or state.is_missing):
            raise Refused(f"{part.name} declares the table {table.name}, which is not there")
    return [table for table in found if table.columns]


def _table(connection: Connection, name: str) -> Table:
    is_postgresql = connection.dialect.name == "postgresql"
    asked = _quote(name) if is_postgresql else name
    found = connection.exec_driver_sql(COLUMNS[connection.dialect.name], (asked,))
    return Table(name, [Column(*column) for column in found], is_postgresql)


def unlisted(connection: Connection, listed: set[str]) -> list[str]:
    """Return what tables are called that no part says it has."""
    found = connection.exec_driver_sql(EXISTING[connection.dialect.name]).scalars()
    return [name for name in found if name not in listed and not name.endswith(VERSIONS)]
