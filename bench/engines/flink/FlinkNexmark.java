// Nexmark's queries on Flink in this process: a local cluster, a row of figures a query as JSON on stdout. Options come as name=value.
//   sql=FILE  queries=q0,q1  events=N  warmup=N  threads=N  rate=N  seed=N  folder=DIR (checkpoints; results, too, with check=true)
//   state=hashmap|rocksdb  managed=1g (RocksDB's memory)  reuse=true|false (rows between operators)  minibatch=true|false
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.util.EnvironmentInformation;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.Table;
import org.apache.flink.table.api.TableDescriptor;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.utils.LogicalTypeParser;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;
import org.apache.flink.util.CloseableIterator;

final class FlinkNexmark {
  private static final String EVENT =
      "ROW<event_type INT, `dateTime` TIMESTAMP(3),"
          + " person ROW<id BIGINT, name STRING, emailAddress STRING, creditCard STRING, city STRING, state STRING, `dateTime` TIMESTAMP(3), extra STRING>,"
          + " auction ROW<id BIGINT, itemName STRING, description STRING, initialBid BIGINT, reserve BIGINT, `dateTime` TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT, extra STRING>,"
          + " bid ROW<auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, url STRING, `dateTime` TIMESTAMP(3), extra STRING>>";
  private static final String RANKS = ranks("%1$sbids", "COUNT(*)");
  private static final String STATISTICS = RANKS + ", " + ranks("%1$sbidders", "COUNT(DISTINCT bidder)") + ", " + ranks("%1$sauctions", "COUNT(DISTINCT auction)");
  private static final com.sun.management.OperatingSystemMXBean SYSTEM = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private final Map<String, String> options;

  private FlinkNexmark(Map<String, String> options) {
    this.options = options;
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> options = Arrays.stream(args).map(arg -> arg.split("=", 2)).collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
    FlinkNexmark peer = new FlinkNexmark(options);
    Map<String, String> sql = queries(Path.of(options.get("sql")));
    for (String query : options.get("queries").split(",")) {
      try {
        if (!sql.containsKey(query)) continue;
        NexmarkSource.emitted.clear();
        System.out.println(options.containsKey("check") ? peer.check(query, sql.get(query)) : peer.measure(query, sql.get(query)));
      } catch (Exception error) {
        Throwable cause = error;
        while (cause.getCause() != null) cause = cause.getCause();
        System.out.printf("{\"query\":\"%s\",\"error\":\"%s\"}%n", query, String.valueOf(cause).replaceAll("[\"\\\\\\p{Cntrl}]+", " ").replaceAll("(.{200}).*", "$1"));
      }
    }
    // Threads of the cluster would keep the process.
    System.exit(0);
  }

  /** Runs into the black hole; CPU and wall time are taken from when the events of the warm-up are out. */
  private String measure(String query, String select) throws Exception {
    long warmup = number("warmup", 0), events = warmup + number("events", 0);
    StreamTableEnvironment tables = environment(events);
    long[] warm = null;
    Table result = tables.sqlQuery(select);
    var running = result.insertInto(TableDescriptor.forConnector("blackhole").build()).execute();
    long[] began = now(0);
    while (!running.getJobClient().get().getJobExecutionResult().isDone()) {
      Thread.sleep(20);
      long count = NexmarkSource.emitted.stream().mapToLong(AtomicLong::get).sum();
      if (warm == null && count >= warmup) warm = now(count);
    }
    running.await();
    // A run that was over before it was looked at twice counts as a whole.
    if (warm == null || events - warm[2] < (events - warmup) / 2) warm = began;
    long[] end = now(NexmarkSource.emitted.stream().mapToLong(AtomicLong::get).sum());
    if (end[2] != events) throw new IllegalStateException(end[2] + " events were made, not " + events);
    double counted = events - warm[2], cpu = (end[1] - warm[1]) / 1e9, seconds = (end[0] - warm[0]) / 1e9;
    return String.format("{\"query\":\"%s\",\"seconds\":%.3f,\"cpuSeconds\":%.3f,\"eventsPerSecond\":%.0f,\"eventsPerSecondPerCore\":%.0f,\"peakMiB\":%d,\"version\":\"%s\"}", query, seconds, cpu, counted / seconds, counted / cpu, peakMiB(), EnvironmentInformation.getVersion());
  }

