CREATE TABLE jobs (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    run_at BIGINT NOT NULL,
    lease_until BIGINT,
    worker TEXT,
    reason TEXT,
    trace TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX jobs_state_run_at ON jobs (state, run_at);
