package peer;

import java.util.Map;

/** JSON of what the peer says: strings, numbers, booleans, maps and lists. */
final class Json {
    private Json() {
    }

    /** Returns the text of the value, on one line. */
    static String of(Object value) {
        StringBuilder out = new StringBuilder();
        write(out, value);
        return out.toString();
    }

    private static void write(StringBuilder out, Object value) {
        if (value instanceof Map<?, ?> map) writeMap(out, map);
        else if (value instanceof Iterable<?> list) writeList(out, list);
        else if (value == null || value instanceof Number || value instanceof Boolean) out.append(value);
        else writeText(out, value.toString());
    }

    private static void writeMap(StringBuilder out, Map<?, ?> map) {
        char before = '{';
        if (map.isEmpty()) out.append(before);
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            out.append(before);
            writeText(out, entry.getKey().toString());
            out.append(':');
            write(out, entry.getValue());
            before = ',';
        }
        out.append('}');
    }

    private static void writeList(StringBuilder out, Iterable<?> list) {
        out.append('[');
        boolean isFirst = true;
        for (Object each : list) {
            if (!isFirst) out.append(',');
            write(out, each);
            isFirst = false;
        }
        out.append(']');
    }

    private static void writeText(StringBuilder out, String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') out.append('\\').append(c);
            else if (c < ' ' || c > '~') out.append(String.format("\\u%04x", (int) c));
            else out.append(c);
        }
        out.append('"');
    }
}
