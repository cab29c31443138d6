import { join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import { type ContainerFile, containerFile } from "./query.ts";
import { workingDirectory } from "./query-import.ts";
import { wordsOf } from "./query-release.ts";
import { isWorkstationCall, servicesInside } from "./query-scripts.ts";
import { startCommand } from "./query-start.ts";
import type { PlacedCall, Service, Stack } from "./stack.ts";

/** Files that the tools of migrations read, where a container runs them. */

export interface LackedFile {
  readonly service: Service;
  /** The command that runs. */
  readonly at: Location;
  /** `alembic upgrade` */
  readonly tool: string;
  /** Absolute. */
  readonly path: string;
  readonly answer: ContainerFile;
  /** The container runs it while it starts, and not a script later. */
  readonly atStart: boolean;
}

/** The first file that a migration of a service surely lacks, at its start or where a script runs it in the container. */
export function lackedFiles(stack: Stack): LackedFile[] {
  const found = stack.services.flatMap(service => {
    if (!service.model || !(service.build ?? service.made)) return [];
    let line = "";
    const at = startCommand(stack, service, words => {
      const is = tools.some(tool => tool.runs.test(words));
      if (is) line = words;
      return is;
    });
    return at ? lackedBy(stack, service, line, at, true) : [];
  });
  return [...found, ...stack.calls.flatMap(placed => lackedByCall(stack, placed))];
}

/** `docker compose exec api alembic upgrade head` of a script that works on the server. */
function lackedByCall(stack: Stack, placed: PlacedCall): LackedFile[] {
  const { call } = placed;
  if (!call.inside) return [];
  const line = wordsOf(call);
  if (!tools.some(tool => tool.runs.test(line)) || isWorkstationCall(placed)) return [];
  const [service, ...more] = servicesInside(stack, placed).filter(
    each => each.project.grade !== "development",
  );
  // `exec -w DIR` and `sh -c "cd DIR && ..."` run elsewhere.
  const command = textAt(stack, call.command.at);
  return service?.model && more.length === 0 && !/\s(?:-w|--workdir|-v|--volume)\b|\bcd\s/.test(command)
    ? lackedBy(stack, service, line, call.at, false)
    : [];
}

function textAt(stack: Stack, { file, span }: Location): string {
  return sourceOf(stack, file)?.text.slice(span.start, span.end) ?? "";
}

interface Tool {
  readonly name: string;
  readonly runs: RegExp;
  /** What it reads, below the directory that it runs in: one of each list has to be there. */
  reads(line: string): readonly (readonly string[])[] | undefined;
}

const tools: readonly Tool[] = [
  {
    name: "alembic",
    runs: /(?:^|\s|\/)alembic\s+(?:-\S+\s+\S+\s+)*upgrade\b/,
    reads(line) {
      const own = /\s(?:-c|--config)[= ](\S+)/.exec(line)?.[1];
      return own === undefined ? [["alembic.ini", "pyproject.toml"]] : [[own]];
    },
  },
  {
    name: "prisma",
    runs: /(?:^|\s|\/)prisma\s+(?:migrate\s+deploy|db\s+push)\b/,
    reads(line) {
      const own = /\s--(?:schema|config)[= ](\S+)/.exec(line)?.[1];
      return own === undefined
        ? [["prisma/schema.prisma", "schema.prisma", "prisma/schema", "prisma.config.ts", "prisma.config.js"]]
        : [[own]];
    },
  },
  {
    name: "knex",
    runs: /(?:^|\s|\/)knex\s+migrate:latest\b/,
    reads(line) {
      const own = /\s--knexfile[= ](\S+)/.exec(line)?.[1];
      return own === undefined ? [["knexfile.js", "knexfile.ts", "knexfile.cjs", "knexfile.mjs"]] : [[own]];
    },
  },
  {
    name: "typeorm",
    runs: /(?:^|\s|\/)typeorm(?:-ts-node-\w+)?\s+migration:run\b/,
    reads(line) {
      const own = /\s(?:-d|--dataSource)[= ](\S+)/.exec(line)?.[1];
      if (own === undefined) return undefined;
      return [/\.\w+$/.test(own) ? [own] : [`${own}.js`, `${own}.ts`]];
    },
  },
  {
    name: "flask",
    runs: /(?:^|\s|\/)flask\s+(?:\S+\s+)*db\s+upgrade\b/,
    reads(line) {
      const own = /\s(?:-d|--directory)[= ](\S+)/.exec(line)?.[1];
      return [[own ?? "migrations"]];
    },
  },
  {
    name: "migrate",
    runs: /(?:^|\s|\/)(?:golang-)?migrate\s+(?:\S+\s+)*-path[= ]\S+.*\bup\b/,
    reads(line) {
      return [[/-path[= ](\S+)/.exec(line)![1]!]];
    },
  },
];

function lackedBy(
  stack: Stack,
  service: Service,
  line: string,
  at: Location,
  atStart: boolean,
): LackedFile[] {
  const home = workingDirectory(service);
  const tool = tools.find(each => each.runs.test(line));
  const lists = tool?.reads(line);
  if (!tool || !lists || home === undefined || /[?$]/.test(lists.flat().join(""))) return [];
  // These run it in the directory of a package.
  if (/\s(?:-w|--workspace|-F|--filter|--prefix|-C|--cwd|--dir|--directory|--project)[= ]/.test(` ${line}`))
    return [];
  if (tool.name === "prisma" && namesSchema(stack)) return [];
  // A change of directory on the way moves everything after it.
  if (changesDirectory(stack, service, at)) return [];
  for (const list of lists) {
    const answers = list.map(each => {
      const path = each.startsWith("/") ? each : join(home, each);
      return { path, answer: containerFile(stack, service, path) };
    });
    if (answers.every(({ answer }) => answer.has === "no"))
      return [{ service, at, tool: tool.name, path: answers[0]!.path, answer: answers[0]!.answer, atStart }];
  }
  return [];
}

/** A package.json that says where the schema is. */
function namesSchema(stack: Stack): boolean {
  return stack.files.paths.some(path => {
    if (!/(?:^|\/)package\.json$/.test(path)) return false;
    const read = stack.files.read(path);
    return "source" in read && /"prisma"\s*:\s*\{/.test(read.source.text);
  });
}

function changesDirectory(stack: Stack, service: Service, at: Location): boolean {
  if (/(?:^|[;&|\s"'])(?:cd|pushd)\s/.test(service.process?.text ?? "")) return true;
  const read = stack.files.read(at.file);
  const text =
    "source" in read && /\.sh$|entrypoint|\.bash$/.test(at.file)
      ? read.source.text.slice(0, at.span.start)
      : "";
  return (
    /(?:^|[;&|\s])(?:cd|pushd)\s/m.test(text) ||
    stack.calls.some(
      ({ call }) =>
        wordsOf(call).startsWith("cd ") && call.at.file === at.file && call.at.span.start < at.span.start,
    )
  );
}
