/** One column of a {@link renderTable}. */
export interface TableColumn {
  readonly title: string;
  readonly align: "left" | "right";
  /** The narrower the screen, the fewer columns: the highest number goes first, 0 stays always. */
  readonly priority: number;
}

/** One cell: what it says, and how a terminal shows it. */
export interface TableCell {
  readonly text: string;
  /** ANSI attributes, for instance `32` for green; empty for none. */
  readonly style: string;
}

const GAP = "  ";

/**
 * Lines of a table, title line first, each at most `columns` wide. Columns that find no room are left out by priority; what
 * is still too wide is cut.
 */
export function renderTable(
  shape: readonly TableColumn[],
  rows: readonly (readonly TableCell[])[],
  screen: { columns: number; isAnsi: boolean },
): string[] {
  const widths = shape.map((column, i) => Math.max(column.title.length, ...rows.map((row) => row[i].text.length)));
  const kept = keepColumns(shape, widths, screen.columns);
  const titles = shape.map(({ title }) => ({ text: title, style: "2" }));
  return [titles, ...rows].map((row) => {
    let line = "";
    let used = 0;
    for (const [place, i] of kept.entries()) {
      const gap = place === 0 ? "" : GAP;
      const isLast = place === kept.length - 1;
      const padded = shape[i].align === "right" ? row[i].text.padStart(widths[i]) : row[i].text.padEnd(widths[i]);
      const text = (gap + (isLast ? padded.trimEnd() : padded)).slice(0, Math.max(0, screen.columns - used));
      used += text.length;
      line += styled(text, row[i].style, screen.isAnsi);
    }
    return line;
  });
}

/** Text in a style; plain where the screen knows no ANSI or the style is empty. */
export function styled(text: string, style: string, isAnsi: boolean): string {
  return isAnsi && style !== "" && text !== "" ? `\u001b[${style}m${text}\u001b[0m` : text;
}

function keepColumns(shape: readonly TableColumn[], widths: readonly number[], columns: number): number[] {
  let kept = shape.map((_, i) => i);
  const width = () => kept.reduce((sum, i) => sum + widths[i], GAP.length * (kept.length - 1));
  while (width() > columns) {
    const last = kept.reduce((worst, i) => (shape[i].priority >= shape[worst].priority ? i : worst), kept[0]);
    if (shape[last].priority === 0) break;
    kept = kept.filter((i) => i !== last);
  }
  return kept;
}
