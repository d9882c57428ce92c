-- What a conversation asks: all documents where it names neither. A collection that is deleted leaves all. Documents by path, as in
-- collections: the library can be rebuilt, this cannot.
ALTER TABLE conversations ADD COLUMN collection_id INTEGER REFERENCES collections (id) ON DELETE SET NULL;
CREATE TABLE conversation_documents (
  conversation_id INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  path            BLOB    NOT NULL,
  PRIMARY KEY (conversation_id, path)
) WITHOUT ROWID, STRICT;
CREATE INDEX conversation_documents_by_path ON conversation_documents (path);
