import { isTest, isVendored, ownFiles } from "../artifacts/project-files.ts";
import { type Location, locate } from "../core/source.ts";
import type { AppComponent } from "./app/detect.ts";
import { gradeOf, isOptional, serverServices, variable } from "./query.ts";
import type { ComposeProject, Service, Stack } from "./stack.ts";

/** Queues that jobs are put into by their name, against those that the workers are told to empty. */

export interface UntakenQueue {
  readonly name: string;
  /** Where jobs are put into it. */
  readonly at: Location;
}

export interface Untaken {
  readonly queues: readonly UntakenQueue[];
  /** The workers, none of which takes them. */
  readonly workers: readonly Service[];
  /** What they take. */
  readonly taken: readonly string[];
}

interface Tool {
  readonly kinds: ReadonlySet<AppComponent["kind"]>;
  readonly files: RegExp;
  /** A file that puts jobs somewhere has one of these words. */
  readonly mark: RegExp;
  readonly puts: readonly RegExp[];
  /** The jobs are done at once, or queues are named elsewhere. */
  readonly otherwise?: RegExp;
  /** A command of a worker. */
  readonly works: RegExp;
  /** Another program empties all queues by a configuration of its own. */
  readonly manages?: RegExp;
  readonly option: RegExp;
  /** What a worker takes that is told nothing. */
  readonly usual: string;
  readonly switches: readonly string[];
}

