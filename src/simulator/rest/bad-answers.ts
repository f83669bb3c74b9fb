import type { HttpReply } from "./http-reply.ts";

/** Kinds of answers no honest venue gives. */
export const BAD_ANSWERS = ["truncated", "html", "redirect", "bomb", "not_gzip", "empty", "error"] as const;

/** See {@link BAD_ANSWERS}. */
export type BadAnswer = (typeof BAD_ANSWERS)[number];

/** What the bomb inflates to, bytes. */
const BOMB_BYTES = 64 * 1024 * 1024;

let bomb: Uint8Array | null = null;

/** A bad answer in place of a good one. */
export function spoilReply(reply: HttpReply, kind: BadAnswer): HttpReply {
  const { headers } = reply;
  switch (kind) {
    case "truncated": {
      const bytes = Buffer.from(reply.body as string);
      return { ...reply, body: bytes.subarray(0, bytes.length >> 1) };
    }
    case "html":
      return { status: 200, headers: { "Content-Type": "text/html" }, body: "<html>Back soon</html>" };
    case "redirect":
      return { status: 302, headers: { Location: "https://elsewhere.invalid/" }, body: "" };
    case "bomb":
      bomb ??= Bun.gzipSync(Buffer.alloc(BOMB_BYTES, " "));
      return { status: 200, headers: { ...headers, "Content-Encoding": "gzip" }, body: bomb };
    case "not_gzip":
      return { ...reply, headers: { ...headers, "Content-Encoding": "gzip" } };
    case "empty":
      return { ...reply, body: "" };
    case "error":
      return { status: 503, headers: { "Content-Type": "text/plain" }, body: "Service Unavailable" };
  }
}
