-- 0: the rows are there; a day since 1970: they were let go of then and are not seen any more; -1: nothing of them is left.
ALTER TABLE files ADD COLUMN dropped bigint NOT NULL DEFAULT 0;
CREATE INDEX files_dropped ON files (n) WHERE dropped > 0;
