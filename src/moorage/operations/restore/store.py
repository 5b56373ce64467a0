"""The statements of restoring."""

from __future__ import annotations

from dataclasses import dataclass

from moorage.core.postgres.identifiers import quote_identifier
from moorage.core.postgres.queries import Executor, load_statements

_statements = load_statements("moorage.operations.restore")


@dataclass(frozen=True)
class StoredIndex:
    """An index of a database; one that is not valid is of no use to any query."""

    schema_name: str
    index_name: str
    is_valid: bool

    @property
    def name(self) -> str:
        return f"{self.schema_name}.{self.index_name}"

    @property
    def quoted(self) -> str:
        return f"{quote_identifier(self.schema_name)}.{quote_identifier(self.index_name)}"


async def extension_is_within_reach(server: Executor, name: str) -> bool:
    """Tell whether this role may add the extension to a database of its own, as far as the catalogue tells."""
    return await _statements.extension_is_within_reach(server, name=name)


async def table_bytes(connection: Executor, table_name: str) -> int:
    """Return the size of a table ("schema.name") without its indexes."""
    return await _statements.table_bytes(connection, table_name=table_name)


async def index_list(connection: Executor) -> list[StoredIndex]:
    """Return the indexes of a database, those of its own catalogue left out."""
    return [StoredIndex(**row) for row in await _statements.index_list(connection)]


async def setting_set_in(transaction: Executor, name: str, value: str) -> None:
    """Set something for as long as the transaction lasts."""
    await _statements.setting_set(transaction, name=name, value=value)
