package peer;

import java.util.List;
import quickfix.Group;
import quickfix.Message;

/** W, X and Y of FIX 4.4, field by field: the typed classes know neither 278 in W nor inherited symbols. */
final class MarketDataMessages {
    private static final int[] SNAPSHOT_ORDER = {269, 278, 270, 271, 0};
    private static final int[] INCREMENT_ORDER = {279, 269, 278, 280, 55, 270, 271, 0};

    private MarketDataMessages() {
    }

    /** MarketDataSnapshotFullRefresh (W). */
    static Message snapshot(String requestId, String symbol, Iterable<Market.Entry> entries) {
        Message message = ofType("W");
        message.setString(262, requestId);
        message.setString(55, symbol);
        boolean isEmpty = true;
        for (Market.Entry entry : entries) {
            Group group = new Group(268, 269, SNAPSHOT_ORDER);
            group.setString(269, String.valueOf(entry.side));
            if (!entry.id.isEmpty()) group.setString(278, entry.id);
            group.setString(270, entry.price);
            group.setString(271, entry.size);
            message.addGroup(group);
            isEmpty = false;
        }
        if (isEmpty) message.setInt(268, 0);
        return message;
    }

    /** MarketDataIncrementalRefresh (X); an entry of the symbol before it does not repeat the symbol. */
    static Message increment(String requestId, List<Market.Change> changes) {
        Message message = ofType("X");
        message.setString(262, requestId);
        String symbolBefore = "";
        for (Market.Change change : changes) {
            Group group = new Group(268, 279, INCREMENT_ORDER);
            Market.Entry entry = change.entry();
            boolean isKeyedById = !entry.id.isEmpty();
            group.setString(279, String.valueOf(change.action()));
            group.setString(269, String.valueOf(entry.side));
            if (isKeyedById) group.setString(278, entry.id);
            if (!change.refId().isEmpty()) group.setString(280, change.refId());
            if (!change.symbol().equals(symbolBefore)) group.setString(55, change.symbol());
            symbolBefore = change.symbol();
            boolean isBare = change.action() == Market.DELETE && isKeyedById;
            if (!isBare) group.setString(270, entry.price);
            if (change.action() != Market.DELETE) group.setString(271, entry.size);
            message.addGroup(group);
        }
        return message;
    }

    /** MarketDataRequestReject (Y) for a symbol nobody has heard of. */
    static Message unknownSymbol(String requestId, String symbol) {
        Message message = ofType("Y");
        message.setString(262, requestId);
        message.setString(281, "0");
        message.setString(58, "Unknown symbol " + symbol);
        return message;
    }

    /** A message of this type with these fields, {@code tag=value} separated by SOH; the header is the session's. */
    static Message plain(String type, String fields) {
        Message message = ofType(type);
        for (String field : fields.split("\001")) {
            int equals = field.indexOf('=');
            if (equals > 0) message.setString(Integer.parseInt(field.substring(0, equals)), field.substring(equals + 1));
        }
        return message;
    }

    private static Message ofType(String type) {
        Message message = new Message();
        message.getHeader().setString(8, "FIX.4.4");
        message.getHeader().setString(35, type);
        return message;
    }
}
