import java.nio.file.Path;
import java.util.Map;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/** One node of the real distribution of Elasticsearch 8, without its launcher, which refuses root. */
public class Es8Node {
  public static void main(String[] arguments) throws Exception {
    Path home = Path.of(System.getProperty("es.path.home"));
    Environment environment = NodeEnvironment.of(home);
    var modulesOf = PluginsLoader.loadModulesBundles(environment.modulesDir());
    var pluginsOf = PluginsLoader.loadPluginsBundles(environment.pluginsDir());
    Node node = new Node(environment, PluginsLoader.createPluginsLoader(modulesOf, pluginsOf, Map.of(), false));
    node.start();
    Thread.currentThread().join();
  }
}
