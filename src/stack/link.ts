import { caddyfile } from "../artifacts/caddyfile.ts";
import { composeFile, composeKind } from "../artifacts/compose.ts";
import { devcontainer } from "../artifacts/devcontainer.ts";
import { dockerfile as dockerfileKind } from "../artifacts/dockerfile.ts";
import { dockerignore } from "../artifacts/dockerignore.ts";
import { envFile } from "../artifacts/env-file.ts";
import { jenkinsfile } from "../artifacts/jenkinsfile.ts";
import { nginx } from "../artifacts/nginx.ts";
import { prometheus } from "../artifacts/prometheus.ts";
import { script } from "../artifacts/script.ts";
import { settingsFiles } from "../artifacts/settings-file.ts";
import { workflow } from "../artifacts/workflow.ts";
import { dirname, join } from "../core/path.ts";
import type { Gap, Problem } from "../core/problem.ts";
import { type ProjectFiles, viewOf } from "../core/project-files.ts";
import { detectComponents, loadParsers } from "./app/detect.ts";
import { setAside } from "./aside.ts";
import { callBuilds } from "./build-calls.ts";
import { linkCaddies } from "./caddies.ts";
import { composeUses, envFileUses, placeCalls } from "./calls.ts";
import { type LinkedProject, linkProject, type ProjectContext } from "./compose-project.ts";
import { gitlabPipelines } from "./gitlab.ts";
import { withoutIdleSteps } from "./idle-steps.ts";
import { makefilesOf } from "./makefiles.ts";
import { makerOf } from "./makers.ts";
import { forWork } from "./project-names.ts";
import type { ProjectPlan } from "./project-plan.ts";
import { planProjects } from "./projects.ts";
import { linkProxies, proxyGaps } from "./proxies.ts";
import { liveScripts } from "./put-away.ts";
import { keyFiles } from "./query-keys.ts";
import { createReader, type Reader } from "./reader.ts";
import { runbooks } from "./runbooks.ts";
import { secretLiterals } from "./secrets.ts";
import { toldAsFindings } from "./shell-units.ts";
import type { Build, Service, Stack } from "./stack.ts";
import { tableGaps } from "./tables.ts";

export interface LinkOptions {
  /** Compose files that are deployed, when the user says so. */
  readonly deployed?: readonly string[];
  /** Projects keep the grades that they have there: for the same files with changes that are tried. */
  readonly like?: Stack;
  /** The clock; the present when left out. */
  readonly now?: Date;
}

/**
 * Reads the whole deployment surface and links it into one model. Runs nothing of the project. Never throws for what
 * the files hold: what cannot be read is a problem with a place, what cannot be resolved is a gap.
 */
