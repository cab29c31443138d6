import { djangoSettings } from "../artifacts/django.ts";
import { type DjangoSettings, djangoSetting } from "../artifacts/django-settings.ts";
import { basename, dirname, inside, join } from "../core/path.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import type { AppComponent } from "../stack/app/detect.ts";
import { healthRoute } from "./health-route.ts";

/** How a Python program is started, and what runs beside it. */
export interface PythonServer {
  /** The directory in the image that the commands run in, absolute. */
  readonly workdir: string;
  readonly start: readonly string[];
  /** Packages that `start` needs, with versions, in case no requirement brings them. */
  readonly needs: readonly string[];
  readonly port: number;
  readonly health?: string;
  /** Headers with which the probe passes for a request of the proxy. */
  readonly migrate?: readonly string[];
  readonly workers: readonly { readonly name: string; readonly command: readonly string[] }[];
}

/** Versions of 2025-11 that the images install where the project has no server among its requirements. */
const gunicorn = "gunicorn==23.0.0";
const uvicorn = "uvicorn==0.38.0";
const grace = 25;

export function djangoServer(
  files: ProjectFiles,
  component: AppComponent,
  root: string,
  settings: DjangoSettings | undefined,
  has: (name: string) => boolean,
): PythonServer | undefined {
  const project = component.django;
  if (!project) return undefined;
  const from = importRoot(component, root);
  if (from === undefined) return undefined;
  const module = (file: "wsgi" | "asgi", setting: string): string | undefined => {
    const said = settings && djangoSetting(settings, setting)?.value;
    const name = typeof said === "string" ? said.replace(/\.application$/, "") : undefined;
    if (name !== undefined && files.has(join(from, `${name.replaceAll(".", "/")}.py`)) === "file")
      return name;
    const found = files.paths.filter(
      path => basename(path) === `${file}.py` && inside(project.dir, path) !== undefined,
    );
    const below = found.length === 1 ? inside(from, found[0]!) : undefined;
    return below?.replace(/\.py$/, "").replaceAll("/", ".");
  };
  const asgi = has("channels") || has("daphne") ? module("asgi", "ASGI_APPLICATION") : undefined;
  const wsgi = module("wsgi", "WSGI_APPLICATION");
  if (asgi === undefined && wsgi === undefined) return undefined;
  const manage = inside(from, project.manage) ?? undefined;
  if (manage === undefined) return undefined;
  const health = healthRoute(component);
  return {
    workdir: join("/app", inside(root, from)!),
    start: asgi
      ? ["daphne", "--bind", "0.0.0.0", "--port", "8000", `${asgi}:application`]
      : gunicornCommand(`${wsgi}:application`),
    needs: [asgi ? "daphne==4.2.1" : gunicorn],
    port: 8000,
    ...(health === undefined ? {} : { health }),
    migrate: ["python", ...manageWords(manage), "migrate", "--noinput"],
    workers: celeryWorkers(files, component, from, has),
  };
}

function gunicornCommand(target: string): string[] {
  return [
    "gunicorn",
    target,
    "--bind",
    "0.0.0.0:8000",
    // Left to itself it serves one request at a time.
    "--workers",
    "2",
    "--threads",
    "4",
    "--access-logfile",
    "-",
    "--worker-tmp-dir",
    "/dev/shm",
    "--graceful-timeout",
    String(grace),
  ];
}

/**
 * `manage.py` after `python`, seen from where modules are imported. In a package it is run as a module: as a file it
 * would look for the settings in its own directory.
 */
export function manageWords(manage: string): string[] {
  return manage.includes("/") ? ["-m", manage.replace(/\.py$/, "").replaceAll("/", ".")] : [manage];
}

/** The directory from which the settings module is imported; manage.py stands in it or below. */
function importRoot(component: AppComponent, root: string): string | undefined {
  const project = component.django!;
  const module = project.defaultModule?.value;
  if (module === undefined) return project.dir;
  const path = module.replaceAll(".", "/");
  for (let from = project.dir; ; from = dirname(from)) {
    const at = join(from, path);
    if (component.files.paths.includes(`${at}.py`) || component.files.paths.includes(join(at, "__init__.py")))
      return from;
    if (from === root || from === "") return undefined;
  }
}

