/** Shorter secrets are not looked for: replacing `a` everywhere would tell more than it hides. */
const SECRET_CHARS_MIN = 4;
/** A secret of several lines (a key file) is also looked for line by line, from this length on. */
const SECRET_LINE_CHARS_MIN = 16;
/** What stands where a secret stood. */
const REPLACEMENT = "[redacted]";

/** Takes secrets out of texts. */
export interface Redactor {
  (text: string): string;
  /** From now on this one is taken out as well: a token that was read anew. */
  learn(secret: string): void;
}

/**
 * A function that takes every one of the secrets out of a text, as it is and as a URL would carry it. The longest goes
 * first, so that a secret that contains another leaves nothing behind. @param secrets the revealed texts
 */
export function createRedactor(secrets: readonly string[]): Redactor {
  const known = new Set(secrets);
  let longestFirst = spellingsOf(known);
  function redact(text: string): string {
    let clean = text;
    for (const spelling of longestFirst) clean = clean.replaceAll(spelling, () => REPLACEMENT);
    return clean;
  }
  redact.learn = (secret: string) => {
    known.add(secret);
    longestFirst = spellingsOf(known);
  };
  return redact;
}

/** The longest first. */
function spellingsOf(secrets: ReadonlySet<string>): string[] {
  const spellings = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < SECRET_CHARS_MIN) continue;
    const lines = secret.split(/\r?\n/).filter((line) => line.length >= SECRET_LINE_CHARS_MIN);
    for (const text of [secret, ...lines]) {
      spellings.add(text);
      spellings.add(encodeURIComponent(text.toWellFormed()));
      // As JSON text writes it, for a venue's answer that quotes our message.
      spellings.add(JSON.stringify(text).slice(1, -1));
    }
  }
  return [...spellings].sort((a, b) => b.length - a.length);
}
