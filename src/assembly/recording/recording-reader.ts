import { createReadStream } from "node:fs";
import { createZstdDecompress } from "node:zlib";
import { isFeedName } from "../../config/feed-names.ts";
import { IngestError } from "../../domain/ingest-error.ts";
import { RECORDING_FORMAT, RECORDING_VERSION, type RecordedStep, type RecordingHeader } from "./recording-format.ts";

/** Longest line taken, characters: the largest message a venue's profile may allow, escaped. */
const LINE_CHARACTERS_MAX = 256 * 1024 * 1024;

/**
 * The lines of a recording, one after the other; reads no faster than they are taken.
 * @throws IngestError when the file cannot be read, or is no recording
 */
export async function* readRecording(path: string): AsyncGenerator<RecordingHeader | RecordedStep, void, undefined> {
  let isFirst = true;
  for await (const line of linesOf(path)) {
    const step = parseLine(path, line);
    if (isFirst) checkHeader(path, step);
    isFirst = false;
    yield step;
  }
  if (isFirst) throw notOurs(path);
}

/**
 * The header of a recording.
 * @throws IngestError when the file cannot be read, or is no recording
 */
export async function readRecordingHeader(path: string): Promise<RecordingHeader> {
  for await (const step of readRecording(path)) if (step.kind === "header") return step;
  throw notOurs(path);
}

async function* linesOf(path: string): AsyncGenerator<string, void, undefined> {
  const file = createReadStream(path);
  const text = createZstdDecompress();
  // `pipe` passes no errors on.
  file.on("error", (error) => text.destroy(error));
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for await (const chunk of file.pipe(text)) {
      const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > LINE_CHARACTERS_MAX) throw new Error("a line is too long");
      yield* lines;
    }
  } catch (cause) {
    const code = (cause as { code?: unknown }).code;
    const why = code === "ENOENT" ? "there is no such file" : String(code ?? cause);
    throw new IngestError(`Cannot read the recording '${path}': ${why}`, {
      code: "config_invalid",
      retry: "never",
      cause,
    });
  } finally {
    file.destroy();
  }
}

function parseLine(path: string, line: string): RecordingHeader | RecordedStep {
  try {
    const step: unknown = JSON.parse(line);
    if (typeof step === "object" && step !== null && "kind" in step) return step as RecordedStep;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw notOurs(path);
}

function checkHeader(path: string, step: RecordingHeader | RecordedStep): void {
  if (step.kind !== "header" || step.format !== RECORDING_FORMAT || !isWhole(step)) throw notOurs(path);
  if (step.version === RECORDING_VERSION) return;
  throw new IngestError(`Cannot read the recording '${path}': its version must be ${RECORDING_VERSION}`, {
    code: "config_invalid",
    retry: "never",
  });
}

/** A recording may come from anywhere. */
function isWhole({ feed, variables, files }: RecordingHeader): boolean {
  const isTexts = (value: unknown) =>
    typeof value === "object" && value !== null && Object.values(value).every((one) => typeof one === "string");
  return typeof feed === "string" && isFeedName(feed) && isTexts(variables) && isTexts(files);
}

function notOurs(path: string): IngestError {
  return new IngestError(`Cannot read the recording '${path}': it was not written by 'edge-ingester record'`, {
    code: "config_invalid",
    retry: "never",
  });
}
