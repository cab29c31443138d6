import { importedScriptFile, ownFiles } from "../artifacts/project-files.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import type { AppComponent } from "./app/detect.ts";
import { variable } from "./query.ts";
import { startFiles } from "./query-absent-imports.ts";
import { hasUnseenEnvironment } from "./query-environment.ts";
import { runningCommand } from "./query-process.ts";
import { loadedFiles } from "./query-reach.ts";
import type { Service, Stack } from "./stack.ts";

/** Values in code that a service never comes to. */

const loaded = new WeakMap<Service, ReadonlySet<string> | "any">();

/** Nothing that its command starts imports the file. False where that cannot be told. */
export function isNeverLoaded(stack: Stack, service: Service, { file }: Location): boolean {
  let files = loaded.get(service);
  if (files === undefined) {
    files = filesOf(stack, service) ?? "any";
    loaded.set(service, files);
  }
  return files !== "any" && !files.has(file);
}

function filesOf(stack: Stack, service: Service): ReadonlySet<string> | undefined {
  const { component, process } = service;
  if (!component || component.django || process?.commands?.length !== 1) return undefined;
  // What a framework finds in its folders, it imports by itself.
  if (component.package?.dependencies.some(({ name }) => byFolders.test(name))) return undefined;
  // `npm start` is what its script says.
  const running = runningCommand(service)?.words;
  const entries = startFiles(stack, service, running && [[...running]]);
  if (entries.length > 0) return reached(component, entries);
  const found = component.manifest.endsWith("package.json") ? "all" : loadedFiles(service, component);
  return typeof found === "string" ? undefined : found;
}

/** Every file whose path some file names that is reached; undefined where names are put together, or lead anywhere. */
function reached({ files }: AppComponent, entries: readonly string[]): ReadonlySet<string> | undefined {
  const found = new Set(entries);
  for (const path of found) {
    const text = files.read(path)?.text;
    if (text === undefined || found.size > mostFiles || anywhere.test(text)) return undefined;
    for (const [, module = ""] of text.matchAll(/["'`](\.{1,2}(?:\/[^"'`\n]*)?)["'`]/g)) {
      const file = importedScriptFile(files, path, module);
      if (file !== undefined) found.add(file);
    }
  }
  return found;
}

const byFolders =
  /^(?:next|nuxt|@sveltejs\/kit|@remix-run\/.*|astro|@strapi\/.*|@adonisjs\/core|@redwoodjs\/.*|moleculer|sails)$/;
const mostFiles = 800;
const anywhere =
  /\b(?:require|import)\(\s*[^"'\s]|readdir|\bglob(?!al)|require\.context|\bfrom\s+["'](?:[@~#]\/|src\/)|["'][@~#]\/|autoload/i;

/** `SECRET_KEY: str = "..."` of a class of settings, which no code of the program asks for. */
export function isUnusedField(stack: Stack, { component }: Service, name: string, at: Location): boolean {
  const source = sourceOf(stack, at.file);
  if (!component || !source || !at.file.endsWith(".py")) return false;
  const line = source.text.slice(source.text.lastIndexOf("\n", at.span.start) + 1).split("\n", 1)[0]!;
  const field = /^[ \t]+(\w+)[ \t]*:[ \t]*\w+/.exec(line)?.[1];
  if (field === undefined || field.toUpperCase() !== name.toUpperCase()) return false;
  const asked = new RegExp(`[.'"]${field}\\b|\\{${field}\\}`);
  const whole = /\b(?:model_dump|\.dict|vars|asdict|__dict__)\b/;
  return !ownFiles(stack.files, component.dir).some(path => {
    if (!/\.(?:py|ini|toml|html)$/.test(path)) return false;
    const text = component.files.read(path)?.text ?? "";
    return asked.test(text) || (whole.test(text) && /settings/i.test(text));
  });
}

/** In `config/queue.php` of Laravel: the password of a connection that is not the one in use, as far as all is seen. */
export function isIdleConnection(stack: Stack, service: Service, { file, span }: Location): boolean {
  const text = /(?:^|\/)config\/(?:queue|mail|broadcasting)\.php$/.test(file)
    ? sourceOf(stack, file)?.text
    : undefined;
  const [, name = "", fallback] = /'default'\s*=>\s*env\(\s*'(\w+)'\s*,\s*'([\w-]+)'/.exec(text ?? "") ?? [];
  const own = [...(text ?? "").slice(0, span.start).matchAll(/\n {8}'([\w-]+)'\s*=>\s*\[/g)].at(-1)?.[1];
  if (own === undefined || fallback === undefined) return false;
  const given = variable(service, name)?.value;
  const inUse = given ? given.text : hasUnseenEnvironment(service) ? undefined : fallback;
  // `queue:work rabbitmq`
  const asked = new RegExp(`(?:queue:\\w+|onConnection\\(|connection\\()[\\s'"]*${own}\\b`);
  return (
    inUse !== undefined && inUse !== own && ![...stack.sources.values()].some(each => asked.test(each.text))
  );
}
