import type { AppComponent } from "../../stack/app/detect.ts";
import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { documentedMigration } from "../../stack/query-migrations.ts";
import { migrates } from "../../stack/query-release.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/migrations-missing",
  title: "Every release brings the database to the schema that its code expects",
  claim: "migrates-safely",
  severity: "high",
  why: "The new code asks for columns and tables that nothing has created: the first request that needs them fails.",
  *check(stack) {
    if (mentionsMigration(stack)) return;
    const found = new Map<AppComponent, Service[]>();
    for (const service of serverServices(stack)) {
      const { component } = service;
      if (component) found.set(component, [...(found.get(component) ?? []), service]);
    }
    const byHand = found.size === 0 ? undefined : documentedMigration(stack);
    for (const [component, services] of found) {
      const kept = migrationsOf(component, stack);
      // Without a process in sight the entry point may do it.
      if (!kept || services.some(service => service.process === undefined)) continue;
      yield {
        subject: component.dir || component.manifest,
        message: `${listNames(services.map(service => service.name))} ${services.length === 1 ? "runs" : "run"} code with ${kept.count} ${kept.count === 1 ? "migration" : "migrations"} (${kept.directory}), and no service, script or workflow applies them${byHand ? `: ${byHand.file} tells people to do it by hand` : ""}.`,
        severity: byHand ? "low" : weigh(services[0]!, "high"),
        confidence: "likely",
        evidence: [
          evidence(services[0]!.process!.at, "starts without a migration"),
          ...services.slice(1).map(service => evidence(service.process!.at, "starts without a migration")),
          ...(byHand ? [evidence(byHand, "is left to people")] : []),
        ],
      };
    }
  },
});

const words =
  /\bmigrate\b|alembic|db:migrat|prisma\s+(migrate|db)|db\s+upgrade|makemigrations|migration:run|run[-_]?migrations?|syncdb|create_all/i;

/** Any command or deployment file that speaks of migrations: somebody has thought of it. */
function mentionsMigration(stack: Stack): boolean {
  if (stack.calls.some(({ call }) => migrates(call))) return true;
  for (const [path, source] of stack.sources)
    if (
      /(\.(sh|bash|ya?ml|json|toml|ini|cfg|conf|mk)|Dockerfile[\w.-]*|Makefile|Procfile|justfile)$/i.test(
        path,
      ) &&
      words.test(source.text)
    )
      return true;
  return stack.files.paths.some(path => {
    if (
      !/(^|\/)(Procfile|justfile|Taskfile\.ya?ml|fabfile\.py|tasks\.py|release\.\w+|[\w-]*uwsgi[\w-]*\.(ini|toml|ya?ml)|supervisord?[\w-]*\.conf|gunicorn[\w.-]*\.py|(docker-)?entrypoint[\w.-]*|start[\w.-]*|run[\w.-]*|prestart[\w.-]*)$/.test(
        path,
      )
    )
      return false;
    const read = stack.files.read(path);
    return "source" in read && words.test(read.source.text);
  });
}

/** Migrations that the component keeps in its tree. */
function migrationsOf(
  component: AppComponent,
  stack: Stack,
): { directory: string; count: number } | undefined {
  const pattern =
    component.kind === "django"
      ? /(^|\/)migrations\/\d{4}_\w+\.py$/
      : component.kind === "rails"
        ? /(^|\/)db\/migrate\/\d+_\w+\.rb$/
        : component.package
          ? /(^|\/)prisma\/migrations\/[^/]+\/migration\.sql$/
          : /(^|\/)(alembic|migrations)\/versions\/\w+\.py$/;
  const files = stack.files.paths.filter(
    path =>
      pattern.test(path) &&
      (component.dir === "" || path.startsWith(`${component.dir}/`)) &&
      !/(^|\/)(tests?|node_modules|venv|\.venv|site-packages)\//.test(path),
  );
  const first = files[0];
  return first === undefined
    ? undefined
    : { directory: first.slice(0, first.lastIndexOf("/")), count: files.length };
}
