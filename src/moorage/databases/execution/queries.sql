-- name: constraints_check :exec
-- Checks now what deferred constraints and triggers would check over the commit.
SET CONSTRAINTS ALL IMMEDIATE;

-- name: transaction_id :value
-- NULL while nothing was written.
SELECT CAST(pg_catalog.pg_current_xact_id_if_assigned() AS text) AS transaction;

-- name: transaction_status :value
-- committed, aborted or in progress; NULL when it is too long ago.
SELECT pg_catalog.pg_xact_status(CAST(CAST(:transaction AS text) AS pg_catalog.xid8)) AS status;
