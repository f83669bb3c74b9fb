package peer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** Books that change by seeded chance: bids below a fixed middle, offers above it, so that they are never crossed. */
final class Market {
    static final char BID = '0';
    static final char OFFER = '1';
    static final char NEW = '0';
    static final char CHANGE = '1';
    static final char DELETE = '2';

    /** Prices of one side: this many ticks of 0.00001 away from the middle at most. */
    private static final int TICKS_PER_SIDE = 400;
    private static final int MIDDLE_TICKS = 112_000;

    /** One entry of a book. */
    static final class Entry {
        final char side;
        /** MDEntryID (278); empty in a market without. */
        String id;
        String price;
        String size;

        Entry(char side, String id, String price, String size) {
            this.side = side;
            this.id = id;
            this.price = price;
            this.size = size;
        }

        String key() {
            return id.isEmpty() ? side + price : id;
        }

        @Override
        public String toString() {
            return side + "|" + id + "|" + price + "|" + size;
        }
    }

    /** One step of one book. */
    record Change(String symbol, char action, Entry entry, String refId) {
    }

    private final Random random;
    private final int depth;
    private final boolean hasIds;
    private final boolean renames;
    private final List<String> symbols;
    private final Map<String, Map<String, Entry>> books = new LinkedHashMap<>();
    private long lastId;

    /** @param renames whether some changes give the entry a new id, the old one in MDEntryRefID (280) */
    Market(Command command) {
        random = new Random(command.number("seed"));
        depth = command.number("depth", 10);
        hasIds = command.flag("ids");
        renames = command.flag("renames");
        symbols = List.of(command.text("symbols").split(","));
        for (String symbol : symbols) {
            Map<String, Entry> book = new LinkedHashMap<>();
            books.put(symbol, book);
            while (count(book, BID) < depth / 2) add(book, BID);
            while (count(book, OFFER) < depth / 2) add(book, OFFER);
        }
    }

    boolean has(String symbol) {
        return books.containsKey(symbol);
    }

    Iterable<Entry> entries(String symbol) {
        return books.get(symbol).values();
    }

    /** Takes away every entry of a symbol. */
    void clear(String symbol) {
        books.get(symbol).clear();
    }

    /** Any of the symbols. */
    String anySymbol() {
        return symbols.get(random.nextInt(symbols.size()));
    }

    int anyUpTo(int max) {
        return 1 + random.nextInt(max);
    }

    /** Changes one entry of the symbol's book and says how. */
    Change step(String symbol) {
        Map<String, Entry> book = books.get(symbol);
        char side = random.nextBoolean() ? BID : OFFER;
        int count = count(book, side);
        int chance = random.nextInt(100);
        if (count == 0 || (count < depth && chance < 25)) return new Change(symbol, NEW, copy(add(book, side)), "");
        Entry entry = any(book, side);
        if (chance < 50) {
            book.remove(entry.key());
            return new Change(symbol, DELETE, entry, "");
        }
        return change(symbol, book, entry);
    }

    /** All books, each entry as {@code side|id|price|size}, in order of that text. */
    Map<String, List<String>> dump() {
        Map<String, List<String>> dump = new TreeMap<>();
        books.forEach((symbol, book) -> {
            List<String> lines = new ArrayList<>();
            for (Entry entry : book.values()) lines.add(entry.toString());
            lines.sort(null);
            dump.put(symbol, lines);
        });
        return dump;
    }

    private Change change(String symbol, Map<String, Entry> book, Entry entry) {
        entry.size = anySize();
        if (!hasIds) return new Change(symbol, CHANGE, copy(entry), "");
        if (random.nextBoolean()) entry.price = anyPrice(entry.side);
        if (!renames || random.nextInt(4) > 0) return new Change(symbol, CHANGE, copy(entry), "");
        String before = entry.id;
        book.remove(before);
        entry.id = nextId();
        book.put(entry.id, entry);
        return new Change(symbol, CHANGE, copy(entry), before);
    }

    private Entry add(Map<String, Entry> book, char side) {
        String price = anyPrice(side);
        while (!hasIds && book.containsKey(side + price)) price = anyPrice(side);
        Entry entry = new Entry(side, hasIds ? nextId() : "", price, anySize());
        book.put(entry.key(), entry);
        return entry;
    }

    private Entry any(Map<String, Entry> book, char side) {
        int left = random.nextInt(count(book, side));
        for (Entry entry : book.values()) {
            if (entry.side == side && left-- == 0) return entry;
        }
        throw new IllegalStateException("no entry");
    }

    private static int count(Map<String, Entry> book, char side) {
        int count = 0;
        for (Entry entry : book.values()) if (entry.side == side) count++;
        return count;
    }

    private static Entry copy(Entry entry) {
        return new Entry(entry.side, entry.id, entry.price, entry.size);
    }

    private String nextId() {
        return "E" + ++lastId;
    }

    private String anyPrice(char side) {
        int away = 1 + random.nextInt(TICKS_PER_SIDE);
        String ticks = String.valueOf(MIDDLE_TICKS + (side == BID ? -away : away));
        int point = ticks.length() - 5;
        return ticks.substring(0, point) + "." + ticks.substring(point);
    }

    /** Whole sizes, and now and then one with decimals that end in 0: text must come through as it stands. */
    private String anySize() {
        int lots = 1 + random.nextInt(90);
        return random.nextInt(8) == 0 ? lots + ".50" : lots + "00000";
    }
}
