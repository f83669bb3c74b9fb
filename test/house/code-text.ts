/** A source text taken apart just far enough for rules on its words. */
export interface CodeText {
  /** The source with comments and the insides of strings, templates and regex literals as blanks; same offsets. */
  readonly code: string;
  /** Offsets where template strings begin. */
  readonly templates: readonly number[];
  /** Offsets where regex literals begin. */
  readonly regexes: readonly number[];
}

/** After one of these words a slash begins a regex, not a division. */
const WORDS_BEFORE_REGEX = /(?:^|[^\w$.])(?:return|typeof|case|in|of|do|else|void|delete|throw|new|await|yield)$/;

/** Blanks out what is not code. Good for formatted TypeScript; not a parser. */
export function readCode(source: string): CodeText {
  return new CodeReader(source).read();
}

class CodeReader {
  readonly #source: string;
  readonly #code: string[];
  readonly #templates: number[] = [];
  readonly #regexes: number[] = [];
  /** Depth of braces inside each open `${`; the innermost is last. */
  readonly #openBraces: number[] = [];
  #at = 0;

  constructor(source: string) {
    this.#source = source;
    this.#code = source.split("");
  }

  read(): CodeText {
    while (this.#at < this.#source.length) this.#readNext();
    return { code: this.#code.join(""), templates: this.#templates, regexes: this.#regexes };
  }

  #readNext(): void {
    const char = this.#source[this.#at];
    const pair = this.#source.slice(this.#at, this.#at + 2);
    if (pair === "//") this.#blankTo(this.#endOf("\n", this.#at));
    else if (pair === "/*") this.#blankTo(this.#endOf("*/", this.#at + 2) + 2);
    else if (char === '"' || char === "'") this.#readString(char);
    else if (char === "`") this.#openTemplate();
    else if (char === "/" && this.#isRegexPlace()) this.#readRegex();
    else this.#readBrace(char);
  }

  #readBrace(char: string): void {
    const depth = this.#openBraces.length - 1;
    this.#at++;
    if (depth < 0) return;
    if (char === "{") this.#openBraces[depth]++;
    if (char === "}" && this.#openBraces[depth]-- === 0) {
      this.#openBraces.pop();
      this.#readTemplateText();
    }
  }

  #readString(quote: string): void {
    let end = this.#at + 1;
    while (end < this.#source.length && this.#source[end] !== quote) end += this.#source[end] === "\\" ? 2 : 1;
    this.#blankInside(end);
  }

  #openTemplate(): void {
    this.#templates.push(this.#at);
    this.#at++;
    this.#readTemplateText();
  }

  /** Reads on to the end of the template or to its next `${`. */
  #readTemplateText(): void {
    let end = this.#at;
    while (end < this.#source.length && this.#source[end] !== "`") {
      if (this.#source.startsWith("${", end)) {
        this.#blankTo(end);
        this.#at = end + 2;
        this.#openBraces.push(0);
        return;
      }
      end += this.#source[end] === "\\" ? 2 : 1;
    }
    this.#blankTo(end);
    this.#at = end + 1;
  }

  #readRegex(): void {
    this.#regexes.push(this.#at);
    let end = this.#at + 1;
    let isInClass = false;
    while (end < this.#source.length && (isInClass || this.#source[end] !== "/")) {
      if (this.#source[end] === "[") isInClass = true;
      if (this.#source[end] === "]") isInClass = false;
      end += this.#source[end] === "\\" ? 2 : 1;
    }
    this.#blankInside(end);
  }

  #isRegexPlace(): boolean {
    const before = this.#code
      .slice(Math.max(0, this.#at - 200), this.#at)
      .join("")
      .trimEnd();
    return before === "" || /[(,=:[!&|?{};<>+\-*%~^]$/.test(before) || WORDS_BEFORE_REGEX.test(before);
  }

  #endOf(text: string, from: number): number {
    const end = this.#source.indexOf(text, from);
    return end < 0 ? this.#source.length : end;
  }

  /** Blanks between the delimiters, which stay. */
  #blankInside(end: number): void {
    this.#at++;
    this.#blankTo(end);
    this.#at = end + 1;
  }

  #blankTo(end: number): void {
    for (let at = this.#at; at < end && at < this.#code.length; at++) {
      if (this.#code[at] !== "\n") this.#code[at] = " ";
    }
    this.#at = end;
  }
}
