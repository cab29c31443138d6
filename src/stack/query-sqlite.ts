import { concrete, entryOf } from "../artifacts/value.ts";
import { inside, join, normalize } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location, Source } from "../core/source.ts";
import { containerFile, isStore } from "./query.ts";
import { keepingOf } from "./query-data.ts";
import { lookupOf, settingsOf } from "./query-environment.ts";
import { workingDirectory } from "./query-import.ts";
import type { Mount, Service, Stack } from "./stack.ts";

/** A SQLite database of a program, where its settings say that it is. */
export interface DataFile {
  /** Absolute in the container. Several where the address can be read in two ways. */
  readonly paths: readonly [string, ...string[]];
  readonly at: Location;
}

/** What becomes of a data file when its container is made again. */
export type FileKeeping =
  | { readonly kept: true; readonly mount: Mount }
  | { readonly kept: false; readonly path: string };

/**
 * The SQLite databases of a service that is none itself. Beside a database what variables name is something else; what
 * Django's settings say is in use.
 */
export function dataFiles(stack: Stack, service: Service): DataFile[] {
  if (isStore(service) || service.environment.some(({ name }) => filledAtStart.test(name))) return [];
  const workdir = workingDirectory(service);
  if (service.project.services.some(other => other.kind === "database"))
    return djangoFiles(stack, service, workdir);
  const found = service.environment.flatMap(({ name, value }): DataFile[] => {
    if (!value?.text || value.byDefault || service.reassigned?.has(name)) return [];
    const paths = pathsOf(name, value.text, workdir);
    return paths ? [{ paths, at: value.at }] : [];
  });
  return found.length > 0 ? found : djangoFiles(stack, service, workdir);
}

/** `MB_DB_INIT_SQL_FILE`: what the repository has is put into it at every start. */
const filledAtStart = /(?:^|_)(?:DB|DATABASE)_(?:INIT|SEED)_(?:SQL|FILE|SCRIPT)/i;

const databaseName = /(?:^|_)(?:DB|DATABASE|SQLITE)(?:_|$)/i;
const fileName = /\.(?:db3?|sqlite3?)$/i;
/** Of .NET: what else it says does not move the file. */
const connectionString = /^ConnectionStrings(?:__|:)/i;
const dataSource = /^(?:Data ?Source|Filename)\s*=\s*([\w./-]+\.(?:db3?|sqlite3?))\s*(?:;|$)/i;

function pathsOf(name: string, text: string, workdir: string | undefined): DataFile["paths"] | undefined {
  const source = connectionString.test(name) ? dataSource.exec(text)?.[1] : undefined;
  if (source?.startsWith("/")) return [normalize(source)];
  if (source !== undefined) return workdir === undefined ? undefined : [join(workdir, source)];
  const [address] = text.split("?") as [string];
  const url = /^(?:sqlite3?(?:\+\w+)?|jdbc:sqlite):(\/*)(.+)$/i.exec(address);
  if (url) {
    const [, slashes = "", rest = ""] = url;
    if (rest === ":memory:" || rest.includes("%") || !/[\w-]\.?\w*$/.test(rest)) return undefined;
    // Four slashes are absolute for everybody; three are relative for SQLAlchemy and absolute for others.
    const absolute = normalize(`/${rest}`);
    if (slashes.length >= 4) return [absolute];
    const relative = workdir === undefined ? undefined : join(workdir, rest);
    if (slashes.length === 3) return relative === undefined ? undefined : [relative, absolute];
    return relative === undefined ? undefined : [relative];
  }
  if (!databaseName.test(name) || !fileName.test(address)) return undefined;
  // Prisma reads a relative one from the directory of its schema.
  const file =
    /^file:(?:\/\/)?(\/[^/].*)$/.exec(address)?.[1] ?? (/^[\w./-]+$/.test(address) ? address : undefined);
  if (file?.startsWith("/")) return [normalize(file)];
  return file && workdir !== undefined ? [join(workdir, file)] : undefined;
}

/** `DATABASES` with the engine of SQLite, and a name below the directory of manage.py. */
function djangoFiles(stack: Stack, service: Service, workdir: string | undefined): DataFile[] {
  const settings = settingsOf(service);
  const entry = settings && entryOf(settings.values.get("DATABASES"), "default");
  const engine = entry && entryOf(entry, "ENGINE");
  const name = entry && entryOf(entry, "NAME");
  const { django } = service.component ?? {};
  if (!settings || settings.unseen.length > 0 || !engine || !name || !django || workdir === undefined)
    return [];
  if (concrete(engine, lookupOf(service)) !== "django.db.backends.sqlite3") return [];
  const text = concrete(name, lookupOf(service));
  if (typeof text === "string" && text.startsWith("/")) return [{ paths: [text], at: name.at }];
  const source = sourceOf(stack, name.at.file) ?? service.component?.files.read(name.at.file);
  const written = source?.text.slice(name.at.span.start, name.at.span.end) ?? "";
  const below = /^(?:str\()?(?:os\.path\.join\()?BASE_DIR\s*[/,]\s*["']([\w./-]+)["']\)*$/.exec(written)?.[1];
  const manage = containerFile(stack, service, join(workdir, "manage.py")).repositoryPath;
  if (below === undefined || manage !== join(django.dir, "manage.py")) return [];
  const base = source && baseOf(source);
  const inProject = base === undefined ? "" : inside(django.dir, base);
  return inProject === undefined ? [] : [{ paths: [join(workdir, join(inProject, below))], at: name.at }];
}

/** The folder that `BASE_DIR` is: as many steps up from the file of the settings as are written. */
function baseOf({ path, text }: Source): string | undefined {
  const [, written = ""] = /^BASE_DIR\s*=\s*([^\n]*__file__[^\n]*)$/m.exec(text) ?? [];
  if (/\.\.|pardir|["'/]/.test(written)) return undefined;
  const nth = /\.parents\[(\d)\]/.exec(written)?.[1];
  const steps =
    (nth === undefined ? 0 : Number(nth) + 1) + (written.match(/\.parent\b|dirname\(/g)?.length ?? 0);
  if (steps === 0 || steps > path.split("/").length) return undefined;
  return path.split("/").slice(0, -steps).join("/");
}

/** Undefined where it cannot be told. */
export function fileKeeping(service: Service, file: DataFile): FileKeeping | undefined {
  const declared = service.model?.volumes ?? [];
  for (const path of file.paths) {
    const keeping = keepingOf(service, { path });
    if (keeping.in === "unknown" || keeping.in === "anonymous") return undefined;
    if (keeping.in === "volume" || keeping.in === "bind") return { kept: true, mount: keeping.mount };
    // An anonymous volume of the image's: Compose hands it on when it makes the container again.
    if (declared.some(each => path.startsWith(`${each.value}/`))) return undefined;
  }
  return { kept: false, path: file.paths[0] };
}
