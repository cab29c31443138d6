import { inside, join } from "../core/path.ts";
import type { AppComponent, AppKind } from "./app/detect.ts";
import type { Service } from "./stack.ts";

const python = new Set([
  "python",
  "python3",
  "gunicorn",
  "uvicorn",
  "hypercorn",
  "daphne",
  "celery",
  "dramatiq",
  "rq",
  "flask",
  "django-admin",
  "manage.py",
  "granian",
  "uwsgi",
  "huey_consumer",
  "arq",
  "fastapi",
  "alembic",
  "streamlit",
]);
const node = new Set([
  "node",
  "npm",
  "npx",
  "yarn",
  "pnpm",
  "next",
  "serve",
  "vite",
  "nodemon",
  "ts-node",
  "tsx",
  "pm2",
  "pm2-runtime",
  "bun",
  "nest",
]);
const pythonKinds = new Set<AppKind>(["django", "fastapi", "flask", "python"]);
/** Languages whose applications keep a package.json for the scripts of their pages beside their own manifest. */
const interpreters: readonly (readonly [ReadonlySet<string>, RegExp, ReadonlySet<AppKind>])[] = [
  [
    new Set(["php", "php-fpm", "artisan", "frankenphp", "apache2-foreground", "rr"]),
    /(?:^|\/)(?:php|frankenphp)/,
    new Set<AppKind>(["laravel", "php"]),
  ],
  [
    new Set(["ruby", "bundle", "rails", "rake", "puma", "sidekiq"]),
    /^ruby/,
    new Set<AppKind>(["rails", "ruby"]),
  ],
  [new Set(["dotnet"]), /dotnet\/(?:aspnet|runtime|sdk)/, new Set<AppKind>(["dotnet"])],
];
/** Languages whose programs are compiled in a stage before, and leave nothing but themselves in the image. */
const compilers: readonly (readonly [RegExp, ReadonlySet<AppKind>])[] = [
  [/^golang$/, new Set<AppKind>(["go"])],
  [/^rust$/, new Set<AppKind>(["rust"])],
  [/^(?:maven|gradle|eclipse-temurin|amazoncorretto|openjdk)$/, new Set<AppKind>(["spring", "java"])],
];
const bundles = new Set<AppKind>(["vite", "cra"]);
/** Servers of their own: what lies in their build context is not what they run. */
const servers = new Set<Service["kind"]>([
  "database",
  "cache",
  "queue",
  "search",
  "storage",
  "mail",
  "monitoring",
  "certificates",
]);

/** Programs whose code runs on a server; what a web server hands out is none of theirs. */
const programs = new Set<AppKind>([
  "django",
  "fastapi",
  "flask",
  "python",
  "laravel",
  "php",
  "rails",
  "ruby",
  "go",
  "nest",
  "spring",
  "java",
  "rust",
  "dotnet",
  "elixir",
]);
const webServer = /^(?:nginx|caddy|httpd|apache2|haproxy)$/;

/** It hands out what was built from sources, and runs none of them: no other program is started beside it. */
export function isWebServer({ kind, process }: Pick<Service, "kind" | "process">): boolean {
  if (kind === "proxy") return true;
  if (!webServer.test(process?.program?.value ?? "")) return false;
  const started = (process?.commands ?? []).map(([first]) => first?.value?.split("/").at(-1) ?? "?");
  return started.every(
    name => !python.has(name) && !node.has(name) && !interpreters.some(([own]) => own.has(name)),
  );
}

/**
 * The application whose code a service runs. Looked for where the code comes from (the build context, or source that
 * is mounted over a runtime image), told apart by the program that runs. Undefined unless exactly one fits.
 */
