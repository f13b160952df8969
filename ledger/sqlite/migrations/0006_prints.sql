-- The prints of a chunk's items, until they move into a segment.
CREATE TABLE prints (
	file INTEGER NOT NULL,
	seq  INTEGER NOT NULL,
	body BLOB NOT NULL,
	PRIMARY KEY (file, seq)
) WITHOUT ROWID;

-- Prints in order, in pages by their first bits: 2^bits pages, the first with number n << 20. filter tells which are not in it.
CREATE TABLE segments (
	n      INTEGER PRIMARY KEY AUTOINCREMENT,
	newest INTEGER NOT NULL,
	bits   INTEGER NOT NULL,
	filter BLOB NOT NULL
);
CREATE TABLE print_pages (
	n    INTEGER PRIMARY KEY,
	body BLOB NOT NULL
);
