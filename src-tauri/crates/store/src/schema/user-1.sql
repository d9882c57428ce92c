CREATE TABLE conversations (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  title         TEXT NOT NULL,
  created_at_ms REAL NOT NULL,
  updated_at_ms REAL NOT NULL,
  deleted_at_ms REAL
) STRICT;
CREATE INDEX conversations_by_update ON conversations (updated_at_ms);

-- `turn` is JSON of the named format; `searched` is its question and answer, folded, for finding it again.
CREATE TABLE turns (
  conversation_id INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  ordinal         INTEGER NOT NULL,
  format          INTEGER NOT NULL,
  turn            TEXT    NOT NULL,
  searched        TEXT    NOT NULL,
  PRIMARY KEY (conversation_id, ordinal)
) WITHOUT ROWID, STRICT;

CREATE TABLE collections (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  name          TEXT NOT NULL UNIQUE COLLATE NOCASE,
  created_at_ms REAL NOT NULL
) STRICT;

-- By path, not by the library's id: the library can be rebuilt, this cannot.
CREATE TABLE collection_documents (
  collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
  path          BLOB    NOT NULL,
  PRIMARY KEY (collection_id, path)
) WITHOUT ROWID, STRICT;
CREATE INDEX collection_documents_by_path ON collection_documents (path);

CREATE TABLE settings_history (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms    REAL NOT NULL,
  settings TEXT NOT NULL
) STRICT;

CREATE TABLE benchmarks (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms  REAL NOT NULL,
  kind   TEXT NOT NULL,
  result TEXT NOT NULL
) STRICT;
CREATE INDEX benchmarks_by_kind ON benchmarks (kind, at_ms);
