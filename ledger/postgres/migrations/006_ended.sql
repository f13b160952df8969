-- What sessions wrote that are over, as their machines remember beside the database: one that was put back to an earlier moment does not
-- know it. begun tells a session from one that got its number again. The trigger has an older rowferry write it down too.
ALTER TABLE fences ADD COLUMN begun timestamptz NOT NULL DEFAULT now();
CREATE TABLE ended (
	session bigint NOT NULL,
	begun   timestamptz NOT NULL,
	written bigint NOT NULL,
	PRIMARY KEY (session, begun)
);
CREATE FUNCTION ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('INSERT INTO %I.ended (session, begun, written) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', TG_TABLE_SCHEMA) USING OLD.session, OLD.begun, OLD.written;
	RETURN NULL;
END $$;
CREATE TRIGGER ended AFTER DELETE ON fences FOR EACH ROW EXECUTE FUNCTION ended();
