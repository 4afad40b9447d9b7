//! tokio-postgres: binary formats only, pipelined queries, portals, COPY, cancel, notifications.
use futures_util::{future::join_all, SinkExt, StreamExt, TryStreamExt};
use std::{env::var, future::poll_fn, pin::pin, time::Duration};
use tokio_postgres::{AsyncMessage, Client, Error, IsolationLevel, NoTls, Row, SimpleQueryMessage};

const BY_ID: &str = "SELECT id, name, big, flag, ratio, raw, small, single, tags FROM item WHERE id = $1";
const STAR: &str = "SELECT * FROM item WHERE id = $1";
const PER_FLAG: &str = "SELECT flag, count(*) AS n FROM item GROUP BY flag ORDER BY flag";
const NAMES: &str = "SELECT id, name FROM item ORDER BY id";

type Told = Result<String, Error>;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(run());
}

async fn run() {
    let config = ["host", "port", "user", "password", "dbname"]
        .map(|name| format!("{name}={}", var(format!("PG{}", if name == "dbname" { "DATABASE".into() } else { name.to_uppercase() })).unwrap()))
        .join(" ");
    let (mut client, mut connection) = tokio_postgres::connect(&config, NoTls).await.unwrap();
    let (sender, mut heard) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            let _ = sender.send(match message {
                AsyncMessage::Notice(notice) => format!("{} {}", notice.severity(), notice.message()),
                AsyncMessage::Notification(note) => format!("{} {}", note.channel(), note.payload()),
                _ => String::new(),
            });
        }
    });
    show("extended", by_id(&client, &[5]).await);
    show("prepared reuse", prepared(&client).await);
    show("all columns", all_columns(&client).await);
    show("aggregates", aggregates(&client).await);
    show("many rows", client.query(NAMES, &[]).await.map(|rows| names(&rows)));
    show("pipelines", pipelined(&client).await);
    show("errors inside a pipeline", failing_pipeline(&client).await);
    show("simple protocol", simple(&client).await);
    show("errors", client.query("SELECT nothing FROM item", &[]).await.map(|rows| names(&rows)));
    show("constraint error", client.execute("INSERT INTO item (id) VALUES (1)", &[]).await.map(|n| n.to_string()));
    show("portals", portals(&mut client).await);
    show("transactions and savepoints", transactions(&mut client).await);
    show("copy in and out", copy(&client).await);
    show("cancel", cancel(&client).await);
    show("dropped query", dropped(&client).await);
    let quiet = client.batch_execute("LISTEN drops; NOTIFY drops, 'x'; DROP TABLE IF EXISTS nowhere").await;
    let mut messages = vec![heard.recv().await, heard.recv().await];
    messages.sort();
    show("notices and notifications", quiet.map(|()| format!("{messages:?}")));
}

