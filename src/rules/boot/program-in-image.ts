import { parsePythonManifest } from "../../artifacts/python-dependencies.ts";
import { basename, dirname, join } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import { containerFile, evidence, listNames, weigh } from "../../stack/query.ts";
import { toolInContainer } from "../../stack/query-health.ts";
import { workingDirectory } from "../../stack/query-import.ts";
import { oncePerPlace, packageScript, placeOf, worstFirst } from "../../stack/query-process.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/program-in-image",
  title: "The program that a command starts is in the image",
  claim: "boots-healthy",
  severity: "critical",
  why: "The container ends as soon as it starts, because its program is not found.",
  *check(stack) {
    const first = oncePerPlace();
    const groups = new Map<string, { readonly lack: Lack; readonly services: Service[]; at: Location[] }>();
    for (const service of worstFirst(stack.services)) {
      const argv = service.process?.argv;
      if (!argv?.[0]) continue;
      const lack =
        unknownCommand(stack, service) ??
        missingScript(stack, service) ??
        (installsFirst(service) ? undefined : (missingServer(stack, service) ?? missingTool(service)));
      const at = placeOf(argv);
      if (!lack || !first(at)) continue;
      // The same word in the commands of several services is one mistake.
      const key = `${service.project.grade} ${lack.what} ${lack.but}`;
      const group = groups.get(key);
      if (!group) groups.set(key, { lack, services: [service], at: [at] });
      else {
        group.services.push(service);
        group.at.push(at);
      }
    }
    for (const { lack, services, at } of groups.values()) {
      const [service] = services as [Service];
      const one = services.length === 1;
      const starts = at.map(place => evidence(place, `starts ${lack.what}`));
      yield {
        subject: service.name,
        message: `${listNames(services.map(each => each.name))} ${one ? "starts" : "start"} ${lack.what}, ${lack.but}: ${one ? "it ends as soon as it starts" : "they end as soon as they start"}.`,
        severity: weigh(service, "critical"),
        confidence: lack.confidence,
        evidence: [starts[0]!, ...starts.slice(1), ...(lack.at ? [evidence(lack.at, lack.shows)] : [])],
      };
    }
  },
});

interface Lack {
  readonly what: string;
  readonly but: string;
  readonly shows: string;
  readonly at?: Location | undefined;
  readonly confidence: "certain" | "likely";
}

const wordsOf = (service: Service) => service.process?.argv.map(word => word.value) ?? [];

/** `sh -c "apk add bash && bash run.sh"`: what the container puts in itself is not in the image and is there all the same. */
function installsFirst(service: Service): boolean {
  return (service.process?.commands ?? []).some(
    words =>
      /^(?:\S*\/)?(?:(?:apk|apt|apt-get|dnf|microdnf|yum|zypper|pip3?|pipx|uv|npm|yarn|pnpm|bun|corepack|curl|wget|gem|go) )/.test(
        `${words.map(word => word.value ?? "?").join(" ")} `,
      ) &&
      /\b(?:add|install|i|ci|enable|sync|get|-o|-O|--output)\b/.test(
        words.map(word => word.value ?? "?").join(" "),
      ),
  );
}

/** Commands of npm 6 to 11 and their other names, as `npm help` and npm's table of commands list them. */
const npmCommands =
  "access add adduser approve-scripts audit author bin birthday bugs c cache ci cit clean-install clean-install-test completion config create ddp dedupe deny-scripts deprecate diff dist-tag dist-tags docs doctor edit exec explain explore find find-dupes fund get help help-search hlep home hook i ic in info init innit ins inst install install-ci-test install-clean install-scripts install-test isntall issues it la link list ll ln login logout ls ogr org outdated owner pack ping pkg prefix profile prune publish query r rb rebuild remove repo restart rm root rum run run-script s sbom se search set show shrinkwrap sit stage star stars start stop substack t team test token trust tst udpate un undeprecate uninstall unlink unpublish unstar up update upgrade urn v verison version view visnup whoami why x xmas".split(
    " ",
  );

/** `npm starts`, `npm dev`: npm knows neither, and runs no script under its own name. */
function unknownCommand(stack: Stack, service: Service): Lack | undefined {
  const [program, name] = wordsOf(service);
  if (basename(program ?? "") !== "npm" || !name || !/^[a-z][\w:.-]*$/.test(name)) return undefined;
  // npm takes a beginning for the whole word.
  if (npmCommands.some(command => command.startsWith(name))) return undefined;
  const script = packageOf(stack, service)?.package.scripts.get(name);
  return {
    what: `"npm ${name}"`,
    but: `which npm does not know${script ? `: the script is run by "npm run ${name}"` : ""}`,
    shows: "the script is here",
    at: script?.at,
    confidence: "certain",
  };
}

