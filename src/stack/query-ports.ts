import type { Fix } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import { itemsOf } from "../formats/yaml.ts";
import { addPair } from "../formats/yaml-edit.ts";
import type { Port, Service, Stack } from "./stack.ts";

/** Questions about published ports. */

const privateAddress =
  /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|169\.254\.|fe80:|f[cd])/i;

/** Ports that the internet reaches as far as Docker is concerned: no loopback and no private address. */
export function openPorts(service: Service): Port[] {
  return service.ports.filter(port => port.public === true && !privateAddress.test(port.hostIp ?? ""));
}

/** `port 80` or `ports 80 and 443`, for messages. */
export function portNumbers(ports: readonly Port[]): string {
  const numbers = ports.flatMap(port => port.published ?? []);
  if (numbers.length === 0) return "a port";
  const rest = numbers.slice(0, -1).join(", ");
  return rest === "" ? `port ${numbers[0]}` : `ports ${rest} and ${numbers.at(-1)}`;
}

/** Binds ports to the loopback address; undefined where one of them is written in a way that cannot be changed for sure. */
export function loopbackFix(stack: Stack, service: Service, ports: readonly Port[]): Fix | undefined {
  const edits = ports.map(port => {
    const source = sourceOf(stack, port.at.file);
    const node = itemsOf(service.get("ports")).find(item => item.at === port.at);
    if (!source || !node) return undefined;
    if (node.kind === "map")
      return port.hostIp === undefined ? addPair(source, node, ["host_ip: 127.0.0.1"], ["mode"]) : undefined;
    const { start, end } = port.at.span;
    const text = source.text.slice(start, end);
    const bare = /^(["']?)(?:(?:0\.0\.0\.0|\[::\]):)?((?:\$\{[^}]*\}|[\d-])+:\d[\d-]*(?:\/\w+)?)\1$/.exec(
      text,
    );
    return bare ? { at: port.at, text: `${bare[1]}127.0.0.1:${bare[2]}${bare[1]}` } : undefined;
  });
  const whole = edits.filter(edit => edit !== undefined);
  if (whole.length !== ports.length) return undefined;
  return {
    title: `Publish "${service.name}" on loopback only`,
    grade: "needs-testing",
    edits: whole,
    // While the port is open, a password in the repository is told with it, and weighs more.
    reveals: ["secrets/committed-credential"],
    test: `See that the other services still work, and that whoever used ${portNumbers(ports)} from another machine comes through \`ssh -L\` now.`,
  };
}
