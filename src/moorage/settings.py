"""All settings of the program: flags over environment over `moorage.yaml` over defaults.

Each system describes its own section; this module knows where values come from. Environment variables are
`MOORAGE_<SECTION>__<FIELD>`; the names of the founding designs (POSTGRES_HOST, DATABASE_URL, ...) work as well.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import (
    AnyHttpUrl,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_serializer,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    YamlConfigSettingsSource,
)

from moorage.access.models import TOKEN_VARIABLE
from moorage.access.settings import AccessSettings
from moorage.codebase.settings import CodebaseSettings
from moorage.core.embedding.settings import EmbeddingSettings
from moorage.core.errors import InvalidInput, MoorageError
from moorage.core.postgres.address import address_from_url
from moorage.core.postgres.embedded import default_home
from moorage.databases.definitions import DirectPostgres, RdsDataApi
from moorage.databases.errors import InvalidDefinition
from moorage.databases.saved_queries import SavedQuery
from moorage.databases.settings import DatabasesSettings, SqlSettings
from moorage.databases.sources.configuration import ADDED_FILE, CONFIG_FILE, refuse_twice
from moorage.databases.sources.queries import read_queries
from moorage.databases.sources.reading import Surroundings, read_definitions
from moorage.databases.sources.single import single_database, single_of_variables
from moorage.databases.sources.yaml_text import read_yaml
from moorage.operations.settings import BackupSettings
from moorage.projects.models import MAIN_SERVER
from moorage.projects.settings import ConnectionSettings, MetricsSettings, ProjectSettings
from moorage.workflow.settings import WorkflowSettings

REGISTRY_DATABASE = "mcp_registry"
_SERVER_NAME = re.compile(r"[a-z0-9_-]{1,30}")

# The designs' variables, and the setting each one is.
DESIGN_VARIABLES: dict[str, tuple[str, ...]] = {
    "POSTGRES_HOST": ("postgres", "host"),
    "POSTGRES_PORT": ("postgres", "port"),
    "POSTGRES_USER": ("postgres", "user"),
    "POSTGRES_PASSWORD": ("postgres", "password"),
    "POSTGRES_DB": ("postgres", "database"),
    "DATABASE_URL": ("postgres", "url"),
    "OPENAI_API_KEY": ("embedding", "api_key"),
    "FASTMCP_HOST": ("server", "host"),
    "FASTMCP_PORT": ("server", "port"),
}


_HINT = "`moorage settings` lists every setting with its meaning; check the environment and moorage.yaml."
_FILE_HINT = "Write sections and their settings as YAML, for instance:\nserver:\n  port: 8001"
_JSON_HINT = "Sections and lists in environment variables are written as JSON: '[\"/srv/code\"]'."


class InvalidSettings(InvalidInput):
    """A setting has a wrong value; the message names the setting, the value and where it came from."""

    code: ClassVar[str] = "settings.invalid"


class ServerAddress(BaseModel):
    """Where one PostgreSQL server is, in parts or as a URL."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str | None = Field(None, description="Host of your own PostgreSQL, 14 or newer.")
    port: int = Field(5432, ge=1, le=65535, description="Its port.")
    user: str = Field("postgres", description="Login role; it needs CREATEDB.")
    password: SecretStr | None = Field(None, description="Its password.")
    url: SecretStr | None = Field(None, description="All of it as postgresql://user:password@host:port/database.")
    pooler_url: SecretStr | None = Field(
        None,
        description="PgBouncer in transaction mode before this server, as postgresql://host:port; calls go through it,"
        " all else to the server itself.",
    )

    @field_validator("url", "pooler_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            address_from_url(value.get_secret_value())
        return value

    @property
    def login_role(self) -> str:
        """The role that Moorage logs in as."""
        in_url = None if self.url is None else address_from_url(self.url.get_secret_value())[0].login.get("user")
        return in_url or self.user


class FurtherServer(ServerAddress):
    """A PostgreSQL server that projects may be placed on, besides the main one."""

    accepts_new: bool = Field(True, description="Whether new projects may be placed here.")

    @model_validator(mode="after")
    def _is_somewhere(self) -> FurtherServer:
        if self.host is None and self.url is None:
            raise ValueError("give a host or a url")
        return self


class PostgresSettings(ServerAddress):
    """Where PostgreSQL is; with neither host nor url, the embedded one serves."""

    database: str | None = Field(
        None, description=f"The registry's database; default {REGISTRY_DATABASE}, or the one in url."
    )
    servers: dict[str, FurtherServer] = Field(
        default_factory=dict,
        description="Further PostgreSQL servers by name, each with host, port, user and password, or url; projects"
        " are placed on them.",
    )
    placement: Literal["main", "least_loaded"] = Field(
        "main", description="Where new projects go: to the main server, or to the server with the fewest."
    )
    auto_migrate: bool | None = Field(
        None,
        description="Upgrade older project databases when they are opened; default only with the embedded server.",
    )

    @property
    def is_embedded(self) -> bool:
        return self.url is None and self.host is None

    @property
    def registry_database(self) -> str:
        named = None if self.url is None else address_from_url(self.url.get_secret_value())[1]
        return self.database or named or REGISTRY_DATABASE

    @model_validator(mode="after")
    def _is_before_something(self) -> PostgresSettings:
        if self.pooler_url is not None and self.host is None and self.url is None:
            raise ValueError("pooler_url needs the host or url of the server itself as well")
        return self

    @field_validator("servers")
    @classmethod
    def _are_named(cls, value: dict[str, FurtherServer]) -> dict[str, FurtherServer]:
        for name in value:
            if name == MAIN_SERVER or not _SERVER_NAME.fullmatch(name):
                raise ValueError(
                    f"{name!r} is no name for a further server: use 1 to 30 of a-z, 0-9, _ and -, not main"
                )
        return value


class ServerSettings(BaseModel):
    """The HTTP server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="Address to listen at; others than loopback only with tokens.")
    port: int = Field(8000, ge=0, le=65535, description="Port; 0 takes any free one.")
    allowed_hosts: tuple[str, ...] = Field(
        (), description="Names this server answers to besides loopback and the address it listens at."
    )
    public_url: AnyHttpUrl | None = Field(
        None, description="Where clients reach it through a proxy: https://moorage.example.com."
    )
    sse: bool = Field(False, description="Serve the deprecated HTTP+SSE transport at /sse as well.")
    max_body_bytes: int = Field(4 * 1024 * 1024, ge=1024, description="Largest request body, in bytes.")


class LoggingSettings(BaseModel):
    """What is logged to stderr."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")
    format: Literal["auto", "text", "json"] = Field("auto", description="Text on a terminal, else JSON.")
    slow_statement_ms: float = Field(
        500.0, ge=0, description="SQL statements that take at least so many milliseconds are logged by name; 0: all."
    )


