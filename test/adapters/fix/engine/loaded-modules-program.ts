// Prints the modules of packages that are in memory when the FIX engine is, a line each: `lodash/camelCase.js`.
import { loadFixEngine } from "../../../../src/adapters/fix/engine/load-engine.ts";

await loadFixEngine();
for (const path of Object.keys(require.cache)) {
  const [, inside] = path.split("node_modules/");
  if (inside !== undefined) console.log(inside);
}
