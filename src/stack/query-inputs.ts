import { dirname, inside, join } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { isIgnored } from "../formats/dockerignore.ts";
import type { AppComponent } from "./app/detect.ts";
import type { ImageModel } from "./image/image.ts";
import { runCommands } from "./image/run-commands.ts";
import type { Build, Stack } from "./stack.ts";

/** A file of the repository without which a step of the build fails. */
interface Input {
  readonly path: string;
  /** Why, as the end of a sentence. */
  readonly neededBy: string;
  /** The command that needs it. */
  readonly at?: Location;
}

/** Package managers whose `run build` (or `build`) calls a script of package.json. */
const managers = new Set(["npm", "yarn", "pnpm", "bun"]);

/** What the commands of one stage read from the application's directory, as far as frameworks fix it. */
function inputsOf(stack: Stack, build: Build, stage: ImageModel): Input[] {
  const inputs: Input[] = [];
  for (const run of stage.stage.runs) {
    for (const command of runCommands(run, run.workdir?.startsWith("/") ? run.workdir : stage.workdir)) {
      const words = command.words.map(word => word.value);
      const at = command.at;
      const builds = scriptOf(words);
      const component = componentAt(stack, build, stage, at, command.directory);
      if (component?.package && builds !== undefined) {
        inputs.push({
          path: component.manifest,
          neededBy: `${words.slice(0, 3).join(" ")} reads it`,
          at,
        });
        const script = component.package.scripts.get(builds)?.value ?? "";
        for (const [path, why] of frameworkInputs(stack, component, script))
          inputs.push({ path, neededBy: why, at });
      }
      if (words.includes("pip") || words[0] === "pip3") {
        for (const [index, word] of words.entries()) {
          const file = words[index + 1];
          if ((word !== "-r" && word !== "--requirement") || file === undefined || file.startsWith("/"))
            continue;
          inputs.push({ path: join(build.context ?? "", file), neededBy: "pip reads it", at });
        }
      }
    }
  }
  return inputs;
}

/** The script of package.json that a command runs. */
function scriptOf(words: readonly (string | undefined)[]): string | undefined {
  if (!managers.has(words[0] ?? "")) return undefined;
  if (words[1] === "run" || words[1] === "run-script") return words[2];
  return words[0] !== "npm" && words[1] === "build" ? "build" : undefined;
}

/** The component whose package.json is copied into the directory of a command. */
function componentAt(
  stack: Stack,
  build: Build,
  stage: ImageModel,
  at: Location,
  directory: string | undefined,
): AppComponent | undefined {
  if (directory === undefined) return undefined;
  const { source } = stage.fileBefore(at, join(directory, "package.json"));
  const path = source ?? join(build.context ?? "", "package.json");
  return stack.components.find(each => each.manifest === path);
}

/** Fixed places of the frameworks: they look nowhere else. */
function frameworkInputs(stack: Stack, component: AppComponent, script: string): [string, string][] {
  const inputs: [string, string][] = [];
  const { dir } = component;
  const need = (path: string, why: string): void => {
    if (stack.files.has(join(dir, path)) !== undefined) inputs.push([join(dir, path), why]);
  };
  if (component.kind === "cra" && /\b(react-scripts|craco|react-app-rewired)\s+build/.test(script)) {
    need("public/index.html", "Create React App stops without public/index.html");
    for (const ending of ["js", "jsx", "ts", "tsx"])
      need(`src/index.${ending}`, "Create React App stops without its entry in src");
  }
  if (component.kind === "vite" && /\bvite\s+build/.test(script)) {
    need("index.html", "Vite starts from index.html");
    for (const ending of ["ts", "js", "mts", "mjs"])
      need(`vite.config.${ending}`, "Vite builds by its configuration");
  }
  if (component.kind === "next" && /\bnext\s+build/.test(script)) {
    for (const ending of ["js", "mjs", "ts"])
      need(`next.config.${ending}`, "Next.js builds by its configuration");
    for (const root of ["app", "pages", "src/app", "src/pages"]) {
      const directory = join(dir, root);
      const depth = (each: string): number => each.split("/").length;
      const [path] = stack.files.paths
        .filter(each => inside(directory, each) !== undefined && isRoute(each))
        .toSorted((a, b) => depth(a) - depth(b));
      if (path !== undefined) inputs.push([path, `Next.js has no routes without ${dirname(path)}`]);
    }
  }
  if (/(^|[\s;&|])tsc\b/.test(script)) need("tsconfig.json", "the TypeScript compiler reads it");
  if (/\bprisma\s+generate/.test(script)) need("prisma/schema.prisma", "prisma generate reads it");
  return inputs;
}

/** Tests and stories beside the pages are left out on purpose. */
function isRoute(path: string): boolean {
  return /\.[cm]?[jt]sx?$/.test(path) && !/\.(?:test|spec|stories|cy)\.|(?:^|\/)__\w+__\//.test(path);
}

export interface Ignored {
  readonly input: Input;
  /** The pattern. */
  readonly by: Location;
  readonly copiedAt: Location;
}

/** Inputs that the repository has, that a broad COPY would bring, and that a pattern keeps out. */
export function ignoredInputs(stack: Stack, group: readonly Build[]): Ignored[] {
  const found = new Map<string, Ignored>();
  for (const build of group) {
    if (!build.ignore || !build.model) continue;
    for (const stage of build.model.built) {
      for (const input of inputsOf(stack, build, stage)) {
        const path = inside(build.context!, input.path);
        if (path === undefined || stack.files.has(input.path) === undefined) continue;
        const { ignored, by } = isIgnored(build.ignore.rules, path);
        if (!ignored || !by) continue;
        // A COPY that names it is another rule's: it stops the build at once.
        const copy = stage.stage.copies.find(
          each =>
            !each.from &&
            each.sources.some(
              source => inside(join("", source.value.replace(/^\/+/, "")), path) !== undefined,
            ),
        );
        if (copy && !found.has(input.path)) found.set(input.path, { input, by: by.at, copiedAt: copy.at });
      }
    }
  }
  return [...found.values()];
}
