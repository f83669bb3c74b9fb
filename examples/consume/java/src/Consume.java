import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads what the ingester publishes: each quote once, and every hole with its reason. One JSON line per finding.
 *
 * <p>{@code Consume localhost:9092 orion.market-data.raw orion.market-data.feed-events [--once]}; --once: ends when all has
 * been read that was there at the start.
 */
public final class Consume {
    private static final Duration POLL = Duration.ofMillis(200);
    private static final long TELL_HOLES_EVERY_NS = 60_000_000_000L;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final QuoteStreams streams = new QuoteStreams(Consume::tell);
    private final String eventsTopic;
    private long quotes;
    private long duplicates;

    private Consume(String eventsTopic) {
        this.eventsTopic = eventsTopic;
    }

    public static void main(String[] args) throws IOException {
        // Partitions are assigned by hand, without a group, and no offsets are kept: the state of QuoteStreams begins empty,
        // so the topics are read from their beginning.
        Map<String, Object> settings = Map.of("bootstrap.servers", args[0], "allow.auto.create.topics", false);
        boolean isOnce = args.length > 3 && args[3].equals("--once");
        var deserializer = new ByteArrayDeserializer();
        try (var consumer = new KafkaConsumer<byte[], byte[]>(settings, deserializer, deserializer)) {
            new Consume(args[2]).run(consumer, args[1], isOnce);
        }
    }

    private void run(KafkaConsumer<byte[], byte[]> consumer, String quotesTopic, boolean isOnce) throws IOException {
        var existing = consumer.listTopics();
        // BACKFILL=live_first: what waited out an outage is in a topic of its own.
        List<TopicPartition> places = Stream.of(quotesTopic, quotesTopic + ".backfill", eventsTopic)
                .filter(existing::containsKey)
                .flatMap(topic -> existing.get(topic).stream())
                .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
                .toList();
        consumer.assign(places);
        consumer.seekToBeginning(places);
        Map<TopicPartition, Long> unread = new HashMap<>(consumer.endOffsets(places));
        long toldAt = System.nanoTime();
        while (!isOnce || !unread.isEmpty()) {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                if (record.topic().equals(eventsTopic)) onEvent(record);
                else onQuote(record);
            }
            unread.entrySet().removeIf(place -> consumer.position(place.getKey()) >= place.getValue());
            if (System.nanoTime() - toldAt < TELL_HOLES_EVERY_NS) continue;
            toldAt = System.nanoTime();
            streams.tellHoles();
        }
        streams.tellHoles();
        tell(Map.of("found", "end", "quotes", quotes, "duplicates", duplicates));
    }

    private void onQuote(ConsumerRecord<byte[], byte[]> record) throws IOException {
        var name = new QuoteStreams.StreamName(header(record, "source"), header(record, "symbol"), header(record, "session"));
        long seq = Long.parseLong(header(record, "seq"));
        if (!streams.take(name, seq)) {
            duplicates++;
            return;
        }
        quotes++;
        JsonNode data = read(record);
        // Prices are text: new BigDecimal(text) keeps every digit, a double does not.
        JsonNode payload = data.get("payload");
        Map<String, Object> quote = Map.of("seq", seq, "bid", payload.get("bidPrice"), "ask", payload.get("askPrice"));
        tell(QuoteStreams.finding("quote", name, quote));
        JsonNode gap = data.get("metadata").get("gap");
        if (gap != null) tell(QuoteStreams.finding("gap", name, Map.of("seq", seq, "reasons", gap.get("reasons"))));
    }

    private void onEvent(ConsumerRecord<byte[], byte[]> record) throws IOException {
        if (!header(record, "eventType").equals("market-data.dropped")) return;
        JsonNode data = read(record);
        JsonNode event = data.get("payload");
        String source = event.get("source").asText();
        String reason = event.get("reason").asText();
        if (!event.has("symbol") || !event.has("fromSequence")) {
            streams.droppedUnnumbered(source, reason);
            return;
        }
        String session = (event.has("session") ? event : data.get("metadata")).get("session").asText();
        var name = new QuoteStreams.StreamName(source, event.get("symbol").asText(), session);
        streams.dropped(name, event.get("fromSequence").asLong(), event.get("toSequence").asLong(), reason);
    }

    /** Payload and metadata, of KAFKA_VALUE_FORMAT=json as well as of cloudevents. */
    private static JsonNode read(ConsumerRecord<byte[], byte[]> record) throws IOException {
        JsonNode value = JSON.readTree(record.value());
        return value.has("data") ? value.get("data") : value;
    }

    private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
        return new String(record.headers().lastHeader(name).value(), StandardCharsets.UTF_8);
    }

    private static void tell(Map<String, Object> finding) {
        try {
            System.out.println(JSON.writeValueAsString(finding));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
