-- Of each log the newest head that enough witnesses have cosigned: see specs/log.md, Witnesses. It is published as it stands.
CREATE TABLE log_cosigned (
    log TEXT NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL CHECK (size >= 0),
    checkpoint TEXT NOT NULL,
    cosignatures INTEGER NOT NULL
) STRICT;
