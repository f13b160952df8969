-- A checksum over the rest of the line; none of files that an older rowferry wrote last.
ALTER TABLE files ADD COLUMN sum INTEGER;
