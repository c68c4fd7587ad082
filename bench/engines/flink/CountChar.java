// q14's function: how often a character is in a text.
import org.apache.flink.table.functions.ScalarFunction;

/** `count_char(text, character)`. */
public final class CountChar extends ScalarFunction {
  public long eval(String text, String character) {
    if (text == null) return 0;
    char wanted = character.charAt(0);
    long count = 0;
    for (int i = 0; i < text.length(); i++) if (text.charAt(i) == wanted) count++;
    return count;
  }
}
