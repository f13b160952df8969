-- What is kept about people: users, tokens, sessions by key; and who did what.
CREATE TABLE register (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE acts (
	n    INTEGER PRIMARY KEY AUTOINCREMENT,
	ord  INTEGER UNIQUE, -- the number of the order that it was
	who  TEXT NOT NULL,
	verb TEXT NOT NULL,
	file TEXT NOT NULL DEFAULT '',
	body BLOB NOT NULL
);
CREATE INDEX acts_file ON acts (file) WHERE file <> '';
