import { type NodeListen, nodeListens } from "../artifacts/node-listen.ts";
import type { SettingValue } from "../artifacts/value.ts";
import { basename, join } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { type AppComponent, isServerEntry, serverKinds } from "./app/detect.ts";
import { scriptsOf } from "./query-code.ts";
import { lookupOf } from "./query-environment.ts";
import { runningCommand } from "./query-process.ts";
import type { Service } from "./stack.ts";

/** Where the code of a service listens, with the variables that the service gets. */
export interface CodeListening {
  /** Undefined when it cannot be told. */
  readonly port?: number;
  /** Undefined when none is given, or when it cannot be told. */
  readonly host?: string;
  readonly at: Location;
}

const programs = /^(?:node|nodemon|tsx|ts-node|ts-node-dev|bun|nest|npm|pnpm|yarn|pm2|pm2-runtime)$/;
const aside = /\b(?:worker|scheduler|consumer|beat|cron|queue)s?\b/i;

/** The one server that a Node.js service's entry file starts; undefined where there are several or none. */
export function codeListening(service: Service): CodeListening | undefined {
  const { component } = service;
  if (!component || !serverKinds.has(component.kind)) return undefined;
  const words = runningCommand(service)?.words ?? [];
  if (!programs.test(basename(words[0] ?? "")) || words.some(word => word === undefined || aside.test(word)))
    return undefined;
  const started = words.find(word => /\.[cm]?[jt]s$/.test(word ?? ""));
  const found = listensOf(component).filter(({ at }) => !started || stem(at.file) === stem(started));
  const [only, ...more] = found;
  if (!only || more.length > 0) return undefined;
  const port = Number(only.port && given(service, only.port));
  const host = only.host && given(service, only.host);
  return {
    ...(Number.isInteger(port) && port > 0 ? { port } : {}),
    ...(typeof host === "string" ? { host } : {}),
    at: only.at,
  };
}

const stem = (path: string): string => basename(path).replace(/\.[cm]?[jt]s$/, "");

const known = new WeakMap<AppComponent, readonly NodeListen[]>();

function listensOf(component: AppComponent): readonly NodeListen[] {
  const before = known.get(component);
  if (before) return before;
  const found = scriptsOf(component)
    .filter(path => isServerEntry(component.dir, path))
    .flatMap(path => {
      const source = component.files.read(path);
      return source ? nodeListens(source) : [];
    });
  known.set(component, found);
  return found;
}

/** The value in this service: of its environment, of its image, or what the code falls back to. */
function given(service: Service, setting: SettingValue): unknown {
  const lookup = lookupOf(service);
  const names = setting.env?.names ?? [];
  if (names.some(name => isWrittenThere(service, name))) return undefined;
  const values = names.map(name => {
    const value = lookup(name);
    return value === null ? (service.model?.env.get(name)?.value ?? null) : value;
  });
  if (values.includes(undefined)) return undefined;
  return values.find(each => each !== null) ?? setting.whenUnset ?? setting.value;
}

/** The checkout of the server runs, whose `.env` the program loads, and the form of that file asks for the variable. */
function isWrittenThere({ component, mounts, model }: Service, name: string): boolean {
  if (!component || !mounts.some(({ repositoryPath }) => repositoryPath === component.dir)) return false;
  if (model?.env.has(name)) return false;
  const { dir, files } = component;
  const asks = new RegExp(`(?:^|\\n)${name}=`);
  const form = [".env.example", ".env.sample", ".env.template", ".env.dist"].some(each =>
    asks.test(files.read(join(dir, each))?.text ?? ""),
  );
  return form && /["']dotenv["']/.test(files.read(component.manifest)?.text ?? "");
}
