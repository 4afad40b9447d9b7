# run.sh TIMEOUT FOLDER:PROGRAM...: runs compiled tests in their folders and prints one line of JSON for each: whether it passed, failed or was left out.
# Examples are left out: those of lib/pq take a database of another name and wait for it for ever.
# TestContextCancelBegin (lib/pq) fails directly, too, now and then: it cancels after 10 ms, whether the statement has begun or not.
export PGX_TEST_DATABASE="host=$PGHOST port=$PGPORT user=$PGUSER password=$PGPASSWORD dbname=$PGDATABASE sslmode=disable" PGSSLMODE=disable
here=$PWD
limit=$1
shift
for part in "$@"; do
  program=${part##*:}
  (cd "${part%%:*}" && timeout "$limit" "$here/$program" -test.v -test.parallel 2 -test.skip '^Example|^TestContextCancelBegin$' 2>&1) |
    sed -nE "s/^ *--- (PASS|FAIL|SKIP): (.*) \([0-9.]+s\)\$/\1 $program \2/p" | sed -E 's#/tmp/[^ ]*/[0-9]+/#/tmp/#; s/["\\]/_/g' |
    awk '{ result = $1; $1 = ""; printf "{\"scenario\":\"%s\",\"result\":\"%s\"}\n", substr($0, 2), tolower(result) }'
done
