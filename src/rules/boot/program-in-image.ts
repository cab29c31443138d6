import { parsePythonManifest } from "../../artifacts/python-dependencies.ts";
import { basename, join } from "../../core/path.ts";
import { sourceOf } from "../../core/project-files.ts";
import type { Location } from "../../core/source.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { toolInContainer } from "../../stack/query-health.ts";
import {
  type Lack,
  missingScript,
  startWords,
  starvedStart,
  unknownCommand,
} from "../../stack/query-package-commands.ts";
import { oncePerPlace, placeOf, worstFirst } from "../../stack/query-process.ts";
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
        (installsFirst(service)
          ? undefined
          : (missingServer(stack, service) ?? missingTool(service) ?? starvedStart(stack, service)));
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
  const program = basename(startWords(service)[0] ?? "");
  const bringers = Object.hasOwn(servers, program) ? servers[program]! : undefined;
  const { model } = service;
  if (!bringers || !model || model.facts?.family !== "python") return undefined;
  const installs = model.built.flatMap(stage => stage.packages.map(install => ({ stage, install })));
  const python = installs.filter(({ install }) => !["apt", "apk", "dnf"].includes(install.manager));
  if (python.length === 0 || python.some(({ install }) => install.manager !== "pip")) return undefined;
  const names: string[] = [];
  let list: Location | undefined;
  for (const { stage, install } of python) {
    if (!install.complete && install.requirementFiles.length === 0) return undefined;
    names.push(...install.names.map(name => name.value));
    for (const file of install.requirementFiles) {
      const path = stage.fileBefore(install.at, join(install.directory ?? "?", file.value)).source;
      const source = path === undefined ? undefined : sourceOf(stack, path);
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
  const program = startWords(service)[0];
  // A client is asked on the way, at the end of a task as often as not.
  if (!program || !/^[\w.-]+$/.test(program) || /^(?:curl|wget)$/.test(program)) return undefined;
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
