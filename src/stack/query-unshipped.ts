import { dependsOn } from "../artifacts/package-manifest.ts";
import { basename, inside } from "../core/path.ts";
import type { AppComponent, AppKind } from "./app/detect.ts";
import { wordsOf } from "./query-release.ts";
import type { PlacedCall, Service, Stack } from "./stack.ts";

/** Questions about the applications of a repository that nothing brings to a server. */

/** Folders of what is no product of its own, or is hosted by hand. */
const aside =
  /(?:^|\/)(?:examples?|samples?|demos?|docs?|documentation|website|site|landing[\w-]*|playground|storybook|tests?|e2e|[\w-]*cypress|tools?|tooling|scripts?|mobile|native|expo|desktop|electron|extensions?|packages|libs?|plugins?|templates?|starters?|legacy|old|archived?|deprecated|prototypes?|experiments?|benchmarks?|emails?|infra(?:structure)?|lambdas?|functions|\.[^/]+)(?:\/|$)/i;

const hosts =
  /^(?:vercel\.json|\.vercelignore|netlify\.toml|_redirects|fly(?:\.[\w-]+)?\.toml|app\.(?:json|ya?ml)|Procfile[\w.-]*|render\.ya?ml|railway\.(?:json|toml)|nixpacks\.toml|firebase\.json|\.firebaserc|amplify\.ya?ml|wrangler\.(?:toml|jsonc?)|staticwebapp\.config\.json|serverless\.(?:ya?ml|ts|js)|cdk\.json|heroku\.yml|captain-definition|ecosystem\.config\.[cm]?js|skaffold\.yaml|now\.json|apprunner\.yaml|buildspec\.ya?ml|azure-pipelines\.ya?ml|\.gitlab-ci\.yml|bitbucket-pipelines\.yml|Jenkinsfile|zeabur\.json|open-next\.config\.ts|kamal\.yml|deploy\.yml|CNAME)$|dockerfile/i;

const bundle = /\b(?:vite build|next build|react-scripts build|craco build|react-app-rewired build)\b/;

const isProduct: Partial<Record<AppKind, (component: AppComponent, stack: Stack) => boolean>> = {
  next: builds,
  cra: builds,
  vite: (component, stack) => builds(component) && stack.files.has(`${component.dir}/index.html`) === "file",
  express: ({ package: manifest, entries }) => manifest?.scripts.has("start") === true && entries.length > 0,
  django: ({ django }) => (django?.modules.length ?? 0) > 0,
  fastapi: ({ entries }) => entries.length > 0,
};

function builds({ package: manifest }: AppComponent): boolean {
  return bundle.test(manifest?.scripts.get("build")?.value ?? "");
}

const elsewhere = ["react-native", "expo", "electron", "@capacitor/core", "@tauri-apps/api", "gh-pages"];

/** The web applications that no service, image, workflow, script or hosting configuration takes up. */
export function unshipped(stack: Stack): AppComponent[] {
  const found = stack.components.filter(
    component =>
      component.dir !== "" &&
      !aside.test(component.dir) &&
      isProduct[component.kind]?.(component, stack) === true &&
      !elsewhere.some(name => component.package && dependsOn(component.package, name)),
  );
  if (found.length === 0 || stack.files.paths.some(path => isOtherDelivery(path))) return [];
  return found.filter(component => !isTakenUp(stack, component));
}

/** Charts, manifests of clusters and templates of clouds: what they deploy is not read. */
function isOtherDelivery(path: string): boolean {
  return /(?:^|\/)Chart\.yaml$|\.tf$|\.bicep$|(?:^|\/)(?:k8s|kubernetes|helm|kustomize|\.ebextensions|\.platform|\.circleci|ansible|playbooks)\//.test(
    path,
  );
}

function isTakenUp(stack: Stack, { dir }: AppComponent): boolean {
  const name = basename(dir);
  const hosted = stack.files.paths.some(path => {
    const file = basename(path);
    if (!hosts.test(file)) return false;
    const folder = path.slice(0, -file.length - 1);
    if (inside(dir, path) !== undefined || folder === "") return !/dockerfile/i.test(file) || folder !== "";
    return /dockerfile/i.test(file) && mentions(stack, path, name);
  });
  const built = new RegExp(`^${literally(dir)}/(?:dist|build|out|\\.next|www)/`);
  return (
    hosted ||
    stack.services.some(service => runs(service, dir, name)) ||
    [...stack.dockerfiles.keys()].some(path => mentions(stack, path, name)) ||
    stack.files.paths.some(path => built.test(path)) ||
    stack.calls.some(placed => delivers(placed, dir, name)) ||
    stack.workflows.some(workflow => isInWorkflow(workflow.source.text, name)) ||
    isInRootScripts(stack, name)
  );
}

function mentions(stack: Stack, path: string, name: string): boolean {
  const read = stack.files.read(path);
  return !("source" in read) || hasWord(read.source.text, name);
}

function hasWord(text: string, name: string): boolean {
  return text.includes(name) && new RegExp(`(?<![\\w-])${literally(name)}(?![\\w-])`).test(text);
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** A service builds it, mounts it, is named like it, or may hold it: an image from nowhere may be any program. */
function runs(service: Service, dir: string, name: string): boolean {
  const { build, component } = service;
  if (component?.dir === dir || service.name.includes(name)) return true;
  if (build) {
    if (build.contextState !== "present" || build.context === undefined) return true;
    if (inside(dir, build.context) !== undefined) return true;
    return inside(build.context, dir) !== undefined && copies(service, dir.slice(build.context.length));
  }
  if (service.mounts.some(({ repositoryPath: path }) => path && inside(dir, path) !== undefined)) return true;
  return service.imageRef === undefined || (service.facts === undefined && service.kind === "unknown");
}

function copies({ build }: Service, below: string): boolean {
  const rest = below.replace(/^\//, "");
  if (!build?.dockerfile) return true;
  return build.dockerfile.stages.some(stage =>
    stage.copies.some(
      copy =>
        !copy.from &&
        copy.sources.some(({ value }) => {
          const path = value.replace(/^\.?\/+/, "").replace(/\/+$/, "");
          return path === "" || path === "." || path.includes("*") || inside(path, rest) !== undefined;
        }),
    ),
  );
}

const delivery =
  /\b(?:build|deploy|publish|rsync|scp|sync|cp|vercel|netlify|firebase|wrangler|surge|eb|gcloud|pm2|start|systemctl|export)\b/;

function delivers({ call }: PlacedCall, dir: string, name: string): boolean {
  const words = wordsOf(call);
  const here =
    call.cwd !== undefined && (inside(dir, call.cwd) !== undefined || call.cwd.endsWith(`/${name}`));
  return (here || hasWord(words, name)) && delivery.test(words);
}

/** A workflow that names it and delivers something, by an action or a program that is not known here. */
function isInWorkflow(text: string, name: string): boolean {
  return (
    hasWord(text, name) &&
    /\b(?:deploy|publish|upload|pages|release|s3|cloudfront|vercel|netlify|docker)\b/i.test(text)
  );
}

function isInRootScripts(stack: Stack, name: string): boolean {
  const root = stack.components.find(component => component.dir === "" && component.package)?.package;
  return [...(root?.scripts.values() ?? [])].some(
    ({ value }) => hasWord(value, name) && /\b(?:build|deploy|start)\b/.test(value),
  );
}
