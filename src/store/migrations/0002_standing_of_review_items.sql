-- What a list must know besides the queue: that the machine could not judge the draft to the end, and that only the
-- secrecy reviewer may read it, whatever queue it stands in.
ALTER TABLE review_item ADD COLUMN undetermined TEXT;
ALTER TABLE review_item ADD COLUMN secret INTEGER NOT NULL DEFAULT 0;

UPDATE review_item SET
  undetermined = (SELECT json_extract(CAST(v.verdict AS TEXT), '$.undetermined.reason') FROM verdict v WHERE v.seq = review_item.seq),
  secret = queue = 'secrecy' OR EXISTS (
    SELECT 1 FROM verdict v, json_each(CAST(v.verdict AS TEXT), '$.findings') f
    WHERE v.seq = review_item.seq AND json_extract(f.value, '$.severity') > 'S0'
      AND (json_extract(f.value, '$.code') LIKE 'SEC.%' OR json_extract(f.value, '$.code') = 'PII.MILITARY'));
