import { readFile } from "node:fs/promises";
import { closest } from "../config/closest.ts";
import { UserError } from "../core/user-error.ts";
import { drills } from "../drills/registry.generated.ts";
import { renderPage } from "../pages/render.ts";
import { rules } from "../rules/registry.generated.ts";
import { useColor, write } from "./output.ts";

/** `shipworthy explain RULE`, or a drill: the page as written for pipes, lightly drawn for a terminal. */
export async function explainCommand(id: string, color: boolean): Promise<void> {
  const ids = [...rules.map(rule => rule.id), ...drills.map(drill => drill.id)];
  if (!ids.includes(id)) {
    const meant = closest(id, ids);
    throw new UserError(
      `There is no rule or drill "${id}".`,
      meant === undefined
        ? "List them with: shipworthy rules, shipworthy drill --list"
        : `Did you mean "${meant}"?`,
    );
  }
  const folder = rules.some(rule => rule.id === id) ? "rules" : "drills";
  const page = await pageOf(folder, id);
  const terminal = process.stdout.isTTY === true;
  write(process.stdout, renderPage(page, color && useColor(process.env, terminal)));
}

/** Pages lie beside the built program, and beside their rules and drills in the repository. */
async function pageOf(folder: "rules" | "drills", id: string): Promise<string> {
  const built = new URL(`./${folder}/${id}.md`, import.meta.url);
  const source = new URL(`../${folder}/${id}.md`, import.meta.url);
  return await readFile(built, "utf8").catch(() => readFile(source, "utf8"));
}
