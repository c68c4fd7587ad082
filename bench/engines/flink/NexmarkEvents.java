// Nexmark events as rows of Flink's tables: bit for bit those of kernels/nexmark.ts for the same seed, every column made. Texts that events share, and cuts of the pool,
// are views of the same bytes; the strings of persons and auctions are made row by row.
import java.nio.charset.StandardCharsets;
import org.apache.flink.core.memory.MemorySegment;
import org.apache.flink.core.memory.MemorySegmentFactory;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.data.binary.BinaryStringData;

/** Makes the k-th event: (event_type, dateTime, person, auction, bid), of which two are null. */
final class NexmarkEvents {
  static final long BASE_TIME_MS = 1_436_918_400_000L;
  private static final int CYCLE = 50, FIRST_ID = 1000, HORIZON = 1666, HOT = 4, CHANNELS = 10_000, POOL_BYTES = 1 << 20, GOLDEN = 0x9e3779b9;
  private static final StringData[] FIRST_NAMES = texts("Peter Paul Luke John Saul Vicky Kate Julie Sarah Deiter Walter".split(" "));
  private static final StringData[] LAST_NAMES = texts("Shultz Abrams Spencer White Bartels Walton Smith Jones Noris".split(" "));
  private static final StringData[] CITIES = texts("Phoenix,Los Angeles,San Francisco,Boise,Portland,Bend,Redmond,Seattle,Kent,Cheyenne".split(","));
  private static final StringData[] STATES = texts("AZ CA ID OR WA WY".split(" "));
  private static final double[] FACTORIALS = {87178291200.0, 6227020800.0, 479001600, 39916800, 3628800, 362880, 40320, 5040, 720, 120, 24, 6, 2, 1, 1};
  private static final double[] TAYLOR = java.util.Arrays.stream(FACTORIALS).map(factorial -> 1 / factorial).toArray();

  private final int seed;
  private final double delayUs;
  private final MemorySegment[] pool;
  private final StringData[] channels = new StringData[HOT + CHANNELS];
  private final StringData[] urls = new StringData[HOT + CHANNELS];
  private final StringData[] names = new StringData[FIRST_NAMES.length * LAST_NAMES.length];
  private int state;

  NexmarkEvents(int seed, double rate) {
    this.seed = mix(seed ^ 0x6e65786d);
    delayUs = 1e6 / rate;
    pool = new MemorySegment[] {MemorySegmentFactory.wrap(makePool(new Chance(seed ^ 0x706f6f6c)))};
    makeChannels(new Chance(seed ^ 0x75726c73));
    for (int i = 0; i < names.length; i++) names[i] = StringData.fromString(FIRST_NAMES[i / 9] + " " + LAST_NAMES[i % 9]);
  }

  /** The k-th event, from 0. */
  RowData make(long k) {
    long number = 1 + k, id = 1 + number, cycle = id / CYCLE;
    int place = (int) (id % CYCLE);
    state = mix(mix((int) k ^ seed) ^ (int) (k >>> 32));
    long ms = timeOf(number);
    TimestampData time = TimestampData.fromEpochMillis(ms);
    if (place < 1) return GenericRowData.of(0, time, person(cycle, time), null, null);
    if (place < 4) return GenericRowData.of(1, time, null, auction(cycle, place, number, ms, time), null);
    return GenericRowData.of(2, time, null, null, bid(cycle, time));
  }

  private RowData bid(long cycle, TimestampData time) {
    long last = 3 * cycle + 2, least = Math.max(last - 100, 0);
    long auction = FIRST_ID + (below(1, 2) > 0 ? last / 100 * 100 : least + below(2, (int) (last - least) + 11));
    long bidder = 2 * FIRST_ID + (below(3, 4) > 0 ? cycle / 100 * 100 + 1 : anyPerson(cycle));
    int channel = below(6, 2) > 0 ? below(7, HOT) : HOT + below(7, CHANNELS);
    return GenericRowData.of(auction, bidder, price(5), channels[channel], urls[channel], time, extra(8, 100 - 32));
  }

  private RowData auction(long cycle, int place, long number, long ms, TimestampData time) {
    long initialBid = price(1);
    long seller = FIRST_ID + (below(3, 4) > 0 ? cycle / 100 * 100 : anyPerson(cycle));
    double span = Math.max(2 * (timeOf(number + HORIZON) - ms), 1);
    long expires = ms + 1 + (long) Math.floor(draw(6) * span / 4294967296.0);
    BinaryStringData name = text(7, 11, 20), description = text(8, 31, 100);
    int bytes = 48 + name.getSizeInBytes() + description.getSizeInBytes();
    return GenericRowData.of(FIRST_ID + 3 * cycle + place - 1, name, description, initialBid, initialBid + price(2), time, TimestampData.fromEpochMillis(expires), seller, 10L + below(5, 5), extra(9, 500 - bytes));
  }

