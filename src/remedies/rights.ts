import type { Fix } from "../core/fix.ts";
import type { Service, Stack } from "../stack/stack.ts";
import { addToService } from "./service-edit.ts";

/**
 * Lets services give up what their programs surely do not need: no new privileges for all, and no capabilities for one
 * that starts as an ordinary user, who has none anyway. Where it writes to is not known, so its files stay writable.
 */
export function giveUpRights(stack: Stack, services: readonly Service[]): Fix | undefined {
  const edits = services.flatMap(service => {
    const lines = ["security_opt:", "  - no-new-privileges:true"];
    if (isOrdinary(service) && !service.get("cap_add")) lines.push("cap_drop:", "  - ALL");
    return addToService(stack, service, lines, []) ?? [];
  });
  if (edits.length < services.length) return undefined;
  const names = services.map(service => service.name).join(", ");
  return {
    title: `Give up rights that ${names} ${services.length === 1 ? "does" : "do"} not need`,
    grade: "needs-testing",
    edits,
    test: `Start ${names} and use each once. A program that calls sudo, su or ping from an ordinary user fails now; \`read_only: true\` with a tmpfs for /tmp is the next step, one service at a time.`,
  };
}

function isOrdinary(service: Service): boolean {
  const user = service.user?.text?.split(":")[0];
  if (service.user) return user !== undefined && user !== "root" && user !== "0";
  return service.model?.runsAsRoot === false && service.model.user !== undefined;
}
