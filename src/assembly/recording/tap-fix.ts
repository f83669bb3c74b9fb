import type { BooksWrapper, SessionBooks } from "../../adapters/fix/session-books.ts";
import type { FixFrame } from "../../fix/fix-frame.ts";
import type { RecordedBytes, RecordedStep } from "./recording-format.ts";
import { toRecordedBytes } from "./recording-format.ts";

/** Where the steps go, and who numbers the sessions. */
interface BooksTap {
  write(step: RecordedStep): void;
  open(instruments: Parameters<BooksWrapper>[1]["instruments"], epoch: number): number;
}

/** Tells all that shapes the books of a FIX feed: messages of market data, requests, distrust. */
export function tapBooks(tap: BooksTap): BooksWrapper {
  return (books, { instruments, epoch }) => tapSession(books, tap.open(instruments, epoch), tap);
}

function tapSession(books: SessionBooks, decoder: number, { write }: BooksTap): SessionBooks {
  return {
    get heals() {
      return books.heals;
    },
    isTrusted: (symbol) => books.isTrusted(symbol),
    apply(message, frame, timeUs) {
      write({ kind: "frame", decoder, timeUs, ...bytesOf(frame) });
      books.apply(message, frame, timeUs);
    },
    cancelAll(symbol, arrival) {
      const timeUs = arrival.receivedTimeUs;
      write({ kind: "cancel", decoder, timeUs, symbol, entry: null, ...bytesOf(arrival.frame) });
      books.cancelAll(symbol, arrival);
    },
    cancelEntry(symbol, id, arrival) {
      const timeUs = arrival.receivedTimeUs;
      const entry = Buffer.from(id).toString("base64");
      write({ kind: "cancel", decoder, timeUs, symbol, entry, ...bytesOf(arrival.frame) });
      books.cancelEntry(symbol, id, arrival);
    },
    bindRequest(request, symbols) {
      write({ kind: "bind", decoder, request, symbols: [...symbols] });
      books.bindRequest(request, symbols);
    },
    unbindRequest(request) {
      write({ kind: "unbind", decoder, request });
      books.unbindRequest(request);
    },
    distrust(symbol, reason) {
      write({ kind: "distrust", decoder, symbol, reason });
      books.distrust(symbol, reason);
    },
    distrustAll(reason) {
      write({ kind: "distrust", decoder, symbol: null, reason });
      books.distrustAll(reason);
    },
  };
}

function bytesOf({ bytes, start, end }: FixFrame): RecordedBytes {
  return toRecordedBytes(bytes.subarray(start, end));
}
