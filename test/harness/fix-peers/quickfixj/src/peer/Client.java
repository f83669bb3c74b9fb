package peer;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import quickfix.ApplicationAdapter;
import quickfix.ConfigError;
import quickfix.DefaultMessageFactory;
import quickfix.FieldNotFound;
import quickfix.Group;
import quickfix.IncorrectTagValue;
import quickfix.Message;
import quickfix.Session;
import quickfix.SessionID;
import quickfix.SessionSettings;
import quickfix.SocketInitiator;
import quickfix.UnsupportedMessageType;

/**
 * A QuickFIX/J initiator: the control of our own runner of acceptance definitions, and of the LPs here, whose books it
 * keeps as an ingester would.
 */
final class Client extends ApplicationAdapter {
    private static final int[] SYMBOL_GROUP = {55, 0};
    private static final int[] TYPE_GROUP = {269, 0};

    private final SessionID sessionId;
    private final SocketInitiator initiator;
    private final String name;
    private final List<String> symbols;
    private final Map<String, Map<String, Market.Entry>> books = new TreeMap<>();
    private long marketDataMessages;
    private int logons;

    Client(Command command) throws ConfigError {
        name = command.text("name");
        String asked = command.text("symbols", "");
        symbols = asked.isEmpty() ? List.of() : List.of(asked.split(","));
        sessionId = new SessionID("FIX.4.4", command.text("sender"), command.text("target"));
        Map<String, String> defaults = new LinkedHashMap<>();
        defaults.put("ConnectionType", "initiator");
        defaults.put("SocketConnectHost", "127.0.0.1");
        defaults.put("SocketConnectPort", command.text("port"));
        defaults.put("HeartBtInt", command.text("heartbeat", "30"));
        defaults.put("ReconnectInterval", "1");
        defaults.put("SocketTcpNoDelay", "Y");
        SessionSettings settings = Peers.settings(sessionId, defaults, command);
        initiator = new SocketInitiator(this, Peers.store(settings, sessionId), settings, Peers.logs(),
            new DefaultMessageFactory());
    }

    void start() throws ConfigError {
        initiator.start();
    }

    void end() {
        initiator.stop(true);
    }

    synchronized Map<String, Object> dump() {
        Map<String, List<String>> dump = new TreeMap<>();
        books.forEach((symbol, book) -> {
            List<String> lines = new ArrayList<>();
            for (Market.Entry entry : book.values()) lines.add(entry.toString());
            lines.sort(null);
            dump.put(symbol, lines);
        });
        Map<String, Object> line = new LinkedHashMap<>();
        Session session = Session.lookupSession(sessionId);
        line.put("next", session == null ? 0 : session.getExpectedTargetNum());
        line.put("books", dump);
        line.put("marketDataMessages", marketDataMessages);
        line.put("logons", logons);
        line.put("cpuMicros", ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime() / 1000);
        return line;
    }

    @Override
    public void onLogon(SessionID session) {
        synchronized (this) {
            logons++;
            books.clear();
        }
        Peers.tell("logon", name);
        if (!symbols.isEmpty()) Session.lookupSession(sessionId).send(request());
    }

    @Override
    public void onLogout(SessionID session) {
        Peers.tell("logout", name);
    }

    @Override
    public synchronized void fromApp(Message message, SessionID session)
        throws FieldNotFound, IncorrectTagValue, UnsupportedMessageType {
        switch (message.getHeader().getString(35)) {
            case "W" -> replace(message);
            case "X" -> apply(message);
            // D and d are of the acceptance definitions.
            case "Y", "D", "d" -> { }
            default -> throw new UnsupportedMessageType();
        }
    }

    private Message request() {
        Message request = MarketDataMessages.plain("V", "262=client-" + logons + "\001263=1\001264=0\001265=1");
        for (String type : new String[] {"0", "1"}) {
            Group group = new Group(267, 269, TYPE_GROUP);
            group.setString(269, type);
            request.addGroup(group);
        }
        for (String symbol : symbols) {
            Group group = new Group(146, 55, SYMBOL_GROUP);
            group.setString(55, symbol);
            request.addGroup(group);
        }
        return request;
    }

    private void replace(Message message) throws FieldNotFound {
        marketDataMessages++;
        Map<String, Market.Entry> book = new LinkedHashMap<>();
        for (Iterator<Group> groups = message.getGroups(268).iterator(); groups.hasNext();) put(book, groups.next());
        books.put(message.getString(55), book);
    }

    private void apply(Message message) throws FieldNotFound {
        marketDataMessages++;
        String symbol = "";
        for (Group group : message.getGroups(268)) {
            if (group.isSetField(55)) symbol = group.getString(55);
            Map<String, Market.Entry> book = books.computeIfAbsent(symbol, (each) -> new LinkedHashMap<>());
            if (group.isSetField(280)) book.remove(group.getString(280));
            if (group.getString(279).equals("2")) book.remove(keyOf(group));
            else put(book, group);
        }
    }

    private static void put(Map<String, Market.Entry> book, Group group) throws FieldNotFound {
        char side = group.getString(269).charAt(0);
        book.put(keyOf(group), new Market.Entry(side, text(group, 278), text(group, 270), text(group, 271)));
    }

    private static String keyOf(Group group) throws FieldNotFound {
        return group.isSetField(278) ? group.getString(278) : group.getString(269) + group.getString(270);
    }

    private static String text(Group group, int tag) throws FieldNotFound {
        return group.isSetField(tag) ? group.getString(tag) : "";
    }
}
