// pgx: binary formats, a statement cache per connection, batches as pipelines, COPY, and its pool.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const byID = "SELECT * FROM item WHERE id = $1"

var ctx = context.Background()

func main() {
	config, err := pgx.ParseConfig("")
	must(err)
	var notices []string
	config.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) { notices = append(notices, notice.Message) }
	conn, err := pgx.ConnectConfig(ctx, config)
	must(err)
	defer conn.Close(ctx)

	scenario("connect", func() (any, error) { return conn.PgConn().ParameterStatus("server_encoding"), nil })
	scenario("extended", func() (any, error) { return rows(conn, byID, 5) })
	scenario("prepared reuse", func() (any, error) {
		var all []any
		for _, id := range []int{1, 7, 1, 2, 900} {
			found, err := rows(conn, byID, id)
			if err != nil {
				return nil, err
			}
			all = append(all, found)
		}
		return all, nil
	})
	scenario("simple protocol", func() (any, error) { return rows(conn, byID, pgx.QueryExecModeSimpleProtocol, 5) })
	scenario("exec mode", func() (any, error) { return rows(conn, byID, pgx.QueryExecModeExec, 5) })
	scenario("describe mode", func() (any, error) { return rows(conn, byID, pgx.QueryExecModeDescribeExec, 5) })
	scenario("cached describe mode", func() (any, error) { return rows(conn, byID, pgx.QueryExecModeCacheDescribe, 6) })
	scenario("text results", func() (any, error) {
		return rows(conn, byID, pgx.QueryResultFormats{pgx.TextFormatCode}, 5)
	})
	scenario("aggregates", func() (any, error) {
		return rows(conn, "SELECT flag, count(*) AS n FROM item GROUP BY flag ORDER BY flag")
	})
	scenario("many rows", func() (any, error) { return rows(conn, "SELECT id, name FROM item ORDER BY id") })
	scenario("pipelines", func() (any, error) {
		batch := &pgx.Batch{}
		for id := 1; id <= 20; id++ {
			batch.Queue(byID, id)
		}
		batch.Queue("UPDATE item SET small = small WHERE id = $1", 3)
		batch.Queue(byID, 3)
		return batchRows(conn, batch), nil
	})
	scenario("errors inside a pipeline", func() (any, error) {
		batch := &pgx.Batch{}
		batch.Queue(byID, 1)
		batch.Queue("SELECT 1 / $1::int", 0)
		batch.Queue(byID, 2)
		return batchRows(conn, batch), nil
	})
	scenario("errors", func() (any, error) { return rows(conn, "SELECT nothing FROM item") })
	scenario("constraint error", func() (any, error) { return rows(conn, "INSERT INTO item (id) VALUES ($1)", 1) })
	scenario("transactions and savepoints", func() (any, error) {
		tx, err := conn.Begin(ctx)
		if err != nil {
			return nil, err
		}
		_, err = tx.Exec(ctx, "INSERT INTO scratch VALUES (1, 'a')")
		must(err)
		inner, err := tx.Begin(ctx)
		must(err)
		_, failure := inner.Exec(ctx, "INSERT INTO scratch VALUES (1, 'b')")
		must(inner.Rollback(ctx))
		inside, err := rows(conn, byID, 8)
		must(tx.Rollback(ctx))
		after, _ := rows(conn, "SELECT * FROM scratch")
		return []any{described(failure), inside, after}, err
	})
	scenario("copy", func() (any, error) {
		count, err := conn.CopyFrom(ctx, pgx.Identifier{"scratch"}, []string{"id", "v"},
			pgx.CopyFromSlice(1000, func(i int) ([]any, error) { return []any{i, fmt.Sprint("é", i)}, nil }))
		if err != nil {
			return nil, err
		}
		tag, err := conn.Exec(ctx, "DELETE FROM scratch")
		return []any{count, tag.String()}, err
	})
	scenario("listen and notify", func() (any, error) {
		_, err := conn.Exec(ctx, "LISTEN drops; NOTIFY drops, 'x'")
		must(err)
		wait, stop := context.WithTimeout(ctx, 5*time.Second)
		defer stop()
		note, err := conn.WaitForNotification(wait)
		if err != nil {
			return nil, err
		}
		return []any{note.Channel, note.Payload, note.PID == conn.PgConn().PID()}, nil
	})
	scenario("notices", func() (any, error) {
		_, err := conn.Exec(ctx, "DROP TABLE IF EXISTS nowhere")
		return notices, err
	})
	scenario("cancel", func() (any, error) {
		go func() {
			time.Sleep(300 * time.Millisecond)
			_ = conn.PgConn().CancelRequest(ctx)
		}()
		return rows(conn, "SELECT pg_sleep(20)")
	})
	scenario("after the cancel", func() (any, error) { return rows(conn, byID, 2) })
	scenario("pool", func() (any, error) {
		pool, err := pgxpool.New(ctx, "pool_max_conns=4")
		must(err)
		defer pool.Close()
		names := make([]chan *string, 40)
		for i := range names {
			names[i] = make(chan *string, 1)
			go func() {
				var name *string
				must(pool.QueryRow(ctx, "SELECT name FROM item WHERE id = $1", i+1).Scan(&name))
				names[i] <- name
			}()
		}
		var all []*string
		for _, name := range names {
			all = append(all, <-name)
		}
		return all, nil
	})
}

func rows(conn *pgx.Conn, query string, args ...any) (any, error) {
	found, err := conn.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return collect(found)
}

func collect(found pgx.Rows) (any, error) {
	defer found.Close()
	var columns []any
	for _, field := range found.FieldDescriptions() {
		columns = append(columns, []any{field.Name, field.DataTypeOID, field.TypeModifier, field.Format})
	}
	var all []any
	for found.Next() {
		var row []any
		for _, value := range found.RawValues() {
			if value == nil {
				row = append(row, nil)
			} else {
				row = append(row, fmt.Sprintf("%x", value))
			}
		}
		all = append(all, row)
	}
	return []any{columns, all, found.CommandTag().String()}, found.Err()
}

func batchRows(conn *pgx.Conn, batch *pgx.Batch) any {
	results := conn.SendBatch(ctx, batch)
	var all []any
	for range batch.Len() {
		found, err := results.Query()
		if err != nil {
			all = append(all, described(err))
			continue
		}
		one, err := collect(found)
		if err != nil {
			one = described(err)
		}
		all = append(all, one)
	}
	return append(all, described(results.Close()))
}

func described(err error) any {
	var failure *pgconn.PgError
	if errors.As(err, &failure) {
		return []any{failure.Code, failure.Severity, failure.Message, failure.Detail, failure.Position, failure.TableName, failure.ConstraintName}
	}
	if err == nil {
		return nil
	}
	return err.Error()
}

func scenario(name string, work func() (any, error)) {
	result, err := work()
	if err != nil {
		// An error that the server reports is what some scenarios are about.
		result = map[string]any{"error": described(err)}
	}
	line, err := json.Marshal(map[string]any{"scenario": name, "result": result})
	must(err)
	fmt.Println(string(line))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
