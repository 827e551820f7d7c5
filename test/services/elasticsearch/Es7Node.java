import org.codelibs.elasticsearch.runner.ElasticsearchClusterRunner;

/** One Elasticsearch 7.10 node, the last under the Apache licence, with painless and without data streams. */
public class Es7Node {
  public static void main(String[] arguments) throws Exception {
    new ElasticsearchClusterRunner()
        .onBuild((number, settings) -> {
          settings.put("http.port", System.getProperty("http.port"));
          settings.put("transport.port", System.getProperty("transport.port"));
          settings.put("discovery.type", "single-node");
          settings.put("network.host", "127.0.0.1");
          settings.put("cluster.routing.allocation.disk.threshold_enabled", false);
        })
        .build(ElasticsearchClusterRunner.newConfigs().clusterName("t").numOfNode(1).basePath(System.getProperty("base")).useLogger());
    Thread.currentThread().join();
  }
}
