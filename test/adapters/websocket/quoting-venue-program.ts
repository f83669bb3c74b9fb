// Run by stopped-processes.test.ts in a process of its own: a venue that acks everything and quotes symbol A every few
// milliseconds, until it is killed. Prints its URL.
import { FakeVenueServer } from "../../harness/fake-venue-server.ts";

const QUOTE_EVERY_MS = 20;

const server = new FakeVenueServer();
server.onConnection = (connection) => {
  connection.onText = () => connection.send("ACK 0 A");
  const timer = setInterval(() => {
    if (connection.isClosed) clearInterval(timer);
    else connection.send("Q A 1.10 1.20");
  }, QUOTE_EVERY_MS);
};
console.log(server.url);
