import { stageChain } from "../../artifacts/dockerfile.ts";
import type { Fix } from "../../core/fix.ts";
import { inside } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import { isIgnored } from "../../formats/dockerignore.ts";
import { appendLines } from "../../formats/dotenv-edit.ts";
import { evidence, gradeOf, listNames, weigh } from "../../stack/query.ts";
import { handedOn, namedEnvFiles, travels } from "../../stack/query-handed-env.ts";
import { worstFirst } from "../../stack/query-process.ts";
import { writtenSecrets } from "../../stack/query-written-secrets.ts";
import type { Build, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "secrets/env-in-image",
  title: "Images hold no env file",
  claim: "no-secret-leaks",
  severity: "medium",
  why: "Everyone who can pull or open the image reads the secrets of the server on which it was built.",
  *check(stack) {
    for (const [first, ...more] of groups(stack)) {
      const { service, build, file } = first;
      const names = [first, ...more].map(each => each.service.name);
      yield {
        subject: `${build.ignore!.path} ${file.path}`,
        message: `${names.length === 1 ? "The image of" : "The images of"} ${listNames(names)} ${names.length === 1 ? "contains" : "contain"} ${file.path} of the machine that builds ${names.length === 1 ? "it" : "them"}: the whole context is copied, and ${build.ignore!.path} does not leave the file out.`,
        evidence: [
          evidence(first.copy, "copies the whole context"),
          ...more.map(each => evidence(each.copy, "copies the whole context")),
          evidence(file.at, "the file lies in the context"),
        ],
        severity: weigh(service, [first, ...more].some(each => each.build.push) ? "high" : "medium"),
        fix: () => leaveOut(stack, build, file.path),
      };
    }
    for (const { service, copy, handed, path } of handedOn(stack)) {
      yield {
        subject: `${copy.file} ${path}`,
        message: `The image of "${service.name}" contains ${path} of the machine that builds it: a stage takes it in, and the shipped one copies it on by name.`,
        evidence: [
          evidence(handed, "puts the env file into the image that is shipped"),
          evidence(copy, "takes it in with the whole context"),
        ],
        severity: weigh(service, travels(service) ? "high" : "medium"),
      };
    }
    for (const { service, path, names, places } of namedEnvFiles(stack)) {
      yield {
        subject: `${places[0].file} ${path}`,
        message: `${names.length === 1 ? "The image of" : "The images of"} ${listNames(names)} ${names.length === 1 ? "contains" : "contain"} ${path} of the machine that builds ${names.length === 1 ? "it" : "them"}: a Dockerfile copies it by name.`,
        evidence: [evidence(places[0], taken), ...places.slice(1).map(at => evidence(at, taken))],
        severity: weigh(service, travels(service) ? "high" : "medium"),
        confidence: "likely",
      };
    }
    for (const { build, workflow, job, path, names, writes, copy } of writtenSecrets(stack)) {
      const [first, ...more] = writes;
      yield {
        subject: `${workflow.file} ${path}`,
        message: `Job "${job.id.value}" of ${workflow.file} writes ${names.length === 1 ? `the secret ${listNames(names)}` : `the secrets ${listNames(names)}`} into ${path} and pushes an image that contains the file.`,
        evidence: [
          evidence(copy, "copies the file into the image"),
          evidence(first, "writes a secret into the context"),
          ...more.map(at => evidence(at, "writes a secret into the context")),
          evidence(build.at, "is built and pushed"),
        ],
        severity: "high",
      };
    }
  },
});

const taken = "puts the env file into the image";

interface Taken {
  readonly service: Service;
  readonly build: Build;
  readonly copy: Location;
  readonly file: { readonly path: string; readonly at: Location };
}

/** The images that take an env file in; one line of one ignore file is what all of a group lack. */
function groups(stack: Stack): Iterable<[Taken, ...Taken[]]> {
  const told = new Set<string>();
  const found = new Map<string, [Taken, ...Taken[]]>();
  for (const service of worstFirst(stack.services)) {
    const { build } = service;
    // Without an ignore file everything goes in, and another rule names the env file among the rest.
    if (!build?.ignore || gradeOf(service) === "development" || isPushed(stack, service)) continue;
    const copy = wholeContext(build);
    if (!copy || told.has(`${copy.file}:${copy.span.start}`)) continue;
    const file = envFileIn(stack, service, build);
    if (!file) continue;
    told.add(`${copy.file}:${copy.span.start}`);
    const key = `${build.ignore.path}\n${file.path}`;
    const taken = { service, build, copy, file };
    const group = found.get(key);
    if (group) group.push(taken);
    else found.set(key, [taken]);
  }
  return found.values();
}

/** A machine of its own builds it and sends it to a registry: what lies on the server lies not there. */
function isPushed(stack: Stack, { image, build }: Service): boolean {
  if (!build || build.push || !image?.raw.includes("/")) return false;
  return stack.calls.some(({ call }) => call.kind === "compose" && call.subcommand === "push");
}

/** One more line in the ignore file that is in force. */
function leaveOut(stack: Stack, build: Build, path: string): Fix | undefined {
  const read = build.ignore && stack.files.read(build.ignore.path);
  const relative = inside(build.context!, path);
  if (!read || !("source" in read) || relative === undefined) return undefined;
  return {
    title: `Leave ${path} out of the image`,
    grade: "needs-testing",
    edits: [appendLines(read.source.path, read.source, [relative])],
    test: `Build it and start it: what the program read from ${relative} in its image has to come from Compose's env_file.`,
    afterwards: "Images that were pushed keep the file: make new values for what is in it.",
  };
}

/** A COPY of everything in a stage that is shipped. */
function wholeContext(build: Build): Location | undefined {
  if (!build.dockerfile || !build.stage || build.contextState !== "present") return undefined;
  for (const stage of stageChain(build.dockerfile, build.stage)) {
    const copy = stage.copies.find(
      each => !each.from && each.sources.some(source => /^\.?\/?$/.test(source.value)),
    );
    if (copy) return copy.at;
  }
  return undefined;
}

/** An env file that Compose itself expects inside the context, so that it is there when the server builds. */
function envFileIn(stack: Stack, service: Service, build: Build): { path: string; at: Location } | undefined {
  for (const other of stack.services) {
    if (other.project !== service.project) continue;
    for (const { resolved, path } of other.envFiles) {
      const relative = resolved === undefined ? undefined : inside(build.context!, resolved);
      if (relative === undefined || /example|sample/i.test(relative)) continue;
      // A file that is in git holds what everyone has anyway.
      if (stack.files.tracked(resolved!) === true) continue;
      if (build.ignore && isIgnored(build.ignore.rules, relative).ignored) continue;
      return { path: resolved!, at: path.at };
    }
  }
  return undefined;
}
