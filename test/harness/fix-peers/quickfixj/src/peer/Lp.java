package peer;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.mina.core.service.IoAcceptor;
import org.apache.mina.core.session.IoSession;
import quickfix.ConfigError;
import quickfix.DefaultMessageFactory;
import quickfix.FieldNotFound;
import quickfix.Group;
import quickfix.Message;
import quickfix.Session;
import quickfix.SessionID;
import quickfix.SessionSettings;
import quickfix.SocketAcceptor;

/**
 * A liquidity provider: a QuickFIX/J acceptor with one session, and a market that outlives its restarts. Every change of
 * the market and the message that tells of it happen under one lock, so a dump agrees with the numbers sent.
 */
final class Lp {
    private static final int[] SYMBOL_GROUP = {55, 0};
    private static final int ENTRIES_PER_MESSAGE_MAX = 4;
    /** Messages MINA may hold before the generator waits: without this bound full speed would fill the memory. */
    private static final int WAITING_WRITES_MAX = 2_000;

    final SessionID sessionId;
    private final String name;
    private final SessionSettings settings;
    private final Market market;
    private final LpApplication application;
    /** Symbol to the MDReqID (262) it is asked for with. */
    private final Map<String, String> subscriptions = new LinkedHashMap<>();
    private final Generator generator = new Generator(this);
    private SocketAcceptor acceptor;
    private long incrementsSent;

    Lp(Command command) {
        name = command.text("name");
        sessionId = new SessionID("FIX.4.4", name, command.text("target", "EDGE"));
        Map<String, String> defaults = new LinkedHashMap<>();
        defaults.put("ConnectionType", "acceptor");
        defaults.put("SocketAcceptAddress", "127.0.0.1");
        defaults.put("SocketAcceptPort", command.text("port"));
        defaults.put("SocketTcpNoDelay", "Y");
        settings = Peers.settings(sessionId, defaults, command);
        market = new Market(command);
        application = new LpApplication(this, name);
    }

    synchronized void start() throws ConfigError {
        if (acceptor != null) return;
        acceptor = new SocketAcceptor(application, Peers.store(settings, sessionId), settings, Peers.logs(),
            new DefaultMessageFactory());
        acceptor.start();
    }

    /** Stops serving; the store stays. @param isForced no Logout is sent, as if the process had died */
    void stop(boolean isForced) {
        SocketAcceptor stopped;
        synchronized (this) {
            stopped = acceptor;
            acceptor = null;
        }
        if (stopped != null) stopped.stop(isForced);
    }

    void end() {
        generator.end();
        stop(true);
    }

    void setRate(int perSecond) {
        generator.setRate(perSecond);
    }

    /** Sends so many increments as fast as the wire takes them. */
    void burst(int count) throws InterruptedException {
        for (int i = 0; i < count; i++) {
            if (i % 100 == 0) awaitRoom();
            increment();
        }
    }

    /** Waits while too much is on its way. Not under the lock. */
    void awaitRoom() throws InterruptedException {
        while (waitingWrites() > WAITING_WRITES_MAX) Thread.sleep(1);
    }

    /** Changes the market by one to four entries and sends the increment to whoever asked. */
    synchronized void increment() {
        String first = market.anySymbol();
        String requestId = subscriptions.get(first);
        List<Market.Change> changes = changesLike(first, requestId);
        if (requestId == null) return;
        if (session().send(MarketDataMessages.increment(requestId, changes))) incrementsSent++;
    }

