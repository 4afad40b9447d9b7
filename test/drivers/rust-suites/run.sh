# run.sh: makes the roles that the tests log in as and the extensions they use, runs the tests and prints one line of JSON for each.
for role in pass_user md5_user scram_user; do
  psql -qXc "DROP ROLE IF EXISTS $role" -c "CREATE ROLE $role LOGIN PASSWORD 'password'" 2>/dev/null
done
psql -qXc "CREATE EXTENSION hstore" -c "CREATE EXTENSION citext" -c "CREATE EXTENSION ltree" 2>/dev/null
timeout 100 cargo test --quiet --locked --jobs 1 --features runtime --test tokio-postgres -- --test-threads 2 --format pretty 2>/dev/null |
  sed -nE 's/^test ([a-z_0-9:]+) \.\.\. (ok|FAILED|ignored).*/\1 \2/p' | sed 's/ ok$/ pass/; s/ FAILED$/ fail/; s/ ignored$/ skip/' | sort |
  awk '{ printf "{\"scenario\":\"%s\",\"result\":\"%s\"}\n", $1, $2 }'
