// A FIX session in a compiled binary: logs on to the port it is given, says what it hears, logs out when it has a quote.
import { connect } from "node:net";
import { loadFixEngine } from "../../../../src/adapters/fix/engine/load-engine.ts";
import { SystemClock } from "../../../../src/runtime/system-clock.ts";

const port = Number(process.argv[2]);
const startedMs = performance.now();
const engine = await loadFixEngine();
const loadMs = performance.now() - startedMs;
const socket = connect({ host: "127.0.0.1", port });
const session = engine.createSession({
  identity: { beginString: "FIX.4.4", sender: "US", target: "LP", senderSub: null, targetSub: null },
  clock: new SystemClock(),
  numbers: { nextOutgoing: 1, nextIncoming: 1 },
  heartbeatS: 30,
  isReset: false,
  logonFields: () => [[553, "user"]],
  maxMessageBytes: 65_536,
  maxClockSkewMs: 120_000,
  dictionaryXml: null,
  plan: {
    symbolTag: 55,
    requestIdTag: 262,
    time: "sendingTime",
    levelTag: 0,
    hasRptSeq: false,
    quoteKey: "symbol",
  },
  listener: {
    onLogon() {
      console.log("logon");
      session.send("V", [[262, "r1"]]);
    },
    onMarketData() {
      console.log("data");
      session.logout("Done");
    },
    onApplication() {},
    onFrame() {},
    onGarbage() {},
    onHole() {},
    onHoleFilled() {},
    onDataLost() {},
    onNumbersReset() {},
    onOursFilledOver() {},
    onEnd(end) {
      console.log(end.kind);
      console.log(JSON.stringify({ loadMs, rssBytes: process.memoryUsage.rss(), failures: session.failures.count }));
      socket.end();
    },
  },
  write: (bytes) => {
    // Borrowed: the socket keeps what it cannot write at once.
    socket.write(bytes.slice());
  },
});
socket.on("connect", () => session.logon());
socket.on("data", (chunk: Buffer) => session.receive(chunk));
