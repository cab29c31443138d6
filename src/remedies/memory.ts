import type { Edit, Fix } from "../core/fix.ts";
import { memorySettings } from "../stack/query-memory.ts";
import { runningCommand } from "../stack/query-process.ts";
import type { Service, ServiceKind, Stack } from "../stack/stack.ts";
import { addBelowService, addToService } from "./service-edit.ts";

/**
 * Memory limits to start from, in MiB, and why. They are the makers' minimum or the defaults of the program with room
 * for its caches, as of November 2026; what a service really needs is known only from watching it.
 */
export interface MemoryNeed {
  readonly mebibytes: number;
  readonly because: string;
}

type Row = readonly [RegExp, number, string];

/** By image. The first that fits counts. */
const images: readonly Row[] = [
  [
    /postg|timescale|pgvector/,
    1024,
    "128 MB of shared buffers, some MB for each of 100 connections, file cache",
  ],
  [/mysql|mariadb/, 1024, "a buffer pool of 128 MB, the performance schema and connections"],
  [/^mongo$/, 1024, "a cache of at least 256 MB, connections and sorting"],
  [/redis|valkey/, 512, "the data, and a copy of what changes while it is saved"],
  [/memcached/, 128, "64 MB of items by default"],
  [/rabbitmq/, 1024, "publishers are held back at a part of the limit"],
  [/elasticsearch|opensearch/, 2048, "half of it heap, half of it file cache"],
  [/meilisearch/, 1024, "indexing takes most"],
  [/minio/, 1024, "buffers for parallel uploads"],
  [/prom\/prometheus$/, 1024, "some KB for each series of the last hours"],
  [/grafana\/loki/, 1024, "chunks are kept until they are written"],
  [/grafana\/grafana/, 512, "dashboards and their queries"],
  [/cadvisor/, 256, "statistics of every container"],
  [/exporter|alertmanager|pushgateway/, 128, "a few thousand numbers"],
  [/pgadmin/, 512, "a Python program with several workers"],
];

/** By kind of service, for images that are not in the first table. */
const kinds: Partial<Record<ServiceKind, readonly [number, string]>> = {
  proxy: [256, "some MB for each worker, buffers for requests and answers"],
  admin: [256, "one user at a time"],
  monitoring: [256, "what it watches"],
  mail: [256, "messages in transit"],
  certificates: [256, "a program that runs for seconds"],
  storage: [1024, "buffers for parallel uploads"],
};

/** What a service needs to start from; undefined where neither its image nor its program is known. */
export function memoryNeed(service: Service): MemoryNeed | undefined {
  const row = service.build && service.kind === "app" ? programNeed(service) : imageNeed(service);
  if (!row) return undefined;
  const [mebibytes, because] = row;
  const set = memorySettings(service).map(setting => setting.bytes / 2 ** 20);
  // A quarter is left for all that the program does not count.
  const own = set.length === 0 ? 0 : Math.max(...set) / 0.75;
  return own > mebibytes || (set.length > 0 && own > 0.75 * mebibytes)
    ? { mebibytes: roundUp(own), because: "a third more than its own setting" }
    : { mebibytes: roundUp(mebibytes), because };
}

function roundUp(mebibytes: number): number {
  return Math.ceil(mebibytes / 128) * 128;
}

type Need = readonly [number, string];

function imageNeed(service: Service): Need | undefined {
  const family = service.facts?.family;
  if (family === undefined) return undefined;
  if (service.kind === "other") return [512, "a client of the image for a job"];
  const row = images.find(([pattern]) => pattern.test(family));
  return row ? [row[1], row[2]] : kinds[service.kind];
}

const developing = /(?:^|\s)(?:dev|serve|watch)(?:\s|$)|--reload|--watch|nodemon|^(?:npx )?vite(?:\s|$)/;

/** By the program that runs: workers share little, so each counts. */
function programNeed(service: Service): Need | undefined {
  const running = runningCommand(service);
  if (!running) return undefined;
  const words = running.words.map(word => word ?? "?");
  const line = words.join(" ");
  const program = words[0]!.split("/").at(-1)!;
  // Its processes load every workflow of the team: no figure is right for all.
  if (service.facts?.family?.includes("airflow")) return undefined;
  if (loadsModels(service)) return undefined;
  if (/^(?:node|next|npm|pnpm|yarn|bun|npx|vite|tsx|ts-node)$/.test(program) && developing.test(line))
    return [2048, "a development server compiles while it serves"];
  switch (program) {
    case "gunicorn":
    case "uvicorn":
    case "hypercorn":
    case "granian":
    case "uwsgi":
      return workers(service, words, ["-w", "--workers", "--processes"], 1, 192, "192 MB for each worker");
    case "celery":
      return /\bbeat\b/.test(line) && !/\bworker\b/.test(line)
        ? [256, "one process that only sends"]
        : workers(service, words, ["-c", "--concurrency"], undefined, 192, "192 MB for each process");
    case "daphne":
    case "python":
    case "python3":
    case "flask":
    case "fastapi":
    case "rq":
    case "dramatiq":
    case "arq":
      return [512, "one Python process with its libraries"];
    case "next":
      return [768, "rendering on the server and its cache of images"];
    case "node":
    case "npm":
    case "pnpm":
    case "yarn":
    case "bun":
    case "tsx":
    case "serve":
      return [512, "one Node.js process"];
    case "puma":
    case "rails":
    case "bundle":
      return [1024, "a Ruby process with its threads"];
    case "java":
      return [1024, "a quarter of it is heap, unless -Xmx says more"];
    case "dotnet":
      return [512, "one .NET process"];
    case "nginx":
      return [256, kinds.proxy![1]];
    default:
      return undefined;
  }
}

