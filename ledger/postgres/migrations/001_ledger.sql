-- A file's key holds the day on which it was claimed (days since 1970, times 2^36), so that what belongs to it lies in that
-- day's partition, and retention drops partitions. Texts that people or partners choose are bytea: they may hold anything.
CREATE SEQUENCE file_numbers;
CREATE SEQUENCE changes;
CREATE SEQUENCE records;

CREATE TABLE files (
	n         bigint PRIMARY KEY,
	id        text COLLATE "C" NOT NULL UNIQUE,
	route     text COLLATE "C" NOT NULL,
	account   text COLLATE "C" NOT NULL,
	state     text COLLATE "C" NOT NULL,
	root      text COLLATE "C" NOT NULL DEFAULT '',
	hash      text COLLATE "C" NOT NULL DEFAULT '',
	rested    boolean NOT NULL DEFAULT false,
	paused    bytea NOT NULL DEFAULT '',
	cancelled boolean NOT NULL DEFAULT false,
	revision  bigint NOT NULL DEFAULT 1,
	items     bigint NOT NULL DEFAULT 0,
	open      bigint NOT NULL DEFAULT 0,
	read      bigint NOT NULL DEFAULT 0,
	delivered bigint NOT NULL DEFAULT 0,
	rejected  bigint NOT NULL DEFAULT 0,
	invalid   bigint NOT NULL DEFAULT 0,
	failed    bigint NOT NULL DEFAULT 0,
	unknown   bigint NOT NULL DEFAULT 0,
	skipped   bigint NOT NULL DEFAULT 0,
	started   bigint NOT NULL DEFAULT 0, -- Unix milliseconds; 0: not yet
	finished  bigint NOT NULL DEFAULT 0,
	changed   bigint NOT NULL,
	began     bigint,                    -- how many files were accepted when its first chunk was staged
	accepted  bigint,                    -- the how-many-eth it was to be accepted
	facts     bytea NOT NULL             -- JSON of what has no column
) WITH (fillfactor = 70);
CREATE INDEX files_hash ON files (hash, route) WHERE hash <> '';
CREATE INDEX files_open ON files (state) WHERE state NOT IN ('reported', 'quarantined', 'duplicate');
CREATE INDEX files_unrested ON files (route) WHERE NOT rested;
CREATE INDEX files_root ON files (root) WHERE root <> '';
CREATE INDEX files_changed ON files (changed);
CREATE UNIQUE INDEX files_accepted ON files (accepted);

CREATE TABLE chunks (
	file bigint NOT NULL,
	seq  integer NOT NULL,
	body bytea NOT NULL, -- sealed, as all bodies
	PRIMARY KEY (file, seq)
) PARTITION BY RANGE (file);

CREATE TABLE events (
	n     bigint NOT NULL DEFAULT nextval('records'),
	file  bigint NOT NULL,
	chunk integer NOT NULL,
	body  bytea NOT NULL
) PARTITION BY RANGE (file);
CREATE INDEX events_place ON events (file, chunk, n);

-- What the rows of a chunk became, in numbers.
CREATE TABLE tallies (
	file bigint NOT NULL,
	seq  integer NOT NULL,
	body bytea NOT NULL,
	PRIMARY KEY (file, seq)
) PARTITION BY RANGE (file);

-- The fingerprints of items' requests.
CREATE TABLE prints (
	print uuid NOT NULL,
	file  bigint NOT NULL,
	seq   integer NOT NULL,
	item  integer NOT NULL,
	free  boolean NOT NULL
) PARTITION BY RANGE (file);
CREATE INDEX prints_print ON prints (print);
CREATE INDEX prints_file ON prints USING brin (file);

-- The private copies of files, in pieces of a MiB. One that is not whole is under way, or was cut off.
CREATE TABLE copies (
	n     bigint PRIMARY KEY, -- as a file's key: its day's partition has the pieces
	id    text COLLATE "C" NOT NULL,
	whole boolean NOT NULL DEFAULT false,
	size  bigint NOT NULL DEFAULT 0
);
CREATE INDEX copies_id ON copies (id);
CREATE TABLE pieces (
	copy bigint NOT NULL,
	seq  integer NOT NULL,
	body bytea NOT NULL,
	PRIMARY KEY (copy, seq)
) PARTITION BY RANGE (copy);

-- What providers said later, and by which marks it finds the items it speaks of.
CREATE TABLE receipts (
	n    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	id   uuid NOT NULL UNIQUE,
	mark uuid NOT NULL,
	came bigint NOT NULL,
	body bytea NOT NULL
);
CREATE INDEX receipts_mark ON receipts (mark, came);
CREATE TABLE marks (
	mark uuid NOT NULL,
	sent bigint NOT NULL,
	file bigint NOT NULL,
	seq  integer NOT NULL,
	item integer NOT NULL,
	PRIMARY KEY (mark, sent, file, seq, item)
);
CREATE INDEX marks_file ON marks (file);

CREATE TABLE lanes  (account text COLLATE "C" PRIMARY KEY, reason bytea NOT NULL);
CREATE TABLE orders (n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body bytea NOT NULL);
CREATE TABLE facts  (key bytea PRIMARY KEY, value bytea NOT NULL);

-- What is kept about people: users, tokens, sessions by key; and who did what.
CREATE TABLE register (key bytea PRIMARY KEY, value bytea NOT NULL);
CREATE TABLE acts (
	n    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	ord  bigint UNIQUE, -- the number of the order that it was
	who  bytea NOT NULL,
	verb bytea NOT NULL,
	file text COLLATE "C" NOT NULL DEFAULT '',
	body bytea NOT NULL
);
CREATE INDEX acts_file ON acts (file) WHERE file <> '';

-- Whose turn it is. beat grows while the holder lives; no clock of the database takes part.
CREATE TABLE leases (
	name   text PRIMARY KEY,
	holder text NOT NULL DEFAULT '', -- '': nobody
	place  text NOT NULL DEFAULT '', -- where the holder runs: who runs there and has its lock knows that it is dead
	beat   bigint NOT NULL DEFAULT 0,
	length integer NOT NULL DEFAULT 10000, -- milliseconds without a beat after which the lease is over, for all alike
	since  timestamptz NOT NULL DEFAULT now()
);
-- Every transaction of a holder raises written, and is refused when the epoch is not its own any more. It is apart from the
-- lease so that neither waits for the other.
CREATE TABLE epochs (
	name    text PRIMARY KEY,
	epoch   bigint NOT NULL,
	written bigint NOT NULL DEFAULT 0
);
INSERT INTO leases (name) VALUES ('ledger');
INSERT INTO epochs (name, epoch) VALUES ('ledger', 0);
