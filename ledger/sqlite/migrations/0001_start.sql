CREATE TABLE files (
	n          INTEGER PRIMARY KEY,
	id         TEXT NOT NULL UNIQUE,
	route      TEXT NOT NULL,
	account    TEXT NOT NULL,
	state      TEXT NOT NULL,
	rested     INTEGER NOT NULL DEFAULT 0,
	hash       TEXT NOT NULL DEFAULT '',
	paused     TEXT NOT NULL DEFAULT '',
	cancelled  INTEGER NOT NULL DEFAULT 0,
	revision   INTEGER NOT NULL DEFAULT 1,
	items      INTEGER NOT NULL DEFAULT 0,
	open       INTEGER NOT NULL DEFAULT 0,
	read       INTEGER NOT NULL DEFAULT 0,
	delivered  INTEGER NOT NULL DEFAULT 0,
	rejected   INTEGER NOT NULL DEFAULT 0,
	invalid    INTEGER NOT NULL DEFAULT 0,
	failed     INTEGER NOT NULL DEFAULT 0,
	unknown    INTEGER NOT NULL DEFAULT 0,
	skipped    INTEGER NOT NULL DEFAULT 0,
	started    INTEGER NOT NULL DEFAULT 0,
	finished   INTEGER NOT NULL DEFAULT 0,
	facts      BLOB NOT NULL
);
CREATE INDEX files_hash ON files (hash, route) WHERE hash <> '';
CREATE INDEX files_open ON files (state) WHERE state NOT IN ('reported', 'quarantined', 'duplicate');
CREATE INDEX files_unrested ON files (route) WHERE rested = 0;

CREATE TABLE chunks (
	n    INTEGER PRIMARY KEY,
	file INTEGER NOT NULL,
	seq  INTEGER NOT NULL,
	body BLOB NOT NULL
);
CREATE UNIQUE INDEX chunks_place ON chunks (file, seq);

CREATE TABLE events (
	n     INTEGER PRIMARY KEY,
	file  INTEGER NOT NULL,
	chunk INTEGER NOT NULL,
	body  BLOB NOT NULL
);
CREATE INDEX events_place ON events (file, chunk);

CREATE TABLE lanes  (account TEXT PRIMARY KEY, reason TEXT NOT NULL);
CREATE TABLE orders (n INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE facts  (key TEXT PRIMARY KEY, value TEXT NOT NULL);
