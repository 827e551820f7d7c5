import java.nio.file.Path;
import java.util.Map;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;

/** What one node alone on this machine is started with; its logging is set up too. */
final class NodeEnvironment {
  private NodeEnvironment() {}

  static Environment of(Path home) throws Exception {
    Settings.Builder settings = Settings.builder()
        .put("path.home", home.toString())
        .put("node.name", "n1")
        .put("cluster.name", "t")
        .put("discovery.type", "single-node")
        .put("network.host", "127.0.0.1")
        .put("http.port", System.getProperty("http.port"))
        .put("transport.port", System.getProperty("transport.port"))
        .put("cluster.routing.allocation.disk.threshold_enabled", false);
    Environment environment =
        InternalSettingsPreparer.prepareEnvironment(settings.build(), Map.of(), home.resolve("config"), () -> "n1");
    LogConfigurator.setNodeName("n1");
    LogConfigurator.setClusterName("t");
    LogConfigurator.configure(environment, true);
    return environment;
  }
}
