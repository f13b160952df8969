-- Files that people look for: those with a row of an outcome that few have, and those in a state that few are in.
CREATE INDEX files_rejected ON files (n) WHERE rejected > 0;
CREATE INDEX files_invalid ON files (n) WHERE invalid > 0;
CREATE INDEX files_failed ON files (n) WHERE failed > 0;
CREATE INDEX files_unknown ON files (n) WHERE unknown > 0;
CREATE INDEX files_skipped ON files (n) WHERE skipped > 0;
CREATE INDEX files_aside ON files (state) WHERE state IN ('quarantined', 'duplicate');
