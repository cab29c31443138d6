import { basename, dirname } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import { defaultNames } from "../../stack/project-files.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { type Dangling, references } from "../../stack/query-dangling.ts";
import { isComplete, oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import { isLaidTogether } from "../../stack/query-scripts.ts";
import type { ComposeProject, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/depends-on-unknown",
  title: "Every name that a service refers to is defined",
  claim: "boots-healthy",
  severity: "critical",
  why: "Compose refuses the whole file: no service of the project starts.",
  *check(stack) {
    const first = oncePerPlace();
    const groups = new Map<string, { kind: string; name: string; from: Service[]; places: Location[] }>();
    for (const service of worstFirst(stack.services)) {
      if (!isClosed(stack, service.project)) continue;
      for (const { kind, name, at } of references(service)) {
        // `<path/to/books>` is what people put their own in the place of.
        if (/[<>]/.test(name) || !first(at) || mayBePart(stack, service.project, kind, name)) continue;
        const key = `${stack.projects.indexOf(service.project)} ${kind} ${name}`;
        const group = groups.get(key) ?? { kind, name, from: [], places: [] };
        groups.set(key, group);
        if (!group.from.includes(service)) group.from.push(service);
        group.places.push(at);
      }
    }
    for (const { kind, names, from, places } of byReferrer([...groups.values()])) {
      const [at, ...more] = places.map(place => evidence(place, `no ${kind} of this name is defined`));
      // Compose looks at the services of the profiles that are asked for.
      const when = from.every(each => each.profiles.length > 0) ? " while its profile is asked for" : "";
      yield {
        subject: from[0]!.name,
        message: `${listNames(from.map(service => service.name))} ${from.length === 1 ? "refers" : "refer"} to the ${kind}${names.length === 1 ? "" : "s"} ${listNames(names)}, which the project does not define: Compose refuses to start anything${when}.`,
        severity: weigh(from[0]!, when === "" ? "critical" : "medium"),
        evidence: [at!, ...more],
      };
    }
  },
});

interface Group {
  readonly kind: string;
  readonly from: readonly Service[];
  readonly places: readonly Location[];
}

/** Several names of one kind that the same services ask for, or some of them: somebody has renamed things, or left them out. */
function byReferrer(groups: readonly (Group & { readonly name: string })[]): (Group & { names: string[] })[] {
  const merged: { kind: string; from: readonly Service[]; places: Location[]; names: string[] }[] = [];
  for (const { kind, name, from, places } of groups) {
    const same = merged.find(
      other =>
        other.kind === kind &&
        (from.every(service => other.from.includes(service)) ||
          other.from.every(service => from.includes(service))),
    );
    if (same) {
      same.from = [...new Set([...same.from, ...from])];
      same.names.push(name);
      same.places.push(...places);
    } else merged.push({ kind, from, places: [...places], names: [name] });
  }
  return merged;
}

/** Everything is seen: no part of an overlay, nothing that is included from a file that could not be read. */
function isClosed(stack: Stack, project: ComposeProject): boolean {
  if (!project.services.every(isComplete)) return false;
  // `compose.override.yaml.example`: everybody writes the rest of the project themselves.
  const example =
    /override.*\.(example|sample|dist|template|tmpl)|\.(example|sample|dist|template|tmpl).*override/;
  if (stack.files.list(project.directory).some(name => example.test(name))) return false;
  if (isLaidTogether(stack, project) || hasBase(stack, project)) return false;
  return ![...stack.gaps, ...stack.problems].some(gap => gap.at && project.files.includes(gap.at.file));
}

/** `harbour.base.yml` beside `harbour.staging.yml`, and no Compose file by its name: a script that builds names lays it below. */
function hasBase(stack: Stack, { directory, files }: ComposeProject): boolean {
  const stem = files.length === 1 ? /^([\w-]+)\.[\w-]+\.ya?ml$/.exec(basename(files[0]!))?.[1] : undefined;
  return (
    stem !== undefined &&
    !stem.includes("compose") &&
    stack.files
      .list(directory)
      .some(name => /^[\w-]+\.(?:base|common)\.ya?ml$/.test(name) && name.startsWith(`${stem}.`))
  );
}

/**
 * Nothing but its place in the repository says that the file is a project of its own, and another Compose file defines
 * the name: it may be laid over that one by hand.
 */
function mayBePart(stack: Stack, project: ComposeProject, kind: Dangling["kind"], name: string): boolean {
  const { files, because } = project;
  const last = basename(files.at(-1)!);
  if (because.at === undefined && isFragment(stack, project)) return true;
  const inDirectory = stack.projects.filter(
    other =>
      other !== project &&
      dirname(other.files.at(-1)!) === dirname(files.at(-1)!) &&
      other[`${kind}s`].some(each => each.name === name),
  );
  // Beside its base another overlay may bring the name: COMPOSE_FILE lists what nobody writes down here.
  if (because.at === undefined && files.length > 1 && inDirectory.length > 0) return true;
  if (because.at !== undefined || because.ground === "name" || defaultNames.includes(last)) return false;
  return stack.projects.some(
    other =>
      other !== project &&
      !other.files.every(file => files.includes(file)) &&
      other[`${kind}s`].some(each => each.name === name),
  );
}

/**
 * It needs a service that it does not have, and so does a file in another directory: a script lays such parts over a
 * whole that nobody names here.
 */
function isFragment(stack: Stack, project: ComposeProject): boolean {
  const missing = missingServices(project);
  return (
    missing.length > 0 &&
    stack.projects.some(
      other =>
        other.directory !== project.directory && missingServices(other).some(name => missing.includes(name)),
    )
  );
}

function missingServices(project: ComposeProject): string[] {
  return project.services.flatMap(service =>
    references(service).flatMap(({ kind, name }) => (kind === "service" ? [name] : [])),
  );
}
