import { hostname } from "node:os";
import type { Log } from "../../domain/log.ts";
import { jsonResponse, textResponse } from "../admin-responses.ts";
import { type OwnNames, whyRefused } from "../dashboard/same-site.ts";
import { AdminAccess, type OperatorToken } from "./admin-access.ts";
import type { ControlOutcome, FeedControl } from "./feed-control.ts";
import { isControlPath, readRequest } from "./read-request.ts";

/** What the desk needs. */
export interface ControlDeskOptions {
  readonly control: FeedControl;
  readonly tokens: readonly OperatorToken[];
  /** Where the admin server listens. */
  readonly adminHost: string;
  /** True when only this machine can reach it: then reading needs no token. */
  readonly isLoopback: boolean;
  readonly redact: (text: string) => string;
  readonly log: Log;
}

/** Longest list of symbols in a log line, characters. */
const LIST_CHARACTERS_MAX = 1024;

const STATUS_OF: Readonly<Record<ControlOutcome["kind"], number>> = { done: 200, unknown: 404, refused: 409 };

/** Pages that say too little to need a token, and are asked by machines that have none. */
const OPEN_PAGES: ReadonlySet<string> = new Set(["/healthz", "/readyz"]);

/** Takes requests to change something: knows who asks, refuses strangers, and logs every change with who asked. */
export class ControlDesk {
  readonly #options: ControlDeskOptions;
  readonly #access: AdminAccess;
  readonly #own: OwnNames;

  constructor(options: ControlDeskOptions) {
    this.#options = options;
    this.#access = new AdminAccess(options.tokens);
    this.#own = { adminHost: options.adminHost, machineName: hostname() };
  }

  /** From the next request on these are the tokens. */
  setTokens(tokens: readonly OperatorToken[]): void {
    this.#access.setTokens(tokens);
  }

  /** Why a page is not shown, or null when it is. */
  refuseReading(request: Request, path: string): Response | null {
    const isOpen = this.#options.isLoopback || OPEN_PAGES.has(path);
    return isOpen || this.#access.callerOf(request.headers).kind === "known" ? null : askForToken();
  }

  /** The answer to a request to change something; null when the path is none of that kind. */
  async answer(request: Request, path: string, address: string): Promise<Response | null> {
    if (!isControlPath(path)) return null;
    const { control, redact, log } = this.#options;
    const strange = whyRefused(request.headers, this.#own);
    if (strange !== null) {
      log.warn({ path, address, reason: strange }, "control_refused");
      return textResponse(403, `Refused: ${strange}\n`);
    }
    const caller = this.#access.callerOf(request.headers);
    if (caller.kind === "unknown") {
      log.warn({ path, address, reason: "no valid token" }, "control_refused");
      return askForToken();
    }
    if (request.method !== "POST") return textResponse(405, "Method not allowed\n", { Allow: "POST" });
    const read = readRequest(path, await request.text());
    if (read.kind === "bad") return textResponse(400, `Bad request: ${read.message}\n`);
    const outcome = await control.apply(read.feed, read.request);
    const who = { address, token: caller.name };
    const what = logFields({ source: read.feed, ...read.request });
    if (outcome.kind === "done") log.info({ ...what, ...logFields(outcome.facts), ...who }, "control_applied");
    else log.warn({ ...what, ...who, reason: outcome.message }, "control_refused");
    const body = outcome.kind === "done" ? outcome.facts : { message: outcome.message };
    return jsonResponse(STATUS_OF[outcome.kind], { feed: read.feed, action: read.request.action, ...body }, redact);
  }
}

/** Lists as text, as a log line holds no list, and no longer than a line may be. */
function logFields(fields: Readonly<Record<string, string | number | readonly string[]>>) {
  const texts = Object.entries(fields).map(([name, value]) => {
    return [name, typeof value === "object" ? value.join(",").slice(0, LIST_CHARACTERS_MAX) : value];
  });
  return Object.fromEntries(texts) as Record<string, string | number>;
}

/** `Basic` as well, so that a browser asks for it. */
function askForToken(): Response {
  const headers = { "WWW-Authenticate": 'Bearer realm="edge-ingester", Basic realm="edge-ingester"' };
  return textResponse(401, "A token is needed: Authorization: Bearer TOKEN\n", headers);
}
