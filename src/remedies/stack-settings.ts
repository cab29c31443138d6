import { stackDatabases } from "./stack-database.ts";
import type { ServerVariable } from "./stack-environment.ts";
import type { StackPlan } from "./stack-plan.ts";

/** The template of the server's .env: every variable once, with what it is for. */
export function settingsExample(
  plan: StackPlan,
  variables: readonly ServerVariable[],
  more: readonly { readonly name: string; readonly example: string; readonly says: string }[],
): string {
  const lines = [
    "# What the stack needs to know on the server. scripts/make-settings.sh makes .env from this file: it fills in what is",
    "# random and asks for the rest. Compose stops with the name of a variable that is missing.",
  ];
  const seen = new Set<string>();
  for (const variable of variables) {
    if (seen.has(variable.name)) continue;
    seen.add(variable.name);
    const example =
      variable.example === undefined || variable.example === "" ? "" : `, for example ${variable.example}`;
    lines.push(
      "",
      `# ${variable.says}${variable.random ? " (made at random)" : example}`,
      `${variable.name}=`,
    );
  }
  const optional = [
    ...new Set(
      plan.apps.flatMap(app =>
        app.wiring.variables.filter(each => each.value === undefined).map(each => each.name),
      ),
    ),
  ].filter(name => !seen.has(name));
  const built = [...new Set(plan.apps.flatMap(app => app.image.buildArguments))];
  if (built.length > 0)
    lines.push(
      "",
      "# Fixed into the browser's code when the image is built.",
      ...built.map(name => `#${name}=`),
    );
  if (optional.length > 0)
    lines.push(
      "",
      "# Read by the applications, which have a value of their own when one of these is not set.",
      ...optional.map(name => `#${name}=`),
    );
  for (const { name, example, says } of more) lines.push("", `# ${says}`, `#${name}=${example}`);
  return lines.join("\n") + "\n";
}

/** Makes .env and the secret files on the server. Run again, it keeps what is there. */
export function makeSettingsScript(plan: StackPlan, template: string): string {
  const secret = plan.database && stackDatabases[plan.database].secret;
  const random = [
    ...(plan.database ? ["DB_PASSWORD"] : []),
    ...(plan.redis ? ["REDIS_PASSWORD"] : []),
    ...plan.apps.flatMap(app => app.wiring.needed.filter(each => each.random).map(each => each.name)),
  ];
  return `#!/bin/sh
# Makes .env and secrets/ beside compose.yml. Values that are set in the environment are taken from there:
#   SITE_DOMAIN=www.example.org ACME_EMAIL=ops@example.org scripts/make-settings.sh
# What is there already is kept, so it can be run again after a change of ${template}.
set -eu
cd "$(dirname "$0")/.."
umask 077
random() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \\n'; }

[ -e .env ] || : >.env
while IFS= read -r line <&3; do
    case $line in "#"* | "") continue ;; esac
    name=\${line%%=*}
    if grep -q "^$name=." .env; then continue; fi
    eval "value=\\\${$name:-}"
    if [ -z "$value" ]; then
        case $name in
            ${[...new Set(random)].join(" | ") || "NONE"}) value=$(random) ;;
            *)
                [ -t 0 ] || { echo "$name is not set: run this in a terminal, or set it in the environment" >&2; exit 1; }
                printf '%s: ' "$name"
                read -r value
                ;;
        esac
    fi
    printf "%s='%s'\\n" "$name" "$value" >>.env
done 3<${template}
${
  secret
    ? `
# Compose mounts the file as it is: the directory is closed, and the container's user can read the file.
mkdir -p secrets
if [ ! -s secrets/${secret} ]; then random >secrets/${secret}; fi
chmod 0444 secrets/${secret}
`
    : ""
}echo "settings are complete: docker compose up --detach --build --wait"
`;
}
