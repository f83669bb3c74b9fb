import { renderSymbol } from "./templates.ts";

/** What a name may go on with: `BTC` is not named by `BTC-USD`. */
const WORD = /[\p{L}\p{N}/_-]/u;

/**
 * The symbols we have asked a venue for, by the names the venue gives them. A venue may change their case or wrap them
 * in other text, which cannot be undone; so the names are kept from when they were asked for. As many as configured.
 */
export class SymbolNames {
  readonly #symbols = new Set<string>();
  /** Per template: from the venue's name to the configured symbol. */
  readonly #byTemplate = new Map<string, Map<string, string>>();

  /** Remembers configured symbols. */
  learn(symbols: readonly string[]): void {
    const sizeBefore = this.#symbols.size;
    for (const symbol of symbols) this.#symbols.add(symbol);
    if (this.#symbols.size > sizeBefore) this.#byTemplate.clear();
  }

  /** The configured symbol that the venue writes as `name`; null when it is not one of ours. */
  find(template: string, name: string): string | null {
    return this.#names(template).get(name) ?? null;
  }

  /** The configured symbols that `text` names as whole words. */
  findInText(template: string, text: string): string[] {
    const found: string[] = [];
    let rest = text;
    const names = [...this.#names(template)].sort(([a], [b]) => b.length - a.length);
    for (const [name, symbol] of names) {
      const cut = cutWord(rest, name);
      if (cut === null) continue;
      found.push(symbol);
      rest = cut;
    }
    return found;
  }

  #names(template: string): Map<string, string> {
    let names = this.#byTemplate.get(template);
    if (names === undefined) {
      names = new Map([...this.#symbols].map((symbol) => [renderSymbol(template, symbol), symbol]));
      this.#byTemplate.set(template, names);
    }
    return names;
  }
}

/** `text` without `word`; null when it does not stand there by itself. */
function cutWord(text: string, word: string): string | null {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const before = text[at - 1] ?? " ";
    const after = text[at + word.length] ?? " ";
    if (!WORD.test(before) && !WORD.test(after)) return `${text.slice(0, at)} ${text.slice(at + word.length)}`;
  }
  return null;
}
