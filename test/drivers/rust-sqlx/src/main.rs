//! sqlx: a statement cache per connection, binary results, streams, its pool, nested transactions, COPY, LISTEN.
use futures_util::{future::join_all, TryStreamExt};
use sqlx::{
    postgres::{PgAdvisoryLock, PgArguments, PgConnectOptions, PgConnection, PgDatabaseError, PgErrorPosition, PgListener, PgPoolOptions, PgRow},
    query::Query,
    Column, Connection, Either, Error, Executor, Postgres, Row, SqlSafeStr, Statement, TypeInfo, ValueRef,
};
use std::time::Duration;

const BY_ID: &str = "SELECT * FROM item WHERE id = $1";
const NAMES: &str = "SELECT id, name FROM item ORDER BY id";
const PER_FLAG: &str = "SELECT flag, count(*) AS n FROM item GROUP BY flag ORDER BY flag";

type Told = Result<String, Error>;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(run());
}

async fn run() {
    let mut conn = PgConnection::connect_with(&PgConnectOptions::new()).await.unwrap();
    let c = &mut conn;
    show("extended", fetched(c, sqlx::query(BY_ID).bind(5)).await);
    show("prepared reuse", by_id(c, &[1, 7, 1, 2, 900], true).await);
    show("without a statement cache", by_id(c, &[1, 7, 1, 2, 900], false).await);
    show("describe", described(c).await);
    show("simple protocol", simple(c).await);
    show("aggregates", fetched(c, sqlx::query(PER_FLAG)).await);
    show("many rows", fetched(c, sqlx::query(NAMES)).await);
    show("typed values", typed(c).await);
    show("NULLs and arrays", nulls(c).await);
    show("stream left early", left_early(c).await);
    show("errors", errors(c).await);
    show("read your own writes", own_writes(c).await);
    show("transactions and savepoints", transactions(c).await);
    show("transaction dropped", dropped(c).await);
    show("copy in and out", copy(c).await);
    show("copy aborted", copy_aborted(c).await);
    show("schema change", schema_change(c).await);
    show("advisory lock", advisory_lock(c).await);
    show("time-out", timed_out(c).await);
    show("statements cleared", cleared(c).await);
    conn.close().await.unwrap();
    show("listen and notify", notifications().await);
    show("pool", pool().await);
}