  private RowData person(long cycle, TimestampData time) {
    StringData name = names[below(1, 11) * 9 + below(2, 9)], city = CITIES[below(7, 10)], region = STATES[below(8, 6)];
    byte[] email = new byte[16];
    int at = putText(email, 0, 11, 13, 7);
    email[at++] = '@';
    at += putText(email, at, 12, 20, 5);
    for (char c : ".com".toCharArray()) email[at++] = (byte) c;
    byte[] card = new byte[19];
    for (int group = 0; group < 4; group++) {
      int digits = below(3 + group, 10_000);
      for (int i = 3; i >= 0; i--, digits /= 10) card[5 * group + i] = (byte) ('0' + digits % 10);
      if (group < 3) card[5 * group + 4] = ' ';
    }
    int bytes = 8 + 19 + at + ((BinaryStringData) name).getSizeInBytes() + ((BinaryStringData) city).getSizeInBytes() + 2;
    return GenericRowData.of(FIRST_ID + cycle, name, StringData.fromBytes(email, 0, at), StringData.fromBytes(card), city, region, time, extra(9, 200 - bytes));
  }

  private long anyPerson(long cycle) {
    long active = Math.min(cycle + 1, 1000);
    return cycle + 1 - active + below(4, (int) active + 10);
  }

  private long timeOf(long number) {
    return BASE_TIME_MS + (long) Math.floor((double) (long) (number * delayUs) / 1000);
  }

  // round(10^(6u) · 100), of multiplications and additions only.
  private long price(int n) {
    double x = draw(n) * (19.931568569324174 / 4294967296.0), whole = Math.floor(x), y = (x - whole) * 0.6931471805599453, power = 0;
    for (double share : TAYLOR) power = power * y + share;
    return (long) Math.floor(power * (1 << (int) whole) * 100 + 0.5);
  }

  // A cut of the pool of about as many bytes.
  private StringData extra(int n, int wanted) {
    int delta = (int) Math.floor(0.2 * wanted + 0.5);
    int length = wanted <= 0 ? 0 : wanted - delta + (delta > 0 ? below(n, 2 * delta) : 0);
    return BinaryStringData.fromAddress(pool, below(n + 1, POOL_BYTES - length), length);
  }

  private BinaryStringData text(int n, int first, int lengthMax) {
    byte[] bytes = new byte[lengthMax];
    return BinaryStringData.fromBytes(bytes, 0, putText(bytes, 0, n, first, lengthMax));
  }

  private int putText(byte[] out, int at, int n, int first, int lengthMax) {
    int length = 3 + below(n, lengthMax - 3), start = length, end = 0;
    for (int i = 0; i < length; i++) {
      long drawn = draw(first + i) * 13;
      boolean isBlank = drawn >>> 32 == 0;
      out[at + i] = isBlank ? (byte) ' ' : (byte) ('a' + (((drawn & 0xffffffffL) * 26) >>> 32));
      if (isBlank) continue;
      end = i + 1;
      if (start == length) start = i;
    }
    if (start >= end) return 0;
    if (start > 0) System.arraycopy(out, at + start, out, at, end - start);
    return end - start;
  }

  // The n-th draw of the event, in [0, 2^32).
  private long draw(int n) {
    return mix(state + n * GOLDEN) & 0xffffffffL;
  }

  private int below(int n, int count) {
    return (int) ((draw(n) * count) >>> 32);
  }

  private static int mix(int x) {
    x = (x ^ (x >>> 16)) * 0x7feb352d;
    x = (x ^ (x >>> 15)) * 0x846ca68b;
    return x ^ (x >>> 16);
  }

  /** One number after the other, for the texts that all events share. */
  private static final class Chance {
    private int state;

    Chance(int seed) {
      state = mix(seed);
    }

    int next() {
      return mix(state += GOLDEN);
    }

    int below(int count) {
      return (int) (((next() & 0xffffffffL) * count) >>> 32);
    }
  }

  private static byte[] makePool(Chance chance) {
    byte[] bytes = new byte[POOL_BYTES];
    for (int i = 0; i < POOL_BYTES; i++) bytes[i] = (byte) (97 + chance.next() % 26);
    return bytes;
  }

  private void makeChannels(Chance chance) {
    String[] hot = {"Google", "Facebook", "Baidu", "Apple"};
    for (int i = 0; i < HOT; i++) {
      channels[i] = ascii(hot[i]);
      urls[i] = ascii(url(chance));
    }
    for (int i = 0; i < CHANNELS; i++) {
      String plain = url(chance);
      channels[HOT + i] = ascii("channel-" + i);
      urls[HOT + i] = ascii(chance.below(10) > 0 ? plain + "&channel_id=" + Math.abs(Integer.reverse(i)) : plain);
    }
  }

  private static String url(Chance chance) {
    StringBuilder url = new StringBuilder("https://www.nexmark.com/");
    for (int part = 0; part < 3; part++) {
      for (int left = 3 + chance.below(2); left > 0; left--) url.append(chance.below(13) == 0 ? '_' : (char) ('a' + chance.below(26)));
      url.append('/');
    }
    return url.append("item.htm?query=1").toString();
  }

  private static StringData ascii(String text) {
    return StringData.fromBytes(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static StringData[] texts(String[] texts) {
    return java.util.Arrays.stream(texts).map(NexmarkEvents::ascii).toArray(StringData[]::new);
  }
}
