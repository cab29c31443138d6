import { isBelow, isTest, isVendored } from "../../artifacts/project-files.ts";
import type { AppComponent } from "../../stack/app/detect.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { installedPython } from "../../stack/query-distributions.ts";
import { componentReads, givenVariables } from "../../stack/query-environment.ts";
import { worstFirst } from "../../stack/query-process.ts";
import { defineRule } from "../rule.ts";

/** What SQLAlchemy imports for a driver, and the packages that bring it; first the one to install. */
const drivers: Readonly<Record<string, readonly string[]>> = {
  asyncpg: ["asyncpg"],
  psycopg: ["psycopg", "psycopg-binary"],
  psycopg2: ["psycopg2-binary", "psycopg2"],
  pg8000: ["pg8000"],
  pymysql: ["pymysql"],
  aiomysql: ["aiomysql"],
  asyncmy: ["asyncmy"],
  mysqldb: ["mysqlclient"],
  mysqlconnector: ["mysql-connector-python", "mysql-connector"],
  aiosqlite: ["aiosqlite"],
};

export default defineRule({
  id: "boot/database-driver",
  title: "The driver that a database address names is installed",
  claim: "boots-healthy",
  severity: "critical",
  why: "SQLAlchemy imports the driver when the engine is made: the program ends with ModuleNotFoundError.",
  *check(stack) {
    const told = new Set<string>();
    for (const service of worstFirst(serverServices(stack))) {
      const { component } = service;
      if (!component || !/^(?:fastapi|flask|python)$/.test(component.kind)) continue;
      const named = givenVariables(service).flatMap(variable => {
        const driver = /^\w+\+(\w+):\/\//.exec(variable.value?.raw ?? "")?.[1];
        return driver !== undefined && Object.hasOwn(drivers, driver) ? [{ variable, driver }] : [];
      });
      if (named.length === 0) continue;
      const installed = installedPython(stack, service);
      const has = (name: string) => installed!.dependencies.some(each => each.name === name);
      if (!installed || !(has("sqlalchemy") || has("sqlmodel"))) continue;
      const { names } = componentReads(stack, component);
      for (const { variable, driver } of named) {
        const packages = drivers[driver]!;
        const key = `${variable.at.file}:${variable.at.span.start}`;
        // `sqlalchemy[postgresql-asyncpg]` and providers of other programs bring drivers along.
        const brought = installed.dependencies.some(
          each =>
            each.extras?.some(extra => /postgres|psycopg|asyncpg|mysql|maria|sqlite/i.test(extra)) ||
            /airflow|provider|gino|piccolo/.test(each.name),
        );
        if (brought || packages.some(has) || !names.has(variable.name) || told.has(key)) continue;
        if (replaces(component, driver)) continue;
        told.add(key);
        yield {
          subject: `${service.name} ${variable.name}`,
          message: `"${service.name}" is given an address for the driver ${driver}, and ${installed.manifest} brings no ${packages[0]}.`,
          severity: weigh(service, "critical"),
          confidence: "likely",
          evidence: [
            evidence(variable.at, `names the driver ${driver}`),
            evidence(installed.at, `installs no ${packages[0]}`),
          ],
        };
      }
    }
  },
});

/** The code puts another driver in its place. */
function replaces({ files, dir }: AppComponent, driver: string): boolean {
  const swap = new RegExp(`\\+${driver}|\\breplace\\(|drivername|make_url`);
  return files.paths.some(path => {
    if (!path.endsWith(".py") || !isBelow(dir, path) || isVendored(path) || isTest(path)) return false;
    const text = files.read(path)?.text ?? "";
    return text.includes("create_") && swap.test(text);
  });
}
