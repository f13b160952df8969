-- What providers said later, and by which marks it finds the items it speaks of.
CREATE TABLE receipts (
	n    INTEGER PRIMARY KEY AUTOINCREMENT,
	id   BLOB NOT NULL UNIQUE,
	mark BLOB NOT NULL,
	came INTEGER NOT NULL,
	body BLOB NOT NULL
);
CREATE INDEX receipts_mark ON receipts (mark, came);

CREATE TABLE marks (
	mark BLOB NOT NULL,
	sent INTEGER NOT NULL,
	file INTEGER NOT NULL,
	seq  INTEGER NOT NULL,
	item INTEGER NOT NULL,
	PRIMARY KEY (mark, sent, file, seq, item)
) WITHOUT ROWID;
CREATE INDEX marks_file ON marks (file);
