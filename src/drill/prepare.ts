import type { LabImage } from "../core/drill.ts";
import { type ComposeModel, type Engine, EngineError, type LabProject, labPrefix } from "../core/engine.ts";
import type { LabFiles } from "../core/lab-files.ts";
import { join } from "../core/path.ts";
import { UserError } from "../core/user-error.ts";
import type { ComposeProject, Stack } from "../stack/stack.ts";
import { buildTrouble } from "./build-trouble.ts";
import { cloneModel, withoutServices } from "./clone.ts";
import { dataUnderProject, fillIn } from "./fill-in.ts";
import { copySiblings, siblingTrouble } from "./siblings.ts";

export interface Prepared {
  readonly project: LabProject;
  readonly model: ComposeModel;
  readonly missing: ReadonlyMap<string, string>;
  readonly changes: readonly string[];
  readonly images: readonly LabImage[];
}

export interface PrepareOptions {
  readonly lab: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Hexadecimal digits nobody can guess. */
  random(): string;
  say(line: string): void;
  readonly stopped?: () => boolean;
  /** Services that the drills need, and what those depend on is needed too; left out: all of them. */
  readonly only?: ReadonlySet<string>;
}

/** The project that is drilled: the deployed one, or the only one there is. */
export function drilledProject(stack: Stack): ComposeProject | undefined {
  return stack.projects.find(({ grade }) => grade === "deployed") ?? onlyOne(stack.projects);
}

function onlyOne<T>(list: readonly T[]): T | undefined {
  return list.length === 1 ? list[0] : undefined;
}

/** Copies the project, fills in what it lacks, resolves it, turns it into a clone and gets its images. */
export async function prepareLab(
  stack: Stack,
  project: ComposeProject,
  engine: Engine,
  files: LabFiles,
  options: PrepareOptions,
): Promise<Prepared> {
  const { lab, say } = options;
  const { local } = await engine.about();
  await files.copyProject(dataUnderProject(project));
  const filled = await fillIn(stack, project, files, options);
  const resolved = await resolve(engine, project, files);
  const clone = cloneModel(resolved, { lab, directory: files.directory, copy: files.copy, closed: local });
  const changes = [...filled, ...(await copySiblings(resolved, files)), ...clone.changes];
  for (const { source, to } of clone.outside)
    if (!(await files.copyOutside(source, to))) changes.push(`${source}: empty in the lab`);
  for (const { name, to } of clone.fromEnvironment)
    await files.write(to, options.environment[name] ?? options.random(), 0o444);
  const labProject = { lab, name: `${labPrefix}${lab}`, file: files.path("compose.json") };
  await written(engine, labProject, clone.model);
  const idle = options.only ? notNeeded(clone.model, options.only) : new Map<string, string>();
  const wanted = withoutServices(clone.model, idle).model;
  const troubleOf = async (service: string) => {
    const beside = await siblingTrouble(wanted.services[service]!, files);
    return beside ? beside.words : buildTrouble(stack, project, service);
  };
  const images = await obtainAll(engine, labProject, wanted, troubleOf, options);
  const absent = new Map(
    images.filter(({ how }) => how === "missing").map(({ service, words }) => [service, words]),
  );
  const { model, missing } = withoutServices(clone.model, new Map([...clone.leftOut, ...idle, ...absent]));
  await written(engine, labProject, model);
  for (const [service, why] of missing)
    if (!idle.has(service)) say(`  not in the lab: ${service}: ${why.split("\n").at(-1)}`);
  return { project: labProject, model, missing, changes, images };
}

/** By the engine, which refuses what leads out of the lab: it is the one that would follow it. */
async function written(engine: Engine, lab: LabProject, model: ComposeModel): Promise<void> {
  try {
    await engine.write(lab, model);
  } catch (error) {
    if (error instanceof EngineError && error.trouble === "foreign")
      throw new UserError(
        error.message,
        "A drill follows no such link: put a directory or a file in its place.",
      );
    throw error;
  }
}

/** Services that neither are named nor are needed by one that is. */
export function notNeeded(model: ComposeModel, only: ReadonlySet<string>): Map<string, string> {
  const needed = new Set(only);
  for (const name of needed)
    for (const other of Object.keys(model.services[name]?.depends_on ?? {})) needed.add(other);
  const rest = Object.keys(model.services).filter(name => !needed.has(name));
  return new Map(rest.map(name => [name, "no drill that was chosen needs it"]));
}

async function resolve(engine: Engine, project: ComposeProject, files: LabFiles): Promise<ComposeModel> {
  const directory = join(files.copy, project.directory);
  try {
    const named = project.files.map(file => join(files.copy, file).slice(directory.length + 1));
    return await engine.config({ directory, files: named });
  } catch (error) {
    if (error instanceof EngineError && error.trouble === "failed")
      throw new UserError(`Compose refuses the project: ${error.message}`, "Mend it first: shipworthy audit");
    throw error;
  }
}

async function obtainAll(
  engine: Engine,
  lab: LabProject,
  model: ComposeModel,
  troubleOf: (service: string) => Promise<string | undefined>,
  { say, stopped = () => false }: PrepareOptions,
): Promise<LabImage[]> {
  const images: LabImage[] = [];
  const had = new Map<string, LabImage>();
  // What is built comes first: other services may use the image by its name.
  const order = Object.entries(model.services).sort(([, a], [, b]) => Number(!a.build) - Number(!b.build));
  for (const [service, { image = "", build }] of order) {
    if (stopped()) break;
    const known = had.get(image);
    if (known) {
      images.push({ ...known, service, ms: 0 });
      continue;
    }
    const trouble = build ? await troubleOf(service) : undefined;
    if (build && !trouble) say(`  building ${service}`);
    const got = trouble
      ? { ok: false, how: "built" as const, ms: 0, words: trouble }
      : await engine.obtain(lab, { name: service, image, build: build !== undefined });
    const verb = build ? "its image does not build" : `its image ${image} is not here and cannot be pulled`;
    const entry: LabImage = got.ok
      ? { service, how: got.how, ms: got.ms, words: "" }
      : { service, how: "missing", ms: got.ms, words: `${verb}: ${got.words}` };
    images.push(entry);
    had.set(image, entry);
  }
  return images;
}
