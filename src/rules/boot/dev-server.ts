import type { Evidence } from "../../core/finding.ts";
import { basename } from "../../core/path.ts";
import { evidence, gradeOf, listNames, serverServices, weigh } from "../../stack/query.ts";
import { oncePerPlace, runningCommand, worstFirst } from "../../stack/query-process.ts";
import { ownServer } from "../../stack/query-python-runs.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/dev-server",
  title: "Servers run production servers",
  claim: "meets-its-load",
  severity: "high",
  why: "A development server serves few requests at once, restarts when a file changes and shows its inside to visitors.",
  *check(stack) {
    const first = oncePerPlace();
    // The same server in several services is one habit.
    const habits = new Map<string, Started[]>();
    for (const service of worstFirst(serverServices(stack))) {
      const running = runningCommand(service);
      const own = running && ownServer(stack, service);
      const what = running && (developmentServer(running.words) ?? own?.what);
      if (!what || !first(running.at)) continue;
      const key = `${what} ${own?.debugger ?? ""} ${gradeOf(service)} ${service.project.files.join()}`;
      const places = [
        evidence(running.at, `starts ${what}`),
        ...(own
          ? [evidence(own.at, `the file does it by itself${own.debugger ? ", with its debugger" : ""}`)]
          : []),
        ...(running.script ? [evidence(running.script.at, "this is what the command runs")] : []),
      ];
      habits.set(key, [
        ...(habits.get(key) ?? []),
        { service, what, debugs: own?.debugger === true, places },
      ]);
    }
    for (const habit of habits.values()) {
      const [{ service, what, debugs }] = habit as [Started];
      const [place, ...more] = habit.flatMap(each => each.places);
      yield {
        subject: service.name,
        message: `${listNames(habit.map(each => each.service.name))} ${habit.length === 1 ? "runs" : "run"} ${what} on a server${debugs ? ", with a debugger that runs code for whoever provokes an error" : ""}.`,
        severity: weigh(service, "high"),
        evidence: [place!, ...more],
      };
    }
  },
});

interface Started {
  readonly service: Service;
  readonly what: string;
  readonly debugs: boolean;
  readonly places: readonly Evidence[];
}

/** Programs with the arguments that make them a development server. */
const servers: Readonly<Record<string, readonly [RegExp, string]>> = {
  "manage.py": [/^runserver(_plus)?( |$)/, "Django's development server"],
  "django-admin": [/^runserver(_plus)?( |$)/, "Django's development server"],
  flask: [/(^| )run( |$)/, "Flask's development server"],
  uvicorn: [/(^| )--reload( |$)/, "uvicorn with --reload"],
  gunicorn: [/(^| )--reload( |$)/, "gunicorn with --reload"],
  hypercorn: [/(^| )--reload( |$)/, "hypercorn with --reload"],
  granian: [/(^| )--reload( |$)/, "granian with --reload"],
  fastapi: [/^dev( |$)/, "FastAPI's development server"],
  next: [/^dev( |$)/, "Next's development server"],
  nuxt: [/^dev( |$)/, "Nuxt's development server"],
  nuxi: [/^dev( |$)/, "Nuxt's development server"],
  astro: [/^dev( |$)/, "Astro's development server"],
  vite: [/^($|--|dev( |$)|serve( |$))/, "Vite's development server"],
  "react-scripts": [/^start( |$)/, "the development server of react-scripts"],
  "vue-cli-service": [/^serve( |$)/, "the development server of Vue CLI"],
  ng: [/^serve( |$)/, "Angular's development server"],
  gatsby: [/^develop( |$)/, "Gatsby's development server"],
  webpack: [/^serve( |$)/, "webpack's development server"],
  "webpack-dev-server": [/^/, "webpack's development server"],
  nodemon: [/^/, "nodemon, which restarts on every file change"],
  "ts-node-dev": [/^/, "ts-node-dev, which restarts on every file change"],
  tsx: [/^watch( |$)/, "tsx watch, which restarts on every file change"],
  node: [/^--watch/, "node --watch, which restarts on every file change"],
  bun: [/(^| )--(watch|hot)( |$)/, "bun --watch, which restarts on every file change"],
  nest: [/^start .*--watch|^start .*-w( |$)/, "nest start --watch"],
  "svelte-kit": [/^dev( |$)/, "SvelteKit's development server"],
  remix: [/^(?:vite:)?dev( |$)/, "Remix's development server"],
  "react-router": [/^dev( |$)/, "React Router's development server"],
  quasar: [/^dev( |$)/, "Quasar's development server"],
  docusaurus: [/^start( |$)/, "Docusaurus' development server"],
  hugo: [/^serve(?:r)?( |$)/, "Hugo's development server"],
  mkdocs: [/^serve( |$)/, "the development server of MkDocs"],
  jekyll: [/^s(?:erve)?( |$)/, "Jekyll's development server"],
  air: [/^/, "air, which builds again on every file change"],
  "cargo-watch": [/^/, "cargo watch, which builds again on every file change"],
  cargo: [/^watch( |$)/, "cargo watch, which builds again on every file change"],
  dotnet: [/^watch( |$)/, "dotnet watch, which builds again on every file change"],
  artisan: [/^serve( |$)/, "Laravel's development server"],
};

/** Programs that run the one named after them. */
const launchers = /^(python|python3|python3\.\d+|php|npx|bunx|pnpx|pipx|uvx)$/;

function developmentServer(words: readonly (string | undefined)[]): string | undefined {
  let rest = words.map(word => word ?? "?");
  while (launchers.test(basename(rest[0] ?? "")))
    rest = rest.slice(rest.findIndex((word, i) => i > 0 && (!word.startsWith("-") || i === rest.length - 1)));
  const entry = Object.hasOwn(servers, basename(rest[0] ?? "")) ? servers[basename(rest[0]!)] : undefined;
  return entry?.[0].test(rest.slice(1).join(" ")) ? entry[1] : undefined;
}
