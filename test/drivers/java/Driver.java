// pgjdbc: named statements after a threshold, binary transfer, cursors by fetch size, rewritten batches, savepoints of its own (autosave), COPY, large objects; and HikariCP.
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.StringReader;
import java.io.StringWriter;
import java.sql.*;
import java.util.*;
import java.util.concurrent.*;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;
import org.postgresql.largeobject.LargeObjectManager;
import org.postgresql.util.PSQLException;

public class Driver {
  static final String BY_ID = "SELECT * FROM item WHERE id = ?";
  static final String PER_FLAG = "SELECT flag, count(*) AS n FROM item GROUP BY flag ORDER BY flag";
  static final String NAMES = "SELECT id, name FROM item ORDER BY id";

  interface Scenario {
    Object run(Connection connection) throws Exception;
  }

  public static void main(String[] args) throws Exception {
    scenario("connect", "", c -> List.of(c.getMetaData().getDatabaseProductName(), c.getMetaData().getUserName(), parameters(c)));
    scenario("simple statement", "", c -> rows(c.createStatement().executeQuery("SELECT * FROM item WHERE id = 5")));
    scenario("several statements", "", Driver::several);
    scenario("prepared reuse", "", c -> byId(c, 1, 7, 1, 2, 900, 1, 2, 3));
    scenario("prepared at once", "prepareThreshold=1", c -> byId(c, 1, 7, 1, 2, 900));
    scenario("binary transfer at once", "prepareThreshold=-1&binaryTransfer=true", c -> byId(c, 1, 7, 1, 2, 900));
    scenario("text transfer", "prepareThreshold=1&binaryTransfer=false", c -> byId(c, 1, 7, 1, 2, 900));
    scenario("never prepared", "prepareThreshold=0", c -> byId(c, 1, 7, 1));
    scenario("simple protocol", "preferQueryMode=simple", c -> byId(c, 1, 7, 1));
    scenario("extended for prepared", "preferQueryMode=extendedForPrepared", c -> List.of(byId(c, 3), rows(c.createStatement().executeQuery(PER_FLAG))));
    scenario("extended, everything cached", "preferQueryMode=extendedCacheEverything", c -> List.of(plain(c, PER_FLAG, 8), byId(c, 3)));
    scenario("aggregates", "", c -> plain(c, PER_FLAG, 8));
    scenario("fetch size", "", c -> fetched(c, 33));
    scenario("fetch size of one", "prepareThreshold=1", c -> fetched(c, 1));
    scenario("adaptive fetch", "adaptiveFetch=true&maxResultBuffer=20000&defaultRowFetchSize=10", c -> fetched(c, 10));
    scenario("maximum of rows", "", Driver::limited);
    scenario("scrolled", "", Driver::scrolled);
    scenario("updated in place", "", Driver::updated);
    scenario("parameter types", "", Driver::parameterTypes);
    scenario("NULLs and arrays", "", Driver::arrays);
    scenario("batch", "", c -> batch(c, 300));
    scenario("batch, rewritten", "reWriteBatchedInserts=true", c -> batch(c, 300));
    scenario("batch that fails", "", c -> failedBatch(c));
    scenario("batch that fails, rewritten", "reWriteBatchedInserts=true", c -> failedBatch(c));
    scenario("generated keys", "", Driver::generatedKeys);
    scenario("read your own writes", "prepareThreshold=1", Driver::ownWrites);
    scenario("transactions and savepoints", "", Driver::transactions);
    scenario("failed transaction", "", c -> failedTransaction(c));
    scenario("autosave always", "autosave=always", c -> failedTransaction(c));
    scenario("autosave conservative", "autosave=conservative&prepareThreshold=1", Driver::schemaChange);
    scenario("schema change", "prepareThreshold=1", Driver::schemaChange);
    scenario("read-only", "readOnlyMode=always", Driver::readOnly);
    scenario("isolation", "", Driver::isolation);
    scenario("errors", "", c -> failures(c));
    scenario("errors without details", "logServerErrorDetail=false", c -> failures(c));
    scenario("copy in and out", "", Driver::copy);
    scenario("copy that fails", "", Driver::failedCopy);
    scenario("large objects", "", Driver::largeObject);
    scenario("listen and notify", "", Driver::listen);
    scenario("notices", "", Driver::notices);
    scenario("query time-out", "", Driver::timeout);
    scenario("cancel", "", Driver::cancel);
    scenario("metadata", "", Driver::metadata);
    scenario("search path and application name", "currentSchema=pg_catalog,public&ApplicationName=it", c -> List.of(plain(c, "SHOW search_path", 1), plain(c, "SHOW application_name", 1), byId(c, 1)));
    scenario("options at the start", "options=-c%20statement_timeout=77s%20-c%20datestyle=ISO", c -> plain(c, "SHOW statement_timeout", 2));
    pooled("HikariCP: many at once", config -> {}, Driver::manyAtOnce);
    pooled("HikariCP: transactions", config -> config.setAutoCommit(false), Driver::pooledTransactions);
    pooled("HikariCP: tested by a query", config -> { config.setConnectionTestQuery("SELECT 1"); config.setReadOnly(true); config.setTransactionIsolation("TRANSACTION_REPEATABLE_READ"); }, Driver::manyAtOnce);
  }

