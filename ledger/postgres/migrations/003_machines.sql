-- When the holder of a lease renewed it last, and who stands by: for people who look, nothing is decided by it.
ALTER TABLE leases ADD COLUMN heard timestamptz NOT NULL DEFAULT now();
CREATE TABLE machines (
	name  text PRIMARY KEY,
	since timestamptz NOT NULL DEFAULT now(),
	heard timestamptz NOT NULL DEFAULT now()
);
