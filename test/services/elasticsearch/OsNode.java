import org.codelibs.opensearch.runner.OpenSearchRunner;

/** One OpenSearch node with all its core modules. */
public class OsNode {
  public static void main(String[] arguments) throws Exception {
    new OpenSearchRunner()
        .onBuild((number, settings) -> {
          settings.put("http.port", System.getProperty("http.port"));
          settings.put("transport.port", System.getProperty("transport.port"));
          settings.put("discovery.type", "single-node");
          settings.put("network.host", "127.0.0.1");
          settings.put("cluster.routing.allocation.disk.threshold_enabled", false);
        })
        .build(OpenSearchRunner.newConfigs().clusterName("t").numOfNode(1).basePath(System.getProperty("base")).useLogger());
    Thread.currentThread().join();
  }
}
