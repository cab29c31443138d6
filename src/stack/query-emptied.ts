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

/** What the text has to have, the call, and how to name it. */
export type StartCall = readonly [RegExp, RegExp, string];

/** Calls that drop the tables. */
const calls: readonly StartCall[] = [
  [/sequelize/i, /\.sync\(\s*\{[^{}]{0,80}\bforce\s*:\s*true/g, "sync({ force: true })"],
  [/typeorm|DataSource/, /\bdropSchema\s*:\s*true/g, "dropSchema: true"],
  [/metadata/, /\bmetadata\.drop_all\(/g, "metadata.drop_all()"],
  [/SQLAlchemy/, /\bdb\.drop_all\(/g, "db.drop_all()"],
  [/Database/, /\bDatabase\.EnsureDeleted(?:Async)?\(/g, "EnsureDeleted()"],
  [/mongoose/, /\.dropDatabase\(/g, "dropDatabase()"],
  [/gorm/, /\.Migrator\(\)\.DropTable\(/g, "DropTable()"],
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
    table.flatMap(([needs, call, what]) => {
      if (!needs.test(source.text)) return [];
      for (const match of source.text.matchAll(call)) {
        if (isComment(source.text, match.index)) continue;
        const near = source.text.slice(Math.max(0, match.index - 600), match.index + 150);
        const at = locate(source, match.index, match.index + match[0].length);
        if (gated.test(near) || /argv|\bif\b[^\n]{0,80}$/.test(near.slice(0, -150))) continue;
        const run = ownsFile(stack, component, at) ? runBy(source, at, component, texts) : undefined;
        if (!run) continue;
        component.files.read(source.path);
        return [{ at, what, ...(run.runAt ? { runAt: run.runAt } : {}) }];
      }
      return [];
    }),
  );
}
