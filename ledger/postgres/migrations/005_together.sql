-- Sessions of processes that have the ledger open as owners: one that is alone, or several beside each other. Who does not make its
-- beat grow for length (of the lease 'ledger', which only an older rowferry holds) is ended by another one.
CREATE TABLE sessions (
	id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name  text NOT NULL,
	place text NOT NULL, -- where it runs: who runs there and has its lock knows that it is dead
	alone boolean NOT NULL,
	beat  bigint NOT NULL DEFAULT 0,
	wants text[] NOT NULL DEFAULT '{}', -- the rights that it has or waits for
	since timestamptz NOT NULL DEFAULT now(),
	heard timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
-- Every transaction of a session raises written, and is refused when the session is over. It is apart from the beat so that neither
-- waits for the other.
CREATE TABLE fences (
	session bigint PRIMARY KEY,
	written bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
-- What one session may do at a time, such as sending for an account.
CREATE TABLE rights (
	name    text COLLATE "C" PRIMARY KEY,
	session bigint, -- null: nobody has it
	epoch   bigint NOT NULL DEFAULT 1,
	since   timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE files ADD COLUMN session bigint; -- that began to take it
UPDATE leases SET holder = '*', beat = beat + 1 WHERE name = 'ledger' AND holder = '';

-- Whoever works beside others hears at once of what they changed for it.
CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_notify('rowferry ' || TG_TABLE_SCHEMA, '');
	RETURN NULL;
END $$;
CREATE TRIGGER told AFTER UPDATE OF state, paused, cancelled, revision ON files FOR EACH ROW
	WHEN (OLD.state <> NEW.state OR OLD.paused <> NEW.paused OR OLD.cancelled <> NEW.cancelled OR OLD.revision <> NEW.revision) EXECUTE FUNCTION told();
CREATE TRIGGER told AFTER INSERT ON orders FOR EACH STATEMENT EXECUTE FUNCTION told();
CREATE TRIGGER told AFTER INSERT OR UPDATE OR DELETE ON lanes FOR EACH STATEMENT EXECUTE FUNCTION told();