/** The package.json of the directory that a service works in. */
function packageOf(stack: Stack, service: Service) {
  const workdir = workingDirectory(service);
  const file = workdir && containerFile(stack, service, join(workdir, "package.json")).repositoryPath;
  const component = stack.components.find(each => each.manifest === file && each.package);
  return file && component?.package ? { file, workdir, package: component.package } : undefined;
}

/** `npm run live` without such a script in the package.json of the working directory. */
function missingScript(stack: Stack, service: Service): Lack | undefined {
  const words = wordsOf(service);
  const name = packageScript(words);
  if (
    !name ||
    words.some(word => /^(-w|--workspace|--prefix|-C|--cwd|--filter|-F|--if-present)/.test(word ?? ""))
  )
    return undefined;
  const own = packageOf(stack, service);
  if (!own || own.package.scripts.has(name) || words[0] === "bun") return undefined;
  const { file } = own;
  // `npm start` runs server.js when there is no such script; yarn runs programs under the same spelling.
  const explicit = words[1] === "run" || words[1] === "run-script";
  const starts = name === "start" && words[0] !== "yarn";
  if (!explicit && !starts) return undefined;
  if (starts && !explicit && mayHaveServer(stack, service, own)) return undefined;
  const at = own.package.name?.at ?? [...own.package.scripts.values()][0]?.at;
  const shows = `no script "${name}" in this file`;
  return {
    what: `the package script "${name}"`,
    but: `which ${file} does not have`,
    shows,
    at,
    confidence: explicit ? "certain" : "likely",
  };
}

/** An install brings no server.js; a build may. */
function mayHaveServer(stack: Stack, service: Service, own: NonNullable<ReturnType<typeof packageOf>>) {
  const { has } = containerFile(stack, service, join(own.workdir, "server.js"));
  if (has !== "unknown") return has === "yes";
  const beside = stack.files.has(join(dirname(own.file), "server.js")) !== undefined;
  return beside || own.package.scripts.size === 0 || own.package.scripts.has("build");
}

/** Servers and workers by the package that brings them, and other packages that pull that one in. */
const servers: Readonly<Record<string, RegExp>> = {
  gunicorn: /^(gunicorn|mlflow|apache-airflow|apache-superset|pgadmin4|datasette.*|meinheld|invenio.*)$/,
  uvicorn:
    /^(uvicorn.*|fastapi(-cli|-cloud-cli)?|mcp|chainlit|gradio|starlite|litestar|sanic.*|mlflow|chromadb|ray|bentoml|prefect|langserve|nicegui|reflex|strawberry-graphql.*)$/,
  daphne: /^(daphne|channels)$/,
  hypercorn: /^(hypercorn|quart)$/,
  celery: /^(celery.*|flower|django-celery.*|apache-airflow.*|apache-superset|.*-celery)$/,
  dramatiq: /^(.*dramatiq.*)$/,
};

/** A Python server that no requirements file of the image names. Lists that cannot all be read decide nothing. */
function missingServer(stack: Stack, service: Service): Lack | undefined {
  const program = basename(wordsOf(service)[0] ?? "");
  const bringers = Object.hasOwn(servers, program) ? servers[program]! : undefined;
  const { model } = service;
  if (!bringers || !model || model.facts?.family !== "python") return undefined;
  const installs = model.built
    .flatMap(each => each.packages)
    .filter(each => !["apt", "apk", "dnf"].includes(each.manager));
  if (installs.length === 0 || installs.some(each => each.manager !== "pip")) return undefined;
  const names: string[] = [];
  let list: Location | undefined;
  for (const install of installs) {
    if (!install.complete && install.requirementFiles.length === 0) return undefined;
    names.push(...install.names.map(name => name.value));
    for (const file of install.requirementFiles) {
      const context = service.build?.context ?? "";
      const path = join(context, file.value.replace(/^\/(app|code|src|tmp|srv)\//, ""));
      const source = stack.sources.get(path);
      if (!source) return undefined;
      const { dependencies, includes } = parsePythonManifest(source).model;
      if (includes.length > 0 || dependencies.length === 0) return undefined;
      names.push(...dependencies.map(each => each.name));
      list ??= dependencies[0]!.at;
    }
  }
  if (names.some(name => bringers.test(name.toLowerCase()) || /^[./]|git\+|\.whl/.test(name)))
    return undefined;
  return {
    what: program,
    but: "which no requirements file of its image names",
    shows: `${program} is not listed here`,
    at: list,
    confidence: "likely",
  };
}

/** A program that the image surely lacks: npm in an image of nginx. */
function missingTool(service: Service): Lack | undefined {
  const program = wordsOf(service)[0];
  if (!program || !/^[\w.-]+$/.test(program)) return undefined;
  const answer = toolInContainer(service, program);
  if (answer.has !== "no") return undefined;
  return {
    what: program,
    but: "which its image does not have",
    shows: `this image has no ${program}`,
    at: answer.at,
    confidence: "certain",
  };
}
