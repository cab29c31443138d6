import { inside, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { type Location, locate, type Source } from "../core/source.ts";
import { parseDotenv } from "../formats/dotenv.ts";
import { serverServices, variable } from "./query.ts";
import { lacksDotenv } from "./query-dotenv.ts";
import { hasUnseenEnvironment } from "./query-environment.ts";
import { workingDirectory } from "./query-import.ts";
import type { Service, Stack } from "./stack.ts";

/** Frameworks that write their log to one file for as long as it has room. */

export interface LogFile {
  readonly service: Service;
  readonly framework: string;
  /** Below the program. */
  readonly path: string;
  readonly at: Location;
  readonly shows: string;
  /** Where it outlives the container. */
  readonly keptAt?: Location;
}

export function logFiles(stack: Stack): LogFile[] {
  const told = new Set<string>();
  return serverServices(stack).flatMap(service => {
    const { component } = service;
    if (!component || !(service.build ?? service.made) || told.has(component.dir)) return [];
    const kind = component.kind;
    if (kind !== "laravel" && kind !== "rails") return [];
    const found =
      kind === "laravel"
        ? laravelLog(stack, service, component.dir)
        : railsLog(stack, service, component.dir);
    if (!found) return [];
    told.add(component.dir);
    const home = workingDirectory(service);
    const mount = service.mounts.find(
      each => each.type !== "tmpfs" && home && inside(each.target, `${home}/${found.path}`) !== undefined,
    );
    // A whole checkout under a service that nobody starts again is somebody's work.
    const isWork = mount && inside(mount.target, home!) !== undefined && !service.get("restart");
    return [{ service, ...found, ...(mount && !isWork ? { keptAt: mount.at } : {}) }];
  });
}

type Found = Omit<LogFile, "service">;

interface Given {
  /** Undefined where it cannot be told. */
  readonly value: string | undefined;
  readonly at: Location;
}

function laravelLog(stack: Stack, service: Service, dir: string): Found | undefined {
  const config = sourceOf(stack, join(dir, "config/logging.php"));
  if (!config || isTended(stack, /laravel\.log|logrotate|log:clear/)) return undefined;
  const path = /'single'\s*=>\s*\[[^\]]{0,80}'path'\s*=>\s*storage_path\(\s*'(logs\/[\w.-]+)'/.exec(
    config.text,
  );
  const stacked =
    /'stack'\s*=>\s*\[[^\]]{0,80}'channels'\s*=>\s*(?:explode\(\s*','\s*,\s*(?:\(string\)\s*)?env\(\s*'LOG_STACK'\s*,\s*'([\w,]+)'|\[([^\]]{0,120})\])/.exec(
      config.text,
    );
  const first = /'default'\s*=>\s*env\(\s*'LOG_CHANNEL'\s*,\s*'(\w+)'/.exec(config.text);
  if (!path || !first) return undefined;
  const named = given(stack, service, dir, "LOG_CHANNEL");
  // Whoever writes the .env, and copies none, may have chosen.
  if (!named && (hasUnseenEnvironment(service) || !lacksDotenv(stack, service))) return undefined;
  const chosen = named ?? matched(config, first);
  let place: Given | undefined = chosen;
  if (chosen.value === "stack") {
    if (!stacked) return undefined;
    place =
      stacked[1] === undefined
        ? { ...matched(config, stacked), value: stacked[2]!.replace(/['"\s]/g, "") }
        : (given(stack, service, dir, "LOG_STACK") ?? { ...matched(config, stacked), value: stacked[1] });
  }
  const channels = place.value?.split(",") ?? [];
  if (!channels.includes("single") || channels.some(each => /^(?:stderr|errorlog|syslog)$/.test(each)))
    return undefined;
  return {
    framework: "Laravel",
    path: `storage/${path[1]}`,
    at: place.at,
    shows: "the channel `single` is one file that nothing rotates",
  };
}

function railsLog(stack: Stack, service: Service, dir: string): Found | undefined {
  const name = "RAILS_LOG_TO_STDOUT";
  const config = sourceOf(stack, join(dir, "config/environments/production.rb"));
  const asked = config && /^[ \t]*if ENV(?:\[|\.fetch\()["']RAILS_LOG_TO_STDOUT["']/m.exec(config.text);
  const stage = variable(service, "RAILS_ENV")?.value?.text ?? service.model?.env.get("RAILS_ENV")?.value;
  if (!config || !asked || stage !== "production" || isTended(stack, /production\.log|logrotate/))
    return undefined;
  const others = stack.files.paths.filter(
    path =>
      path !== config.path &&
      /(?:\.(?:ya?ml|sh|md|json|toml|env|rb|conf)|file[^/]*|\.env[^/]*|\/[^/.]+)$/i.test(path),
  );
  // Whoever reads of it may set it; a package may write elsewhere.
  if (others.some(path => sourceOf(stack, path)?.text.includes(name))) return undefined;
  const gems = sourceOf(stack, join(dir, "Gemfile"))?.text ?? "";
  if (/rails_12factor|rails_stdout_logging|rails_semantic_logger|logstash|ougai/.test(gems)) return undefined;
  const outside = config.text.replace(/^[ \t]*#.*$/gm, "").split(name);
  if (/\bconfig\.logger\s*=|log_file_size/.test(outside[0]!)) return undefined;
  return {
    framework: "Rails",
    path: "log/production.log",
    at: locate(config, asked.index + asked[0].indexOf("if"), asked.index + asked[0].length),
    shows: `writes to a file, because nothing sets ${name}`,
  };
}

const examples =
  /^\.env(?:\.[\w-]+)*\.(?:example|sample|dist|template)$|^\.env\.(?:example|sample|dist|template|prod|production)$/;

/** What a variable is given: by Compose, by the image, or by the file that people are told to copy. */
function given(stack: Stack, service: Service, dir: string, name: string): Given | undefined {
  const own = variable(service, name);
  if (own) return { value: own.value?.text, at: own.nameAt };
  const image = service.model?.env.get(name)?.value;
  if (image !== undefined || service.reassigned?.has(name) || service.scripted?.has(name))
    return { value: image, at: service.at };
  const found = [...new Set([dir, service.project.directory])].flatMap(directory =>
    stack.files
      .list(directory)
      .filter(each => examples.test(each))
      .flatMap(each => {
        const source = sourceOf(stack, join(directory, each));
        const entry = source && parseDotenv(source).model.findLast(one => one.name.value === name);
        return entry ? [{ value: entry.value.value, at: entry.at }] : [];
      }),
  );
  const values = new Set(found.map(each => each.value));
  return found[0] && { value: values.size === 1 ? found[0].value : undefined, at: found[0].at };
}

const tending =
  /(?:\.sh|\.conf|\.ya?ml|\.crontab|(?:^|\/)(?:Dockerfile|Makefile|crontab|cron|[\w-]*entrypoint)[^/]*|Kernel\.php|console\.php)$/i;

/** Something empties it, rotates it, or leads it to the container's output. */
function isTended(stack: Stack, signs: RegExp): boolean {
  return stack.files.paths.some(
    path => /logrotate/i.test(path) || (tending.test(path) && signs.test(sourceOf(stack, path)?.text ?? "")),
  );
}

function matched(source: Source, match: RegExpExecArray): Given & { value: string } {
  return { value: match[1] ?? "", at: locate(source, match.index, match.index + match[0].length) };
}
