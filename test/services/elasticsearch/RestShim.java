import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.elasticsearch.Build;
import org.elasticsearch.action.admin.indices.create.AutoCreateAction;
import org.elasticsearch.action.admin.indices.create.CreateIndexRequest;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.cluster.node.DiscoveryNodes;
import org.elasticsearch.core.TimeValue;
import org.elasticsearch.features.NodeFeature;
import org.elasticsearch.plugins.ActionPlugin;
import org.elasticsearch.plugins.Plugin;
import org.elasticsearch.rest.BaseRestHandler;
import org.elasticsearch.rest.RestChannel;
import org.elasticsearch.rest.RestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.RestResponse;
import org.elasticsearch.rest.RestStatus;
import org.elasticsearch.rest.action.RestToXContentListener;

/** `GET /` and `PUT /_data_stream/{name}`: their own modules are not on Maven. */
public class RestShim extends Plugin implements ActionPlugin {
  @Override
  public Collection<RestHandler> getRestHandlers(
      ActionPlugin.RestHandlersServices services, Supplier<DiscoveryNodes> nodes, Predicate<NodeFeature> features) {
    return List.of(new Handler(RestRequest.Method.GET, "/", RestShim::root), new Handler(RestRequest.Method.PUT, "/_data_stream/{name}", RestShim::dataStream));
  }

  private static void root(String name, NodeClient client, RestChannel channel) throws Exception {
    channel.sendResponse(new RestResponse(RestStatus.OK, channel.newBuilder().startObject()
        .field("name", "n1").field("cluster_name", "t")
        .startObject("version").field("number", Build.current().version()).field("build_flavor", "default").endObject()
        .field("tagline", "You Know, for Search").endObject()));
  }

  private static void dataStream(String name, NodeClient client, RestChannel channel) {
    CreateIndexRequest request = new CreateIndexRequest(name);
    request.masterNodeTimeout(TimeValue.timeValueSeconds(30));
    client.execute(AutoCreateAction.INSTANCE, request, new RestToXContentListener<>(channel));
  }

  private interface Answer {
    void give(String name, NodeClient client, RestChannel channel) throws Exception;
  }

  private static final class Handler extends BaseRestHandler {
    private final Route route;
    private final Answer answer;

    Handler(RestRequest.Method method, String path, Answer answer) {
      this.route = new Route(method, path);
      this.answer = answer;
    }

    @Override
    public String getName() {
      return route.getMethod() + "_" + route.getPath();
    }

    @Override
    public List<Route> routes() {
      return List.of(route);
    }

    @Override
    protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
      String name = request.param("name");
      return channel -> answer.give(name, client, channel);
    }
  }
}
