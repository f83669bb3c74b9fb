package peer;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** One line of standard input: {@code <id> <verb> <key>=<value> ...}, the values percent-encoded. */
final class Command {
    final String id;
    final String verb;
    private final Map<String, String> arguments = new LinkedHashMap<>();

    Command(String line) {
        String[] words = line.trim().split(" +");
        if (words.length < 2) throw new IllegalArgumentException("Cannot read command: '" + line + "'");
        id = words[0];
        verb = words[1];
        for (int i = 2; i < words.length; i++) {
            int equals = words[i].indexOf('=');
            if (equals < 1) throw new IllegalArgumentException("Cannot read argument: '" + words[i] + "'");
            String value = URLDecoder.decode(words[i].substring(equals + 1), StandardCharsets.UTF_8);
            arguments.put(words[i].substring(0, equals), value);
        }
    }

    String text(String key) {
        String value = arguments.get(key);
        if (value == null) throw new IllegalArgumentException("Cannot run " + verb + ": '" + key + "' is missing");
        return value;
    }

    String text(String key, String fallback) {
        return arguments.getOrDefault(key, fallback);
    }

    int number(String key) {
        return Integer.parseInt(text(key));
    }

    int number(String key, int fallback) {
        return arguments.containsKey(key) ? number(key) : fallback;
    }

    boolean flag(String key) {
        return text(key, "N").equals("Y");
    }

    /** The arguments whose key begins with the prefix, without it. */
    Map<String, String> withPrefix(String prefix) {
        Map<String, String> found = new LinkedHashMap<>();
        arguments.forEach((key, value) -> {
            if (key.startsWith(prefix)) found.put(key.substring(prefix.length()), value);
        });
        return found;
    }
}
