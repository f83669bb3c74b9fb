import type { RandomSource } from "../runtime/clock.ts";
import { ArgumentReader } from "./argument-reader.ts";
import { DEMO_VENUES, DEMO_VENUES_KNOWN } from "./dialect-registry.ts";

const DEFAULT_RATE = 300;
const MAX_RATE = 1_000_000;
const MAX_SECONDS = 365 * 24 * 3600;
const MAX_SPEED = 10_000;
const SINKS = ["sqlite", "discard"] as const;

/** What `demo` was asked to show. */
export interface DemoOptions {
  /** End by itself after so long; null: at Ctrl-C (or, with a recording, when it has been played). */
  readonly seconds: number | null;
  /** Quotes per second over all venues, or `full`. */
  readonly ratePerSecond: number | "full";
  readonly venues: readonly string[];
  /** A recording to play instead of the random walks; then `venues` is its venue. */
  readonly replayFile: string | null;
  /** The recording's venue where the file does not tell; null: it tells. */
  readonly replayVenue: string | null;
  readonly speed: number | "full";
  readonly seed: number;
  /** Lines instead of a live board. */
  readonly isPlain: boolean;
  readonly hasFaults: boolean;
  readonly sink: (typeof SINKS)[number];
}

const OTHER_VENUES = DEMO_VENUES_KNOWN.filter((venue) => !DEMO_VENUES.includes(venue));

/** The options as `help` shows them. */
export const DEMO_USAGE = `edge-ingester demo [options]: the real pipeline against loopback venues, with no outside service
  --seconds N       end by itself after N seconds
  --rate N|full     quotes per second over all venues (${DEFAULT_RATE})
  --venue A,B       only these venues (${DEMO_VENUES.join(",")}; also ${OTHER_VENUES.join(",")})
  --replay FILE     play a recording (cryptofeed or JSON lines, .gz too); --venue names its venue where the file does not tell
  --speed N|full    how fast a recording plays (1)
  --seed N          same seed, same quotes; printed at start
  --faults          disconnects, gaps, silence and refusals now and then
  --sink NAME       ${SINKS.join(" or ")} (${SINKS[0]})
  --plain           lines instead of a live board
`;

/**
 * Reads the arguments behind `demo`.
 *
 * @throws IngestError `config_invalid` that names every problem
 */
export function parseDemoArguments(argv: readonly string[], random: RandomSource): DemoOptions {
  const reader = new ArgumentReader("demo", argv, {
    values: ["seconds", "rate", "venue", "replay", "speed", "seed", "sink"],
    flags: ["plain", "faults"],
  });
  const venues = [...new Set(reader.list("venue"))];
  for (const venue of venues) {
    if (DEMO_VENUES_KNOWN.includes(venue)) continue;
    reader.reject(`there is no venue '${venue}' to simulate: wanted ${DEMO_VENUES_KNOWN.join(", ")}`);
  }
  const replayFile = reader.text("replay");
  if (replayFile !== null && venues.length > 1) reader.reject("a recording is of one venue, but --venue names several");
  if (replayFile === null && reader.text("speed") !== null)
    reader.reject("--speed is for recordings: it needs --replay");
  if (replayFile !== null && reader.text("rate") !== null) reader.reject("--rate is not for recordings: use --speed");
  const sink = reader.text("sink") ?? SINKS[0];
  if (!isSink(sink)) reader.reject(`--sink must be ${SINKS.join(" or ")}: it is '${sink}'`);
  const options: DemoOptions = {
    seconds: reader.number("seconds", { above: 0, max: MAX_SECONDS }),
    ratePerSecond: reader.numberOrFull("rate", { above: 0, max: MAX_RATE }) ?? DEFAULT_RATE,
    venues: venues.length === 0 ? DEMO_VENUES : venues,
    replayFile,
    replayVenue: replayFile === null ? null : (venues[0] ?? null),
    speed: reader.numberOrFull("speed", { above: 0, max: MAX_SPEED }) ?? 1,
    seed: reader.seed(random),
    isPlain: reader.hasFlag("plain"),
    hasFaults: reader.hasFlag("faults"),
    sink: isSink(sink) ? sink : SINKS[0],
  };
  reader.finish();
  return options;
}

function isSink(text: string): text is DemoOptions["sink"] {
  return (SINKS as readonly string[]).includes(text);
}
