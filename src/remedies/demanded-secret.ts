import type { Edit, Fix } from "../core/fix.ts";
import { join } from "../core/path.ts";
import { variable } from "../stack/query.ts";
import { type CodeDefault, isSigningName } from "../stack/query-secrets.ts";
import type { Service, Stack } from "../stack/stack.ts";
import { documentVariables, setByHand } from "./env-example.ts";
import { requireVariable } from "./required-variable.ts";
import { giveVariable } from "./service-variable.ts";

/**
 * Gives a signing key to every service that runs the code, as a variable that Compose insists on, and takes the literal
 * out of the code. Undefined where a service may get it in a way that is not seen, and for secrets that another party
 * or a store knows: a new value would not fit there.
 */
export function giveAndRequire(
  stack: Stack,
  services: readonly Service[],
  defaults: readonly CodeDefault[],
): Fix | undefined {
  const { name, value } = defaults[0]!;
  // What was encrypted with the old value could not be read any more.
  if (!isSigningName(name) || /CRYPT|CIPHER/i.test(name)) return undefined;
  const components = new Set(services.map(each => each.component));
  // A workstation's stack runs the same code.
  const all = stack.services.filter(({ component }) => component && components.has(component));
  const required = requireVariable(stack, all, defaults);
  const demands = all.map(service => demandFor(stack, service, name));
  if (!required || !demands.every(each => each !== undefined)) return undefined;
  const edits = demands.flatMap(each => each.edit ?? []);
  const names = [...new Set(demands.flatMap(each => each.asks ?? []))];
  if (edits.length === 0) return undefined;
  const projects = [...new Set(all.map(service => service.project))];
  const signers = [...new Set(services.map(each => each.name))].join(" and ");
  const says = `What ${signers} ${services.length === 1 ? "signs" : "sign"} with, a random value (openssl rand -hex 32)`;
  const variables = names.map(each => ({ name: each, says, value }));
  return {
    title: `Take ${name} from outside, and stop without it`,
    grade: "needs-testing",
    edits: [
      ...required.edits,
      ...once(edits),
      ...once(projects.flatMap(project => documentVariables(stack, project, variables))),
    ],
    test: `Run \`docker compose config -q\` without the variable, which must stop, and with it; then sign in, and run the tests, which need ${name} now.`,
    afterwards: `${setByHand(stack, services[0]!.project, names)} The literal stays in git's history: make a new value. It ends every session and voids every token that was signed with the literal.`,
  };
}

/** Services of several projects may share a file. */
function once(edits: readonly Edit[]): Edit[] {
  return [
    ...new Map(edits.map(edit => [`${edit.at.file}:${edit.at.span.start}:${edit.text}`, edit])).values(),
  ];
}

interface Demand {
  readonly edit?: Edit;
  /** The variable of the machine that Compose insists on. */
  readonly asks?: string;
}

/** Compose insists on the variable for this service; nothing where it has a value. Undefined where that is not seen. */
function demandFor(stack: Stack, service: Service, name: string): Demand | undefined {
  const given = variable(service, name);
  if (given?.value?.text) return {};
  if (given) {
    const [reference, ...more] = given.value?.references ?? [];
    if (!reference || more.length > 0 || given.from !== "environment") return undefined;
    if (reference.operator?.endsWith("?")) return {};
    if (!/^\$(?:\w+|\{\w+(?::?-)?\})$/.test(given.value!.raw)) return undefined;
    const asks = reference.name;
    const edit = giveVariable(stack, service, name, `\${${asks}:?set ${asks}}`);
    return edit && { edit, asks };
  }
  const own = join(service.project.directory, ".env");
  const isSeen =
    !service.get("extends") &&
    service.secrets.length === 0 &&
    // The file that Compose reads itself: what stands there is what the service gets.
    service.envFiles.every(use => use.file !== undefined || use.resolved === own);
  const edit = isSeen ? giveVariable(stack, service, name, `\${${name}:?set ${name}}`) : undefined;
  return edit && { edit, asks: name };
}
