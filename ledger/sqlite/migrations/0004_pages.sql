ALTER TABLE files ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
UPDATE files SET changed = n;
CREATE INDEX files_changed ON files (changed);

CREATE TABLE tallies (
	file INTEGER NOT NULL,
	seq  INTEGER NOT NULL,
	body BLOB NOT NULL,
	PRIMARY KEY (file, seq)
) WITHOUT ROWID;

-- 0: as the first rowferry wrote it; 1: sealed (ledger.Seal)
ALTER TABLE chunks ADD COLUMN form INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN form INTEGER NOT NULL DEFAULT 0;
