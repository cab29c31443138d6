import { basename } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { isPostgres } from "./query-data.ts";
import { givenVariables, pointsAt, settingsOf } from "./query-environment.ts";
import { placeOf, runningCommand } from "./query-process.ts";
import type { Service, Stack, Variable } from "./stack.ts";

/** How many connections programs may hold at once, and how many their database takes. */

export interface Demand {
  readonly service: Service;
  /** The variables that name the database. */
  readonly variables: readonly Variable[];
  /** Of all its containers. */
  readonly connections: number;
  /** "9 processes of 4 threads". */
  readonly says: string;
  readonly at: Location;
}

/**
 * Connections of Django's programs to a database: one for each thread that works, kept or made anew for each request.
 * What is not written in a command is not counted, so the sum is what there may be at least.
 */
export function demandsOn(store: Service): Demand[] {
  return store.project.services.flatMap(service => {
    if (service.oneShot || service.profiles.length > 0 || !settingsOf(service)) return [];
    const variables = givenVariables(service).filter(each => pointsAt(service.project, each) === store);
    const running = runningCommand(service);
    const found = running && variables.length > 0 ? threadsOf(service, running.words) : undefined;
    const argv = service.process?.argv;
    if (!found || !argv?.length) return [];
    const copies = service.replicas?.value ?? 1;
    return [
      {
        ...{ service, variables, at: placeOf(argv) },
        connections: found.threads * copies,
        says: copies === 1 ? found.says : `${found.says}, ${copies} times`,
      },
    ];
  });
}

function threadsOf(
  service: Service,
  words: readonly (string | undefined)[],
): { threads: number; says: string } | undefined {
  // A word that only the host knows may be any option.
  if (words.some(word => word === undefined)) return undefined;
  const [program, ...rest] = words as string[];
  const name = basename(program ?? "");
  if (name === "gunicorn") return gunicorn(service, rest);
  return name === "celery" && rest.includes("worker") ? celery(rest) : undefined;
}

function gunicorn(service: Service, words: readonly string[]) {
  const { kind, workers, threads: given, isTold } = gunicornWords(service, words);
  if (!/^(?:sync|gthread)$/.test(kind) || isTold) return undefined;
  const processes = count(workers ?? "1");
  const threads = count(given ?? "1");
  if (processes === undefined || threads === undefined) return undefined;
  const says = threads === 1 ? `${processes} processes` : `${processes} processes of ${threads} threads`;
  return { threads: processes * threads, says };
}

/** What the words behind `gunicorn` say; `isTold` where a file or a variable may say more. */
function gunicornWords({ environment }: Service, words: readonly string[]) {
  const settings = environment.filter(each => /^(?:GUNICORN_CMD_ARGS|WEB_CONCURRENCY)$/.test(each.name));
  return {
    kind: option(words, ["-k", "--worker-class"]) ?? "sync",
    workers: option(words, ["-w", "--workers"]),
    threads: option(words, ["--threads"]),
    isTold: option(words, ["-c", "--config"]) !== undefined || settings.length > 0,
  };
}

/** gunicorn with the one worker of one thread that it starts when nothing tells it otherwise. */
export function singleWorker(stack: Stack, service: Service): Location | undefined {
  const running = runningCommand(service);
  const words = running?.words;
  if (!words || basename(words[0] ?? "") !== "gunicorn" || words.includes(undefined)) return undefined;
  // Without an application it is a word that the entry script makes more of.
  const named = words.slice(1).some(word => /^[A-Za-z_][\w.]*(?:\.\w+|:\w+(?:\(.*\))?)$/.test(word!));
  if (!named && !/^[A-Za-z_]\w*$/.test(words[1] ?? "")) return undefined;
  const { kind, workers, threads, isTold } = gunicornWords(service, words.slice(1) as string[]);
  if (kind !== "sync" || workers !== undefined || threads !== undefined || isTold) return undefined;
  const elsewhere =
    stack.files.paths.some(path => basename(path) === "gunicorn.conf.py") ||
    [...stack.sources.values()].some(({ text }) => /\b(?:GUNICORN_CMD_ARGS|WEB_CONCURRENCY)\b/.test(text));
  return elsewhere || (service.replicas?.value ?? 1) > 1 ? undefined : running.at;
}

function celery(words: readonly string[]) {
  const scale = option(words, ["--autoscale"])?.split(",")[0];
  const jobs = count(scale ?? option(words, ["-c", "--concurrency"]) ?? "?");
  return jobs === undefined ? undefined : { threads: jobs, says: `${jobs} jobs at once` };
}

const count = (text: string): number | undefined => (/^[1-9]\d{0,5}$/.test(text) ? Number(text) : undefined);

/** The value of an option: `-w 4`, `-w4`, `--workers 4`, `--workers=4`. */
function option(words: readonly string[], names: readonly string[]): string | undefined {
  for (const [index, word] of words.entries()) {
    if (names.includes(word)) return words[index + 1] ?? "?";
    const name = names.find(each => word.startsWith(each.startsWith("--") ? `${each}=` : each));
    if (name && !(word.startsWith("--") && !name.startsWith("--")))
      return word.slice(name.length).replace(/^=/, "");
  }
  return undefined;
}

/** `max_connections` of a PostgreSQL: 100 unless it is told otherwise; undefined where a file decides, or only the host. */
export function connectionLimit(
  stack: Stack,
  store: Service,
): { readonly value: number; readonly at: Location } | undefined {
  if (!isPostgres(store) || store.build || store.entrypoint) return undefined;
  const words = store.command?.words ?? [];
  if (words.some(word => word.value === undefined || /config_file|hba_file/.test(word.value)))
    return undefined;
  const told = words.find(word => /max[_-]connections=/.test(word.value!));
  if (told) {
    const value = count(/max[_-]connections=["']?(\d+)/.exec(told.value!)?.[1] ?? "");
    return value === undefined ? undefined : { value, at: told.at };
  }
  const mounted = store.mounts.some(mount => /\.conf$|\/etc\/postgresql|initdb/.test(mount.target));
  const elsewhere = [...stack.sources.values()].some(source => source.text.includes("max_connections"));
  return mounted || elsewhere ? undefined : { value: 100, at: store.at };
}