export function pythonServer(
  files: ProjectFiles,
  component: AppComponent,
  root: string,
  has: (name: string) => boolean,
): PythonServer | undefined {
  const [entry] = component.entries;
  if (entry === undefined) return undefined;
  const read = files.read(entry);
  if (!("source" in read)) return undefined;
  const { text } = read.source;
  const kind = component.kind === "fastapi" ? "FastAPI" : "Flask";
  const object = new RegExp(`^(\\w+)(?:\\s*:\\s*\\w+)?\\s*=\\s*${kind}\\(`, "m").exec(text)?.[1];
  const factory = /^def (create_app)\(\s*\)/m.exec(text)?.[1];
  const name = object ?? (kind === "Flask" && factory ? `${factory}()` : undefined);
  const from = entryRoot(files, entry, root, text);
  if (name === undefined || from === undefined) return undefined;
  const module = inside(from, entry)!
    .replace(/(\/__init__)?\.py$/, "")
    .replaceAll("/", ".");
  const target = `${module}:${name}`;
  const health = healthRoute(component, { target });
  return {
    workdir: join("/app", inside(root, from)!),
    start:
      component.kind === "fastapi"
        ? [
            "uvicorn",
            target,
            "--host",
            "0.0.0.0",
            "--port",
            "8000",
            "--timeout-graceful-shutdown",
            String(grace),
          ]
        : gunicornCommand(target),
    needs: [component.kind === "fastapi" ? uvicorn : gunicorn],
    port: 8000,
    ...(health === undefined ? {} : { health }),
    ...(has("alembic") && files.has(join(from, "alembic.ini")) === "file" && hasMigrations(files, from)
      ? { migrate: ["alembic", "upgrade", "head"] }
      : {}),
    workers: celeryWorkers(files, component, from, has),
  };
}

function hasMigrations(files: ProjectFiles, from: string): boolean {
  return files.paths.some(path => /\/versions\/[^/]+\.py$/.test(path) && inside(from, path) !== undefined);
}

/** The directory from which the modules that the entry file imports are found; the outermost of the best ones. */
function entryRoot(files: ProjectFiles, entry: string, root: string, text: string): string | undefined {
  const imported = [...text.matchAll(/^(?:from|import)\s+(\w+)/gm)].map(([, name]) => name!);
  const relative = /^from\s+\.+\w*\s+import/m.test(text);
  let best: { from: string; score: number } | undefined;
  for (let from = dirname(entry); ; from = dirname(from)) {
    const own = imported.filter(
      name => files.has(join(from, `${name}.py`)) === "file" || files.has(join(from, name)) === "directory",
    ).length;
    const isPackage = from === dirname(entry) && files.has(join(from, "__init__.py")) === "file";
    // A module of a package is imported through its package.
    const score = own - (from === dirname(entry) && (relative || isPackage) ? 0.5 : 0);
    if (!best || score >= best.score) best = { from, score };
    if (from === root || from === "") break;
  }
  return best && inside(root, best.from) !== undefined ? best.from : undefined;
}

/** A Celery application of the project: the module that creates it, and what it needs to run. */
function celeryWorkers(
  files: ProjectFiles,
  component: AppComponent,
  from: string,
  has: (name: string) => boolean,
): PythonServer["workers"] {
  if (!has("celery")) return [];
  const file = files.paths.find(path => {
    if (!/(^|\/)(celery|celery_app|worker|tasks)\.py$/.test(path) || inside(from, path) === undefined)
      return false;
    const read = files.read(path);
    return "source" in read && /=\s*Celery\(/.test(read.source.text);
  });
  if (file === undefined) return [];
  const module = inside(from, file)!.replace(/\.py$/, "").replaceAll("/", ".");
  // `celery -A project` finds project.celery by itself.
  const application = module.replace(/\.celery$/, "");
  const workers = [
    {
      name: "worker",
      command: ["celery", "--app", application, "worker", "--loglevel", "info", "--concurrency", "2"],
    },
  ];
  const settings =
    component.django &&
    djangoSettings(component.files, component.django, component.django.defaultModule?.value);
  const scheduled =
    has("django-celery-beat") ||
    settings?.values.has("CELERY_BEAT_SCHEDULE") === true ||
    says(files, file, /beat_schedule/);
  if (scheduled)
    workers.push({
      name: "scheduler",
      command: [
        "celery",
        "--app",
        application,
        "beat",
        "--loglevel",
        "info",
        ...(has("django-celery-beat")
          ? ["--scheduler", "django_celery_beat.schedulers:DatabaseScheduler"]
          : ["--schedule", "/tmp/celerybeat-schedule"]),
      ],
    });
  return workers;
}

function says(files: ProjectFiles, path: string, words: RegExp): boolean {
  const read = files.read(path);
  return "source" in read && words.test(read.source.text);
}
