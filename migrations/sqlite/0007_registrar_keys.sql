-- The keys with which offices sign their enrolments: see specs/proofing.md, "Who signs". Only public keys are here.

-- A key is of one office. It counts from its accreditation to its withdrawal, and comes back never.
CREATE TABLE registrar_keys (
    id BLOB NOT NULL PRIMARY KEY,
    registrar_id BLOB NOT NULL REFERENCES registrars (id),
    public BLOB NOT NULL,
    created_on INTEGER NOT NULL,
    accredited_at INTEGER,
    withdrawn_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX registrar_keys_registrar ON registrar_keys (registrar_id);
