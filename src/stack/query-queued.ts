import { isTest, isVendored, ownFiles } from "../artifacts/project-files.ts";
import { type Location, locate, type Source } from "../core/source.ts";
import type { AppComponent } from "./app/detect.ts";
import { gradeOf, serverServices } from "./query.ts";
import { worstFirst } from "./query-process.ts";
import type { Service, Stack } from "./stack.ts";

/** Jobs that code puts into a queue, and whether anything takes them out again. */

export interface Queued {
  readonly service: Service;
  /** What is missing: "a worker of Celery". */
  readonly worker: string;
  readonly start: string;
  readonly job: Location;
  readonly call: Location;
}

interface Tool {
  readonly worker: string;
  readonly start: string;
  readonly ending: RegExp;
  /** A word of every job: few files have it, and patterns are tried on those alone. */
  readonly mark: string;
  readonly job: RegExp;
  readonly call: RegExp;
  /** The jobs are done at once, or by a thread of the server. */
  readonly inline: RegExp;
  readonly runs: RegExp;
}

const tools: readonly Tool[] = [
  {
    worker: "a worker of Celery",
    start: "celery worker",
    ending: /\.py$/,
    mark: "task",
    job: /^[ \t]*@(?:shared_task\b|(?:celery|celery_app|app|capp)\.task\b)/m,
    call: /\b\w+\.(?:delay|apply_async)\(/,
    inline: /always_eager/i,
    runs: /\bcelery\b[^\n]{0,300}\bworker\b|\bworker_main\(|\bWorkController\(/,
  },
  {
    worker: "a worker of Dramatiq",
    start: "dramatiq",
    ending: /\.py$/,
    mark: "@dramatiq",
    job: /^[ \t]*@dramatiq\.actor\b/m,
    call: /\b\w+\.send(?:_with_options)?\(/,
    inline: /StubBroker/,
    runs: /\bdramatiq [\w-]|\brundramatiq\b|["']dramatiq["']/,
  },
  {
    worker: "Sidekiq",
    start: "sidekiq",
    ending: /\.rb$/,
    mark: "idekiq",
    job: /^[ \t]*(?:include Sidekiq::(?:Job|Worker)|config\.active_job\.queue_adapter\s*=\s*:sidekiq)\b/m,
    call: /\b[A-Z]\w*\.perform_(?:async|in|at|later)\b|\.deliver_later\b/,
    inline: /Sidekiq::Testing\.inline!|Sidekiq\.configure_embed/,
    runs: /\bsidekiq\b(?!-cron\b|\.yml|\/)(?! *(?:~|==|,|\()|["'])/,
  },
];

const mostFiles = 3_000;

export function queuedJobs(stack: Stack): Queued[] {
  const told = new Set<AppComponent>();
  return worstFirst(serverServices(stack)).flatMap(service => {
    const { component } = service;
    if (!component || told.has(component) || !(service.build ?? service.made)) return [];
    if (!/^(?:django|fastapi|flask|python|rails)$/.test(component.kind)) return [];
    told.add(component);
    return tools.flatMap(each => jobsOf(stack, service, component, each));
  });
}

function jobsOf(stack: Stack, service: Service, component: AppComponent, tool: Tool): Queued[] {
  const code = ownFiles(stack.files, component.dir).filter(
    path => tool.ending.test(path) && !/(?:^|\/)environments\/(?:development|test)\.rb$/.test(path),
  );
  if (code.length === 0 || code.length > mostFiles) return [];
  const texts = code.flatMap(path => {
    const read = stack.files.read(path);
    return "source" in read ? [read.source] : [];
  });
  const job = firstPlace(texts, tool.job, text => text.includes(tool.mark));
  if (!job) return [];
  if (
    texts.some(
      ({ text }) =>
        tool.inline.test(text) ||
        (tool.runs.test(text) && /worker_main|WorkController|subprocess|Popen/.test(text)),
    )
  )
    return [];
  const call = firstPlace(texts, tool.call);
  return call && !isRun(stack, service, tool)
    ? [{ service, worker: tool.worker, start: tool.start, job, call }]
    : [];
}

function firstPlace(
  sources: readonly Source[],
  pattern: RegExp,
  may = (_: string): boolean => true,
): Location | undefined {
  for (const source of sources) {
    const match = may(source.text) ? pattern.exec(source.text) : null;
    if (match) return locate(source, match.index + match[0].search(/\S/), match.index + match[0].length);
  }
  return undefined;
}

const operating =
  /\.(?:sh|bash|conf|ini|cfg|ya?ml|service|toml|tf|hcl|nix|ps1|bat|j2|tpl|json)$|(?:^|\/)(?:[\w.-]*Dockerfile[\w.-]*|Makefile|[Jj]ustfile|Procfile[\w.]*|[\w-]*(?:entrypoint|start|run|worker|supervisor)[\w-]*)$/i;

/** A service, script, pipeline or process manager starts it, or one of them cannot be seen. */
function isRun(stack: Stack, { project }: Service, { runs }: Tool): boolean {
  const forWork = new Set(
    stack.projects.filter(each => gradeOf(each) === "development").flatMap(each => each.files),
  );
  const here = stack.services.filter(each => each.project === project);
  if (here.some(each => (each.build ?? each.made) && each.process === undefined)) return true;
  if (here.some(each => /worker|celery|sidekiq|dramatiq|queue|jobs?\b/i.test(each.name))) return true;
  for (const file of project.files) forWork.delete(file);
  return stack.files.paths.some(path => {
    if (!operating.test(path) || forWork.has(path) || isVendored(path) || isTest(path)) return false;
    if (/(?:^|\/)(?:package(?:-lock)?|composer)\.json$|\.lock$|-lock\.ya?ml$/.test(path)) return false;
    const read = stack.files.read(path);
    return "source" in read && runs.test(read.source.text.replace(/^[ \t]*#.*$/gm, ""));
  });
}
