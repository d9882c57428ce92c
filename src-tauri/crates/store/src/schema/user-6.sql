-- Set while a collection is deleted and can be brought back.
ALTER TABLE collections ADD COLUMN deleted_at_ms REAL;
