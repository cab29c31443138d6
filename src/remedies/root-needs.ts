import { type RunStep, stageChain } from "../artifacts/dockerfile.ts";
import { basename, inside } from "../core/path.ts";
import { runCommands } from "../stack/image/run-commands.ts";
import { mainScript } from "../stack/query-main-script.ts";
import type { Build, Service, Stack } from "../stack/stack.ts";

/** The home of root: nobody else may look into it. */
const home = /(?<![\w./-])(?:\/root(?![\w-])|~\/|\$\{?HOME\b)/;

/** What puts into the home of whoever runs it what the program needs later, and the variable that names another place. */
const intoHome: readonly (readonly [tool: RegExp, elsewhere?: string])[] = [
  [/\bplaywright(?:@\S+)? install\b/, "PLAYWRIGHT_BROWSERS_PATH"],
  [/\bpuppeteer(?:@\S+)? browsers install\b/, "PUPPETEER_CACHE_DIR"],
  [/\bnltk\.download/, "NLTK_DATA"],
  [/\bfrom_pretrained\b/, "HF_HOME"],
  [/\binstall\.python-poetry\.org\b/, "POETRY_HOME"],
  [/\bastral\.sh\b/, "UV_INSTALL_DIR"],
  [/\bbun\.sh\b/, "BUN_INSTALL"],
  [/\bdeno\.land\b/, "DENO_INSTALL"],
  [/\bsh\.rustup\.rs\b/, "CARGO_HOME"],
  [/\bpipenv (?:install|sync)\b(?!.*--system)/],
  [/\bpip3? install\b.*\s--user\b/],
];

const rootsOwn = /^\/root(?:\/|$)|\.sock$|^\/dev\//;

/** Programs of an entry script that only root may call, or that change what belongs to root. */
const privileged =
  /^(?:chown|setfacl|apt|apt-get|apk|service|cron|crond|crontab|sshd|nginx|apache2ctl|iptables|update-ca-certificates|useradd|adduser|usermod|mount|sysctl|xvfb-run)$/;

/** Whether the image's program lives in the home of root, or its start prepares things that only root may. */
export function needsRoot(
  stack: Stack,
  { dockerfile, stage, model }: Build,
  services: readonly Service[],
): boolean {
  if (!dockerfile || !stage) return true;
  const stages = stageChain(dockerfile, stage);
  const said = stages.flatMap(each =>
    each.instructions.map(({ words }) => words.map(word => word.value).join(" ")),
  );
  const runs = stages.flatMap(each =>
    each.runs.map(run => [run.fragment.text, ...run.heredocs.map(({ body }) => body.text)].join("\n")),
  );
  if ([...said, ...runs].some(text => home.test(lasting(text)))) return true;
  const moved = (name: string): boolean => [...model!.env.keys()].some(key => key.startsWith(name));
  if (intoHome.some(([tool, name]) => !(name && moved(name)) && runs.some(text => tool.test(text))))
    return true;
  const inProject =
    moved("POETRY_VIRTUALENVS_") || runs.some(text => /virtualenvs\.(?:create|in-project)/.test(text));
  if (!inProject && runs.some(text => /\bpoetry (?:install|sync)\b/.test(text))) return true;
  const corepack = !moved("COREPACK_HOME") && runs.some(text => /\bcorepack\b/.test(text));
  return services.some(service => {
    const started = service.process?.commands.flat().map(word => basename(word.value ?? "")) ?? [];
    if (corepack && started.some(word => /^(?:pnpm|yarn)$/.test(word))) return true;
    // Who may use the engine's socket or a device is the server's matter, most often root alone.
    if (service.get("devices") || service.mounts.some(mount => rootsOwn.test(mount.target))) return true;
    const script = mainScript(stack, service)?.script;
    return (
      script !== undefined &&
      (home.test(script.fragment.text) ||
        script.commands.some(({ words }) => privileged.test(basename(words[0]?.value ?? ""))))
    );
  });
}

/** Without caches of a build, and what a step takes away again. */
function lasting(text: string): string {
  return text.replace(/--mount=\S+/g, "").replace(/\brm\s+-\w+(?:\s+[\w./~*$-]+)+/g, "");
}

/** Directories outside of the working directory that the Dockerfile makes: nobody else writes to them. */
export function madeDirectories({ dockerfile, stage, model }: Build): string[] {
  const made = stageChain(dockerfile!, stage!).flatMap(each => [
    ...each.volumes.map(volume => volume.value),
    ...each.runs.flatMap(madeBy),
  ]);
  return [...new Set(made)].filter(
    (path, _, all) =>
      !all.some(other => other !== path && inside(other, path) !== undefined) &&
      /^\/[\w./-]+$/.test(path) &&
      !/^\/(?:usr|etc|tmp|root|home|bin|sbin|lib|proc|sys|dev)(?:\/|$)/.test(path) &&
      inside(model!.workdir!, path) === undefined,
  );
}

function madeBy(run: RunStep): string[] {
  return runCommands(run, undefined).flatMap(({ words, conditional }) =>
    words[0]?.value === "mkdir" && !conditional
      ? words.slice(1).flatMap(word => (word.value?.startsWith("/") ? [word.value.replace(/\/$/, "")] : []))
      : [],
  );
}
