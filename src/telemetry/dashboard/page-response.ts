import { bundlePage } from "./page-bundle.ts" with { type: "macro" };

const PAGE = bundlePage();
const GZIPPED = Buffer.from(PAGE.gzipBase64, "base64");
const ETAG = `"${PAGE.id}"`;

/** Names the page that is served. */
export const PAGE_ID = PAGE.id;

/** The dashboard's page, as it lies in the binary: compressed, with the policy that lets nothing in from outside. */
export function pageResponse(request: Request): Response {
  const headers = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": PAGE.contentSecurityPolicy,
    "Cache-Control": "no-cache",
    ETag: ETAG,
    Vary: "Accept, Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
  };
  if (request.headers.get("if-none-match") === ETAG) return new Response(null, { status: 304, headers });
  const takesGzip = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(request.headers.get("accept-encoding") ?? "");
  if (!takesGzip) return new Response(Bun.gunzipSync(GZIPPED), { headers });
  return new Response(GZIPPED, { headers: { ...headers, "Content-Encoding": "gzip" } });
}
