-- Run in a copy of a project's database before anybody is let in, on whichever server the copy is; and by the doctor
-- in a copy that was made without Moorage.
--
-- Numbers of transactions begin anew: above every number that a row has, and at microseconds since 1970, which no
-- project reaches by counting; so they are also above those of rows that were lost with what the copy does not hold,
-- and no reader of the feed takes a new row for one that it has read. The oldest transaction that still runs on this
-- server gets the first number, for what was copied must be below all that are to come.
--
-- So do tokens of claims, at milliseconds: what the copy does not hold may have been claimed, and whoever still shows
-- that token must not be taken for the next one who claims it.
DO $$
BEGIN
    IF to_regclass('workflow.constants') IS NOT NULL THEN
        LOCK TABLE workflow.changes IN EXCLUSIVE MODE;  -- a number given before must not be stored after
        UPDATE workflow.constants
        SET xid_offset = greatest(
            (SELECT max(txid) + 1 FROM workflow.changes),
            (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
        ) - pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
        PERFORM setval('workflow.claim_tokens', now.milliseconds)
        FROM workflow.claim_tokens AS given, CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint) AS now (milliseconds)
        WHERE given.last_value < now.milliseconds;
    END IF;
END
$$;
