-- An order's number is never another's: who left it asks for it later.
CREATE TABLE numbered (n INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL);
INSERT INTO numbered SELECT n, body FROM orders;
DROP TABLE orders;
ALTER TABLE numbered RENAME TO orders;
