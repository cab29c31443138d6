import type { ComposeFile } from "../artifacts/compose.ts";
import { dirname } from "../core/path.ts";
import { child, entriesOf, itemsOf, textOf } from "../formats/yaml.ts";
import { completes, servicesOf, stemOf } from "./project-files.ts";
import { commandOf, servicesIn } from "./project-habits.ts";
import { production, workstation } from "./project-names.ts";
import type { ComposeUse } from "./project-plan.ts";

/** Compose files that tests are run with, or that open a stack to whoever works on the same machine. */

const runner =
  /(?:^|[\s"';&/])(?:pytest|py\.test|vitest|jest|rspec|phpunit|playwright test|cypress run|go test|cargo test|(?:npm|yarn|pnpm)(?: run)? test)(?=$|[\s"';&])/;

/** The service that runs tests without being asked for by a profile. */
function testsOf(files: readonly ComposeFile[]): string | undefined {
  return servicesIn(files).find(({ value }) => !child(value, "profiles") && runner.test(commandOf(value)))
    ?.key.value;
}

/** A service that stands in for what the program asks elsewhere: `mock-store`, `payments-mock`. */
function standInOf(files: readonly ComposeFile[]): string | undefined {
  return servicesIn(files).find(
    ({ key, value }) =>
      !child(value, "profiles") && /^(?:mock|fake|stub)[-_]\w|\w[-_](?:mock|stub)$/i.test(key.value),
  )?.key.value;
}

const leadsIn = /(?:^|\/)(?:cloudflared|ngrok|tailscale|traefik|caddy|nginx|haproxy|swag)(?:$|[:@/-])/i;

/** A base that only files for work lie over, and that serves nobody without them: images are built with it. */
function openedBy(
  files: readonly string[],
  models: readonly ComposeFile[],
  all: readonly (readonly string[])[],
): string | undefined {
  const over = all.filter(
    list => list.length > files.length && files.every((file, index) => list[index] === file),
  );
  const forWork = over.every(list => workstation.test(stemOf(list.at(-1)!)));
  return forWork && over.length > 0 && isUnreachable(models) ? over[0]!.at(-1) : undefined;
}

/** `make upgrade` on a file that is called after work, beside one that is not: what is upgraded is on this machine. */
export function isOwnUpgrade({ by }: ComposeUse, last: string, all: readonly (readonly string[])[]): boolean {
  return (
    /^target "[\w-]*(?:upgrade|provision)[\w-]*"/.test(by) &&
    all.some(list => dirname(list.at(-1)!) === dirname(last) && !workstation.test(stemOf(list.at(-1)!)))
  );
}

/** Nothing of it is published, and nothing in it fetches visitors from elsewhere. */
function isUnreachable(files: readonly ComposeFile[]): boolean {
  return (
    files.every(({ roots }) =>
      roots.every(
        root =>
          child(root, "include") === undefined &&
          !entriesOf(child(root, "networks")).some(({ value }) => child(value, "external")),
      ),
    ) &&
    servicesIn(files).every(
      ({ value }) =>
        !["ports", "network_mode", "labels", "extends"].some(key => child(value, key) !== undefined) &&
        !leadsIn.test(textOf(child(value, "image"))?.value ?? ""),
    )
  );
}

/** It does nothing but publish ports of two services or more, none of them those of a site. */
function onlyOpens(file: ComposeFile): boolean {
  const services = servicesIn([file]);
  return (
    services.length > 1 &&
    services.every(({ value }) => {
      const ports = itemsOf(child(value, "ports")).map(item => textOf(item)?.value ?? "");
      return (
        entriesOf(value).length === 1 &&
        ports.length > 0 &&
        !ports.some(port => /(?:^|:)(?:80|443):/.test(port))
      );
    })
  );
}

/** What makes it one of these, in words; undefined for any other file. */
export function rigOf(
  files: readonly string[],
  models: readonly ComposeFile[],
  all: readonly (readonly string[])[],
): string | undefined {
  const tests = all.length > 1 ? testsOf(models) : undefined;
  if (tests) return `"${tests}" runs tests`;
  if (files.length > 1 && onlyOpens(models.at(-1)!)) return "it only opens ports of what runs without it";
  const opened = openedBy(files, models, all);
  if (opened) return `nothing of it is reached without ${opened}`;
  const standIn = all.length > 1 ? standInOf(models) : undefined;
  return standIn && `"${standIn}" stands in for something else`;
}

/** A base for others, one of them production's, with a service that has neither an image nor a build: alone it starts nothing. */
export function isUnfinished(
  files: readonly string[],
  all: readonly (readonly string[])[],
  byPath: ReadonlyMap<string, ComposeFile>,
): boolean {
  const own = new Set(
    files.flatMap(path => servicesOf(byPath.get(path)!)).flatMap(s => (s.complete ? s.name : [])),
  );
  return (
    files.some(path => servicesOf(byPath.get(path)!).some(({ name }) => !own.has(name))) &&
    all.some(
      list =>
        list.length > files.length &&
        files.every((file, index) => list[index] === file) &&
        production.test(stemOf(list.at(-1)!)),
    )
  );
}

/** It only adds to services that nothing beside it has but a file called after work. */
export function laidOverWork(file: string, all: ReadonlyMap<string, ComposeFile>): string | undefined {
  const own = all.get(file);
  const bases = own
    ? [...all.values()].filter(
        other => other !== own && dirname(other.file) === dirname(file) && completes(other, own),
      )
    : [];
  return bases.length > 0 && bases.every(base => workstation.test(stemOf(base.file)))
    ? `it is laid over ${bases[0]!.file}`
    : undefined;
}