class Settings(BaseSettings):
    """Everything that can be set."""

    # An empty variable is one that is not set: an empty MOORAGE_HOME would put the data into the working folder.
    model_config = SettingsConfigDict(
        env_prefix="MOORAGE_", env_nested_delimiter="__", env_ignore_empty=True, frozen=True, extra="forbid"
    )

    home: Path = Field(default_factory=default_home, description="Folder of everything Moorage keeps on this machine.")
    project: str | None = Field(None, description="The project this process serves; calls that name none mean it.")
    postgres: PostgresSettings = PostgresSettings()
    projects: ProjectSettings = ProjectSettings()
    connections: ConnectionSettings = ConnectionSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    codebase: CodebaseSettings = CodebaseSettings()
    workflow: WorkflowSettings = WorkflowSettings()
    sql: SqlSettings = SqlSettings()
    default_database: str | None = Field(None, description="The database that SQL runs in when a call names none.")
    databases: dict[str, DirectPostgres | RdsDataApi] = Field(
        default_factory=dict,
        validate_default=True,
        description="Databases for SQL by id; docs/how-to/add-databases.md shows their fields.",
    )
    queries: dict[str, SavedQuery] = Field(
        default_factory=dict,
        description="Saved SQL queries by name; docs/how-to/save-queries.md shows their fields.",
    )
    backup: BackupSettings = BackupSettings()
    server: ServerSettings = ServerSettings()
    access: AccessSettings = AccessSettings()
    metrics: MetricsSettings = MetricsSettings()
    logging: LoggingSettings = LoggingSettings()

    def of_system(self, name: str) -> Any:
        """Return what is set for a system; None where there is nothing to set."""
        return self._of_databases() if name == "databases" else getattr(self, name, None)

    def _of_databases(self) -> DatabasesSettings:
        named, added = config_file(os.environ), self.home / ADDED_FILE

        def read_again() -> DatabasesSettings:
            if named is not None and not named.is_file():
                raise InvalidSettings(f"{named} is gone", hint="Put it back, or start the server anew without it.")
            return load_settings({"home": self.home}).of_system("databases")

        return DatabasesSettings(
            self.sql,
            self.default_database,
            self.databases,
            self.queries,
            from_flags=frozenset(design_values(os.environ).get("databases", ())),
            file=named or added,
            environment=os.environ,
            watched=(named or Path(CONFIG_FILE).absolute(), added),
            read_again=read_again,
        )

    @field_validator("databases", mode="plain")
    @classmethod
    def _are_described(cls, value: Any, info: ValidationInfo) -> dict[str, DirectPostgres | RdsDataApi]:
        sql = info.data.get("sql") or SqlSettings()
        folder = (config_file(os.environ) or Path()).parent.absolute()
        surroundings = Surroundings(os.environ, folder, sql.defaults)
        return read_definitions(value, surroundings, default=info.data.get("default_database"))

    @field_serializer("databases", "queries")
    def _as_shown(self, described: Mapping[str, BaseModel]) -> dict[str, Any]:
        return {name: each.model_dump(mode="json") for name, each in described.items()}

    @field_validator("queries", mode="plain")
    @classmethod
    def _are_written(cls, value: Any) -> dict[str, SavedQuery]:
        return read_queries(value)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no hidden file is read
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        designs = InitSettingsSource(settings_cls, init_kwargs=design_values(os.environ))
        file = _ConfigurationFile(settings_cls, yaml_file=config_file(os.environ))
        return init_settings, env_settings, designs, file, _AddedDatabases(settings_cls, {})


