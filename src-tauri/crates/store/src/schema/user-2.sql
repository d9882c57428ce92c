-- How the answer came about, as JSON: read when somebody asks why, not with every conversation.
ALTER TABLE turns ADD COLUMN trace TEXT;
