-- SPDX-License-Identifier: MIT
-- The table that tracedb makes in a SQLite database (tracedb(1) says what each column holds).
CREATE TABLE IF NOT EXISTS "sip_trace" (
    id INTEGER PRIMARY KEY NOT NULL,
    time_stamp TEXT NOT NULL,
    time_us INTEGER NOT NULL,
    callid TEXT NOT NULL,
    traced_user TEXT NOT NULL,
    msg BLOB NOT NULL,
    method TEXT NOT NULL,
    status TEXT NOT NULL,
    fromip TEXT NOT NULL,
    toip TEXT NOT NULL,
    fromtag TEXT NOT NULL,
    totag TEXT NOT NULL,
    direction TEXT NOT NULL,
    record_id INTEGER NOT NULL,
    time_ns INTEGER NOT NULL,
    from_user TEXT NOT NULL,
    to_user TEXT NOT NULL,
    ruri_user TEXT NOT NULL,
    cseq INTEGER,
    correlation_id TEXT NOT NULL,
    node TEXT NOT NULL,
    capture_id INTEGER NOT NULL,
    meta BLOB NOT NULL
);

CREATE UNIQUE INDEX IF NOT EXISTS "sip_trace_key" ON "sip_trace" (time_ns/1000, record_id, traced_user);
CREATE INDEX IF NOT EXISTS "sip_trace_callid" ON "sip_trace" (callid);
CREATE INDEX IF NOT EXISTS "sip_trace_from_user" ON "sip_trace" (from_user);
CREATE INDEX IF NOT EXISTS "sip_trace_to_user" ON "sip_trace" (to_user);
CREATE INDEX IF NOT EXISTS "sip_trace_ruri_user" ON "sip_trace" (ruri_user) WHERE ruri_user <> to_user;
CREATE INDEX IF NOT EXISTS "sip_trace_traced_user" ON "sip_trace" (traced_user) WHERE traced_user <> '';
