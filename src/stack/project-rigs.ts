import type { ComposeFile } from "../artifacts/compose.ts";
import { child, entriesOf, itemsOf, textOf } from "../formats/yaml.ts";
import { commandOf, servicesIn } from "./project-habits.ts";

/** Compose files that tests are run with, or that open a stack to whoever works on the same machine. */

const runner =
  /(?:^|[\s"';&/])(?:pytest|py\.test|vitest|jest|rspec|phpunit|playwright test|cypress run|go test|cargo test|(?:npm|yarn|pnpm)(?: run)? test)(?=$|[\s"';&])/;

/** The service that runs tests without being asked for by a profile. */
export function testsOf(files: readonly ComposeFile[]): string | undefined {
  return servicesIn(files).find(({ value }) => !child(value, "profiles") && runner.test(commandOf(value)))
    ?.key.value;
}

/** It does nothing but publish ports of two services or more, none of them those of a site. */
export function onlyOpens(file: ComposeFile): boolean {
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
