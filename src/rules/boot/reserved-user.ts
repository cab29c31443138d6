import { dirname } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import { evidence, variable, weigh } from "../../stack/query.ts";
import { isMysql } from "../../stack/query-data.ts";
import type { Service, Stack, Variable } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/reserved-user",
  title: "The user that a database is to create is not its administrator",
  claim: "boots-healthy",
  severity: "critical",
  why: "The entry point of the images of MySQL and MariaDB refuses the name root for the ordinary user: the database ends before its first start is done, and everything that waits for it never starts.",
  *check(stack) {
    for (const service of stack.services) {
      if (service.build || service.entrypoint || !isMysql(service)) continue;
      if (!/^(?:mysql|mariadb)$/.test(service.imageRef?.family ?? "")) continue;
      const user = variable(service, "MYSQL_USER") ?? variable(service, "MARIADB_USER");
      const example = user && user.value?.text === undefined ? exampleOf(stack, service, user) : undefined;
      if (user && example) {
        yield {
          subject: service.name,
          message: `"${service.name}" creates the user that ${example.file} names, which is root: the image refuses that and ends, so who copies the example starts no database.`,
          severity: weigh(service, "high"),
          confidence: "likely",
          evidence: [evidence(example, "refused by the image"), evidence(user.at, "created by this name")],
        };
        continue;
      }
      if (user?.value?.text !== "root") continue;
      yield {
        subject: service.name,
        message: `"${service.name}" is to create the user root, which is its administrator: the image refuses that and ends.`,
        severity: weigh(service, "critical"),
        evidence: [evidence(user.at, "refused by the image")],
      };
    }
  },
});

/** Where the example that people copy beside the Compose file, or in the root, says root. */
function exampleOf(stack: Stack, { project }: Service, { value }: Variable): Location | undefined {
  const name = /^\$\{?(\w+)\}?$/.exec(value?.raw ?? "")?.[1];
  const entries = stack.envFiles
    .filter(
      ({ file, role }) => role === "example" && (dirname(file) === project.directory || dirname(file) === ""),
    )
    .flatMap(({ entries }) => entries.filter(entry => entry.name.value === name));
  return entries.length > 0 && entries.every(entry => entry.value.value === "root")
    ? entries[0]!.name.at
    : undefined;
}
