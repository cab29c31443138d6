import { basename } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { mainScript, startWords } from "./query-main-script.ts";
import type { Service, Stack } from "./stack.ts";

/** Commands that put their program into the background and end, as the last one of a container. */

export interface Ended {
  readonly at: Location;
  /** As a person would call it: `gunicorn --daemon`. */
  readonly command: string;
  /** What keeps the program in the foreground. */
  readonly instead: string;
}

/** What a container ends with, because nothing stays in its foreground; undefined where something does, or may. */
export function endsAtOnce(stack: Stack, service: Service): Ended | undefined {
  const main = mainScript(stack, service);
  if (!main) {
    const words = startWords(service);
    // The entry points of official images hand on what they get, and others may do anything.
    if (words.length === 0 || words.some(word => word.value === undefined)) return undefined;
    const entry = service.entrypoint ?? service.model?.entrypoint;
    const own = entry ? words : (service.process?.words ?? []);
    if (entry && /entrypoint|\.sh$|^(?:tini|dumb-init|s6|\/init)/.test(basename(entry.words[0]?.value ?? "")))
      return undefined;
    const found = backgrounded(
      stack,
      own.map(word => word.value!),
    );
    return found && { at: service.process?.at ?? service.at, ...found };
  }
  const { commands, constructs } = main.script;
  const last = commands.at(-1);
  if (!last || last.within.length > 0 || last.connector === "&") return undefined;
  if (commands.some(each => /^(?:wait|trap)$/.test(each.name?.value ?? ""))) return undefined;
  // A loop after it, or around something else, may stay.
  if (constructs.some(({ kind }) => /while|until|for/.test(kind))) return undefined;
  const found = backgrounded(
    stack,
    last.words.map(word => word.value ?? "?"),
  );
  return found && { at: main.inFile ? last.at : main.at, ...found };
}

function backgrounded(stack: Stack, given: readonly string[]): Omit<Ended, "at"> | undefined {
  const words = given[0] === "exec" || given[0] === "sudo" ? given.slice(1) : given;
  const [first = "", ...rest] = words;
  const name = basename(first);
  const has = (pattern: RegExp) => rest.some(word => pattern.test(word));
  const line = words.join(" ");
  if (name === "service" && /^(?:start|restart)$/.test(rest[1] ?? ""))
    return { command: line, instead: "start the program itself, in the foreground" };
  if (/^\/etc\/init\.d\//.test(first) && /^(?:start|restart)$/.test(rest[0] ?? ""))
    return { command: line, instead: "start the program itself, in the foreground" };
  if (name === "gunicorn" && has(/^(?:--daemon|-D)$/))
    return { command: "gunicorn --daemon", instead: "leave --daemon out" };
  if (name === "celery" && rest[0] === "multi")
    return { command: "celery multi", instead: "celery worker stays" };
  if (/^(?:apachectl|apache2ctl|httpd)$/.test(name) && has(/^(?:start|restart)$/))
    return { command: line, instead: "apachectl -D FOREGROUND stays" };
  if (name === "redis-server" && /--daemonize yes/.test(line))
    return { command: "redis-server --daemonize yes", instead: "leave --daemonize out" };
  if (name === "pm2" && rest[0] === "start" && !has(/^(?:--no-daemon|--attach)$/))
    return { command: "pm2 start", instead: "pm2-runtime stays" };
  if (/^php-fpm[\d.]*$/.test(name) && has(/^(?:-D|--daemonize)$/))
    return { command: line, instead: "leave it out" };
  if (name === "nginx" && rest.length === 0 && !isSet(stack, /\bdaemon\s+off\s*;/))
    return { command: "nginx", instead: "`nginx -g 'daemon off;'` stays" };
  if (name === "cron" && !has(/^-f$/)) return { command: "cron", instead: "cron -f stays" };
  if (name === "crond" && !has(/^-\w*[fn]/)) return { command: "crond", instead: "crond -f stays" };
  return undefined;
}

/** A configuration anywhere in the repository keeps the program in the foreground. */
function isSet(stack: Stack, pattern: RegExp): boolean {
  return (
    [...stack.sources.values()].some(
      ({ path, text }) => !/\.ya?ml$|Dockerfile/.test(path) && pattern.test(text),
    ) ||
    stack.files.paths.some(path => {
      if (!/(?:^|\/)[^/]*nginx[^/]*\.conf/.test(path)) return false;
      const read = stack.files.read(path);
      return "source" in read && pattern.test(read.source.text);
    })
  );
}
