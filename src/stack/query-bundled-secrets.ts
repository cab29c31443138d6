import type { Location } from "../core/source.ts";
import { publicName } from "./query-bundles.ts";
import { componentReads, ownsFile } from "./query-environment.ts";
import type { Service, Stack } from "./stack.ts";

/** Variables that a bundler writes into the pages, by names of what nobody outside may have. */
export interface BundledSecret {
  readonly name: string;
  /** Where Compose hands it to the build or the container. */
  readonly given?: Location;
  /** Where the browser's code reads it. */
  readonly read?: Location;
}

/** Keys that are billed to their owner or that open everything; keys that are made for browsers are not among them. */
const owned =
  /_(?:OPENAI|ANTHROPIC|CLAUDE|GROQ|DEEPSEEK|MISTRAL|OPEN_?ROUTER|HUGGING_?FACE|PERPLEXITY|COHERE|REPLICATE|ELEVEN_?LABS|GEMINI|SENDGRID|RESEND|MAILGUN|BREVO)(?:_\w+)?_(?:API_?KEY|KEY|TOKEN)$|_(?:JWT|SESSION|CLIENT|APP|API|STRIPE|WEBHOOK)_SECRET(?:_KEY)?$|_SERVICE_ROLE(?:_KEY)?$|_AWS_SECRET_ACCESS_KEY$|_(?:DB|DATABASE|SMTP|ADMIN)_PASS(?:WORD)?$|_DATABASE_URL$|_PRIVATE_KEY$|_TWILIO_AUTH_TOKEN$/;

const bundled = new Set(["next", "vite", "cra"]);

export function bundledSecrets(stack: Stack, service: Service): BundledSecret[] {
  const { component } = service;
  if (!component || !bundled.has(component.kind) || service.project.grade === "development") return [];
  const { reads, complete } = componentReads(stack, component);
  const given = [
    ...(service.build?.args ?? []),
    ...service.environment.filter(each => each.from !== "image"),
  ];
  const names = new Set([...reads.map(each => each.name), ...given.map(each => each.name)]);
  return [...names].flatMap(name => {
    if (!publicName.test(name) || !owned.test(name)) return [];
    const read = reads.find(each => each.name === name && ownsFile(stack, component, each.at));
    const gift = given.find(each => each.name === name && each.value?.text !== "");
    // What the container gets comes after the build: it matters where the code asks for it.
    const early = service.build?.args.some(each => each.name === name);
    if (!read && !early && complete) return [];
    return read || gift
      ? [{ name, ...(gift ? { given: gift.nameAt } : {}), ...(read ? { read: read.at } : {}) }]
      : [];
  });
}
