"""Reads what the ingester publishes: each quote once, and every hole with its reason. One JSON line per finding.

    python consume.py localhost:9092 orion.market-data.raw orion.market-data.feed-events [--once]

--once: ends when all has been read that was there at the start.
"""

import json
import sys
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from quote_streams import QuoteStreams

TELL_HOLES_EVERY_S = 60
POLL_S = 0.2


def main(brokers, quotes_topic, events_topic, once):
    # Partitions are assigned by hand and no offsets are kept: the state of QuoteStreams begins empty, so the topics are
    # read from their beginning. librdkafka wants a group's name even so.
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "consume-example", "enable.auto.commit": False})
    # BACKFILL=live_first: what waited out an outage is in a topic of its own.
    known = consumer.list_topics(timeout=10).topics
    topics = [topic for topic in (quotes_topic, f"{quotes_topic}.backfill", events_topic) if topic in known]
    places = [TopicPartition(topic, number, OFFSET_BEGINNING) for topic in topics for number in known[topic].partitions]
    unread = {}
    for place in places:
        low, high = consumer.get_watermark_offsets(place, timeout=10)
        if high > low:
            unread[place.topic, place.partition] = high
    consumer.assign(places)

    counts = {"quotes": 0, "duplicates": 0}
    streams = QuoteStreams(tell)
    told_at = time.monotonic()
    while unread or not once:
        message = consumer.poll(POLL_S)
        if time.monotonic() - told_at > TELL_HOLES_EVERY_S:
            told_at = time.monotonic()
            streams.tell_holes()
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        if message.topic() == events_topic:
            on_event(message, streams)
        else:
            counts["quotes" if on_quote(message, streams) else "duplicates"] += 1
        place = (message.topic(), message.partition())
        if place in unread and message.offset() + 1 >= unread[place]:
            del unread[place]
    consumer.close()
    streams.tell_holes()
    tell({"found": "end", **counts})


def on_quote(message, streams):
    headers = headers_of(message)
    names = {name: headers[name] for name in ("source", "symbol", "session")}
    seq = int(headers["seq"])
    if not streams.take(**names, seq=seq):
        return False
    payload, metadata = read(message)
    # Prices are text: Decimal(payload["bidPrice"]) keeps every digit, a float does not.
    tell({"found": "quote", **names, "seq": seq, "bid": payload["bidPrice"], "ask": payload["askPrice"]})
    if "gap" in metadata:
        tell({"found": "gap", **names, "seq": seq, "reasons": metadata["gap"]["reasons"]})
    return True


def on_event(message, streams):
    if headers_of(message)["eventType"] != "market-data.dropped":
        return
    payload, metadata = read(message)
    streams.dropped(payload, payload.get("session", metadata["session"]))


def read(message):
    """Payload and metadata, of KAFKA_VALUE_FORMAT=json as well as of cloudevents."""
    value = json.loads(message.value())
    data = value.get("data", value)
    return data["payload"], data["metadata"]


def headers_of(message):
    return {name: value.decode() for name, value in message.headers()}


def tell(finding):
    print(json.dumps(finding), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:4], once="--once" in sys.argv[4:])
