import java.util.Arrays;

/** Runs the main class named by the first argument, and ends the process when standard input ends: a server dies with whoever started it. */
public class RunWatched {
  static void watch() {
    Thread thread = new Thread(() -> {
      try {
        while (System.in.read() >= 0) { }
      } catch (java.io.IOException e) {
        System.err.println("standard input broke off");
      }
      Runtime.getRuntime().halt(3);
    });
    thread.setDaemon(true);
    thread.start();
  }

  public static void main(String[] args) throws Exception {
    watch();
    String[] rest = Arrays.copyOfRange(args, 1, args.length);
    Class.forName(args[0]).getMethod("main", String[].class).invoke(null, (Object) rest);
  }
}
