import { type Lab, NotSeen } from "../../core/drill.ts";
import { credentialsInUrl, isSecretName } from "../../formats/secret.ts";
import { defineDrill } from "../drill.ts";
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
    "Searches images, their history, logs and answers for every credential that the clone was started with.",
  targets(stack) {
    const services = longRunning(stack).map(({ name }) => name);
    return services.length === 0 ? [] : [{ subject: stack.project.name, services: [], also: services }];
  },
  async run(scene, { also: services = [] }) {
    const { lab } = scene;
    const { engine } = lab;
    for (const name of services) await scene.steady(`${name} serves`, () => lab.serves(name));
    const secrets = secretsOf(lab);
    await scene.steady("there are credentials to look for", async () => {
      if (secrets.length === 0) throw new NotSeen("the clone was started without any");
      return secrets.map(({ name }) => name).join(", ");
    });
    const texts = new Map<string, string>();
    await scene.disturb("ask for pages, also for one that does not exist", async () => {
      for (const name of services) {
        const container = await containerOf(lab, name);
        for (const request of lab.requests(name)) {
          for (const path of [request.path, "/shipworthy-drill-does-not-exist", "/%c0%ae"]) {
            const { body, headers } = await engine.http(container, { ...request, path });
            texts.set(`the answer of ${name} to GET ${path}`, body + JSON.stringify(headers));
          }
        }
        texts.set(`the log of ${name}`, await engine.logs(container));
        texts.set(`the image of ${name}`, await engine.imageText(container));
      }
      return `${texts.size} texts read`;
    });
    await scene.holds("none of them holds a credential", async () => {
      const leaks = [...texts].flatMap(([where, text]) =>
        secrets.filter(({ value }) => text.includes(value)).map(({ name }) => `${name} is in ${where}`),
      );
      if (leaks.length > 0) throw new NotSeen(leaks.slice(0, 5).join("; "));
      return `${secrets.length} credentials, ${texts.size} texts`;
    });
  },
});

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
