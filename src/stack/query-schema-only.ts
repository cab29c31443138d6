import { filesBelow } from "../artifacts/project-files.ts";
import { type Location, locate } from "../core/source.ts";
import type { AppComponent } from "./app/detect.ts";
import type { Stack } from "./stack.ts";

/**
 * The schema of Prisma in a component that keeps no migration of it, so that only `db push` makes its tables. Undefined
 * for MongoDB, which makes collections by itself, for SQLite, whose file may be brought along, and for a schema that
 * was read from a database that others make.
 */
export function schemaWithoutMigrations(stack: Stack, component: AppComponent): Location | undefined {
  const own = component.package;
  if (!own?.dependencies.some(each => each.name === "@prisma/client")) return undefined;
  if ([...own.scripts.values()].some(script => /\bprisma\s+db\s+pull\b/.test(script.value))) return undefined;
  const files = filesBelow(stack.files, component.dir).filter(path => !/(^|\/)node_modules\//.test(path));
  if (files.some(path => /(^|\/)migrations\/.*\.sql$/.test(path))) return undefined;
  const schemas = files.filter(path => path.endsWith("schema.prisma"));
  const [path] = schemas;
  // What the component reads is shown in reports.
  const read = path === undefined || schemas.length > 1 ? undefined : component.files.read(path);
  if (!read) return undefined;
  const { text } = read;
  const source =
    /^datasource\s+\w+\s*\{[^}]*\bprovider\s*=\s*"(?:postgresql|postgres|mysql|sqlserver)"/m.exec(text);
  if (!source || !/^model\s+\w+\s*\{/m.test(text) || /^generator\s+\w+\s*\{[^}]*views/m.test(text))
    return undefined;
  return locate(read, source.index, source.index + source[0].indexOf("{") + 1);
}
