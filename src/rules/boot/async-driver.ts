import { isBelow, isTest, isVendored } from "../../artifacts/project-files.ts";
import { type Location, locate } from "../../core/source.ts";
import type { AppComponent } from "../../stack/app/detect.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { places } from "../../stack/query-build.ts";
import { componentReads, givenVariables } from "../../stack/query-environment.ts";
import { worstFirst } from "../../stack/query-process.ts";
import type { Service, Stack, Variable } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const plain = /^(?:postgres(?:ql)?|mysql|mariadb|sqlite):\/\//;

export default defineRule({
  id: "boot/async-driver",
  title: "An asynchronous engine gets the address of an asynchronous driver",
  claim: "boots-healthy",
  severity: "critical",
  why: 'SQLAlchemy ends the program with "the asyncio extension requires an async driver", or finds no driver at all: it never serves.',
  *check(stack) {
    // One engine in the code is one cause, however many services give it an address.
    const causes = new Map<string, { engine: Engine; found: { service: Service; variable: Variable }[] }>();
    for (const service of worstFirst(serverServices(stack))) {
      const { component } = service;
      if (!component || !/^(?:fastapi|python)$/.test(component.kind)) continue;
      const given = givenVariables(service).filter(each => plain.test(each.value?.raw ?? ""));
      if (given.length === 0) continue;
      const engine = engineOf(stack, component);
      const { names } = componentReads(stack, component);
      const variable = engine && given.find(each => names.has(each.name) && engine.names.includes(each.name));
      if (!engine || !variable) continue;
      const key = `${engine.at.file}:${engine.at.span.start}`;
      const cause = causes.get(key) ?? { engine, found: [] };
      causes.set(key, cause);
      cause.found.push({ service, variable });
    }
    for (const { engine, found } of causes.values()) {
      const [{ service, variable }] = found as [(typeof found)[0]];
      yield {
        subject: `${service.name} ${variable.name}`,
        message: `"${service.name}" makes an asynchronous engine from "${variable.name}", whose address names no asynchronous driver.`,
        severity: weigh(service, "critical"),
        confidence: "likely",
        evidence: [
          evidence(variable.at, "no driver such as +asyncpg"),
          ...places(
            found
              .slice(1)
              .map(each => each.variable.at)
              .filter(at => at !== variable.at),
            "no driver such as +asyncpg",
          ),
          evidence(engine.at, "asks for an asynchronous driver"),
        ],
      };
    }
  },
});

interface Engine {
  readonly at: Location;
  /** Names that stand between the brackets, or in the file. */
  readonly names: readonly string[];
}

/** The one call of `create_async_engine`, where nothing in the program changes the scheme of an address. */
function engineOf(stack: Stack, component: AppComponent): Engine | undefined {
  const found: Engine[] = [];
  for (const path of stack.files.paths) {
    if (!path.endsWith(".py") || !isBelow(component.dir, path) || isTest(path) || isVendored(path)) continue;
    const read = stack.files.read(path);
    if (!("source" in read)) continue;
    const { text } = read.source;
    // What builds or rewrites an address somewhere may do it here.
    if (
      /\+(?:asyncpg|aiomysql|asyncmy|aiosqlite|psycopg)|drivername|\.replace\(\s*["'](?:postgres|mysql|sqlite)|URL\.create|make_url|creator\s*=/.test(
        text,
      )
    )
      return undefined;
    for (const match of text.matchAll(
      /\bcreate_async_engine\(\s*os\.(?:environ\[|environ\.get\(|getenv\()\s*["'](\w+)["']/g,
    ))
      found.push({ at: locate(read.source, match.index, match.index + match[0].length), names: [match[1]!] });
    for (const match of text.matchAll(/\bcreate_async_engine\(\s*(\w+)\s*[,)]/g)) {
      const assigned = new RegExp(
        `^${match[1]}\\s*(?::\\s*\\w+)?\\s*=\\s*os\\.(?:environ\\[|environ\\.get\\(|getenv\\()\\s*["'](\\w+)["']`,
        "m",
      ).exec(text);
      if (assigned)
        found.push({
          at: locate(read.source, match.index, match.index + match[0].length),
          names: [assigned[1]!],
        });
    }
  }
  return found.length === 1 ? found[0] : undefined;
}
