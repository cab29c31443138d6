import type { Edit, Fix } from "../core/fix.ts";
import type { Service, Stack } from "../stack/stack.ts";
import { addToService } from "./service-edit.ts";

/**
 * Where the programs of official images write besides their volumes, as of November 2026: with these in memory the
 * rest of the file system can be read only. Images that make files of their own configuration at the start are left
 * out when they are asked to.
 */
const written: Readonly<Record<string, readonly string[]>> = {
  postgres: ["/tmp", "/var/run/postgresql"],
  redis: ["/tmp"],
  valkey: ["/tmp"],
  memcached: [],
  nginx: ["/tmp", "/run", "/var/cache/nginx"],
};

/** The file system of a store or a proxy, where all that it writes is known. */
function closeFiles(stack: Stack, service: Service): Edit | undefined {
  const paths = (service.build ?? service.made) ? undefined : written[service.facts?.family ?? ""];
  const makesFiles =
    service.entrypoint !== undefined ||
    service.mounts.some(({ target }) => /templates|docker-entrypoint/.test(target));
  if (!paths || makesFiles || service.get("read_only") || service.get("tmpfs")) return undefined;
  const inMemory = paths.length > 0 ? [`tmpfs: [${paths.join(", ")}]`] : [];
  return addToService(stack, service, ["read_only: true", ...inMemory], []);
}

/**
 * Lets services give up what their programs surely do not need: no new privileges for all, and no capabilities for one
 * that starts as an ordinary user, who has none anyway. Where it writes to is not known, so its files stay writable;
 * those of the stores and proxies `beside` them are closed where that is known.
 */
export function giveUpRights(
  stack: Stack,
  services: readonly Service[],
  beside: readonly Service[] = [],
): Fix | undefined {
  const edits = services.flatMap(service => {
    const lines = ["security_opt:", "  - no-new-privileges:true"];
    if (isOrdinary(service) && !service.get("cap_add")) lines.push("cap_drop:", "  - ALL");
    return addToService(stack, service, lines, []) ?? [];
  });
  if (edits.length < services.length) return undefined;
  const closed = beside.flatMap(service => {
    const edit = closeFiles(stack, service);
    return edit ? [{ name: service.name, edit }] : [];
  });
  const names = [...services, ...closed].map(({ name }) => name).join(", ");
  return {
    title: `Give up rights that ${names} ${services.length + closed.length === 1 ? "does" : "do"} not need`,
    grade: "needs-testing",
    edits: [...edits, ...closed.map(({ edit }) => edit)],
    test: `Start ${names} and use each once. A program that calls sudo, su or ping from an ordinary user fails now; \`read_only: true\` with a tmpfs for /tmp is the next step, one service at a time.`,
  };
}

function isOrdinary(service: Service): boolean {
  const user = service.user?.text?.split(":")[0];
  if (service.user) return user !== undefined && user !== "root" && user !== "0";
  return service.model?.runsAsRoot === false && service.model.user !== undefined;
}
