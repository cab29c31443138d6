import { djangoSettings } from "../../artifacts/django.ts";
import { djangoServes } from "../../artifacts/django-urls.ts";
import { expressServes, readExpress } from "../../artifacts/express.ts";
import { asgiModule, fastApiServes, readFastApi } from "../../artifacts/fastapi.ts";
import { nestServes, readNest } from "../../artifacts/nest.ts";
import { nextConfigFile, nextServes, readNextConfig } from "../../artifacts/next.ts";
import { directoryOf, hasFile } from "../../artifacts/project-files.ts";
import type { RouteAnswer } from "../../artifacts/route-tree.ts";
import type { AppComponent } from "./detect.ts";

/** What is known of how a component runs; each narrows the answer. */
export interface RunningAs {
  /** DJANGO_SETTINGS_MODULE as the service gets it. */
  readonly settingsModule?: string;
  /** `app.main:app`, as the server's command names it. */
  readonly target?: string;
  /** The file that the command starts, relative to the root. */
  readonly entry?: string;
}

const cannotTell = (because: string): RouteAnswer => ({ answer: "unknown", because });

/** What a component answers to `GET path`. `unknown` as soon as anything that might serve it is not understood. */
export function serves(component: AppComponent, path: string, running: RunningAs = {}): RouteAnswer {
  switch (component.kind) {
    case "django":
      return django(component, path, running);
    case "fastapi":
      return fastApi(component, path, running);
    case "express":
      return express(component, path, running);
    case "nest":
      return nest(component, path);
    case "next":
      return next(component, path);
    case "vite":
    case "cra":
      return cannotTell("a bundle is served by the web server in front of it");
    default:
      return cannotTell(`the routes of ${component.kind} programs are not read`);
  }
}

function django({ files, django: project }: AppComponent, path: string, running: RunningAs): RouteAnswer {
  if (!project) return cannotTell("the Django project was not found");
  const settings = djangoSettings(files, project, running.settingsModule ?? project.defaultModule?.value);
  const asgi = files.paths.filter(
    each => /(?:^|\/)(?:asgi|wsgi)\.py$/.test(each) && each.startsWith(project.dir),
  );
  const wrapped = asgi.find(each =>
    /\b(?:FastAPI|Starlette|Mount|DispatcherMiddleware)\(/.test(files.read(each)?.text ?? ""),
  );
  const found = djangoServes(files, project, settings, path);
  return wrapped && found.answer === "no"
    ? cannotTell(`${wrapped} puts another program in front of Django`)
    : found;
}

/** Where imports of a Python component start: its directory, `src` in it, then those above. */
export function pythonRoots(component: AppComponent): readonly string[] {
  const { dir } = component;
  const roots = [dir, dir === "" ? "src" : `${dir}/src`];
  for (let up = dir; up !== ""; ) {
    up = directoryOf(up);
    roots.push(up);
  }
  return roots;
}

function fastApi(component: AppComponent, path: string, running: RunningAs): RouteAnswer {
  const roots = pythonRoots(component);
  const { files, entries } = component;
  const named = running.target === undefined ? undefined : asgiModule(files, running.target, roots);
  if (running.target !== undefined && !named)
    return cannotTell(`the module of ${running.target} was not found`);
  // Without a command there must be one candidate only.
  const file = named?.file ?? (entries.length === 1 ? entries[0] : undefined);
  if (file === undefined) return cannotTell("which file starts the program is not known");
  const app = readFastApi(files, file, roots, named?.object);
  return app
    ? fastApiServes(app, path)
    : cannotTell(`${file} creates no FastAPI application that could be read`);
}

function express(component: AppComponent, path: string, running: RunningAs): RouteAnswer {
  const { files, entries } = component;
  const named = running.entry !== undefined && entries.includes(running.entry) ? running.entry : undefined;
  const file = named ?? entries[0];
  const source = file === undefined ? undefined : files.read(file);
  const app = source && readExpress(files, source);
  return app
    ? expressServes(app, path)
    : cannotTell("the file that creates the Express application was not found");
}

function nest({ files, dir }: AppComponent, path: string): RouteAnswer {
  const app = readNest(files, dir);
  return app
    ? nestServes(files, dir, app, path)
    : cannotTell("the file that creates the Nest application was not found, or several do");
}

function next({ files, dir }: AppComponent, path: string): RouteAnswer {
  const at = nextConfigFile(files, dir);
  const source = at === undefined ? undefined : files.read(at);
  const config = source && readNextConfig(source);
  const server = dir === "" ? "server.js" : `${dir}/server.js`;
  if (hasFile(files, server)) return cannotTell("a server of its own stands in front of Next");
  return nextServes(files, dir, config, path);
}