  /** Writes the rows that are left at the end, one a line, columns in order. */
  private String check(String query, String select) throws Exception {
    Table result = environment(number("events", 0)).sqlQuery(select);
    Map<String, Integer> left = new HashMap<>();
    try (CloseableIterator<Row> rows = result.execute().collect()) {
      while (rows.hasNext()) {
        Row row = rows.next();
        boolean adds = row.getKind() == RowKind.INSERT || row.getKind() == RowKind.UPDATE_AFTER;
        left.merge(line(row), adds ? 1 : -1, (a, b) -> a + b == 0 ? null : a + b);
      }
    }
    try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(Path.of(options.get("folder"), query + ".txt")))) {
      left.forEach((line, times) -> {
        for (int i = 0; i < times; i++) out.print(line + "\n");
        if (times < 0) out.print("taken back but never given: " + line + "\n");
      });
    }
    return String.format("{\"query\":\"%s\",\"columns\":\"%s\"}", query, String.join(",", result.getResolvedSchema().getColumnNames()));
  }

  private static String line(Row row) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < row.getArity(); i++) {
      Object value = row.getField(i);
      if (i > 0) line.append('|');
      if (value instanceof java.time.LocalDateTime time) line.append(time.toInstant(java.time.ZoneOffset.UTC).toEpochMilli());
      else if (value instanceof java.math.BigDecimal decimal) line.append(decimal.stripTrailingZeros().toPlainString());
      else line.append(value);
    }
    return line.toString();
  }

  private StreamTableEnvironment environment(long events) {
    Configuration configuration = new Configuration();
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("state.backend.type", options.getOrDefault("state", "hashmap"));
    settings.put("execution.checkpointing.storage", "filesystem");
    settings.put("execution.checkpointing.dir", Path.of(options.get("folder")).toUri().toString());
    settings.put("execution.checkpointing.incremental", "true");
    // Rows that are collected would wait for checkpoints.
    if (!options.containsKey("check")) settings.put("execution.checkpointing.interval", "30 s");
    settings.put("execution.checkpointing.checkpoints-after-tasks-finish.enabled", "false");
    settings.put("taskmanager.memory.managed.size", options.getOrDefault("managed", "1g"));
    settings.put("taskmanager.memory.network.min", "128m");
    settings.put("taskmanager.memory.network.max", "128m");
    settings.put("restart-strategy.type", "none");
    // On a machine that others use it may stand still for long, and no other would take over.
    settings.put("heartbeat.timeout", "600000");
    settings.put("pekko.ask.timeout", "600 s");
    settings.put("pipeline.object-reuse", options.getOrDefault("reuse", "true"));
    settings.put("table.exec.mini-batch.enabled", options.getOrDefault("minibatch", "true"));
    settings.put("table.exec.mini-batch.allow-latency", "2 s");
    settings.put("table.exec.mini-batch.size", "50000");
    settings.put("table.optimizer.distinct-agg.split.enabled", "true");
    settings.put("table.local-time-zone", "UTC");
    settings.forEach(configuration::setString);
    var streams = StreamExecutionEnvironment.createLocalEnvironment((int) number("threads", 1), configuration);
    StreamTableEnvironment tables = StreamTableEnvironment.create(streams);
    LogicalType type = LogicalTypeParser.parse(EVENT, FlinkNexmark.class.getClassLoader());
    TypeInformation<RowData> rows = InternalTypeInfo.of((RowType) type);
    var source = new NexmarkSource((int) number("seed", 1), number("rate", 100_000), events);
    var stream = streams.fromSource(source, WatermarkStrategy.noWatermarks(), "nexmark", rows);
    tables.createTemporaryView("events", stream, Schema.newBuilder().watermark("dateTime", "`dateTime` - INTERVAL '4' SECOND").build());
    tables.createTemporarySystemFunction("count_char", CountChar.class);
    tables.executeSql("CREATE TEMPORARY VIEW person AS SELECT person.id, person.name, person.emailAddress, person.creditCard, person.city, person.state, `dateTime`, person.extra FROM events WHERE event_type = 0");
    tables.executeSql("CREATE TEMPORARY VIEW auction AS SELECT auction.id, auction.itemName, auction.description, auction.initialBid, auction.reserve, `dateTime`, auction.expires, auction.seller, auction.category, auction.extra FROM events WHERE event_type = 1");
    tables.executeSql("CREATE TEMPORARY VIEW bid AS SELECT bid.auction, bid.bidder, bid.price, bid.channel, bid.url, `dateTime`, bid.extra FROM events WHERE event_type = 2");
    tables.executeSql("CREATE TEMPORARY VIEW bid_by_clock AS SELECT *, PROCTIME() AS clock FROM bid");
    tables.executeSql("CREATE TEMPORARY TABLE side (`key` BIGINT, `value` STRING) WITH ('connector' = 'side')");
    return tables;
  }

  private static Map<String, String> queries(Path path) throws Exception {
    Map<String, String> queries = new HashMap<>();
    for (String part : Files.readString(path).split("(?m)^-- (?=q\\d+$)")) {
      String[] pair = part.split("\n", 2);
      queries.put(pair[0].trim(), pair[1].replace("${statistics}", STATISTICS).replace("${ranks}", RANKS));
    }
    return queries;
  }

  private static String ranks(String name, String counts) {
    String[][] ranks = {{"total_", ""}, {"rank1_", "price < 10000"}, {"rank2_", "price >= 10000 AND price < 1000000"}, {"rank3_", "price >= 1000000"}};
    return Arrays.stream(ranks).map(rank -> counts + (rank[1].isEmpty() ? "" : " FILTER (WHERE " + rank[1] + ")") + " AS " + String.format(name, rank[0])).collect(Collectors.joining(", "));
  }

  private long number(String name, long otherwise) {
    return (long) Double.parseDouble(options.getOrDefault(name, String.valueOf(otherwise)));
  }

  private static long[] now(long events) {
    return new long[] {System.nanoTime(), SYSTEM.getProcessCpuTime(), events};
  }

  private static long peakMiB() throws Exception {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) return 0;
    return Files.readAllLines(status).stream().filter(line -> line.startsWith("VmHWM:")).mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024).findFirst().orElse(0);
  }
}
