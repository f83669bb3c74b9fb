import { sanitizeText } from "./sanitize-text.ts";

/** JSON whose every string is without secrets and control characters. */
export function jsonResponse(status: number, body: object, redact: (text: string) => string): Response {
  const clean = (_name: string, value: unknown) => (typeof value === "string" ? sanitizeText(redact(value)) : value);
  return respond(status, `${JSON.stringify(body, clean, 2)}\n`, { "Content-Type": "application/json; charset=utf-8" });
}

/** Plain text. */
export function textResponse(status: number, text: string, headers: Record<string, string> = {}): Response {
  return respond(status, text, { "Content-Type": "text/plain; charset=utf-8", ...headers });
}

/** An answer that no cache keeps and no browser takes for anything else than it is. */
export function respond(status: number, body: string, headers: Record<string, string>): Response {
  return new Response(body, {
    status,
    headers: {
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      "Content-Security-Policy": "default-src 'none'",
      ...headers,
    },
  });
}
