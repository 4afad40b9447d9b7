# psql: the simple protocol, \gdesc, COPY, large objects, row-by-row fetching, and backslash commands.
. ./scenario.sh
p() { psql --no-psqlrc --quiet --set VERBOSITY=verbose --set SHOW_CONTEXT=never "$@"; }
sql() { p <<<"$1"; }
by_id="SELECT * FROM item WHERE id = 5"
scenario "simple query" sql "$by_id; $by_id"
scenario "several statements in one message" p -c "SELECT 1; SELECT 2; $by_id"
scenario "aggregates" sql "SELECT flag, count(*) AS n FROM item GROUP BY flag ORDER BY flag;"
scenario "describe a query" sql "$by_id \\gdesc"
scenario "fetch count" sql "\\set FETCH_COUNT 30
SELECT id, name FROM item ORDER BY id;"
scenario "errors with position" sql "SELECT nothing FROM item; SELECT 1/0; SELECT FRM;"
scenario "transactions" sql "BEGIN; $by_id; SELECT 1/0; $by_id; ROLLBACK; $by_id;"
scenario "copy out and in" sql "\\copy (SELECT * FROM item ORDER BY id) to 'item.copy'
CREATE TEMP TABLE again (LIKE item);
\\copy again from 'item.copy'
SELECT count(*), sum(price) FROM again;"
scenario "copy error" sql "COPY scratch FROM STDIN;
1	a
x	b
\\.
SELECT count(*) FROM scratch;"
scenario "large objects" sql "SELECT lo_from_bytea(4711, 'hello');
\\lo_export 4711 lo.out
\\lo_unlink 4711"
masked() { sql "$1" | sed 's/PID [0-9]*/PID/'; }
scenario "listen and notify" masked "LISTEN drops; NOTIFY drops, 'x';"
scenario "notices" sql "DROP TABLE IF EXISTS nowhere;"
scenario "single-row mode errors" p --single-transaction -c "INSERT INTO scratch VALUES (1)" -c "INSERT INTO scratch VALUES (1)"
scenario "gexec and gset" sql "SELECT name AS n FROM item WHERE id = 3 \\gset
\\echo :n
SELECT 'SELECT ' || id FROM item WHERE id < 4 ORDER BY id \\gexec"
scenario "describe a table" sql "\\d scratch"
scenario "prepared in SQL" sql "PREPARE q AS SELECT * FROM item WHERE id = \$1; EXECUTE q(4); DEALLOCATE q; EXECUTE q(4);"
