import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { storeUrl } from "../../stack/query-environment.ts";
import type { Service, Variable } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const userName =
  /^(?:(?:DJANGO|APP|SPRING)_)?(?:DB|DATABASE|POSTGRES|POSTGRESQL|PG|MYSQL|MARIADB|SQL)_?(?:USER|USERNAME)$/;

export default defineRule({
  id: "access/database-superuser",
  title: "The application does not log in as the database's administrator",
  claim: "runs-unprivileged",
  severity: "low",
  why: "One SQL injection then reads every database, changes roles and runs programs on the database's machine.",
  *check(stack) {
    for (const project of stack.projects) {
      const uses = serverServices(stack)
        .filter(service => service.project === project && service.component !== undefined)
        .filter(service => ["app", "unknown"].includes(service.kind))
        .flatMap(service => {
          const found = service.environment.find(isAdministrator);
          return found ? [{ service, at: found.nameAt }] : [];
        });
      const [first, ...more] = uses;
      if (!first) continue;
      // One variable of a shared mapping is one cause.
      const places = more.filter(
        each => each.at.span.start !== first.at.span.start || each.at.file !== first.at.file,
      );
      yield {
        subject: project.name,
        message: `${subject(uses.map(each => each.service))} to the database as its administrator.`,
        evidence: [
          evidence(first.at, "logs in as the administrator"),
          ...places.map(each => evidence(each.at, "logs in as the administrator")),
        ],
        severity: weigh(project, "low"),
      };
    }
  },
});

function subject(services: readonly Service[]): string {
  const names = listNames(services.map(service => service.name));
  return services.length === 1 ? `Service ${names} logs in` : `Services ${names} log in`;
}

function isAdministrator(variable: Variable): boolean {
  const text = variable.value?.text;
  if (text === undefined || variable.value?.byDefault) return false;
  const url = storeUrl(text);
  if (url)
    return (
      (url.protocol === "postgres" && url.user === "postgres") ||
      (url.protocol === "mysql" && url.user === "root")
    );
  return userName.test(variable.name) && (text === "postgres" || text === "root");
}
