import type { ComposeFile } from "../artifacts/compose.ts";
import type { Source } from "../core/source.ts";
import { child, textOf } from "../formats/yaml.ts";
import { servicesIn } from "./project-habits.ts";

/**
 * Nothing in it is built, no image is called like the program of this repository, and there is such a program: what
 * it runs is what a developer needs beside it.
 */
export function lacksApplication(
  files: readonly ComposeFile[],
  text: (path: string) => Source | undefined,
): boolean {
  const services = servicesIn(files)
    // What ends after its work, a migration for instance, serves nobody.
    .filter(({ value }) => textOf(child(value, "restart"))?.value !== "no");
  if (services.length === 0 || services.some(({ value }) => child(value, "build") || child(value, "extends")))
    return false;
  const names = ownNames(text);
  const images = services.map(({ value }) => textOf(child(value, "image"))?.value ?? "$");
  // An image that only a variable names may be anything.
  if (names.length === 0 || images.some(image => image.startsWith("$"))) return false;
  const said = [...images, ...services.map(({ key }) => key.value)].join(" ").toLowerCase();
  const words = new Set(said.split(/[^a-z0-9]+/));
  // `keep` is no part of `zookeeper`; a longer name may stand in a word that puts two together.
  return !names.some(name => words.has(name) || (name.length > 4 && said.includes(name)));
}

/** What the manifests at the root call the program; its parts too, because an image often has only one of them. */
function ownNames(text: (path: string) => Source | undefined): string[] {
  const found: string[] = [];
  const take = (file: string, pattern: RegExp, part = (all: string) => all): void => {
    const name = pattern.exec(part(text(file)?.text ?? ""))?.[1];
    if (name) found.push(...name.toLowerCase().split(/[^a-z0-9]+/));
  };
  take("package.json", /"name"\s*:\s*"([^"]+)"/);
  take("composer.json", /"name"\s*:\s*"([^"]+)"/);
  take("pyproject.toml", /^name\s*=\s*["']([^"']+)/m);
  take("setup.py", /\bname\s*=\s*["']([^"']+)/);
  take("setup.cfg", /^name\s*=\s*(\S+)/m);
  take("go.mod", /^module\s+(\S+)/m);
  // The name of a parent is another program's.
  take("pom.xml", /<artifactId>([^<]+)/, found => found.replace(/<parent>[\s\S]*?<\/parent>/, ""));
  take("settings.gradle", /^rootProject\.name\s*=\s*["']([^"']+)/m);
  take("Cargo.toml", /^name\s*=\s*"([^"]+)/m);
  return found.filter(
    part => part.length > 2 && !/^(?:com|org|net|github|gitlab|www|app|api|web|the)$/.test(part),
  );
}