const tools: readonly Tool[] = [
  {
    kinds: new Set(["laravel"]),
    files: /\.php$/,
    mark: /onQueue\(|\$queue\b/,
    puts: [
      /->onQueue\(\s*["']([\w.:-]+)["']\s*\)/g,
      /^[ \t]*(?:public|protected)\s+(?:\??string\s+)?\$queue\s*=\s*["']([\w.:-]+)["']\s*;/gm,
    ],
    works: /\bartisan queue:(?:work|listen)\b/,
    manages: /\bartisan horizon\b|\bhorizon:work\b/,
    option: /--queue[= ]["']?([\w.:,-]+)/,
    usual: "default",
    switches: ["QUEUE_CONNECTION", "QUEUE_DRIVER"],
  },
  {
    kinds: new Set(["django", "fastapi", "flask", "python"]),
    files: /\.py$/,
    mark: /task_routes|TASK_ROUTES|CELERY_ROUTES|apply_async|shared_task|\.task\(/,
    puts: [
      /\b(?:task_routes|TASK_ROUTES|CELERY_ROUTES|CELERY_TASK_ROUTES)\b[^}]{0,40}\{[^}]{0,200}?["']queue["']\s*:\s*["']([\w.-]+)["']/g,
      /^[ \t]*["'][\w.*]+["']\s*:\s*\{\s*["']queue["']\s*:\s*["']([\w.-]+)["']\s*,?\s*\}/gm,
      /\b(?:apply_async|shared_task|\.task)\([^()]{0,200}\bqueue\s*=\s*["']([\w.-]+)["']/g,
    ],
    otherwise: /task_queues|TASK_QUEUES|CELERY_QUEUES|default_queue|DEFAULT_QUEUE|always_eager|ALWAYS_EAGER/i,
    works: /\bcelery\b[^\n]{0,300}\bworker\b/,
    option: /(?:-Q|--queues)[= ]*["']?([\w.:,-]+)/,
    usual: "celery",
    switches: [],
  },
];

const operating =
  /\.(?:sh|bash|conf|ini|cfg|ya?ml|service|toml|tf|hcl|j2|tpl|json)$|(?:^|\/)(?:[\w.-]*Dockerfile[\w.-]*|Makefile|[Jj]ustfile|Procfile[\w.]*|[\w-]*(?:entrypoint|start|run|worker|supervisor)[\w-]*)$/i;
const mostFiles = 3_000;

/** Of each project on a server, the queues that are named in its code and taken by none of its workers. */
export function untakenQueues(stack: Stack): Untaken[] {
  const projects = new Set(serverServices(stack).map(({ project }) => project));
  return [...projects].flatMap(project => tools.flatMap(tool => untakenIn(stack, project, tool) ?? []));
}

function untakenIn(stack: Stack, project: ComposeProject, tool: Tool): Untaken | undefined {
  const own = project.services.filter(({ component }) => component && tool.kinds.has(component.kind));
  const workers = own.filter(each => !isOptional(each) && tool.works.test(lineOf(each)));
  const [first] = workers;
  // The command of an official base image is a server, or a shell.
  if (!first || own.some(each => !each.process && !each.model?.facts)) return undefined;
  if (project.services.some(each => tool.manages?.test(lineOf(each)))) return undefined;
  if (tool.switches.some(name => own.some(each => variable(each, name)?.value?.text === "sync")))
    return undefined;
  const lists = workers.map(each => listOf(lineOf(each), tool));
  if (lists.includes(undefined)) return undefined;
  const taken = new Set((lists as string[][]).flat());
  const put = namesIn(first.component!, tool);
  if (!put) return undefined;
  const texts = operatingTexts(stack, project);
  if (texts.some(text => tool.manages?.test(text))) return undefined;
  const queues = put.filter(({ name }) => !taken.has(name) && !texts.some(text => takes(text, name)));
  return queues.length > 0 ? { queues, workers, taken: [...taken] } : undefined;
}

/** All that a service is seen to run, in one line. */
function lineOf({ process }: Service): string {
  const commands = (process?.commands ?? []).map(words => words.map(word => word.value ?? "$?").join(" "));
  return [...commands, process?.text ?? ""].join("\n");
}

/** What a worker takes; undefined where a variable says it. */
function listOf(line: string, { works, option, usual }: Tool): string[] | undefined {
  const command = line.split("\n").find(each => works.test(each)) ?? "";
  const found = option.exec(command)?.[1];
  if (found !== undefined) return found.split(",");
  return /(?:-Q|--queues?)\b|\$/.test(command) ? undefined : [usual];
}

/** The queues that the code names, each with its first place. Undefined where something else may be at work. */
function namesIn(component: AppComponent, tool: Tool): UntakenQueue[] | undefined {
  const { files, dir } = component;
  const paths = ownFiles(files, dir).filter(path => tool.files.test(path) && !isTest(path));
  if (paths.length > mostFiles) return undefined;
  const found = new Map<string, UntakenQueue>();
  for (const path of paths) {
    const source = files.read(path);
    if (!source) continue;
    if (tool.otherwise?.test(source.text)) return undefined;
    if (!tool.mark.test(source.text)) continue;
    for (const [name = "", start, end] of tool.puts.flatMap(pattern =>
      [...source.text.matchAll(pattern)].map(
        match => [match[1]!, match.index, match.index + match[0].length] as const,
      ),
    ))
      if (!found.has(name) && name !== tool.usual)
        found.set(name, {
          name,
          at: locate(source, start + source.text.slice(start, end).search(/\S/), end),
        });
  }
  return [...found.values()];
}

/** Scripts, pipelines and managers of processes, without those of work. */
function operatingTexts(stack: Stack, project: ComposeProject): string[] {
  const others = new Set(
    stack.projects
      .filter(each => each !== project && gradeOf(each) === "development")
      .flatMap(each => each.files)
      .filter(file => !project.files.includes(file)),
  );
  return stack.files.paths.flatMap(path => {
    if (!operating.test(path) || others.has(path) || isVendored(path) || isTest(path)) return [];
    if (/package(?:-lock)?\.json$|composer\.json$|-lock\.ya?ml$/.test(path)) return [];
    const read = stack.files.read(path);
    return "source" in read && /queue|celery|horizon/i.test(read.source.text)
      ? [read.source.text.replace(/^[ \t]*#.*$/gm, "").replace(/\\\r?\n/g, " ")]
      : [];
  });
}

/** Some worker is told this name, or one that a variable holds. */
function takes(text: string, name: string): boolean {
  const written = name.replace(/[.\\]/g, "\\$&");
  return new RegExp(
    `(?:-Q|--queues?)["',]*[= ]+["']?(?:[\\w.:,-]*(?<![\\w-])${written}(?![\\w-])|[\\w.:,-]*\\$)`,
  ).test(text);
}
