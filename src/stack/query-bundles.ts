import type { Stage } from "../artifacts/dockerfile.ts";
import { filesBelow } from "../artifacts/project-files.ts";
import { basename, inside } from "../core/path.ts";
import { isIgnored } from "../formats/dockerignore.ts";
import { isPlaceholder } from "../formats/secret.ts";
import type { AppComponent } from "./app/detect.ts";
import type { Service, Stack, Variable } from "./stack.ts";

/** Questions about code that is fixed into a browser bundle when it is built. */

/** Variables that a bundler replaces by their values: NUXT_PUBLIC_ is read again at run time and is none of them. */
export const publicName = /^(?:NEXT_PUBLIC_|VITE_|REACT_APP_|VUE_APP_|GATSBY_)\w/;

const replacers =
  /__ENV\b|_env_\b|env-config|env\.config|runtime-env|runtimeEnv|import-meta-env|react-inject-env|envsubst|window\.env|window\._env|public-env|publicRuntimeConfig/;
const packages = [
  "next-runtime-env",
  "@import-meta-env/cli",
  "react-env",
  "react-inject-env",
  "@beam-australia/react-env",
  "vite-plugin-runtime-env",
  "runtime-env-cra",
];

/** Whether something puts values into the finished bundle when the container starts. */
export function replacesAtRunTime(stack: Stack, service: Service): boolean {
  const { component } = service;
  const manifest = component?.package;
  if (manifest?.dependencies.some(dependency => packages.includes(dependency.name))) return true;
  const context = service.build?.context;
  const scripts = stack.scripts.filter(script => {
    const near = component ? inside(component.dir, script.file) !== undefined : context === undefined;
    return near || (context !== undefined && inside(context, script.file) !== undefined);
  });
  const within = (script: { readonly file: string; readonly source: { readonly text: string } }) =>
    /entry|start|docker|env|run|init/i.test(basename(script.file)) &&
    /\bsed\b|envsubst|printenv|NEXT_PUBLIC_|VITE_|REACT_APP_/.test(script.source.text);
  if (scripts.some(within)) return true;
  const words = [service.process?.text ?? "", service.command?.text ?? "", service.entrypoint?.text ?? ""];
  if (words.some(text => /\bsed\b|envsubst|env\.sh|inject/.test(text))) return true;
  return component !== undefined && namesReplacer(stack, component);
}

const replacing = new WeakMap<AppComponent, boolean>();

/** A page, template or entry point of the component names a tool that replaces values. */
function namesReplacer(stack: Stack, component: AppComponent): boolean {
  const known = replacing.get(component);
  if (known !== undefined) return known;
  const answer = filesBelow(stack.files, component.dir).some(path => {
    if (
      !/(?:\.html?|env[^/]*\.[cm]?[jt]sx?|layout\.[jt]sx|_document\.[jt]sx|Dockerfile[^/]*|\.template|config\.js)$/i.test(
        path,
      )
    )
      return false;
    if (/node_modules|\.next\//.test(path)) return false;
    const result = stack.files.read(path);
    return "source" in result && replacers.test(result.source.text);
  });
  replacing.set(component, answer);
  return answer;
}

/** The bundle is made when the image is built, and what runs only serves it. */
export function servesBuiltBundle(service: Service): boolean {
  const { component } = service;
  if (!component || !["next", "vite", "cra"].includes(component.kind)) return false;
  const line = service.process?.argv.map(word => word.value ?? "").join(" ") ?? "";
  if (/\b(?:dev|develop|watch|build)\b|react-scripts\s+start|^vite(?:\s+--|$)|run\s+build/.test(line))
    return false;
  if (component.kind === "cra" && /\b(?:npm|yarn|pnpm)\s+(?:run\s+)?start\b/.test(line)) return false;
  const commands =
    service.process?.commands.map(words => words.map(word => word.value ?? "").join(" ")) ?? [];
  if (commands.some(text => /\bbuild\b/.test(text))) return false;
  return stagesOf(service).some(stage =>
    stage.runs.some(run =>
      /\b(?:run|next|vite|yarn|pnpm|bun|nx|turbo|react-scripts)\s[^\n]*build\b/.test(run.fragment.text),
    ),
  );
}

/** The stages that are built; all of the Dockerfile when the target is not one of them. */
function stagesOf(service: Service): readonly Stage[] {
  return service.model?.built.map(image => image.stage) ?? service.build?.dockerfile?.stages ?? [];
}

/** What Compose gives to the build. */
export function buildArgument(service: Service, name: string): Variable | undefined {
  return service.build?.args.find(each => each.name === name);
}

/** The Dockerfile takes the variable while it builds, or fixes it itself. */
export function isBuildInput(service: Service, name: string): boolean {
  return stagesOf(service).some(
    stage =>
      stage.args.some(argument => argument.name.value === name) ||
      stage.env.some(setting => setting.name.value === name),
  );
}

/** Whether a file of the component is copied into a stage of its build. */
export function isInBuild(service: Service, component: AppComponent, path: string): boolean {
  const { build } = service;
  if (build?.context === undefined || build.contextState !== "present") return false;
  const relative = inside(build.context, path);
  if (relative === undefined || (build.ignore && isIgnored(build.ignore.rules, relative).ignored))
    return false;
  if (inside(component.dir, path) === undefined && component.dir !== "") return false;
  return stagesOf(service).some(stage =>
    stage.copies.some(
      step =>
        !step.from &&
        step.sources.some(source => {
          const from = source.value.replace(/^\.?\/+/, "").replace(/\/+$/, "");
          return from === "" || from === "." || from === relative || inside(from, relative) !== undefined;
        }),
    ),
  );
}

/** The host of a value that the browser is to call. */
export function hostOf(text: string | undefined): string | undefined {
  return /^(?:https?|wss?):\/\/([\w.-]+)(?::\d+)?(?:[/?#]|$)/.exec(text ?? "")?.[1];
}

/** An address that somebody has yet to fill in. */
export function isUnfinished(value: string): boolean {
  if (value === "" || /^(?:true|false|\d+)$/.test(value)) return false;
  return (
    isPlaceholder(value) || /\/\/(?:[\w-]+\.)*(?:your-?domain|yourdomain|mydomain|domain)\.\w+/i.test(value)
  );
}
