import type { ComposeFile } from "../artifacts/compose.ts";
import type { Source } from "../core/source.ts";
import { child, entriesOf, itemsOf, textOf, type YamlNode, type YamlPair } from "../formats/yaml.ts";
import { dockerfilesOf, fileOfWork, runsCheckout } from "./project-builds.ts";
import { outward, ownMachine } from "./project-doubts.ts";
import { commandOf, deploys, devServer, literals, servicesIn, staysUp } from "./project-habits.ts";
import type { ProjectPlan } from "./project-plan.ts";

/** Signs of a workstation that stand elsewhere than in the words of a service. */

/** What only work has, besides what its services say themselves; a Dockerfile's name counts beside other projects. */
export function habitOfWork(
  files: readonly ComposeFile[],
  others: boolean,
  text: ((path: string) => Source | undefined) | undefined,
): string | undefined {
  const named = others ? fileOfWork(files) : undefined;
  if (named) return named;
  if (keepsForTests(files)) return "what it keeps is called after tests";
  for (const file of files)
    for (const service of servicesIn([file])) {
      if (isWatchedThere(service))
        return `"${service.key.value}" is a development server over a folder of work`;
      if (text && isWatchedByImage(file, service, text))
        return `"${service.key.value}" is a development server over the checkout`;
    }
  return undefined;
}

/** Each volume that it makes is called after tests, and nothing is started again. */
function keepsForTests(files: readonly ComposeFile[]): boolean {
  const volumes = files.flatMap(({ roots }) => roots.flatMap(root => entriesOf(child(root, "volumes"))));
  return (
    volumes.length > 0 &&
    volumes.every(({ key }) => /(?:^|[_-])tests?(?:ing)?(?:[_-]|$)/i.test(key.value)) &&
    servicesIn(files).every(({ value }) => !child(value, "restart") && !deploys(value))
  );
}

/** `/srv/development/workspace/shop/api:/app` below a server that reads its sources again. */
function isWatchedThere({ value }: YamlPair): boolean {
  return (
    devServer.test(commandOf(value)) &&
    itemsOf(child(value, "volumes")).some(item =>
      /^[/~][^:]*\/(?:dev|development|workspace)\//.test(
        textOf(item)?.value ?? textOf(child(item, "source"))?.value ?? "",
      ),
    )
  );
}

/** The image itself starts a development server, the checkout lies over it, and nothing starts it again. */
function isWatchedByImage(
  file: ComposeFile,
  { value }: YamlPair,
  text: (path: string) => Source | undefined,
): boolean {
  if (said.some(name => child(value, name)) || child(value, "build", "target") || deploys(value))
    return false;
  if (!runsCheckout(file, value)) return false;
  const source = text(dockerfileOf(file, value));
  const last = [...(source?.text ?? "").matchAll(/^CMD[ \t]+([^\n]*)/gim)].at(-1)?.[1] ?? "";
  return devServer.test(
    last
      .replace(/["[\],]+/g, " ")
      .replace(/ {2,}/g, " ")
      .trim(),
  );
}

const said = ["command", "entrypoint", "restart", "profiles"];

function dockerfileOf(file: ComposeFile, service: YamlNode): string {
  return dockerfilesOf(file, [service])[0] ?? "";
}

/** All that it tells visitors leads to the machine itself, and nothing is started again: a trial of what goes elsewhere. */
export function ownAddress(
  models: readonly ComposeFile[],
): Pick<ProjectPlan, "grade" | "because"> | undefined {
  if (staysUp(models)) return undefined;
  const told = literals(models).filter(([name, value]) => outward.test(name) && value !== "");
  const all = servicesIn(models).every(({ value }) => !child(value, "restart") && !deploys(value));
  return all && told.length > 0 && told.every(([, value]) => ownMachine.test(value))
    ? {
        grade: "presumed",
        because: { text: "its addresses lead to the machine itself", ground: "own address" },
      }
    : undefined;
}
