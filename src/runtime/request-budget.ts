import type { Clock, Timer } from "./clock.ts";
import { type BudgetWindow, RequestWindow, type WindowStatus, type WindowUsage } from "./request-window.ts";

/** What a venue's own headers say of one window. */
export interface UsageReport extends WindowUsage {
  /** Which window: one that was declared. */
  readonly window: BudgetWindow;
}

/** What somebody wants to do. */
export interface PermitRequest {
  readonly weight: number;
  /** Longest wait that makes sense, ms: beyond it the answer is `held`. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

/** May it be done? */
export type Permit =
  | { readonly kind: "granted" }
  | { readonly kind: "aborted" }
  /** Not for `waitMs` at least. */
  | { readonly kind: "held"; readonly waitMs: number; readonly reason: string };

/** Where the budget of one host stands: a snapshot. */
export interface HostBudgetStatus {
  readonly host: string;
  /** ms for which nothing is sent; 0 when nothing is in the way. */
  readonly blockedForMs: number;
  /** Why; empty when nothing is. */
  readonly blockReason: string;
  readonly waiting: number;
  readonly windows: readonly WindowStatus[];
}

interface Waiter {
  readonly weight: number;
  /** Monotonic ms by which its patience is over. */
  readonly deadlineMs: number;
  readonly finish: (permit: Permit) => void;
}

/** The state of one host. Hosts come from the configuration, so their number is bounded. */
interface HostBudget {
  readonly windows: RequestWindow[];
  /** In order of asking; each session waits with one request at most. */
  readonly waiters: Waiter[];
  blockedUntilMs: number;
  blockReason: string;
  timer: Timer | null;
}

const GRANTED: Permit = { kind: "granted" };
const ABORTED: Permit = { kind: "aborted" };

/**
 * Shares out what a venue allows one address: one budget per host for the whole process, whoever asks (polls of all feeds, and
 * connections where a venue counts both), first come first served. It spends no faster than the venue's windows allow,
 * slows down as the venue's own counters run full, and keeps still while the venue wants it. On the monotonic clock.
 */
export class RequestBudget {
  readonly #clock: Clock;
  readonly #hosts = new Map<string, HostBudget>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Makes windows of a host known; a window that is known already is the same one. A host without any is not limited. */
  declare(host: string, windows: readonly BudgetWindow[]): void {
    const budget = this.#budgetOf(host);
    for (const window of windows) {
      const isKnown = budget.windows.some((known) => known.isSame(window));
      if (!isKnown) budget.windows.push(new RequestWindow(window, this.#clock.monotonicMs()));
    }
  }

  /** Resolves when the weight may be spent (it then is), or when it is clear that it may not be. Never rejects. */
  acquire(host: string, { weight, patienceMs, signal }: PermitRequest): Promise<Permit> {
    if (signal.aborted) return Promise.resolve(ABORTED);
    const budget = this.#budgetOf(host);
    return new Promise((resolve) => {
      const deadlineMs = this.#clock.monotonicMs() + patienceMs;
      const waiter: Waiter = { weight, deadlineMs, finish };
      const leave = () => {
        budget.waiters.splice(budget.waiters.indexOf(waiter), 1);
        finish(ABORTED);
        this.#serve(budget);
      };
      function finish(permit: Permit): void {
        signal.removeEventListener("abort", leave);
        resolve(permit);
      }
      signal.addEventListener("abort", leave, { once: true });
      budget.waiters.push(waiter);
      this.#serve(budget);
    });
  }

  /** Takes in what the venue's headers say. */
  report(host: string, { window, used, limit, resetsInMs }: UsageReport): void {
    const budget = this.#budgetOf(host);
    const known = budget.windows.find((each) => each.isSame(window));
    known?.report({ used, limit, resetsInMs }, this.#clock.monotonicMs());
    this.#serve(budget);
  }

  /** The venue wants us to keep still (429, a ban): nobody gets a permit for so long. The longest of several holds. */
  block(host: string, forMs: number, reason: string): void {
    const budget = this.#budgetOf(host);
    const untilMs = this.#clock.monotonicMs() + forMs;
    if (untilMs <= budget.blockedUntilMs) return;
    budget.blockedUntilMs = untilMs;
    budget.blockReason = reason;
    this.#serve(budget);
  }

  /** ms for which the host is blocked; 0 when it is not. */
  blockedForMs(host: string): number {
    const untilMs = this.#hosts.get(host)?.blockedUntilMs ?? 0;
    return Math.max(0, untilMs - this.#clock.monotonicMs());
  }

  /** Where every known host stands, for status pages and metrics. */
  status(): HostBudgetStatus[] {
    const nowMs = this.#clock.monotonicMs();
    return [...this.#hosts].map(([host, budget]) => {
      const blockedForMs = Math.max(0, budget.blockedUntilMs - nowMs);
      return {
        host,
        blockedForMs,
        blockReason: blockedForMs > 0 ? budget.blockReason : "",
        waiting: budget.waiters.length,
        windows: budget.windows.map((window) => window.status(nowMs)),
      };
    });
  }

  #budgetOf(host: string): HostBudget {
    let budget = this.#hosts.get(host);
    if (budget === undefined) {
      budget = { windows: [], waiters: [], blockedUntilMs: 0, blockReason: "", timer: null };
      this.#hosts.set(host, budget);
    }
    return budget;
  }

  /** Answers whoever can be answered now and arms one timer for the next who can. */
  #serve(budget: HostBudget): void {
    budget.timer?.cancel();
    budget.timer = null;
    const nowMs = this.#clock.monotonicMs();
    while (budget.waiters.length > 0) {
      const waitMs = waitOf(budget, budget.waiters[0].weight, nowMs);
      if (waitMs > 0) {
        this.#letGo(budget, nowMs, waitMs);
        if (budget.waiters.length > 0) this.#arm(budget, nowMs, waitMs);
        return;
      }
      const [first] = budget.waiters.splice(0, 1);
      for (const window of budget.windows) window.spend(first.weight, nowMs);
      first.finish(GRANTED);
    }
  }

  /** Answers those whose patience the wait of the first outlasts. */
  #letGo(budget: HostBudget, nowMs: number, waitMs: number): void {
    const reason = budget.blockedUntilMs > nowMs ? budget.blockReason : "the venue's budget is used up";
    for (const waiter of [...budget.waiters]) {
      if (nowMs + waitMs <= waiter.deadlineMs) continue;
      budget.waiters.splice(budget.waiters.indexOf(waiter), 1);
      waiter.finish({ kind: "held", waitMs, reason });
    }
  }

  #arm(budget: HostBudget, nowMs: number, waitMs: number): void {
    // Those behind the first may run out of patience before its turn comes.
    const deadlineMs = Math.min(...budget.waiters.map((waiter) => waiter.deadlineMs));
    const delayMs = Math.max(1, Math.min(waitMs, deadlineMs - nowMs));
    budget.timer = this.#clock.schedule(delayMs, () => this.#serve(budget));
  }
}

/** ms until so much may be spent; 0 = now. */
function waitOf(budget: HostBudget, weight: number, nowMs: number): number {
  let waitMs = Math.max(0, budget.blockedUntilMs - nowMs);
  for (const window of budget.windows) waitMs = Math.max(waitMs, window.waitMs(weight, nowMs));
  return waitMs;
}
