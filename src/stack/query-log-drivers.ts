import type { Location } from "../core/source.ts";
import { pairOf, textOf } from "../formats/yaml.ts";
import { isOptional } from "./query.ts";
import { isSaidInScripts } from "./query-certificates.ts";
import type { ComposeProject, Service, Stack } from "./stack.ts";

/** Log drivers that keep a container from starting. */
export interface BlockingLog {
  readonly service: Service;
  readonly driver: string;
  readonly at: Location;
  /** A clause: "nothing starts while ...". */
  readonly lacks: string;
  /** No collector can help: the engine does not know the driver. */
  readonly refused: boolean;
}

export function blockingLogs(stack: Stack, project: ComposeProject): BlockingLog[] {
  return project.services.flatMap(service => {
    if (isOptional(service)) return [];
    const driver = textOf(service.get("logging", "driver"));
    const lacks = driver && lackOf(stack, service, driver.value);
    return driver && lacks
      ? [{ service, driver: driver.value, at: driver.at, lacks, refused: isLoki.test(driver.value) }]
      : [];
  });
}

const isLoki = /^(?:grafana\/)?loki(?:-docker-driver)?(?::|$)/;

function lackOf(stack: Stack, service: Service, driver: string): string | undefined {
  const option = (name: string) => textOf(pairOf(service.get("logging", "options"), name)?.value)?.value;
  if (driver === "fluentd") {
    // Docker's documentation: without fluentd-async the container stops when the daemon cannot be reached.
    if (/^(?:true|1)$/i.test(option("fluentd-async") ?? option("fluentd-async-connect") ?? ""))
      return undefined;
    return `nothing starts while no collector answers at ${option("fluentd-address") ?? "localhost:24224"}, because \`fluentd-async\` is not on`;
  }
  if (driver === "gelf" || driver === "syslog") {
    const address = option(`${driver}-address`) ?? "";
    return /^tcp/.test(address) ? `nothing starts while no collector answers at ${address}` : undefined;
  }
  if (isLoki.test(driver)) {
    if (isSaidInScripts(stack, /docker\s+plugin\s+install/) || isOnPages(stack)) return undefined;
    return "the engine refuses a driver that is not installed, and nothing in this repository installs it";
  }
  return undefined;
}

function isOnPages(stack: Stack): boolean {
  return [...stack.sources.values()].some(({ text }) => /docker\s+plugin\s+install/.test(text));
}
