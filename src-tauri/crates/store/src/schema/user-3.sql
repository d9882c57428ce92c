-- Files that a person removed from the library. What follows folders leaves them out until they are added by name.
CREATE TABLE shunned (
  path          BLOB NOT NULL PRIMARY KEY,
  removed_at_ms REAL NOT NULL
) WITHOUT ROWID, STRICT;
