import { byId, setText } from "./dom.ts";

const STORED_AS = "edge-ingester.theme";
const CHOICES = ["system", "light", "dark"] as const;

/** What the person has chosen; `system` follows the machine. */
type Choice = (typeof CHOICES)[number];

/** Light or dark: the machine's wish unless the person has another, which the browser keeps. */
export class Theme {
  readonly #onChange: () => void;
  readonly #system = matchMedia("(prefers-color-scheme: dark)");
  #choice: Choice = readChoice();

  constructor(onChange: () => void) {
    this.#onChange = onChange;
    this.#system.addEventListener("change", () => this.#show());
    byId("theme").addEventListener("click", () => this.next());
    this.#show();
  }

  /** On to the next choice. */
  next(): void {
    this.#choice = CHOICES[(CHOICES.indexOf(this.#choice) + 1) % CHOICES.length];
    store(STORED_AS, this.#choice);
    this.#show();
  }

  #show(): void {
    const isDark = this.#choice === "dark" || (this.#choice === "system" && this.#system.matches);
    document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
    setText(byId("theme"), `Theme: ${this.#choice}`);
    this.#onChange();
  }
}

/** The value of a colour of the style, for what draws by itself. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Keeps a choice; in a browser that keeps nothing it holds until the page is left. */
export function store(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    return;
  }
}

/** A choice that was kept; null when there is none. */
export function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function readChoice(): Choice {
  const kept = stored(STORED_AS);
  return CHOICES.find((choice) => choice === kept) ?? "system";
}
