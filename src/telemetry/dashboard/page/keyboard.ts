import { byId } from "./dom.ts";
import { store, stored } from "./theme.ts";

const STORED_AS = "edge-ingester.single-keys";

/** Where a key leads: the section that gets the focus. */
const SECTIONS: Readonly<Record<string, string>> = { f: "feeds", h: "plots", q: "quotes", s: "sink", e: "events" };

/** What the keys do beside moving about. */
export interface KeyActions {
  search(): void;
  pause(): void;
  theme(): void;
}

/** Single keys for the whole page. They can be switched off, as who speaks to the browser would press them unawares (WCAG 2.1.4). */
export function listenToKeys(actions: KeyActions): void {
  const help = byId<HTMLDialogElement>("help");
  const areOn = byId<HTMLInputElement>("single-keys");
  areOn.checked = stored(STORED_AS) !== "off";
  areOn.addEventListener("change", () => store(STORED_AS, areOn.checked ? "on" : "off"));
  byId("keys").addEventListener("click", () => help.showModal());
  document.addEventListener("keydown", (event) => {
    if (!areOn.checked || help.open || event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
    if (act(event.key, actions, help)) event.preventDefault();
  });
}

function act(key: string, actions: KeyActions, help: HTMLDialogElement): boolean {
  const section = SECTIONS[key];
  if (section !== undefined) {
    const element = byId(section);
    element.focus({ preventScroll: true });
    element.scrollIntoView({ block: "start" });
  } else if (key === "/") actions.search();
  else if (key === "p") actions.pause();
  else if (key === "t") actions.theme();
  else if (key === "?") help.showModal();
  else return false;
  return true;
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLInputElement || target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement
  );
}
