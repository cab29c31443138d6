import { inside, join } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { parseDotenv } from "../formats/dotenv.ts";
import { containerFile } from "./query.ts";
import { environmentText, hasUnseenEnvironment } from "./query-environment.ts";
import type { Service, Stack } from "./stack.ts";

/** Debugging modes that the program's own .env switches on, which the image brings. */

export interface BakedDebug {
  readonly service: Service;
  /** `APP_DEBUG=1`. */
  readonly given: string;
  readonly at: Location;
}

const on = /^(?:1|true|on|yes)$/i;

/** Symfony and Laravel read .env beside the program; what the container is given wins over it. */
export function bakedDebug(stack: Stack, service: Service): BakedDebug | undefined {
  const { component, model } = service;
  const isSymfony = component?.kind === "php" && usesSymfony(stack, component.manifest);
  if (!(isSymfony || component?.kind === "laravel") || !model?.workdir || hasUnseenEnvironment(service))
    return undefined;
  const file = containerFile(stack, service, join(model.workdir, ".env")).repositoryPath;
  if (file === undefined || stack.files.tracked(file) === false) return undefined;
  const steps = model.stage.runs.map(run => run.fragment.text).join("\n");
  // Another file or another value may be put in its place.
  if (
    /\.env\b(?!\.php)(?!-)/.test(steps.replace(/dump-env\s+\w+/g, "")) ||
    service.scripted?.has("APP_DEBUG")
  )
    return undefined;
  const source = component.files.read(file);
  const entries = source ? parseDotenv(source).model : [];
  const last = (name: string) => entries.findLast(entry => entry.name.value === name);
  if (environmentText(service, "APP_DEBUG") !== undefined) return undefined;
  const own = last("APP_ENV");
  const environment = environmentText(service, "APP_ENV") ?? /dump-env\s+(\w+)/.exec(steps)?.[1];
  const used = environment ?? own?.value.value ?? "dev";
  const others = isSymfony ? [".env.local", `.env.${used}`, `.env.${used}.local`] : [`.env.${used}`];
  const mayDiffer = others.some(name => {
    const path = join(model.workdir!, name);
    if (service.mounts.some(({ target }) => inside(target, path) !== undefined)) return true;
    // A step of the build that made it would have named it.
    const { source: copied } = model.file(path);
    const read = copied === undefined ? undefined : stack.files.read(copied);
    return read && (!("source" in read) || /^[ \t]*(?:export\s+)?APP_(?:DEBUG|ENV)=/m.test(read.source.text));
  });
  if (mayDiffer) return undefined;
  const debug = last("APP_DEBUG");
  if (debug)
    return on.test(debug.value.value ?? "") ? { service, given: said(debug), at: debug.at } : undefined;
  const isDev = isSymfony && environment === undefined && own?.value.value === "dev";
  return isDev ? { service, given: said(own), at: own.at } : undefined;
}

function said({ name, value }: { name: { value: string }; value: { value: string | undefined } }): string {
  return `${name.value}=${value.value ?? ""}`;
}

function usesSymfony(stack: Stack, manifest: string): boolean {
  const read = stack.files.read(manifest);
  return "source" in read && read.source.text.includes('"symfony/framework-bundle"');
}
