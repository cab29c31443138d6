import { readFileSync } from "node:fs";
import { parseSync } from "oxc-parser";

export interface Pattern {
  readonly path: string;
  readonly pattern: string;
  readonly flags: string;
}

/** Every literal of a regular expression in a file of TypeScript. */
export function patternsOf(path: string): Pattern[] {
  const found: Pattern[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    if ("regex" in node && "type" in node && node.type === "Literal") {
      const { pattern, flags } = node.regex as { pattern: string; flags: string };
      found.push({ path, pattern, flags });
    }
    for (const child of Object.values(node)) visit(child);
  };
  visit(parseSync(path, readFileSync(path, "utf8")).program);
  return found;
}