/** Models and browsers take as much as they are large. */
const large =
  /\b(?:torch|tensorflow|keras|transformers|sentence[-_]transformers|faiss(?:-cpu|-gpu)?|onnxruntime|spacy|llama[-_]cpp[-_]python|chromadb|(?:openai-|faster-)?whisper|ultralytics|diffusers|vllm|puppeteer|playwright)\b/i;

function loadsModels({ component, build }: Service): boolean {
  const texts = build?.dockerfile?.stages.flatMap(stage => stage.runs.map(run => run.fragment.text)) ?? [];
  const manifest = component?.files.read(component.manifest);
  // What tests need of a package.json is not in the process.
  if (component?.package)
    texts.push(
      ...component.package.dependencies.flatMap(({ name, group }) => (group === "dependencies" ? name : [])),
    );
  else if (manifest) texts.push(manifest.text);
  return texts.some(text => large.test(text));
}

function workers(
  service: Service,
  words: readonly string[],
  flags: readonly string[],
  otherwise: number | undefined,
  each: number,
  because: string,
): Need {
  const given = words.flatMap((word, i) => {
    if (flags.includes(word)) return words[i + 1] ?? "?";
    const flag = flags.find(name => word.startsWith(`${name}=`));
    return flag ? word.slice(flag.length + 1) : [];
  });
  const concurrency = service.environment.find(entry => entry.name === "WEB_CONCURRENCY")?.value;
  const text =
    given.at(-1) ?? (otherwise !== undefined && concurrency ? (concurrency.text ?? "?") : undefined);
  const isConfigured = words.some(word => /^(?:-c|--config)$/.test(word)) && flags.includes("-w");
  const count = text === undefined ? (isConfigured ? undefined : otherwise) : Number(text);
  // One for each processor, or whatever a file says.
  if (count === undefined || !Number.isInteger(count) || count < 1)
    return [1024, `${because}, not known how many`];
  return [Math.max(512, 128 + count * each), because];
}

/** Limits for all of them whose need is known. */
export function limitMemory(stack: Stack, services: readonly Service[]): Fix | undefined {
  const edits: Edit[] = [];
  const names: string[] = [];
  let sum = 0;
  let left = 0;
  for (const service of services) {
    const need = memoryNeed(service);
    const edit = need && limitEdit(stack, service, need.mebibytes);
    if (!edit) {
      left++;
      continue;
    }
    // Overlays give a service of the base file to several projects: it stands in one place.
    const same = edits.some(({ at }) => at.file === edit.at.file && at.span.start === edit.at.span.start);
    if (same) continue;
    edits.push(edit);
    names.push(`${service.name} ${size(need.mebibytes)}`);
    sum += need.mebibytes;
  }
  if (edits.length === 0) return undefined;
  return {
    title: `Limit memory: ${[...new Set(names)].join(", ")}`,
    grade: "needs-testing",
    edits,
    ...(left > 0 ? { partial: true } : {}),
    test: `Watch \`docker stats\` for a day of usual load: each stays below four fifths of its limit, and the machine has more than all of them together (${size(sum)}).`,
  };
}

/** `512M`, `1G`. */
export function size(mebibytes: number): string {
  return mebibytes % 1024 === 0 ? `${mebibytes / 1024}G` : `${mebibytes}M`;
}

/** Compose refuses `deploy.resources.limits` beside limits in the older spelling, so that what is there decides. */
function limitEdit(stack: Stack, service: Service, mebibytes: number): Edit | undefined {
  // Also in a file over this one: Compose takes both together.
  const older = stack.services
    .filter(each => each.name === service.name && each.project.files.includes(service.at.file))
    .some(each => ["cpus", "pids_limit", "mem_limit"].some(key => each.get(key)));
  if (!older) {
    const path = ["deploy", "resources", "limits", "memory"];
    const edit = addBelowService(stack, service, path, size(mebibytes));
    if (edit) return edit;
  }
  if (service.get("deploy", "resources", "limits")) return undefined;
  return addToService(stack, service, [`mem_limit: ${size(mebibytes).toLowerCase()}`], []);
}