  static String url(String options) {
    Map<String, String> env = System.getenv();
    return "jdbc:postgresql://" + env.get("PGHOST") + ":" + env.get("PGPORT") + "/" + env.get("PGDATABASE") + "?" + options;
  }

  static void scenario(String name, String options, Scenario work) {
    Object result;
    try (Connection connection = DriverManager.getConnection(url(options), System.getenv("PGUSER"), System.getenv("PGPASSWORD"))) {
      result = work.run(connection);
    } catch (Throwable failure) {
      result = Map.of("failure", describe(failure));
    }
    show(name, result);
  }

  interface Setting {
    void apply(HikariConfig config);
  }

  interface PoolScenario {
    Object run(HikariDataSource pool) throws Exception;
  }

  static void pooled(String name, Setting setting, PoolScenario work) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(url("prepareThreshold=2"));
    config.setUsername(System.getenv("PGUSER"));
    config.setPassword(System.getenv("PGPASSWORD"));
    config.setMaximumPoolSize(3);
    setting.apply(config);
    Object result;
    try (HikariDataSource pool = new HikariDataSource(config)) {
      result = work.run(pool);
    } catch (Throwable failure) {
      result = Map.of("failure", describe(failure));
    }
    show(name, result);
  }

  static Object several(Connection c) throws SQLException {
    List<Object> found = new ArrayList<>();
    try (Statement statement = c.createStatement()) {
      boolean isRows = statement.execute("SELECT 1 AS a; INSERT INTO scratch VALUES (1, 'a'), (2, 'b'); SELECT * FROM item WHERE id = 5; DELETE FROM scratch");
      while (isRows || statement.getUpdateCount() >= 0) {
        found.add(isRows ? rows(statement.getResultSet()) : statement.getUpdateCount());
        isRows = statement.getMoreResults();
      }
    }
    return found;
  }

  static Object byId(Connection c, int... ids) throws SQLException {
    List<Object> found = new ArrayList<>();
    try (PreparedStatement statement = c.prepareStatement(BY_ID)) {
      for (int id : ids) {
        statement.setInt(1, id);
        found.add(rows(statement.executeQuery()));
      }
    }
    return found;
  }

  static Object plain(Connection c, String sql, int times) throws SQLException {
    List<Object> found = new ArrayList<>();
    try (PreparedStatement statement = c.prepareStatement(sql)) {
      for (int i = 0; i < times; i++) found.add(rows(statement.executeQuery()));
    }
    return found;
  }

  static Object fetched(Connection c, int size) throws SQLException {
    c.setAutoCommit(false);
    List<Object> found = new ArrayList<>();
    for (int round = 0; round < 2; round++) {
      try (PreparedStatement statement = c.prepareStatement(NAMES)) {
        statement.setFetchSize(size);
        ResultSet rows = statement.executeQuery();
        while (rows.next() && rows.getInt(1) < 150) found.add(rows.getString(2));
      }
    }
    c.commit();
    return found;
  }

  static Object limited(Connection c) throws SQLException {
    try (PreparedStatement statement = c.prepareStatement(NAMES)) {
      statement.setMaxRows(7);
      List<Object> found = new ArrayList<>();
      for (int i = 0; i < 7; i++) found.add(rows(statement.executeQuery()));
      statement.setMaxRows(0);
      found.add(rows(statement.executeQuery()));
      return found;
    }
  }

  static Object scrolled(Connection c) throws SQLException {
    try (Statement statement = c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY)) {
      ResultSet rows = statement.executeQuery(NAMES);
      rows.last();
      int last = rows.getInt(1);
      rows.absolute(10);
      return List.of(last, rows.getInt(1), rows.isLast());
    }
  }

  static Object updated(Connection c) throws SQLException {
    c.createStatement().execute("INSERT INTO scratch VALUES (1, 'a'), (2, 'b')");
    try (Statement statement = c.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_UPDATABLE)) {
      ResultSet rows = statement.executeQuery("SELECT id, v FROM scratch ORDER BY id");
      rows.next();
      rows.updateString(2, "changed");
      rows.updateRow();
      rows.next();
      rows.deleteRow();
    }
    Object found = rows(c.createStatement().executeQuery("SELECT * FROM scratch"));
    c.createStatement().execute("DELETE FROM scratch");
    return found;
  }

  static Object parameterTypes(Connection c) throws SQLException {
    List<Object> found = new ArrayList<>();
    try (PreparedStatement statement = c.prepareStatement("SELECT ?::numeric AS n, ?::timestamptz AS t, ?::date AS d, ?::bytea AS b, ?::uuid AS u, ? AS s")) {
      for (int i = 0; i < 7; i++) {
        statement.setBigDecimal(1, new java.math.BigDecimal("12.50"));
        statement.setTimestamp(2, Timestamp.valueOf("2024-02-29 12:00:00.123456"));
        statement.setDate(3, java.sql.Date.valueOf("2024-02-29"));
        statement.setBytes(4, new byte[] {0, -1, 7});
        statement.setObject(5, UUID.fromString("c81e728d-9d4c-2f63-6f06-7f89cc14862c"));
        statement.setString(6, i % 2 == 0 ? "é☃" : null);
        found.add(rows(statement.executeQuery()));
      }
      ParameterMetaData types = statement.getParameterMetaData();
      for (int i = 1; i <= types.getParameterCount(); i++) found.add(types.getParameterTypeName(i));
    }
    return found;
  }

  static Object arrays(Connection c) throws SQLException {
    try (PreparedStatement statement = c.prepareStatement("SELECT ?::int[] AS a, ?::text AS b")) {
      List<Object> found = new ArrayList<>();
      for (int i = 0; i < 7; i++) {
        statement.setArray(1, c.createArrayOf("int4", new Object[] {1, null, i}));
        statement.setNull(2, Types.VARCHAR);
        found.add(rows(statement.executeQuery()));
      }
      return found;
    }
  }

  static Object batch(Connection c, int size) throws SQLException {
    try (PreparedStatement statement = c.prepareStatement("INSERT INTO scratch VALUES (?, ?)")) {
      for (int i = 0; i < size; i++) {
        statement.setInt(1, i);
        statement.setString(2, "v" + i);
        statement.addBatch();
      }
      int[] counts = statement.executeBatch();
      return List.of(counts.length, counts[0], rows(c.createStatement().executeQuery("SELECT count(*), min(v) FROM scratch")), c.createStatement().executeUpdate("DELETE FROM scratch"));
    }
  }

  static Object failedBatch(Connection c) throws SQLException {
    try (PreparedStatement statement = c.prepareStatement("INSERT INTO scratch VALUES (?, ?)")) {
      for (int i = 0; i < 40; i++) {
        statement.setInt(1, i == 30 ? 3 : i);
        statement.setString(2, "v" + i);
        statement.addBatch();
      }
      statement.executeBatch();
      return "no failure";
    } catch (BatchUpdateException failure) {
      return List.of(failure.getUpdateCounts().length, describe(failure.getCause()), rows(c.createStatement().executeQuery("SELECT count(*) FROM scratch")), c.createStatement().executeUpdate("DELETE FROM scratch"));
    }
  }

  static Object generatedKeys(Connection c) throws SQLException {
    try (PreparedStatement statement = c.prepareStatement("INSERT INTO scratch VALUES (?, 'x')", new String[] {"id", "v"})) {
      statement.setInt(1, 77);
      statement.executeUpdate();
      return List.of(rows(statement.getGeneratedKeys()), c.createStatement().executeUpdate("DELETE FROM scratch"));
    }
  }

  static Object ownWrites(Connection c) throws SQLException {
    List<Object> found = new ArrayList<>();
    try (PreparedStatement write = c.prepareStatement("UPDATE item SET small = small + ? WHERE id = 9")) {
      for (int step : new int[] {1, 1, 1, -3}) {
        write.setInt(1, step);
        found.add(write.executeUpdate());
        found.add(byId(c, 9));
      }
    }
    return found;
  }

  static Object transactions(Connection c) throws SQLException {
    c.setAutoCommit(false);
    List<Object> found = new ArrayList<>();
    c.createStatement().execute("INSERT INTO scratch VALUES (1, 'a')");
    Savepoint savepoint = c.setSavepoint("before");
    c.createStatement().execute("INSERT INTO scratch VALUES (2, 'b')");
    c.rollback(savepoint);
    found.add(rows(c.createStatement().executeQuery("SELECT * FROM scratch")));
    c.rollback();
    found.add(rows(c.createStatement().executeQuery("SELECT * FROM scratch")));
    c.commit();
    return found;
  }

  static Object failedTransaction(Connection c) throws SQLException {
    c.setAutoCommit(false);
    List<Object> found = new ArrayList<>();
    c.createStatement().execute("INSERT INTO scratch VALUES (1, 'a')");
    for (String sql : new String[] {"INSERT INTO scratch VALUES (1, 'b')", "SELECT nothing", "SELECT v FROM scratch", "SELECT 1 / 0"}) {
      try {
        found.add(rows(c.createStatement().executeQuery(sql)));
      } catch (SQLException failure) {
        found.add(describe(failure));
      }
    }
    c.rollback();
    return found;
  }

  static Object schemaChange(Connection c) throws SQLException {
    List<Object> found = new ArrayList<>();
    c.createStatement().execute("CREATE TEMP TABLE changing (a int)");
    c.setAutoCommit(false);
    try (PreparedStatement statement = c.prepareStatement("SELECT * FROM changing")) {
      for (int i = 0; i < 3; i++) found.add(rows(statement.executeQuery()));
      c.createStatement().execute("ALTER TABLE changing ADD COLUMN b int");
      found.add(rows(statement.executeQuery()));
    } catch (SQLException failure) {
      found.add(describe(failure));
    }
    c.rollback();
    return found;
  }

  static Object readOnly(Connection c) throws SQLException {
    c.setReadOnly(true);
    List<Object> found = new ArrayList<>(List.of(byId(c, 4)));
    try {
      c.createStatement().execute("DELETE FROM scratch");
    } catch (SQLException failure) {
      found.add(describe(failure));
    }
    c.setReadOnly(false);
    found.add(c.createStatement().executeUpdate("DELETE FROM scratch"));
    return found;
  }

  static Object isolation(Connection c) throws SQLException {
    c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    c.setAutoCommit(false);
    Object found = List.of(byId(c, 4, 4), plain(c, "SHOW transaction_isolation", 1));
    c.commit();
    return found;
  }

  static Object failures(Connection c) {
    List<Object> found = new ArrayList<>();
    for (String sql : new String[] {"SELECT FRM", "SELECT x FROM item", "INSERT INTO item (id) VALUES (1)", "SELECT 1 / 0", "SELECT 'é' || nothing"}) {
      try (PreparedStatement statement = c.prepareStatement(sql)) {
        statement.execute();
      } catch (SQLException failure) {
        found.add(describe(failure));
      }
    }
    return found;
  }

  static Object copy(Connection c) throws Exception {
    CopyManager manager = c.unwrap(PGConnection.class).getCopyAPI();
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 5000; i++) lines.append(i).append("\té☃").append(i).append('\n');
    StringWriter out = new StringWriter();
    return List.of(
        manager.copyIn("COPY scratch FROM STDIN", new StringReader(lines.toString())),
        manager.copyOut("COPY (SELECT * FROM scratch ORDER BY id) TO STDOUT", out),
        out.toString().contentEquals(lines),
        c.createStatement().executeUpdate("DELETE FROM scratch"));
  }

  static Object failedCopy(Connection c) throws Exception {
    CopyManager manager = c.unwrap(PGConnection.class).getCopyAPI();
    List<Object> found = new ArrayList<>();
    try {
      manager.copyIn("COPY scratch FROM STDIN", new StringReader("1\ta\nx\tb\n"));
    } catch (SQLException failure) {
      found.add(describe(failure));
    }
    var abandoned = manager.copyIn("COPY scratch FROM STDIN");
    abandoned.writeToCopy("1\ta\n".getBytes(), 0, 4);
    abandoned.cancelCopy();
    found.add(rows(c.createStatement().executeQuery("SELECT count(*) FROM scratch")));
    return found;
  }

  static Object largeObject(Connection c) throws Exception {
    c.setAutoCommit(false);
    LargeObjectManager manager = c.unwrap(PGConnection.class).getLargeObjectAPI();
    long oid = manager.createLO();
    try (var object = manager.open(oid, LargeObjectManager.READWRITE)) {
      object.write(new byte[200_000]);
      object.seek(100);
      object.write(new byte[] {1, 2, 3});
    }
    try (var object = manager.open(oid, LargeObjectManager.READ)) {
      byte[] bytes = object.read(300_000);
      return List.of(bytes.length, bytes[101]);
    } finally {
      manager.delete(oid);
      c.commit();
    }
  }

  static Object listen(Connection c) throws SQLException {
    c.createStatement().execute("LISTEN drops");
    c.createStatement().execute("NOTIFY drops, 'x'");
    List<Object> found = new ArrayList<>();
    PGConnection connection = c.unwrap(PGConnection.class);
    for (var note : connection.getNotifications(5000)) found.add(List.of(note.getName(), note.getParameter(), note.getPID() == connection.getBackendPID()));
    return found;
  }

  static Object notices(Connection c) throws SQLException {
    try (Statement statement = c.createStatement()) {
      statement.execute("DROP TABLE IF EXISTS nowhere");
      return String.valueOf(statement.getWarnings());
    }
  }

  static Object timeout(Connection c) throws SQLException {
    try (Statement statement = c.createStatement()) {
      statement.setQueryTimeout(1);
      statement.execute("SELECT pg_sleep(20)");
      return "no failure";
    } catch (SQLException failure) {
      return List.of(describe(failure), byId(c, 3));
    }
  }

  static Object cancel(Connection c) throws Exception {
    try (Statement statement = c.createStatement()) {
      var timer = Executors.newSingleThreadScheduledExecutor();
      timer.schedule(() -> { statement.cancel(); return null; }, 300, TimeUnit.MILLISECONDS);
      timer.shutdown();
      statement.execute("SELECT pg_sleep(20)");
      return "no failure";
    } catch (SQLException failure) {
      return List.of(describe(failure), byId(c, 3));
    }
  }

  static Object metadata(Connection c) throws SQLException {
    DatabaseMetaData data = c.getMetaData();
    return List.of(
        columns(data.getColumns(null, "public", "item", null), "COLUMN_NAME", "TYPE_NAME", "COLUMN_SIZE", "NULLABLE"),
        columns(data.getPrimaryKeys(null, "public", "item"), "COLUMN_NAME", "PK_NAME"),
        columns(data.getTables(null, "public", "%", new String[] {"TABLE"}), "TABLE_NAME"));
  }

  static Object columns(ResultSet rows, String... names) throws SQLException {
    List<Object> found = new ArrayList<>();
    while (rows.next()) for (String name : names) found.add(rows.getString(name));
    return found;
  }

  static Object manyAtOnce(HikariDataSource pool) throws Exception {
    ExecutorService workers = Executors.newFixedThreadPool(8);
    List<Future<Object>> asked = new ArrayList<>();
    for (int i = 1; i <= 60; i++) {
      int id = i;
      asked.add(workers.submit(() -> {
        // What a value looks like depends on how often its connection has run the statement; here only that it is the right one matters.
        try (Connection c = pool.getConnection(); PreparedStatement statement = c.prepareStatement(BY_ID)) {
          statement.setInt(1, id);
          ResultSet rows = statement.executeQuery();
          rows.next();
          return List.of(rows.getInt("id"), rows.getBigDecimal("price"), rows.next());
        }
      }));
    }
    List<Object> found = new ArrayList<>();
    for (Future<Object> answer : asked) found.add(answer.get());
    workers.shutdown();
    return found;
  }

  static Object pooledTransactions(HikariDataSource pool) throws Exception {
    List<Object> found = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      try (Connection c = pool.getConnection()) {
        found.add(rows(c.createStatement().executeQuery("SELECT count(*) FROM scratch")));
        c.createStatement().execute("INSERT INTO scratch VALUES (1, 'never committed')");
      }
    }
    return found;
  }

  static Object parameters(Connection c) throws SQLException {
    Map<String, String> statuses = new TreeMap<>(c.unwrap(PGConnection.class).getParameterStatuses());
    return statuses;
  }

  static Object rows(ResultSet rows) throws SQLException {
    ResultSetMetaData data = rows.getMetaData();
    List<Object> found = new ArrayList<>();
    for (int i = 1; i <= data.getColumnCount(); i++) found.add(data.getColumnName(i) + " " + data.getColumnTypeName(i) + " " + data.getPrecision(i) + " " + data.getScale(i));
    while (rows.next()) {
      List<Object> row = new ArrayList<>();
      for (int i = 1; i <= data.getColumnCount(); i++) row.add(rows.getObject(i) instanceof byte[] bytes ? Arrays.toString(bytes) : rows.getString(i));
      found.add(row);
    }
    return found;
  }

  static Object describe(Throwable failure) {
    if (failure instanceof PSQLException error && error.getServerErrorMessage() != null) {
      var server = error.getServerErrorMessage();
      return Arrays.asList(server.getSQLState(), server.getSeverity(), server.getMessage(), server.getDetail(), server.getPosition(), server.getConstraint(), error.getMessage());
    }
    return failure.toString();
  }

  static void show(String name, Object result) {
    System.out.println("{\"scenario\":" + json(name) + ",\"result\":" + json(result) + "}");
  }

  static String json(Object value) {
    if (value == null) return "null";
    if (value instanceof Map<?, ?> map) {
      StringJoiner joined = new StringJoiner(",", "{", "}");
      map.forEach((key, item) -> joined.add(json(key) + ":" + json(item)));
      return joined.toString();
    }
    if (value instanceof List<?> list) {
      StringJoiner joined = new StringJoiner(",", "[", "]");
      for (Object item : list) joined.add(json(item));
      return joined.toString();
    }
    StringBuilder text = new StringBuilder("\"");
    for (char c : String.valueOf(value).toCharArray()) {
      if (c == '"' || c == '\\') text.append('\\').append(c);
      else if (c < ' ' || c > '~') text.append(String.format("\\u%04x", (int) c));
      else text.append(c);
    }
    return text.append('"').toString();
  }
}