class _ConfigurationFile(YamlConfigSettingsSource):
    """`moorage.yaml`; what is there twice is refused."""

    def _read_file(self, file_path: Any) -> dict[str, Any]:
        try:
            found = read_yaml(file_path)
        except InvalidDefinition as error:
            raise InvalidSettings(error.message, hint=_FILE_HINT) from None
        named = list(design_values(os.environ).get("databases", ()))
        refuse_twice(named, found.get("databases") or {}, f"variables, and {file_path}")
        return found


class _AddedDatabases(InitSettingsSource):
    """The databases that were added while there was no `moorage.yaml`: they are in a file of the data folder."""

    def __call__(self) -> dict[str, Any]:
        home = Path(self.current_state.get("home") or default_home()).absolute()
        if not (home / ADDED_FILE).is_file():
            return {}
        given = read_yaml(home / ADDED_FILE)
        defaults = _section(_section(self.current_state, "sql"), "defaults")
        databases = read_definitions(given.get("databases"), Surroundings(os.environ, home, defaults))
        places = f"{home / ADDED_FILE}, and {config_file(os.environ) or CONFIG_FILE} or variables"
        refuse_twice(list(databases), self.current_state.get("databases") or {}, places)
        return {**given, "databases": databases}


def _section(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a section of what was not validated yet; what is none is refused in its turn."""
    found = given.get(name)
    return found if isinstance(found, Mapping) else {}


def load_settings(flags: Mapping[str, Any] | None = None) -> Settings:
    """Read the settings from everywhere.

    Args:
        flags: nested values of command line flags; they win.

    Raises:
        InvalidSettings: all wrong settings at once; no value of a secret is shown.
    """
    _refuse_unknown_variables(os.environ)
    try:
        return Settings(**(flags or {}))
    except ValidationError as error:
        problems = error.errors(include_url=False)
        hint = _JSON_HINT if any(_is_bare_text(each) for each in problems) else _HINT
        raise InvalidSettings("; ".join(_problem(each) for each in problems), hint=hint) from None
    except SettingsError as error:
        raise InvalidSettings(str(error), hint=_JSON_HINT) from None
    except MoorageError:
        raise
    except (ValueError, TypeError) as error:
        raise _unreadable_file(error) from None


@dataclass(frozen=True)
class SettingRow:
    """One setting as people read it: `section.field`, its value as text, the variables that set it, its meaning."""

    name: str
    value: str
    variables: tuple[str, ...]
    description: str


def setting_rows(settings: Settings) -> Iterator[SettingRow]:
    """Yield every setting in the order of the sections; secrets come out as stars."""
    return _rows(settings, ())


def config_file(environment: Mapping[str, str]) -> Path | None:
    """Return the configuration file: MOORAGE_CONFIG, else `moorage.yaml` in the working folder, if there is one.

    Raises:
        InvalidSettings: MOORAGE_CONFIG names a file that does not exist.
    """
    named = environment.get("MOORAGE_CONFIG")
    if named and not Path(named).is_file():
        raise InvalidSettings(f"MOORAGE_CONFIG names {named}, which is no file", hint="Correct or unset it.")
    found = Path(named or CONFIG_FILE)
    return found.absolute() if found.is_file() else None


def _refuse_unknown_variables(environment: Mapping[str, str]) -> None:
    """Refuse variables of ours that set nothing: one that was to shut a door, misspelt, would leave it open."""
    known = {"MOORAGE_CONFIG", TOKEN_VARIABLE, *(f"MOORAGE_{name.upper()}" for name in Settings.model_fields)}
    ours = [name for name in environment if name.upper().startswith("MOORAGE_")]
    unknown = sorted(name for name in ours if name.upper().partition("__")[0] not in known)
    if unknown:
        raise InvalidSettings(
            f"there is no setting for {', '.join(unknown)}",
            hint="`env -u NAME moorage settings` lists the variables; a section and its setting have __ between them.",
        )


def design_values(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings that the founding designs' variables give, nested by section."""
    values: dict[str, Any] = {}
    for variable, (section, field) in DESIGN_VARIABLES.items():
        if environment.get(variable):
            values.setdefault(section, {})[field] = environment[variable]
    if fields := single_of_variables(environment, beside_registry=True):
        name, definition = single_database(fields, region=environment.get("AWS_REGION"))
        values |= {"databases": {name: definition}, "default_database": name}
    return values


def _rows(section: BaseModel, path: tuple[str, ...]) -> Iterator[SettingRow]:
    for name, field in type(section).model_fields.items():
        value: Any = getattr(section, name)
        place = (*path, name)
        if isinstance(value, BaseModel):
            yield from _rows(value, place)
        else:
            yield SettingRow(".".join(place), _as_text(value), _variables(place), field.description or "")


def _as_text(value: Any) -> str:
    if isinstance(value, tuple | Mapping):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _variables(place: tuple[str, ...]) -> tuple[str, ...]:
    designs = [variable for variable, setting in DESIGN_VARIABLES.items() if setting == place]
    return ("MOORAGE_" + "__".join(place).upper(), *designs)


def _unreadable_file(error: Exception) -> InvalidSettings:
    """Return what is wrong with the configuration file, by its place and never by its text."""
    return InvalidSettings(f"{config_file(os.environ)} does not hold settings: {type(error).__name__}", hint=_FILE_HINT)


def _problem(error: Any) -> str:
    if isinstance(cause := error.get("ctx", {}).get("error"), MoorageError):
        return cause.message
    place = ".".join(str(part) for part in error["loc"])
    shown = f", got {str(error['input'])[:80]!r}" if _may_be_shown(error) else ""
    return f"{place}: {error['msg']}{shown}"


def _is_bare_text(error: Any) -> bool:
    """Tell whether a text came where a list or a section is wanted."""
    return isinstance(error["input"], str) and error["type"] in ("tuple_type", "list_type", "dict_type", "model_type")


def _may_be_shown(error: Any) -> bool:
    """Tell whether a refused value is no secret; a misspelt setting, or a whole section, may hold one."""
    is_secret = {"password", "url", "pooler_url", "api_key", "defaults"} & {str(part) for part in error["loc"]}
    is_section = isinstance(error["input"], Mapping) or error["type"] in ("model_type", "model_attributes_type")
    return not is_secret and not is_section and error["type"] not in ("missing", "extra_forbidden")