fn show(scenario: &str, result: Told) {
    let text = result.unwrap_or_else(|error| told(&error));
    println!("{{\"scenario\":{scenario:?},\"result\":\"{}\"}}", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"));
}

fn told(error: &Error) -> String {
    error.as_db_error().map_or_else(
        || error.to_string(),
        |e| format!("{} {} {} {:?} {:?} {:?}", e.code().code(), e.severity(), e.message(), e.detail(), e.position(), e.constraint()),
    )
}

fn item(row: &Row) -> String {
    let types: Vec<_> = row.columns().iter().map(|column| format!("{} {}", column.name(), column.type_())).collect();
    let (id, name, big): (i32, Option<&str>, i64) = (row.get(0), row.get(1), row.get(2));
    let (flag, ratio, raw): (Option<bool>, f64, &[u8]) = (row.get(3), row.get(4), row.get(5));
    let (small, single, tags): (i16, f32, Vec<Option<String>>) = (row.get(6), row.get(7), row.get(8));
    format!("{types:?} {id} {name:?} {big} {flag:?} {ratio} {raw:?} {small} {single} {tags:?}")
}

fn names(rows: &[Row]) -> String {
    rows.iter().map(|row| format!("{} {:?};", row.get::<_, i32>(0), row.get::<_, Option<&str>>(1))).collect()
}

async fn by_id(client: &Client, ids: &[i32]) -> Told {
    let mut found = String::new();
    for id in ids {
        found += &client.query(BY_ID, &[id]).await?.iter().map(item).collect::<String>();
    }
    Ok(found)
}

async fn prepared(client: &Client) -> Told {
    let statement = client.prepare(BY_ID).await?;
    let mut found = format!("{:?}", statement.params());
    for id in [1, 7, 1, 2, 900] {
        found += &client.query(&statement, &[&id]).await?.iter().map(item).collect::<String>();
    }
    Ok(found)
}

async fn all_columns(client: &Client) -> Told {
    let statement = client.prepare(STAR).await?;
    let mut found = String::new();
    for id in [5, 6, 5] {
        let row = client.query_one(&statement, &[&id]).await?;
        found += &format!("{:?} {:?};", row.columns().len(), row.get::<_, Option<&str>>("name"));
    }
    Ok(found)
}

async fn aggregates(client: &Client) -> Told {
    let rows = client.query(PER_FLAG, &[]).await?;
    Ok(rows.iter().map(|row| format!("{:?} {};", row.get::<_, Option<bool>>(0), row.get::<_, i64>(1))).collect())
}

async fn pipelined(client: &Client) -> Told {
    let statement = client.prepare(STAR).await?;
    let answers = join_all((1..60).map(|id| {
        let statement = &statement;
        async move { client.query(statement, &[&id]).await }
    }))
    .await;
    let mut found = String::new();
    for rows in answers {
        found += &names(&rows?);
    }
    Ok(found)
}

async fn failing_pipeline(client: &Client) -> Told {
    let (good, bad) = (client.prepare(STAR).await?, client.prepare("SELECT 1 / $1::int").await?);
    let answers = tokio::join!(client.query(&good, &[&1]), client.query(&bad, &[&0]), client.query(&good, &[&2]));
    Ok(format!("{} / {} / {}", names(&answers.0?), told(&answers.1.err().unwrap()), names(&answers.2?)))
}

async fn simple(client: &Client) -> Told {
    let messages = client.simple_query("SELECT id, name FROM item ORDER BY id; SELECT 1 AS a; DELETE FROM scratch").await?;
    Ok(messages
        .iter()
        .map(|message| match message {
            SimpleQueryMessage::Row(row) => format!("{:?} ", row.get(0)),
            SimpleQueryMessage::CommandComplete(count) => format!("done {count};"),
            _ => "columns ".to_string(),
        })
        .collect())
}

async fn portals(client: &mut Client) -> Told {
    let transaction = client.transaction().await?;
    let portal = transaction.bind(NAMES, &[]).await?;
    let mut found = String::new();
    for _ in 0..3 {
        found += &names(&transaction.query_portal(&portal, 7).await?);
    }
    transaction.commit().await?;
    Ok(found)
}

async fn transactions(client: &mut Client) -> Told {
    let mut transaction = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).start().await?;
    transaction.execute("INSERT INTO scratch VALUES (1, 'a')", &[]).await?;
    let inner = transaction.transaction().await?;
    let failure = inner.execute("INSERT INTO scratch VALUES (1, 'b')", &[]).await.err().unwrap();
    inner.rollback().await?;
    let inside = names(&transaction.query("SELECT id, v FROM scratch", &[]).await?);
    transaction.rollback().await?;
    Ok(format!("{} {inside} {}", told(&failure), names(&client.query("SELECT id, v FROM scratch", &[]).await?)))
}

async fn copy(client: &Client) -> Told {
    let mut sink = pin!(client.copy_in::<_, std::io::Cursor<Vec<u8>>>("COPY scratch FROM STDIN").await?);
    for id in 0..500 {
        sink.send(std::io::Cursor::new(format!("{id}\té{id}\n").into_bytes())).await?;
    }
    let count = sink.as_mut().finish().await?;
    let out = pin!(client.copy_out("COPY (SELECT * FROM scratch ORDER BY id) TO STDOUT").await?);
    let bytes: usize = out.map_ok(|block| block.len()).try_fold(0, |sum, n| async move { Ok(sum + n) }).await?;
    Ok(format!("{count} {bytes} {}", client.execute("DELETE FROM scratch", &[]).await?))
}

async fn cancel(client: &Client) -> Told {
    let token = client.cancel_token();
    let later = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        token.cancel_query(NoTls).await
    };
    let (failure, sent) = tokio::join!(client.execute("SELECT pg_sleep(20)", &[]), later);
    sent?;
    Ok(format!("{} {}", told(&failure.err().unwrap()), by_id(client, &[2]).await?))
}

/// A query whose rows nobody wants any more: the next one's are its own.
async fn dropped(client: &Client) -> Told {
    let rows = client.query_raw(NAMES, Vec::<i32>::new()).await?;
    pin!(rows).next().await.unwrap()?;
    by_id(client, &[3]).await
}
