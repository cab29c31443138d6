import { ownFiles } from "../artifacts/project-files.ts";
import type { AppComponent } from "./app/detect.ts";
import { serverServices } from "./query.ts";
import { calledAtStart, type Emptied, type StartCall, scripts } from "./query-emptied.ts";
import { worstFirst } from "./query-process.ts";
import { ownTexts } from "./query-seeded-admins.ts";
import type { Stack } from "./stack.ts";

/** Programs that fit their tables to the code by themselves whenever they start. */
export interface SchemaAtStart extends Omit<Emptied, "sure"> {
  /** It makes tables that are not there, and leaves those that are. */
  readonly addsOnly: boolean;
}

const making: readonly StartCall[] = [
  {
    files: /\.py$/,
    needs: /metadata/,
    call: /\bmetadata\.create_all\b/g,
    what: "metadata.create_all",
  },
  { files: /\.py$/, needs: /create_all/, call: /\bdb\.create_all\(/g, what: "db.create_all()" },
];
const altering: readonly StartCall[] = [
  {
    files: scripts,
    needs: /typeorm|DataSource/i,
    call: /\bsynchronize\s*:\s*true\b/g,
    what: "synchronize: true",
  },
  {
    files: scripts,
    needs: /sequelize/i,
    call: /\.sync\(\s*\{[^{}]{0,80}\balter\s*:\s*true/g,
    what: "sync({ alter: true })",
  },
];

export function schemaAtStart(stack: Stack): SchemaAtStart[] {
  const told = new Set<AppComponent>();
  return worstFirst(serverServices(stack)).flatMap(service => {
    const { component, project } = service;
    if (!component || told.has(component) || !project.services.some(each => each.kind === "database"))
      return [];
    told.add(component);
    const alters = calledAtStart(stack, service, altering);
    const found =
      alters.length > 0 || hasMigrations(stack, component) ? alters : calledAtStart(stack, service, making);
    return found.slice(0, 1).map(each => ({ service, ...each, addsOnly: alters.length === 0 }));
  });
}

const tools =
  /(?:^|\/)(?:alembic|aerich|yoyo)\.ini$|(?:^|\/)(?:alembic|migrations?|versions)\/[^/]*\.(?:py|sql|mako)$|(?:^|\/)(?:alembic|migrations?)\/versions\//;

/** A tool for migrations is there, or the code changes tables by hand. */
function hasMigrations(stack: Stack, component: AppComponent): boolean {
  return (
    ownFiles(stack.files, component.dir).some(path => tools.test(path)) ||
    [...ownTexts(stack, component).values()].some(({ text }) =>
      /\bALTER\s+TABLE\b|\bflask_migrate\b|\balembic\b/i.test(text),
    )
  );
}
