import { variable } from "./query.ts";
import { openPorts } from "./query-ports.ts";
import type { Port, Service, Variable } from "./stack.ts";

/** A listener of Kafka that takes everybody, on a published port. */
export interface OpenListener {
  readonly name: string;
  readonly port: Port;
  /** Where the listeners are named. */
  readonly named: Variable;
  /** Where the protocol is, when it is another place. */
  readonly mapped?: Variable;
}

const images = /(?:^|\/)(?:kafka|cp-kafka|cp-server)$/;
const prefixes = ["KAFKA_CFG_", "KAFKA_"];

/**
 * The published listeners of a Kafka whose protocol is PLAINTEXT: no encryption and no login, by Kafka's own names.
 * Clients go where the broker advertises itself, so that one that advertises the machine itself takes nobody else.
 * Source: "listener.security.protocol.map" and "advertised.listeners" in Kafka's reference, as of 2026-08.
 */
export function openListeners(service: Service): OpenListener[] {
  if (!images.test(service.imageRef?.family ?? "")) return [];
  const named = setting(service, "LISTENERS");
  const advertised = setting(service, "ADVERTISED_LISTENERS");
  const from = named ?? advertised;
  if (!from?.value?.text || (advertised && advertised.value?.text === undefined)) return [];
  const map = setting(service, "LISTENER_SECURITY_PROTOCOL_MAP");
  if (map && map.value?.text === undefined) return [];
  const protocols = new Map(
    (map?.value?.text ?? "").split(",").map(pair => pair.trim().split(":") as [string, string]),
  );
  const outside = new Map(listenersIn(advertised).map(each => [each.name, each.host]));
  return openPorts(service).flatMap(port => {
    const listener = listenersIn(from).find(each => each.port === port.target);
    if (!listener || !isElsewhere(outside.get(listener.name))) return [];
    // Without a map a listener is called after its protocol.
    const protocol = protocols.get(listener.name) ?? listener.name;
    return protocol === "PLAINTEXT"
      ? [{ name: listener.name, port, named: from, ...(map ? { mapped: map } : {}) }]
      : [];
  });
}

function setting(service: Service, name: string): Variable | undefined {
  return prefixes.map(prefix => variable(service, prefix + name)).find(each => each !== undefined);
}

interface Listener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** `INSIDE://kafka:9092,OUTSIDE://:19092` */
function listenersIn(from: Variable | undefined): Listener[] {
  return (from?.value?.text ?? "").split(",").flatMap(each => {
    const [, name, host, port] = /^\s*(\w+):\/\/([^:]*):(\d+)\s*$/.exec(each) ?? [];
    return name === undefined ? [] : [{ name, host: host!, port: Number(port) }];
  });
}

/** A name or an address of the internet: a word alone is a container, and is found inside of its network only. */
function isElsewhere(host = ""): boolean {
  return host.includes(".") && !onlyHere.test(host);
}

const onlyHere =
  /^(?:127\.|0\.0\.0\.0|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)|\.(?:local|internal|localhost|localdomain|lan|home|corp|intranet|svc)$/;