export async function link(given: ProjectFiles, options: LinkOptions = {}): Promise<Stack> {
  const files = viewOf(given);
  const reader = createReader(files);
  const composeFiles = reader.all(composeFile).filter(file => file.isCompose);
  const scripts = reader.all(script).filter(model => model.shell);
  const makefiles = makefilesOf(reader);
  const gitlab = gitlabPipelines(reader);
  const workflows = withoutIdleSteps([...reader.all(workflow), ...gitlab.workflows]);
  const live = liveScripts(scripts, [...makefiles, ...workflows]);
  const calls = placeCalls(live, makefiles, workflows, reader.all(jenkinsfile));
  const containers = reader.all(devcontainer);
  const chosen = envFileUses(composeFiles, files);
  const uses = [...composeUses(calls, files), ...chosen];
  const known = new Set(composeFiles.map(file => file.file));
  // A file that `-f` names is a Compose file, whatever it is called.
  const extra = [...new Set(uses.flatMap(use => use.files))].filter(path => !known.has(path));
  // A fragment that only a test lays over the rest makes no project.
  const laid = new Set([...uses.filter(use => use.deploys), ...chosen].flatMap(use => use.files));
  const named = extra.flatMap(
    path => reader.parse(laid.has(path) ? composeKind(path) : composeFile, path) ?? [],
  );
  const plans = planProjects([...composeFiles, ...named], uses, {
    ...(options.deployed && options.deployed.length > 0 ? { deployed: options.deployed } : {}),
    ...(options.like
      ? { known: options.like.projects.map(({ files, grade, because }) => ({ files, grade, because })) }
      : {}),
    devcontainer: new Set(
      containers.flatMap(model =>
        forWork(model.composeFiles.map(file => join(dirname(model.file), file.value))),
      ),
    ),
    text: path => (files.has(path) === "file" ? reader.text(path, "runbook") : undefined),
    page: path => {
      const read = files.has(path) === "file" ? files.read(path) : undefined;
      return read && "source" in read ? read.source : undefined;
    },
    paths: files.paths,
  });
  const components = detectComponents({ paths: files.paths, read: path => reader.text(path, "code") });
  const unloaded = await loadParsers(components);
  const submodules = submodulesOf(reader);
  const envFiles = reader.all(envFile);
  const buildSources = {
    files,
    submodules,
    dockerfile: (path: string) =>
      files.has(path) === "file" ? reader.parse(dockerfileKind, path) : undefined,
    ignoreFile: (path: string) => reader.parse(dockerignore, path),
  };
  reader.all(dockerfileKind);
  const called = callBuilds(calls, buildSources);
  const context = { reader, buildSources, components, scripts };
  const projects = linkProjects(plans, context, called);
  const services: Service[] = projects.flatMap(linked => [...linked.project.services]);
  const builds: Build[] = [...services.flatMap(service => service.build ?? []), ...called];
  const problems: Problem[] = [...reader.problems, ...projects.flatMap(linked => linked.problems)];
  const gaps: Gap[] = [...unloaded, ...projects.flatMap(linked => linked.gaps), ...gitlab.gaps];
  const dockerfiles = new Map(
    reader.surface.flatMap(path => {
      const model = dockerfileKind.recognises(path) ? reader.parse(dockerfileKind, path) : undefined;
      return model ? [[path, model] as const] : [];
    }),
  );
  const stack: Stack = {
    files,
    sources: reader.sources,
    kinds: reader.kinds,
    projects: projects.map(linked => linked.project),
    services,
    builds,
    dockerfiles,
    components,
    workflows,
    scripts,
    makefiles,
    envFiles,
    prometheus: reader.all(prometheus),
    devcontainers: containers,
    proxies: [],
    caddies: [],
    calls,
    problems: unique(problems),
    gaps,
    secrets: new Set(),
    today: (options.now ?? new Date()).toISOString().slice(0, 10),
  };
  // Only beside something to deploy: a README alone is nothing to audit.
  if (reader.sources.size > 0) {
    for (const path of runbooks(reader.surface)) reader.text(path, "runbook");
    for (const path of keyFiles(reader.surface)) reader.text(path, "key");
    for (const path of settingsFiles(reader.surface)) reader.text(path, "settings");
  }
  const standalone = reader.surface
    .filter(path => nginx.recognises(path))
    .flatMap(path => reader.text(path, "nginx") ?? []);
  const proxies = linkProxies(stack, standalone, path => reader.text(path, "nginx"));
  const { caddies, gaps: caddyGaps } = linkCaddies(stack, path => reader.parse(caddyfile, path));
  const told = toldAsFindings(stack);
  const all = unique([
    ...problems,
    ...reader.problems,
    ...proxies.flatMap(proxy => proxy.effective.problems),
  ]).filter(problem => !told.has(problem));
  const aside = setAside({ ...stack, proxies }, all);
  const withProxies = {
    ...stack,
    proxies,
    caddies,
    gaps: uniqueGaps([
      ...gaps,
      ...proxyGaps(proxies),
      ...caddyGaps,
      ...tableGaps(stack),
      ...sizeGaps(files),
      ...aside.gaps,
    ]),
    problems: aside.problems,
  };
  return { ...withProxies, secrets: secretLiterals(withProxies) };
}

/** A project may pull what another Compose file, a script or a pipeline builds: it is read again when that is known. */
function linkProjects(
  plans: readonly ProjectPlan[],
  context: Omit<ProjectContext, "made">,
  called: readonly Build[],
): LinkedProject[] {
  const first = plans.map(plan => linkProject(plan, { ...context, made: called }));
  const composed = first.flatMap(({ project }) =>
    project.services.flatMap(({ build }) => (build && build.tags.length > 0 ? build : [])),
  );
  if (composed.length === 0) return first;
  const made = [...called, ...composed];
  return plans.map((plan, index) => {
    const linked = first[index]!;
    return linked.project.services.some(service => pullsOurs(service, made))
      ? linkProject(plan, { ...context, made })
      : linked;
  });
}

function pullsOurs({ build, made, facts, image }: Service, known: readonly Build[]): boolean {
  return !build && !made && !facts && image !== undefined && makerOf(image.raw, known) !== undefined;
}

/** What is no configuration at all has a problem in each line, and a hundred say so. */
const mostInOneFile = 100;

/** One mistake in a file that takes part in several projects is told once. */
function unique(problems: readonly Problem[]): Problem[] {
  const seen = new Map<string, Set<string>>();
  return problems.filter(({ at, message }) => {
    const known = seen.get(at.file) ?? new Set<string>();
    seen.set(at.file, known);
    const key = `${at.span.start}:${message}`;
    if (known.has(key) || known.size >= mostInOneFile) return false;
    known.add(key);
    return true;
  });
}

/** In a tree of this size `componentReads` and others stop: what no rule looked at is said. */
function sizeGaps(files: ProjectFiles): Gap[] {
  if (files.paths.length <= 8_000 || !files.paths.some(path => /\.(py|[cm]?[jt]sx?)$/.test(path))) return [];
  const why = `The tree has ${files.paths.length} files: at most 4,000 source files are searched for the variables that they read, and for the programs that they start.`;
  return [{ about: "the programs' code", why }];
}

/** One file that several services or projects lack is one gap. */
function uniqueGaps(gaps: readonly Gap[]): Gap[] {
  const key = ({ about, why, at }: Gap): string => `${about}\n${why}\n${at?.file}:${at?.span.start}`;
  return [...new Map(gaps.map(gap => [key(gap), gap])).values()];
}

function submodulesOf(reader: Reader): string[] {
  if (reader.files.has(".gitmodules") !== "file") return [];
  const source = reader.text(".gitmodules", "git");
  return [...(source?.text.matchAll(/^[ \t]*path\s*=\s*(\S+)/gm) ?? [])].map(match => match[1]!);
}
