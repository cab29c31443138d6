import { entryOf } from "../artifacts/value.ts";
import type { Edit, Fix } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import { locate } from "../core/source.ts";
import { addItem, addPair } from "../formats/yaml-edit.ts";
import { settingsOf, storesOf } from "../stack/query-environment.ts";
import type { Demand } from "../stack/query-pools.ts";
import type { Service, Stack, Variable } from "../stack/stack.ts";
import { addServices } from "./compose-file.ts";
import { addEntry } from "./django-settings.ts";
import { creation } from "./new-file.ts";
import { pooling } from "./pooling.ts";
import { sendAlong } from "./sent-files.ts";
import { addToService, ownPair } from "./service-edit.ts";

const name = "pgbouncer";

/**
 * PgBouncer between Django's programs and their database. Undefined where the account is not written in the Compose
 * file, and where a variable, the settings or what a service waits for cannot be changed in its place.
 */
export function poolConnections(
  stack: Stack,
  store: Service,
  demands: readonly Demand[],
  maxConnections: number,
): Fix | undefined {
  const { project } = store;
  const source = sourceOf(stack, project.files.at(-1)!);
  const raw = (variable: string) =>
    store.environment.find(each => each.name === variable && each.from === "environment");
  const password = raw("POSTGRES_PASSWORD")?.value;
  const user = raw("POSTGRES_USER")?.value?.raw ?? "postgres";
  const unseen =
    store.envFiles.length > 0 || store.environment.some(each => /^POSTGRES_\w+_FILE$/.test(each.name));
  const isTaken =
    project.services.some(each => each.name === name) || stack.files.has("pgbouncer") !== undefined;
  if (!source || !password || unseen || isTaken || storesOf(project, "postgres").length > 1) return undefined;
  const made = pooling({
    database: store.name,
    user,
    password: password.raw,
    name: raw("POSTGRES_DB")?.value?.raw ?? user,
    maxConnections,
    networks: store.networks.map(network => network.value),
    healthy: store.healthcheck !== undefined && !store.healthcheck.disabled,
  });
  const places = new Set<string>();
  const once = (edit: Edit) => {
    const key = `${edit.at.file}:${edit.at.span.start}`;
    return !places.has(key) && places.add(key);
  };
  const edits = demands.flatMap(({ service, variables }) => [
    ...variables.map(variable => towardsPool(stack, variable, store)),
    waitsForPool(stack, service),
    ...(withoutCursors(stack, service) ?? [undefined]),
  ]);
  const services = addServices(source, [made.service]);
  const held = sourceOf(stack, password.at.file)?.text.slice(password.at.span.start, password.at.span.end);
  if (!services || !held || edits.some(edit => edit === undefined)) return undefined;
  const files = creation(made.files, project.directory);
  const sent = sendAlong(stack, project, name);
  if (!sent) return undefined;
  const names = demands.map(each => each.service.name).join(" and ");
  return {
    title: "Let many clients share few connections through PgBouncer",
    grade: "big-change",
    edits: [
      ...(edits as Edit[]).filter(once),
      ...services,
      ...files.edits,
      ...sent,
      // Put in place of itself: a fix that moves the password elsewhere waits for the next pass.
      { at: password.at, text: held },
    ],
    executable: files.executable,
    test: `Start it, run a migration and a job of each kind, and put ${names} under load: session settings, LISTEN and advisory locks do not last over a transaction any more.`,
    afterwards:
      "Look in the code for what lasts longer than a transaction in one connection (advisory locks, LISTEN, SET, temporary tables): what needs it keeps a connection of its own to the database.",
  };
}

/** The pool's name in place of the database's: it listens on the same port. */
function towardsPool(stack: Stack, variable: Variable, store: Service): Edit | undefined {
  const at = variable.value?.at;
  const source = at && sourceOf(stack, at.file);
  if (!source || variable.from !== "environment") return undefined;
  const text = source.text.slice(at.span.start, at.span.end);
  const word = new RegExp(
    `(?<=^["']?|@|=["']?)${store.name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?=["']?$|[:/])`,
    "g",
  );
  const [match, ...more] = [...text.matchAll(word)];
  if (!match || more.length > 0) return undefined;
  const start = at.span.start + match.index;
  return { at: locate(source, start, start + match[0].length), text: name };
}

function waitsForPool(stack: Stack, service: Service): Edit | undefined {
  const node = ownPair(stack, service, "depends_on")?.value;
  const source = node && sourceOf(stack, node.at.file);
  if (!node)
    return addToService(stack, service, ["depends_on:", `  ${name}:`, "    condition: service_healthy"]);
  if (!source || node.kind === "scalar") return undefined;
  return node.kind === "seq"
    ? addItem(source, node, name)
    : addPair(source, node, [`${name}:`, "  condition: service_healthy"]);
}

/** A cursor on the server lives longer than a transaction. Undefined where the settings cannot say so in their place. */
function withoutCursors(stack: Stack, service: Service): readonly Edit[] | undefined {
  const database = entryOf(settingsOf(service)?.values.get("DATABASES"), "default");
  if (database?.kind !== "dict") return undefined;
  if (entryOf(database, "DISABLE_SERVER_SIDE_CURSORS")) return [];
  return addEntry(stack, database.at, '"DISABLE_SERVER_SIDE_CURSORS": True');
}
