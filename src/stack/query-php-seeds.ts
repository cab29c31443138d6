import type { Call } from "../artifacts/commands.ts";
import { isVendored } from "../artifacts/project-files.ts";
import { basename, dirname, inside } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location, Source } from "../core/source.ts";
import { givenTo, isReached } from "./branches.ts";
import { containerScript, serverServices } from "./query.ts";
import { placeOf } from "./query-process.ts";
import { gated, literalAdmin } from "./query-seeded-admins.ts";
import type { Service, Stack } from "./stack.ts";

/** Administrators that a seeder of Laravel or CodeIgniter makes, where a start or a release runs the seeder. */
export interface PhpSeed {
  readonly at: Location;
  readonly runAt: Location;
  /** The service that does it when it starts; undefined for a release. */
  readonly service?: Service;
}

interface Run {
  readonly words: string;
  readonly at: Location;
  readonly service?: Service;
}

export function phpSeeds(stack: Stack): PhpSeed[] {
  const roots = phpRoots(stack);
  if (roots.length === 0) return [];
  const found = new Map<string, PhpSeed>();
  for (const run of runs(stack)) {
    const context = run.service?.component?.dir ?? run.service?.build?.context;
    const near = roots.filter(root => context === undefined || inside(context, root) !== undefined);
    if (near.length !== 1) continue;
    for (const source of phpSeeders(stack, near[0]!, run.words)) {
      const at = literalAdmin(source);
      if (!at || found.has(source.path)) continue;
      found.set(source.path, { at, runAt: run.at, ...(run.service ? { service: run.service } : {}) });
    }
  }
  return [...found.values()];
}

const seeding = /\b(?:artisan db:seed|artisan migrate\b[^&|;]*\s--seed\b|spark db:seed)/;
const asked = /\$\{?\w*(?:SEED|DEMO|INIT|FIRST|INSTALL)|--(?:seed|init|first|fresh|install)\b/;

function runs(stack: Stack): Run[] {
  const found: Run[] = [];
  for (const service of serverServices(stack))
    for (const command of service.process?.commands ?? []) {
      const words = command.map(word => word.value ?? "?").join(" ");
      const at = placeOf(command);
      if (seeding.test(words) && !isAsked(stack, at)) found.push({ words, at, service });
    }
  for (const { call, deploys } of stack.calls) {
    const words = call.command.words.map(word => word.text).join(" ");
    if (!seeding.test(words)) continue;
    const service = serverServices(stack).find(each => startsScript(stack, each, call));
    if (!service && !deploys) continue;
    if (!isAsked(stack, call.at)) found.push({ words, at: call.at, ...(service ? { service } : {}) });
  }
  return found;
}

/** Somebody asks for it by a variable, or where it runs is looked at. */
function isAsked(stack: Stack, { file, span }: Location): boolean {
  const before = sourceOf(stack, file)?.text.slice(Math.max(0, span.start - 300), span.start) ?? "";
  return gated.test(before) || asked.test(before);
}

/** The service comes by a call of its entry script when it starts. */
function startsScript(stack: Stack, service: Service, call: Call): boolean {
  const starts = [
    ...(service.process?.commands ?? []).map(words => words[0]?.value),
    (service.entrypoint ?? service.model?.entrypoint)?.words[0]?.value,
  ];
  return starts.some(
    path =>
      path !== undefined &&
      containerScript(stack.scripts, stack.files, service, path) === call.script &&
      isReached(call.script, call.command, givenTo(service, path)) !== false,
  );
}

function firstOf(words: string): string {
  const said = /--class[= ]["']?([\w\\]+)|spark db:seed ["']?([\w\\]+)/.exec(words);
  return (said?.[1] ?? said?.[2] ?? "DatabaseSeeder").split("\\").at(-1)!;
}

/** Directories with the console of Laravel or CodeIgniter. */
export function phpRoots(stack: Stack): string[] {
  return stack.files.paths
    .filter(path => /(?:^|\/)(?:artisan|spark)$/.test(path) && !isVendored(path))
    .map(dirname);
}

/** The seeder that a command runs, and those that it calls. */
export function phpSeeders(stack: Stack, root: string, command: string): Source[] {
  const named = new Map<string, string>();
  for (const path of stack.files.paths)
    if (/\/seed(?:s|ers)?\/.*\.php$/i.test(path) && inside(root, path) !== undefined && !isVendored(path))
      named.set(basename(path).slice(0, -".php".length), path);
  const open = [firstOf(command)];
  const found: Source[] = [];
  for (let name = open.pop(); name !== undefined && found.length < 60; name = open.pop()) {
    const path = named.get(name);
    const read = path === undefined ? undefined : stack.files.read(path);
    named.delete(name);
    if (!read || !("source" in read)) continue;
    found.push(read.source);
    const { text } = read.source;
    if (gated.test(text)) continue;
    for (const [, one, other] of text.matchAll(/\b(\w+)::class|->call\(\s*["'](\w+)["']/g))
      open.push((one ?? other)!);
  }
  return found;
}
