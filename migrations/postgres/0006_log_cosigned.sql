-- Of each log the newest head that enough witnesses have cosigned: see specs/log.md, Witnesses. It is published as it stands.
CREATE TABLE log_cosigned (
    log TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    size BIGINT NOT NULL CHECK (size >= 0),
    checkpoint TEXT COLLATE "C" NOT NULL,
    cosignatures BIGINT NOT NULL
);
