# pgbench in its three protocols and with pipelines: every transaction must succeed; what is counted must be what was asked for.
. ./scenario.sh
cat >read.sql <<'SQL'
\set id random(1, 200)
SELECT * FROM item WHERE id = :id;
SELECT sum(big) AS s FROM item;
SQL
cat >write.sql <<'SQL'
\set id random(1, 200)
BEGIN;
UPDATE item SET price = price + 1 WHERE id = :id;
SELECT * FROM item WHERE id = :id \gset
INSERT INTO scratch VALUES (:id, 'x') ON CONFLICT DO NOTHING;
END;
SQL
cat >pipeline.sql <<'SQL'
\set id random(1, 200)
\startpipeline
SELECT * FROM item WHERE id = :id;
UPDATE item SET small = small WHERE id = :id;
SELECT * FROM item WHERE id = :id;
\endpipeline
SQL
counts() { pgbench --no-vacuum --client 4 --transactions 50 "$@" 2>&1 | grep -E "processed|failed|error|aborted"; }
for protocol in simple extended prepared; do
  scenario "reads, $protocol" counts --protocol "$protocol" --file read.sql
  scenario "writes, $protocol" counts --protocol "$protocol" --file write.sql
done
scenario "pipelines, extended" counts --protocol extended --file pipeline.sql
scenario "pipelines, prepared" counts --protocol prepared --file pipeline.sql
