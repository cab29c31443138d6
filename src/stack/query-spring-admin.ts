import { isTest, ownFiles } from "../artifacts/project-files.ts";
import type { Location } from "../core/source.ts";
import { serverServices } from "./query.ts";
import { hasUnseenEnvironment } from "./query-environment.ts";
import { givenSettings, springSettings } from "./query-spring-needs.ts";
import type { Service, Stack } from "./stack.ts";

/** An administrator that a program of Spring makes at its start, with the password that its settings file has. */
export interface SpringAdmin {
  readonly service: Service;
  readonly at: Location;
  /** The class that makes it. */
  readonly file: string;
}

const secret = /admin.*(?:password|passwd|pwd|pass)$/;
const starts = /\b(?:CommandLineRunner|ApplicationRunner|ApplicationReadyEvent)\b|@PostConstruct\b/;
const mostFiles = 1_500;

export function springAdmins(stack: Stack): SpringAdmin[] {
  const told = new Set<string>();
  return serverServices(stack).flatMap(service => {
    const { component } = service;
    if (component?.kind !== "spring" || told.has(component.dir) || hasUnseenEnvironment(service)) return [];
    const given = givenSettings(service);
    for (const [key, { path, value, at }] of springSettings(stack, service)) {
      if (!secret.test(key) || given.has(key) || value.includes("${")) continue;
      const file = makerOf(stack, component.dir, path.join("."));
      if (file === undefined) continue;
      told.add(component.dir);
      return [{ service, at, file }];
    }
    return [];
  });
}

/** The class that hashes and saves what the setting has, as soon as the program runs. */
function makerOf(stack: Stack, dir: string, key: string): string | undefined {
  const code = ownFiles(stack.files, dir).filter(path => /\.(?:java|kt)$/.test(path) && !isTest(path));
  return code.slice(0, mostFiles).find(path => {
    const read = stack.files.read(path);
    const text = "source" in read ? read.source.text : "";
    return (
      text.includes(`{${key}}`) &&
      starts.test(text) &&
      /\.encode\(/.test(text) &&
      /\.save(?:AndFlush)?\(/.test(text) &&
      !/@(?:Profile|Conditional\w*)\b/.test(text)
    );
  });
}
