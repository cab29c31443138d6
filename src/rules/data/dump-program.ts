import { basename } from "../../core/path.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { toolInContainer } from "../../stack/query-health.ts";
import { mainScript } from "../../stack/query-main-script.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const dumps = /^(?:pg_dump|pg_dumpall|pg_basebackup|mysqldump|mariadb-dump|mongodump)$/;
const installing = /^(?:apk|apt|apt-get|dnf|microdnf|yum|curl|wget)$/;
/** Images with a shell and little else, whatever their version. */
const bare = /^(?:alpine|debian|ubuntu|busybox)$/;

export default defineRule({
  id: "data/dump-program",
  title: "A service that makes backups has the programs for it",
  claim: "backup-restores",
  severity: "high",
  why: 'The shell says "not found" into a log that nobody reads and leaves an empty file; that there is no backup comes out when it is needed.',
  *check(stack) {
    for (const service of serverServices(stack)) {
      const main = mainScript(stack, service);
      if (!main || main.script.commands.some(({ name }) => installing.test(basename(name?.value ?? ""))))
        continue;
      for (const command of main.script.commands) {
        const name = basename(command.name?.value ?? "");
        if (!dumps.test(name) || !lacks(service, name)) continue;
        yield {
          subject: `${service.name} ${name}`,
          message: `"${service.name}" makes backups with ${name}, which its image does not have: there is none.`,
          severity: weigh(service, "high"),
          evidence: [evidence(main.at, `calls ${name}`), evidence(service.at, "an image without it")],
        };
        break;
      }
    }
  },
});

function lacks(service: Service, name: string): boolean {
  if (toolInContainer(service, name).has === "no") return true;
  return (
    !(service.build ?? service.made) &&
    bare.test(service.facts?.family ?? "") &&
    service.mounts.every(isNoProgram)
  );
}

const isNoProgram = ({ target }: { readonly target: string }): boolean => !/\/s?bin(?:\/|$)/.test(target);
