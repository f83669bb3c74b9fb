/** Shared by every frame that holds no bytes yet. */
const NO_BYTES = new Uint8Array(0);

/** In place of {@link FixFrame.sendingTimeMs}: nobody has asked yet. */
export const TIME_UNREAD = -2;

/**
 * One FIX message that was framed and whose checksum is right, as slices of the bytes it was found in.
 *
 * The scanner owns one frame and fills it anew for every message; whoever receives it must copy what it keeps before it
 * returns. A slice is `[start, end)` into `bytes`; start −1 means absent. Header fields are taken from the fields before
 * the first one that is no header field (FIX 4.4 vol 2, standard header).
 */
export class FixFrame {
  bytes: Uint8Array = NO_BYTES;
  /** Of the whole message, from `8=` to behind the SOH of `10=`. */
  start = 0;
  end = 0;
  /** First field behind the header. */
  bodyStart = 0;
  /** Of `10=`. */
  bodyEnd = 0;
  /** BeginString (8). */
  beginStart = -1;
  beginEnd = -1;
  /** MsgType (35), packed by {@link packMsgType}; 0 = absent or longer than two characters. */
  msgType = 0;
  msgTypeStart = -1;
  msgTypeEnd = -1;
  /** MsgSeqNum (34); −1 = absent or no whole number below 2^53. */
  sequence = -1;
  sequenceStart = -1;
  sequenceEnd = -1;
  /** PossDupFlag (43) = Y. */
  isPossDup = false;
  /** PossResend (97) = Y. */
  isPossResend = false;
  /** SenderCompID (49). */
  senderStart = -1;
  senderEnd = -1;
  /** TargetCompID (56). */
  targetStart = -1;
  targetEnd = -1;
  /** SendingTime (52). */
  sendingTimeStart = -1;
  sendingTimeEnd = -1;
  /** What `sendingTimeMs()` has read of it, so that it is read once; {@link TIME_UNREAD} before. */
  sendingTimeMs = TIME_UNREAD;
  /** OrigSendingTime (122). */
  origSendingTimeStart = -1;
  origSendingTimeEnd = -1;
}

/** A message type as a number: `W`, `AI`. 0 for the empty text and for more than two characters. */
export function packMsgType(text: string): number {
  if (text.length === 1) return text.charCodeAt(0);
  return text.length === 2 ? (text.charCodeAt(0) << 8) | text.charCodeAt(1) : 0;
}

/** The text of a packed message type; empty for 0. */
export function unpackMsgType(packed: number): string {
  if (packed === 0) return "";
  return packed < 256 ? String.fromCharCode(packed) : String.fromCharCode(packed >> 8, packed & 255);
}
