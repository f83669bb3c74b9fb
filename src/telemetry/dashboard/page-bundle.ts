import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The page, ready to be served. */
export interface PageBundle {
  /** Names this very page. */
  readonly id: string;
  /** The HTML, gzip, as base64. */
  readonly gzipBase64: string;
  readonly contentSecurityPolicy: string;
}

/**
 * Makes the page out of its sources: one HTML file with its style and its script inside. Runs as a macro, that is while the
 * binary is compiled, so that the binary holds the finished page and no tool; the bundler is a process of its own because a
 * macro may not call the bundler it runs in.
 */
export function bundlePage(): PageBundle {
  const folder = join(import.meta.dir, "page");
  const built = Bun.spawnSync([
    process.execPath,
    "build",
    join(folder, "main.ts"),
    "--target=browser",
    "--format=iife",
    "--minify",
  ]);
  if (built.exitCode !== 0) throw new Error(`Cannot bundle the dashboard: ${built.stderr.toString()}`);
  // A closing tag within a string would end the script too early.
  const script = built.stdout.toString().trim().replaceAll("</script", "<\\/script");
  const plotStyle = readFileSync(join(import.meta.dir, "../../../node_modules/uplot/dist/uPlot.min.css"), "utf8");
  const style = `${plotStyle.trim()}\n${readFileSync(join(folder, "page.css"), "utf8").trim()}`;
  const id = sha256(style + script)
    .slice(0, 16)
    .replaceAll(/[+/]/g, "0");
  const html = readFileSync(join(folder, "page.html"), "utf8")
    .replace("<!-- page-id -->", () => `<meta name="page-id" content="${id}">`)
    .replace("<!-- style -->", () => `<style>${style}</style>`)
    .replace("<!-- script -->", () => `<script>${script}</script>`);
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${sha256(script)}'`,
    `style-src 'sha256-${sha256(style)}'`,
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ];
  return {
    id,
    gzipBase64: Buffer.from(Bun.gzipSync(html, { level: 9 })).toString("base64"),
    contentSecurityPolicy: policy.join("; "),
  };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}
