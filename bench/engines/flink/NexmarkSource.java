// The events as a source of Flink: one split a reader, cycles of 50 events dealt out to them in turn, so that readers keep pace in event time.
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.table.data.RowData;

/** `events` events in all. What readers have handed out is counted in `emitted`, a counter a reader. */
final class NexmarkSource implements Source<RowData, NexmarkSource.Split, Boolean> {
  static final Queue<AtomicLong> emitted = new ConcurrentLinkedQueue<>();
  private static final int CYCLE = 50;
  private final int seed;
  private final double rate;
  private final long events;

  NexmarkSource(int seed, double rate, long events) {
    this.seed = seed;
    this.rate = rate;
    this.events = events;
  }

  /** Of `of` splits the one of number `index`; `next` is the event to go on with. */
  record Split(int index, int of, long next) implements SourceSplit {
    @Override
    public String splitId() {
      return String.valueOf(index);
    }
  }

  @Override
  public Boundedness getBoundedness() {
    // As the published runs have it: the plan is that of a stream without an end, though events run out.
    return Boundedness.CONTINUOUS_UNBOUNDED;
  }

  @Override
  public SourceReader<RowData, Split> createReader(SourceReaderContext context) {
    return new Reader();
  }

  private final class Reader implements SourceReader<RowData, Split> {
    private final NexmarkEvents made = new NexmarkEvents(seed, rate);
    private final CompletableFuture<Void> assigned = new CompletableFuture<>();
    private final AtomicLong count = new AtomicLong();
    private Split split;
    private long next;

    @Override
    public void start() {
      emitted.add(count);
    }

    @Override
    public InputStatus pollNext(ReaderOutput<RowData> output) {
      if (split == null) return InputStatus.NOTHING_AVAILABLE;
      if (next >= events) return InputStatus.END_OF_INPUT;
      long from = next, to = Math.min(events, (next / CYCLE + 1) * CYCLE);
      for (long k = from; k < to; k++) output.collect(made.make(k));
      next = to + (long) CYCLE * (split.of - 1);
      count.lazySet(count.get() + to - from);
      return InputStatus.MORE_AVAILABLE;
    }

    @Override
    public void addSplits(List<Split> splits) {
      split = splits.get(0);
      next = split.next;
      assigned.complete(null);
    }

    @Override
    public List<Split> snapshotState(long checkpoint) {
      return split == null ? List.of() : List.of(new Split(split.index, split.of, next));
    }

    @Override
    public CompletableFuture<Void> isAvailable() {
      return assigned;
    }

    @Override
    public void notifyNoMoreSplits() {}

    @Override
    public void close() {}
  }

  @Override
  public SplitEnumerator<Split, Boolean> createEnumerator(SplitEnumeratorContext<Split> context) {
    return new Enumerator(context, new ArrayDeque<>());
  }

  @Override
  public SplitEnumerator<Split, Boolean> restoreEnumerator(SplitEnumeratorContext<Split> context, Boolean checkpoint) {
    return new Enumerator(context, new ArrayDeque<>());
  }

  /** Gives each reader its split when it comes; `returned` are those of readers that failed. */
  private record Enumerator(SplitEnumeratorContext<Split> context, Queue<Split> returned) implements SplitEnumerator<Split, Boolean> {
    @Override
    public void addReader(int subtask) {
      Split again = returned.poll();
      int of = context.currentParallelism();
      context.assignSplit(again != null ? again : new Split(subtask, of, (long) CYCLE * subtask), subtask);
    }

    @Override
    public void addSplitsBack(List<Split> splits, int subtask) {
      returned.addAll((Collection<Split>) splits);
    }

    @Override
    public void start() {}

    @Override
    public void handleSplitRequest(int subtask, String host) {}

    @Override
    public Boolean snapshotState(long checkpoint) {
      return true;
    }

    @Override
    public void close() {}
  }

  @Override
  public SimpleVersionedSerializer<Split> getSplitSerializer() {
    return new Plain<>() {
      @Override
      public byte[] serialize(Split split) {
        return ByteBuffer.allocate(16).putInt(split.index).putInt(split.of).putLong(split.next).array();
      }

      @Override
      public Split deserialize(int version, byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new Split(buffer.getInt(), buffer.getInt(), buffer.getLong());
      }
    };
  }

  @Override
  public SimpleVersionedSerializer<Boolean> getEnumeratorCheckpointSerializer() {
    return new Plain<>() {
      @Override
      public byte[] serialize(Boolean value) {
        return new byte[0];
      }

      @Override
      public Boolean deserialize(int version, byte[] bytes) {
        return true;
      }
    };
  }

  private abstract static class Plain<T> implements SimpleVersionedSerializer<T> {
    @Override
    public int getVersion() {
      return 1;
    }
  }
}
