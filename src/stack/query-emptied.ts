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

/** Calls that drop the tables: what the text has to have, and the call. */
const calls: readonly (readonly [RegExp, RegExp, string])[] = [
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
    const { component } = service;
    if (!component) continue;
    const texts = ownTexts(stack, component);
    for (const source of texts.values())
      for (const [needs, call, what] of calls) {
        if (!needs.test(source.text)) continue;
        const match = [...source.text.matchAll(call)].find(each => !isComment(source.text, each.index));
        if (!match) continue;
        const near = source.text.slice(Math.max(0, match.index - 600), match.index + 150);
        const at = locate(source, match.index, match.index + match[0].length);
        if (
          gated.test(near) ||
          /argv|\bif\b[^\n]{0,80}$/.test(near.slice(0, -150)) ||
          !ownsFile(stack, component, at)
        )
          continue;
        const run = runBy(source, at, component, texts);
        if (!run) continue;
        component.files.read(source.path);
        found.push({ service, at, what, ...(run.runAt ? { runAt: run.runAt } : {}), sure: true });
      }
  }
  return found;
}
