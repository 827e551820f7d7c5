import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.elasticsearch.Build;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/** One Elasticsearch node from the jars of Maven: the server and its HTTP transport, without the modules of a distribution. */
public class EsNode {
  public static void main(String[] arguments) throws Exception {
    Path home = Path.of(System.getProperty("es.path.home"));
    String version = Build.current().version();
    String[][] modules = {{"transport-netty4", "org.elasticsearch.transport.netty4.Netty4Plugin"}, {"rest-shim", "RestShim"}};
    for (String[] module : modules) {
      Path folder = Files.createDirectories(home.resolve("modules/" + module[0]));
      Files.writeString(
          folder.resolve("plugin-descriptor.properties"),
          "name=" + module[0] + "\ndescription=x\nversion=" + version + "\nelasticsearch.version=" + version
              + "\njava.version=21\nclassname=" + module[1] + "\n");
    }
    for (String folder : List.of("config", "plugins", "data", "logs")) Files.createDirectories(home.resolve(folder));
    Files.writeString(
        home.resolve("config/log4j2.properties"),
        "appender.c.type=Console\nappender.c.name=c\nappender.c.layout.type=PatternLayout\n"
            + "appender.c.layout.pattern=%d %p %c{1.} %m%n\nrootLogger.level=warn\nrootLogger.appenderRef.c.ref=c\n");
    Environment environment = NodeEnvironment.of(home);
    var modulesOf = PluginsLoader.loadModulesBundles(environment.modulesDir(), false);
    var pluginsOf = PluginsLoader.loadPluginsBundles(environment.pluginsDir(), false);
    Node node = new Node(environment, PluginsLoader.createPluginsLoader(modulesOf, pluginsOf, Map.of(), false));
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      try {
        node.close();
      } catch (Exception error) {
        error.printStackTrace();
      }
    }));
    node.start();
    Thread.currentThread().join();
  }
}
