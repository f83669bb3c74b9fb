import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** What is known of each stream of quotes: enough to tell a new quote from a duplicate, and a hole from a quiet market. */
final class QuoteStreams {
    /** Streams remembered; of the rest the one unused for longest is forgotten. */
    private static final int STREAMS_MAX = 100_000;
    /** Holes and drops remembered per stream, the newest. */
    private static final int RANGES_MAX = 100;
    /** Why of a hole that may as well be older than what we have read, or than what the topic keeps. */
    private static final String BEFORE = "before";

    record StreamName(String source, String symbol, String session) {}

    /** Our numbers (instrumentSequence) that were never seen, or that an event says were dropped. */
    private record Range(long from, long to, String why) {}

    private static final class Stream {
        long last;
        final List<Range> holes = new ArrayList<>();
        final List<Range> dropped = new ArrayList<>();
    }

    private final Map<StreamName, Stream> streams = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<StreamName, Stream> eldest) {
            return size() > STREAMS_MAX;
        }
    };
    /** Source and symbol of every stream there was. */
    private final Set<List<String>> known = new HashSet<>();
    /** Sources that lost quotes nobody can number any more (a damaged disk), and why. */
    private final Map<String, String> unnumbered = new HashMap<>();
    private final Consumer<Map<String, Object>> teller;

    QuoteStreams(Consumer<Map<String, Object>> teller) {
        this.teller = teller;
    }

    /** True when the quote is new. Any quotes topic, any order between topics; within one, numbers only rise. */
    boolean take(StreamName name, long seq) {
        Stream stream = streams.computeIfAbsent(name, absent -> new Stream());
        List<String> instrument = List.of(name.source(), name.symbol());
        if (seq > stream.last) {
            String why = stream.last == 0 && !known.contains(instrument) ? BEFORE : "";
            if (stream.last == 0) tell("session", name, Map.of());
            if (seq > stream.last + 1) keep(stream.holes, new Range(stream.last + 1, seq - 1, why));
            stream.last = seq;
            known.add(instrument);
            return true;
        }
        // From the backfill topic: what came later was read first.
        for (int at = 0; at < stream.holes.size(); at++) {
            Range hole = stream.holes.get(at);
            if (seq < hole.from() || seq > hole.to()) continue;
            stream.holes.remove(at);
            stream.holes.addAll(at, around(hole, seq, seq));
            return true;
        }
        tell("duplicate", name, Map.of("seq", seq));
        return false;
    }

    /** A market-data.dropped event that names the numbers. */
    void dropped(StreamName name, long from, long to, String reason) {
        keep(streams.computeIfAbsent(name, absent -> new Stream()).dropped, new Range(from, to, reason));
    }

    /** A market-data.dropped event that cannot name them. */
    void droppedUnnumbered(String source, String reason) {
        unnumbered.put(source, reason);
    }

    /** Tells of every hole that is still open: which numbers, and why. */
    void tellHoles() {
        streams.forEach((name, stream) -> {
            String reason = unnumbered.getOrDefault(name.source(), unnumbered.get("*"));
            String unknown = reason == null ? "unknown" : "perhaps " + reason;
            for (Range hole : stream.holes) {
                String why = hole.why().isEmpty() ? unknown : hole.why();
                for (Range piece : explain(new Range(hole.from(), hole.to(), why), stream.dropped)) {
                    if (piece.why().equals(BEFORE)) continue;
                    tell("hole", name, Map.of("from", piece.from(), "to", piece.to(), "why", piece.why()));
                }
            }
        });
    }

    /** The hole in pieces: those an event tells of with its reason, and the rest. */
    private static List<Range> explain(Range hole, List<Range> dropped) {
        List<Range> explained = new ArrayList<>();
        List<Range> rest = List.of(hole);
        for (Range event : dropped) {
            List<Range> left = new ArrayList<>();
            for (Range piece : rest) {
                long from = Math.max(piece.from(), event.from());
                long to = Math.min(piece.to(), event.to());
                if (from <= to) explained.add(new Range(from, to, event.why()));
                left.addAll(from <= to ? around(piece, from, to) : List.of(piece));
            }
            rest = left;
        }
        explained.addAll(rest);
        return explained;
    }

    /** What is left of a range when from..to is cut out of it. */
    private static List<Range> around(Range range, long from, long to) {
        List<Range> rest = new ArrayList<>();
        if (range.from() < from) rest.add(new Range(range.from(), from - 1, range.why()));
        if (range.to() > to) rest.add(new Range(to + 1, range.to(), range.why()));
        return rest;
    }

    private static void keep(List<Range> ranges, Range range) {
        ranges.add(range);
        if (ranges.size() > RANGES_MAX) ranges.remove(0);
    }

    private void tell(String found, StreamName name, Map<String, Object> more) {
        teller.accept(finding(found, name, more));
    }

    /** One line of output: what was found in which stream. */
    static Map<String, Object> finding(String found, StreamName name, Map<String, Object> more) {
        Map<String, Object> finding = new LinkedHashMap<>(Map.of("found", found));
        finding.putAll(Map.of("source", name.source(), "symbol", name.symbol(), "session", name.session()));
        finding.putAll(more);
        return finding;
    }
}
