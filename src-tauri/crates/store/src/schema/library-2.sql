-- Nothing asks for equal bytes to be read again any more.
ALTER TABLE documents DROP COLUMN reread;

-- Hashes of what a document held before. Conversations name their sources by path and hash: of a file that was moved and then written
-- to, its present ones find nothing of what was quoted first.
CREATE TABLE former_hashes (
  document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
  hash        TEXT    NOT NULL,
  PRIMARY KEY (document_id, hash)
) WITHOUT ROWID, STRICT;
CREATE INDEX former_hashes_by_hash ON former_hashes (hash);
CREATE TRIGGER documents_hash_changes AFTER UPDATE OF hash ON documents
WHEN OLD.hash IS NOT NULL AND NEW.hash IS NOT OLD.hash
BEGIN
  INSERT OR IGNORE INTO former_hashes (document_id, hash) VALUES (OLD.id, OLD.hash);
END;
