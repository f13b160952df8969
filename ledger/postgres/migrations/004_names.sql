-- What people look for a file by: its id, and its name as its facts have it. It lies in an index of its own, so that nothing else is read.
-- What facts hold is UTF-8 by any setting, so the function is immutable though convert_from is not said to be.
CREATE FUNCTION found_by(id text, facts bytea) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
	$$ SELECT id || ' ' || coalesce(pg_catalog.substring(pg_catalog.convert_from(facts, 'UTF8'), '"name":("(?:[^"\\]|\\.)*")'), '') $$;
ALTER TABLE files ADD COLUMN find text COLLATE "C" GENERATED ALWAYS AS (found_by(id, facts)) STORED;
CREATE INDEX files_find ON files (n) INCLUDE (find);
