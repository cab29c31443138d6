import { basename, join } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { type ContainerFile, containerFile, variable } from "./query.ts";
import { runningCommand } from "./query-process.ts";
import type { Service, Stack } from "./stack.ts";

/** A Python module that a service's command names, and the directories that it can be imported from. */
export interface NamedModule {
  readonly module: string;
  readonly at: Location;
  /** Absolute container paths; site-packages is not among them. */
  readonly roots: readonly string[];
}

/** `uvicorn pkg.mod:app`, `gunicorn pkg.wsgi`, `celery -A pkg`. Undefined when options change where imports start. */
export function namedModule(service: Service): NamedModule | undefined {
  const running = runningCommand(service);
  const workdir = workingDirectory(service);
  if (!running || running.words.includes(undefined) || !workdir) return undefined;
  if (/(^|[;&\s])cd\s/.test(service.process?.text ?? "")) return undefined;
  const [program = "", ...rest] = running.words as readonly string[];
  if (
    rest.some(word => /^(--app-dir|--chdir|--pythonpath|--workdir|-c|--config|--factory-dir)(=|$)/.test(word))
  )
    return undefined;
  const module = moduleOf(basename(program), rest);
  if (module === undefined) return undefined;
  const path = variable(service, "PYTHONPATH");
  if (path && path.value?.text === undefined) return undefined;
  const extra = (path?.value?.text ?? "").split(":").filter(each => each !== "" && !each.includes("$"));
  return { module, at: running.at, roots: [workdir, ...extra.map(each => join(workdir, each))] };
}

/** Absolute; undefined when the image's own is not known. */
export function workingDirectory(service: Service): string | undefined {
  const own = service.text("working_dir");
  if (own) return own.text?.startsWith("/") ? own.text : undefined;
  const image = (service.build ?? service.made) ? service.model?.workdir : service.facts?.workdir;
  return image?.startsWith("/") ? image : undefined;
}

function moduleOf(program: string, args: readonly string[]): string | undefined {
  if (program === "celery") {
    const flag = args.findIndex(word => word === "-A" || word === "--app");
    const inline = args.find(word => word.startsWith("--app="))?.slice(6);
    return dotted(inline ?? (flag === -1 ? undefined : args[flag + 1]));
  }
  // `python -m app.worker`; what has no dot is as well a program of a package.
  const run = /^python[\d.]*$/.test(program) ? args.indexOf("-m") : -1;
  if (run !== -1) return args[run + 1]?.includes(".") ? dotted(args[run + 1]) : undefined;
  if (!/^(uvicorn|gunicorn|hypercorn|daphne|granian)$/.test(program)) return undefined;
  const named = args.find(word => /^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*(\(\))?$/.test(word));
  if (named) return dotted(named);
  const last = args.at(-1);
  // `gunicorn shop.wsgi` names no object; a value of an option has no dots.
  return program === "gunicorn" && last && /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$/.test(last) ? last : undefined;
}

function dotted(text: string | undefined): string | undefined {
  const module = text?.split(":")[0];
  return module && /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(module) ? module : undefined;
}

/** Whether a module can be imported from one of the directories. Site-packages is left to the caller. */
export function importable(
  stack: Pick<Stack, "files">,
  service: Service,
  { module, roots }: NamedModule,
): ContainerFile["has"] {
  const tail = module.replaceAll(".", "/");
  const [top = ""] = tail.split("/");
  let answer: ContainerFile["has"] = "no";
  for (const root of roots) {
    const candidates = [`${tail}.py`, `${tail}/__init__.py`, tail];
    const states = candidates.map(path => containerFile(stack, service, join(root, path)).has);
    if (states.includes("yes")) return "yes";
    // A compiled module may stand for the whole package.
    const above = [`${top}.so`, `${top}.pyc`].map(
      path => containerFile(stack, service, join(root, path)).has,
    );
    if ([...states, ...above].includes("unknown")) answer = "unknown";
  }
  return answer;
}

/** The project itself may be installed as a package, so that its modules are found without its directory. */
export function mayBeInstalled(stack: Pick<Stack, "sources">, service: Service): boolean {
  const installs = (service.model?.built ?? []).flatMap(model => model.packages);
  return installs.some(install => {
    if (["poetry", "uv", "pipenv"].includes(install.manager)) return true;
    if (install.manager !== "pip") return false;
    const lists = install.requirementFiles.map(file => basename(file.value));
    if (!install.complete && lists.length === 0) return true;
    return (
      install.names.some(name => /^\.|\/|\.whl$|^git\+|^-e/.test(name.value)) ||
      lists.some(list => namesProject(stack, list))
    );
  });
}

/** A requirements file with a line such as `-e .`. */
function namesProject(stack: Pick<Stack, "sources">, name: string): boolean {
  return [...stack.sources.values()].some(
    source =>
      basename(source.path) === name &&
      /^[ \t]*(-e\s|--editable|\.{1,2}\/|\.\s*$|\.\[|file:)/m.test(source.text),
  );
}
