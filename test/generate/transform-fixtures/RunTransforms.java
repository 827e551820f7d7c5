import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.transforms.Transformation;
import org.apache.kafka.connect.transforms.predicates.Predicate;

/**
 * Runs transforms and predicates of Kafka Connect and Debezium on records. A case a line on standard
 * input:
 *
 *   {"name", "class", "config", "sink"?, "records": [{"topic", "partition", "key", "value", "headers", "timestamp", "offset"}]}
 *
 * Key, value and headers are JsonConverter's envelopes, {"schema", "payload"}; null: there is none.
 * For each a line on standard output: its name, and "outputs", one for each record, or "error" if it
 * could not be set up. An output is null, true or false, an "error", or what is not as in the record.
 */
public class RunTransforms {
    static final ObjectMapper JSON = new ObjectMapper();
    static final JsonConverter CONVERTER = new JsonConverter();

    public static void main(String[] args) throws Exception {
        CONVERTER.configure(Map.of("schemas.enable", "true", "replace.null.with.default", "false"), false);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode one = JSON.readTree(line);
            ObjectNode answer = JSON.createObjectNode().put("name", one.get("name").asText());
            try {
                Object plugin = Class.forName(one.get("class").asText()).getDeclaredConstructor().newInstance();
                if (plugin instanceof Predicate) answer.set("outputs", test(one, (Predicate<?>) plugin));
                else answer.set("outputs", transform(one, (Transformation<?>) plugin));
            } catch (Exception e) {
                answer.set("error", error(e));
            }
            out.println(JSON.writeValueAsString(answer));
        }
    }

    static Map<String, Object> config(JsonNode one) {
        Map<String, Object> config = new HashMap<>();
        one.get("config").fields().forEachRemaining(e -> config.put(e.getKey(), e.getValue().asText()));
        return config;
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    static ArrayNode transform(JsonNode one, Transformation transform) {
        transform.configure(config(one));
        ArrayNode outputs = JSON.createArrayNode();
        for (JsonNode record : one.get("records")) {
            try {
                outputs.add(different(record, toJson(transform.apply(toRecord(record, one.path("sink").asBoolean())))));
            } catch (Exception e) {
                outputs.add(JSON.createObjectNode().set("error", error(e)));
            }
        }
        return outputs;
    }

    /** What is not as in the record. */
    static JsonNode different(JsonNode record, JsonNode made) {
        if (made instanceof ObjectNode) {
            for (String name : List.of("topic", "partition", "key", "value", "headers", "timestamp")) {
                if (made.get(name).equals(record.get(name))) ((ObjectNode) made).remove(name);
            }
        }
        return made;
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    static ArrayNode test(JsonNode one, Predicate predicate) {
        predicate.configure(config(one));
        ArrayNode outputs = JSON.createArrayNode();
        for (JsonNode record : one.get("records")) outputs.add(predicate.test(toRecord(record, one.path("sink").asBoolean())));
        return outputs;
    }

    static ConnectRecord<?> toRecord(JsonNode record, boolean sink) {
        String topic = record.get("topic").asText();
        Integer partition = record.hasNonNull("partition") ? record.get("partition").asInt() : null;
        Long timestamp = record.hasNonNull("timestamp") ? record.get("timestamp").asLong() : null;
        SchemaAndValue key = toDatum(record.get("key"));
        SchemaAndValue value = toDatum(record.get("value"));
        ConnectHeaders headers = new ConnectHeaders();
        for (JsonNode header : record.path("headers")) headers.add(header.get("key").asText(), toDatum(header.get("value")));
        if (sink) {
            return new SinkRecord(topic, partition, key.schema(), key.value(), value.schema(), value.value(),
                    record.get("offset").asLong(), timestamp, TimestampType.CREATE_TIME, headers);
        }
        return new SourceRecord(Map.of("server", "s"), Map.of("index", 1), topic, partition, key.schema(), key.value(),
                value.schema(), value.value(), timestamp, headers);
    }

    static SchemaAndValue toDatum(JsonNode envelope) {
        if (envelope == null || envelope.isNull()) return SchemaAndValue.NULL;
        return CONVERTER.toConnectData("t", envelope.toString().getBytes(StandardCharsets.UTF_8));
    }

    static JsonNode toJson(ConnectRecord<?> record) throws Exception {
        if (record == null) return JSON.nullNode();
        ObjectNode made = JSON.createObjectNode();
        made.put("topic", record.topic());
        made.put("partition", record.kafkaPartition());
        made.set("key", fromDatum(record.keySchema(), record.key()));
        made.set("value", fromDatum(record.valueSchema(), record.value()));
        ArrayNode headers = JSON.createArrayNode();
        for (Header header : record.headers()) {
            ObjectNode one = JSON.createObjectNode().put("key", header.key());
            one.set("value", fromDatum(header.schema(), header.value()));
            headers.add(one);
        }
        made.set("headers", headers);
        made.put("timestamp", record.timestamp());
        return made;
    }

    static JsonNode fromDatum(org.apache.kafka.connect.data.Schema schema, Object value) {
        try {
            byte[] bytes = CONVERTER.fromConnectData("t", schema, value);
            return bytes == null ? JSON.nullNode() : JSON.readTree(bytes);
        } catch (Exception e) {
            return JSON.createObjectNode().set("unwritable", error(e));
        }
    }

    static JsonNode error(Throwable e) {
        List<String> messages = new ArrayList<>();
        for (Throwable t = e; t != null; t = t.getCause()) messages.add(String.valueOf(t.getMessage()));
        return JSON.createObjectNode().put("class", e.getClass().getName()).put("message", messages.get(0));
    }
}
