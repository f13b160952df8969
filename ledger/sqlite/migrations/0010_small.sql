-- A checksum over the rest of the line; none of what an older rowferry wrote.
ALTER TABLE lanes ADD COLUMN sum INTEGER;
ALTER TABLE orders ADD COLUMN sum INTEGER;
ALTER TABLE facts ADD COLUMN sum INTEGER;
ALTER TABLE register ADD COLUMN sum INTEGER;
