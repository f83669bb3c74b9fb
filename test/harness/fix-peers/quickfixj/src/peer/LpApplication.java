package peer;

import java.util.Map;
import java.util.TreeMap;
import quickfix.ApplicationAdapter;
import quickfix.FieldNotFound;
import quickfix.IncorrectTagValue;
import quickfix.Message;
import quickfix.RejectLogon;
import quickfix.SessionID;
import quickfix.UnsupportedMessageType;

/** What the engine calls: answers market data requests and misbehaves at logon when told to. */
final class LpApplication extends ApplicationAdapter {
    private final Lp lp;
    private final String name;
    private final Map<String, Integer> received = new TreeMap<>();
    /** {@code accept}, {@code refuse} (Logout instead of a Logon), {@code close} (no word), {@code logout} (after the Logon). */
    private volatile String logonManner = "accept";
    private volatile String logonText = "";
    private volatile int logoutCount = 1;

    LpApplication(Lp lp, String name) {
        this.lp = lp;
        this.name = name;
    }

    void setLogonManner(String manner, String text, int logouts) {
        logonText = text;
        logoutCount = logouts;
        logonManner = manner;
    }

    /** How many messages of each type came. */
    Map<String, Integer> received() {
        synchronized (received) {
            return new TreeMap<>(received);
        }
    }

    @Override
    public void onLogon(SessionID session) {
        Peers.tell("logon", name);
        if (!logonManner.equals("logout")) return;
        for (int i = 0; i < logoutCount; i++) lp.send("5", "58=" + logonText);
    }

    @Override
    public void onLogout(SessionID session) {
        lp.forgetSubscriptions();
        Peers.tell("logout", name);
    }

    @Override
    public void fromAdmin(Message message, SessionID session) throws RejectLogon, FieldNotFound {
        String type = note(message);
        if (type.equals("5")) Peers.tell("logoutReceived", name, "text", message.isSetField(58) ? message.getString(58) : "");
        if (!type.equals("A")) return;
        Map<String, Object> fields = new TreeMap<>();
        message.iterator().forEachRemaining((field) -> fields.put(String.valueOf(field.getTag()), field.getObject()));
        Peers.tell("logonReceived", name, "number", message.getHeader().getInt(34), "fields", fields);
        if (logonManner.equals("refuse")) throw new RejectLogon(logonText);
        if (logonManner.equals("close")) throw new RejectLogon(logonText, false, -1);
    }

    @Override
    public void fromApp(Message message, SessionID session)
        throws FieldNotFound, IncorrectTagValue, UnsupportedMessageType {
        String type = note(message);
        if (type.equals("V")) lp.onMarketDataRequest(message);
        else throw new UnsupportedMessageType();
    }

    private String note(Message message) throws FieldNotFound {
        String type = message.getHeader().getString(35);
        synchronized (received) {
            received.merge(type, 1, Integer::sum);
        }
        return type;
    }
}
