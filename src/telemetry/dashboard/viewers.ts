/** More are refused: each costs some kB four times a second. */
export const VIEWERS_MAX = 16;
/** What may wait for one viewer; one that has more waiting is skipped until it has read on. */
export const QUEUE_BYTES_MAX = 256 * 1024;
/** A viewer that is skipped so often in a row, a minute, is not coming back. */
const SKIPS_IN_ROW_MAX = 240;
/** What a viewer may ask for between two updates. */
const REQUESTS_PER_UPDATE_MAX = 8;

/** Status of a close: the viewer broke the rules, or did not keep up. */
const POLICY = 1008;
const TRY_LATER = 1013;
const GOING_AWAY = 1001;

/** The part of a WebSocket that is used. */
export interface ViewerSocket {
  send(text: string): number;
  getBufferedAmount(): number;
  close(code: number, reason: string): void;
}

/** The two ways to bring a viewer up to date; each text is made once for all who need it. */
export interface Frames {
  /** For a viewer that is new or has missed something. */
  full(): string;
  update(): string;
}

interface Viewer {
  readonly socket: ViewerSocket;
  needsFull: boolean;
  skipsInRow: number;
  requests: number;
}

/** Those who look at the dashboard. Nothing waits for a slow one but what the socket holds, and that is bounded. */
export class Viewers {
  readonly #viewers = new Map<ViewerSocket, Viewer>();
  /** Updates not sent since the start because a viewer was slow. */
  skippedUpdates = 0;

  get size(): number {
    return this.#viewers.size;
  }

  add(socket: ViewerSocket): void {
    this.#viewers.set(socket, { socket, needsFull: true, skipsInRow: 0, requests: 0 });
  }

  remove(socket: ViewerSocket): void {
    this.#viewers.delete(socket);
  }

  /** Sends to each viewer what it needs, except to those that have not yet read what they got. */
  send(frames: Frames): void {
    let full: string | null = null;
    let update: string | null = null;
    for (const viewer of this.#viewers.values()) {
      viewer.requests = 0;
      if (viewer.socket.getBufferedAmount() > QUEUE_BYTES_MAX) {
        this.#skip(viewer);
        continue;
      }
      viewer.skipsInRow = 0;
      if (viewer.needsFull) full ??= frames.full();
      else update ??= frames.update();
      const isSent = viewer.socket.send((viewer.needsFull ? full : update) ?? "") !== 0;
      viewer.needsFull = !isSent;
      if (!isSent) this.skippedUpdates++;
    }
  }

  /** Whether a viewer may be answered now; one that asks too often is sent away, one that is slow asks in vain. */
  mayAsk(socket: ViewerSocket): boolean {
    const viewer = this.#viewers.get(socket);
    if (viewer === undefined) return false;
    viewer.requests++;
    if (viewer.requests > REQUESTS_PER_UPDATE_MAX) {
      socket.close(POLICY, "too many requests");
      return false;
    }
    return socket.getBufferedAmount() <= QUEUE_BYTES_MAX;
  }

  /** Sends all away: the program ends. */
  closeAll(): void {
    for (const socket of [...this.#viewers.keys()]) socket.close(GOING_AWAY, "the server stops");
    this.#viewers.clear();
  }

  #skip(viewer: Viewer): void {
    this.skippedUpdates++;
    viewer.needsFull = true;
    viewer.skipsInRow++;
    if (viewer.skipsInRow < SKIPS_IN_ROW_MAX) return;
    this.#viewers.delete(viewer.socket);
    viewer.socket.close(TRY_LATER, "too slow");
  }
}
