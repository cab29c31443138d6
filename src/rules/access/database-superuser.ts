import type { Evidence } from "../../core/finding.ts";
import type { Location } from "../../core/source.ts";
import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { loginsOf } from "../../stack/query-accounts.ts";
import { accountsOf, isMysql, isPostgres } from "../../stack/query-data.ts";
import { storeUrl } from "../../stack/query-environment.ts";
import { type InitRole, idleRoles } from "../../stack/query-init-roles.ts";
import type { ComposeProject, Service, Stack, Variable } from "../../stack/stack.ts";
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
      const services = serverServices(stack)
        .filter(service => service.project === project && service.component !== undefined)
        .filter(service => ["app", "unknown"].includes(service.kind));
      const told = new Set<Service>();
      for (const each of despiteRole(stack, project, services)) {
        for (const { service } of each.logins) told.add(service);
        const names = each.roles.map(role => role.name);
        yield {
          subject: `${project.name} ${names[0]}`,
          message: `${subject(each.logins.map(login => login.service))} to "${each.store.name}" as its administrator "${each.user}", and nothing uses the ${names.length === 1 ? "role" : "roles"} ${listNames(names)} that ${names.length === 1 ? "is" : "are"} made for programs.`,
          evidence: [
            ...unique(each.logins.map(login => evidence(login.at, "logs in as the administrator"))),
            ...each.roles.map(role => evidence(role.at, "creates a role that nothing uses")),
          ],
          severity: weigh(project, "medium"),
          confidence: "likely" as const,
        };
      }
      const uses = services
        .filter(service => !told.has(service))
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

interface Despite {
  readonly store: Service;
  readonly user: string;
  readonly logins: readonly { readonly service: Service; readonly at: Location }[];
  readonly roles: readonly InitRole[];
}

/** Databases whose first start makes a role for programs, while the programs log in as the administrator. */
function* despiteRole(
  stack: Stack,
  project: ComposeProject,
  services: readonly Service[],
): Generator<Despite> {
  for (const store of project.services) {
    if (!isPostgres(store) && !isMysql(store)) continue;
    // MySQL's own user has rights on its database only.
    const user = isMysql(store) ? "root" : accountsOf(store)?.users[0];
    if (user === undefined) continue;
    const logins = services.flatMap(service => {
      const login = [...loginsOf(stack, service)].find(
        // A default is what a server without the variable has: this one may name the role.
        each => each.store === store && each.user === user && !each.place.value?.byDefault,
      );
      return login ? [{ service, at: login.place.nameAt }] : [];
    });
    if (logins.length === 0) continue;
    const roles = idleRoles(stack, store);
    if (roles.length === 0) continue;
    yield { store, user, logins, roles };
  }
}

function unique(list: readonly Evidence[]): Evidence[] {
  const key = ({ at }: Evidence): string => `${at.file}:${at.span.start}`;
  return list.filter((each, index) => list.findIndex(other => key(other) === key(each)) === index);
}

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
