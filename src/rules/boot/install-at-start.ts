import { addTo } from "../../core/group.ts";
import { basename, join } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { placeOf } from "../../stack/query-process.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/install-at-start",
  title: "A container starts with what is in its image",
  claim: "boots-healthy",
  severity: "medium",
  why: "Every start, also the one after a crash at night, takes minutes in which nobody is served, and most need the package index; what is fetched may be newer than yesterday, so the same image behaves differently.",
  *check(stack) {
    const groups = new Map<string, { service: Service; at: Location; command: string }[]>();
    for (const service of serverServices(stack)) {
      const found = installOf(service) ?? syncOf(stack, service);
      if (!found) continue;
      const key = `${service.project.files.join()} ${found.command}`;
      addTo(groups, key, { service, ...found });
    }
    for (const group of groups.values()) {
      const [{ service, command }] = group as [(typeof group)[number]];
      const [first, ...more] = [...new Map(group.map(each => [each.at.span.start, each.at])).values()].map(
        at => evidence(at, builds.test(command) ? "builds before it serves" : "installs before it serves"),
      );
      yield {
        subject: service.name,
        message: `${listNames(group.map(each => each.service.name))} ${group.length === 1 ? "runs" : "run"} ${command} at every start.`,
        evidence: [first!, ...more],
        severity: weigh(service, isOwn(service) ? "medium" : "low"),
      };
    }
  },
});

const installs: Readonly<Record<string, RegExp>> = {
  pip: /^install$/,
  pip3: /^install$/,
  npm: /^(?:install|i|ci)$/,
  yarn: /^(?:install)?$/,
  pnpm: /^(?:install|i)$/,
  bun: /^(?:install|i)$/,
  poetry: /^install$/,
  pipenv: /^(?:install|sync)$/,
  bundle: /^install$/,
  composer: /^install$/,
  "apt-get": /^install$/,
  apt: /^install$/,
  apk: /^add$/,
};

const builds =
  /^(?:(?:npm|pnpm|bun) run build|(?:yarn|pnpm)(?: run)? build|(?:npx |yarn |pnpm )?(?:next|nuxt|vite|react-scripts|ng) build)(?= |$)/;

/** An install or a build that runs whenever the container does; one in a branch, or behind a test, may not. */
function installOf(service: Service): { at: Location; command: string } | undefined {
  const process = service.process;
  if (!process || /\|\||\bif\b|\[ |\btest\b|\bwhile\b|--offline|--no-index/.test(process.text))
    return undefined;
  const [last] = process.commands.slice(-1);
  for (const words of process.commands) {
    // In a script its conditions are not seen here.
    if (words === last || words[0]!.at.file !== process.at.file) continue;
    const values = words.map(word => word.value ?? "?");
    const start = /^python[\d.]*$/.test(basename(values[0]!)) && values[1] === "-m" ? 2 : 0;
    const program = basename(values[start] ?? "");
    const verb = values.slice(start + 1).find(word => !word.startsWith("-")) ?? "";
    const known = Object.hasOwn(installs, program) ? installs[program] : undefined;
    if (known?.test(verb)) return { at: placeOf(words), command: `${program} ${verb}`.trim() };
    const build = builds.exec([program, ...values.slice(1)].join(" "))?.[0];
    if (build) return { at: placeOf(words), command: build };
  }
  return undefined;
}

/**
 * `uv run` makes the environment fit first: what `uv sync --no-dev` left out of the image is fetched at the start,
 * because the development group is part of it unless it is told otherwise.
 */
function syncOf(stack: Stack, { process, model, environment, build }: Service) {
  const said = /^UV_(?:NO_DEV|NO_SYNC|NO_DEFAULT_GROUPS|NO_GROUP|OFFLINE)$/;
  if (!process || !model || !/\buv run\b/.test(process.text)) return undefined;
  if (
    /--(?:no-dev|no-sync|no-default-groups|no-group|only-group|no-project|isolated|script)\b/.test(
      process.text,
    )
  )
    return undefined;
  if ([...model.env.keys(), ...environment.map(each => each.name)].some(name => said.test(name)))
    return undefined;
  const syncs = model.packages.filter(
    each => each.manager === "uv" && !each.global && each.names.length === 0,
  );
  if (syncs.length === 0 || syncs.some(each => each.dev)) return undefined;
  const read = stack.files.read(join(build?.context ?? "", "pyproject.toml"));
  const groups = "source" in read ? read.source.text : "";
  if (!/^\[dependency-groups\][^[]*^dev\s*=\s*\[\s*["'{]|^dev-dependencies\s*=\s*\[\s*["']/ms.test(groups))
    return undefined;
  return {
    at: process.at,
    command: "uv run, which installs the development group that the image was built without,",
  };
}

/** A program of the project, in an image of its own or in that of its language. */
function isOwn(service: Service): boolean {
  return service.build !== undefined || service.component !== undefined || service.facts?.kind === "runtime";
}
