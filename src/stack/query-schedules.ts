import { ownFiles } from "../artifacts/project-files.ts";
import { basename } from "../core/path.ts";
import { type Location, locate } from "../core/source.ts";
import { variable } from "./query.ts";
import { scriptsOf } from "./query-code.ts";
import { placeOf, runningCommand } from "./query-process.ts";
import { loadedFiles } from "./query-reach.ts";
import type { Service, Stack } from "./stack.ts";

/** Schedules inside programs, and how many processes of the program run. */

export interface Copies {
  readonly count: number;
  /** "4 processes" */
  readonly says: string;
  readonly at: Location;
}

/** Processes that each load the whole program: containers, or workers of its server. Undefined for one, and where it is not told. */
export function copiesOf(service: Service): Copies | undefined {
  if (service.replicas && service.replicas.value > 1)
    return {
      count: service.replicas.value,
      says: `${service.replicas.value} containers`,
      at: service.replicas.at,
    };
  const running = runningCommand(service);
  const argv = service.process?.argv;
  if (!running || !argv?.length) return undefined;
  const words = running.words;
  const program = basename(words[0] ?? "");
  if (words.some(word => word === "--preload" || word === undefined)) return undefined;
  const names = program === "gunicorn" ? ["-w", "--workers"] : program === "uvicorn" ? ["--workers"] : [];
  if (names.length === 0) return undefined;
  const given = words.flatMap((word, index) => {
    if (names.includes(word!)) return words[index + 1] ?? [];
    const name = names.find(each => word!.startsWith(`${each}=`));
    return name ? word!.slice(name.length + 1) : [];
  });
  const set = variable(service, "WEB_CONCURRENCY");
  const text = given[0] ?? set?.value?.text ?? "";
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 1;
  if (count < 2) return undefined;
  return { count, says: `${count} processes`, at: given[0] === undefined ? set!.at : placeOf(argv) };
}

export interface Schedule {
  /** "APScheduler" */
  readonly name: string;
  readonly at: Location;
}

/** A schedule that every process of a service starts for itself. */
export function scheduleIn(stack: Stack, service: Service): Schedule | undefined {
  const argv = service.process?.argv ?? [];
  const line = argv.map(word => word.value ?? "?").join(" ");
  if (/(?:^|\/)celery\s/.test(line)) {
    const isBeat = /\scelery?\s*beat\b|\sbeat(?:\s|$)|\s(?:-B|--beat)(?:\s|$)/.test(line);
    return isBeat ? { name: "Celery's scheduler", at: placeOf(argv) } : undefined;
  }
  const { component } = service;
  if (!component) return undefined;
  if (/^(?:fastapi|flask|django|python)$/.test(component.kind)) return pythonSchedule(stack, service);
  return /^(?:express|nest|fastify|koa|hono|node)$/.test(component.kind)
    ? nodeSchedule(stack, service)
    : undefined;
}

/** Something that lets one process of several do it, or that decides whether it is done at all. */
const guarded =
  /lock|mutex|leader|advisory|fcntl|RUN_|ENABLE|DISABLE|IS_|PRIMARY|MASTER|NODE_APP_INSTANCE|WORKER_ID/i;

const pythonStart = /\b(?:Background|AsyncIO|AsyncIo|Asyncio)Scheduler\s*\(/;

function pythonSchedule(stack: Stack, service: Service): Schedule | undefined {
  const component = service.component!;
  const loaded = component.django ? "all" : loadedFiles(service, component);
  if (loaded === "unknown") return undefined;
  const paths = ownFiles(stack.files, component.dir).filter(path => path.endsWith(".py"));
  if (paths.length > 1_500) return undefined;
  for (const path of paths) {
    // Commands of Django run by themselves.
    if (/\/(?:management|scripts?|tools)\//.test(path) || (loaded !== "all" && !loaded.has(path))) continue;
    const read = stack.files.read(path);
    if (!("source" in read) || !read.source.text.includes("Scheduler(")) continue;
    const { source } = read;
    const found = pythonStart.exec(source.text);
    const started = /^[ \t]*(?:self\.)?\w*sched\w*\.start\(/im.exec(source.text);
    if (!found || !started || guarded.test(source.text)) continue;
    // Started where the module is loaded, or by what the framework calls in each process.
    const isProgram = component.django ? /\/apps\.py$/.test(path) : true;
    if (loaded === "all" && !isProgram) continue;
    if (/^if __name__ ==/m.test(source.text.slice(0, started.index))) continue;
    const start = started.index + started[0].search(/\S/);
    return { name: "APScheduler", at: locate(source, start, started.index + started[0].length - 1) };
  }
  return undefined;
}

const nodeStart =
  /\bcron\.schedule\(|\bnew\s+CronJob\(|\bschedule\.scheduleJob\(|\bScheduleModule\.forRoot\(/;

function nodeSchedule(stack: Stack, service: Service): Schedule | undefined {
  const component = service.component!;
  const packages = component.package?.dependencies ?? [];
  const name = ["node-cron", "cron", "node-schedule", "@nestjs/schedule"].find(each =>
    packages.some(own => own.name === each && own.group === "dependencies"),
  );
  if (!name) return undefined;
  let found: Schedule | undefined;
  for (const path of scriptsOf(component)) {
    const read = stack.files.read(path);
    if (!("source" in read) || !/[cC]ron|[sS]chedule/.test(read.source.text)) continue;
    const { text } = read.source;
    if (guarded.test(text) && (nodeStart.test(text) || /@Cron\(/.test(text))) return undefined;
    const start = nodeStart.exec(text);
    if (start && !found) {
      found = { name, at: locate(read.source, start.index, start.index + start[0].length - 1) };
    }
  }
  return found;
}
