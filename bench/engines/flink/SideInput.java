// q13's table as a lookup source, keys 0 to 9,999 each with its own number as the value: from memory, as Flink's own lookup of a file holds it.
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.connector.source.LookupTableSource;
import org.apache.flink.table.connector.source.lookup.LookupFunctionProvider;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.factories.DynamicTableSourceFactory;
import org.apache.flink.table.functions.LookupFunction;

/** The connector `side`: (key BIGINT, value VARCHAR). */
public final class SideInput implements DynamicTableSourceFactory {
  @Override
  public String factoryIdentifier() {
    return "side";
  }

  @Override
  public Set<ConfigOption<?>> requiredOptions() {
    return Set.of();
  }

  @Override
  public Set<ConfigOption<?>> optionalOptions() {
    return Set.of();
  }

  @Override
  public DynamicTableSource createDynamicTableSource(Context context) {
    return new Table();
  }

  private static final class Table implements LookupTableSource {
    @Override
    public LookupRuntimeProvider getLookupRuntimeProvider(LookupContext context) {
      return LookupFunctionProvider.of(new Lookup());
    }

    @Override
    public DynamicTableSource copy() {
      return new Table();
    }

    @Override
    public String asSummaryString() {
      return "side input";
    }
  }

  /** Looks a key up in an array. */
  public static final class Lookup extends LookupFunction {
    private transient List<RowData>[] rows;

    @Override
    @SuppressWarnings("unchecked")
    public void open(org.apache.flink.table.functions.FunctionContext context) {
      rows = new List[10_000];
      for (int i = 0; i < rows.length; i++) rows[i] = List.of(GenericRowData.of((long) i, StringData.fromString(String.valueOf(i))));
    }

    @Override
    public Collection<RowData> lookup(RowData key) {
      long wanted = key.getLong(0);
      return wanted >= 0 && wanted < rows.length ? rows[(int) wanted] : List.of();
    }
  }
}
