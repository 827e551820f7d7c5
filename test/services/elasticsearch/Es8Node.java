import java.nio.file.Path;
import java.util.Map;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/** One node of the real distribution of Elasticsearch 8, without its launcher, which refuses root. */
public class Es8Node {
  public static void main(String[] arguments) throws Exception {
    Path home = Path.of(System.getProperty("es.path.home"));
    Settings.Builder settings = Settings.builder()
        .put("path.home", home.toString())
        .put("node.name", "n1")
        .put("cluster.name", "t")
        .put("discovery.type", "single-node")
        .put("network.host", "127.0.0.1")
        .put("http.port", System.getProperty("http.port"))
        .put("transport.port", System.getProperty("transport.port"))
        .put("cluster.routing.allocation.disk.threshold_enabled", false);
    var environment = InternalSettingsPreparer.prepareEnvironment(settings.build(), Map.of(), home.resolve("config"), () -> "n1");
    LogConfigurator.setNodeName("n1");
    LogConfigurator.setClusterName("t");
    LogConfigurator.configure(environment, true);
    var modulesOf = PluginsLoader.loadModulesBundles(environment.modulesDir());
    var pluginsOf = PluginsLoader.loadPluginsBundles(environment.pluginsDir());
    Node node = new Node(environment, PluginsLoader.createPluginsLoader(modulesOf, pluginsOf, Map.of(), false));
    node.start();
    Thread.currentThread().join();
  }
}
