-- Facts about the library itself: which embedder is current, which rules cut the keyword index.
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID, STRICT;

-- The ledger: one row a file, from the moment it is queued. `hash`, `size`, `mtime_ns` and what follows describe the bytes last
-- settled; a row that is queued again keeps them, with its pages and chunks, until the new content replaces them at once;
-- `prior_state` is what it goes back to when that is cancelled, `reread` says that equal bytes are read again all the same.
CREATE TABLE documents (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  path          BLOB    NOT NULL UNIQUE,
  path_text     TEXT    NOT NULL,
  state         TEXT    NOT NULL,
  prior_state   TEXT,
  reread        INTEGER NOT NULL DEFAULT 0,
  hash          TEXT,
  size          INTEGER NOT NULL,
  mtime_ns      INTEGER NOT NULL,
  media_type    TEXT    NOT NULL DEFAULT '',
  title         TEXT,
  language      TEXT,
  error_code    TEXT,
  error_message TEXT,
  error_detail  TEXT,
  failed_pages  TEXT    NOT NULL DEFAULT '[]',
  page_count    INTEGER NOT NULL DEFAULT 0,
  chunk_count   INTEGER NOT NULL DEFAULT 0,
  duplicate_of  INTEGER REFERENCES documents (id),
  attempts      INTEGER NOT NULL DEFAULT 0,
  added_at_ms   REAL    NOT NULL,
  queued_at_ms  REAL    NOT NULL,
  settled_at_ms REAL,
  removed_at_ms REAL
) STRICT;
-- In the order in which the queue is worked off: it is never sorted, however long.
CREATE INDEX documents_by_state ON documents (state, queued_at_ms, id);
CREATE INDEX documents_by_hash ON documents (hash) WHERE hash IS NOT NULL;
CREATE INDEX documents_by_original ON documents (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX documents_removed ON documents (removed_at_ms) WHERE removed_at_ms IS NOT NULL;

CREATE TABLE pages (
  id          INTEGER PRIMARY KEY,
  document_id INTEGER NOT NULL REFERENCES documents (id),
  number      INTEGER NOT NULL,
  text        TEXT    NOT NULL,
  layout      BLOB    NOT NULL,
  UNIQUE (document_id, number)
) STRICT;

CREATE TABLE chunks (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  document_id  INTEGER NOT NULL REFERENCES documents (id),
  ordinal      INTEGER NOT NULL,
  page         INTEGER NOT NULL,
  span_start   INTEGER NOT NULL,
  span_end     INTEGER NOT NULL,
  heading      TEXT    NOT NULL,
  table_header TEXT    NOT NULL,
  text         TEXT    NOT NULL,
  tokens       INTEGER NOT NULL,
  text_hash    BLOB    NOT NULL,
  UNIQUE (document_id, ordinal)
) STRICT;

CREATE TABLE embedders (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  fingerprint TEXT    NOT NULL UNIQUE,
  name        TEXT    NOT NULL,
  dimensions  INTEGER NOT NULL
) STRICT;

-- Half-precision floats, little-endian. `seq` only grows, so that a cache reads what is new.
CREATE TABLE vectors (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  chunk_id    INTEGER NOT NULL REFERENCES chunks (id) ON DELETE CASCADE,
  embedder_id INTEGER NOT NULL REFERENCES embedders (id),
  vector      BLOB    NOT NULL,
  UNIQUE (chunk_id, embedder_id)
) STRICT;

-- Contentless: the words are cut from the chunk's text by our own rules, and cut again when it is deleted.
CREATE VIRTUAL TABLE chunk_words USING fts5 (plain, stems, spelled, content = '', tokenize = 'ascii');
INSERT INTO chunk_words (chunk_words, rank) VALUES ('secure-delete', 1);
CREATE VIRTUAL TABLE chunk_vocabulary USING fts5vocab ('chunk_words', 'col');

-- What the vector index's folder held when it was last written: a file that differs was damaged.
CREATE TABLE index_files (
  path   TEXT    PRIMARY KEY,
  size   INTEGER NOT NULL,
  blake3 BLOB    NOT NULL
) WITHOUT ROWID, STRICT;
