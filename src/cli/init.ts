import { basename, resolve } from "node:path";
import { applyEdits } from "../core/edit.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import { UserError } from "../core/user-error.ts";
import { overlay } from "../fix/overlay.ts";
import { patchOf, type TextChange } from "../fix/patch.ts";
import { appendLines } from "../formats/dockerignore-edit.ts";
import type { NewFile } from "../remedies/new-file.ts";
import { type StackFiles, stackFiles } from "../remedies/stack-files.ts";
import { planStack, type StackPlan } from "../remedies/stack-plan.ts";
import { workflow } from "../remedies/workflow.ts";
import { workflowInput } from "../remedies/workflow-input.ts";
import { link } from "../stack/link.ts";
import { openWorkspace } from "../workspace/workspace.ts";
import { finishWrite } from "../workspace/write.ts";
import { requireDirectory, save } from "./audit.ts";
import { requireCleanFiles, undoPlan, writeChanges } from "./fix-write.ts";
import { leftToDo } from "./init-left.ts";
import { write } from "./output.ts";
import { projectFiles } from "./project-files.ts";

export interface InitFlags {
  readonly write?: boolean;
  readonly name?: string;
  readonly patch?: string;
  readonly allowDirty?: boolean;
}

interface Pipeline {
  readonly files: readonly NewFile[];
  readonly afterwards?: string;
}

/** `shipworthy init [DIR]`. Gives the exit code: 0 written, 1 not yet, 2 by a UserError. */
export async function initCommand(directory: string, flags: InitFlags): Promise<number> {
  await requireDirectory(directory);
  const root = openWorkspace(resolve(directory)).root;
  finishWrite(root);
  const { files } = projectFiles(openWorkspace(root));
  const now = new Date();
  const stack = await link(files, { now });
  if (stack.projects.length > 0)
    throw new UserError(
      `${stack.projects[0]!.files.at(-1)} is a deployment already.`,
      "Mend it with: shipworthy fix --big-change",
    );
  const plan = planStack(stack, projectName(flags.name ?? basename(root)));
  if (plan.apps.length === 0) throw nothingToShip(plan);
  const written = stackFiles(plan, freeTemplate(files));
  const pipeline = await pipelineFor(files, written, now);
  const changes = changesFor(files, { ...written, files: [...written.files, ...pipeline.files] });
  if (flags.patch !== undefined) await save(flags.patch, patchOf(changes));
  const plans = planText(plan, changes, pipeline.afterwards);
  const left = await leftToDo(files, changes, now);
  if (!flags.write) {
    write(process.stdout, blocks(plans, left.join("\n"), patchOf(changes)));
    write(process.stderr, "Nothing is written yet: add --write.\n");
    return 1;
  }
  requireCleanFiles(root, changes, flags.allowDirty === true);
  const undo = undoPlan(root, changes, flags.allowDirty === true);
  writeChanges(root, changes, undo);
  write(process.stdout, `${blocks(plans, left.join("\n"), nextSteps(undo.commands))}\n`);
  return 0;
}

/** The pipeline for the stack as it will be; none where the repository has pipelines already. */
async function pipelineFor(files: ProjectFiles, written: StackFiles, now: Date): Promise<Pipeline> {
  const none: Pipeline = { files: [] };
  if (files.has(".github/workflows") !== undefined || files.has(".gitlab-ci.yml") !== undefined) return none;
  const texts = new Map(written.files.map(file => [file.path, file.text]));
  const stack = await link(overlay(files, texts), { now });
  const [project] = stack.projects;
  const input = project && workflowInput(stack, project);
  return input ? workflow(input) : none;
}

/** What Compose takes for a project's name. */
function projectName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return name === "" ? "site" : name;
}

function nothingToShip(plan: StackPlan): UserError {
  const [first] = plan.left;
  return new UserError(
    first
      ? `Nothing here can be shipped yet: ${first.component.dir || "the root"}: ${first.because}.`
      : "There is no web application here that is known.",
    "Django, FastAPI, Flask, Express and its kin, Next.js, Vite and Create React App are.",
  );
}

/** A template of the project's own for developers stays what it is. */
function freeTemplate(files: ProjectFiles): string {
  return files.has(".env.example") === undefined ? ".env.example" : "server.env.example";
}

/** New files, and lines for .gitignore. @throws UserError when a file of that name is there. */
function changesFor(files: ProjectFiles, { files: created, ignored }: StackFiles): TextChange[] {
  const there = created.filter(file => files.has(file.path) !== undefined).map(file => file.path);
  if (there.length > 0)
    throw new UserError(
      `There is already ${there.join(", ")}, which nothing deploys.`,
      "Move it out of the way and run this again, or write a Compose file for it by hand and use: shipworthy fix",
    );
  const changes: TextChange[] = created.map(({ path, text, executable }) => ({
    file: path,
    before: undefined,
    after: text,
    ...(executable ? { executable } : {}),
  }));
  const missing = ignored.filter(line => !files.ignored(line.endsWith("/") ? `${line}x` : line));
  if (missing.length === 0) return changes;
  const head = "Settings and secrets of the server";
  const read = files.has(".gitignore") === "file" ? files.read(".gitignore") : undefined;
  if (!read || !("source" in read))
    return [
      ...changes,
      { file: ".gitignore", before: undefined, after: `${[`# ${head}`, ...missing].join("\n")}\n` },
    ];
  const { text } = read.source;
  return [
    ...changes,
    { file: ".gitignore", before: text, after: applyEdits(text, [appendLines(read.source, head, missing)]) },
  ];
}

function planText(plan: StackPlan, changes: readonly TextChange[], afterwards: string | undefined): string {
  const width = Math.max(...plan.apps.map(app => app.name.length));
  return [
    `A stack called ${plan.name}:`,
    ...plan.apps.map(
      app =>
        `  ${app.name.padEnd(width)}  the ${app.component.kind} application in ${app.component.dir || "the root"}, behind ${app.routes.join(" ")}`,
    ),
    `  with ${["nginx, certbot", ...(plan.database ? [{ postgres: "PostgreSQL", mysql: "MySQL" }[plan.database], "a daily backup"] : []), ...(plan.redis ? ["Redis"] : [])].join(", ")}`,
    ...plan.left.map(({ component, because }) => `  left out: ${component.manifest}: ${because}`),
    ...plan.apps.flatMap(app =>
      app.image.afterwards === undefined ? [] : [`  to do: ${app.image.afterwards}`],
    ),
    ...plan.afterwards.map(text => `  to do: ${text}`),
    ...(afterwards === undefined ? [] : [`  to do: ${afterwards}`]),
    "",
    `${changes.length} files: ${changes.map(change => change.file).join(", ")}`,
  ].join("\n");
}

function blocks(...texts: readonly string[]): string {
  return texts.filter(text => text !== "").join("\n\n");
}

function nextSteps(undo: readonly string[]): string {
  return [
    "On the server:",
    "  SITE_DOMAIN=www.example.org ACME_EMAIL=ops@example.org scripts/make-settings.sh",
    "  docker compose up --detach --build --wait",
    ...(undo.length > 0 ? ["Take it back:", ...undo.map(command => `  ${command}`)] : []),
  ].join("\n");
}
