import { filesBelow, isTest } from "../artifacts/project-files.ts";
import type { Location } from "../core/source.ts";
import { serverServices } from "./query.ts";
import { springSetting } from "./query-settings-files.ts";
import type { Service, Stack } from "./stack.ts";

/** Programs of Spring that want tables which nothing in the repository makes. */
export interface UnmadeSchema {
  readonly service: Service;
  /** The setting by which Hibernate makes no tables. */
  readonly at: Location;
  /** It refuses to start without them. */
  readonly validates: boolean;
  /** An env file that is not here may say something else. */
  readonly sure: boolean;
}

const setting = "spring.jpa.hibernate.ddl-auto";

/**
 * `ddl-auto` is `validate` or `none` where the program runs on a server, and no migration, no script and no other
 * program of the repository makes the tables.
 */
export function unmadeSchemas(stack: Stack): UnmadeSchema[] {
  const found: UnmadeSchema[] = [];
  for (const service of serverServices(stack)) {
    if (service.component?.kind !== "spring") continue;
    const own = springSetting(stack, service, setting);
    if (!own) continue;
    // Another program, or another part of this one, makes them.
    if (!/^(?:validate|none)$/i.test(own.value)) return [];
    const known = found.find(({ at }) => at.file === own.at.file && at.span.start === own.at.span.start);
    if (known) continue;
    found.push({
      ...{ service, at: own.at },
      validates: /^validate$/i.test(own.value),
      sure: own.supply === "never",
    });
  }
  return found.length === 0 || makesTables(stack)
    ? []
    : found.filter(each => hasEntities(stack, each.service));
}

const builds = /(?:^|\/)(?:pom\.xml|build\.gradle(?:\.kts)?|libs\.versions\.toml)$/;
const makers = /flyway|liquibase|mybatis-migrations|org\.jooq\.meta\.extensions/i;
const mostFiles = 1_500;

/** A tool for migrations, or a text with tables in it, wherever it lies. */
function makesTables({ files }: Stack): boolean {
  return files.paths.some(path => {
    if (/\.(?:sql\.gz|dump|bak)$|(?:^|\/)db\/(?:changelog|migration)\//.test(path)) return true;
    if (!builds.test(path) && !/\.(?:sql|ddl|sh|ps1|md)$/i.test(path)) return false;
    const read = files.read(path);
    // What cannot be read may hold them.
    if (!("source" in read)) return path.endsWith(".sql");
    return builds.test(path) ? makers.test(read.source.text) : /\bcreate\s+table\b/i.test(read.source.text);
  });
}

function hasEntities({ files }: Stack, { component }: Service): boolean {
  const code = filesBelow(files, component!.dir).filter(path => /\.(?:java|kt)$/.test(path) && !isTest(path));
  return code.slice(0, mostFiles).some(path => {
    const read = files.read(path);
    return "source" in read && /^@Entity\b/m.test(read.source.text);
  });
}