fn show(scenario: &str, result: Told) {
    let text = result.unwrap_or_else(|error| told(&error));
    println!("{{\"scenario\":{scenario:?},\"result\":\"{}\"}}", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"));
}

fn told(error: &Error) -> String {
    let Some(e) = error.as_database_error().and_then(|e| e.try_downcast_ref::<PgDatabaseError>()) else {
        return error.to_string();
    };
    let position = match e.position() {
        Some(PgErrorPosition::Original(at)) => at,
        _ => 0,
    };
    format!("{} {:?} {} {:?} {position} {:?} {:?}", e.code(), e.severity(), e.message(), e.detail(), e.table(), e.constraint())
}

/// Names, types, formats and bytes of a row.
fn shape(row: &PgRow) -> String {
    let cells = row.columns().iter().map(|column| {
        let value = row.try_get_raw(column.ordinal()).unwrap();
        let bytes = if value.is_null() { None } else { Some(value.as_bytes().unwrap()) };
        format!("{} {} {:?} {bytes:?}", column.name(), column.type_info().name(), value.format())
    });
    format!("{};", cells.collect::<Vec<_>>().join(","))
}

async fn fetched(conn: &mut PgConnection, query: Query<'_, Postgres, PgArguments>) -> Told {
    Ok(query.fetch_all(conn).await?.iter().map(shape).collect())
}

async fn by_id(conn: &mut PgConnection, ids: &[i32], persistent: bool) -> Told {
    let mut found = String::new();
    for id in ids {
        found += &fetched(conn, sqlx::query(BY_ID).bind(id).persistent(persistent)).await?;
        found += "/";
    }
    Ok(found)
}

async fn described(conn: &mut PgConnection) -> Told {
    let statement = conn.prepare(BY_ID.into_sql_str()).await?;
    let columns: Vec<_> = statement.columns().iter().map(|column| format!("{} {}", column.name(), column.type_info())).collect();
    Ok(format!("{:?} {columns:?}", statement.parameters()))
}

async fn simple(conn: &mut PgConnection) -> Told {
    let several = "SELECT id, name FROM item WHERE id < 4 ORDER BY id; SELECT 1 AS a, NULL AS b; DELETE FROM scratch";
    let parts = sqlx::raw_sql(several).fetch_many(conn);
    let told = parts.map_ok(|part| match part {
        Either::Left(done) => format!("done {};", done.rows_affected()),
        Either::Right(row) => shape(&row),
    });
    told.try_collect().await
}

async fn typed(conn: &mut PgConnection) -> Told {
    type Item = (i32, Option<String>, i64, Option<bool>, f64, Vec<u8>, i16, f32, Vec<Option<String>>);
    let text = "SELECT id, name, big, flag, ratio, raw, small, single, tags FROM item WHERE id = ANY($1) ORDER BY id";
    let found: Vec<Item> = sqlx::query_as(text).bind(vec![3, 7, 5]).fetch_all(&mut *conn).await?;
    let sum: Option<String> = sqlx::query_scalar("SELECT sum(big)::text FROM item").fetch_one(conn).await?;
    Ok(format!("{found:?} {sum:?}"))
}

async fn nulls(conn: &mut PgConnection) -> Told {
    let query = sqlx::query("SELECT $1::text, $2::int[], $3::text[], $4::bytea");
    let query = query.bind(None::<String>).bind(vec![Some(1), None]).bind(vec!["a", "b\""]).bind(vec![0u8, 255]);
    fetched(conn, query).await
}

async fn left_early(conn: &mut PgConnection) -> Told {
    let mut found = String::new();
    {
        let mut rows = sqlx::query(NAMES).fetch(&mut *conn);
        for _ in 0..3 {
            found += &rows.try_next().await?.map(|row| shape(&row)).unwrap_or_default();
        }
    }
    Ok(found + &by_id(conn, &[3], true).await?)
}

async fn errors(conn: &mut PgConnection) -> Told {
    let mut found = String::new();
    for text in ["SELECT id FRM item", "SELECT nothing FROM item", "INSERT INTO item (id) VALUES (1)", "SELECT 1 / 0"] {
        found += &conn.execute(sqlx::query(text)).await.err().map(|error| told(&error)).unwrap_or_default();
        found += &by_id(conn, &[2], true).await?;
    }
    Ok(found)
}

async fn own_writes(conn: &mut PgConnection) -> Told {
    let mut found = String::new();
    for price in [77.0, 11.25] {
        sqlx::query("UPDATE item SET price = $1::float8 WHERE id = 9").bind(price).execute(&mut *conn).await?;
        found += &by_id(conn, &[9], true).await?;
    }
    Ok(found)
}

async fn transactions(conn: &mut PgConnection) -> Told {
    let mut outer = conn.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
    sqlx::query("INSERT INTO scratch VALUES (1, 'a')").execute(&mut *outer).await?;
    let mut inner = outer.begin().await?;
    let failure = sqlx::query("INSERT INTO scratch VALUES (1, 'b')").execute(&mut *inner).await.err();
    inner.rollback().await?;
    let inside = fetched(&mut outer, sqlx::query("SELECT * FROM scratch")).await?;
    outer.commit().await?;
    let after = fetched(conn, sqlx::query("DELETE FROM scratch RETURNING *")).await?;
    Ok(format!("{} {inside} {after}", failure.map(|error| told(&error)).unwrap_or_default()))
}

/// A transaction that goes out of scope is rolled back with the connection's next use.
async fn dropped(conn: &mut PgConnection) -> Told {
    {
        let mut lost = conn.begin().await?;
        sqlx::query("INSERT INTO scratch VALUES (2, 'lost')").execute(&mut *lost).await?;
    }
    fetched(conn, sqlx::query("SELECT * FROM scratch")).await
}

async fn copy(conn: &mut PgConnection) -> Told {
    let mut sink = conn.copy_in_raw("COPY scratch FROM STDIN").await?;
    for id in 0..500 {
        sink.send(format!("{id}\té{id}\n").into_bytes()).await?;
    }
    let count = sink.finish().await?;
    let blocks = conn.copy_out_raw("COPY (SELECT * FROM scratch ORDER BY id) TO STDOUT").await?;
    let bytes = blocks.try_fold(0, |sum, block| async move { Ok(sum + block.len()) }).await?;
    let gone = sqlx::query("DELETE FROM scratch").execute(conn).await?;
    Ok(format!("{count} {bytes} {}", gone.rows_affected()))
}

async fn copy_aborted(conn: &mut PgConnection) -> Told {
    let mut sink = conn.copy_in_raw("COPY scratch FROM STDIN").await?;
    sink.send(b"1\ta\n".to_vec()).await?;
    sink.abort("enough").await?;
    let mut sink = conn.copy_in_raw("COPY scratch FROM STDIN").await?;
    sink.send(b"x\ta\n".to_vec()).await?;
    let failure = sink.finish().await.err().map(|error| told(&error));
    Ok(format!("{failure:?} {}", fetched(conn, sqlx::query("SELECT * FROM scratch")).await?))
}

/// A statement in the driver's cache whose columns change.
async fn schema_change(conn: &mut PgConnection) -> Told {
    let text = "SELECT * FROM changing";
    conn.execute("CREATE TABLE changing AS SELECT 1 AS a").await?;
    let before = fetched(conn, sqlx::query(text)).await?;
    conn.execute("ALTER TABLE changing ADD COLUMN b text DEFAULT 'new'").await?;
    let failure = fetched(conn, sqlx::query(text)).await;
    conn.clear_cached_statements().await?;
    let after = fetched(conn, sqlx::query(text)).await?;
    conn.execute("DROP TABLE changing").await?;
    Ok(format!("{before} {} {after}", failure.unwrap_or_else(|error| told(&error))))
}

async fn advisory_lock(conn: &mut PgConnection) -> Told {
    let lock = PgAdvisoryLock::new("drops");
    let mut other = PgConnection::connect_with(&PgConnectOptions::new()).await?;
    let guard = lock.acquire(conn).await?;
    let meanwhile = lock.try_acquire(&mut other).await?.is_left();
    guard.release_now().await?;
    let Either::Left(later) = lock.try_acquire(&mut other).await? else { return Ok("still locked".into()) };
    later.release_now().await?;
    other.close().await?;
    Ok(format!("{meanwhile}"))
}

async fn timed_out(conn: &mut PgConnection) -> Told {
    conn.execute("SET statement_timeout = 50").await?;
    let failure = sqlx::query("SELECT pg_sleep(20)").execute(&mut *conn).await.err().map(|error| told(&error));
    conn.execute("RESET statement_timeout").await?;
    Ok(format!("{failure:?}"))
}

async fn cleared(conn: &mut PgConnection) -> Told {
    let kept = conn.cached_statements_size() > 0;
    conn.clear_cached_statements().await?;
    Ok(format!("{kept} {} {}", conn.cached_statements_size(), by_id(conn, &[4], true).await?))
}

async fn notifications() -> Told {
    let pool = PgPoolOptions::new().max_connections(2).connect_with(PgConnectOptions::new()).await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen_all(["drops", "Other \"one\""]).await?;
    sqlx::query("SELECT pg_notify('drops', 'a'), pg_notify('Other \"one\"', 'é')").execute(&pool).await?;
    let mut found = String::new();
    for _ in 0..2 {
        let note = tokio::time::timeout(Duration::from_secs(5), listener.recv()).await.unwrap()?;
        found += &format!("{} {};", note.channel(), note.payload());
    }
    drop(listener);
    pool.close().await;
    Ok(found)
}

async fn pool() -> Told {
    let options = PgPoolOptions::new().max_connections(5).test_before_acquire(true);
    let pool = options.connect_with(PgConnectOptions::new()).await?;
    let names = join_all((1..60).map(|id| sqlx::query_scalar::<_, Option<String>>("SELECT name FROM item WHERE id = $1").bind(id).fetch_one(&pool)));
    let mut found = String::new();
    for name in names.await {
        found += &format!("{:?};", name?);
    }
    pool.close().await;
    Ok(found)
}
