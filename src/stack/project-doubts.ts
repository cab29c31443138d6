import type { ComposeFile } from "../artifacts/compose.ts";
import { basename, dirname, join } from "../core/path.ts";
import { child } from "../formats/yaml.ts";
import { localNote, trialNote } from "./development-notes.ts";
import {
  areBacking,
  areMounted,
  buildsForOthers,
  catchesMail,
  developmentSetting,
  isAllForWork,
  lacksApplication,
  runsCheckout,
  staysUp,
} from "./project-habits.ts";
import type { ComposeUse, PlanOptions, ProjectPlan } from "./projects.ts";

/** What speaks against taking a Compose file for a server's, beside its name and the words above it. */

export const mailOfWork = "it catches its own mail";
export const buildsOfWork = "most of what it builds runs for development";

/** Whoever starts it starts its databases alone, because the programs run beside them, on the same machine. */
export function besideStores(
  files: readonly string[],
  models: readonly ComposeFile[],
  uses: readonly ComposeUse[],
): ProjectPlan["because"] | undefined {
  // A pipeline starts a database for its tests, whatever the rest is for.
  const own = uses.filter(use => use.files.join("\n") === files.join("\n") && !use.restarts && !use.pipeline);
  const first = own[0];
  if (
    !first ||
    !areMounted(models) ||
    own.some(use => use.services === undefined || !areBacking(models, use.services))
  )
    return undefined;
  return { text: `${first.by} starts its databases alone`, at: first.at };
}

/** A file for a platform that runs each pull request for some days. */
export function isPreview(file: ComposeFile): boolean {
  return file.roots.some(root => child(root, "x-uffizzi") !== undefined);
}

/** What speaks against a server, without saying that it is a workstation. */
export function doubtOf(
  file: string,
  models: readonly ComposeFile[],
  text: NonNullable<PlanOptions["text"]>,
): ProjectPlan["because"] | undefined {
  // These are said of the program itself: a workstation's engine restarts what it runs, too.
  if (catchesMail(models)) return { text: mailOfWork };
  const said = developmentSetting(models);
  if (said) return { text: `"${said}" is set` };
  if (isAllForWork(models)) return { text: buildsOfWork };
  const trial = trialNote(text);
  if (trial) return trial;
  if (buildsForOthers(models)) return { text: "it builds images for several kinds of processors" };
  if (staysUp(models)) return undefined;
  if (runsCheckout(models))
    return { text: "it runs the sources of the checkout, and nothing speaks for a server" };
  const note = localNote(text(file));
  if (note) return note;
  return lacksApplication(models, text)
    ? { text: "no service of it is called like the program of this repository" }
    : undefined;
}

/** A file further up with the same name and nearly the same lines: paths are right in one of the two places only. */
export function originalOf(
  file: ComposeFile,
  all: ReadonlyMap<string, ComposeFile>,
  text: NonNullable<PlanOptions["text"]>,
): string | undefined {
  for (let folder = dirname(file.file); folder !== ""; ) {
    folder = dirname(folder);
    const above = all.get(join(folder, basename(file.file)));
    if (above && isAlike(text(above.file)?.text ?? "", text(file.file)?.text ?? "")) return above.file;
  }
  return undefined;
}

/** Nine of ten lines stand in both. */
function isAlike(one: string, other: string): boolean {
  const linesOf = (text: string): Set<string> => new Set(text.split("\n").map(line => line.trim()));
  const [first, second] = [linesOf(one), linesOf(other)];
  const shared = [...first].filter(line => second.has(line)).length;
  return shared > 5 && shared * 10 >= Math.max(first.size, second.size) * 9;
}
