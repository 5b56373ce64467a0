"""Which functions act: by what the catalogue says of them, and by lists of those of which it does not say enough.

In a read-only transaction, functions can still wait, lock, notify, read files, reach other servers and end other
sessions. Whatever does so is declared VOLATILE, with two exceptions that are listed here: many volatile ones only
read what changes by itself, and some that are not volatile run SQL from text. Lists hold for what PostgreSQL ships and
what extensions bring: a function of the same name that somebody wrote is judged by itself.

Source: pg_proc of PostgreSQL 15 with all of contrib and of 18, read one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from moorage.databases.definitions import Definition


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PREFIXES_ONLY_READING = ("pg_stat_get_", "ssl_")

ONLY_READING = _words(
    # shipped: chance, clocks, sizes, locks, the state of the server
    "array_sample array_shuffle clock_timestamp current_query currval gen_random_uuid lastval random"
    " random_normal timeofday uuidv4 uuidv7 txid_status pg_xact_status pg_xact_commit_timestamp"
    " pg_xact_commit_timestamp_origin pg_last_committed_xact pg_blocking_pids pg_safe_snapshot_blocking_pids"
    " pg_collation_actual_version pg_database_collation_actual_version pg_control_checkpoint pg_control_init"
    " pg_control_recovery pg_control_system pg_current_wal_flush_lsn pg_current_wal_insert_lsn"
    " pg_current_wal_lsn pg_database_size pg_indexes_size pg_relation_size pg_table_size pg_tablespace_size"
    " pg_total_relation_size pg_get_aios pg_get_backend_memory_contexts pg_get_loaded_modules"
    " pg_get_multixact_members pg_get_sequence_data pg_get_shmem_allocations pg_get_shmem_allocations_numa"
    " pg_get_wait_events pg_get_wal_replay_pause_state pg_get_wal_resource_managers pg_get_wal_summarizer_state"
    " pg_available_wal_summaries pg_wal_summary_contents pg_is_in_recovery pg_is_wal_replay_paused"
    " pg_jit_available pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp"
    " pg_lock_status pg_notification_queue_usage pg_partition_ancestors pg_partition_tree pg_prepared_xact"
    " pg_replication_origin_progress pg_replication_origin_session_is_setup"
    " pg_replication_origin_session_progress pg_sequence_last_value pg_show_replication_origin_status"
    " pg_stat_clear_snapshot pg_stat_have_stats amvalidate"
    # contrib
    " pg_stat_statements pg_stat_statements_info gen_random_bytes gen_salt pgp_pub_encrypt"
    " pgp_pub_encrypt_bytea pgp_sym_encrypt pgp_sym_encrypt_bytea uuid_generate_v1 uuid_generate_v1mc"
    " uuid_generate_v4 normal_rand pg_relpages pgstatginindex pgstathashindex pgstatindex pgstattuple"
    " pgstattuple_approx pgrowlocks pg_buffercache_pages pg_buffercache_summary pg_buffercache_usage_counts"
    " pg_buffercache_numa_pages pg_buffercache_os_pages pg_freespace pg_visibility pg_visibility_map"
    " pg_visibility_map_summary pg_check_frozen pg_check_visible verify_heapam bt_metap"
    " bt_page_stats bt_multi_page_stats page_header page_checksum heap_page_items heap_tuple_infomask_flags"
    " fsm_page_contents gin_metapage_info gin_page_opaque_info gin_leafpage_items gist_page_opaque_info"
    " hash_metapage_info hash_bitmap_info brin_metapage_info brin_page_items brin_page_type hash_page_items"
    " hash_page_stats hash_page_type brin_revmap_data pg_old_snapshot_time_mapping pg_get_wal_stats"
    " pg_get_wal_stats_till_end_of_wal pg_get_wal_record_info pg_get_wal_records_info"
    " pg_get_wal_records_info_till_end_of_wal postgres_fdw_get_connections int_agg_state int_agg_final_array"
    # other extensions in common use
    " uuid_generate_v7 gen_ulid st_generatepoints postgis_full_version time_bucket_gapfill"
    " approximate_row_count hypertable_size hypertable_approximate_size hypertable_detailed_size"
    " hypertable_index_size chunks_detailed_size hypertable_compression_stats chunk_compression_stats"
    " citus_total_relation_size citus_table_size citus_relation_size hypopg hypopg_get_indexdef"
    " hypopg_relation_size pg_stat_kcache pg_stat_monitor pg_qualstats pg_wait_sampling_get_current"
    " pg_wait_sampling_get_history pg_wait_sampling_get_profile"
)

RUNNING_TEXT = _words(
    "query_to_xml query_to_xmlschema query_to_xml_and_xmlschema cursor_to_xml cursor_to_xmlschema table_to_xml"
    " table_to_xmlschema table_to_xml_and_xmlschema schema_to_xml schema_to_xmlschema schema_to_xml_and_xmlschema"
    " database_to_xml database_to_xmlschema database_to_xml_and_xmlschema ts_stat crosstab crosstab2 crosstab3"
    " crosstab4 connectby xpath_table xslt_process"
)
"""They run SQL, or a program, that is given to them as text, or read tables that the statement does not name."""

MAKING_VALUES = _words("domain_in record_in array_in range_in multirange_in")
"""They make a value of a type that is given as a number, and so run the checks of domains in it."""

LISTED = RUNNING_TEXT | MAKING_VALUES | {"ts_rewrite", "get_raw_page"}
_KEEPING_STATE = {("isn_weak", 1)}
"""Names and numbers of arguments of functions that are called IMMUTABLE and change what the session does next."""
_ALSO_IN_WRITES = frozenset({"nextval"})

_WHY = [
    (re.compile(r"dblink.*|http.*|.*_remote_.*"), "it reaches other servers"),
    (re.compile(r"pg_read_.*|pg_ls_.*|pg_stat_file|lo_(im|ex)port|pg_file_.*|pg_logdir_ls|pg_current_logfile"
                r"|pg_rotate_logfile.*"), "it reaches files of the server"),
    (re.compile(r"pg_hba_file_rules|pg_ident_file_mappings|pg_show_all_file_settings|get_raw_page|bt_page_items"),
     "it reveals what is kept from readers"),
    (re.compile(r"pg_sleep.*"), "it only waits"),
    (re.compile(r"pg_(try_)?advisory.*"), "its lock would keep others waiting"),
    (re.compile(r"pg_(terminate|cancel)_backend"), "it ends what others do"),
    (re.compile(r"pg_notify|pg_logical_emit_message"), "it sends messages to others"),
    (re.compile(r"set_config|setseed|set_limit"), "it changes settings of a session that serves other callers too"),
    (re.compile(r"nextval|setval"), "it changes a sequence, and no rollback undoes that"),
    (re.compile(r"lo_.*|loread|lowrite"), "it works on large objects"),
    (re.compile(r"pg_stat_reset.*|pg_stat_statements_reset"), "it resets statistics"),
]  # fmt: skip
_OWN_WAY_OUT = "Declare it STABLE or IMMUTABLE if it only reads, or add it to allowed_functions of this database."
_WAY_OUT = "The operator can add it to allowed_functions of this database."


@dataclass(frozen=True, slots=True)
class Function:
    """A function as the catalogue has it.

    Attributes:
        fewest, most: arguments in a call.
        is_definer: it runs with the rights of its owner.
        is_shipped: made with the database itself.
        takes_rows, takes_any_rows: its first argument may be a row; one of no named type too.
        body: what has to be read; "" where nothing has to, None where it is too long for that. Of one that PostgreSQL
            keeps parsed it is its definition, where that shows settings.
        search_path: what it sets for itself, as it is written in SET.
        calls, reads: functions and relations, by oid, in its defaults and its body where PostgreSQL keeps that parsed.
        parts: of an aggregate.
        types: of arguments and result, as far as they were made here.
    """

    oid: int
    schema: str
    name: str
    fewest: int
    most: int
    is_volatile: bool
    language: str
    is_trusted: bool
    is_definer: bool
    is_shipped: bool
    is_of_extension: bool
    takes_rows: bool
    takes_any_rows: bool
    body: str | None
    search_path: str | None
    calls: tuple[int, ...]
    reads: tuple[int, ...]
    parts: tuple[int, ...]
    types: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def is_own(self) -> bool:
        """Somebody wrote it here."""
        return not (self.is_shipped or self.is_of_extension)

    def takes(self, arguments: int | None) -> bool:
        return arguments is None or self.fewest <= arguments <= self.most


@dataclass(frozen=True)
class Objection:
    """Why something is refused, and the way out."""

    why: str
    way_out: str


def is_named(schema: str, name: str, patterns: Iterable[str]) -> bool:
    """Whether one of these patterns, `schema.name` or `name` with `*` for anything, means it."""
    return any(fnmatchcase(f"{schema}.{name}" if "." in pattern else name, pattern) for pattern in patterns)


def objection_to(function: Function, definition: Definition, *, writes: bool) -> Objection | None:
    """Return what speaks against calling a function; None as far as its declaration tells.

    Args:
        writes: the statement may write, so numbers may be taken from sequences.
    """
    if is_named(function.schema, function.name, definition.denied_functions):
        return Objection("denied_functions of this database names it", "")
    if is_named(function.schema, function.name, definition.allowed_functions):
        return None
    if function.is_own:
        return _objection_to_own(function)
    return _objection_to_given(function, writes=writes)


def _objection_to_own(function: Function) -> Objection | None:
    if function.parts:
        return None
    if function.is_volatile:
        return Objection("it is VOLATILE, so it may change things", _OWN_WAY_OUT)
    if not function.is_trusted:
        return Objection(f"it is written in {function.language}, which can do anything on the server", _WAY_OUT)
    return None


def _objection_to_given(function: Function, *, writes: bool) -> Objection | None:
    name = function.name
    if name in RUNNING_TEXT or (name == "ts_rewrite" and function.is_volatile):
        return Objection("it runs what it is given as text, or reads what the statement does not name", _WAY_OUT)
    if (name, function.most) in _KEEPING_STATE:
        return Objection("it changes how a session that serves other callers too reads numbers", _WAY_OUT)
    if name in MAKING_VALUES:
        return Objection("it makes values of a type that is given as a number", "Cast to the type by its name.")
    if not function.is_volatile or name in ONLY_READING or name.startswith(_PREFIXES_ONLY_READING):
        return None
    if writes and name in _ALSO_IN_WRITES:
        return None
    why = next((reason for pattern, reason in _WHY if pattern.fullmatch(name)), "it is VOLATILE, so it may act")
    return Objection(why, _WAY_OUT)
