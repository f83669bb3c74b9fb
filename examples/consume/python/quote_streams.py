"""What is known of each stream of quotes: enough to tell a new quote from a duplicate, and a hole from a quiet market."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field

# Streams remembered: one per source, symbol and session; of the rest the one unused for longest is forgotten.
STREAMS_MAX = 100_000
# Holes and drops remembered per stream, the newest.
RANGES_MAX = 100
# Why of a hole that may as well be older than what we have read, or than what the topic keeps.
BEFORE = "before"


@dataclass
class Stream:
    last: int = 0
    # Our numbers that were never seen, and those an event says were dropped: (from, to, why).
    holes: list = field(default_factory=list)
    dropped: deque = field(default_factory=lambda: deque(maxlen=RANGES_MAX))


class QuoteStreams:
    def __init__(self, tell):
        self._tell = tell
        self._streams = OrderedDict()
        # (source, symbol) of every stream there was.
        self._known = set()
        # Sources that lost quotes nobody can number any more (a damaged disk), and why.
        self._unnumbered = {}

    def take(self, source, symbol, session, seq):
        """True when the quote is new. Any quotes topic, any order between topics; within one, numbers only rise."""
        stream = self._stream(source, symbol, session)
        names = {"source": source, "symbol": symbol, "session": session}
        if seq > stream.last:
            why = BEFORE if stream.last == 0 and (source, symbol) not in self._known else ""
            if stream.last == 0:
                self._tell({"found": "session", **names})
            if seq > stream.last + 1:
                stream.holes = [*stream.holes, (stream.last + 1, seq - 1, why)][-RANGES_MAX:]
            stream.last = seq
            self._known.add((source, symbol))
            return True
        # From the backfill topic: what came later was read first.
        for at, (start, end, why) in enumerate(stream.holes):
            if start <= seq <= end:
                rest = [(start, seq - 1, why), (seq + 1, end, why)]
                stream.holes[at : at + 1] = [piece for piece in rest if piece[0] <= piece[1]]
                return True
        self._tell({"found": "duplicate", **names, "seq": seq})
        return False

    def dropped(self, event, session):
        """A `market-data.dropped` event; `session` is the payload's, or else the metadata's."""
        if "symbol" not in event or "fromSequence" not in event:
            self._unnumbered[event["source"]] = event["reason"]
            return
        stream = self._stream(event["source"], event["symbol"], session)
        stream.dropped.append((event["fromSequence"], event["toSequence"], event["reason"]))

    def tell_holes(self):
        """Tells of every hole that is still open: which numbers, and why."""
        for (source, symbol, session), stream in self._streams.items():
            unnumbered = self._unnumbered.get(source) or self._unnumbered.get("*")
            unknown = f"perhaps {unnumbered}" if unnumbered else "unknown"
            for start, end, why in stream.holes:
                for piece in explain((start, end, why or unknown), stream.dropped):
                    if piece[2] != BEFORE:
                        names = {"source": source, "symbol": symbol, "session": session}
                        self._tell({"found": "hole", **names, "from": piece[0], "to": piece[1], "why": piece[2]})

    def _stream(self, source, symbol, session):
        key = (source, symbol, session)
        stream = self._streams.setdefault(key, Stream())
        self._streams.move_to_end(key)
        if len(self._streams) > STREAMS_MAX:
            self._streams.popitem(last=False)
        return stream


def explain(hole, dropped):
    """The hole in pieces: those an event tells of with its reason, and the rest."""
    explained, rest = [], [hole]
    for start, end, reason in dropped:
        pieces, rest = rest, []
        for piece_start, piece_end, why in pieces:
            first, last = max(start, piece_start), min(end, piece_end)
            if first > last:
                rest.append((piece_start, piece_end, why))
                continue
            explained.append((first, last, reason))
            around = [(piece_start, first - 1, why), (last + 1, piece_end, why)]
            rest += [piece for piece in around if piece[0] <= piece[1]]
    return sorted(explained + rest)
