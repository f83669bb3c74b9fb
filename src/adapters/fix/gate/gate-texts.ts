/** SessionRejectReason (373) of what the gate rejects. */
export const RejectReason = {
  requiredTagMissing: 1,
  valueIncorrect: 5,
  compIdProblem: 9,
  sendingTimeAccuracy: 10,
  invalidMsgType: 11,
} as const;

/** Texts (58) of rejects and logouts, worded as QuickFIX does: operators and parsers on the other side know them. */
export const GateText = {
  requiredTagMissing: "Required tag missing",
  valueIncorrect: "Value is incorrect (out of range) for this tag",
  compIdProblem: "CompID problem",
  sendingTimeAccuracy: "SendingTime accuracy problem",
  invalidMsgType: "Invalid MsgType",
  unsupportedMsgType: "Unsupported Message Type",
  beginString: "Incorrect BeginString",
  notLogon: "First message is not a Logon",
  resendUnanswered: "ResendRequest was not answered",
  tooManyAhead: "Too many messages ahead of a missing one",
} as const;

/** Text (58) of the Logout that answers a number which cannot be. */
export function tooLowText(expected: number, received: number): string {
  return `MsgSeqNum too low, expecting ${expected} but received ${received}`;
}

/** `expecting 17`, `expected: 17`, `expected MsgSeqNum 17`: how LPs name the number they want. */
const EXPECTED = /\bexpect(?:ing|ed|s)?\b[^0-9]{0,40}?(\d{1,15})/i;
/** `received 3`, `got: 3`. */
const RECEIVED = /\b(?:received|receiving|got|was|is)\b[^0-9]{0,40}?(\d{1,15})/i;
/** `MsgSeqNum too low`, `sequence number is lower than expected`, `low sequence number`. */
const TOO_LOW = /\b(?:seq\w*|msgseqnum|number)\b.{0,40}?\b(?:too\s+low|lower|less|smaller)\b|\blow\b.{0,20}?\bseq/i;

/** `MsgSeqNum(34)`, `34=`, `tag 34`: here 34 is the name of the field. */
const TAG_34 = /[([]34[)\]]|\b34=|\btag 34\b/gi;

/** The number the LP expects from us when its text says that ours is too low; 0 when it names none, −1 when it says no such thing. */
export function expectedByPeer(peerText: string): number {
  const text = peerText.replace(TAG_34, " ");
  const expected = Number(EXPECTED.exec(text)?.[1] ?? 0);
  if (TOO_LOW.test(text)) return expected;
  const received = RECEIVED.exec(text)?.[1];
  return received !== undefined && Number(received) < expected ? expected : -1;
}
