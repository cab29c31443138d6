import { readFile } from "node:fs/promises";
import { closest } from "../config/closest.ts";
import { UserError } from "../core/user-error.ts";
import { renderPage } from "../pages/render.ts";
import { rules } from "../rules/registry.generated.ts";
import { useColor, write } from "./output.ts";

/** `shipworthy explain RULE`: the page as written for pipes, lightly drawn for a terminal. */
export async function explainCommand(id: string, color: boolean): Promise<void> {
  const ids = rules.map(rule => rule.id);
  if (!ids.includes(id)) {
    const meant = closest(id, ids);
    throw new UserError(
      `There is no rule "${id}".`,
      meant === undefined ? "List them with: shipworthy rules" : `Did you mean "${meant}"?`,
    );
  }
  const page = await pageOf(id);
  const terminal = process.stdout.isTTY === true;
  write(process.stdout, renderPage(page, color && useColor(process.env, terminal)));
}

/** Pages lie beside the built program, and beside their rules in the repository. */
async function pageOf(id: string): Promise<string> {
  const built = new URL(`./rules/${id}.md`, import.meta.url);
  const source = new URL(`../rules/${id}.md`, import.meta.url);
  return await readFile(built, "utf8").catch(() => readFile(source, "utf8"));
}
