-- The key of the form tokens: a form that is open while the forum is started again stays valid. A token takes the secret of
-- its browser besides, so this key alone makes none.
CREATE TABLE form_key (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    key BLOB    NOT NULL CHECK (length(key) = 32)
) STRICT;