export function componentOf(service: Service, components: readonly AppComponent[]): AppComponent | undefined {
  if (servers.has(service.kind)) return undefined;
  const near = components.filter(component => comesFrom(service, component));
  const candidates = isWebServer(service) ? near.filter(({ kind }) => !programs.has(kind)) : near;
  const fitting = narrow(service, candidates);
  if (fitting.length <= 1) return fitting[0];
  // A component at the root of the context is the one that is built, unless a nested one is named by a COPY.
  const build = service.build ?? service.made;
  const context = build?.context;
  const atRoot = fitting.filter(component => component.dir === context);
  const only = onlyCopied(build, fitting);
  if (only) return only;
  const member = memberOf(service, fitting, atRoot.every(isWorkspace));
  if (member) return member;
  if (atRoot.length === 1) return atRoot[0];
  const beside = build?.dockerfilePath?.replace(/\/?[^/]*$/, "");
  const besides = fitting.filter(component => component.dir === beside);
  return besides.length === 1 ? besides[0] : undefined;
}

/** `COPY backend/package.json ./` and `COPY backend/src ./src` alone: the root has a program, too, and none of it is taken. */
function onlyCopied(build: Service["build"], candidates: readonly AppComponent[]): AppComponent | undefined {
  const { context, dockerfile } = build ?? {};
  const stages = dockerfile?.stages ?? [];
  const sources = stages.flatMap(({ copies }) => copies.flatMap(copy => (copy.from ? [] : copy.sources)));
  if (context === undefined || sources.length === 0) return undefined;
  if (stages.some(({ runs }) => runs.some(run => run.flags.some(flag => flag.name === "mount"))))
    return undefined;
  const paths = sources.map(({ value }) => value.replace(/^\.?\/+/, "").replace(/\/+$/, ""));
  const holding = candidates.filter(({ dir }) => {
    const rest = inside(context, dir);
    return rest && paths.every(path => inside(rest, path) !== undefined);
  });
  return holding.length === 1 ? holding[0] : undefined;
}

/** The root of a workspace, without a framework of its own: its members are the programs. */
function isWorkspace({ kind, dir, files, package: own }: AppComponent): boolean {
  return (
    kind === "node" &&
    own !== undefined &&
    (own.workspaces.length > 0 || files.paths.includes(join(dir, "pnpm-workspace.yaml")))
  );
}

/**
 * The package of a workspace that the image is made for: its start, its working directory or its build names one. Where
 * the root is a program itself, only what the image takes from a build tells.
 */
function memberOf(
  service: Service,
  candidates: readonly AppComponent[],
  inWorkspace: boolean,
): AppComponent | undefined {
  const build = service.build ?? service.made;
  const context = build?.context;
  if (context === undefined) return undefined;
  const members = candidates.flatMap(component => {
    const rest = component.package && !isWorkspace(component) ? inside(context, component.dir) : undefined;
    return rest ? [{ component, rest, name: component.package?.name?.value }] : [];
  });
  const stages = build?.dockerfile?.stages ?? [];
  const last = service.model?.stage.copies ?? [];
  const started = (service.process?.commands ?? []).map(words =>
    words.map(word => word.value ?? "?").join(" "),
  );
  const taken = last
    .flatMap(copy => (copy.from ? copy.sources.map(({ value }) => value) : []))
    .filter(isBuilt);
  const signs: readonly (readonly string[])[] = inWorkspace
    ? [
        started,
        [service.model?.workdir ?? ""],
        taken,
        stages.flatMap(stage => stage.runs.map(run => run.fragment.text)),
      ]
    : [taken];
  for (const texts of signs) {
    const said = members.filter(({ rest, name }) => texts.some(text => names(text, rest, name)));
    const named = said.filter(
      ({ rest }) => !said.some(other => other.rest !== rest && inside(rest, other.rest) !== undefined),
    );
    const [only, ...more] = named;
    if (!only || more.length > 0) continue;
    // Beside what a part of it leaves, the root runs its own code.
    const all = last.flatMap(({ sources }) => sources.map(({ value }) => value));
    if (inWorkspace || all.every(text => names(text, only.rest, only.name))) return only.component;
  }
  return undefined;
}

/** What a build leaves: a package that others need is copied whole. */
const isBuilt = (path: string) => /\/(?:dist|build|out|\.next|\.output)(?:\/|$)/.test(path);

