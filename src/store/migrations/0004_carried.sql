-- Verdicts that were handed to the topics of Kafka when an office moved there; one that was given anew since is to be
-- handed over again.
CREATE TABLE carried (
  seq        INTEGER PRIMARY KEY REFERENCES revision (seq),
  verdict_id TEXT NOT NULL
) STRICT;
