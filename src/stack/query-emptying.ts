import type { Call } from "../artifacts/commands.ts";
import { sourceOf } from "../core/project-files.ts";
import { isStore } from "./query.ts";
import { wordsOf } from "./query-release.ts";
import { projectsOfCall } from "./query-scripts.ts";
import type { PlacedCall, Stack } from "./stack.ts";

/** Questions about commands of frameworks that make a database anew. */

/** Each leaves an empty database, or one with the example data alone; what follows is options. */
const commands =
  /\b(artisan (?:migrate:(?:fresh|refresh|reset)|db:wipe)|(?:rails|rake) db:(?:drop|reset)(?![\w:])|prisma migrate reset|manage(?:\.py)? (?:flush|reset_db)(?![\w-])|doctrine:(?:database|schema):drop|sequelize(?:-cli)? db:(?:drop|migrate:undo:all)|typeorm schema:drop|knex migrate:rollback --all|alembic downgrade base|flyway clean(?![\w-]))/;

/** The command of a framework that empties the database, in a line of plain words. */
export function emptying(words: string): string | undefined {
  // It says what it would do, or asks whether it may.
  if (/ --(?:pretend|dry-run|help|dump-sql)\b/.test(words)) return undefined;
  return commands.exec(words)?.[1];
}

/** A release on a server runs such a command there. */
export function emptiesAtRelease(stack: Stack, placed: PlacedCall): string | undefined {
  const { call, caller } = placed;
  if (call.kind !== "program" && call.kind !== "tool" && call.kind !== "compose") return undefined;
  const command = emptying(wordsOf(call));
  if (command === undefined || caller.kind !== "workflow") return undefined;
  const job = caller.workflow?.jobs.find(each => each.id.value === caller.name);
  if (!job || job.services.length > 0 || /\btest|e2e|demo|staging|preview/i.test(`${caller.name} ${command}`))
    return undefined;
  return (placed.deploys && call.remote) || worksOnServer(stack, placed) ? command : undefined;
}

/** `down -v` of a project that has neither volumes nor a store, whose image would bring one. */
export function keepsNothing(stack: Stack, { call, ...placed }: PlacedCall): boolean {
  if (call.kind !== "compose") return false;
  const projects = projectsOfCall(stack, { ...placed, call });
  return (
    projects.length > 0 &&
    projects.every(
      ({ volumes, services }) =>
        volumes.every(volume => volume.external) &&
        services.every(service => !isStore(service) && service.mounts.every(({ type }) => type !== "volume")),
    )
  );
}

/** GitLab: the job works in a folder of the web server, so its runner is the server. */
export function worksOnServer(stack: Stack, { caller }: Pick<PlacedCall, "caller">): boolean {
  return (
    caller.workflow?.platform === "gitlab" &&
    stack.calls.some(
      other =>
        other.caller.workflow === caller.workflow &&
        other.caller.name === caller.name &&
        other.call.name === "cd" &&
        /^\/(?:var\/www|srv|opt)\//.test(other.call.args[0]?.value ?? ""),
    )
  );
}

/** A job that deploys nothing runs on a machine that is thrown away; so does what a release does beside its server. */
export function isThrownAway({ call, caller, deploys }: PlacedCall): boolean {
  return caller.kind === "workflow" && (!deploys || (!call.remote && call.via === undefined));
}

/** The comment in the line above says that volumes or data go: whoever reads what they call knows. */
function isSaidAbove(stack: Stack, { at }: Call): boolean {
  const text = sourceOf(stack, at.file)?.text.slice(Math.max(0, at.span.start - 300), at.span.start) ?? "";
  const above = text.split("\n").at(-2) ?? "";
  return /#.*\b(?:remov|delet|drop|wip|destroy)\w*\b.*\b(?:volumes?|data)\b/i.test(above);
}

/** The name says what is lost; `clean` does not. */
const tellingName =
  /(^|[-_])(drop|reset|nuke|purge|destroy|wipe|(?:rm|delete)-(?:volumes?|data|db))([-_]|$)/i;

export function tellsAll(stack: Stack, { call, caller }: PlacedCall): boolean {
  return tellingName.test(caller.name ?? "") || isSaidAbove(stack, call);
}
