package peer;

import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Map;
import quickfix.FileStoreFactory;
import quickfix.Log;
import quickfix.LogFactory;
import quickfix.MemoryStoreFactory;
import quickfix.MessageStoreFactory;
import quickfix.SessionID;
import quickfix.SessionSettings;

/** What acceptors and initiators have in common: settings, stores, logs and the way to say something. */
final class Peers {
    /** The true standard output: libraries write to standard error. */
    private static final PrintStream OUT = System.out;
    private static final boolean LOGS = Boolean.getBoolean("peer.log");

    private Peers() {
    }

    /** Writes one line of JSON. */
    static void say(Map<String, ?> line) {
        String text = Json.of(line);
        synchronized (OUT) {
            OUT.println(text);
            OUT.flush();
        }
    }

    /** Writes an event of a session. */
    static void tell(String event, String name, Object... keysAndValues) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("event", event);
        line.put("name", name);
        for (int i = 0; i < keysAndValues.length; i += 2) line.put(keysAndValues[i].toString(), keysAndValues[i + 1]);
        say(line);
    }

    /** Settings of one session: the defaults given, then what the command sets with {@code set.<Name>=}. */
    static SessionSettings settings(SessionID session, Map<String, String> defaults, Command command) {
        SessionSettings settings = new SessionSettings();
        put(settings, session, "StartTime", "00:00:00");
        put(settings, session, "EndTime", "00:00:00");
        put(settings, session, "NonStopSession", "Y");
        put(settings, session, "UseDataDictionary", "Y");
        put(settings, session, "DataDictionary", "FIX44.xml");
        defaults.forEach((key, value) -> put(settings, session, key, value));
        command.withPrefix("set.").forEach((key, value) -> put(settings, session, key, value));
        return settings;
    }

    /** Files when the settings name a folder, memory otherwise. */
    static MessageStoreFactory store(SessionSettings settings, SessionID session) {
        boolean hasFolder = settings.isSetting(session, FileStoreFactory.SETTING_FILE_STORE_PATH);
        return hasFolder ? new FileStoreFactory(settings) : new MemoryStoreFactory();
    }

    /** Standard error when {@code -Dpeer.log=true}, nothing otherwise. */
    static LogFactory logs() {
        return session -> new StandardErrorLog(session.toString());
    }

    private static void put(SessionSettings settings, SessionID session, String key, String value) {
        // Connectors read some of their settings from the defaults, sessions theirs from the section.
        settings.setString(key, value);
        settings.setString(session, key, value);
    }

    private record StandardErrorLog(String session) implements Log {
        @Override
        public void clear() {
        }

        @Override
        public void onIncoming(String message) {
            write("<", message);
        }

        @Override
        public void onOutgoing(String message) {
            write(">", message);
        }

        @Override
        public void onEvent(String text) {
            write("-", text);
        }

        @Override
        public void onErrorEvent(String text) {
            write("!", text);
        }

        private void write(String sign, String text) {
            if (LOGS) System.err.println(System.nanoTime() / 1000 + " " + session + " " + sign + " " + text.replace('\001', '|'));
        }
    }
}
