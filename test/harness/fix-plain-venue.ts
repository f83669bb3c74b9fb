import type { CompiledFixVenue, FixField, FixRequest } from "../../src/venues/compiled-fix-venue.ts";

/** What a test may want different from the plain venue. */
export interface PlainFixVenueOptions {
  readonly limits?: Partial<CompiledFixVenue["limits"]>;
  readonly logon?: Partial<CompiledFixVenue["logon"]>;
  readonly marketData?: Partial<CompiledFixVenue["marketData"]>;
  readonly book?: Partial<CompiledFixVenue["book"]>;
  readonly stream?: CompiledFixVenue["stream"];
  readonly hasOneRequest?: boolean;
  /** The LP knows no 263=2. */
  readonly cannotUnsubscribe?: boolean;
}

/** A venue as FIX 4.4 has it, without any LP's habits: V with 262, 263, 264, 265, 267 and 146; entries with ids. */
export function createPlainFixVenue(options: PlainFixVenueOptions = {}): CompiledFixVenue {
  const limits = {
    symbolsPerConnection: 1000,
    symbolsPerRequest: 1,
    messageSpacingMs: 0,
    connects: { count: 1000, windowMs: 1000 },
    maxMessageBytes: 65_536,
    maxSessionMs: 0,
    deadAfterMs: 60_000,
    staleAfterMs: 30_000,
    ...options.limits,
  };
  return {
    name: "plain",
    description: "FIX 4.4 as written",
    transport: "fix",
    beginString: "FIX.4.4",
    limits,
    sequence: { kind: "none", isEqualDuplicate: true, resetValue: null, onGap: "continue" },
    logon: { reset: "logon", fields: [], signature: null, refusedWords: ["password", "compid"], ...options.logon },
    stream: options.stream ?? "market-data",
    ...(options.hasOneRequest === undefined ? {} : { hasOneRequest: options.hasOneRequest }),
    marketData: {
      symbolTag: 55,
      requestIdTag: options.stream === "quote" ? 131 : 262,
      time: "sendingTime",
      levelTag: 0,
      hasRptSeq: false,
      quoteKey: "symbol",
      ...options.marketData,
    },
    book: { key: "id", isOneQuotePerSide: false, entriesMax: 1000, crossed: "distrust", ...options.book },
    subscribeTimeoutMs: 2000,
    maxClockSkewMs: 0,
    wireSymbol: (symbol) => symbol,
    subscribeRequests: (symbols, { depth, nextId }) => {
      const requests: FixRequest[] = [];
      for (let first = 0; first < symbols.length; first += limits.symbolsPerRequest) {
        const named = symbols.slice(first, first + limits.symbolsPerRequest);
        requests.push(request(nextId(), named, { depth, stream: options.stream ?? "market-data" }));
      }
      return requests;
    },
    unsubscribeRequest: (asked) => {
      if (options.cannotUnsubscribe === true) return null;
      return { ...asked, fields: asked.fields.map((field): FixField => (field[0] === 263 ? [263, "2"] : field)) };
    },
  };
}

function request(
  id: string,
  symbols: readonly string[],
  { depth, stream }: { depth: number; stream: CompiledFixVenue["stream"] },
): FixRequest {
  const named: FixField[] = [[146, String(symbols.length)], ...symbols.map((symbol): FixField => [55, symbol])];
  if (stream === "quote") return { msgType: "R", id, symbols, fields: [[131, id], ...named] };
  const fields: FixField[] = [
    [262, id],
    [263, "1"],
    [264, String(depth)],
    [265, "1"],
    [267, "2"],
    [269, "0"],
    [269, "1"],
    ...named,
  ];
  return { msgType: "V", id, symbols, fields };
}
