package peer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import quickfix.DataDictionary;
import quickfix.Group;
import quickfix.Message;

/**
 * How fast QuickFIX/J parses a file of whole FIX 4.4 messages, W and X: {@code ParseBench <file> [seconds per round]}.
 * Prints one JSON line: thousand messages a second, parsed alone and with every entry's fields read, the best of three
 * rounds after one to warm up.
 */
public final class ParseBench {
    private static final int ROUNDS = 3;
    private static final int[] ENTRY_TAGS = {279, 269, 278, 55, 270, 271};

    private ParseBench() {
    }

    public static void main(String[] args) throws Exception {
        List<String> messages = readMessages(Path.of(args[0]));
        double seconds = args.length > 1 ? Double.parseDouble(args[1]) : 1.0;
        DataDictionary dictionary = new DataDictionary("FIX44.xml");
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("messages", messages.size());
        line.put("parseThousandPerSecond", best(messages, dictionary, seconds, false));
        line.put("readThousandPerSecond", best(messages, dictionary, seconds, true));
        System.out.println(Json.of(line));
    }

    /** Cuts at BodyLength (9): text of Latin-1, so that a character is a byte. */
    private static List<String> readMessages(Path file) throws IOException {
        String text = Files.readString(file, StandardCharsets.ISO_8859_1);
        List<String> messages = new ArrayList<>();
        int start = 0;
        while (start < text.length()) {
            int lengthAt = text.indexOf("\0019=", start) + 3;
            int bodyAt = text.indexOf('\001', lengthAt) + 1;
            int end = bodyAt + Integer.parseInt(text.substring(lengthAt, bodyAt - 1)) + "10=000\001".length();
            messages.add(text.substring(start, end));
            start = end;
        }
        return messages;
    }

    private static double best(List<String> messages, DataDictionary dictionary, double seconds, boolean reads)
        throws Exception {
        double best = 0;
        for (int round = 0; round <= ROUNDS; round++) {
            double speed = round(messages, dictionary, seconds, reads);
            if (round > 0) best = Math.max(best, speed);
        }
        return Math.round(best * 10) / 10.0;
    }

    private static double round(List<String> messages, DataDictionary dictionary, double seconds, boolean reads)
        throws Exception {
        long start = System.nanoTime();
        long end = start + (long) (seconds * 1e9);
        long count = 0;
        long characters = 0;
        while (System.nanoTime() < end) {
            for (String text : messages) {
                Message message = new Message();
                message.fromString(text, dictionary, false);
                if (reads) characters += read(message);
            }
            count += messages.size();
        }
        if (reads && characters == 0) throw new IllegalStateException("no entry was read");
        return count / ((System.nanoTime() - start) / 1e9) / 1000;
    }

    private static long read(Message message) throws Exception {
        long characters = 0;
        for (Group group : message.getGroups(268)) {
            for (int tag : ENTRY_TAGS) if (group.isSetField(tag)) characters += group.getString(tag).length();
        }
        return characters;
    }
}
