import java.util.List;
import java.util.Map;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.Plugin;
import org.elasticsearch.transport.Netty4Plugin;

/**
 * One Elasticsearch node with its HTTP transport, set up by `name=value` arguments. The node is built directly, past the start-up
 * checks for production machines (which refuse the root user). Ends when standard input ends.
 */
public class EmbeddedElastic {
  static class EmbeddedNode extends Node {
    EmbeddedNode(Environment environment, List<Class<? extends Plugin>> plugins) {
      super(environment, plugins, false);
    }
  }

  public static void main(String[] args) throws Exception {
    Thread watch = new Thread(() -> {
      try {
        while (System.in.read() >= 0) { }
      } catch (java.io.IOException e) {
        System.err.println("standard input broke off");
      }
      Runtime.getRuntime().halt(3);
    });
    watch.setDaemon(true);
    watch.start();
    Settings.Builder settings = Settings.builder();
    for (String arg : args) {
      int at = arg.indexOf('=');
      settings.put(arg.substring(0, at), arg.substring(at + 1));
    }
    Environment environment = InternalSettingsPreparer.prepareEnvironment(settings.build(), Map.of(), null, () -> "loopback");
    Node node = new EmbeddedNode(environment, List.of(Netty4Plugin.class));
    node.start();
    Thread.currentThread().join();
  }
}
