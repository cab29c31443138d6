import { evidence, variable, weigh } from "../../stack/query.ts";
import { isMysql } from "../../stack/query-data.ts";
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
