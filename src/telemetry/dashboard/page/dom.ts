/** The element of the page with this id; the page has it, or it is not our page. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`Bug: the page has no element '${id}'`);
  return found as T;
}

/** A new element with a class and a text. */
export function create<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = "",
  text = "",
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className !== "") element.className = className;
  if (text !== "") element.textContent = text;
  return element;
}

/** Writes a text where it differs: an untouched node costs the browser nothing. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets a `data-` attribute where it differs; the style goes by these. */
export function setData(element: HTMLElement, name: string, value: string): void {
  if (element.dataset[name] !== value) element.dataset[name] = value;
}

/** Hides or shows. */
export function setHidden(element: HTMLElement, isHidden: boolean): void {
  if (element.hidden !== isHidden) element.hidden = isHidden;
}

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** `text` is left-aligned, `figure` right-aligned in even digits. */
  readonly kind: "text" | "figure";
  /** From which width on it is shown. */
  readonly from: "phone" | "tablet" | "desk";
  /** What the title means, where it is not plain. */
  readonly hint?: string;
}

/** Makes the header of a table. */
export function fillHead(table: HTMLTableElement, columns: readonly Column[]): void {
  const row = create("tr");
  for (const { title, kind, from, hint } of columns) {
    const cell = create("th", `${kind} from-${from}`, title);
    cell.scope = "col";
    if (hint !== undefined) cell.title = hint;
    row.append(cell);
  }
  table.createTHead().append(row);
}

/** One row with its cells. */
export interface CellRow {
  readonly row: HTMLTableRowElement;
  readonly cells: readonly HTMLTableCellElement[];
}

/** Makes a row for these columns; the cell `headerAt` names the row for who cannot see it. */
export function createRow(columns: readonly Column[], headerAt: number): CellRow {
  const row = create("tr");
  const cells = columns.map(({ kind, from }, at) => {
    const cell = create(at === headerAt ? "th" : "td", `${kind} from-${from}`);
    if (at === headerAt) cell.scope = "row";
    return cell;
  });
  row.append(...cells);
  return { row, cells };
}

/** Puts the children into this order with as few moves as it takes, and takes all others out. */
export function arrange(parent: HTMLElement, wanted: readonly HTMLElement[]): void {
  let at = parent.firstElementChild;
  for (const element of wanted) {
    if (element === at) at = at.nextElementSibling;
    else parent.insertBefore(element, at);
  }
  while (at !== null) {
    const next = at.nextElementSibling;
    at.remove();
    at = next;
  }
}
