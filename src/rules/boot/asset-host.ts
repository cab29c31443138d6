import { nextConfigFile, readNextConfig } from "../../artifacts/next.ts";
import { concrete, entryOf, envUses, type Lookup, type Value } from "../../artifacts/value.ts";
import { readViteConfig, viteConfigFile } from "../../artifacts/vite.ts";
import { join } from "../../core/path.ts";
import type { AppComponent } from "../../stack/app/detect.ts";
import { evidence, isOptional, variable, weigh } from "../../stack/query.ts";
import { buildArgument, isBuildInput } from "../../stack/query-bundles.ts";
import { worstFirst } from "../../stack/query-process.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/asset-host",
  title: "The browser loads scripts and styles from where they are put",
  claim: "boots-healthy",
  severity: "medium",
  why: "The page comes up blank: its HTML names another host for every script and style, and that host has none of this build.",
  *check(stack) {
    const told = new Set<AppComponent>();
    for (const service of worstFirst(stack.services)) {
      const { component } = service;
      if (!component || told.has(component) || isOptional(service)) continue;
      const prefix = prefixOf(component);
      if (!prefix) continue;
      told.add(component);
      const names = [...new Set(envUses(prefix).flatMap(use => use.names))].filter(
        name => name !== "NODE_ENV",
      );
      const url = concrete(prefix, buildLookup(stack, service, component));
      const host = typeof url === "string" ? /^(?:https?:)?\/\/([^/:]+)/.exec(url)?.[1] : undefined;
      if (host === undefined || isKnown(stack, prefix.at.file, host) || uploads(stack)) continue;
      yield {
        subject: service.name,
        message: `Production builds of "${service.name}" load every script and style from ${host}${names.length > 0 ? ` unless ${names.join(" or ")} is set while they are built, which nothing here does` : ""}; no script and no workflow puts them there.`,
        evidence: [evidence(prefix.at, `${host} while building for production`)],
        severity: weigh(service, "medium"),
        // A network that fetches from the site itself needs no upload: written down without a way out, it is meant.
        confidence: names.length > 0 ? "likely" : "possible",
      };
    }
  },
});

function prefixOf({ kind, files, dir }: AppComponent): Value | undefined {
  if (kind === "next") {
    const source = files.read(nextConfigFile(files, dir) ?? "");
    return source && entryOf(readNextConfig(source).object, "assetPrefix");
  }
  const source = kind === "vite" ? files.read(viteConfigFile(files, dir) ?? "") : undefined;
  const base = source && readViteConfig(source).base;
  // What depends on the command is not known here.
  return base && typeof base.value === "string"
    ? { kind: "literal", value: base.value, at: base.at }
    : undefined;
}

/** The environment of a build for production: what is not known is undefined, what surely nobody sets is null. */
function buildLookup(stack: Stack, service: Service, { dir, files }: AppComponent): Lookup {
  return name => {
    if (name === "NODE_ENV") return "production";
    if (variable(service, name) || buildArgument(service, name) || isBuildInput(service, name))
      return undefined;
    const set = new RegExp(`\\b${name}\\b`);
    const elsewhere = [
      ...stack.workflows.map(workflow => workflow.source.text),
      ...stack.scripts.map(script => script.source.text),
      ...[".env", ".env.production", ".env.local", ".env.production.local"].map(
        file => files.read(join(dir, file))?.text ?? "",
      ),
    ];
    return elsewhere.some(text => set.test(text)) ? undefined : null;
  };
}

/** Another part of the deployment answers to that host. */
function isKnown(stack: Stack, config: string, host: string): boolean {
  const told = /\.(?:ya?ml|conf|template|tf|toml)$|(?:^|\/)Caddyfile$/;
  return [...stack.sources].some(
    ([path, { text }]) => path !== config && told.test(path) && text.includes(host),
  );
}

const uploaders =
  /^(?:aws|s3cmd|gsutil|gcloud|rclone|az|wrangler|s5cmd|mc|netlify|vercel|firebase|surge|b2|rsync|scp)$/;
const assets = /(?:^|[/.])(?:_?next|dist|build|out|static|assets|public)(?:\/|$)/;
const uploadingAction = /s3|cloudfront|cdn|gcs|cloud-storage|pages|azure|bunny|cloudflare/i;

/** Something puts the output of a build somewhere else. */
function uploads(stack: Stack): boolean {
  return (
    stack.calls.some(
      ({ call }) =>
        uploaders.test(call.name) && call.args.some(arg => assets.test(arg.value ?? arg.word.text)),
    ) ||
    stack.workflows.some(workflow =>
      workflow.jobs.some(job => job.steps.some(step => uploadingAction.test(step.uses?.repository ?? ""))),
    )
  );
}