    /** Changes the market so many times without a word and leaves a hole of as many numbers. */
    synchronized void skip(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            String symbol = market.anySymbol();
            changesLike(symbol, subscriptions.get(symbol));
        }
        session().setNextSenderMsgSeqNum(session().getExpectedSenderNum() + count);
    }

    /** Sends a SequenceReset whose NewSeqNo (36) is so far ahead, and goes on from there. */
    synchronized void sequenceReset(boolean isGapFill, int ahead) throws IOException {
        int newNumber = session().getExpectedSenderNum() + ahead;
        session().send(MarketDataMessages.plain("4", "123=" + (isGapFill ? "Y" : "N") + "\00136=" + newNumber));
        session().setNextSenderMsgSeqNum(newNumber);
    }

    /** The number of the initiator's next message, as this LP will have it. */
    void expectNumber(int number) throws IOException {
        session().setNextTargetMsgSeqNum(number);
    }

    synchronized void clear(String symbol) {
        market.clear(symbol);
        String requestId = subscriptions.get(symbol);
        if (requestId != null) sendSnapshot(requestId, symbol);
    }

    synchronized boolean send(String type, String fields) {
        return session().send(MarketDataMessages.plain(type, fields));
    }

    void testRequest(String id) {
        session().generateTestRequest(id);
    }

    void disconnect() throws IOException {
        session().disconnect("asked for by the test", false);
    }

    /** Logs out with this text; the next Logon is taken again. */
    void logout(String text) throws InterruptedException {
        session().logout(text);
        while (session().isLoggedOn()) Thread.sleep(5);
        session().logon();
    }

    LpApplication application() {
        return application;
    }

    synchronized Map<String, Object> dump() {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("next", session().getExpectedSenderNum());
        line.put("books", market.dump());
        return line;
    }

    synchronized Map<String, Object> status() {
        Session session = acceptor == null ? null : session();
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("isLoggedOn", session != null && session.isLoggedOn());
        line.put("nextSender", session == null ? 0 : session.getExpectedSenderNum());
        line.put("nextTarget", session == null ? 0 : session.getExpectedTargetNum());
        line.put("subscriptions", new LinkedHashMap<>(subscriptions));
        line.put("incrementsSent", incrementsSent);
        line.put("received", application.received());
        return line;
    }

    /** Called by the application on the thread of the session. */
    synchronized void onMarketDataRequest(Message request) throws FieldNotFound {
        String requestId = request.getString(262);
        boolean isEnd = request.getString(263).equals("2");
        Group group = new Group(146, 55, SYMBOL_GROUP);
        for (int i = 1; i <= request.getInt(146); i++) {
            String symbol = request.getGroup(i, group).getString(55);
            if (isEnd) subscriptions.remove(symbol, requestId);
            else subscribe(requestId, symbol);
        }
    }

    synchronized void forgetSubscriptions() {
        subscriptions.clear();
    }

    private void subscribe(String requestId, String symbol) {
        if (!market.has(symbol)) {
            session().send(MarketDataMessages.unknownSymbol(requestId, symbol));
            return;
        }
        subscriptions.put(symbol, requestId);
        sendSnapshot(requestId, symbol);
    }

    private void sendSnapshot(String requestId, String symbol) {
        session().send(MarketDataMessages.snapshot(requestId, symbol, market.entries(symbol)));
    }

    /** Changes of the symbol and of others asked for by the same request. */
    private List<Market.Change> changesLike(String first, String requestId) {
        int count = market.anyUpTo(ENTRIES_PER_MESSAGE_MAX);
        List<Market.Change> changes = new ArrayList<>(count);
        changes.add(market.step(first));
        while (changes.size() < count) {
            String symbol = market.anySymbol();
            boolean isSameRequest = requestId == null || requestId.equals(subscriptions.get(symbol));
            changes.add(market.step(isSameRequest ? symbol : first));
        }
        return changes;
    }

    private long waitingWrites() {
        SocketAcceptor current;
        synchronized (this) {
            current = acceptor;
        }
        long waiting = 0;
        if (current == null) return 0;
        for (IoAcceptor endpoint : current.getEndpoints()) {
            for (IoSession each : endpoint.getManagedSessions().values()) waiting += each.getScheduledWriteMessages();
        }
        return waiting;
    }

    private Session session() {
        Session session = Session.lookupSession(sessionId);
        if (session == null) throw new IllegalStateException("no session: " + name + " is stopped");
        return session;
    }
}
