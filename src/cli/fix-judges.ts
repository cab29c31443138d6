import { homedir } from "node:os";
import { join } from "node:path";
import type { Judge } from "../fix/attempt.ts";
import { type ComposeCheck, composeCheck } from "../fix/compose-check.ts";
import { checkableNginx, isOtherVersion } from "../fix/nginx-check.ts";
import { dummyCertificate } from "../formats/dummy-certificate.ts";
import { proxyName } from "../stack/query-proxy.ts";
import type { ProxyInstance } from "../stack/stack.ts";
import { findProgram, inScratch, runTool } from "./run-tool.ts";

/** The programs of this machine that can say whether they accept the result. */
export function judgesHere(): Judge[] {
  return [composeJudge(), nginxJudge()].filter(judge => judge !== undefined);
}

/** `docker compose config` on a copy of what it reads; undefined where Compose is not installed. */
function composeJudge(): Judge | undefined {
  const docker = findProgram("docker");
  if (!docker) return undefined;
  const env = {
    PATH: process.env["PATH"] ?? "",
    // Where a user's own copy of Compose is.
    DOCKER_CONFIG: process.env["DOCKER_CONFIG"] ?? join(homedir(), ".docker"),
    // Nothing is asked of an engine, and nothing is fetched.
    DOCKER_HOST: "unix:///nowhere.sock",
    COMPOSE_EXPERIMENTAL_GIT_REMOTE: "false",
    COMPOSE_EXPERIMENTAL_OCI_REMOTE: "false",
    COMPOSE_PROFILES: "*",
  };
  if (runTool(docker, ["compose", "version"], "/", env).status !== 0) return undefined;
  const known = new Map<string, string | undefined>();
  return {
    name: "docker compose config",
    refusals: async ({ stack }) => {
      const refused = new Map<string, string>();
      for (const project of stack.projects) {
        const check = composeCheck(stack, project);
        if (!check) continue;
        const key = JSON.stringify([check.files, [...check.texts], check.absent, check.variables]);
        if (!known.has(key)) known.set(key, composeComplaint(docker, env, check));
        const why = known.get(key);
        if (why !== undefined) refused.set(check.about, why);
      }
      return refused;
    },
  };
}

function composeComplaint(
  docker: string,
  env: Readonly<Record<string, string>>,
  { directory, files, texts, absent, variables }: ComposeCheck,
): string | undefined {
  const variablesFile = ".shipworthy-variables";
  const all = new Map([...texts, ...absent.map(path => [path, ""] as const), [variablesFile, variables]]);
  return inScratch(all, scratch => {
    const words = [
      "compose",
      "--project-directory",
      join(scratch, directory),
      "--env-file",
      join(scratch, variablesFile),
    ];
    for (const file of files) words.push("-f", join(scratch, file));
    const result = runTool(docker, [...words, "config", "--quiet"], scratch, { ...env, HOME: scratch });
    if (result.status === 0 || !result.ended) return undefined;
    return lastLine(result.stderr).replaceAll(`${scratch}/`, "");
  });
}

/** `nginx -t` on each whole configuration; undefined where nginx is not installed. */
function nginxJudge(): Judge | undefined {
  const nginx = findProgram("nginx");
  if (!nginx || runTool(nginx, ["-v"], "/").status !== 0) return undefined;
  const known = new Map<string, string | undefined>();
  return {
    name: "nginx -t",
    refusals: async ({ stack }) => {
      const refused = new Map<string, string>();
      for (const proxy of stack.proxies) {
        const text = checkableNginx(proxy.effective, { directory: "@", certificate: "@/cert", key: "@/key" });
        if (text === undefined) continue;
        if (!known.has(text)) known.set(text, nginxComplaint(nginx, text));
        const why = known.get(text);
        if (why !== undefined) refused.set(`the nginx configuration of ${placeOf(proxy)}`, why);
      }
      return refused;
    },
  };
}

function nginxComplaint(nginx: string, text: string): string | undefined {
  const { certificate, key } = dummyCertificate();
  const files = new Map([
    ["cert", certificate],
    ["key", key],
  ]);
  return inScratch(files, scratch => {
    const config = text.replaceAll("@/", `${scratch}/`);
    return inScratch(new Map([["nginx.conf", config]]), place => {
      const words = ["-t", "-q", "-p", scratch, "-c", join(place, "nginx.conf"), "-e", "stderr"];
      const result = runTool(nginx, words, scratch);
      if (result.status === 0 || !result.ended || isOtherVersion(result.stderr)) return undefined;
      const line = result.stderr.split("\n").find(each => /\[emerg\]/.test(each)) ?? lastLine(result.stderr);
      return line
        .replace(/^.*\[emerg\]\s*(?:\d+#\d+:\s*)?/, "")
        .replaceAll(`${scratch}/`, "")
        .replace(/ in \S+:\d+$/, "");
    });
  });
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}

/** Projects of one repository often have an nginx each. */
function placeOf(proxy: ProxyInstance): string {
  const { service } = proxy;
  return service ? `${proxyName(proxy)} in ${service.project.files.join(" + ")}` : proxyName(proxy);
}
