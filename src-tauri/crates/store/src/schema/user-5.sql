-- Whether a conversation asks each of its documents for itself.
ALTER TABLE conversations ADD COLUMN each_document INTEGER NOT NULL DEFAULT 0;
