import { type Lab, NotSeen } from "../../core/drill.ts";
import { credentialsInUrl, isSecretName } from "../../formats/secret.ts";
import { codeDefaults, committedCredentials } from "../../stack/query-secrets.ts";
import { type DrillStack, defineDrill } from "../drill.ts";
import { containerOf, longRunning } from "../targets.ts";

/** Shorter values are words that stand everywhere. */
const shortest = 8;

interface Secret {
  readonly name: string;
  readonly value: string;
}

export default defineDrill({
  id: "secrets/no-secret-leaks",
  title: "No credential is in an image, a log or a page",
  claim: "no-secret-leaks",
  disturbs:
    "Searches images, their history, logs, answers and what the project's own ways of deploying said for every credential that the clone was started with, and looks which of them the repository shows.",
  last: true,
  targets(stack) {
    const services = longRunning(stack).map(({ name }) => name);
    return services.length === 0 ? [] : [{ subject: stack.project.name, services: [], also: services }];
  },
  async run(scene, { also: services = [] }, stack) {
    const { lab } = scene;
    const { engine } = lab;
    for (const name of services) await scene.steady(`${name} serves`, () => lab.serves(name));
    const shown = await shownSecrets(lab, stack, services);
    const secrets = [...secretsOf(lab), ...shown.filter(({ value }) => value.length >= shortest)];
    await scene.steady("there are credentials to look for", async () => {
      if (secrets.length === 0) throw new NotSeen("the clone was started without any");
      return [...new Set(secrets.map(({ name }) => name))].join(", ");
    });
    const texts = new Map<string, string>();
    const code = new Set<string>();
    await scene.disturb("ask for pages, also for one that does not exist", async () => {
      for (const name of services) {
        const container = await containerOf(lab, name);
        for (const request of lab.requests(name)) {
          for (const path of [request.path, "/shipworthy-drill-does-not-exist", "/%c0%ae"]) {
            const { body, headers } = await engine.http(container, { ...request, path });
            texts.set(`the answer of ${name} to GET ${path}`, body + JSON.stringify(headers));
            const tells = showsCode(body);
            if (tells !== undefined) code.add(`the answer of ${name} to GET ${path} (${tells})`);
          }
        }
        texts.set(`the log of ${name}`, await engine.logs(container));
        texts.set(`the image of ${name}`, await engine.imageText(container));
      }
      for (const [title, said] of lab.heard) texts.set(`the output of ${title}`, said);
      return `${texts.size} texts read`;
    });
    if (lab.heard.size === 0) scene.note("what a deployment says", "not seen: no drill has taken one before");
    await scene.alsoHolds("none of them holds a credential", async () => {
      const leaks = [...texts].flatMap(([where, text]) =>
        secrets.filter(({ value }) => text.includes(value)).map(({ name }) => `${name} is in ${where}`),
      );
      if (leaks.length > 0) throw new NotSeen([...new Set(leaks)].slice(0, 6).join("; "));
      return `${secrets.length} credentials, ${texts.size} texts`;
    });
    await scene.alsoHolds("none of the credentials in use stands in the repository", async () => {
      if (shown.length > 0) throw new NotSeen(shown.map(({ where }) => where).join("; "));
      return "they are given from outside";
    });
    await scene.alsoHolds("an error shows no code", async () => {
      if (code.size > 0) throw new NotSeen([...code].slice(0, 3).join("; "));
      return "none does";
    });
  },
});

/** Pages that frameworks make for their developers. */
const forDevelopers: readonly (readonly [RegExp, string])[] = [
  [/DEBUG\s*=\s*True/, "a page of Django with DEBUG on"],
  [/Werkzeug Debugger|__debugger__=yes/, "the debugger of Werkzeug"],
  [/Traceback \(most recent call last\)/, "a traceback of Python"],
  [/\n\s+at [^\n]*\(\/[^\n)]+\.[cm]?[jt]s:\d+:\d+\)/, "a stack of JavaScript"],
];

function showsCode(body: string): string | undefined {
  return forDevelopers.find(([pattern]) => pattern.test(body))?.[1];
}

interface Shown extends Secret {
  /** "DB_PASSWORD of api stands in compose.yml". */
  readonly where: string;
}

/** Credentials with which containers of the clone run now, and that whoever has the repository knows. */
async function shownSecrets(
  lab: Lab,
  { stack, project }: DrillStack,
  services: readonly string[],
): Promise<Shown[]> {
  const found: Shown[] = [];
  const literals = committedCredentials(stack).filter(({ kind }) => kind === "literal");
  for (const service of project.services) {
    // Also one that does not serve has been given its credentials.
    const [container] = await lab.containers(service.name);
    if (!container) continue;
    const { environment } = container;
    for (const { name, value, at } of literals.filter(one => one.service === service))
      if (environment.some(entry => entry.startsWith(`${name}=`) && entry.includes(value)))
        found.push({ name, value, where: `${name} of ${service.name} stands in ${at.file}` });
    for (const { name, value, at, how } of services.includes(service.name)
      ? codeDefaults(stack, service)
      : []) {
      if (how !== "variable" || environment.some(entry => entry.startsWith(`${name}=`))) continue;
      const where = `${service.name} runs without ${name}, for which ${at.file} has a value of its own`;
      found.push({ name, value, where });
    }
  }
  return found;
}

function secretsOf({ model }: Lab): Secret[] {
  const found = new Map<string, string>();
  for (const { environment = {} } of Object.values(model.services)) {
    for (const [name, value] of Object.entries(environment)) {
      if (typeof value !== "string") continue;
      const plain = value.replaceAll("$$", "$");
      const secret = credentialsInUrl(plain)?.password ?? (isSecretName(name) ? plain : undefined);
      if (secret !== undefined && secret.length >= shortest) found.set(secret, name);
    }
  }
  return [...found].map(([value, name]) => ({ name, value }));
}
