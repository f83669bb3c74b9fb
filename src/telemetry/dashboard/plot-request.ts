import type { PlotRequest } from "./protocol.ts";

/** Feed names are shorter. */
const NAME_CHARS_MAX = 200;

/** What a viewer asks for; null when it is nothing a viewer may ask. */
export function parsePlotRequest(message: string | Buffer): PlotRequest | null {
  let value: unknown;
  try {
    value = JSON.parse(message.toString());
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || !("type" in value) || !("feed" in value)) return null;
  const { type, feed } = value;
  if (type !== "plot") return null;
  if (feed !== null && (typeof feed !== "string" || feed.length > NAME_CHARS_MAX)) return null;
  return { type, feed };
}
