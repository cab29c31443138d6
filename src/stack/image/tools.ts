import type { CopyStep, Stage } from "../../artifacts/dockerfile.ts";
import { basename, dirname, inside } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import type { StageFiles, ToolAnswer } from "./files.ts";
import type { PackageInstall } from "./packages.ts";

const binDirectories = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** Packages that bring a program of another name. Patterns, because versions are part of many names. */
const providers: Readonly<Record<string, RegExp>> = {
  nc: /^(netcat.*|nmap-ncat|ncat)$/,
  ping: /^iputils.*$/,
  ss: /^iproute2$/,
  netstat: /^net-tools$/,
  ps: /^procps.*$/,
  pgrep: /^procps.*$/,
  pkill: /^procps.*$/,
  psql: /^(postgresql(\d*|-\d+)|postgresql\d*-client|postgresql-client(-\d+)?)$/,
  pg_isready: /^(postgresql(\d*|-\d+)|postgresql\d*-client|postgresql-client(-\d+)?)$/,
  pg_dump: /^(postgresql(\d*|-\d+)|postgresql\d*-client|postgresql-client(-\d+)?)$/,
  mysqladmin: /^(default-mysql-client|mysql-client|mariadb-client)$/,
  mysql: /^(default-mysql-client|mysql-client|mariadb-client)$/,
  "redis-cli": /^(redis|redis-tools|redis-server)$/,
  node: /^(nodejs|nodejs-current)$/,
  npm: /^(npm|nodejs)$/,
  python3: /^(python3|python3-pip|python3-venv|python3-dev|py3-pip)$/,
  dig: /^(dnsutils|bind9-dnsutils|bind-tools)$/,
  crond: /^(dcron|busybox-suid)$/,
  cron: /^cron$/,
  supervisord: /^supervisor$/,
  celery: /^celery(\[.*)?$/,
  aws: /^(awscli|aws-cli)$/,
};

/**
 * Programs that other packages do not pull in: one of them is absent although other packages were installed.
 * Anything else (python3, perl) may be a dependency of what was installed.
 */
const neverDependencies = new Set([
  "curl",
  "wget",
  "nc",
  "pg_isready",
  "psql",
  "redis-cli",
  "mysqladmin",
  "mongosh",
  "dumb-init",
  "tini",
  "gosu",
  "su-exec",
  "jq",
  "ping",
  "npm",
  "node",
  "vim",
  "sudo",
  "apk",
  "apt-get",
]);
/** Pulled in by other packages of a system, and by no package of a language. */
const ofSystems = new Set(["ps", "pgrep", "pkill"]);
/** Packages of Debian that need procps neither themselves nor through what they need. */
const withoutProcps =
  /^(?:curl|wget|git|gosu|tini|dumb-init|jq|bash|unzip|zip|xz-utils|openssl|ca-certificates|gnupg2?|tzdata|locales|gettext(?:-base)?|netcat(?:-\w+)?|iputils-ping|build-essential|gcc|g\+\+|make|cmake|pkg-config|python3-dev|lib(?:pq5|pq-dev|ffi-dev|ffi8|ssl-dev|ssl3|magic1|xml2|xml2-dev|xslt1\.1|xslt1-dev|jpeg-dev|jpeg62-turbo|jpeg62-turbo-dev|zip-dev|png-dev|gomp1|mariadb-dev|mariadb3)|default-libmysqlclient-dev|zlib1g(?:-dev)?)$/;
/** Packages that bring many programs along, wget or curl among them on some systems. */
const heavyPackages =
  /^(texlive|r-base|chromium|google-chrome|firefox|devscripts|snapd|lsb$|ubuntu-|tasksel|libreoffice|apt-transport|software-properties|oracle-|elasticsearch|docker|mongodb|kde|gnome|xorg|default-jdk|openjdk|nodejs|npm|yarn|cargo|rust|golang|maven|gradle|postgresql|redis|mysql|mariadb|awscli|azure|ansible|build-deps)/;
/** curl and wget as such are rarely pulled in: these packages are known not to, although their names look heavy. */
const lightPackages =
  /^(postgresql(\d*|-\d+)?-(client|common|dev|contrib)(-\d+)?|postgresql-client.*|postgresql-dev|mariadb-(dev|connector-c.*|client)|mysql-client|default-mysql-client|redis-tools|rustup-?init|nodejs)$/;

function provides(install: PackageInstall, tool: string): Location | undefined {
  const pattern = Object.hasOwn(providers, tool) ? providers[tool] : undefined;
  if (!install.global && install.manager !== "npm") return undefined;
  return install.names.find(name => name.value === tool || pattern?.test(name.value))?.at;
}

/** Whether an install command may bring a program that it does not name. */
function mayProvide(install: PackageInstall, tool: string): boolean {
  if (install.manager !== "apt" && install.manager !== "apk" && install.manager !== "dnf") {
    // Language packages install programs named after themselves; curl and its like never come from there.
    return install.global && !neverDependencies.has(tool) && !ofSystems.has(tool);
  }
  if (install.complete && install.manager === "apt" && ofSystems.has(tool))
    return !install.names.every(name => withoutProcps.test(name.value));
  if (!install.complete || !neverDependencies.has(tool)) return true;
  return install.names.some(name => heavyPackages.test(name.value) && !lightPackages.test(name.value));
}

/** Whether a program can be called at the end of a stage. */
export function toolIn(
  files: StageFiles,
  stages: readonly Stage[],
  stage: Stage,
  written: string,
): ToolAnswer {
  if (written.includes("/") && !binDirectories.includes(dirname(written))) {
    if (!written.startsWith("/")) return { has: "unknown" };
    const { has, from } = files.file(stage, written);
    return from ? { has, at: from } : { has };
  }
  const tool = basename(written);
  return files.tool(stage, tool, () => worked(files, stages, stage, tool));
}

function worked(files: StageFiles, stages: readonly Stage[], stage: Stage, tool: string): ToolAnswer {
  const layers = files.layersOf(stage);
  const baseAt = layers.base.from.at;
  const inBase = layers.base.from.resolved === "scratch" ? false : layers.facts?.tools.get(tool);
  let answer: ToolAnswer = { has: inBase === undefined ? "unknown" : inBase ? "yes" : "no", at: baseAt };
  for (const step of layers.steps) {
    if (answer.has === "yes") return answer;
    if (step.kind === "run") {
      const effects = files.effectsOf(layers, step.run);
      const at = effects.packages.map(each => provides(each, tool)).find(each => each !== undefined);
      const made = effects.creates.find(
        each => binDirectories.includes(dirname(each.path)) && basename(each.path) === tool,
      );
      if (at || made) answer = { has: "yes", at: at ?? step.run.at };
      else if (
        answer.has === "no" &&
        (effects.mayInstall || effects.packages.some(each => mayProvide(each, tool)))
      ) {
        answer = { has: "unknown", at: step.run.at };
      }
    } else if (step.kind === "copy") answer = copiedTool(files, stages, stage, step.copy, tool, answer);
  }
  return answer;
}

function copiedTool(
  files: StageFiles,
  stages: readonly Stage[],
  stage: Stage,
  copy: CopyStep,
  tool: string,
  before: ToolAnswer,
): ToolAnswer {
  const target = copy.absoluteDestination;
  if (target === undefined)
    return copy.resolved && copy.destinationPath !== undefined ? before : { has: "unknown", at: copy.at };
  const bins = binDirectories.filter(
    directory => inside(target, directory) !== undefined || inside(directory, target) !== undefined,
  );
  if (bins.length === 0) return before;
  // Sources named after programs say enough: COPY --from=x /usr/bin/tini /usr/bin/ brings tini and nothing else.
  const named = copy.sources.some(source => basename(source.value) === tool && !source.value.endsWith("/"));
  if (named || bins.some(directory => target === `${directory}/${tool}`)) return { has: "yes", at: copy.at };
  const wholeDirectory = copy.sources.some(
    source =>
      !copy.from ||
      binDirectories.concat("/", "/usr", "/usr/local").includes(`/${source.value.replace(/^\/|\/$/g, "")}`),
  );
  if (!wholeDirectory || (!copy.from && !bins.includes(target.replace(/(.)\/$/, "$1")))) return before;
  const origin = copy.fromStage === undefined ? undefined : stages[copy.fromStage];
  if (!copy.from) {
    const file = bins
      .map(directory => files.file(stage, `${directory}/${tool}`))
      .find(each => each.has === "yes");
    return file ? { has: "yes", at: copy.at } : before;
  }
  if (origin && toolIn(files, stages, origin, tool).has === "no") return before;
  return { has: "unknown", at: copy.at };
}
