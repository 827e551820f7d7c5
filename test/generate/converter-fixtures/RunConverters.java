import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.storage.Converter;
import org.apache.kafka.connect.storage.HeaderConverter;

/**
 * Runs converters of Kafka Connect. A case a line on standard input:
 *
 *   {"class", "header": true?, "encode": a JsonConverter envelope} or {"class", "header"?, "decode": base64 or null}
 *
 * For each a line on standard output: {"bytes": base64 or null}, {"data": a JsonConverter envelope}, or {"error": class}.
 */
public class RunConverters {
    static final ObjectMapper JSON = new ObjectMapper();
    static final JsonConverter ENVELOPES = new JsonConverter();

    public static void main(String[] args) throws Exception {
        ENVELOPES.configure(Map.of("schemas.enable", "true", "replace.null.with.default", "false"), false);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            ObjectNode answer = JSON.createObjectNode();
            try {
                answer(JSON.readTree(line), answer);
            } catch (Throwable e) {
                answer.put("error", e.getClass().getSimpleName());
            }
            out.println(JSON.writeValueAsString(answer));
        }
    }

    static void answer(JsonNode one, ObjectNode answer) throws Exception {
        Object made = Class.forName(one.get("class").asText()).getDeclaredConstructor().newInstance();
        boolean isHeader = one.path("header").asBoolean();
        if (isHeader) ((HeaderConverter) made).configure(Map.of("converter.type", "header"));
        else ((Converter) made).configure(Map.of(), false);
        if (one.has("encode")) {
            SchemaAndValue given = ENVELOPES.toConnectData("t", JSON.writeValueAsBytes(one.get("encode")));
            byte[] bytes = isHeader
                ? ((HeaderConverter) made).fromConnectHeader("t", "h", given.schema(), given.value())
                : ((Converter) made).fromConnectData("t", given.schema(), given.value());
            answer.put("bytes", bytes == null ? null : Base64.getEncoder().encodeToString(bytes));
            return;
        }
        JsonNode text = one.get("decode");
        byte[] bytes = text.isNull() ? null : Base64.getDecoder().decode(text.asText());
        SchemaAndValue read = isHeader
            ? ((HeaderConverter) made).toConnectHeader("t", "h", bytes)
            : ((Converter) made).toConnectData("t", bytes);
        if (read == null) read = SchemaAndValue.NULL; // As ConnectHeaders.add takes it.
        byte[] envelope = ENVELOPES.fromConnectData("t", read.schema(), read.value());
        answer.set("data", envelope == null ? null : JSON.readTree(envelope));
    }
}