/** The directory as part of a path, or the package as the one that a command is for. */
function names(text: string, directory: string, name: string | undefined): boolean {
  const word = (plain: string) => plain.replace(/[^\w/-]/g, "\\$&");
  const wanted = [word(directory), ...(name ? [word(name)] : [])].join("|");
  return (
    new RegExp(`(?:^|[\\s/])${word(directory)}(?:[/\\s]|$)`).test(text) ||
    new RegExp(
      `(?:--filter|-F|--workspace|-w|--scope|\\bworkspace|\\bprune|\\bfocus)(?:=|\\s+)["']?(?:\\./)?(?:${wanted})(?:\\.\\.\\.)?(?:["'\\s]|$)`,
    ).test(text)
  );
}

function comesFrom(service: Service, component: AppComponent): boolean {
  const build = service.build ?? service.made;
  if (build?.contextState === "present" && build.context !== undefined) {
    const rest = inside(build.context, component.dir);
    if (rest === undefined) return component.dir !== "" && inside(component.dir, build.context) === "";
    return rest === "" ? takesContext(service) : isCopied(service, rest);
  }
  return service.mounts.some(
    mount => mount.repositoryPath !== undefined && mount.repositoryPath === component.dir,
  );
}

/** False where a Dockerfile copies nothing of the context, and clones another repository instead. */
function takesContext(service: Service): boolean {
  const stages = (service.build ?? service.made)?.dockerfile?.stages ?? [];
  const runs = stages.flatMap(stage => stage.runs);
  return (
    stages.some(stage => stage.copies.some(copy => !copy.from)) ||
    runs.some(run => run.flags.some(flag => flag.name === "mount")) ||
    !runs.some(run => /\bgit clone\b/.test(run.fragment.text))
  );
}

/** A COPY from the context brings the directory, or the directories around it. */
function isCopied(service: Service, directory: string): boolean {
  const stages = (service.build ?? service.made)?.dockerfile?.stages ?? [];
  return stages.some(stage =>
    stage.steps.some(
      step =>
        step.kind === "copy" &&
        !step.copy.from &&
        step.copy.sources.some(source => {
          const path = source.value.replace(/^\.?\/+/, "").replace(/\/+$/, "");
          return (
            path === "" ||
            path === "." ||
            inside(path, directory) !== undefined ||
            inside(directory, path) !== undefined
          );
        }),
    ),
  );
}

function narrow(service: Service, candidates: readonly AppComponent[]): readonly AppComponent[] {
  if (service.kind === "proxy") return candidates.filter(component => bundles.has(component.kind));
  if (candidates.length <= 1) return candidates;
  const program = service.process?.program?.value ?? "";
  const family = service.model?.base?.family ?? service.facts?.family ?? "";
  if (python.has(program) || /python/.test(family)) {
    const matching = candidates.filter(component => pythonKinds.has(component.kind));
    // A web framework wins over a bare manifest, for example of tooling beside it.
    const frameworks = matching.filter(component => component.kind !== "python");
    return frameworks.length > 0 ? frameworks : matching;
  }
  if (node.has(program) || /node|bun/.test(family)) {
    const matching = candidates.filter(component => !pythonKinds.has(component.kind));
    const backends = matching.filter(component => !bundles.has(component.kind));
    return backends.length > 0 ? backends : matching;
  }
  const own = interpreters.find(
    ([programs, families]) => programs.has(program) || families.test(family),
  )?.[2];
  const built = (service.model?.built ?? []).map(({ base }) => base?.family ?? "");
  const kinds = own ?? compilers.find(([families]) => built.some(each => families.test(each)))?.[1];
  const matching = kinds ? candidates.filter(component => kinds.has(component.kind)) : [];
  const named = program === "dotnet" ? matching.filter(component => isNamed(service, component)) : [];
  return named.length > 0 ? named : matching.length > 0 ? matching : candidates;
}

/** `dotnet Harbour.Web.dll` is what Harbour.Web.csproj makes. */
function isNamed({ process }: Service, { manifest }: AppComponent): boolean {
  const project = manifest
    .split("/")
    .at(-1)!
    .replace(/\.\w+$/, "");
  return (process?.commands ?? []).flat().some(word => word.value?.split("/").at(-1) === `${project}.dll`);
}
