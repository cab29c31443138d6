import { type Location, locate } from "../core/source.ts";
import { serverServices } from "./query.ts";
import { ownsFile } from "./query-environment.ts";
import { gated, isComment, ownTexts, runBy } from "./query-seeded-admins.ts";
import { springSetting } from "./query-settings-files.ts";
import type { Service, Stack } from "./stack.ts";

/** Programs that empty their database whenever they start. */
export interface Emptied {
  readonly service: Service;
  readonly at: Location;
  /** The setting or the call. */
  readonly what: string;
  readonly runAt?: Location;
  /** An env file that is not here may say something else. */
  readonly sure: boolean;
}

/** A call that does something at a start: the ending of the files that may have it, and how to name it. */
export interface StartCall {
  readonly files: RegExp;
  /** What the text has to have besides. */
  readonly needs: RegExp;
  readonly call: RegExp;
  readonly what: string;
}

/** Files of JavaScript and TypeScript. */
export const scripts: RegExp = /\.[cm]?[jt]s$/;
const python = /\.py$/;

/** Calls that drop the tables. */
const calls: readonly StartCall[] = [
  {
    files: scripts,
    needs: /sequelize/i,
    call: /\.sync\(\s*\{[^{}]{0,80}\bforce\s*:\s*true/g,
    what: "sync({ force: true })",
  },
  {
    files: scripts,
    needs: /typeorm|DataSource/,
    call: /\bdropSchema\s*:\s*true/g,
    what: "dropSchema: true",
  },
  { files: python, needs: /metadata/, call: /\bmetadata\.drop_all\(/g, what: "metadata.drop_all()" },
  { files: python, needs: /SQLAlchemy/, call: /\bdb\.drop_all\(/g, what: "db.drop_all()" },
  {
    files: /\.cs$/,
    needs: /Database/,
    call: /\bDatabase\.EnsureDeleted(?:Async)?\(/g,
    what: "EnsureDeleted()",
  },
  { files: scripts, needs: /mongoose/, call: /\.dropDatabase\(/g, what: "dropDatabase()" },
  { files: /\.go$/, needs: /gorm/, call: /\.Migrator\(\)\.DropTable\(/g, what: "DropTable()" },
];

/** What empties the databases of a project at each start of a service. */
export function emptiedAtStart(stack: Stack): Emptied[] {
  const found: Emptied[] = [];
  for (const service of serverServices(stack)) {
    if (!service.project.services.some(each => each.kind === "database")) continue;
    const spring = springSetting(stack, service, "spring.jpa.hibernate.ddl-auto");
    if (spring && /^create(?:-drop)?$/i.test(spring.value))
      found.push({
        service,
        at: spring.at,
        what: `ddl-auto=${spring.value}`,
        sure: spring.supply === "never",
      });
    found.push(...calledAtStart(stack, service, calls).map(each => ({ service, ...each, sure: true })));
  }
  return found;
}

/** Those that run at each start of a service, and ask nobody in which environment they are. */
export function calledAtStart(
  stack: Stack,
  { component }: Service,
  table: readonly StartCall[],
): Pick<Emptied, "at" | "what" | "runAt">[] {
  if (!component) return [];
  const texts = ownTexts(stack, component);
  return [...texts.values()].flatMap(source =>
    table.flatMap(({ files, needs, call, what }) => {
      if (!files.test(source.path) || !needs.test(source.text)) return [];
      for (const match of source.text.matchAll(call)) {
        if (isComment(source.text, match.index)) continue;
        const near = source.text.slice(Math.max(0, match.index - 600), match.index + 150);
        const at = locate(source, match.index, match.index + match[0].length);
        if (gated.test(near) || /argv|\bif\b[^\n]{0,80}$/.test(near.slice(0, -150))) continue;
        const run = ownsFile(stack, component, at) ? runBy(source, at, component, texts) : undefined;
        if (!run) continue;
        return [{ at, what, ...(run.runAt ? { runAt: run.runAt } : {}) }];
      }
      return [];
    }),
  );
}
