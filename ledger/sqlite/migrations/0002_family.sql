ALTER TABLE files ADD COLUMN root TEXT NOT NULL DEFAULT '';
CREATE INDEX files_root ON files (root) WHERE root <> '';
