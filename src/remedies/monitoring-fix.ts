import type { Fix } from "../core/fix.ts";
import { isOptional, variable } from "../stack/query.ts";
import { isMysql, isPostgres } from "../stack/query-data.ts";
import { listening } from "../stack/query-listen.ts";
import type { ComposeProject, Service, Stack } from "../stack/stack.ts";
import { type MonitoringInput, monitoring, type WatchedStore } from "./monitoring.ts";
import { creation } from "./new-file.ts";

/** The monitoring of a project as new files. Undefined where a file of that name is there already. */
export function monitoringFix(stack: Stack, project: ComposeProject): Fix | undefined {
  const made = monitoring(monitoringInput(stack, project));
  const { edits } = creation(made.files, project.directory);
  if (edits.some(edit => stack.files.has(edit.at.file) !== undefined)) return undefined;
  const files = project.files.map(file => `-f ${file}`).join(" ");
  return {
    title: "Add monitoring with alerts as a Compose file of its own",
    grade: "big-change",
    edits,
    test: `Set SITE_URL, ALERT_WEBHOOK and GRAFANA_PASSWORD in .env, run \`docker compose ${files} -f compose.monitoring.yml up -d\`, stop a service and wait for the alert.`,
    afterwards:
      "Let something outside this machine ask the site, too: a machine that is down cannot tell it.",
  };
}

/** What there is to watch, from the model. */
export function monitoringInput(stack: Stack, project: ComposeProject): MonitoringInput {
  const services = project.services.filter(
    service => !service.oneShot && !isOptional(service) && !service.networkMode,
  );
  const ports = services.flatMap(service => {
    const port = service.kind === "app" ? listening(stack, service)?.ports[0] : storePort(service);
    return port === undefined ? [] : [{ service: service.name, port }];
  });
  const stores = services.flatMap(service => storeOf(service) ?? []);
  const watched = services.filter(
    service =>
      ports.some(each => each.service === service.name) || stores.some(each => each.service === service.name),
  );
  const networks = new Set(watched.flatMap(service => service.networks.map(network => network.value)));
  // Who names no network is on the default one.
  if (networks.size > 0 && watched.some(service => service.networks.length === 0)) networks.add("default");
  return {
    ports,
    stores,
    networks: [...networks],
    backup: services.some(
      service => service.name === "backup" && /backup/.test(service.entrypoint?.text ?? ""),
    ),
  };
}

function storePort(service: Service): number | undefined {
  if (isPostgres(service)) return 5432;
  if (isMysql(service)) return 3306;
  return service.kind === "cache" && isRedis(service) ? 6379 : undefined;
}

function isRedis({ imageRef }: Service): boolean {
  return /(^|\/)(redis|valkey)$/.test(imageRef?.name ?? "");
}

function storeOf(service: Service): WatchedStore | undefined {
  const raw = (name: string) => {
    const found = variable(service, name);
    return found?.from === "environment" ? found.value?.raw : undefined;
  };
  if (isPostgres(service)) {
    const password = raw("POSTGRES_PASSWORD");
    // A literal moves to a variable first: here it would stand a second time.
    if (!password?.includes("$")) return undefined;
    const user = raw("POSTGRES_USER") ?? "postgres";
    return { kind: "postgres", service: service.name, user, password, database: raw("POSTGRES_DB") ?? user };
  }
  const redis = service.kind === "cache" && isRedis(service);
  // A password in the command is not known here, and without it the exporter would report a failure for ever.
  return redis && !/requirepass|aclfile|\.conf\b/.test(service.command?.text ?? "")
    ? { kind: "redis", service: service.name }
    : undefined;
}
