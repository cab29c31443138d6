import type { Edit, Fix } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import { entriesOf, itemsOf, pairOf } from "../formats/yaml.ts";
import { rootOf } from "../formats/yaml-edit.ts";
import { listNames } from "../stack/query.ts";
import type { ComposeProject, Service, Stack, Variable } from "../stack/stack.ts";
import { declareLines } from "./compose-file.ts";
import { addToService, ownPair } from "./service-edit.ts";

/** Official images whose entry point reads these variables from the file that NAME_FILE names. */
const readers: Readonly<Record<string, RegExp>> = {
  postgres: /^POSTGRES_PASSWORD$/,
  mysql: /^MYSQL_(?:ROOT_)?PASSWORD$/,
  mariadb: /^(?:MYSQL|MARIADB)_(?:ROOT_)?PASSWORD$/,
  mongo: /^MONGO_INITDB_ROOT_PASSWORD$/,
};

interface Handed {
  readonly service: Service;
  readonly variable: Variable;
  /** The variable of the server that holds it. */
  readonly from: string;
  readonly secret: string;
}

/**
 * Hands the passwords of data stores to their containers as files: Compose makes them of the variables that are set on
 * the server anyway, so that nothing has to be moved. Undefined where no store can read a file, and where something
 * else in the container or a script asks for the variable.
 */
export function secretsAsFiles(
  stack: Stack,
  project: ComposeProject,
  services: readonly Service[],
): Fix | undefined {
  const file = project.files.at(-1)!;
  const source = sourceOf(stack, file);
  const root = source && rootOf(source);
  if (!source || root?.kind !== "map" || pairOf(root, "secrets")) return undefined;
  const handed = services.flatMap(service => (service.at.file === file ? passwordsOf(stack, service) : []));
  if (handed.length === 0) return undefined;
  const edits = services.map(service => {
    const own = handed.filter(each => each.service === service);
    return own.length === 0 ? [] : serviceEdits(stack, service, own);
  });
  const declared = declareLines(
    source,
    "secrets",
    [...new Map(handed.map(each => [each.secret, each.from]))].flatMap(([secret, from]) => [
      `${secret}:`,
      `  environment: ${from}`,
    ]),
  );
  if (!edits.every(each => each !== undefined)) return undefined;
  const names = [...new Set(handed.map(each => each.from))];
  return {
    title: `Hand ${listNames(names).replaceAll('"', "")} over as ${names.length === 1 ? "a file" : "files"}`,
    grade: "needs-testing",
    edits: [...edits.flat(), declared],
    test: `Run \`docker compose up -d --force-recreate ${[...new Set(handed.map(each => each.service.name))].join(" ")}\` with the variable set (Compose 2.24 or newer): a container that was created without it has no file. See that every service that logs in still does.`,
  };
}

function passwordsOf(stack: Stack, service: Service): Handed[] {
  const pattern = readers[service.facts?.family ?? ""];
  if (!pattern || service.build || service.secrets.length > 0) return [];
  return service.environment.flatMap(variable => {
    const { name, value, from, at } = variable;
    const [reference, ...more] = value?.references ?? [];
    if (from !== "environment" || at.file !== service.at.file || !pattern.test(name)) return [];
    // A default or a text around it would be lost.
    const isWhole = reference && more.length === 0 && /^\$(?:\w+|\{\w+(?::?\?[^}]*)?\})$/.test(value!.raw);
    if (!isWhole || isAskedFor(stack, service, variable)) return [];
    return [{ service, variable, from: reference.name, secret: name.toLowerCase() }];
  });
}

/** A health check, a command or a script reads the variable inside the container. */
function isAskedFor(stack: Stack, service: Service, { name, at }: Variable): boolean {
  const word = new RegExp(`(?<![\\w])${name}(?![\\w])`);
  const inside = new RegExp(`\\$\\$?\\{?${name}(?![\\w])`);
  const source = sourceOf(stack, service.at.file)!;
  const { start, end } = service.node.at.span;
  const rest = `${source.text.slice(start, at.span.start)}\n${source.text.slice(at.span.end, end)}`;
  if (inside.test(rest)) return true;
  return [...stack.sources].some(
    ([path, { text }]) =>
      ["script", "workflow", "makefile"].includes(stack.kinds.get(path) ?? "") && word.test(text),
  );
}

function serviceEdits(
  stack: Stack,
  service: Service,
  handed: readonly Handed[],
): readonly Edit[] | undefined {
  const source = sourceOf(stack, service.at.file);
  const environment = ownPair(stack, service, "environment")?.value;
  if (!source || !environment) return undefined;
  const files = handed.map(({ variable: { name }, secret }): Edit | undefined => {
    const path = `/run/secrets/${secret}`;
    if (environment.kind === "map") {
      const entry = entriesOf(environment).find(each => each.key.value === name);
      return (
        entry && {
          at: { file: source.path, span: { start: entry.key.at.span.start, end: entry.value.at.span.end } },
          text: `${name}_FILE: ${path}`,
        }
      );
    }
    const item = itemsOf(environment).find(
      each => each.kind === "scalar" && each.text.startsWith(`${name}=`),
    );
    return item && { at: item.at, text: `${name}_FILE=${path}` };
  });
  const secrets = [...new Set(handed.map(each => each.secret))];
  const listed = addToService(stack, service, [`secrets: [${secrets.join(", ")}]`], ["image", "environment"]);
  const all = [...files, listed];
  return all.every(edit => edit !== undefined) ? all : undefined;
}
