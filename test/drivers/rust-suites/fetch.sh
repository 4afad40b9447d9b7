# fetch.sh: the tests that come with tokio-postgres, made to connect to where PGPORT says instead of port 5433.
set -e
# Cargo wants to see the file that Cargo.toml names.
mkdir -p tokio-postgres/test
touch tokio-postgres/test/main.rs
crate=$(cargo metadata --format-version 1 --locked | grep -o '"manifest_path":"[^"]*/tokio-postgres-[^"]*/Cargo.toml"' | sed 's/.*:"\(.*\)\/Cargo.toml"/\1/')
rm -rf tokio-postgres
cp -r "$crate/tests" tokio-postgres
chmod -R u+w tokio-postgres
cd tokio-postgres/test
perl -0pi -e 's/tokio_postgres::connect\(\s*("[^"]*"|s)/tokio_postgres::connect(&crate::here($1)/g; s/s\.parse::<Config>\(\)/here(s).parse::<Config>()/; s/TcpStream::connect\("127.0.0.1:5433"\)/TcpStream::connect(here("127.0.0.1:5433"))/g' main.rs runtime.rs
cat >>main.rs <<'RUST'

/// Where the tests connect, and as whom.
fn here(address: &str) -> String {
    let var = |name| std::env::var(name).unwrap();
    let user = format!("user=postgres password={} dbname={}", var("PGPASSWORD"), var("PGDATABASE"));
    address.replace("5433", &var("PGPORT")).replace("user=postgres", &user)
}
RUST
